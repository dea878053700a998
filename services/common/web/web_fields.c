/* What a handler reads from a request, and the headers it adds to the answer. */
#include "web/web_internal.h"

#include "base/crypto.h"
#include "web/web_token.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

const char *web_method(const struct web_request *rq)
{
    return rq->method;
}

const char *web_path(const struct web_request *rq)
{
    return rq->target.path;
}

const char *web_segment(const struct web_request *rq, unsigned i)
{
    return web_target_segment(&rq->target, i);
}

unsigned web_n_segments(const struct web_request *rq)
{
    return rq->target.n_segments;
}

const char *web_rest(const struct web_request *rq, unsigned i)
{
    return web_target_rest(&rq->target, i);
}

const char *web_query(const struct web_request *rq, const char *name)
{
    return web_target_query(&rq->target, name);
}

const char *web_header(const struct web_request *rq, const char *name)
{
    return rq->mhd ? MHD_lookup_connection_value(rq->mhd, MHD_HEADER_KIND, name) : NULL;
}

struct bytes web_body(const struct web_request *rq)
{
    return blob_bytes(&rq->body);
}

const struct addr *web_client(const struct web_request *rq)
{
    return &rq->client;
}

/* The last item of a list is what the nearest proxy has added. */
static const char *last_item(const char *list)
{
    const char *comma = strrchr(list, ',');

    list = comma ? comma + 1 : list;
    return list + strspn(list, " \t");
}

bool web_guesser(const struct web_request *rq, struct addr *ret)
{
    const char *for_whom = web_header(rq, "X-Real-IP");

    *ret = rq->client;
    if (rq->conn->trusted || !addr_is_loopback(&rq->conn->peer))
        return true;
    if (!for_whom) {
        for_whom = web_header(rq, "X-Forwarded-For");
        for_whom = for_whom ? last_item(for_whom) : NULL;
    }
    if (for_whom)
        (void) addr_parse_ip(for_whom, 0, ret);
    return for_whom != NULL;
}

bool web_basic_auth_matches(const struct web_request *rq, const char *user, const char *password)
{
    const char *authorization = web_header(rq, "Authorization");

    return authorization && web_token_is_basic_auth(authorization, user, password);
}

bool web_wants_upgrade(const struct web_request *rq)
{
    const char *upgrade = web_header(rq, "Upgrade");

    return strcmp(rq->method, "GET") == 0 && upgrade && web_token_in_list(upgrade, "websocket");
}

static int add_header(struct web_headers *to, const char *name, const char *value)
{
    struct web_header h, *p;

    if (!web_token_is_token(name) || !web_token_is_field_value(value) ||
        strcasecmp(name, "Content-Length") == 0 || strcasecmp(name, "Transfer-Encoding") == 0 ||
        strcasecmp(name, "Connection") == 0)
        return -EINVAL;
    p = reallocarray(to->items, to->n + 1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    to->items = p;
    h.name = strdup(name);
    h.value = strdup(value);
    if (!h.name || !h.value) {
        free(h.name);
        free(h.value);
        return -ENOMEM;
    }
    to->items[to->n++] = h;
    return 0;
}

int web_reply_header(struct web_request *rq, const char *name, const char *value)
{
    return add_header(&rq->headers, name, value);
}

int web_always(struct web *w, const char *name, const char *value)
{
    return add_header(&w->always, name, value);
}

void web_headers_clear(struct web_headers *h)
{
    for (size_t i = 0; i < h->n; i++) {
        free(h->items[i].name);
        free(h->items[i].value);
    }
    free(h->items);
    *h = (struct web_headers){.items = NULL};
}
