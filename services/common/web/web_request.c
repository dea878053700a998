/* The life of a request: from the daemon's callbacks to the handler, and the answer back. */
#include "web/web_internal.h"

#include "base/clock.h"
#include "web/web_token.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

/* Clients get at least this pace to read an answer. */
#define SEND_BYTES_PER_S 8192
/* Of a body over the limit so much is read, so that the answer can be given, then the line is cut.
 */
#define SWALLOW_FACTOR 4

static void drop_body(struct web_request *rq)
{
    rq->web->bodies -= rq->body.cap;
    blob_clear(&rq->body);
}

static void free_request(struct web_request *rq)
{
    web_headers_clear(&rq->headers);
    if (rq->response)
        MHD_destroy_response(rq->response);
    addr_count_release(rq->count);
    web_target_done(&rq->target);
    list_del(&rq->node);
    free(rq->method);
    free(rq->version);
    drop_body(rq);
    free(rq);
}

/* ---- from the daemon ---- */

void *web_request_on_uri(void *arg, const char *uri, struct MHD_Connection *mhd)
{
    struct web *w = arg;
    struct web_conn *c = web_conn_of(mhd);
    struct web_request *rq = c ? calloc(1, sizeof(*rq)) : NULL;
    int r;

    if (!rq)
        return NULL;
    rq->web = w;
    rq->conn = c;
    rq->mhd = mhd;
    rq->body = blob_init(w->limits.body_bytes);
    list_init(&rq->node);
    rq->target_len = strlen(uri);
    r = web_target_parse(uri, &rq->target);
    if (r == -ENOMEM) {
        free(rq);
        return NULL;
    }
    rq->target_is_bad = r < 0;
    web_conn_set(c, CONN_RECEIVING, w->limits.request_s);
    return rq;
}

static enum MHD_Result queue_response(struct web_request *rq)
{
    enum MHD_Result r;

    if (!rq->response)
        return MHD_NO;
    if (rq->web->before)
        rq->web->before(rq->web->before_arg);
    web_conn_set(rq->conn, CONN_SENDING,
                 rq->web->limits.request_s + rq->response_len / SEND_BYTES_PER_S);
    r = MHD_queue_response(rq->mhd, rq->status, rq->response);
    MHD_destroy_response(rq->response);
    rq->response = NULL;
    return r;
}

static void answer_bytes(struct web_request *rq, unsigned status, const char *type,
                         struct bytes body);

/* No handler has it. */
static enum MHD_Result answer_now(struct web_request *rq, unsigned status)
{
    answer_bytes(rq, status, NULL, bytes_of(NULL, 0));
    return queue_response(rq);
}

static void find_client(struct web_request *rq)
{
    const char *real_ip = rq->conn->trusted ? web_header(rq, "X-Real-IP") : NULL;

    if (!real_ip || addr_parse_ip(real_ip, 0, &rq->client) < 0)
        rq->client = rq->conn->peer;
}

/* What the headers say about the body, and how long they are. */
struct framing {
    unsigned n_lengths, n_encodings;
    bool is_odd;
    size_t size;
};

static enum MHD_Result see_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct framing *f = arg;

    (void) kind;
    f->size += strlen(name) + (value ? strlen(value) : 0) + 4; /* ": ", CR, LF */
    if (!web_token_is_token(name)) {
        f->is_odd = true;
    } else if (strcasecmp(name, "Content-Length") == 0) {
        f->n_lengths++;
        f->is_odd |= !value || !*value || value[strspn(value, "0123456789")];
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        f->n_encodings++;
        f->is_odd |= !value || strcasecmp(value, "chunked") != 0;
    }
    return MHD_YES;
}

/* Says the request in exactly one way where its body ends? A proxy in front of us might otherwise
 * see another end than the daemon, which picks one (RFC 9112 section 6.3). */
static bool framing_is_clear(const struct web_request *rq, const struct framing *f)
{
    if (f->n_encodings > 0 && strcmp(rq->version, "HTTP/1.1") != 0)
        return false;
    return !f->is_odd && f->n_lengths + f->n_encodings <= 1;
}

/* Why the request is refused as soon as its head is there; 0: it is not. */
static unsigned refusal_of_head(struct web_request *rq)
{
    size_t max = rq->web->limits.header_bytes;
    const char *length = web_header(rq, "Content-Length");
    struct framing f = {0};
    uint64_t n;

    (void) MHD_get_connection_values(rq->mhd, MHD_HEADER_KIND, see_header, &f);
    if (rq->target_len > max)
        return 414;
    if (rq->target_len + f.size > max)
        return 431;
    if (!framing_is_clear(rq, &f))
        return 400;
    if (rq->conn->trusted && web_count_take(rq->web, &rq->client, &rq->count) < 0)
        return 429;
    if (length && bytes_to_u64(bytes_str(length), rq->web->limits.body_bytes, &n) < 0)
        return 413;
    return 0;
}

/* The headers are there. An answer given now ends the connection: for refusals only. */
static enum MHD_Result begin(struct web_request *rq, const char *method, const char *version)
{
    unsigned refusal;

    rq->begun = true;
    rq->method = strdup(method);
    rq->version = strdup(version);
    if (!rq->method || !rq->version)
        return MHD_NO;
    find_client(rq);
    refusal = refusal_of_head(rq);
    return refusal ? answer_now(rq, refusal) : MHD_YES;
}

static bool append_body(struct web_request *rq, const char *data, size_t len)
{
    struct web *w = rq->web;
    size_t others = w->bodies - rq->body.cap;
    int r;

    if (others + blob_cap_for(&rq->body, len) > w->limits.bodies_bytes)
        return false;
    r = blob_append(&rq->body, bytes_of(data, len));
    w->bodies = others + rq->body.cap;
    return r == 0;
}

