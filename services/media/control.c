#include "media/control.h"

#include "media/collect.h"
#include "media/dispatch.h"
#include "media/sync_parts.h"
#include "media/trim.h"

#include "link/link.h"
#include "link/media_api.h"

#include "base/rnd.h"
#include "notify/notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define PEERS_MAX 64 /* connections to the control socket */
#define INSTANCE_LEN 16

enum { RPC_INVALID_REQUEST = -32600, RPC_UNKNOWN_METHOD = -32601 };

enum peer_role { PEER_STRANGER, PEER_SIGNALING, PEER_TURN };

struct peer {
    struct list node;
    struct control *control;
    struct link *link;
    enum peer_role role;
    struct sync_parts sync; /* up to now */
};

struct control {
    struct loop *loop;
    struct node *node;
    struct link_listener *listener;
    struct list peers;
    unsigned n_peers;
    char instance[INSTANCE_LEN + 1];
    struct dispatch dispatch;
    struct candidates candidates;
    struct loop_timer orphan_timer;
    struct trim trim;
};

static struct peer *find_signaling(struct control *c)
{
    struct peer *p;

    list_for_each (p, &c->peers, node) {
        if (p->role == PEER_SIGNALING)
            return p;
    }
    return NULL;
}

static struct peer *peer_free(struct peer *p)
{
    list_del(&p->node);
    p->control->n_peers--;
    link_free(p->link);
    sync_parts_done(&p->sync);
    free(p);
    return NULL;
}

/* ---- addresses ---- */

static json_t *peer_json(const struct candidate *at, uint16_t port)
{
    char ip[ADDR_TEXT_SIZE], via[ADDR_TEXT_SIZE];

    return json_pack("{s:s, s:i, s:s*}", "ip", addr_format_ip(&at->addr, ip), "port", (int) port,
                     "via", at->via.family != 0 ? addr_format_ip(&at->via, via) : NULL);
}

static json_t *peers_json(const struct control *c)
{
    json_t *list = json_array();

    for (size_t i = 0; i < c->candidates.n; i++) {
        for (unsigned w = 0; w < c->dispatch.placement.n_workers; w++)
            (void) json_array_append_new(
                list, peer_json(&c->candidates.items[i],
                                udp_port(c->dispatch.placement.workers[w]->udp)));
    }
    return list;
}

void control_set_candidates(struct control *c, const struct candidates *candidates)
{
    bool changed = !candidates_eq(&c->candidates, candidates);
    struct peer *p;

    c->candidates = *candidates;
    if (!changed)
        return;
    for (unsigned i = 0; i < c->dispatch.placement.n_workers; i++) {
        struct message *m = message_new(COMMAND_CANDIDATES);

        if (!m)
            return;
        m->candidates = *candidates;
        mailbox_post(c->dispatch.placement.workers[i]->mailbox, &m->mail);
    }
    list_for_each (p, &c->peers, node) {
        if (p->role != PEER_STRANGER)
            (void) link_notify(p->link, "peers", json_pack("{s:o}", "peers", peers_json(c)));
    }
}

/* ---- requests to all workers ---- */

static void on_sync(struct peer *p, json_t *params, struct link_request *rq)
{
    json_t *rooms = json_object_get(params, "rooms"), *whole = NULL;
    bool more = json_is_true(json_object_get(params, "more"));
    struct control *c = p->control;

    if (!method_sync_rooms_ok(rooms)) {
        sync_parts_refuse(&p->sync, more);
        dispatch_invalid_params(rq, "rooms");
    } else if (sync_parts_add(&p->sync, rooms, more, &whole) < 0) {
        link_reply_error(rq, MEDIA_ERR_ENDPOINT, "The inventory cannot be taken");
    } else {
        if (whole)
            loop_timer_stop(&c->orphan_timer);
        collect_sync(&c->dispatch.placement, rooms, whole, rq);
        json_decref(whole);
    }
}

static void on_stats(struct control *c, json_t *params, struct link_request *rq)
{
    const char *room = json_string_value(json_object_get(params, "room"));

    if (room && strlen(room) >= COMMAND_ID_SIZE)
        dispatch_invalid_params(rq, "room");
    else
        collect_stats(&c->dispatch.placement, &c->dispatch.limits, room,
                      json_is_true(json_object_get(params, "brief")), rq);
}

static void on_orphan_timer(struct loop_timer *t)
{
    struct control *c = container_of(t, struct control, orphan_timer);
    json_t *none = json_object();

    log_warning("no signaling daemon for %d s: dropping all rooms", MEDIA_ORPHAN_S);
    collect_sync(&c->dispatch.placement, none, none, NULL);
    json_decref(none);
}

/* ---- peers ---- */

static void on_hello(struct control *c, struct peer *p, json_t *params, struct link_request *rq)
{
    const char *client = json_string_value(json_object_get(params, "client"));
    struct peer *old;

    if (!client || (strcmp(client, "signaling") != 0 && strcmp(client, "turn") != 0)) {
        dispatch_invalid_params(rq, "client");
        return;
    }
    p->role = PEER_TURN;
    if (strcmp(client, "signaling") == 0) {
        old = find_signaling(c);
        if (old && old != p)
            peer_free(old);
        p->role = PEER_SIGNALING;
        log_info("signaling daemon connected");
    }
    link_reply(rq, json_pack("{s:s, s:s, s:o, s:b}", "node", "media", "instance", c->instance,
                             "peers", peers_json(c), "trickle", c->node->ice != NULL));
}

