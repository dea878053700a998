#include "client/ice_full.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOCALS_MAX 16
#define GATHER_US 5000000  /* then we go on with what there is */
#define CHECKS_US 10000000 /* until a pair must be there */

const char *const client_path_names[N_CLIENT_PATHS] = {
    [CLIENT_PATH_ANY] = "any",           [CLIENT_PATH_UDP] = "udp",
    [CLIENT_PATH_TCP] = "tcp",           [CLIENT_PATH_TURN_UDP] = "turn-udp",
    [CLIENT_PATH_TURN_TCP] = "turn-tcp", [CLIENT_PATH_TURN_TLS] = "turn-tls"};

struct ice_full {
    struct ice ice;
    const struct ice_full_config *config;
    struct ice_agent *agent;
    struct loop_timer timer; /* of gathering, then of the checks */
    bool gathered;
    enum ice_state state;
};

static struct ice_full *of(const struct ice *i)
{
    return container_of(i, struct ice_full, ice);
}

static void set_state(struct ice_full *f, enum ice_state state, const char *error)
{
    if (f->state == state || f->state == ICE_FAILED)
        return;
    f->state = state;
    if (state != ICE_CHECKING)
        loop_timer_stop(&f->timer);
    f->ice.handlers->on_state(state, error, f->ice.arg);
}

/* ---- the agent's handlers ---- */

static void gathered(struct ice_full *f)
{
    if (f->gathered)
        return;
    f->gathered = true;
    loop_timer_stop(&f->timer);
    f->ice.handlers->on_gathered(f->ice.arg);
}

static void on_gathered(struct ice_agent *a, void *arg)
{
    (void) a;
    gathered(arg);
}

static void on_gather_timer(struct loop_timer *t)
{
    gathered(container_of(t, struct ice_full, timer));
}

static void on_checks_timer(struct loop_timer *t)
{
    set_state(container_of(t, struct ice_full, timer), ICE_FAILED, "ICE: checks are not answered");
}

static void on_agent_state(struct ice_agent *a, enum ice_agent_state state, void *arg)
{
    struct ice_full *f = arg;

    (void) a;
    if (state == ICE_AGENT_CONNECTED)
        set_state(f, ICE_READY, "");
    else if (state == ICE_AGENT_FAILED && f->state != ICE_NEW)
        set_state(f, ICE_FAILED,
                  f->state == ICE_READY ? "ICE: the other end has fallen silent"
                                        : "ICE: checks are not answered");
}

static void on_datagram(struct ice_agent *a, uint8_t *p, size_t len, size_t cap, void *arg)
{
    const struct ice_full *f = arg;

    (void) a, (void) cap;
    f->ice.handlers->on_data(p, len, f->ice.arg);
}

/* ---- the interface ---- */

static int full_gather(struct ice *i)
{
    struct ice_full *f = of(i);
    int r = loop_timer_start(&f->timer, f->config->loop, GATHER_US, on_gather_timer);

    return r < 0 ? r : ice_agent_gather(f->agent);
}

static void full_describe(const struct ice *i, struct ice_description *ret)
{
    const struct ice_full *f = of(i);

    snprintf(ret->ufrag, sizeof(ret->ufrag), "%s", ice_agent_ufrag(f->agent));
    snprintf(ret->pwd, sizeof(ret->pwd), "%s", ice_agent_pwd(f->agent));
    ret->n_candidates =
        (unsigned) ice_agent_candidates(f->agent, ret->candidates, ICE_CANDIDATES_MAX);
}

static bool is_wanted(const struct ice_full_config *c, const struct sdp_candidate *k)
{
    bool tcp = k->protocol == SDP_TCP_PASSIVE;

    if (c->only.family != 0 && !addr_ip_eq(&c->only, &k->addr))
        return false;
    switch (c->path) {
    case CLIENT_PATH_ANY:
        return tcp || k->protocol == SDP_UDP;
    case CLIENT_PATH_TCP:
        return tcp;
    default:
        return k->protocol == SDP_UDP;
    }
}

