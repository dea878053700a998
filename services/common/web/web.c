#include "web/web_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

/* Rounds of the daemon before others get a turn. */
#define PUMP_ROUNDS 4
/* The daemon's own limit is never met: it stands above ours. */
#define CONNECTION_SLACK 64
/* The daemon's memory for a connection: a head that is somewhat too long is refused by us, with the
 * headers of every answer, and the answer's own head finds room. 32 KiB by default. */
#define POOL_FOR(header_bytes) ((header_bytes) + (header_bytes) / 3)

static void on_daemon_timer(struct loop_timer *t);

static void arm_daemon_timer(struct web *w, uint64_t delay_ms)
{
    uint64_t due = clock_us() + delay_ms * 1000;

    /* Only ever pulled forward, so that not every request costs a timer call. */
    if (loop_timer_is_armed(&w->daemon_timer) && w->daemon_timer_us <= due)
        return;
    w->daemon_timer_us = due;
    (void) loop_timer_start(&w->daemon_timer, w->loop, delay_ms * 1000, on_daemon_timer);
}

/* Never from inside the daemon's callbacks: the daemon cannot be entered twice. */
static void pump(struct web *w)
{
    MHD_UNSIGNED_LONG_LONG delay_ms = 0;

    for (int i = 0; i < PUMP_ROUNDS; i++) {
        (void) MHD_run(w->daemon);
        web_conn_drop_refused(w);
        if (MHD_get_timeout(w->daemon, &delay_ms) != MHD_YES)
            return;
        if (delay_ms > 0) {
            arm_daemon_timer(w, delay_ms);
            return;
        }
    }
    web_pump_later(w);
}

static void on_daemon_io(struct loop_io *io, uint32_t revents)
{
    (void) revents;
    pump(container_of(io, struct web, daemon_io));
}

static void on_daemon_timer(struct loop_timer *t)
{
    pump(container_of(t, struct web, daemon_timer));
}

static void on_pump(struct loop_defer *d)
{
    pump(container_of(d, struct web, pump));
}

void web_pump_later(struct web *w)
{
    loop_defer_arm(&w->pump);
}

static void on_sweep(struct loop_timer *t)
{
    struct web *w = container_of(t, struct web, sweep);

    web_conn_sweep(w);
    web_request_sweep(w);
    web_listeners_resume(w);
    if (!list_empty(&w->conns) || w->accept_paused)
        web_sweep_later(w);
}

void web_sweep_later(struct web *w)
{
    if (!loop_timer_is_armed(&w->sweep))
        (void) loop_timer_start(&w->sweep, w->loop, SECOND_US, on_sweep);
}

/* Escapes stay in the URI: we decode them segment by segment. */
static size_t keep_escapes(void *arg, struct MHD_Connection *mhd, char *s)
{
    (void) arg;
    (void) mhd;
    return strlen(s);
}

static void on_daemon_log(void *arg, const char *fmt, va_list ap)
{
    char text[256];

    (void) arg;
    (void) vsnprintf(text, sizeof(text), fmt, ap);
    log_debug("http: %s", text);
}

static int start_daemon(struct web *w)
{
    const union MHD_DaemonInfo *info;

    w->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_UPGRADE | MHD_ALLOW_SUSPEND_RESUME |
            MHD_USE_ERROR_LOG,
        0, NULL, NULL, web_request_on_access, w, MHD_OPTION_EXTERNAL_LOGGER, on_daemon_log, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, web_conn_on_notify, w, MHD_OPTION_NOTIFY_COMPLETED,
        web_request_on_completed, w, MHD_OPTION_URI_LOG_CALLBACK, web_request_on_uri, w,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_CONNECTION_LIMIT,
        w->limits.connections + CONNECTION_SLACK, MHD_OPTION_CONNECTION_TIMEOUT, w->limits.idle_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL_FOR(w->limits.header_bytes), MHD_OPTION_END);
    if (!w->daemon)
        return -EIO;
    info = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info)
        return -EIO;
    return loop_io_start(&w->daemon_io, w->loop, info->epoll_fd, EPOLLIN, on_daemon_io);
}

