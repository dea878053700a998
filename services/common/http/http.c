#include "http/http.h"

#include "base/blob.h"
#include "base/list.h"
#include "http/fields.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/x509_vfy.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define TIMEOUT_MS 10000
#define MAX_BODY (1 << 20)
#define CONNECTIONS_MAX 64

struct http {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer timer;
    struct list calls;
    struct list sockets;
    bool completing; /* calling continuations */
    bool freed;      /* by one of them */
};

struct http_socket {
    struct http *http;
    struct list node;
    struct loop_io io;
};

struct http_call {
    struct http *http;
    struct list node;
    CURL *easy;
    struct curl_slist *headers, *connect_to;
    http_done_fn *fn;
    void *arg;
    struct http_fields fields;
    struct blob body;
    bool too_big;
    bool upgraded;
    bool stays; /* of http_connect() */
    char message[CURL_ERROR_SIZE];
};

static void call_free(struct http_call *c)
{
    if (!list_empty(&c->node)) {
        (void) curl_multi_remove_handle(c->http->multi, c->easy);
        list_del(&c->node);
    }
    curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->headers);
    curl_slist_free_all(c->connect_to);
    http_fields_done(&c->fields);
    blob_clear(&c->body);
    free(c);
}

/* ---- completion ---- */

/* Was the request sent? */
static bool has_asked(const struct http_call *c)
{
    long size = 0;

    (void) curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &size);
    return size > 0;
}

static int error_of(const struct http_call *c, CURLcode code)
{
    if (c->too_big)
        return -EFBIG;
    if (c->upgraded)
        return 0;
    switch (code) {
    case CURLE_OK:
        return 0;
    case CURLE_OPERATION_TIMEDOUT:
        return -ETIMEDOUT;
    case CURLE_COULDNT_CONNECT:
        return -ECONNREFUSED;
    case CURLE_COULDNT_RESOLVE_HOST:
        return -EHOSTUNREACH;
    case CURLE_OUT_OF_MEMORY:
        return -ENOMEM;
    case CURLE_URL_MALFORMAT:
        return -EINVAL;
    case CURLE_UNSUPPORTED_PROTOCOL:
        return has_asked(c) ? -EBADMSG : -EINVAL;
    case CURLE_WEIRD_SERVER_REPLY:
        return -EBADMSG;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
        return -EPROTO;
    case CURLE_SSL_CACERT_BADFILE:
        return -ENOENT;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return c->fields.ended ? -EIO : -ECONNRESET;
    default:
        return -EIO;
    }
}

/* libcurl hands on what OpenSSL says of the chain; while it compares names nothing is said yet. */
static enum http_tls tls_of(const struct http_call *c, CURLcode code)
{
    long verified = X509_V_OK;

    if (code == CURLE_SSL_CONNECT_ERROR)
        return HTTP_TLS_NO_HANDSHAKE;
    if (code != CURLE_PEER_FAILED_VERIFICATION)
        return HTTP_TLS_FINE;
    (void) curl_easy_getinfo(c->easy, CURLINFO_SSL_VERIFYRESULT, &verified);
    switch (verified) {
    case X509_V_ERR_UNSPECIFIED:
    case X509_V_OK:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return HTTP_TLS_OTHER_NAME;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return HTTP_TLS_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return HTTP_TLS_NOT_YET_VALID;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return HTTP_TLS_UNKNOWN_ISSUER;
    default:
        return HTTP_TLS_BAD_CERTIFICATE;
    }
}

static const char *message_of(const struct http_call *c, CURLcode code)
{
    if (c->too_big)
        return "the answer is too big";
    if (code == CURLE_OK || c->upgraded)
        return "";
    return c->message[0] ? c->message : curl_easy_strerror(code);
}

