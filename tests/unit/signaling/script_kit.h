/* script_kit.h: what fuzzers of the signaling daemon share: four clients in two sessions ("K" where
 * clients offer, "M" where the server does) and scripts of lines in which $ and a letter stand for
 * what is random: $0..$3 connection ids, $a..$d stream ids, $A..$D RPC sessions, $w..$z tokens. */
#pragma once

#include "app_kit.h"

#include "signaling/stream.h"

#define N_ACTORS 4
#define SCRIPT_LINE_MAX 8192

static struct actor {
    struct channel channel;
    bool open;
    char token[256], rpc[RPC_ID_SIZE];
    char id[CONNECTION_ID_SIZE], stream[STREAM_ID_SIZE]; /* as they were last */
} actors[N_ACTORS];

static void actor_open(struct actor *a)
{
    channel_open(&a->channel);
    json_decref(a->channel.got); /* nobody looks */
    a->channel.got = NULL;
    a->open = true;
}

static void actor_close(struct actor *a)
{
    client_socket_closed(&a->channel.base, "");
    a->open = false;
}

/* 'role' of a new pending connection, whose token the actor has. */
static void actor_invite(struct actor *a, struct session *s, const char *role)
{
    struct connection *c = app_kit_connection(s);

    free(c->options.role);
    c->options.role = strdup(role);
    snprintf(a->token, sizeof(a->token), "%s", c->token);
    snprintf(a->id, sizeof(a->id), "%s", c->id);
}

/* On a new socket when it has none; then what the letters mean may be another thing. */
static void actor_say(struct actor *a, struct bytes text)
{
    if (!a->open || !a->channel.base.client) {
        if (a->open)
            actor_close(a);
        actor_open(a);
    }
    client_receive(&a->channel.base, text);
    if (!a->channel.base.client)
        return;
    memcpy(a->rpc, a->channel.base.client->id, sizeof(a->rpc));
    if (a->channel.base.client->participant && a->channel.base.client->participant->stream)
        memcpy(a->stream, a->channel.base.client->participant->stream->id, sizeof(a->stream));
}

static const char *meaning(uint8_t letter)
{
    if (letter >= '0' && letter <= '3')
        return actors[letter - '0'].id;
    if (letter >= 'a' && letter <= 'd')
        return actors[letter - 'a'].stream;
    if (letter >= 'A' && letter <= 'D')
        return actors[letter - 'A'].rpc;
    return letter >= 'w' && letter <= 'z' ? actors[letter - 'w'].token : NULL;
}

/* A line with its letters replaced; at most SCRIPT_LINE_MAX bytes, with a NUL behind. */
static struct bytes script_line(struct bytes line)
{
    static char out[SCRIPT_LINE_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < line.len && n < SCRIPT_LINE_MAX; i++) {
        const char *name = line.p[i] == '$' && i + 1 < line.len ? meaning(line.p[i + 1]) : NULL;
        size_t len = name ? strlen(name) : 1;

        if (len > SCRIPT_LINE_MAX - n)
            break;
        memcpy(out + n, name ? name : (const char *) line.p + i, len);
        n += len;
        i += name != NULL;
    }
    out[n] = '\0';
    return bytes_of(out, n);
}

/* The next line, without its end; false after the last. */
static bool script_next(struct bytes *rest, struct bytes *ret_line)
{
    const uint8_t *end = rest->len ? memchr(rest->p, '\n', rest->len) : NULL;
    size_t len = end ? (size_t) (end - rest->p) : rest->len;

    if (rest->len == 0)
        return false;
    *ret_line = bytes_of(rest->p, len);
    len += end != NULL;
    *rest = bytes_of(rest->p + len, rest->len - len);
    return true;
}

static void script_start(void)
{
    static char host[] = "203.0.113.5", secret[] = "shared";
    struct session *k, *m;

    memset(actors, 0, sizeof(actors));
    clock_fake(1000000);
    app_kit_start();
    app.config.coturn_ip = host;
    app.config.turn_secret = secret;
    k = app_kit_session("K");
    m = app_kit_session("M");
    free(k->options.forced_codec);
    k->options.forced_codec = strdup("H264");
    k->options.allow_transcoding = true;
    m->options.mediasoup = true;
    actor_invite(&actors[0], k, "MODERATOR");
    actor_invite(&actors[1], k, "PUBLISHER");
    actor_invite(&actors[2], m, "PUBLISHER");
    actor_invite(&actors[3], m, "SUBSCRIBER");
}

static void script_stop(void)
{
    for (size_t i = 0; i < N_ACTORS; i++) {
        if (actors[i].open)
            actor_close(&actors[i]);
    }
    app_kit_stop();
}
