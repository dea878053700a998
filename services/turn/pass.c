#include "turn/pass.h"

#include "codec/proxy_header.h"
#include "net/hosts.h"
#include "net/out_queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SWEEP_US 2000000u /* limits of time are tens of seconds */

struct side {
    struct wire wire;
    struct loop_fd io;
    struct out_queue out; /* what it is to be sent */
    bool ended;           /* it sends no more */
    bool told;            /* that we send no more */
};

struct pass {
    struct passes *passes;
    struct list node;
    struct host *host;
    struct side client, site;
    uint64_t moved_ms; /* when bytes last went anywhere */
};

struct passes {
    struct turn *turn;
    struct loop *loop;
    struct sockaddr_un site;
    struct list list;
    size_t n;
    struct hosts *hosts;
    struct loop_timer sweep;
    struct out_pool pool;
    struct log_limit log_site;
    uint8_t raw[WIRE_RAW_SIZE];
    uint8_t in[WIRE_READ_MAX];
};

static void side_close(struct passes *ps, struct side *s)
{
    loop_fd_stop(&s->io);
    out_queue_clear(&s->out, &ps->pool);
    wire_close(&s->wire);
    s->ended = s->told = true;
}

static void pass_free(struct pass *p)
{
    struct passes *ps = p->passes;

    side_close(ps, &p->client);
    side_close(ps, &p->site);
    hosts_leave(ps->hosts, p->host);
    list_del(&p->node);
    ps->n--;
    free(p);
}

/* ---- bytes ---- */

/* Reads once, for the other side; for nobody when that takes no more. */
static int take_in(struct pass *p, struct side *from, struct side *to)
{
    struct passes *ps = p->passes;
    struct bytes b;
    size_t len;
    int r = wire_read(&from->wire, ps->raw, ps->in, &len);

    loop_set_took(ps->turn->set, 1, len >= WIRE_RAW_SIZE);
    from->ended = r == 1;
    if (len == 0)
        return r < 0 ? r : 0;
    b = bytes_of(ps->in, len);
    if (!to->told) {
        p->moved_ms = ps->turn->now_ms;
        if (out_queue_put(&to->out, &ps->pool, &b, 1) < 0)
            return -ENOMEM;
    }
    return r < 0 ? r : 0;
}

/* Sends what it can; at the end says so. 0 also when something is left. */
static int put_out(struct pass *p, struct side *to, const struct side *from)
{
    struct passes *ps = p->passes;
    int r = wire_flush(&to->wire);

    while (r == 0 && to->out.len > 0) {
        ssize_t n = wire_write(&to->wire, out_queue_first(&to->out));

        if (n > 0) {
            out_queue_take(&to->out, &ps->pool, (size_t) n);
            p->moved_ms = ps->turn->now_ms;
            n = 0;
        }
        r = n < 0 ? (int) n : wire_flush(&to->wire);
    }
    if (r == 0 && from->ended && !to->told) {
        wire_end(&to->wire);
        to->told = true;
    }
    return r == -EAGAIN ? 0 : r;
}

/* A side that is not waited for must not be watched: the end of its connection would wake us again
 * and again. */
static int watch(struct pass *p, struct side *s, uint32_t events, loop_fd_fn *fn)
{
    if (events == 0) {
        loop_fd_stop(&s->io);
        return 0;
    }
    return s->io.set ? loop_fd_set_events(&s->io, events)
                     : loop_fd_start(&s->io, p->passes->turn->set, s->wire.fd, events, fn);
}

static bool has_rest(struct side *s)
{
    return s->wire.fd >= 0 && (s->out.len > 0 || wire_flush(&s->wire) == -EAGAIN);
}

static void on_client(struct loop_fd *f, uint32_t revents);
static void on_site(struct loop_fd *f, uint32_t revents);

static int watch_both(struct pass *p)
{
    bool client_rest = has_rest(&p->client), site_rest = has_rest(&p->site);
    uint32_t client = (client_rest ? EPOLLOUT : 0) | (!p->client.ended && !site_rest ? EPOLLIN : 0);
    uint32_t site = (site_rest ? EPOLLOUT : 0) | (!p->site.ended && !client_rest ? EPOLLIN : 0);
    int r = watch(p, &p->client, client, on_client);

    return r < 0 ? r : watch(p, &p->site, site, on_site);
}

static bool is_over(struct pass *p)
{
    return p->client.ended && p->site.ended && !has_rest(&p->client) && !has_rest(&p->site);
}

/* One that takes no more may have said before why: its answer is still delivered. */
static void site_is_deaf(struct pass *p)
{
    out_queue_clear(&p->site.out, &p->passes->pool);
    p->site.told = true;
}

static void pump(struct pass *p)
{
    int r;

    if (p->site.wire.fd >= 0 && put_out(p, &p->site, &p->client) < 0)
        site_is_deaf(p);
    r = put_out(p, &p->client, &p->site);
    if (r == 0 && !is_over(p))
        r = watch_both(p);
    else
        r = -ECANCELED;
    if (r < 0)
        pass_free(p);
}

static void on_client(struct loop_fd *f, uint32_t revents)
{
    struct pass *p = container_of(f, struct pass, client.io);
    bool wanted = f->events & EPOLLIN;

    if (wanted && revents & ~(uint32_t) EPOLLOUT && take_in(p, &p->client, &p->site) < 0)
        pass_free(p);
    else
        pump(p);
}