/* The call is out of the client before fn hears of it, so fn may do anything to either. */
static void complete(struct http_call *c, CURLcode code)
{
    struct http_response rs = {.error = error_of(c, code),
                               .message = message_of(c, code),
                               .location = "",
                               .fields = &c->fields};
    long status = 0;
    char *location = NULL;

    if (c->stays && rs.error == 0) { /* removing it would end the connection */
        c->fn(&rs, c->arg);
        return;
    }
    (void) curl_multi_remove_handle(c->http->multi, c->easy);
    list_del(&c->node);
    if (rs.error == -EPROTO)
        rs.tls = tls_of(c, code);
    (void) curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    rs.status = (unsigned) status;
    if (rs.error == 0) {
        rs.body = blob_bytes(&c->body);
        (void) curl_easy_getinfo(c->easy, CURLINFO_REDIRECT_URL, &location);
        rs.location = location ? location : "";
    }
    c->fn(&rs, c->arg);
    call_free(c);
}

static void complete_finished(struct http *h)
{
    CURLMsg *msg;
    int left;

    h->completing = true;
    while (!h->freed && (msg = curl_multi_info_read(h->multi, &left))) {
        struct http_call *c;

        if (msg->msg == CURLMSG_DONE &&
            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **) &c) == CURLE_OK)
            complete(c, msg->data.result);
    }
    h->completing = false;
    if (h->freed)
        http_free(h);
}

/* ---- libcurl's view of the loop ---- */

static void act(struct http *h, curl_socket_t fd, int flags)
{
    int running;

    (void) curl_multi_socket_action(h->multi, fd, flags, &running);
    complete_finished(h);
}

static void on_socket_ready(struct loop_io *io, uint32_t revents)
{
    struct http_socket *s = container_of(io, struct http_socket, io);
    int flags = 0;

    if (revents & (EPOLLIN | EPOLLHUP))
        flags |= CURL_CSELECT_IN;
    if (revents & EPOLLOUT)
        flags |= CURL_CSELECT_OUT;
    if (revents & EPOLLERR)
        flags |= CURL_CSELECT_ERR;
    act(s->http, io->fd, flags);
}

static void on_timer(struct loop_timer *t)
{
    act(container_of(t, struct http, timer), CURL_SOCKET_TIMEOUT, 0);
}

static void socket_free(struct http_socket *s)
{
    loop_io_stop(&s->io);
    list_del(&s->node);
    free(s);
}

static int watch_socket(struct http *h, curl_socket_t fd, uint32_t events, struct http_socket *s)
{
    if (s)
        return loop_io_set_events(&s->io, events);
    s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    if (loop_io_start(&s->io, h->loop, fd, events, on_socket_ready) < 0) {
        free(s);
        return -EIO;
    }
    s->http = h;
    list_append(&h->sockets, &s->node);
    (void) curl_multi_assign(h->multi, fd, s);
    return 0;
}

static int on_want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct http_socket *s = socket_arg;

    (void) easy;
    if (what != CURL_POLL_REMOVE)
        return watch_socket(arg, fd,
                            (what & CURL_POLL_IN ? EPOLLIN : 0u) |
                                (what & CURL_POLL_OUT ? EPOLLOUT : 0u),
                            s) < 0
                   ? -1
                   : 0;
    if (s)
        socket_free(s);
    return 0;
}

static int on_want_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct http *h = arg;

    (void) multi;
    if (timeout_ms >= 0)
        return loop_timer_start(&h->timer, h->loop, (uint64_t) timeout_ms * 1000, on_timer) < 0 ? -1
                                                                                                : 0;
    loop_timer_stop(&h->timer);
    return 0;
}

/* ---- the client ---- */

static void init_library(void)
{
    (void) curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_new(struct loop *l, struct http **ret_http)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct http *h = calloc(1, sizeof(*h));

    if (!h)
        return -ENOMEM;
    (void) pthread_once(&once, init_library);
    h->loop = l;
    list_init(&h->calls);
    list_init(&h->sockets);
    h->multi = curl_multi_init();
    if (!h->multi) {
        free(h);
        return -ENOMEM;
    }
    (void) curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_want_socket);
    (void) curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
    (void) curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_want_timer);
    (void) curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
    (void) curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long) CONNECTIONS_MAX);
    *ret_http = h;
    return 0;
}

