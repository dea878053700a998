#include "acme/fetch.h"

#include "acme/fields.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* No CA means more than that; an error in it must not put off renewals for ever. */
#define RETRY_AFTER_MAX_S (7 * INT64_C(86400))

struct exchange {
    struct fetcher *fetcher;
    const char *url;
    struct fetched *ret;
    bool done;
};

/* ---- what is kept of an answer ---- */

/* Whole or not at all. */
static void copy(char *to, size_t size, const char *text)
{
    if (text && strlen(text) < size)
        memcpy(to, text, strlen(text) + 1);
}

/* A copy of a document that a cache kept is as old as its Age. */
static void read_date(const struct http_response *rs, struct fetched *ret)
{
    const char *date = http_header(rs, "Date", 0), *age = http_header(rs, "Age", 0);
    uint64_t age_s = 0;

    if (!date || field_date(date, &ret->date_s) < 0)
        return;
    if (age && bytes_to_u64(bytes_str(age), INT32_MAX, &age_s) < 0)
        age_s = 0;
    ret->date_s += (int64_t) age_s;
    ret->has_date = true;
}

/* A date means the server's clock, whatever ours says. */
static void read_retry_after(const struct http_response *rs, struct fetched *ret)
{
    const char *value = http_header(rs, "Retry-After", 0);
    int64_t now_s = ret->has_date ? ret->date_s : (int64_t) (clock_wall_ms() / 1000), wait_s;

    if (!value || field_retry_after(value, now_s, &wait_s) < 0)
        return;
    ret->retry_after_s = wait_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : wait_s;
}

static void read_alternates(const struct http_response *rs, const char *url, struct fetched *ret)
{
    const char *value;

    for (size_t i = 0; (value = http_header(rs, "Link", i)); i++)
        for (size_t n = 0; ret->n_alternates < FETCH_ALTERNATES_MAX; n++) {
            int r = field_link(value, "alternate", n, url, ret->alternates[ret->n_alternates],
                               ACME_URL_SIZE);

            if (r == -ENOENT)
                break;
            if (r == 0 && acme_is_url(ret->alternates[ret->n_alternates]))
                ret->n_alternates++;
        }
}

static int read_body(const struct http_response *rs, struct fetched *ret)
{
    ret->body = malloc(rs->body.len + 1);
    if (!ret->body)
        return -ENOMEM;
    if (rs->body.len)
        memcpy(ret->body, rs->body.p, rs->body.len);
    ret->body[rs->body.len] = '\0';
    ret->len = rs->body.len;
    return 0;
}

static void on_done(const struct http_response *rs, void *arg)
{
    struct exchange *e = arg;
    struct fetched *ret = e->ret;
    const char *location = rs->location[0] ? rs->location : http_header(rs, "Location", 0);

    ret->error = rs->error;
    ret->tls = rs->tls;
    ret->status = rs->status;
    snprintf(ret->message, sizeof(ret->message), "%s", rs->message);
    copy(ret->content_type, sizeof(ret->content_type), http_header(rs, "Content-Type", 0));
    copy(ret->location, sizeof(ret->location), location && acme_is_url(location) ? location : NULL);
    copy(ret->nonce, sizeof(ret->nonce), http_header(rs, "Replay-Nonce", 0));
    read_date(rs, ret);
    read_retry_after(rs, ret);
    read_alternates(rs, e->url, ret);
    if (ret->error == 0)
        ret->error = read_body(rs, ret);
    e->done = true;
    loop_quit(e->fetcher->loop, 0);
}

/* ---- the request ---- */

static void fail(struct fetched *ret, int error, const char *message)
{
    ret->error = error;
    snprintf(ret->message, sizeof(ret->message), "%s", message);
}

void fetch(struct fetcher *f, const struct fetch_request *rq, struct fetched *ret)
{
    char agent[256];
    const char *headers[] = {agent, "Accept-Language: en", NULL};
    struct http_request request = {.method = rq->method,
                                   .url = rq->url,
                                   .headers = headers,
                                   .body = bytes_str(rq->body),
                                   .content_type = rq->body ? "application/jose+json" : NULL,
                                   .timeout_ms = f->timeout_ms,
                                   .max_body = ACME_BODY_MAX,
                                   .ca_file = f->ca_file,
                                   .any_certificate = rq->any_certificate,
                                   .once = rq->once};
    struct exchange e = {.fetcher = f, .url = rq->url, .ret = ret};
    struct http_call *call;
    int r = -EINTR;

    *ret = (struct fetched){0};
    snprintf(agent, sizeof(agent), "User-Agent: %s", f->user_agent);
    if (!f->interrupted)
        r = http_start(f->http, &request, on_done, &e, &call);
    if (r < 0) {
        fail(ret, r, strerror(-r));
        return;
    }
    r = loop_run(f->loop);
    if (!e.done) {
        http_cancel(call);
        f->interrupted = true;
        fail(ret, r < 0 ? r : -EINTR, "ended from outside");
    }
}

void fetched_done(struct fetched *a)
{
    free(a->body);
    a->body = NULL;
}

/* ---- waiting ---- */

struct pause {
    struct loop_timer timer;
    bool over;
};

static void on_time(struct loop_timer *t)
{
    container_of(t, struct pause, timer)->over = true;
    loop_quit(t->loop, 0);
}

int fetch_wait(struct fetcher *f, uint64_t ms)
{
    struct pause p = {.over = false};
    int r = f->interrupted ? -EINTR : loop_timer_start(&p.timer, f->loop, ms * 1000, on_time);

    if (r == 0)
        r = loop_run(f->loop);
    loop_timer_done(&p.timer);
    if (r < 0 || p.over)
        return r;
    f->interrupted = true;
    return -EINTR;
}
