/* Joining a session and leaving it. */
#include "signaling/rpc.h"

#include "base/crypto.h"
#include "base/log.h"
#include "signaling/access.h"
#include "signaling/app.h"
#include "signaling/events.h"
#include "signaling/lifecycle.h"
#include "signaling/media.h"
#include "signaling/reasons.h"
#include "signaling/sdk_version.h"
#include "signaling/shapes.h"
#include "web/throttle.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PLATFORM_MAX 512

/* What a joinRoom says; borrowed from its parameters. */
struct join {
    const char *token, *session, *secret, *platform, *metadata;
};

static bool read_join(struct rpc *rq, struct join *j)
{
    *j = (struct join){.token = rpc_string(rq, "token")};
    if (!j->token || !(j->session = rpc_string(rq, "session")) ||
        !(j->secret = rpc_string(rq, "secret")) || !(j->platform = rpc_string(rq, "platform")))
        return false;
    if (strlen(j->platform) > PLATFORM_MAX) {
        rpc_error(rq, RPC_MISSING_PARAMETER, "Request element 'platform' is too long");
        return false;
    }
    return true;
}

/* Without a token: an internal participant, or a silent subscriber. A recorder takes the place of
 * the one before it. */
static int make_internal(struct rpc *rq, struct session *s, struct connection **ret)
{
    struct app *app = rq->app;
    enum connection_kind kind = CONNECTION_WEBRTC;
    struct connection_options options;
    struct connection *before = NULL;
    struct problem p;
    json_t *body;
    int error;

    if (rpc_bool_opt(rq, "recorder", false))
        kind = CONNECTION_RECORDER;
    else if (rpc_bool_opt(rq, "stt", false))
        kind = CONNECTION_STT;
    if (kind != CONNECTION_WEBRTC)
        before =
            session_participant(s, kind == CONNECTION_RECORDER ? "RECORDER" : "SPEECH_TO_TEXT");
    if (before && session_has_users(s))
        lifecycle_evict(app, before, REASON_NETWORK_DISCONNECT);
    else if (before)
        return -EEXIST;
    body = json_pack("{s:s}", "role", "SUBSCRIBER");
    error = connection_options_parse(&app->config, body, &options, &p);
    json_decref(body);
    if (!error)
        error = connection_new_internal(&app->config, s, kind, &options, ret);
    if (error == -ENOSPC)
        limit_struck(app, STATS_MAX_CONNECTIONS, "session %s: client %s refused", s->id,
                     rq->client->ip);
    return error;
}

/* A token from before TURN was configured has no credentials for it. */
static bool has_turn(const struct config *config, const struct connection *c)
{
    return config->coturn_ip && *config->coturn_ip && *c->turn.username;
}

/* Browsers refuse a TURN server whose certificate they do not trust, and never ask. The file comes
 * and goes with the certificate that is served, which this daemon does not read. */
static bool has_turns(const struct config *config)
{
    return config->turns_url &&
           !(config->selfsigned_mark && access(config->selfsigned_mark, F_OK) == 0);
}

/* Takes url. */
static void add_turn(json_t *list, const struct connection *c, json_t *url)
{
    json_array_append_new(list, json_pack("{s:o,s:s,s:s}", "url", url, "username", c->turn.username,
                                          "credential", c->turn.credential));
}

/* Few on purpose: each page makes an allocation at every one, and browsers warn of five. */
static json_t *ice_servers(const struct config *config, const struct connection *c)
{
    const char *host = config->coturn_ip;
    int port = (int) config->coturn_port;
    json_t *list;

    if (json_array_size(c->options.ice_servers) > 0)
        return json_incref(c->options.ice_servers);
    list = json_array();
    if (!has_turn(config, c))
        return list;
    add_turn(list, c, json_sprintf(strchr(host, ':') ? "turn:[%s]:%d" : "turn:%s:%d", host, port));
    add_turn(
        list, c,
        json_sprintf(strchr(host, ':') ? "turn:[%s]:%d?transport=tcp" : "turn:%s:%d?transport=tcp",
                     host, port));
    if (has_turns(config))
        add_turn(list, c, json_string(config->turns_url));
    return list;
}

/* Those who are there already, as the newcomer is told of them. */
static json_t *others(const struct connection *joiner)
{
    json_t *list = json_array();
    struct connection *c;

    list_for_each (c, &joiner->session->participants, node) {
        json_t *p;

        if (c == joiner || c->kind != CONNECTION_WEBRTC)
            continue;
        p = shape_participant(c);
        if (c->stream)
            json_object_set_new(p, "streams", json_pack("[o]", shape_stream(c->stream)));
        json_array_append_new(list, p);
    }
    return list;
}

