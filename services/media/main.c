/* visavis-media: the selective forwarding unit. */
#include "media/addresses.h"
#include "media/control.h"
#include "media/transport.h"

#include "base/clock.h"
#include "daemon/daemon.h"
#include "ice_agent/ice_module.h"
#include "net/tcp_listener.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define PORT_STEP 64
#define PORT_TRIES 32
#define MODULE_WHY_SIZE 512
#define BUFFER_WANTED (1 << 20) /* a smaller socket buffer loses packets in a busy call */

struct daemon {
    struct config config;
    struct node node;
    struct loop *loop;
    struct dtls_identity *identity;
    struct pulse *pulse;
    struct control *control;
    struct addresses *addresses;
    struct udp **sockets;
    int *tcp_sockets; /* on the same ports; -1: none */
    struct worker **workers;
    unsigned n_workers;
};

/* ---- sockets ---- */

static void close_sockets(struct daemon *d)
{
    for (unsigned i = 0; i < d->n_workers; i++) {
        d->sockets[i] = udp_free(d->sockets[i]);
        if (d->tcp_sockets[i] >= 0)
            close(d->tcp_sockets[i]);
        d->tcp_sockets[i] = -1;
    }
}

/* Full agents have listeners of their own. */
static bool listens_tcp(const struct config *c)
{
    return c->ice_tcp && strcmp(c->ice, "lite") == 0;
}

/* Without one, media goes by UDP alone; but where we may look further for a port, it is to be free
 * for both. */
static int open_tcp(const struct daemon *d, const struct udp *u, int *ret_fd)
{
    struct addr any = {.family = udp_has_ipv6(u) ? AF_INET6 : AF_INET, .port = udp_port(u)};
    int fd = tcp_listener_socket(&any, TCP_LISTENER_BOTH_FAMILIES);

    *ret_fd = fd < 0 ? -1 : fd;
    if (fd >= 0)
        return 0;
    if (fd == -EADDRINUSE && d->config.port_search)
        return fd;
    log_warning("no media over TCP on port %u: %s", any.port, strerror(-fd));
    return 0;
}

static int open_sockets_at(struct daemon *d, uint16_t base)
{
    for (unsigned i = 0; i < d->n_workers; i++) {
        int r = udp_new((uint16_t) (base + i), &d->sockets[i]);

        if (r == 0 && listens_tcp(&d->config))
            r = open_tcp(d, d->sockets[i], &d->tcp_sockets[i]);
        if (r < 0) {
            close_sockets(d);
            return r;
        }
    }
    return 0;
}

static int allocate_sockets(struct daemon *d)
{
    d->n_workers = config_worker_count(&d->config);
    d->sockets = calloc(d->n_workers, sizeof(d->sockets[0]));
    d->tcp_sockets = calloc(d->n_workers, sizeof(d->tcp_sockets[0]));
    d->workers = calloc(d->n_workers, sizeof(d->workers[0]));
    if (!d->sockets || !d->tcp_sockets || !d->workers)
        return -ENOMEM;
    for (unsigned i = 0; i < d->n_workers; i++)
        d->tcp_sockets[i] = -1;
    return 0;
}

static int open_sockets(struct daemon *d)
{
    long base = (long) d->config.port;
    unsigned tries = d->config.port_search ? PORT_TRIES : 1;
    int r = -EADDRINUSE;

    while (tries-- > 0 && base + d->n_workers <= 65535) {
        r = open_sockets_at(d, (uint16_t) base);
        if (r != -EADDRINUSE)
            break;
        base += PORT_STEP;
    }
    if (r < 0)
        log_error("cannot open %u ports for media from %ld on%s: %s", d->n_workers,
                  (long) d->config.port,
                  d->config.port_search ? ", nor from any base tried above it" : "", strerror(-r));
    return r;
}

static void describe_sockets(const struct daemon *d)
{
    const struct udp *u = d->sockets[0];
    int receive, send;

    udp_buffers(u, &receive, &send);
    log_info("media on UDP%s %u-%u, %s%s", listens_tcp(&d->config) ? " and TCP" : "", udp_port(u),
             udp_port(u) + d->n_workers - 1, udp_has_ipv6(u) ? "IPv4 and IPv6" : "IPv4",
             udp_uses_gso(u) ? ", GSO" : "");
    if (receive < BUFFER_WANTED || send < BUFFER_WANTED)
        log_warning("socket buffers are %d and %d KiB: busy calls will lose packets; raise "
                    "net.core.rmem_max and wmem_max",
                    receive / 1024, send / 1024);
}

static void set_busy_poll(const struct daemon *d)
{
    unsigned us = (unsigned) d->config.busy_poll_us;
    int r = 0;

    for (unsigned i = 0; us > 0 && i < d->n_workers; i++)
        r = udp_set_busy_poll(d->sockets[i], us);
    if (r < 0)
        log_warning("the kernel does not let us poll busily (%s): without privileges "
                    "net.core.busy_read has to be %u already",
                    strerror(-r), us);
}