static void on_request(struct link *k, const char *name, json_t *params, struct link_request *rq,
                       void *arg)
{
    struct peer *p = arg;
    struct control *c = p->control;
    const struct method *method = method_find(name);
    bool is_sync = strcmp(name, "sync") == 0, is_stats = strcmp(name, "stats") == 0;

    (void) k;
    if (strcmp(name, "hello") == 0)
        on_hello(c, p, params, rq);
    else if (!method && !is_sync && !is_stats)
        link_reply_error(rq, RPC_UNKNOWN_METHOD, "unknown method");
    else if (p->role != PEER_SIGNALING)
        link_reply_error(rq, RPC_INVALID_REQUEST, "hello of a signaling daemon did not come first");
    else if (is_sync)
        on_sync(p, params, rq);
    else if (is_stats)
        on_stats(c, params, rq);
    else
        dispatch_request(&c->dispatch, method, params, rq);
}

static void on_notification(struct link *k, const char *method, json_t *params, void *arg)
{
    (void) k, (void) method, (void) params, (void) arg; /* none is defined */
}

static void on_closed(struct link *k, int error, void *arg)
{
    struct peer *p = arg;
    struct control *c = p->control;
    bool was_signaling = p->role == PEER_SIGNALING;

    (void) k;
    peer_free(p);
    if (!was_signaling)
        return;
    if (error == -ECONNRESET) /* how a link ends in order */
        log_notice("signaling daemon is gone, keeping its rooms for %d s", MEDIA_ORPHAN_S);
    else
        log_warning("signaling daemon is gone (%s), keeping its rooms for %d s", strerror(-error),
                    MEDIA_ORPHAN_S);
    (void) loop_timer_start(&c->orphan_timer, c->loop, MEDIA_ORPHAN_S * 1000000ull,
                            on_orphan_timer);
}

int control_add_peer(struct control *c, int fd)
{
    static const struct link_handlers handlers = {
        .on_request = on_request,
        .on_notification = on_notification,
        .on_closed = on_closed,
    };
    struct peer *p = c->n_peers < PEERS_MAX ? calloc(1, sizeof(*p)) : NULL;
    int r;

    if (!p) {
        close(fd);
        return c->n_peers < PEERS_MAX ? -ENOMEM : -EMFILE;
    }
    p->control = c;
    r = link_new(c->loop, fd, &handlers, p, &p->link);
    if (r < 0) {
        free(p);
        return r;
    }
    list_append(&c->peers, &p->node);
    c->n_peers++;
    return 0;
}

static void on_accept(struct link_listener *ls, int fd, void *arg)
{
    int r = control_add_peer(arg, fd);

    (void) ls;
    if (r < 0)
        log_warning("control socket: %s, refusing a connection", strerror(-r));
}

/* ---- messages of the workers ---- */

static void on_note(struct control *c, const struct message *m)
{
    struct peer *p = find_signaling(c);
    bool is_subscriber = *m->subscriber != '\0';

    if (m->state == TRANSPORT_CONNECTED)
        trim_later(&c->trim, c->loop);
    if (!p || m->state == TRANSPORT_CONNECTING)
        return;
    (void) link_notify(p->link, "transport",
                       json_pack("{s:s, s:s, s:s}", "room", m->room,
                                 is_subscriber ? "subscriber" : "stream",
                                 is_subscriber ? m->subscriber : m->stream, "state",
                                 transport_state_name(m->state)));
}

static void on_message(struct mail *mail, void *arg)
{
    struct control *c = arg;
    struct message *m = message_of(mail);

    if (m->type == NOTE_TRANSPORT)
        on_note(c, m);
    else
        dispatch_on_outcome(&c->dispatch, m);
    message_free(m);
}

static void drop_message(struct mail *mail, void *arg)
{
    struct control *c = arg;
    struct message *m = message_of(mail);

    if (m->type != NOTE_TRANSPORT)
        dispatch_on_dropped(&c->dispatch, m);
    message_free(m);
}

/* ---- life ---- */

int control_new(struct loop *l, struct node *node, struct control **ret_c)
{
    struct control *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return -ENOMEM;
    c->loop = l;
    c->node = node;
    list_init(&c->peers);
    rnd_alnum(c->instance, INSTANCE_LEN);
    r = dispatch_init(&c->dispatch, l, node->config);
    if (r == 0)
        r = mailbox_new(l, on_message, c, &node->control);
    if (r < 0) {
        control_free(c);
        return r;
    }
    *ret_c = c;
    return 0;
}

int control_listen(struct control *c, struct worker **workers, unsigned n_workers)
{
    int fd = -1, r;

    r = placement_set_workers(&c->dispatch.placement, workers, n_workers);
    if (r < 0)
        return r;
    r = notify_listen_fds("media", &fd, 1);
    if (r > 0)
        r = link_listen_fd(c->loop, fd, on_accept, c, &c->listener);
    else if (r == 0)
        r = link_listen(c->loop, c->node->config->control, on_accept, c, &c->listener);
    if (r < 0)
        log_error("cannot listen on the control socket %s: %s",
                  fd >= 0 ? "that was inherited" : c->node->config->control, strerror(-r));
    return r;
}

void control_status(const struct control *c, char *text, size_t size)
{
    snprintf(text, size, "%zu rooms, %u transports", map_count(c->dispatch.placement.rooms),
             atomic_load(&c->node->n_transports));
}

struct control *control_free(struct control *c)
{
    struct peer *p;

    if (!c)
        return NULL;
    link_listener_free(c->listener);
    if (c->node->control)
        c->node->control = mailbox_free(c->node->control, drop_message);
    list_for_each (p, &c->peers, node)
        peer_free(p);
    loop_timer_done(&c->orphan_timer);
    trim_done(&c->trim);
    dispatch_done(&c->dispatch);
    free(c);
    return NULL;
}