/* An answer cannot be queued in the middle of a body: of what is not kept the rest is read and
 * dropped. */
static enum MHD_Result take_body(struct web_request *rq, const char *data, size_t *len)
{
    size_t n = *len;

    *len = 0;
    rq->received += n;
    if (rq->received > rq->body.max)
        rq->body_refusal = 413;
    else if (!rq->body_refusal && !append_body(rq, data, n))
        rq->body_refusal = 503;
    if (!rq->body_refusal)
        return MHD_YES;
    drop_body(rq);
    return rq->received / SWALLOW_FACTOR <= rq->body.max ? MHD_YES : MHD_NO;
}

/* The request is whole. An answer given later finds the connection suspended. */
static enum MHD_Result dispatch(struct web_request *rq)
{
    struct web *w = rq->web;

    if (w->stopping)
        return answer_now(rq, 503);
    if (rq->target_is_bad)
        return answer_now(rq, 400);
    if (rq->body_refusal)
        return answer_now(rq, rq->body_refusal);
    web_conn_set(rq->conn, CONN_WAITING, 0);
    rq->held = true;
    w->handler(rq, w->arg);
    if (rq->answered)
        return queue_response(rq);
    MHD_suspend_connection(rq->mhd);
    rq->suspended = true;
    rq->deadline_us = clock_us() + w->limits.answer_s * SECOND_US;
    list_append(&w->waiting, &rq->node);
    return MHD_YES;
}

enum MHD_Result web_request_on_access(void *arg, struct MHD_Connection *mhd, const char *url,
                                      const char *method, const char *version, const char *upload,
                                      size_t *upload_len, void **context)
{
    struct web_request *rq = *context;

    (void) arg;
    (void) mhd;
    (void) url;
    if (!rq)
        return MHD_NO;
    if (!rq->begun)
        return begin(rq, method, version);
    if (*upload_len > 0)
        return take_body(rq, upload, upload_len);
    if (rq->answered)
        return queue_response(rq);
    if (rq->suspended)
        return MHD_YES;
    return dispatch(rq);
}

void web_request_on_completed(void *arg, struct MHD_Connection *mhd, void **context,
                              enum MHD_RequestTerminationCode code)
{
    struct web *w = arg;
    struct web_request *rq = *context;

    (void) mhd;
    (void) code;
    *context = NULL;
    if (!rq)
        return;
    if (rq->conn->state != CONN_UPGRADED)
        web_conn_set(rq->conn, CONN_IDLE, w->limits.idle_s);
    rq->conn = NULL;
    rq->mhd = NULL;
    if (rq->socket)
        ws_abort(rq->socket);
    rq->socket = NULL;
    if (!rq->held) {
        free_request(rq);
        return;
    }
    list_del(&rq->node);
    list_append(&w->late, &rq->node);
}

/* ---- answers ---- */

bool web_request_take(struct web_request *rq)
{
    rq->held = false;
    if (!rq->answered)
        return true;
    if (!rq->mhd)
        free_request(rq);
    return false;
}

/* NULL without memory. */
static struct MHD_Response *with_headers(struct MHD_Response *response, const struct web_headers *h)
{
    for (size_t i = 0; response && i < h->n; i++) {
        if (MHD_add_response_header(response, h->items[i].name, h->items[i].value) == MHD_YES)
            continue;
        MHD_destroy_response(response);
        response = NULL;
    }
    return response;
}

void web_request_answer(struct web_request *rq, unsigned status, struct MHD_Response *response,
                        size_t len)
{
    response = with_headers(with_headers(response, &rq->web->always), &rq->headers);
    rq->response = response;
    rq->response_len = len;
    rq->status = status;
    rq->answered = true;
    if (rq->web->on_answer)
        rq->web->on_answer(rq, status, rq->web->on_answer_arg);
    if (!rq->suspended)
        return;
    rq->suspended = false;
    list_del(&rq->node);
    MHD_resume_connection(rq->mhd);
    web_pump_later(rq->web);
}

static void answer_bytes(struct web_request *rq, unsigned status, const char *type,
                         struct bytes body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.len, body.len ? (void *) body.p : (void *) "",
                                        body.len ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);

    if (response && type && MHD_add_response_header(response, "Content-Type", type) != MHD_YES) {
        MHD_destroy_response(response);
        response = NULL;
    }
    web_request_answer(rq, status, response, body.len);
}

void web_reply(struct web_request *rq, unsigned status, const char *type, struct bytes body)
{
    if (web_request_take(rq))
        answer_bytes(rq, status, type, body);
}

/* The handler keeps its hold: its own answer, if it ever comes, is dropped. */
static void answer_for_handler(struct web_request *rq, unsigned status)
{
    web_headers_clear(&rq->headers);
    answer_bytes(rq, status, NULL, bytes_of(NULL, 0));
}

void web_request_sweep(struct web *w)
{
    uint64_t now = clock_us();
    struct web_request *rq;

    while ((rq = list_first(&w->waiting, struct web_request, node)) && now >= rq->deadline_us)
        answer_for_handler(rq, 504);
}

void web_request_abandon_all(struct web *w)
{
    struct web_request *rq;

    while ((rq = list_first(&w->waiting, struct web_request, node)))
        answer_for_handler(rq, 503);
}

void web_request_free_late(struct web *w)
{
    struct web_request *rq;

    list_for_each (rq, &w->late, node)
        free_request(rq);
}
