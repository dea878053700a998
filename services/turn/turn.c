#include "turn/turn.h"

#include "base/clock.h"
#include "base/rnd.h"

#include <errno.h>
#include <unistd.h>

/* The address of this machine from which it would send to the world; nothing is sent. The
 * documentation's addresses (RFC 5737, RFC 3849) are routed like any other. */
static struct addr own_ip(const char *anywhere)
{
    struct sockaddr_storage sa;
    struct addr a = {0};
    socklen_t len;
    int fd;

    addr_parse_ip(anywhere, 9, &a);
    len = addr_to_sockaddr(&a, &sa);
    fd = socket(a.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *) &sa, len) < 0 || udp_bound_addr(fd, &a) < 0)
        a = (struct addr){0};
    if (fd >= 0)
        close(fd);
    return a;
}

int turn_init(struct turn *t, struct loop *l, const struct turn_config *config,
              const struct auth *auth, struct quota *quota)
{
    int r;

    *t = (struct turn){
        .config = config,
        .auth = auth,
        .external_ip = config->external_ip,
        .own_ip4 = own_ip("192.0.2.1"),
        .own_ip6 = own_ip("2001:db8::1"),
        .last_tid = rnd_u32(),
        .log_refused = {.interval_ms = 10000},
        .log_failed = {.interval_ms = 10000},
    };
    list_init(&t->flushers);
    r = alloc_table_new(CONFIG_QUOTA_MAX, quota, &t->allocs);
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
    t->tls = tls_context_unref(t->tls);
    t->batch = udp_batch_free(t->batch);
    if (t->set)
        t->set = loop_set_free(t->set);
}

void turn_tick(struct turn *t)
{
    t->now_ms = clock_ms();
    t->wall_ms = clock_wall_ms();
}

void turn_flush(struct turn *t)
{
    struct turn_flusher *f;

    list_for_each (f, &t->flushers, node)
        f->fn(f);
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
