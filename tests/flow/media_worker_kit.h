/* media_worker_kit.h: a worker of the media daemon (or MEDIA_KIT_WORKERS of them) in the test's own
 * thread, so that what it keeps can be looked at, and peers of it. */
#pragma once

#include "media_peers.h"

#include "base/clock.h"
#include "media/publisher.h"
#include "media/requests.h"
#include "media/subscriber.h"

#ifndef MEDIA_KIT_WORKERS
#define MEDIA_KIT_WORKERS 1
#endif

static struct config config = {
    .max_rooms = 10, .max_streams = 10, .max_subscribers = 10, .max_transports = 2000};
static struct node node = {.config = &config, .n_workers = MEDIA_KIT_WORKERS};
static struct dtls_identity *identity;
static struct loop *control_loop; /* never runs: what the worker tells waits */
static struct worker *workers[MEDIA_KIT_WORKERS];
static struct worker *worker;     /* whom the steps below are for */
static const struct worker *busy; /* runs no turn of its loop meanwhile; NULL: all do */

/* ---- the worker ---- */

static inline void on_pumped(struct loop_timer *t)
{
    loop_quit(t->loop, 0);
}

/* Lets the workers do what is to be done now, and within the next millisecond. */
static inline void pump(void)
{
    for (unsigned i = 0; i < MEDIA_KIT_WORKERS; i++) {
        struct loop_timer t = {.loop = NULL};

        if (workers[i] == busy)
            continue;
        assert_int_equal(loop_timer_start(&t, workers[i]->loop, 1000, on_pumped), 0);
        assert_int_equal(loop_run(workers[i]->loop), 0);
        loop_timer_done(&t);
    }
}

static inline void pump_for(unsigned ms)
{
    uint64_t until = clock_ms() + ms;

    while (clock_ms() < until)
        pump();
}

#define STEPS_PER_S 10

/* What the worker does by its timers, step by step. */
static inline void let_pass(uint64_t *now_us, unsigned seconds)
{
    for (unsigned i = 0; i < seconds * STEPS_PER_S; i++) {
        *now_us += 1000000 / STEPS_PER_S;
        clock_fake(*now_us);
        worker->now_us = *now_us;
        wheel_run(&worker->wheel, *now_us / 1000);
        udp_flush(worker->udp);
    }
}

static inline void drop_note(struct mail *mail, void *arg)
{
    (void) arg;
    message_free(message_of(mail));
}

static inline int setup_worker(void **state)
{
    struct candidates here = {.n = 1};
    struct udp *u;

    (void) state;
    log_init("test", LOG_LEVEL_ERROR);
    wc_init();
    assert_int_equal(dtls_identity_new(&identity), 0);
    node.identity = identity;
    assert_int_equal(loop_new(&control_loop), 0);
    assert_int_equal(mailbox_new(control_loop, drop_note, NULL, &node.control), 0);
    assert_int_equal(addr_parse_ip("127.0.0.1", 0, &here.items[0].addr), 0);
    for (unsigned i = 0; i < MEDIA_KIT_WORKERS; i++) {
        assert_int_equal(udp_new(0, &u), 0);
        assert_int_equal(worker_new(&node, i, u, &here, NULL, &workers[i]), 0);
    }
    worker = workers[0];
    wc_idle = pump;
    return 0;
}

static inline int teardown_worker(void **state)
{
    (void) state;
    clock_fake(UINT64_MAX);
    for (unsigned i = 0; i < MEDIA_KIT_WORKERS; i++)
        worker_stop(workers[i]);
    for (unsigned i = 0; i < MEDIA_KIT_WORKERS; i++)
        worker_free(workers[i]);
    assert_int_equal(atomic_load(&node.n_transports), 0);
    mailbox_free(node.control, drop_note);
    loop_free(control_loop);
    dtls_identity_free(identity);
    return 0;
}

/* ---- requests ---- */

