#include "turn/turn.h"

#include "base/clock.h"
#include "base/rnd.h"
#include "net/udp_socket.h"

#include <errno.h>
#include <unistd.h>

/* How long packets may wait for others to be dealt with together, when there are many. The kernel
 * adds 50 us of timer slack: half a millisecond is what nobody hears. */
#define POLL_TICK_US 440

#define ROOM_MIN (UDP_IN_SLOTS / 4) /* a receive call for less is not worth it */

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
    if (fd < 0 || connect(fd, (struct sockaddr *) &sa, len) < 0 || addr_of_socket(fd, &a) < 0)
        a = (struct addr){0};
    if (fd >= 0)
        close(fd);
    return a;
}

static void begin_round(void *turn)
{
    turn_tick(turn);
}

static void end_round(void *turn)
{
    turn_flush(turn);
}

int turn_init(struct turn *t, struct loop *l, const struct turn_config *config,
              const struct auth *auth, struct quota *quota)
{
    int r;

    *t = (struct turn){
        .config = config,
        .auth = auth,
        .external_ip = config_told_ip(config),
        .alternate_server = config->alternate_server,
        .user_kbps = config->user_kbps,
        .own_ip4 = own_ip("192.0.2.1"),
        .own_ip6 = own_ip("2001:db8::1"),
        .last_tid = rnd_u32(),
        .log_refused = {.interval_ms = 10000},
        .log_failed = {.interval_ms = 10000},
    };
    list_init(&t->flushers);
    r = alloc_table_new(CONFIG_QUOTA_MAX, quota, &t->allocs);
    if (r == 0)
        r = ratelimit_new(&ratelimit_logins, config->n_threads, &t->logins);
    if (r == 0)
        r = ratelimit_new(&ratelimit_bindings, config->n_threads, &t->bindings);
    if (r == 0)
        r = udp_in_new(&t->in);
    if (r == 0)
        r = udp_out_new(&t->out);
    if (r == 0)
        r = loop_set_new(l, &t->set);
    if (r < 0) {
        turn_done(t);
        return r;
    }
    loop_set_on_round(t->set, begin_round, end_round, t);
    loop_set_poll(t->set, POLL_TICK_US);
    return 0;
}

void turn_done(struct turn *t)
{
    t->allocs = alloc_table_free(t->allocs);
    t->tls = tls_context_unref(t->tls);
    t->logins = ratelimit_free(t->logins);
    t->bindings = ratelimit_free(t->bindings);
    t->in = udp_in_free(t->in);
    t->out = udp_out_free(t->out);
    t->peers = peers_unref(t->peers);
    if (t->set)
        t->set = loop_set_free(t->set);
}

void turn_set_peers(struct turn *t, struct peers *peers)
{
    peers_unref(t->peers);
    t->peers = peers;
}

void turn_tick(struct turn *t)
{
    t->now_ms = clock_ms();
    t->wall_ms = clock_wall_ms();
}

void turn_flush(struct turn *t)
{
    uint64_t lost = udp_out_counters(t->out)->lost;
    struct turn_flusher *f;

    list_for_each (f, &t->flushers, node)
        f->fn(f);
    udp_out_flush(t->out);
    stats_add(&t->stats, STAT_PACKETS_LOST, udp_out_counters(t->out)->lost - lost);
    udp_in_release(t->in);
}

unsigned turn_receive(struct turn *t, int fd)
{
    int n;

    if (udp_in_room(t->in) < ROOM_MIN)
        turn_flush(t);
    n = udp_in_receive(t->in, fd);
    if (n <= 0)
        return 0;
    loop_set_took(t->set, (unsigned) n, udp_in_room(t->in) == 0);
    return (unsigned) n;
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
