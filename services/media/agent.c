#include "media/agent.h"

#include "media/demux.h"
#include "media/transport.h"
#include "media/worker.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/turn_cred.h"
#include "codec/ice_server.h"
#include "ice_agent/ice_module.h"

#include <stdio.h>
#include <stdlib.h>

#define CREDENTIAL_SIZE 256
#define PREFIX "candidate:"

static const struct ice_module *module_of(const struct agent *a)
{
    return a->worker->node->ice;
}

/* ---- the worker's share ---- */

int agents_start(struct worker *w)
{
    if (!w->node->ice)
        return 0;
    return w->node->ice->hub_new(w->loop, &w->node->agents, &w->ice_hub);
}

void agents_stop(struct worker *w)
{
    if (w->ice_hub)
        w->ice_hub = w->node->ice->hub_free(w->ice_hub);
}

/* ---- the way of its datagrams ---- */

static void way_send(struct way *way, struct bytes datagram)
{
    struct agent *a = container_of(way, struct agent, way);

    (void) module_of(a)->send(a->ice, &datagram, 1); /* what does not fit is lost, as on UDP */
}

/* The transport lets go of the way when it ends, and frees the agent itself. */
static void way_close(struct way *way)
{
    (void) way;
}

static const struct way_type over_udp = {.protocol = "udp", .send = way_send, .close = way_close};
static const struct way_type over_tcp = {.protocol = "tcp", .send = way_send, .close = way_close};

/* A check that libnice does not take for one is none (RFC 7983). */
static bool is_stun(const uint8_t *p)
{
    return p[0] < 4;
}

static void on_datagram(struct ice_agent *ice, uint8_t *p, size_t len, size_t cap, void *arg)
{
    struct agent *a = arg;
    struct udp_datagram d = {.p = p, .len = len, .way = &a->way};

    (void) ice, (void) cap;
    if (!a->way.transport || len > UDP_DATAGRAM_MAX || is_stun(p))
        return;
    d.from = a->way.transport->path.tuple.remote;
    d.to = a->way.transport->path.tuple.local;
    a->worker->now_us = clock_us();
    demux_datagram(&d, a->worker);
}

static void on_gathered(struct ice_agent *ice, void *arg)
{
    struct agent *a = arg;

    (void) ice;
    a->on_gathered(a);
}

static void on_pair(struct ice_agent *ice, void *arg)
{
    struct agent *a = arg;
    struct ice_agent_pair pair;

    (void) ice;
    if (agent_pair(a, &pair) < 0)
        return;
    a->way.type = pair.local.protocol == SDP_UDP ? &over_udp : &over_tcp;
    if (a->way.transport)
        transport_on_agent_pair(a->way.transport, &pair.remote.addr, &pair.local.addr);
}

static void on_state(struct ice_agent *ice, enum ice_agent_state state, void *arg)
{
    struct agent *a = arg;

    (void) ice;
    if (a->way.transport && state == ICE_AGENT_FAILED)
        transport_on_agent_failed(a->way.transport);
}

/* ---- making ---- */

/* What the machine itself has of the addresses that would be announced. */
static size_t local_addresses(const struct worker *w, struct addr *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < w->candidates.n; i++) {
        const struct candidate *c = &w->candidates.items[i];
        const struct addr *a = c->via.family != 0 ? &c->via : &c->addr;

        if ((addr_is_loopback(a) && w->candidates.n > 1) || addr_is_among(a, ret, n))
            continue;
        ret[n++] = *a;
    }
    return n;
}

struct credentials {
    char username[CREDENTIAL_SIZE], credential[CREDENTIAL_SIZE];
};

static void copy(struct bytes from, char ret[static CREDENTIAL_SIZE])
{
    snprintf(ret, CREDENTIAL_SIZE, "%.*s", (int) from.len, (const char *) from.p);
}

static void make_credentials(const struct ice_server *s, struct credentials *ret)
{
    struct turn_cred made;
    char secret[CREDENTIAL_SIZE];

    if (!s->secret.p) {
        copy(s->username, ret->username);
        copy(s->credential, ret->credential);
        return;
    }
    copy(s->secret, secret);
    turn_cred_new(secret, clock_wall_ms(), "media", &made);
    copy(bytes_str(made.username), ret->username);
    copy(bytes_str(made.credential), ret->credential);
    secret_wipe(secret, sizeof(secret));
}

/* The servers of the configuration, which are right: config_read() has looked. */
static void take_servers(const struct config *config, struct ice_agent_config *c,
                         struct ice_turn *turns, struct credentials *credentials)
{
    for (size_t i = 0; i < config->ice_servers.n; i++) {
        struct ice_server s;
        const char *why;

        if (ice_server_parse(config->ice_servers.items[i], &s, &why) < 0)
            continue;
        if (!s.url.is_turn) {
            c->stun = s.url.addr;
        } else if (c->n_turns < ICE_AGENT_TURN_MAX) {
            struct credentials *k = &credentials[c->n_turns];

            make_credentials(&s, k);
            turns[c->n_turns++] = (struct ice_turn){.addr = s.url.addr,
                                                    .tcp = s.url.transport == ICE_TRANSPORT_TCP,
                                                    .user = k->username,
                                                    .password = k->credential};
        }
    }
    c->turns = turns;
}