static json_t *join_result(struct rpc *rq, const struct connection *c)
{
    const struct config *config = &rq->app->config;
    char version[SDK_VERSION_SIZE];
    json_t *r;

    sdk_version_answer(rpc_string_opt(rq, "sdkVersion", NULL), version);
    r = json_pack("{s:s,s:s,s:I,s:o,s:o,s:s,s:s,s:s,s:b,s:b,s:s}", "id", c->id, "finalUserId",
                  rq->client->user_id, "createdAt", (json_int_t) c->active_ms, "metadata",
                  shape_metadata(c), "value", others(c), "session", c->session->id, "version",
                  version, "mediaServer", c->session->options.mediasoup ? "mediasoup" : "kurento",
                  "videoSimulcast", 0, "record", c->options.record, "role", c->options.role);
    if (has_turn(config, c)) {
        json_object_set_new(r, "coturnIp", json_string(config->coturn_ip));
        json_object_set_new(r, "coturnPort", json_integer(config->coturn_port));
        json_object_set_new(r, "turnUsername", json_string(c->turn.username));
        json_object_set_new(r, "turnCredential", json_string(c->turn.credential));
    }
    json_object_set_new(r, "customIceServers", ice_servers(config, c));
    return r;
}

/* May another one come in? Else rq is answered, or waits. */
static bool has_room(struct rpc *rq, const struct session *s)
{
    if (!media_is_ready(rq->app->media)) {
        if (rpc_wait(rq))
            return false;
        rpc_error(rq, RPC_ROOM_CANNOT_BE_CREATED,
                  "There is no available Media Node where to initialize session '%s'", s->id);
        return false;
    }
    if (session_n_participants(s) >= (size_t) rq->app->config.max_participants) {
        limit_struck(rq->app, STATS_MAX_PARTICIPANTS, "session %s: client %s refused", s->id,
                     rq->client->ip);
        rpc_error(rq, RPC_ROOM_GENERIC, "Unable to join session %s. It is full", s->id);
        return false;
    }
    if (client_take_place(rq->client) < 0) {
        limit_struck(rq->app, STATS_MAX_PARTICIPANTS_PER_ADDRESS, "session %s: client %s refused",
                     s->id, rq->client->ip);
        rpc_error(rq, RPC_ROOM_GENERIC,
                  "Unable to join session %s. Your address has too many participants", s->id);
        return false;
    }
    return true;
}

static void enter(struct rpc *rq, struct connection *c, const struct join *j)
{
    if (connection_activate(c, j->metadata, j->platform, rq->client->ip) < 0) {
        rpc_error(rq, RPC_GENERIC, "out of memory");
        return;
    }
    client_joined(rq->client, c);
    events_participant_joined(c);
    rpc_reply(rq, join_result(rq, c));
}

static struct addr guesser_of(const struct rpc *rq)
{
    struct addr a = {0};

    (void) addr_parse_ip(rq->client->ip, 0, &a);
    return a;
}

/* Ordinary clients have a token and no secret. */
static bool has_secret(struct rpc *rq, const struct join *j)
{
    struct addr guesser = guesser_of(rq);

    if (!*j->secret)
        return false;
    if (secret_eq(bytes_str(j->secret), bytes_str(rq->app->config.secret)))
        return true;
    access_wrong(rq->app, &guesser);
    return false;
}

static void join(struct rpc *rq)
{
    struct connection *c;
    struct session *s;
    struct join j;
    bool trusted;

    if (rq->client->participant) {
        rpc_error(rq, RPC_EXISTING_USER, "This connection has already joined session %s",
                  rq->client->participant->session->id);
        return;
    }
    if (!read_join(rq, &j))
        return;
    s = sessions_find(&rq->app->sessions, j.session);
    if (!s) {
        rpc_error(rq, RPC_ROOM_NOT_FOUND, "Unable to join session. Session %.200s cannot be found",
                  j.session);
        return;
    }
    trusted = has_secret(rq, &j);
    c = trusted ? NULL : session_pending_by_token(s, j.token);
    if (!trusted && !c) {
        rpc_error(rq, RPC_USER_UNAUTHORIZED, "Unable to join session %s. Token %.300s is not valid",
                  s->id, j.token);
        return;
    }
    j.metadata = rpc_string(rq, "metadata");
    if (!j.metadata)
        return;
    if (strlen(j.metadata) > (size_t) rq->app->config.max_data_bytes) {
        rpc_error(rq, RPC_METADATA_FORMAT, "The metadata is longer than %d bytes",
                  (int) rq->app->config.max_data_bytes);
        return;
    }
    if (!has_room(rq, s))
        return;
    if (trusted && make_internal(rq, s, &c) < 0) {
        rpc_error(rq, RPC_GENERIC, "Unable to join session %s", s->id);
        return;
    }
    enter(rq, c, &j);
}

static void on_turn(void *arg)
{
    struct rpc *rq = *(struct rpc **) arg;

    if (rq->client)
        join(rq);
    else
        rpc_free(rq);
}

void rpc_join_room(struct rpc *rq)
{
    struct addr guesser = guesser_of(rq);
    int r = 0;

    if (*rpc_string_opt(rq, "secret", ""))
        r = throttle_admit(rq->app->throttle, &guesser, on_turn, &rq, sizeof(struct rpc *));
    if (r == 0)
        join(rq);
    else if (r < 0)
        rpc_error(rq, RPC_USER_UNAUTHORIZED, "Too many wrong secrets, try again later");
}

void rpc_leave_room(struct rpc *rq)
{
    struct connection *c = rq->client->participant;
    struct session *s = c->session;
    struct app *app = rq->app;

    lifecycle_leave(app, c, REASON_DISCONNECT);
    rpc_reply(rq, NULL);
    lifecycle_end_if_empty(app, s);
}
