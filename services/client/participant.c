#include "client/participant_internal.h"

#include "base/crypto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECT_MS 10000
#define SDK_VERSION "2.29.0" /* whose protocol this is */

/* ---- the token: "wss://host[:port]?sessionId=ses_x&token=tok_y" ---- */

static bool take_session_id(const char *token, char ret[static PARTICIPANT_SESSION_SIZE])
{
    const char *at = strstr(token, "sessionId=");
    size_t len;

    if (!at)
        return false;
    at += strlen("sessionId=");
    len = strcspn(at, "&");
    if (len == 0 || len >= PARTICIPANT_SESSION_SIZE)
        return false;
    memcpy(ret, at, len);
    ret[len] = '\0';
    return true;
}

/* Where the WebSocket is, with the scheme that the HTTP client knows. */
static int socket_url(const struct participant *s, char *ret, size_t cap)
{
    bool secure = strncmp(s->token, "wss://", 6) == 0;
    const char *host = s->token + (secure ? 6 : 5);
    int n;

    if (!secure && strncmp(s->token, "ws://", 5) != 0)
        return -EINVAL;
    n = snprintf(ret, cap, "%s://%.*s/openvidu?sessionId=%s", secure ? "https" : "http",
                 (int) strcspn(host, "/?"), host, s->id);
    return n < 0 || (size_t) n >= cap ? -EINVAL : 0;
}

/* ---- the end ---- */

static void end(struct participant *s, const struct participant_error *why)
{
    if (s->ended)
        return;
    s->ended = true;
    s->handlers->on_end(why, s->arg);
}

static void end_refused(struct participant *s, const struct rpc_answer *a)
{
    struct participant_error why = {.error = a->error, .code = a->code, .message = a->message};

    end(s, &why);
}

static void on_socket_end(const struct ws_client_end *e, void *arg)
{
    struct participant *s = arg;
    struct participant_error why = {.error = e->error,
                                    .code = e->error ? (int) e->status : e->code,
                                    .message = e->message,
                                    .tls = e->tls};

    if (s->leaving)
        why = (struct participant_error){.message = ""};
    else if (e->error == 0)
        why =
            (struct participant_error){-ECONNRESET, e->code, "the server closed the WebSocket", 0};
    end(s, &why);
}

/* ---- joining ---- */

static void copy_text(const json_t *from, const char *key, char *to, size_t cap)
{
    const char *text = json_string_value(json_object_get(from, key));

    snprintf(to, cap, "%s", text ? text : "");
}

static void take_ice_servers(struct participant *s, const json_t *list)
{
    const json_t *one;
    size_t i;

    json_array_foreach (list, i, one) {
        struct participant_ice_server *to = &s->ice[s->n_ice];

        if (s->n_ice == PARTICIPANT_ICE_MAX)
            return;
        copy_text(one, "url", to->url, sizeof(to->url));
        copy_text(one, "username", to->user, sizeof(to->user));
        copy_text(one, "credential", to->password, sizeof(to->password));
        s->n_ice += to->url[0] != '\0';
    }
}

static void tell_streams(struct participant *s, const json_t *participant, bool is_there)
{
    const json_t *one;
    size_t i;

    json_array_foreach (json_object_get(participant, "streams"), i, one) {
        const char *id = json_string_value(json_object_get(one, "id"));

        if (id && !s->ended)
            s->handlers->on_stream(id, is_there, s->arg);
    }
}

static void on_joined(const struct rpc_answer *a, void *arg)
{
    struct participant *s = arg;
    const char *media_server;
    const json_t *one;
    size_t i;

    if (a->error < 0) {
        end_refused(s, a);
        return;
    }
    copy_text(a->result, "id", s->connection, sizeof(s->connection));
    media_server = json_string_value(json_object_get(a->result, "mediaServer"));
    s->server_offers = media_server && strcmp(media_server, "mediasoup") == 0;
    take_ice_servers(s, json_object_get(a->result, "customIceServers"));
    s->joined = true;
    s->handlers->on_joined(s->arg);
    json_array_foreach (json_object_get(a->result, "value"), i, one)
        tell_streams(s, one, true);
}

