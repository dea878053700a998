/* media_kit.h: the media daemon as a child process, and peers of it by way of its control socket.
 */
#pragma once

#include "media_control.h"
#include "media_peers.h"

#include "tests/lib/media_daemon.h"

/* May be set before. */
#ifndef MEDIA_KIT_WORKERS
#define MEDIA_KIT_WORKERS 2
#endif
#ifndef MEDIA_KIT_SETTINGS
#define MEDIA_KIT_SETTINGS "max_streams = 3;\nmax_subscribers = 2;\n"
#endif

/* ---- the daemon ---- */

static struct child *daemon_;

/* From now on it is there, and ours. */
static inline void begin_daemon(void)
{
    char path[CHILD_PATH_SIZE];

    wc_init();
    assert_int_equal(media_daemon_start(daemon_), 0);
    control_begin(child_path(daemon_, "control", path));
}

static inline int setup_daemon(void **state)
{
    (void) state;
    assert_int_equal(media_daemon_new(&daemon_, MEDIA_KIT_WORKERS, MEDIA_KIT_SETTINGS), 0);
    begin_daemon();
    return 0;
}

static inline int stop_daemon(void **state)
{
    int r = child_stop(daemon_);

    (void) state;
    control_end();
    assert_int_not_equal(access(socket_path, F_OK), 0); /* it takes its socket with it */
    daemon_ = child_free(daemon_);
    return r;
}

static inline size_t n_transports(void)
{
    json_t *r = call("stats", json_object());
    size_t n = json_array_size(json_object_get(r, "transports"));

    json_decref(r);
    return n;
}

static inline int close_room(void **state)
{
    (void) state;
    call_and_forget("closeRoom", json_pack("{s:s}", "room", "r"));
    json_array_clear(notes);
    return 0;
}

/* ---- peers ---- */

/* Which candidate of the daemon's peers take from now on; see wc_take_by(). */
static struct {
    bool tcp;
    const char *ip;
} dial_by;

static inline json_t *publish_params(const char *stream, const char *offer)
{
    return json_pack("{s:s, s:s, s:s}", "room", "r", "stream", stream, "offer", offer);
}

/* A publisher that is not connected yet. */
static inline struct wc *publish(const char *direction, bool loopback)
{
    struct wc *c = wc_new();
    char *offer = publisher_offer(c, direction);
    json_t *params = publish_params("s", offer), *r;

    json_object_set_new(params, "loopback", json_boolean(loopback));
    r = call("publish", params);
    assert_true(json_is_true(json_object_get(r, "audio")));
    assert_true(json_is_true(json_object_get(r, "video")));
    wc_take_by(c, json_string_value(json_object_get(r, "answer")), dial_by.tcp, dial_by.ip);
    json_decref(r);
    free(offer);
    return c;
}

static inline json_t *subscriber_params(const char *name)
{
    return json_pack("{s:s, s:s, s:s}", "room", "r", "stream", "s", "subscriber", name);
}

static inline struct wc *subscribe(const char *name)
{
    struct wc *c = wc_new();
    char *offer = subscriber_offer(c);
    json_t *params = subscriber_params(name), *r;

    json_object_set_new(params, "offer", json_string(offer));
    r = call("subscribe", params);
    wc_take_by(c, json_string_value(json_object_get(r, "answer")), dial_by.tcp, dial_by.ip);
    json_decref(r);
    free(offer);
    return c;
}

static inline struct wc *connected_publisher(void)
{
    struct wc *c = publish("sendonly", false);

    wc_connect(c);
    expect_state("stream", "s", "connected");
    return c;
}

static inline struct wc *connected_subscriber(const char *name)
{
    struct wc *c = subscribe(name);

    wc_connect(c);
    expect_state("subscriber", name, "connected");
    return c;
}