/* With a description to send; returns ours, the caller's. NULL: it was refused, with *ret_code. */
static inline char *request_sdp(enum message_type type, const char *stream, const char *subscriber,
                                const char *sdp, bool loopback, int *ret_code)
{
    struct message *m = message_new(type);
    const char *text;
    char *answer = NULL;

    assert_non_null(m);
    snprintf(m->room, sizeof(m->room), "r");
    snprintf(m->stream, sizeof(m->stream), "%s", stream);
    snprintf(m->subscriber, sizeof(m->subscriber), "%s", subscriber);
    m->sdp = strdup(sdp);
    m->loopback = loopback;
    requests_run(worker, m);
    if (ret_code)
        *ret_code = m->code;
    text = json_string_value(json_object_get(m->result, "answer"));
    if (text)
        answer = strdup(text);
    message_free(m);
    return answer;
}

/* Not connected yet. */
static inline struct wc *offer_to_worker(enum message_type type, const char *stream,
                                         const char *subscriber, bool loopback)
{
    struct wc *c = wc_new();
    char *offer = type == COMMAND_PUBLISH ? publisher_offer(c, loopback ? "sendrecv" : "sendonly")
                                          : subscriber_offer(c);
    char *answer = request_sdp(type, stream, subscriber, offer, loopback, NULL);

    assert_non_null(answer);
    wc_take(c, answer);
    free(answer);
    free(offer);
    return c;
}

static inline struct wc *publish(const char *stream)
{
    return offer_to_worker(COMMAND_PUBLISH, stream, "", false);
}

static inline struct wc *subscribe(const char *stream, const char *name)
{
    return offer_to_worker(COMMAND_SUBSCRIBE, stream, name, false);
}

static inline struct publisher *the_publisher(const char *stream)
{
    struct publisher *p = router_publisher(router_find(worker, "r"), stream);

    assert_non_null(p);
    return p;
}

static inline struct subscriber *the_subscriber(const char *name)
{
    struct subscriber *s = router_subscriber(router_find(worker, "r"), name);

    assert_non_null(s);
    return s;
}

static inline void close_room_of(void)
{
    for (unsigned i = 0; i < MEDIA_KIT_WORKERS; i++)
        router_free(router_find(workers[i], "r"));
}

static inline int close_room(void **state)
{
    (void) state;
    close_room_of();
    return 0;
}

/* The server's end is up, too: it has the client's last flight. */
static inline void connect_to(struct wc *c, const struct transport *t)
{
    wc_connect(c);
    for (unsigned i = 0; i < WC_WAIT_MS && t->state != TRANSPORT_CONNECTED; i++)
        pump();
    assert_int_equal(t->state, TRANSPORT_CONNECTED);
}

static inline struct wc *connected_publisher(const char *stream)
{
    struct wc *c = publish(stream);

    connect_to(c, the_publisher(stream)->transport);
    return c;
}

static inline struct wc *connected_subscriber(const char *stream, const char *name)
{
    struct wc *c = subscribe(stream, name);

    connect_to(c, the_subscriber(name)->transport);
    return c;
}

/* ---- datagrams ---- */

/* A socket of its own that sends to the worker. */
static inline int stranger(const struct wc *c)
{
    struct sockaddr_in to;
    socklen_t len = sizeof(to);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_int_equal(getpeername(c->fd, (struct sockaddr *) &to, &len), 0);
    assert_int_equal(connect(fd, (struct sockaddr *) &to, sizeof(to)), 0);
    return fd;
}

static inline void send_from(int fd, const void *p, size_t len)
{
    assert_int_equal(send(fd, p, len, 0), (ssize_t) len);
}

/* Until the worker has read everything that was sent: it is on the same machine. */
static inline void deliver(void)
{
    struct pollfd p = {.fd = udp_fd(worker->udp), .events = POLLIN};

    do {
        pump();
    } while (poll(&p, 1, 0) == 1);
}
