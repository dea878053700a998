#include "signaling/socket.h"

#include "signaling/app.h"
#include "web/web.h"

#include <stdlib.h>

#define CLOSE_GOING 1001
#define CLOSE_WITHOUT_CODE 1005
#define CLOSE_ABNORMAL 1006
#define CLOSE_TOO_LONG 1009
#define CLOSE_TRY_LATER 1013

struct ws_socket {
    struct client_socket base;
    struct app *app;
    struct ws *ws;
};

static int send_text(struct client_socket *base, struct bytes text)
{
    return ws_send(container_of(base, struct ws_socket, base)->ws, text);
}

static void close_socket(struct client_socket *base, unsigned code, const char *reason)
{
    ws_close(container_of(base, struct ws_socket, base)->ws, code, reason);
}

static void on_text(struct ws *ws, struct bytes text, void *arg)
{
    struct ws_socket *s = arg;

    (void) ws;
    client_receive(&s->base, text);
}

/* Of a socket that was not closed by us. */
static enum stats_drop cause(unsigned code)
{
    if (code == CLOSE_ABNORMAL)
        return STATS_LOST;
    if (code == CLOSE_TOO_LONG)
        return STATS_TOO_LONG;
    return code <= CLOSE_GOING || code == CLOSE_WITHOUT_CODE || code >= 3000 ? STATS_CLOSED
                                                                             : STATS_PROTOCOL;
}

static void on_closed(struct ws *ws, unsigned code, const char *reason, void *arg)
{
    struct ws_socket *s = arg;

    (void) ws;
    if (s->base.client)
        s->app->stats.dropped[cause(code)]++;
    client_socket_closed(&s->base, reason);
    free(s);
}

void socket_accept(struct app *app, struct web_request *rq)
{
    static const struct ws_handlers handlers = {.on_text = on_text, .on_closed = on_closed};
    struct ws_socket *s = calloc(1, sizeof(*s));
    const struct addr *a = web_client(rq);
    char ip[ADDR_TEXT_SIZE] = "";

    if (!s) {
        web_reply(rq, 503, NULL, bytes_str(NULL));
        return;
    }
    if (a->family)
        addr_format_ip(a, ip);
    s->app = app;
    s->base = (struct client_socket){.send = send_text, .close = close_socket};
    if (web_upgrade(rq, &handlers, s, &s->ws) < 0) {
        free(s);
        return;
    }
    if (client_open(&app->clients, &s->base, ip) < 0) {
        limit_struck(app, STATS_MAX_CLIENTS, "client %s: refused", ip);
        ws_close(s->ws, CLOSE_TRY_LATER, "Too many clients");
    }
}