/* ---- start and stop ---- */

static void on_candidates(const struct candidates *c, void *arg)
{
    struct daemon *d = arg;

    control_set_candidates(d->control, c);
}

/* The sockets are the worker's from now on. */
static int start_worker(struct daemon *d, unsigned i, const struct candidates *candidates)
{
    struct udp *u = d->sockets[i];
    int fd = d->tcp_sockets[i];
    int r;

    d->sockets[i] = NULL;
    r = worker_new(&d->node, i, u, candidates, d->pulse, &d->workers[i]);
    if (r == 0 && fd >= 0) {
        d->tcp_sockets[i] = -1;
        r = worker_listen_tcp(d->workers[i], fd);
    }
    return r < 0 ? r : worker_start(d->workers[i]);
}

static int start_workers(struct daemon *d)
{
    struct candidates candidates;
    int r = addresses_now(&d->config, udp_has_ipv6(d->sockets[0]), &candidates);

    for (unsigned i = 0; r == 0 && i < d->n_workers; i++)
        r = start_worker(d, i, &candidates);
    return r;
}

/* Before threads are made. */
static int load_ice(const struct config *c, const struct ice_module **ret_ice)
{
    char why[MODULE_WHY_SIZE];
    int r;

    if (strcmp(c->ice, "agent") != 0)
        return 0;
    r = ice_module_load(ret_ice, why, sizeof(why));
    if (r < 0)
        log_error("ice = \"agent\" needs libnice: %s", why);
    else if (c->ice_servers.n == 0)
        log_warning("ice = \"agent\" without ice_servers: only clients that this machine reaches "
                    "by itself can be connected");
    return r;
}

static int prepare(struct daemon *d)
{
    const struct ice_module *ice = NULL;
    int r = srtp_transport_global_init();

    if (r == 0)
        r = dtls_identity_new(&d->identity);
    if (r == 0)
        r = load_ice(&d->config, &ice);
    d->node = (struct node){
        .config = &d->config,
        .n_workers = d->n_workers,
        .identity = d->identity,
        .ice = ice,
        .agents.max = (unsigned) d->config.max_agents,
    };
    if (r == 0)
        r = pulse_new(d->loop, &d->pulse);
    if (r == 0)
        r = control_new(d->loop, &d->node, &d->control);
    return r;
}

static int start(void *self, struct loop *l)
{
    struct daemon *d = self;
    bool with_ipv6;
    int r;

    d->loop = l;
    r = allocate_sockets(d);
    if (r == 0)
        r = prepare(d);
    if (r < 0)
        return r;
    r = open_sockets(d);
    if (r < 0)
        return r;
    describe_sockets(d);
    set_busy_poll(d);
    with_ipv6 = udp_has_ipv6(d->sockets[0]);
    r = start_workers(d);
    if (r == 0)
        r = control_listen(d->control, d->workers, d->n_workers);
    if (r == 0)
        r = addresses_new(d->loop, &d->config, with_ipv6, on_candidates, d, &d->addresses);
    return r;
}

static void stop(void *self)
{
    struct daemon *d = self;

    addresses_free(d->addresses);
    for (unsigned i = 0; d->workers && i < d->n_workers; i++)
        worker_ask_to_stop(d->workers[i]);
    for (unsigned i = 0; d->workers && i < d->n_workers; i++)
        worker_stop(d->workers[i]);
    for (unsigned i = 0; d->workers && i < d->n_workers; i++)
        worker_free(d->workers[i]);
    if (d->sockets && d->tcp_sockets)
        close_sockets(d);
    pulse_free(d->pulse);
    control_free(d->control);
    dtls_identity_free(d->identity);
    free(d->sockets);
    free(d->tcp_sockets);
    free(d->workers);
}

static int read_config(void *self, const char *path, conf_problem_fn *fn, void *arg)
{
    struct daemon *d = self;

    return config_read(path, &d->config, fn, arg);
}

static int reload(void *self, const char *path, conf_problem_fn *fn, conf_problem_fn *fn_later,
                  void *arg)
{
    struct daemon *d = self;
    int r = config_reload(&d->config, path, fn, fn_later, arg);

    if (r == 0)
        addresses_reloaded(d->addresses);
    return r;
}

static void status(void *self, char *text, size_t size)
{
    const struct daemon *d = self;

    control_status(d->control, text, size);
}

static const char *log_level(const void *self)
{
    const struct daemon *d = self;

    return d->config.log_level;
}

static void done_config(void *self)
{
    struct daemon *d = self;

    config_done(&d->config);
}

int main(int argc, char **argv)
{
    static const struct daemon_def def = {
        .name = "visavis-media",
        .read_config = read_config,
        .log_level = log_level,
        .reload = reload,
        .status = status,
        .start = start,
        .stop = stop,
        .done_config = done_config,
    };
    static struct daemon d;

    return daemon_main(&def, &d, argc, argv);
}