static int full_connect(struct ice *i, const struct ice_description *remote)
{
    struct ice_full *f = of(i);
    unsigned n = 0;
    int r = ice_agent_set_remote(f->agent, remote->ufrag, remote->pwd);

    for (unsigned k = 0; r == 0 && k < remote->n_candidates; k++) {
        if (!is_wanted(f->config, &remote->candidates[k]))
            continue;
        r = ice_agent_add_remote(f->agent, &remote->candidates[k]);
        n++;
    }
    if (r < 0 || n == 0)
        return r < 0 ? r : -ENOENT;
    f->state = ICE_CHECKING;
    ice_agent_end_of_remote(f->agent);
    return loop_timer_start(&f->timer, f->config->loop, CHECKS_US, on_checks_timer);
}

static int full_send(struct ice *i, struct bytes datagram)
{
    int r = ice_agent_send(of(i)->agent, &datagram, 1);

    return r < 0 ? r : r == 0 ? -EAGAIN : 0;
}

static bool full_path(const struct ice *i, struct ice_path *ret)
{
    struct ice_agent_pair pair;

    if (ice_agent_pair(of(i)->agent, &pair) < 0)
        return false;
    *ret = (struct ice_path){.local_type = pair.local.type,
                             .remote_type = pair.remote.type,
                             .protocol = pair.local.protocol,
                             .local = pair.local.addr,
                             .remote = pair.remote.addr};
    return true;
}

static void full_free(struct ice *i)
{
    struct ice_full *f = of(i);

    loop_timer_done(&f->timer);
    ice_agent_free(f->agent);
    free(f);
}

/* ---- making ---- */

/* The address from which the kernel reaches the server. */
static bool source_address(const struct addr *server, struct addr *ret)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(server, &sa);
    int fd = socket(server->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *) &sa, len) == 0;

    len = sizeof(sa);
    ok = ok && getsockname(fd, (struct sockaddr *) &sa, &len) == 0 &&
         addr_from_sockaddr((struct sockaddr *) &sa, len, ret) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

/* A relay is asked for from the one address that leads there, everything else from all; from the
 * loopback where there is nothing else. Those of containers' bridges lead nowhere. */
static size_t choose_locals(const struct ice_full_config *c, struct addr ret[static LOCALS_MAX])
{
    struct addr all[LOCALS_MAX];
    char names[LOCALS_MAX][16];
    bool loopback;
    size_t n = 0;
    int found;

    if (c->path >= CLIENT_PATH_TURN_UDP)
        return c->n_turns > 0 && source_address(&c->turns[0].addr, &ret[0]);
    found = addr_local_list(all, LOCALS_MAX, names);
    for (int i = 0; i < found; i++)
        if (!addr_is_loopback(&all[i]) && !addr_is_link_local(&all[i]) &&
            !addr_is_container_interface(names[i]))
            ret[n++] = all[i];
    loopback = n == 0 || (c->only.family != 0 && addr_is_loopback(&c->only));
    for (int i = 0; i < found; i++)
        if (addr_is_loopback(&all[i]) && loopback)
            ret[n++] = all[i];
    return n;
}

static enum ice_ways ways_of(enum client_path path)
{
    switch (path) {
    case CLIENT_PATH_ANY:
        return ICE_WAYS_ALL;
    case CLIENT_PATH_UDP:
        return ICE_WAYS_UDP;
    case CLIENT_PATH_TCP:
        return ICE_WAYS_TCP;
    default:
        return ICE_WAYS_RELAY;
    }
}

int ice_full_new(void *config, const struct ice_handlers *handlers, void *arg, struct ice **ret_i)
{
    static const struct ice_ops ops = {.free = full_free,
                                       .gather = full_gather,
                                       .describe = full_describe,
                                       .connect = full_connect,
                                       .send = full_send,
                                       .path = full_path};
    static const struct ice_agent_handlers agent_handlers = {
        .on_gathered = on_gathered, .on_state = on_agent_state, .on_datagram = on_datagram};
    const struct ice_full_config *c = config;
    struct ice_full *f = calloc(1, sizeof(*f));
    struct addr locals[LOCALS_MAX];
    struct ice_agent_config agent = {.controlling = true,
                                     .ways = ways_of(c->path),
                                     .locals = locals,
                                     .turns = c->turns,
                                     .n_turns = c->n_turns,
                                     .handlers = &agent_handlers,
                                     .arg = f};
    int r;

    if (!f)
        return -ENOMEM;
    f->ice = (struct ice){&ops, handlers, arg};
    f->config = c;
    agent.n_locals = choose_locals(c, locals);
    r = ice_agent_new(c->hub, &agent, &f->agent);
    if (r < 0) {
        free(f);
        return r;
    }
    *ret_i = &f->ice;
    return 0;
}
