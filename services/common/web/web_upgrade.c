/* The opening handshake of RFC 6455 section 4.2, and taking the socket over from the daemon. */
#include "web/web_internal.h"

#include "web/web_token.h"
#include "web/ws_accept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The daemon's part ends at once: a copy of the descriptor lives on, so that its 32 KiB are freed
 * and its limits and lists do not know WebSockets. */
static void on_upgraded(void *arg, struct MHD_Connection *mhd, void *context, const char *early,
                        size_t early_len, MHD_socket sock, struct MHD_UpgradeResponseHandle *urh)
{
    struct web_request *rq = context;
    struct ws *s = rq->socket;
    int fd = fcntl(sock, F_DUPFD_CLOEXEC, 0);

    (void) arg;
    (void) mhd;
    web_conn_set(rq->conn, CONN_UPGRADED, 0);
    (void) MHD_upgrade_action(urh, MHD_UPGRADE_ACTION_CLOSE);
    web_pump_later(rq->web);
    if (!s) { /* it was closed before it could be opened */
        if (fd >= 0)
            close(fd);
        return;
    }
    rq->socket = NULL;
    ws_set_ticket(s, rq->conn->trusted ? rq->count : rq->conn->count);
    rq->count = NULL;
    rq->conn->count = NULL;
    if (fd < 0)
        ws_abort(s);
    else
        ws_open(s, fd, bytes_of(early, early_len));
}

static unsigned handshake_status(struct web_request *rq)
{
    const char *connection = web_header(rq, "Connection");
    const char *version = web_header(rq, "Sec-WebSocket-Version");
    const char *key = web_header(rq, "Sec-WebSocket-Key");

    if (!web_wants_upgrade(rq) || strcmp(rq->version, "HTTP/1.1") != 0 || !connection ||
        !web_token_in_list(connection, "Upgrade") || !key || !web_token_is_websocket_key(key))
        return 400;
    if (!version || strcmp(version, "13") != 0)
        return 426;
    return 101;
}

static struct MHD_Response *handshake_response(struct web_request *rq)
{
    struct MHD_Response *response = MHD_create_response_for_upgrade(on_upgraded, NULL);
    char accept[WS_ACCEPT_SIZE];

    if (!response)
        return NULL;
    if (ws_accept(web_header(rq, "Sec-WebSocket-Key"), accept) < 0 ||
        MHD_add_response_header(response, "Upgrade", "websocket") != MHD_YES ||
        MHD_add_response_header(response, "Sec-WebSocket-Accept", accept) != MHD_YES) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

static int refuse(struct web_request *rq, unsigned status, int r)
{
    if (status == 426) {
        (void) web_reply_header(rq, "Upgrade", "websocket");
        (void) web_reply_header(rq, "Sec-WebSocket-Version", "13");
    }
    web_reply(rq, status, NULL, bytes_of(NULL, 0));
    return r;
}

int web_upgrade(struct web_request *rq, const struct ws_handlers *handlers, void *arg,
                struct ws **ret_ws)
{
    struct MHD_Response *response;
    unsigned status;
    int r;

    if (rq->answered) {
        (void) web_request_take(rq);
        return -ETIMEDOUT;
    }
    status = handshake_status(rq);
    if (status != 101)
        return refuse(rq, status, -EBADMSG);
    response = handshake_response(rq);
    if (!response)
        return refuse(rq, 503, -ENOMEM);
    r = ws_new(rq->web->sockets, handlers, arg, &rq->client, &rq->socket);
    if (r < 0) {
        if (r == -ENOSPC)
            web_struck(rq->web, WEB_WEBSOCKETS, &rq->client);
        MHD_destroy_response(response);
        return refuse(rq, 503, r);
    }
    ws_seat(rq->socket, &rq->socket);
    *ret_ws = rq->socket;
    (void) web_request_take(rq);
    web_request_answer(rq, 101, response, 0);
    return 0;
}
