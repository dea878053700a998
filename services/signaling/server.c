#include "server.h"

#include "base/log.h"
#include "connection.h"
#include "events.h"
#include "lifecycle.h"
#include "media.h"
#include "notify/notify.h"
#include "reasons.h"
#include "rest.h"
#include "socket.h"
#include "stream.h"
#include "web/web.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SWEEP_US 500000
#define STOP_US 200000 /* for the last words to leave */
#define BACKLOG 512

/* ---- the media daemon ---- */

/* Everything that the media daemon should have of one session. */
static json_t *room_inventory(const struct session *s)
{
    json_t *streams = json_array(), *subscribers = json_array();
    char name[SUBSCRIBER_ID_SIZE];
    struct subscription *sub;
    struct connection *c;

    list_for_each (c, &s->participants, node) {
        if (c->stream)
            json_array_append_new(streams, json_string(c->stream->id));
        list_for_each (sub, &c->subscriptions, of_subscriber) {
            subscriber_id(c->id, sub->stream->id, name);
            json_array_append_new(subscribers, json_string(name));
        }
    }
    return json_pack("{s:o,s:o}", "streams", streams, "subscribers", subscribers);
}

static json_t *inventory(void *arg)
{
    struct app *app = arg;
    json_t *rooms = json_object();
    struct session *s;

    list_for_each (s, &app->sessions.all, node) {
        if (s->active)
            json_object_set_new(rooms, s->unique_id, room_inventory(s));
    }
    return rooms;
}

static bool names(json_t *list, const char *id)
{
    json_t *entry;
    size_t i;

    json_array_foreach (list, i, entry) {
        const char *text = json_string_value(entry);

        if (text && strcmp(text, id) == 0)
            return true;
    }
    return false;
}

static void drop_missing(struct app *app, struct session *s, json_t *missing)
{
    json_t *streams = json_object_get(missing, "streams");
    json_t *subscribers = json_object_get(missing, "subscribers");
    char name[SUBSCRIBER_ID_SIZE];
    struct subscription *sub;
    struct connection *c;

    list_for_each (c, &s->participants, node) {
        if (c->stream && names(streams, c->stream->id))
            lifecycle_unpublish(app, c->stream, true, REASON_MEDIA_SERVER_RECONNECT);
    }
    list_for_each (c, &s->participants, node) {
        list_for_each (sub, &c->subscriptions, of_subscriber) {
            subscriber_id(c->id, sub->stream->id, name);
            if (names(subscribers, name))
                subscription_free(sub);
        }
    }
}

static void on_missing(json_t *missing, void *arg)
{
    struct app *app = arg;
    struct session *s;

    list_for_each (s, &app->sessions.all, node)
        drop_missing(app, s, json_object_get(missing, s->unique_id));
}

static void on_media_lost(void *arg)
{
    lifecycle_close_all(arg, true, REASON_NODE_CRASHED);
}

/* ---- requests ---- */

static void on_request(struct web_request *rq, void *arg)
{
    struct app *app = arg;
    const char *first = web_segment(rq, 0);

    if (web_wants_upgrade(rq) && first && strcmp(first, "openvidu") == 0 && web_n_segments(rq) == 1)
        socket_accept(app, rq);
    else
        rest_handle(app, rq);
}

/* ---- listeners ---- */

