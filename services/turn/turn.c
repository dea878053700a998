#include "turn/turn.h"

#include <errno.h>

#define LOCAL_ADDRS_MAX 64

static void find_own_ips(struct turn *t)
{
    struct addr all[LOCAL_ADDRS_MAX];
    int n = addr_local_list(all, LOCAL_ADDRS_MAX, NULL);

    for (int i = 0; i < n; i++) {
        struct addr *own = all[i].family == AF_INET6 ? &t->own_ip6 : &t->own_ip4;

        if (own->family == 0 && !addr_is_loopback(&all[i]) && !addr_is_link_local(&all[i]))
            *own = all[i];
    }
}

int turn_init(struct turn *t, struct loop *l, const struct turn_config *config,
              const struct auth *auth, struct quota *quota)
{
    int r;

    *t = (struct turn){
        .config = config,
        .auth = auth,
        .log_refused = {.interval_ms = 10000},
        .log_failed = {.interval_ms = 10000},
    };
    find_own_ips(t);
    r = alloc_table_new(config->total_quota, quota, &t->allocs);
    if (r == 0)
        r = udp_batch_new(&t->batch);
    if (r == 0)
        r = loop_set_new(l, &t->set);
    if (r < 0)
        turn_done(t);
    return r;
}

void turn_done(struct turn *t)
{
    t->allocs = alloc_table_free(t->allocs);
    t->batch = udp_batch_free(t->batch);
    if (t->set)
        t->set = loop_set_free(t->set);
}

int turn_relay_ip(const struct turn *t, const struct addr *local, int family, struct addr *ret)
{
    const struct addr *own = family == AF_INET6 ? &t->own_ip6 : &t->own_ip4;
    struct addr a = {0};

    if (t->config->relay_ip.family == family)
        a = t->config->relay_ip;
    else if (local->family == family)
        a = *local;
    else if (addr_is_loopback(local))
        addr_parse_ip(family == AF_INET6 ? "::1" : "127.0.0.1", 0, &a);
    else
        a = *own;
    if (a.family == 0)
        return -EAFNOSUPPORT;
    a.port = 0;
    *ret = a;
    return 0;
}
