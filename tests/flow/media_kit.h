/* media_kit.h: the media daemon as a child process, its control socket, and peers of it. */
#pragma once

#include "webrtc_client.h"

#include "tests/lib/free_port.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

/* A test needs a part of these. */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-variable"

/* May be set before. */
#ifndef MEDIA_KIT_SETTINGS
#define MEDIA_KIT_SETTINGS "workers = 2;\nmax_streams = 3;\nmax_subscribers = 2;\n"
#endif

#define WORKERS_MAX 3
#define AUDIO_SSRC 1000u
#define VIDEO_SSRC 2000u

static const struct wc_numbers alice = {111, 96, 97, 1, 13}; /* Chromium's */
static const struct wc_numbers bob = {109, 120, 124, 2, 5};  /* Firefox's, nearly */

static const uint8_t key_frame[] = {0x10, 0x00, 0x00, 0x00, 0x9d, 0x01, 0x2a, 'k'};
static const uint8_t delta_frame[] = {0x10, 0x01, 0x00, 0x00, 'd', 'e', 'l', 't', 'a'};

/* ---- the daemon ---- */

static pid_t daemon_pid;
static char folder[] = "/tmp/visavis-media-test-XXXXXX";
static char socket_path[64];
static int control_fd = -1;
static int next_id;
static json_t *notes; /* notifications that came while something else was awaited */

static int connect_control(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(to.sun_path, sizeof(to.sun_path), "%s", socket_path);
    for (unsigned i = 0; i < 500; i++) {
        if (connect(fd, (struct sockaddr *) &to, sizeof(to)) == 0)
            return fd;
        usleep(20000);
    }
    fail_msg("the daemon does not listen");
    return -1;
}

static json_t *read_message(int fd, int wait_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    uint8_t head[4];
    size_t len, at = 0;
    json_t *m;
    char *text;

    if (poll(&p, 1, wait_ms) != 1 || recv(fd, head, 4, MSG_WAITALL) != 4)
        return NULL;
    len = (size_t) head[0] << 24 | (size_t) head[1] << 16 | (size_t) head[2] << 8 | head[3];
    text = malloc(len);
    assert_non_null(text);
    while (at < len) {
        ssize_t n = recv(fd, text + at, len - at, 0);

        assert_true(n > 0);
        at += (size_t) n;
    }
    m = json_loadb(text, len, 0, NULL);
    free(text);
    assert_non_null(m);
    return m;
}

static void write_message(int fd, json_t *m)
{
    char *text = json_dumps(m, JSON_COMPACT);
    size_t len = strlen(text);
    uint8_t head[4] = {(uint8_t) (len >> 24), (uint8_t) (len >> 16), (uint8_t) (len >> 8),
                       (uint8_t) len};

    assert_int_equal(send(fd, head, 4, MSG_NOSIGNAL), 4);
    assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t) len);
    free(text);
    json_decref(m);
}

/* The whole answer. */
static json_t *call_on(int fd, const char *method, json_t *params)
{
    int id = ++next_id;
    json_t *m;

    write_message(fd, json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", id, "method",
                                method, "params", params));
    while ((m = read_message(fd, WC_WAIT_MS))) {
        if (json_integer_value(json_object_get(m, "id")) == id)
            return m;
        json_array_append_new(notes, m);
    }
    fail_msg("no answer to %s", method);
    return NULL;
}

static json_t *call(const char *method, json_t *params)
{
    json_t *m = call_on(control_fd, method, params);
    json_t *result = json_incref(json_object_get(m, "result"));

    if (!result)
        print_message("%s: %s\n", method, json_dumps(json_object_get(m, "error"), 0));
    assert_non_null(result);
    json_decref(m);
    return result;
}

static void call_and_forget(const char *method, json_t *params)
{
    json_decref(call(method, params));
}

static json_int_t call_error(const char *method, json_t *params)
{
    json_t *m = call_on(control_fd, method, params);
    json_int_t code = json_integer_value(json_object_get(json_object_get(m, "error"), "code"));

    json_decref(m);
    return code;
}

static bool is_note(const json_t *m, const char *key, const char *id, const char *state)
{
    json_t *params = json_object_get(m, "params");
    const char *of = json_string_value(json_object_get(params, key));
    const char *is = json_string_value(json_object_get(params, "state"));

    return of && is && strcmp(of, id) == 0 && strcmp(is, state) == 0;
}

/* Waits until a transport's state is told. */
static void expect_state(const char *key, const char *id, const char *state)
{
    json_t *m;
    size_t i;

    json_array_foreach (notes, i, m) {
        if (is_note(m, key, id, state)) {
            json_array_remove(notes, i);
            return;
        }
    }
    while ((m = read_message(control_fd, WC_WAIT_MS))) {
        bool found = is_note(m, key, id, state);

        json_decref(m);
        if (found)
            return;
    }
    fail_msg("%s %s did not become %s", key, id, state);
}

static void write_config(const char *path)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fprintf(f, "control = \"%s\";\nport = %u;\nlog_level = \"warning\";\n" MEDIA_KIT_SETTINGS,
            socket_path, free_port_run(WORKERS_MAX));
    fclose(f);
}

