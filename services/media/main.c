/* visavis-media: the selective forwarding unit. */
#include "media/addresses.h"
#include "media/control.h"
#include "media/transport.h"

#include "base/clock.h"
#include "daemon/daemon.h"

#include <stdlib.h>

#define PORT_STEP 64
#define PORT_TRIES 32
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
    struct worker **workers;
    unsigned n_workers;
};

/* ---- sockets ---- */

static void close_sockets(struct daemon *d)
{
    for (unsigned i = 0; i < d->n_workers; i++)
        d->sockets[i] = udp_free(d->sockets[i]);
}

static int open_sockets_at(struct daemon *d, uint16_t base)
{
    for (unsigned i = 0; i < d->n_workers; i++) {
        int r = udp_new((uint16_t) (base + i), &d->sockets[i]);

        if (r < 0) {
            close_sockets(d);
            return r;
        }
    }
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
        log_error("cannot open %u UDP ports from %ld on%s: %s", d->n_workers, (long) d->config.port,
                  d->config.port_search ? ", nor from any base tried above it" : "", strerror(-r));
    return r;
}

static void describe_sockets(const struct daemon *d)
{
    const struct udp *u = d->sockets[0];
    int receive, send;

    udp_buffers(u, &receive, &send);
    log_info("media on UDP %u-%u, %s%s", udp_port(u), udp_port(u) + d->n_workers - 1,
             udp_has_ipv6(u) ? "IPv4 and IPv6" : "IPv4", udp_uses_gso(u) ? ", GSO" : "");
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

static int start_workers(struct daemon *d)
{
    struct candidates candidates;
    int r = addresses_now(&d->config, udp_has_ipv6(d->sockets[0]), &candidates);

    for (unsigned i = 0; r == 0 && i < d->n_workers; i++) {
        struct udp *u = d->sockets[i];

        d->sockets[i] = NULL;
        r = worker_new(&d->node, i, u, &candidates, d->pulse, &d->workers[i]);
        if (r == 0)
            r = worker_start(d->workers[i]);
    }
    return r;
}

static int prepare(struct daemon *d)
{
    int r = srtp_transport_global_init();

    if (r == 0)
        r = dtls_identity_new(&d->identity);
    d->node = (struct node){.config = &d->config, .identity = d->identity};
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
    d->n_workers = config_worker_count(&d->config);
    d->sockets = calloc(d->n_workers, sizeof(struct udp *));
    d->workers = calloc(d->n_workers, sizeof(struct worker *));
    if (!d->sockets || !d->workers)
        return -ENOMEM;
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
        worker_free(d->workers[i]);
    if (d->sockets)
        close_sockets(d);
    pulse_free(d->pulse);
    control_free(d->control);
    dtls_identity_free(d->identity);
    free(d->sockets);
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