void http_allow_connections(struct http *h, unsigned n)
{
    (void) curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long) n);
}

struct http *http_free(struct http *h)
{
    struct http_call *c;
    struct http_socket *s;

    if (!h)
        return NULL;
    list_for_each (c, &h->calls, node)
        call_free(c);
    if (h->completing) {
        h->freed = true;
        return NULL;
    }
    (void) curl_multi_cleanup(h->multi);
    list_for_each (s, &h->sockets, node)
        socket_free(s);
    loop_timer_done(&h->timer);
    free(h);
    return NULL;
}

/* ---- calls ---- */

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct http_call *c = arg;
    int r = blob_append(&c->body, bytes_of(data, size * n));

    c->too_big = r == -ENOSPC;
    return r < 0 ? 0 : size * n;
}

/* Ends the call after the headers of an answer 101: what follows is not HTTP. */
static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct http_call *c = arg;
    long status = 0;

    http_fields_add(&c->fields, bytes_of(data, size * n));
    if (size * n == 2 && memcmp(data, "\r\n", 2) == 0)
        (void) curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    c->upgraded = status == 101;
    return c->upgraded ? 0 : size * n;
}

/* A line break would forge a header. */
static bool is_one_line(const char *s)
{
    return s[strcspn(s, "\r\n")] == '\0';
}

static int add_header(struct http_call *c, const char *line)
{
    struct curl_slist *list;

    if (!is_one_line(line))
        return -EINVAL;
    list = curl_slist_append(c->headers, line);
    if (!list)
        return -ENOMEM;
    c->headers = list;
    return 0;
}

static int set_headers(struct http_call *c, const struct http_request *rq)
{
    char type[256];
    /* Without a value libcurl leaves its own header out. */
    int r = add_header(c, "Expect:");
    int n =
        snprintf(type, sizeof(type), "Content-Type: %s", rq->content_type ? rq->content_type : "");

    if (n >= (int) sizeof(type))
        return -EINVAL;
    if (!rq->content_type)
        type[strlen("Content-Type:")] = '\0';
    if (r == 0)
        r = add_header(c, type);
    for (size_t i = 0; r == 0 && rq->headers && rq->headers[i]; i++)
        r = add_header(c, rq->headers[i]);
    return r;
}

/* libcurl's form: "HOST:PORT:CONNECT-TO-HOST:CONNECT-TO-PORT", all hosts and ports here. */
static int set_connect_to(struct http_call *c, const struct http_request *rq)
{
    char text[300];
    int n;

    if (!rq->connect_to)
        return 0;
    n = snprintf(text, sizeof(text), "::%s", rq->connect_to);
    if (n < 0 || (size_t) n >= sizeof(text))
        return -EINVAL;
    c->connect_to = curl_slist_append(NULL, text);
    return c->connect_to ? 0 : -ENOMEM;
}

#define SET(option, value) ok = ok && curl_easy_setopt(e, option, value) == CURLE_OK

static bool set_method(CURL *e, const struct http_request *rq)
{
    bool ok = true;

    if (strcmp(rq->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    } else if (strcmp(rq->method, "GET") != 0) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) rq->body.len);
        SET(CURLOPT_COPYPOSTFIELDS, rq->body.len ? (const char *) rq->body.p : "");
        SET(CURLOPT_CUSTOMREQUEST, rq->method);
    }
    return ok;
}

