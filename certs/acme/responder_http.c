#include "acme/responder_internal.h"

#include "web/web.h"

/* The first proof with that token: whose name it was asked for by does not matter to the CA. */
static const struct responder_proof *find(const struct responder *r, const char *token)
{
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->proofs[i].token, token) == 0)
            return &r->proofs[i];
    }
    return NULL;
}

static bool is_challenge(const struct web_request *rq)
{
    return web_n_segments(rq) == 3 && strcmp(web_segment(rq, 0), ".well-known") == 0 &&
           strcmp(web_segment(rq, 1), "acme-challenge") == 0;
}

static void on_request(struct web_request *rq, void *arg)
{
    static const char nothing[] = "Nothing is here but proofs for a certificate authority.\n";
    struct responder *r = arg;
    const char *method = web_method(rq);
    const struct responder_proof *p = NULL;

    if (is_challenge(rq) && (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0))
        p = find(r, web_segment(rq, 2));
    if (!p) {
        web_reply(rq, 404, "text/plain", bytes_str(nothing));
        return;
    }
    r->shown++;
    web_reply(rq, 200, "application/octet-stream", bytes_str(p->key_authorization));
}

int responder_http_open(struct responder *r)
{
    static const struct web_limits limits = {
        .header_bytes = 4096,
        .body_bytes = 1,
        .connections = RESPONDER_CONNECTIONS_MAX,
        .per_address = RESPONDER_CONNECTIONS_MAX / 4, /* nobody alone keeps the CA out */
        .websockets = 1,
        .request_s = RESPONDER_LIMIT_MS / 1000,
        .idle_s = 2,
        .answer_s = 1,
    };

    return web_new(r->loop, &limits, on_request, r, &r->web);
}

int responder_http_add(struct responder *r, int fd)
{
    return web_add_listener(r->web, fd, false);
}

void responder_http_close(struct responder *r)
{
    r->web = web_free(r->web);
}