static int listen_unix(const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd, error;

    if (strlen(path) >= sizeof(sun.sun_path))
        return -ENAMETOOLONG;
    strcpy(sun.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    unlink(path);
    if (bind(fd, (struct sockaddr *) &sun, sizeof(sun)) < 0 || chmod(path, 0660) < 0 ||
        listen(fd, BACKLOG) < 0) {
        error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

/* "IP:PORT", "[IPv6]:PORT" */
static int listen_tcp(const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t) (colon - text) : 0;
    bool bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';
    struct addr a;
    uint64_t port;
    char ip[64];

    if (bracketed) {
        text++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof(ip) || bytes_to_u64(bytes_str(colon + 1), 65535, &port) < 0)
        return -EINVAL;
    memcpy(ip, text, len);
    ip[len] = '\0';
    if (addr_parse_ip(ip, (uint16_t) port, &a) < 0)
        return -EINVAL;
    return web_listen_tcp(&a);
}

/* Port 0 is for those who read the log. */
static void log_listener(const char *text, int fd)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    char buf[ADDR_TEXT_SIZE];
    struct addr a;

    if (getsockname(fd, (struct sockaddr *) &ss, &len) == 0 &&
        addr_from_sockaddr((struct sockaddr *) &ss, len, &a) == 0)
        log_info("listening on tcp:%s", addr_format(&a, buf));
    else
        log_info("listening on %s", text);
}

static int listen_on(struct app *app, const char *text)
{
    bool is_unix = strncmp(text, "unix:", 5) == 0;
    int fd = -EINVAL;

    if (is_unix)
        fd = listen_unix(text + 5);
    else if (strncmp(text, "tcp:", 4) == 0)
        fd = listen_tcp(text + 4);
    if (fd < 0)
        return fd;
    log_listener(text, fd);
    return web_add_listener(app->web, fd, is_unix);
}

/* Sockets that systemd made, or else those of the configuration. */
static int listen_all(struct app *app)
{
    int fds[8];
    int n = notify_listen_fds("signaling", fds, 8);
    int error;

    for (int i = 0; i < n && i < 8; i++) {
        error = web_add_listener(app->web, fds[i], true);
        if (error)
            return error;
    }
    for (size_t i = 0; n == 0 && i < app->config.listen.n; i++) {
        error = listen_on(app, app->config.listen.items[i]);
        if (error) {
            log_error("cannot listen on %s: %s", app->config.listen.items[i], strerror(-error));
            return error;
        }
    }
    return 0;
}

/* ---- time ---- */

static void on_sweep(struct loop_timer *t)
{
    struct app *app = container_of(t, struct app, sweep_timer);

    clients_sweep(&app->clients);
    loop_timer_start(t, app->loop, SWEEP_US, on_sweep);
}

static void on_gc(struct loop_timer *t)
{
    struct app *app = container_of(t, struct app, gc_timer);

    lifecycle_collect_garbage(app, (uint64_t) app->config.gc_threshold_s * 1000);
    loop_timer_start(t, app->loop, (uint64_t) app->config.gc_interval_s * 1000000, on_gc);
}

static int start_timers(struct app *app)
{
    int error = loop_timer_start(&app->sweep_timer, app->loop, SWEEP_US, on_sweep);

    if (!error && app->config.gc_interval_s)
        error = loop_timer_start(&app->gc_timer, app->loop,
                                 (uint64_t) app->config.gc_interval_s * 1000000, on_gc);
    return error;
}

/* ---- all of it ---- */

int server_start(struct app *app, struct loop *l)
{
    static const struct media_handlers media_handlers = {
        .inventory = inventory, .on_missing = on_missing, .on_lost = on_media_lost};
    const struct config *c = &app->config;
    struct web_limits limits = {.websockets = (unsigned) c->max_clients};
    int error;

    app->loop = l;
    error = sessions_init(&app->sessions, (size_t) c->max_sessions);
    if (!error)
        error = clients_init(&app->clients, app, (size_t) c->max_clients + 16);
    if (!error)
        error = media_new(l, c->media_control, (uint64_t) c->media_lost_s * 1000, &media_handlers,
                          app, &app->media);
    if (!error)
        error = web_new(l, &limits, on_request, app, &app->web);
    if (!error)
        error = start_timers(app);
    if (error) {
        log_error("cannot start: %s", strerror(-error));
        return error;
    }
    return listen_all(app);
}

static void on_quit(struct loop_timer *t)
{
    loop_quit(container_of(t, struct app, quit_timer)->loop, 0);
}

void server_stop(struct app *app)
{
    if (loop_timer_is_armed(&app->quit_timer))
        return;
    lifecycle_close_all(app, false, REASON_SERVER_STOPPED);
    loop_timer_start(&app->quit_timer, app->loop, STOP_US, on_quit);
}

void server_done(struct app *app)
{
    app->media = media_free(app->media);
    app->web = web_free(app->web);
    sessions_done(&app->sessions);
    clients_done(&app->clients);
    loop_timer_done(&app->sweep_timer);
    loop_timer_done(&app->gc_timer);
    loop_timer_done(&app->quit_timer);
}
