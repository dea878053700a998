/* The media daemon as a child process: its control socket, and peer connections to it. */
#include "webrtc_client.h"

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
    fprintf(f,
            "control = \"%s\";\nport = %u;\nport_search = true;\nworkers = 2;\n"
            "max_streams = 3;\nmax_subscribers = 2;\nlog_level = \"warning\";\n",
            socket_path, 20000 + rnd_u32() % 9000);
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
    wc_take(c, json_string_value(json_object_get(r, "answer")));
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
    wc_take(c, json_string_value(json_object_get(r, "answer")));
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

static void expect_pli(struct wc *pub)
{
    uint8_t buf[2048];
    struct rtcp p;

    assert_true(wc_receive_rtcp(pub, WC_WAIT_MS, buf, sizeof(buf), RTCP_PSFB, RTCP_FMT_PLI, &p));
    assert_int_equal(p.media_ssrc, VIDEO_SSRC);
}

/* ---- tests ---- */

static void packets_are_rewritten_for_the_subscriber(void **state)
{
    struct wc *pub = connected_publisher(), *sub;
    uint8_t buf[2048], level = 0x85;
    struct rtp_ext ext = {.id = 1, .value = bytes_of(&level, 1)};
    struct rtp audio = {.pt = 111, .seq = 65535, .ts = 960, .ssrc = AUDIO_SSRC};
    struct rtp p;
    uint16_t first;
    uint32_t first_ts;

    (void) state;
    sub = connected_subscriber("a");
    wc_send_rtp(pub, &audio, &ext, 1, bytes_str("one"));
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.pt, bob.opus);
    assert_int_equal(p.ssrc, wc_remote.media[0].ssrcs[0].ssrc);
    assert_int_equal(rtp_find_ext(&p, 2).p[0], level);
    assert_payload(&p, "one", 3);
    first = p.seq;
    first_ts = p.ts;

    audio.seq = 0;
    audio.ts = 1920;
    wc_send_rtp(pub, &audio, NULL, 0, bytes_str("two"));
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.seq, (uint16_t) (first + 1));
    assert_int_equal(p.ts - first_ts, 960);
    assert_int_equal(p.ext_profile, 0);

    send_video(pub, 100, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.pt, bob.vp8);
    assert_true(p.marker);
    assert_int_equal(p.ssrc, wc_remote.media[1].ssrcs[0].ssrc);
    assert_int_equal(rtp_find_ext(&p, (uint8_t) bob.orientation).p[0], 2);
    assert_payload(&p, key_frame, sizeof(key_frame));
    wc_free(pub);
    wc_free(sub);
}

static void video_starts_with_a_key_frame_that_is_asked_for(void **state)
{
    struct wc *pub = connected_publisher(), *sub;
    uint8_t buf[2048];
    struct rtp p;

    (void) state;
    send_video(pub, 1, false);
    sub = connected_subscriber("a");
    expect_pli(pub);
    send_video(pub, 2, false);
    expect_nothing(sub);
    send_video(pub, 3, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_payload(&p, key_frame, sizeof(key_frame));
    wc_free(pub);
    wc_free(sub);
}

static void what_followed_the_last_key_frame_is_replayed(void **state)
{
    struct wc *pub = connected_publisher(), *sub, *first;
    uint8_t buf[2048];
    struct rtp p;
    uint16_t seq;

    (void) state;
    first = connected_subscriber("first");
    send_video(pub, 1, true);
    send_video(pub, 2, false);
    for (unsigned i = 0; i < 2; i++) /* both have arrived */
        assert_true(wc_receive_rtp(first, WC_WAIT_MS, buf, sizeof(buf), &p));
    sub = connected_subscriber("a");
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_payload(&p, key_frame, sizeof(key_frame));
    seq = p.seq;
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.seq, (uint16_t) (seq + 1));
    assert_payload(&p, delta_frame, sizeof(delta_frame));
    send_video(pub, 3, false);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.seq, (uint16_t) (seq + 2));
    expect_nothing(sub);
    wc_free(pub);
    wc_free(first);
    wc_free(sub);
}

