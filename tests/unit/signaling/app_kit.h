/* app_kit.h: the daemon's state without sockets: clients that collect what they are sent, and a
 * media daemon that keeps its calls until the test answers. The definitions below take the place of
 * media.c. */
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/lifecycle.h"
#include "signaling/media.h"
#include "signaling/rest_list.h"
#include "web/throttle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A test needs a part of these. */
#pragma GCC diagnostic ignored "-Wunused-function"

#define KIT_CALLS 64

static struct app app;
static bool kit_media_ready;
static struct {
    char method[32];
    json_t *params;
    link_answer_fn *fn; /* NULL: only told */
    void *arg;
} kit_calls[KIT_CALLS];
static size_t kit_n_calls;

bool media_is_ready(const struct media *m)
{
    (void) m;
    return kit_media_ready;
}

bool media_wants_candidates(const struct media *m)
{
    (void) m;
    return false;
}

uint64_t media_away_ms(const struct media *m)
{
    (void) m;
    return 0;
}

int media_call(struct media *m, const char *method, json_t *params, link_answer_fn *fn, void *arg)
{
    (void) m;
    if (!kit_media_ready || kit_n_calls == KIT_CALLS) {
        json_decref(params);
        return -107;
    }
    snprintf(kit_calls[kit_n_calls].method, sizeof(kit_calls[0].method), "%s", method);
    kit_calls[kit_n_calls].params = params;
    kit_calls[kit_n_calls].fn = fn;
    kit_calls[kit_n_calls++].arg = arg;
    return 0;
}

void media_tell(struct media *m, const char *method, json_t *params)
{
    (void) media_call(m, method, params, NULL, NULL);
}

/* Answers everything that is open; error as in struct link_answer. */
static void kit_answer_all(int error, int code)
{
    json_t *result =
        json_pack("{s:s,s:s,s:b,s:b}", "answer", "A", "offer", "O", "audio", 1, "video", 1);
    struct link_answer a = {
        .error = error, .result = error ? NULL : result, .code = code, .message = "no"};

    for (size_t i = 0; i < kit_n_calls; i++) {
        json_decref(kit_calls[i].params);
        kit_calls[i].params = NULL;
        if (kit_calls[i].fn)
            kit_calls[i].fn(&a, kit_calls[i].arg);
    }
    kit_n_calls = 0;
    json_decref(result);
    clients_pump(&app.clients);
}

/* ---- clients ---- */

struct channel {
    struct client_socket base;
    json_t *got; /* texts, parsed */
    unsigned close_code;
    char close_reason[128];
};

static int channel_send(struct client_socket *base, struct bytes text)
{
    struct channel *c = container_of(base, struct channel, base);

    if (c->got)
        json_array_append_new(c->got, json_loadb((const char *) text.p, text.len, 0, NULL));
    return 0;
}

static void channel_close(struct client_socket *base, unsigned code, const char *reason)
{
    struct channel *c = container_of(base, struct channel, base);

    c->close_code = code;
    snprintf(c->close_reason, sizeof(c->close_reason), "%s", reason);
}

static void channel_open(struct channel *c)
{
    *c = (struct channel){.base = {.send = channel_send, .close = channel_close}};
    c->got = json_array();
    if (client_open(&app.clients, &c->base, "192.0.2.1") < 0)
        abort();
}

static void channel_done(struct channel *c)
{
    client_socket_closed(&c->base, "");
    json_decref(c->got);
    c->got = NULL;
}

static void app_kit_start(void)
{
    static char server[] = "kurento", codec[] = "NONE", secret[] = "MY_SECRET", off[] = "";
    struct config *c = &app.config;

    log_init("test", LOG_LEVEL_ERROR);
    memset(&app, 0, sizeof(app));
    kit_media_ready = true;
    c->media_server = server;
    c->forced_codec = codec;
    c->secret = secret;
    c->recordings_path = c->layouts_path = c->cdr_path = c->webhook_endpoint = off;
    c->max_data_bytes = 1000;
    c->max_participants = 10;
    c->max_connections = 100;
    c->max_queued_requests = 4;
    c->max_clients = 10;
    c->max_waiting = 10;
    c->max_participants_per_address = 10;
    c->max_messages_per_s = 50;
    (void) public_url_parse("http://localhost:4443", &c->public_url);
    rpc_waiting_init(&app.waiting);
    if (loop_new(&app.loop) < 0 || sessions_init(&app.sessions, 10) < 0 ||
        clients_init(&app.clients, &app, 10) < 0 || rest_lists_new(&app, &app.lists) < 0 ||
        throttle_new(app.loop, &(struct throttle_limits){0}, &app.throttle) < 0)
        abort();
}

static void app_kit_stop(void)
{
    kit_answer_all(-104, 0);
    app.throttle = throttle_free(app.throttle);
    app.lists = rest_lists_free(app.lists);
    sessions_done(&app.sessions);
    clients_done(&app.clients);
    kit_answer_all(-104, 0);
    loop_free(app.loop);
    clock_fake(UINT64_MAX);
}

static struct session *app_kit_session(const char *id)
{
    struct session_options o;
    struct session *s = NULL;
    struct problem p;
    json_t *body = json_pack("{s:s}", "customSessionId", id);

    if (session_options_parse(&app.config, body, &o, &p) < 0 ||
        session_new(&app.sessions, &o, 1000, &s) < 0)
        abort();
    json_decref(body);
    return s;
}

static struct connection *app_kit_connection(struct session *s)
{
    struct connection_options o;
    struct connection *c = NULL;
    struct problem p;

    if (connection_options_parse(&app.config, NULL, &o, &p) < 0 ||
        connection_new(&app.config, s, &o, &c) < 0)
        abort();
    return c;
}