static struct web_limits with_defaults(const struct web_limits *given)
{
    struct web_limits l = given ? *given : (struct web_limits){0};

#define DEFAULT(field, value) l.field = l.field ? l.field : (value)
    DEFAULT(header_bytes, 24576);
    DEFAULT(body_bytes, 1048576);
    DEFAULT(bodies_bytes, 67108864);
    DEFAULT(connections, 4096);
    DEFAULT(websockets, 10000);
    DEFAULT(ws_message_bytes, 65536);
    DEFAULT(ws_queue_bytes, 1048576);
    DEFAULT(ws_queues_bytes, 268435456);
    DEFAULT(request_s, 75);
    DEFAULT(idle_s, 75);
    DEFAULT(answer_s, 60);
#undef DEFAULT
    return l;
}

void web_before_sending(struct web *w, web_before_fn *fn, void *arg)
{
    w->before = fn;
    w->before_arg = arg;
}

void web_stop_listening(struct web *w)
{
    web_listeners_free(w);
}

/* Of the WebSockets. */
static void before_sending(void *owner)
{
    const struct web *w = owner;

    if (w->before)
        w->before(w->before_arg);
}

static void release_count(void *owner, void *ticket)
{
    (void) owner;
    addr_count_release(ticket);
}

void web_struck(struct web *w, enum web_limit which, const struct addr *from)
{
    if (w->limits.struck)
        w->limits.struck(which, from, w->arg);
}

int web_new(struct loop *l, const struct web_limits *limits, web_handler_fn *handler, void *arg,
            struct web **ret_web)
{
    struct web *w = calloc(1, sizeof(*w));
    struct ws_group_config config;
    int r;

    if (!w)
        return -ENOMEM;
    w->loop = l;
    w->limits = with_defaults(limits);
    w->handler = handler;
    w->arg = arg;
    list_init(&w->listeners);
    list_init(&w->conns);
    list_init(&w->accepted);
    list_init(&w->waiting);
    list_init(&w->late);
    config = (struct ws_group_config){
        .message_bytes = w->limits.ws_message_bytes,
        .queue_bytes = w->limits.ws_queue_bytes,
        .all_queues_bytes = w->limits.ws_queues_bytes,
        .max = w->limits.websockets,
        .release = release_count,
        .before_sending = before_sending,
        .owner = w,
    };
    r = addr_counts_new((size_t) w->limits.connections + w->limits.websockets, &w->addresses);
    if (r == 0)
        r = ws_group_new(l, &config, &w->sockets);
    if (r == 0)
        r = loop_defer_init(&w->pump, l, on_pump);
    if (r == 0)
        r = start_daemon(w);
    if (r < 0) {
        web_free(w);
        return r;
    }
    *ret_web = w;
    return 0;
}

void web_on_answer(struct web *w, web_answer_fn *fn, void *arg)
{
    w->on_answer = fn;
    w->on_answer_arg = arg;
}

void web_counts(const struct web *w, struct web_counts *ret)
{
    *ret = (struct web_counts){.connections = w->n_conns, .refused = w->n_refused};
}

struct web *web_free(struct web *w)
{
    if (!w)
        return NULL;
    w->stopping = true;
    web_listeners_free(w);
    if (w->daemon) {
        /* The daemon aborts the process if it is stopped while a request is suspended. */
        web_request_abandon_all(w);
        for (int i = 0; i < PUMP_ROUNDS; i++)
            (void) MHD_run(w->daemon);
        loop_io_stop(&w->daemon_io);
        MHD_stop_daemon(w->daemon);
        web_conn_drop_refused(w);
    }
    web_request_free_late(w);
    ws_group_free(w->sockets);
    addr_counts_free(w->addresses);
    web_headers_clear(&w->always);
    loop_timer_done(&w->daemon_timer);
    loop_timer_done(&w->sweep);
    loop_defer_done(&w->pump);
    free(w);
    return NULL;
}