static void a_nack_is_answered_by_rtx(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    uint32_t ssrc = wc_remote.media[1].ssrcs[0].ssrc, rtx = wc_remote.media[1].ssrcs[0].rtx;
    uint8_t buf[2048], compound[256];
    struct wr w = wr_init(compound, sizeof(compound));
    struct rtp p;
    uint16_t seq;
    uint32_t ts;

    (void) state;
    send_video(pub, 7, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    seq = p.seq;
    ts = p.ts;
    rtcp_put_rr(&w, 1, NULL, 0);
    rtcp_put_nack(&w, 1, ssrc, &seq, 1);
    wc_send_rtcp(sub, &w);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.ssrc, rtx);
    assert_int_equal(p.pt, bob.rtx);
    assert_int_equal(p.ts, ts);
    assert_int_equal(p.payload.p[0] << 8 | p.payload.p[1], seq);
    assert_int_equal(p.payload.len, 2 + sizeof(key_frame));
    assert_memory_equal(p.payload.p + 2, key_frame, sizeof(key_frame));

    /* One retransmission is earned by each packet: more of the same stay unanswered. */
    w = wr_init(compound, sizeof(compound));
    rtcp_put_rr(&w, 1, NULL, 0);
    rtcp_put_nack(&w, 1, ssrc, &seq, 1);
    wc_send_rtcp(sub, &w);
    expect_nothing(sub);
    wc_free(pub);
    wc_free(sub);
}

static void a_gap_is_asked_for_and_filled_by_rtx(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    uint8_t buf[2048], payload[2 + sizeof(delta_frame)] = {0, 11};
    struct rtp h = {.pt = 97, .seq = 500, .ts = 33000, .ssrc = VIDEO_SSRC + 1};
    struct rtcp r;
    struct rtp p;
    uint16_t seq, asked;
    size_t pos = 0;

    (void) state;
    send_video(pub, 10, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    seq = p.seq;
    send_video(pub, 12, false);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.seq, (uint16_t) (seq + 2));
    assert_true(wc_receive_rtcp(pub, WC_WAIT_MS, buf, sizeof(buf), RTCP_RTPFB, RTCP_FMT_NACK, &r));
    assert_true(rtcp_next_nack(&r, &pos, &asked));
    assert_int_equal(asked, 11);
    memcpy(payload + 2, delta_frame, sizeof(delta_frame));
    wc_send_rtp(pub, &h, NULL, 0, bytes_of(payload, sizeof(payload)));
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.pt, bob.vp8); /* late, in its own place */
    assert_int_equal(p.seq, (uint16_t) (seq + 1));
    assert_payload(&p, delta_frame, sizeof(delta_frame));
    wc_free(pub);
    wc_free(sub);
}

static void publishers_get_receiver_reports(void **state)
{
    struct wc *pub = connected_publisher();
    struct rtcp_report_block block;
    uint8_t buf[2048];
    struct rtcp p;

    (void) state;
    send_video(pub, 1, true);
    do {
        assert_true(wc_receive_rtcp(pub, WC_WAIT_MS, buf, sizeof(buf), RTCP_RR, -1, &p));
    } while (!rtcp_report_block(&p, 0, &block));
    assert_int_equal(block.ssrc, VIDEO_SSRC);
    assert_int_equal(block.highest_seq & 0xffff, 1);
    wc_free(pub);
}

static void subscribers_get_sender_reports(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    struct rtcp_sender_info info = {.ntp = 1ull << 60, .rtp_ts = 3000, .packets = 1, .octets = 8};
    uint8_t buf[2048], compound[256];
    struct wr w = wr_init(compound, sizeof(compound));
    struct rtcp p;

    (void) state;
    send_video(pub, 1, true);
    rtcp_put_sr(&w, VIDEO_SSRC, &info, NULL, 0);
    wc_send_rtcp(pub, &w);
    assert_true(wc_receive_rtcp(sub, WC_WAIT_MS, buf, sizeof(buf), RTCP_SR, -1, &p));
    assert_int_equal(p.ssrc, wc_remote.media[1].ssrcs[0].ssrc);
    assert_int_equal(rtcp_sender_info(&p, &info), 0);
    assert_int_equal(info.packets, 1);
    wc_free(pub);
    wc_free(sub);
}