static void spawn_daemon(const char *config)
{
    char program[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 64);
    char *slash;

    assert_true(n > 0);
    program[n] = '\0';
    for (unsigned i = 0; i < 3; i++) { /* <build>/tests/flow/test_media */
        slash = strrchr(program, '/');
        assert_non_null(slash);
        *slash = '\0';
    }
    strcat(program, "/bin/visavis-media");
    daemon_pid = fork();
    if (daemon_pid == 0) {
        execl(program, program, "--config", config, (char *) NULL);
        _exit(127);
    }
    assert_true(daemon_pid > 0);
}

static void say_hello(void)
{
    control_fd = connect_control();
    call_and_forget("hello", json_pack("{s:s, s:s}", "client", "signaling", "instance", "t"));
    call_and_forget("sync", json_pack("{s:{}}", "rooms"));
}

static int setup_daemon(void **state)
{
    char path[96];

    (void) state;
    assert_int_equal(srtp_transport_global_init(), 0);
    notes = json_array();
    assert_non_null(mkdtemp(folder));
    snprintf(socket_path, sizeof(socket_path), "%s/control", folder);
    snprintf(path, sizeof(path), "%s/media.cfg", folder);
    write_config(path);
    spawn_daemon(path);
    say_hello();
    return 0;
}

static int stop_daemon(void **state)
{
    char path[96];
    int status;

    (void) state;
    close(control_fd);
    kill(daemon_pid, SIGTERM);
    assert_int_equal(waitpid(daemon_pid, &status, 0), daemon_pid);
    snprintf(path, sizeof(path), "%s/media.cfg", folder);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* the socket is gone */
    json_decref(notes);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static int close_room(void **state)
{
    (void) state;
    call_and_forget("closeRoom", json_pack("{s:s}", "room", "r"));
    json_array_clear(notes);
    return 0;
}

/* ---- steps ---- */

/* Which candidate of the daemon's peers take from now on; see wc_take_by(). */
static struct {
    bool tcp;
    const char *ip;
} dial_by;

static json_t *publish_params(const char *stream, const char *offer)
{
    return json_pack("{s:s, s:s, s:s}", "room", "r", "stream", stream, "offer", offer);
}

/* A publisher that is not connected yet. */
static struct wc *publish(const char *direction, bool loopback)
{
    struct wc *c = wc_new();
    char *offer = wc_describe(c, &alice, "actpass", direction, AUDIO_SSRC, VIDEO_SSRC);
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

static json_t *subscriber_params(const char *name)
{
    return json_pack("{s:s, s:s, s:s}", "room", "r", "stream", "s", "subscriber", name);
}

static struct wc *subscribe(const char *name)
{
    struct wc *c = wc_new();
    char *offer = wc_describe(c, &bob, "actpass", "recvonly", 0, 0);
    json_t *params = subscriber_params(name), *r;

    json_object_set_new(params, "offer", json_string(offer));
    r = call("subscribe", params);
    wc_take_by(c, json_string_value(json_object_get(r, "answer")), dial_by.tcp, dial_by.ip);
    json_decref(r);
    free(offer);
    return c;
}

static struct wc *connected_publisher(void)
{
    struct wc *c = publish("sendonly", false);

    wc_connect(c);
    expect_state("stream", "s", "connected");
    return c;
}

static struct wc *connected_subscriber(const char *name)
{
    struct wc *c = subscribe(name);

    wc_connect(c);
    expect_state("subscriber", name, "connected");
    return c;
}

static void send_video(struct wc *pub, uint16_t seq, bool key)
{
    struct rtp h = {.marker = true, .pt = 96, .seq = seq, .ts = 3000u * seq, .ssrc = VIDEO_SSRC};
    uint8_t orientation = 2;
    struct rtp_ext ext = {.id = 13, .value = bytes_of(&orientation, 1)};

    wc_send_rtp(pub, &h, &ext, 1,
                key ? bytes_of(key_frame, sizeof(key_frame))
                    : bytes_of(delta_frame, sizeof(delta_frame)));
}

static void assert_payload(const struct rtp *p, const void *data, size_t len)
{
    assert_int_equal(p->payload.len, len);
    assert_memory_equal(p->payload.p, data, len);
}

static void expect_nothing(struct wc *c)
{
    uint8_t buf[2048];
    struct rtp p;

    assert_false(wc_receive_rtp(c, WC_QUIET_MS, buf, sizeof(buf), &p));
}

#define REMBS_MAX 10 /* until it is the right one; it is repeated */

static void expect_remb(struct wc *pub, uint64_t wanted)
{
    uint8_t buf[2048];
    uint64_t bps = 0;
    struct rtcp p;

    for (unsigned i = 0; i < REMBS_MAX && bps != wanted; i++) {
        if (!wc_receive_rtcp(pub, WC_WAIT_MS, buf, sizeof(buf), RTCP_PSFB, RTCP_FMT_AFB, &p))
            fail_msg("no REMB any more; the last was of %llu bit/s", (unsigned long long) bps);
        assert_int_equal(rtcp_remb(&p, &bps), 0);
    }
    if (bps != wanted)
        fail_msg("asked for %llu bit/s, not %llu", (unsigned long long) bps,
                 (unsigned long long) wanted);
}

static void expect_pli(struct wc *pub)
{
    uint8_t buf[2048];
    struct rtcp p;

    assert_true(wc_receive_rtcp(pub, WC_WAIT_MS, buf, sizeof(buf), RTCP_PSFB, RTCP_FMT_PLI, &p));
    assert_int_equal(p.media_ssrc, VIDEO_SSRC);
}