static void on_open(void *arg)
{
    struct participant *s = arg;
    json_t *params = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "token", s->token,
                               "session", s->id, "platform", "visavis-probe", "sdkVersion",
                               SDK_VERSION, "metadata", "", "secret", "", "recorder", 0, "stt", 0);
    struct participant_error why = {.message = "joinRoom cannot be sent"};

    s->handlers->on_socket(s->arg);
    why.error = rpc_client_call(s->rpc, "joinRoom", params, on_joined, s);
    if (why.error < 0)
        end(s, &why);
}

/* A stream that is gone is told by its owner's leaving alone, so its owner's streams are. */
static void on_gone(struct participant *s, const char *connection)
{
    struct participant_stream *m;

    list_for_each (m, &s->streams, node) {
        const char *owner = strstr(m->id, "con_");

        if (!m->publishes && owner && connection && strcmp(owner, connection) == 0)
            s->handlers->on_stream(m->id, false, s->arg);
    }
}

static void on_notification(const char *method, const json_t *params, void *arg)
{
    struct participant *s = arg;
    const char *connection = json_string_value(json_object_get(params, "connectionId"));

    if (!s->joined || s->ended)
        return;
    if (strcmp(method, "participantPublished") == 0) {
        tell_streams(s, params, true);
    } else if (strcmp(method, "participantUnpublished") == 0 ||
               strcmp(method, "participantLeft") == 0) {
        on_gone(s, connection);
    } else if (strcmp(method, "participantEvicted") == 0 && connection &&
               strcmp(connection, s->connection) == 0) {
        struct participant_error why = {-ECONNABORTED, 0, "the server put us out of the session",
                                        0};

        end(s, &why);
    }
}

/* ---- life ---- */

int participant_new(struct loop *l, struct http *h, const struct participant_config *c,
                    const struct participant_handlers *handlers, void *arg,
                    struct participant **ret_s)
{
    static const struct rpc_client_handlers rpc_handlers = {on_open, on_notification,
                                                            on_socket_end};
    struct participant *s = calloc(1, sizeof(*s));
    char url[1024];
    struct http_request rq = {.url = url,
                              .timeout_ms = CONNECT_MS,
                              .connect_to = c->connect_to,
                              .ca_file = c->ca_file,
                              .any_certificate = c->any_certificate};
    int r;

    if (!s)
        return -ENOMEM;
    s->loop = l;
    s->handlers = handlers;
    s->arg = arg;
    list_init(&s->streams);
    s->token = strdup(c->token);
    r = !s->token ? -ENOMEM : take_session_id(s->token, s->id) ? 0 : -EINVAL;
    if (r == 0)
        r = socket_url(s, url, sizeof(url));
    if (r == 0)
        r = rpc_client_new(l, h, &rq, &rpc_handlers, s, &s->rpc);
    if (r < 0) {
        participant_free(s);
        return r;
    }
    *ret_s = s;
    return 0;
}

struct participant *participant_free(struct participant *s)
{
    struct participant_stream *m;

    if (!s)
        return NULL;
    s->ended = true;
    s->rpc = rpc_client_free(s->rpc); /* from now on nothing is answered */
    list_for_each (m, &s->streams, node)
        participant_stream_drop(m);
    if (s->token)
        secret_wipe(s->token, strlen(s->token));
    free(s->token);
    free(s);
    return NULL;
}

static void on_left(const struct rpc_answer *a, void *arg)
{
    struct participant *s = arg;

    (void) a; /* we leave in any case */
    rpc_client_close(s->rpc);
}

void participant_leave(struct participant *s)
{
    struct participant_error why = {.message = ""};

    if (s->ended || s->leaving)
        return;
    s->leaving = true;
    if (!s->joined || rpc_client_call(s->rpc, "leaveRoom", NULL, on_left, s) < 0)
        end(s, &why);
}

const char *participant_connection(const struct participant *s)
{
    return s->connection;
}

const char *participant_session(const struct participant *s)
{
    return s->id;
}

bool participant_server_offers(const struct participant *s)
{
    return s->server_offers;
}

unsigned participant_ice_servers(const struct participant *s,
                                 const struct participant_ice_server **ret)
{
    *ret = s->ice;
    return s->n_ice;
}