static void publishing_again_keeps_subscribers(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a"), *again;
    uint8_t buf[2048];
    uint16_t seq;
    struct rtp p;

    (void) state;
    send_video(pub, 40000, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    seq = p.seq;
    again = connected_publisher();
    send_video(pub, 40001, true);
    expect_nothing(sub);
    send_video(again, 5, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.seq, (uint16_t) (seq + 1));
    assert_int_equal(p.pt, bob.vp8);
    wc_free(pub);
    wc_free(again);
    wc_free(sub);
}

static void loopback_publishers_get_their_own_media(void **state)
{
    struct wc *pub = publish("sendrecv", true);
    uint8_t buf[2048];
    struct rtp p;

    (void) state;
    wc_connect(pub);
    expect_state("stream", "s", "connected");
    send_video(pub, 1, true);
    assert_true(wc_receive_rtp(pub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.pt, 96);
    assert_int_equal(p.ssrc, wc_remote.media[1].ssrcs[0].ssrc);
    assert_payload(&p, key_frame, sizeof(key_frame));
    wc_free(pub);
}

/* Server offers; DTLS is done before the answer is known. */
static void media_waits_for_the_fingerprint(void **state)
{
    struct wc *pub = connected_publisher(), *sub = wc_new();
    json_t *r = call("offer", subscriber_params("a"));
    struct wc_numbers numbers = {0};
    uint8_t buf[2048];
    struct rtp p;
    char *answer;

    (void) state;
    wc_take(sub, json_string_value(json_object_get(r, "offer")));
    numbers.opus = wc_remote.media[0].codecs[0].pt;
    numbers.vp8 = wc_remote.media[1].codecs[0].pt;
    numbers.rtx = sdp_find_rtx(&wc_remote.media[1], (uint8_t) numbers.vp8)->pt;
    numbers.level = numbers.orientation = 9;
    wc_connect(sub);
    send_video(pub, 1, false);
    expect_nothing(sub);

    answer = wc_describe(sub, &numbers, "active", "recvonly", 0, 0);
    call_and_forget("answer",
                    json_pack("{s:s, s:s, s:s}", "room", "r", "subscriber", "a", "answer", answer));
    expect_state("subscriber", "a", "connected");
    expect_pli(pub);
    send_video(pub, 2, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.pt, numbers.vp8);
    assert_int_equal(call_error("answer", json_pack("{s:s, s:s, s:s}", "room", "r", "subscriber",
                                                    "a", "answer", answer)),
                     303);
    json_decref(r);
    free(answer);
    wc_free(pub);
    wc_free(sub);
}

static void a_wrong_fingerprint_gets_no_media(void **state)
{
    struct wc *pub = connected_publisher(), *sub = wc_new();
    uint8_t digit = sub->fingerprint[0] == 'A' ? 'B' : 'A';
    json_t *params = subscriber_params("a"), *r;
    char *offer;

    (void) state;
    sub->fingerprint[0] = (char) digit;
    offer = wc_describe(sub, &bob, "actpass", "recvonly", 0, 0);
    json_object_set_new(params, "offer", json_string(offer));
    r = call("subscribe", params);
    wc_take(sub, json_string_value(json_object_get(r, "answer")));
    wc_connect(sub);
    expect_state("subscriber", "a", "failed");
    send_video(pub, 1, true);
    expect_nothing(sub);
    json_decref(r);
    free(offer);
    wc_free(pub);
    wc_free(sub);
}

static void strangers_are_met_with_silence(void **state)
{
    struct wc *pub = publish("sendonly", false);
    uint8_t buf[2048];
    size_t len;

    (void) state;
    assert_false(wc_check(pub, "wrong-password-of-the-peer", true, WC_QUIET_MS));
    for (unsigned i = 0; i < 64; i++) {
        rnd_bytes(buf, 200);
        buf[0] = (uint8_t) (4 * i);
        (void) !send(pub->fd, buf, 1 + rnd_u32() % 200, 0);
    }
    assert_false(wc_receive(pub, WC_QUIET_MS, buf, sizeof(buf), &len));
    assert_false(wc_handshake(pub, WC_QUIET_MS)); /* no check has opened the address yet */
    assert_true(wc_check(pub, pub->remote_pwd, false, WC_WAIT_MS));
    assert_true(wc_check(pub, pub->remote_pwd, true, WC_WAIT_MS));
    wc_free(pub);
}

static void wrong_requests_get_their_codes(void **state)
{
    struct wc *c = wc_new();
    char *offer = wc_describe(c, &alice, "actpass", "sendonly", AUDIO_SSRC, VIDEO_SSRC);
    json_t *params = publish_params("s", offer);

    (void) state;
    assert_int_equal(call_error("dance", json_object()), -32601);
    assert_int_equal(call_error("publish", json_pack("{s:s}", "room", "r")), -32602);
    assert_int_equal(call_error("publish", publish_params("../s", offer)), -32602);
    assert_int_equal(call_error("publish", publish_params("s", "v=0\r\n")), 302);
    assert_int_equal(call_error("offer", subscriber_params("a")), 105);
    json_object_set_new(params, "forcedCodec", json_string("H264"));
    assert_int_equal(call_error("publish", params), 800);
    call_and_forget("unpublish", json_pack("{s:s, s:s}", "room", "r", "stream", "s"));
    call_and_forget("unsubscribe", json_pack("{s:s, s:s}", "room", "r", "subscriber", "a"));
    free(offer);
    wc_free(c);
}

static void limits_are_errors(void **state)
{
    static const char *const streams[] = {"s1", "s2", "s3"};
    struct wc *c = wc_new();
    char *offer = wc_describe(c, &alice, "actpass", "sendonly", AUDIO_SSRC, VIDEO_SSRC);

    (void) state;
    for (unsigned i = 0; i < 3; i++)
        call_and_forget("publish", publish_params(streams[i], offer));
    assert_int_equal(call_error("publish", publish_params("s4", offer)), 303);
    call_and_forget("unpublish", json_pack("{s:s, s:s}", "room", "r", "stream", "s1"));
    call_and_forget("publish", publish_params("s", offer));
    call_and_forget("offer", subscriber_params("a"));
    call_and_forget("offer", subscriber_params("b"));
    call_and_forget("offer", subscriber_params("b"));
    assert_int_equal(call_error("offer", subscriber_params("c")), 303);
    free(offer);
    wc_free(c);
}

static void hello_comes_first(void **state)
{
    int fd = connect_control();
    json_t *m = call_on(fd, "stats", json_object());
    json_t *peers;

    (void) state;
    assert_int_equal(json_integer_value(json_object_get(json_object_get(m, "error"), "code")),
                     -32600);
    json_decref(m);
    m = call_on(fd, "hello", json_pack("{s:s, s:s}", "client", "turn", "instance", "u"));
    peers = json_object_get(json_object_get(m, "result"), "peers");
    assert_true(json_array_size(peers) >= 2); /* loopback, two workers */
    assert_true(json_integer_value(json_object_get(json_array_get(peers, 0), "port")) >= 20000);
    json_decref(m);
    m = call_on(fd, "stats", json_object());
    assert_int_equal(json_integer_value(json_object_get(json_object_get(m, "error"), "code")),
                     -32600);
    json_decref(m);
    close(fd);
}

static void sync_compares_inventories(void **state)
{
    struct wc *c = publish("sendonly", false);
    json_t *r, *missing;

    (void) state;
    call_and_forget("offer", subscriber_params("a"));
    r = call("sync", json_pack("{s:{s:{s:[s,s], s:[]}, s:{s:[s]}}}", "rooms", "r", "streams", "s",
                               "t", "subscribers", "q", "streams", "u"));
    missing = json_object_get(r, "missing");
    assert_int_equal(json_object_size(missing), 2);
    assert_string_equal(json_string_value(json_array_get(
                            json_object_get(json_object_get(missing, "r"), "streams"), 0)),
                        "t");
    json_decref(r);
    r = call("stats", json_pack("{s:s}", "room", "r"));
    assert_int_equal(json_array_size(json_object_get(r, "transports")), 1); /* "a" was dropped */
    assert_int_equal(json_integer_value(json_object_get(r, "rooms")), 1);
    assert_int_equal(json_array_size(json_object_get(r, "workers")), 2);
    json_decref(r);
    call_and_forget("sync", json_pack("{s:{}}", "rooms"));
    r = call("stats", json_object());
    assert_int_equal(json_array_size(json_object_get(r, "transports")), 0);
    json_decref(r);
    wc_free(c);
}

static void a_new_signaling_peer_replaces_the_old(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    int old = control_fd;
    uint8_t buf[2048];
    struct rtp p;
    char byte;

    (void) state;
    control_fd = connect_control();
    call_and_forget("hello", json_pack("{s:s, s:s}", "client", "signaling", "instance", "v"));
    assert_int_equal(recv(old, &byte, 1, 0), 0);
    close(old);
    call_and_forget("sync", json_pack("{s:{s:{s:[s], s:[s]}}}", "rooms", "r", "streams", "s",
                                      "subscribers", "a"));
    send_video(pub, 1, true); /* media did not notice */
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    wc_free(pub);
    wc_free(sub);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(packets_are_rewritten_for_the_subscriber),
        TEST(video_starts_with_a_key_frame_that_is_asked_for),
        TEST(what_followed_the_last_key_frame_is_replayed),
        TEST(a_nack_is_answered_by_rtx),
        TEST(a_gap_is_asked_for_and_filled_by_rtx),
        TEST(publishers_get_receiver_reports),
        TEST(subscribers_get_sender_reports),
        TEST(publishing_again_keeps_subscribers),
        TEST(loopback_publishers_get_their_own_media),
        TEST(media_waits_for_the_fingerprint),
        TEST(a_wrong_fingerprint_gets_no_media),
        TEST(strangers_are_met_with_silence),
        TEST(wrong_requests_get_their_codes),
        TEST(limits_are_errors),
        TEST(hello_comes_first),
        TEST(sync_compares_inventories),
        TEST(a_new_signaling_peer_replaces_the_old),
    };

    return cmocka_run_group_tests(tests, setup_daemon, stop_daemon);
}