static int make_ice(struct agent *a, bool controlling)
{
    static const struct ice_agent_handlers handlers = {
        .on_gathered = on_gathered,
        .on_state = on_state,
        .on_pair = on_pair,
        .on_datagram = on_datagram,
    };
    struct addr locals[CANDIDATES_MAX];
    struct ice_turn turns[ICE_AGENT_TURN_MAX];
    struct credentials credentials[ICE_AGENT_TURN_MAX];
    struct ice_agent_config c = {
        .controlling = controlling,
        .ways = a->worker->node->config->ice_tcp ? ICE_WAYS_ALL : ICE_WAYS_UDP,
        .locals = locals,
        .n_locals = local_addresses(a->worker, locals),
        .ufrag = a->ufrag,
        .pwd = a->pwd,
        .handlers = &handlers,
        .arg = a,
    };
    int r;

    a->on_loopback = c.n_locals == 1 && addr_is_loopback(&locals[0]);
    take_servers(a->worker->node->config, &c, turns, credentials);
    r = module_of(a)->agent_new(a->worker->ice_hub, &c, &a->ice);
    secret_wipe(credentials, sizeof(credentials));
    return r == 0 ? module_of(a)->gather(a->ice) : r;
}

int agent_new(struct worker *w, bool controlling, void (*fn)(struct agent *a), struct agent **ret_a)
{
    struct agent *a = calloc(1, sizeof(*a));
    struct ice_lite drawn;
    int r;

    if (!a)
        return -ENOMEM;
    a->way.type = &over_udp;
    a->worker = w;
    a->on_gathered = fn;
    ice_lite_init(&drawn);
    memcpy(a->ufrag, drawn.ufrag, sizeof(a->ufrag));
    memcpy(a->pwd, drawn.pwd, sizeof(a->pwd));
    r = make_ice(a, controlling);
    if (r < 0) {
        agent_free(a);
        return r;
    }
    *ret_a = a;
    return 0;
}

struct agent *agent_free(struct agent *a)
{
    if (!a)
        return NULL;
    module_of(a)->agent_free(a->ice);
    secret_wipe(a, sizeof(*a));
    free(a);
    return NULL;
}

/* ---- candidates ---- */

size_t agent_candidates(const struct agent *a, struct sdp_candidate *ret, size_t max)
{
    return module_of(a)->candidates(a->ice, ret, max);
}

static bool has_found(const struct agent *a, enum sdp_candidate_type type)
{
    struct sdp_candidate found[ICE_AGENT_LOCAL_MAX];
    size_t n = agent_candidates(a, found, ICE_AGENT_LOCAL_MAX);

    for (size_t i = 0; i < n; i++) {
        if (found[i].type == type)
            return true;
    }
    return false;
}

void agent_silent_servers(const struct agent *a, bool turn_alone, char *ret, size_t size)
{
    const struct conf_strings *servers = &a->worker->node->config->ice_servers;
    bool turn = has_found(a, SDP_RELAY), stun = turn_alone || has_found(a, SDP_SRFLX);
    size_t len = 0;

    *ret = '\0';
    for (size_t i = 0; i < servers->n && len < size; i++) {
        struct ice_server s;
        const char *why;

        if (ice_server_parse(servers->items[i], &s, &why) < 0 || (s.url.is_turn ? turn : stun))
            continue;
        len += (size_t) snprintf(ret + len, size - len, "%s%.*s", len > 0 ? " " : "",
                                 (int) s.url_text.len, (const char *) s.url_text.p);
    }
}

static bool is_own(const struct worker *w, const struct addr *addr)
{
    for (size_t i = 0; i < w->candidates.n; i++) {
        const struct candidate *c = &w->candidates.items[i];

        if (addr_ip_eq(&c->addr, addr) || addr_ip_eq(&c->via, addr))
            return true;
    }
    return false;
}

/* A client on this machine is reached by UDP, or connects to us. */
static bool makes_connection_to_itself(const struct agent *a, const struct sdp_candidate *c)
{
    return !a->on_loopback && (c->protocol == SDP_TCP_PASSIVE || c->protocol == SDP_TCP_SO) &&
           is_own(a->worker, &c->addr);
}

static void add_remote(struct agent *a, const struct sdp_candidate *c)
{
    if (addr_is_link_local(&c->addr) || (addr_is_loopback(&c->addr) && !a->on_loopback) ||
        makes_connection_to_itself(a, c))
        return;
    (void) module_of(a)->add_remote(a->ice, c);
}

void agent_set_remote(struct agent *a, const struct neg_peer *peer, struct bytes sdp)
{
    struct sdp_candidate candidates[ICE_AGENT_REMOTE_MAX];
    bool is_end = false;
    size_t n = neg_candidates(sdp, candidates, ICE_AGENT_REMOTE_MAX, &is_end);

    for (size_t i = 0; i < n; i++)
        add_remote(a, &candidates[i]);
    (void) module_of(a)->set_remote(a->ice, peer->ufrag, peer->pwd);
    if (is_end)
        module_of(a)->end_of_remote(a->ice);
}

void agent_add_remote(struct agent *a, const char *text)
{
    struct sdp_candidate c;

    if (strncmp(text, PREFIX, strlen(PREFIX)) == 0 &&
        sdp_candidate_decode(bytes_str(text + strlen(PREFIX)), &c) == 0)
        add_remote(a, &c);
}

int agent_pair(const struct agent *a, struct ice_agent_pair *ret)
{
    return module_of(a)->pair(a->ice, ret);
}
