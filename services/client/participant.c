#include "client/participant_internal.h"

#include "base/crypto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECT_MS 10000
#define SDK_VERSION "2.29.0" /* whose protocol this is */

/* ---- the token: "wss://host[:port]?sessionId=ses_x&token=tok_y" ---- */

static bool take_session_id(const char *token, char ret[static PARTICIPANT_ID_SIZE])
{
    const char *at = strstr(token, "sessionId=");
    size_t len;

    if (!at)
        return false;
    at += strlen("sessionId=");
    len = strcspn(at, "&");
    if (len == 0 || len >= PARTICIPANT_ID_SIZE)
        return false;
    memcpy(ret, at, len);
    ret[len] = '\0';
    return true;
}

/* Where the WebSocket is, with the scheme that the HTTP client knows. */
static int socket_url(const struct participant *p, char *ret, size_t cap)
{
    bool secure = strncmp(p->token, "wss://", 6) == 0;
    const char *host = p->token + (secure ? 6 : 5);
    int n;

    if (!secure && strncmp(p->token, "ws://", 5) != 0)
        return -EINVAL;
    n = snprintf(ret, cap, "%s://%.*s/openvidu?sessionId=%s", secure ? "https" : "http",
                 (int) strcspn(host, "/?"), host, p->session);
    return n < 0 || (size_t) n >= cap ? -EINVAL : 0;
}

/* ---- the end ---- */

static void end(struct participant *p, const struct participant_error *why)
{
    if (p->ended)
        return;
    p->ended = true;
    p->handlers->on_end(why, p->arg);
}

static void end_refused(struct participant *p, const struct rpc_answer *a)
{
    struct participant_error why = {.error = a->error, .code = a->code, .message = a->message};

    end(p, &why);
}

static void on_socket_end(const struct ws_client_end *e, void *arg)
{
    struct participant *p = arg;
    struct participant_error why = {.error = e->error,
                                    .code = e->error ? (int) e->status : e->code,
                                    .message = e->message,
                                    .tls = e->tls};

    if (p->leaving)
        why = (struct participant_error){.message = ""};
    else if (e->error == 0)
        why =
            (struct participant_error){-ECONNRESET, e->code, "the server closed the WebSocket", 0};
    end(p, &why);
}

/* ---- joining ---- */

static void copy_text(const json_t *from, const char *key, char *to, size_t cap)
{
    const char *text = json_string_value(json_object_get(from, key));

    snprintf(to, cap, "%s", text ? text : "");
}

static void take_ice_servers(struct participant *p, const json_t *list)
{
    const json_t *one;
    size_t i;

    json_array_foreach (list, i, one) {
        struct participant_ice_server *to = &p->ice[p->n_ice];

        if (p->n_ice == PARTICIPANT_ICE_MAX)
            return;
        copy_text(one, "url", to->url, sizeof(to->url));
        copy_text(one, "username", to->user, sizeof(to->user));
        copy_text(one, "credential", to->password, sizeof(to->password));
        p->n_ice += to->url[0] != '\0';
    }
}

static void tell_streams(struct participant *p, const json_t *participant, bool is_there)
{
    const json_t *one;
    size_t i;

    json_array_foreach (json_object_get(participant, "streams"), i, one) {
        const char *id = json_string_value(json_object_get(one, "id"));

        if (id && !p->ended)
            p->handlers->on_stream(id, is_there, p->arg);
    }
}

static void on_joined(const struct rpc_answer *a, void *arg)
{
    struct participant *p = arg;
    const char *media_server;
    const json_t *one;
    size_t i;

    if (a->error < 0) {
        end_refused(p, a);
        return;
    }
    copy_text(a->result, "id", p->connection, sizeof(p->connection));
    media_server = json_string_value(json_object_get(a->result, "mediaServer"));
    p->server_offers = media_server && strcmp(media_server, "mediasoup") == 0;
    take_ice_servers(p, json_object_get(a->result, "customIceServers"));
    p->joined = true;
    p->handlers->on_joined(p->arg);
    json_array_foreach (json_object_get(a->result, "value"), i, one)
        tell_streams(p, one, true);
}