static bool set_options(struct http_call *c, const struct http_request *rq)
{
    long timeout_ms = rq->timeout_ms ? (long) rq->timeout_ms : TIMEOUT_MS;
    CURL *e = c->easy;
    bool ok = set_method(e, rq);

    SET(CURLOPT_URL, rq->url);
    SET(CURLOPT_PRIVATE, c);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    /* Not what the environment says. */
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_TIMEOUT_MS, timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    SET(CURLOPT_HTTPHEADER, c->headers);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, c);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, c);
    SET(CURLOPT_ERRORBUFFER, c->message);
    if (c->connect_to)
        SET(CURLOPT_CONNECT_TO, c->connect_to);
    if (rq->ca_file)
        SET(CURLOPT_CAINFO, rq->ca_file);
    if (rq->once || c->stays)
        SET(CURLOPT_FRESH_CONNECT, 1L);
    if (c->stays)
        SET(CURLOPT_CONNECT_ONLY, 1L);
    if (rq->no_alpn)
        SET(CURLOPT_SSL_ENABLE_ALPN, 0L);
    if (rq->any_certificate) {
        SET(CURLOPT_SSL_VERIFYPEER, 0L);
        SET(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (rq->user) {
        SET(CURLOPT_HTTPAUTH, (long) CURLAUTH_BASIC);
        SET(CURLOPT_USERNAME, rq->user);
        SET(CURLOPT_PASSWORD, rq->password ? rq->password : "");
    }
    return ok;
}

static int begin(struct http *h, const struct http_request *rq, bool stays, http_done_fn *fn,
                 void *arg, struct http_call **ret_call)
{
    struct http_call *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return -ENOMEM;
    list_init(&c->node);
    c->http = h;
    c->fn = fn;
    c->arg = arg;
    c->stays = stays;
    c->fields = http_fields_init();
    c->body = blob_init(rq->max_body ? rq->max_body : MAX_BODY);
    c->easy = curl_easy_init();
    r = !c->easy ? -ENOMEM : !is_one_line(rq->method) ? -EINVAL : set_headers(c, rq);
    if (r == 0)
        r = set_connect_to(c, rq);
    if (r == 0 && !set_options(c, rq))
        r = -EINVAL;
    if (r == 0 && curl_multi_add_handle(h->multi, c->easy) != CURLM_OK)
        r = -ENOMEM;
    if (r < 0) {
        call_free(c);
        return r;
    }
    list_append(&h->calls, &c->node);
    if (ret_call)
        *ret_call = c;
    return 0;
}

int http_start(struct http *h, const struct http_request *rq, http_done_fn *fn, void *arg,
               struct http_call **ret_call)
{
    return begin(h, rq, false, fn, arg, ret_call);
}

const char *http_header(const struct http_response *rs, const char *name, size_t n)
{
    return http_fields_get(rs->fields, name, n);
}

void http_cancel(struct http_call *c)
{
    call_free(c);
}

/* ---- connections ---- */

int http_connect(struct http *h, const struct http_request *rq, http_done_fn *fn, void *arg,
                 struct http_call **ret_call)
{
    struct http_request plain = {.method = "GET",
                                 .url = rq->url,
                                 .timeout_ms = rq->timeout_ms,
                                 .connect_to = rq->connect_to,
                                 .ca_file = rq->ca_file,
                                 .any_certificate = rq->any_certificate,
                                 .no_alpn = rq->no_alpn};

    return begin(h, &plain, true, fn, arg, ret_call);
}

int http_connection_fd(const struct http_call *c)
{
    curl_socket_t fd = CURL_SOCKET_BAD;

    return curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK ? (int) fd : -1;
}

int http_connection_send(struct http_call *c, struct bytes data)
{
    size_t n = 0;
    CURLcode code = curl_easy_send(c->easy, data.p, data.len, &n);

    return code == CURLE_OK ? (int) n : code == CURLE_AGAIN ? -EAGAIN : -ECONNRESET;
}

int http_connection_receive(struct http_call *c, uint8_t *buf, size_t cap)
{
    size_t n = 0;
    CURLcode code = curl_easy_recv(c->easy, buf, cap, &n);

    return code == CURLE_OK ? (int) n : code == CURLE_AGAIN ? -EAGAIN : -ECONNRESET;
}