static void on_site(struct loop_fd *f, uint32_t revents)
{
    struct pass *p = container_of(f, struct pass, site.io);
    bool wanted = f->events & EPOLLIN;

    if (wanted && revents & ~(uint32_t) EPOLLOUT && take_in(p, &p->site, &p->client) < 0)
        p->site.ended = true;
    pump(p);
}

/* ---- the beginning ---- */

/* Reading the rest of the request, so that the answer is not lost with it. */
static void answer(struct pass *p, const char *status)
{
    char text[256];
    struct bytes b;

    snprintf(text, sizeof(text),
             "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
             "Retry-After: 5\r\nConnection: close\r\n\r\n%s\n",
             status, strlen(status) + 1, status);
    b = bytes_str(text);
    (void) out_queue_put(&p->client.out, &p->passes->pool, &b, 1);
    p->site.ended = p->site.told = true;
}

static int open_site(const struct sockaddr_un *sa)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r = 0;

    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *) sa, sizeof(*sa)) < 0)
        r = -errno;
    if (r < 0)
        close(fd);
    return r < 0 ? r : fd;
}

/* Connects, and says who it is for. */
static int begin_site(struct pass *p, const struct addr *client, const struct addr *local,
                      struct bytes begin)
{
    struct passes *ps = p->passes;
    char header[PROXY_HEADER_V1_MAX];
    struct wr w = wr_init(header, sizeof(header));
    struct bytes parts[2] = {{0}, begin};
    int r = proxy_header_write(&w, client, local, &parts[0].len);

    if (r < 0)
        return r;
    parts[0].p = w.start;
    p->site.wire.fd = open_site(&ps->site);
    if (p->site.wire.fd < 0) {
        log_limited(&ps->log_site, LOG_LEVEL_WARNING,
                    "an HTTP client cannot be handed to the web server by %s: %s",
                    ps->site.sun_path, strerror(-p->site.wire.fd));
        return p->site.wire.fd;
    }
    return out_queue_put(&p->site.out, &ps->pool, parts, 2);
}

static void on_sweep(struct loop_timer *t)
{
    struct passes *ps = container_of(t, struct passes, sweep);

    passes_sweep(ps);
    if (ps->n > 0)
        (void) loop_timer_start(t, ps->loop, SWEEP_US, on_sweep);
}

void passes_add(struct passes *ps, struct wire wire, const struct addr *client,
                const struct addr *local, struct bytes begin, bool ended)
{
    struct pass *p = calloc(1, sizeof(*p));

    if (!p) {
        wire_close(&wire);
        return;
    }
    p->passes = ps;
    p->client.wire = wire;
    p->client.ended = ended;
    p->site.wire.fd = -1;
    p->moved_ms = ps->turn->now_ms;
    list_append(&ps->list, &p->node);
    ps->n++;
    if (!loop_timer_is_armed(&ps->sweep))
        (void) loop_timer_start(&ps->sweep, ps->loop, SWEEP_US, on_sweep);
    if (ps->n > PASS_MAX || hosts_enter(ps->hosts, client, PASS_PER_HOST, &p->host) < 0) {
        stats_add(&ps->turn->stats, STAT_CONNECTIONS_REFUSED, 1);
        answer(p, "503 Service Unavailable");
    } else if (begin_site(p, client, local, begin) < 0) {
        answer(p, "502 Bad Gateway");
    }
    pump(p);
}

/* ---- all of them ---- */

static bool took_too_long(struct pass *p, uint64_t now_ms)
{
    uint64_t still_ms = now_ms - p->moved_ms;

    if (has_rest(&p->client) || has_rest(&p->site))
        return still_ms >= PASS_STALLED_MS;
    return p->site.ended && still_ms >= PASS_LINGER_MS;
}

void passes_sweep(struct passes *ps)
{
    struct pass *p;

    turn_tick(ps->turn);
    list_for_each (p, &ps->list, node) {
        if (took_too_long(p, ps->turn->now_ms))
            pass_free(p);
    }
}

size_t passes_count(const struct passes *ps)
{
    return ps->n;
}

int passes_new(struct turn *turn, struct loop *l, const char *path, struct passes **ret_passes)
{
    struct passes *ps = calloc(1, sizeof(*ps));
    int r = ps ? hosts_new(PASS_MAX, &ps->hosts) : -ENOMEM;

    if (r == 0 && strlen(path) >= sizeof(ps->site.sun_path))
        r = -ENAMETOOLONG;
    if (r < 0) {
        if (ps)
            hosts_free(ps->hosts);
        free(ps);
        return r;
    }
    ps->turn = turn;
    ps->loop = l;
    ps->site.sun_family = AF_UNIX;
    memcpy(ps->site.sun_path, path, strlen(path) + 1);
    list_init(&ps->list);
    ps->log_site = (struct log_limit){.interval_ms = 10000};
    *ret_passes = ps;
    return 0;
}

struct passes *passes_free(struct passes *ps)
{
    struct pass *p;

    if (!ps)
        return NULL;
    list_for_each (p, &ps->list, node)
        pass_free(p);
    loop_timer_done(&ps->sweep);
    hosts_free(ps->hosts);
    out_pool_done(&ps->pool);
    free(ps);
    return NULL;
}