static void on_open(void *arg)
{
    struct participant *p = arg;
    json_t *params = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "token", p->token,
                               "session", p->session, "platform", "visavis-probe", "sdkVersion",
                               SDK_VERSION, "metadata", "", "secret", "", "recorder", 0, "stt", 0);
    struct participant_error why = {.message = "joinRoom cannot be sent"};

    p->handlers->on_socket(p->arg);
    why.error = rpc_client_call(p->rpc, "joinRoom", params, on_joined, p);
    if (why.error < 0)
        end(p, &why);
}

/* A stream that is gone is told by its owner's leaving alone, so its owner's streams are. */
static void on_gone(struct participant *p, const char *connection)
{
    struct participant_stream *m;

    list_for_each (m, &p->streams, node) {
        const char *owner = strstr(m->id, "con_");

        if (!m->publishes && owner && connection && strcmp(owner, connection) == 0)
            p->handlers->on_stream(m->id, false, p->arg);
    }
}

static void on_notification(const char *method, const json_t *params, void *arg)
{
    struct participant *p = arg;
    const char *connection = json_string_value(json_object_get(params, "connectionId"));

    if (!p->joined || p->ended)
        return;
    if (strcmp(method, "participantPublished") == 0) {
        tell_streams(p, params, true);
    } else if (strcmp(method, "participantUnpublished") == 0 ||
               strcmp(method, "participantLeft") == 0) {
        on_gone(p, connection);
    } else if (strcmp(method, "participantEvicted") == 0 && connection &&
               strcmp(connection, p->connection) == 0) {
        struct participant_error why = {-ECONNABORTED, 0, "the server put us out of the session",
                                        0};

        end(p, &why);
    }
}

/* ---- life ---- */

int participant_new(struct loop *l, struct http *h, const struct participant_config *c,
                    const struct participant_handlers *handlers, void *arg,
                    struct participant **ret_p)
{
    static const struct rpc_client_handlers rpc_handlers = {on_open, on_notification,
                                                            on_socket_end};
    struct participant *p = calloc(1, sizeof(*p));
    char url[1024];
    struct http_request rq = {.url = url,
                              .timeout_ms = CONNECT_MS,
                              .connect_to = c->connect_to,
                              .ca_file = c->ca_file,
                              .any_certificate = c->any_certificate};
    int r;

    if (!p)
        return -ENOMEM;
    p->loop = l;
    p->handlers = handlers;
    p->arg = arg;
    list_init(&p->streams);
    p->token = strdup(c->token);
    r = !p->token ? -ENOMEM : take_session_id(p->token, p->session) ? 0 : -EINVAL;
    if (r == 0)
        r = socket_url(p, url, sizeof(url));
    if (r == 0)
        r = rpc_client_new(l, h, &rq, &rpc_handlers, p, &p->rpc);
    if (r < 0) {
        participant_free(p);
        return r;
    }
    *ret_p = p;
    return 0;
}

struct participant *participant_free(struct participant *p)
{
    struct participant_stream *m;

    if (!p)
        return NULL;
    p->ended = true;
    p->rpc = rpc_client_free(p->rpc); /* from now on nothing is answered */
    list_for_each (m, &p->streams, node)
        participant_stream_drop(m);
    if (p->token)
        secret_wipe(p->token, strlen(p->token));
    free(p->token);
    free(p);
    return NULL;
}

static void on_left(const struct rpc_answer *a, void *arg)
{
    struct participant *p = arg;

    (void) a; /* we leave in any case */
    rpc_client_close(p->rpc);
}

void participant_leave(struct participant *p)
{
    struct participant_error why = {.message = ""};

    if (p->ended || p->leaving)
        return;
    p->leaving = true;
    if (!p->joined || rpc_client_call(p->rpc, "leaveRoom", NULL, on_left, p) < 0)
        end(p, &why);
}

bool participant_server_offers(const struct participant *p)
{
    return p->server_offers;
}

unsigned participant_ice_servers(const struct participant *p,
                                 const struct participant_ice_server **ret)
{
    *ret = p->ice;
    return p->n_ice;
}
