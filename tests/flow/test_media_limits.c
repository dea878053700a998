/* What a peer can make a worker keep has an end, and the log says so, once in a while. */
#include "media_worker_kit.h"

#include <fcntl.h>
#include <sys/mman.h>

/* ---- the log ---- */

static int log_fd = -1, stderr_fd;

static void begin_log(void)
{
    log_fd = memfd_create("log", MFD_CLOEXEC);
    stderr_fd = dup(STDERR_FILENO);
    assert_true(log_fd >= 0 && stderr_fd >= 0);
    assert_int_equal(dup2(log_fd, STDERR_FILENO), STDERR_FILENO);
    log_set_level(LOG_LEVEL_NOTICE);
    worker->log_refused.next_ms = 0;
}

/* What was logged since; "" when nothing is being kept. */
static const char *take_log(void)
{
    static char all[65536];
    ssize_t len = 0;

    if (log_fd >= 0) {
        log_set_level(LOG_LEVEL_ERROR);
        dup2(stderr_fd, STDERR_FILENO);
        close(stderr_fd);
        len = pread(log_fd, all, sizeof(all) - 1, 0);
        close(log_fd);
        log_fd = -1;
    }
    assert_true(len >= 0);
    all[len] = '\0';
    return all;
}

/* How many lines had this in them. */
static unsigned end_log(const char *text)
{
    const char *all = take_log();
    unsigned n = 0;

    for (const char *at = all; (at = strstr(at, text)); at++)
        n++;
    return n;
}

/* ---- handshakes ---- */

static void handshakes_wait_their_turn(void **state)
{
    struct wc *c = publish("s");
    const struct transport *t = the_publisher("s")->transport;

    (void) state;
    begin_log();
    assert_true(wc_check(c, c->remote_pwd, true, WC_WAIT_MS));
    clock_fake(clock_us());
    worker->handshakes.since_ms = clock_ms(); /* a window that has just begun, and is full */
    worker->handshakes.begun = HANDSHAKES_PER_WINDOW;
    (void) SSL_do_handshake(c->ssl);
    deliver();
    assert_null(t->dtls);
    assert_int_equal(worker->handshakes.n, 0);
    for (unsigned i = 0; i < 20; i++)
        send_from(c->fd, "\x16\xfe\xff", 3);
    deliver();
    assert_int_equal(end_log("too many handshakes begin, letting 127.0.0.1:"), 1);

    clock_fake(UINT64_MAX);
    usleep(1100000); /* OpenSSL says its hello again after a second */
    (void) DTLSv1_handle_timeout(c->ssl);
    deliver();
    assert_non_null(t->dtls);
    assert_int_equal(worker->handshakes.n, 1);
    assert_true(wc_handshake(c, WC_WAIT_MS));
    for (unsigned i = 0; i < WC_WAIT_MS && t->state == TRANSPORT_CONNECTING; i++)
        pump();
    assert_int_equal(t->state, TRANSPORT_CONNECTED);
    assert_int_equal(worker->handshakes.n, 0);
    wc_free(c);
}

/* The client's last flight has been answered, but the client does not know. */
static void connect_half(struct wc *c, const struct transport *t)
{
    uint8_t buf[2048];
    size_t len;

    assert_true(wc_check(c, c->remote_pwd, true, WC_WAIT_MS));
    (void) SSL_do_handshake(c->ssl);
    for (unsigned i = 0; i < WC_WAIT_MS && t->state == TRANSPORT_CONNECTING; i++) {
        pump();
        if (t->state == TRANSPORT_CONNECTING && wc_receive(c, 0, buf, sizeof(buf), &len)) {
            BIO_write(SSL_get_rbio(c->ssl), buf, (int) len);
            (void) SSL_do_handshake(c->ssl);
        }
    }
    assert_int_equal(t->state, TRANSPORT_CONNECTED);
}

/* What DTLS needs is kept for as long as the client may need an answer; not for anything else. */
static void only_answers_prolong_a_handshake(void **state)
{
    struct wc *c = publish("s");
    const struct transport *t = the_publisher("s")->transport;
    uint64_t due;

    (void) state;
    connect_half(c, t);
    due = t->dtls_timer.due_tick;
    usleep(1100000); /* OpenSSL sends its last flight again after a second */
    (void) DTLSv1_handle_timeout(c->ssl);
    deliver();
    assert_true(t->dtls_timer.due_tick > due);
    due = t->dtls_timer.due_tick;
    pump_for(30);
    send_from(c->fd, "\x16\xfe\xfd\0\1\0\0\0\0\0\x7f\0\1x", 14);
    send_from(c->fd, "\x17", 1);
    deliver();
    assert_true(t->dtls_timer.due_tick == due);
    assert_true(wc_handshake(c, WC_WAIT_MS));
    wc_free(c);
}

/* A handshake that comes to no end is given up, with what it took. */
static void handshakes_have_a_deadline(void **state)
{
    struct wc *c = publish("s");
    const struct transport *t = the_publisher("s")->transport;
    uint64_t now_us;

    (void) state;
    assert_true(wc_check(c, c->remote_pwd, true, WC_WAIT_MS));
    (void) SSL_do_handshake(c->ssl);
    deliver();
    assert_int_equal(worker->handshakes.n, 1);
    now_us = clock_us();
    for (unsigned i = 0; i < 33 && t->state == TRANSPORT_CONNECTING; i++) {
        now_us += 1000000;
        clock_fake(now_us);
        wheel_run(&worker->wheel, now_us / 1000);
    }
    assert_int_equal(t->state, TRANSPORT_FAILED);
    assert_null(t->dtls);
    assert_int_equal(worker->handshakes.n, 0);
    send_from(c->fd, "\x16\xfe\xff", 3); /* nothing begins anew */
    clock_fake(UINT64_MAX);
    deliver();
    assert_null(t->dtls);
    wc_free(c);
}

static void a_closed_transport_leaves_no_handshake(void **state)
{
    struct wc *c = publish("s");

    (void) state;
    assert_true(wc_check(c, c->remote_pwd, true, WC_WAIT_MS));
    (void) SSL_do_handshake(c->ssl);
    deliver();
    assert_int_equal(worker->handshakes.n, 1);
    close_room_of();
    assert_int_equal(worker->handshakes.n, 0);
    wc_free(c);
}

/* ---- SSRCs ---- */

/* An authentic packet of any SSRC. */
static void send_of(struct wc *c, struct srtp_transport *keys, uint32_t ssrc)
{
    struct rtp h = video_header(1);
    uint8_t buf[1500];
    struct wr w = wr_init(buf, 1400);
    struct srtp_sender *st;
    size_t header_len, len;

    h.ssrc = ssrc;
    assert_int_equal(srtp_transport_add_sender(keys, ssrc, &st), 0);
    rtp_put_header(&w, &h, NULL, 0, false);
    header_len = wr_len(&w);
    wr_bytes(&w, bytes_of(key_frame, sizeof(key_frame)));
    assert_int_equal(
        srtp_sender_protect(st, bytes_of(buf, wr_len(&w)), header_len, buf, sizeof(buf), &len), 0);
    send_from(c->fd, buf, len);
}

static void a_peer_has_so_many_ssrcs(void **state)
{
    struct wc *c = connected_publisher("s");
    const struct transport *t = the_publisher("s")->transport;
    struct srtp_transport *keys;
    uint64_t refused = worker->n_bad_media;

    (void) state;
    begin_log();
    assert_int_equal(srtp_transport_new(&c->keys, &keys), 0);
    for (uint32_t i = 0; i < SRTP_IN_SSRC_MAX + 20; i++) {
        send_of(c, keys, 5000 + i);
        deliver();
    }
    assert_int_equal(t->packets_in, SRTP_IN_SSRC_MAX);
    assert_int_equal(worker->n_bad_media, refused + 20);
    assert_int_equal(end_log("more than 32 SSRCs, ignoring the others"), 1);
    srtp_transport_free(keys);
    wc_free(c);
}

/* ---- header extensions ---- */

static void a_packet_has_so_many_extensions(void **state)
{
    struct wc *pub = connected_publisher("s"), *sub = connected_subscriber("s", "a");
    struct rtp h = video_header(1), p;
    uint8_t buf[2048];
    struct wr w = wr_init(buf, 1400);
    struct rtp_ext e;
    size_t header_len, len, pos = 0;
    unsigned n = 0;

    (void) state;
    rtp_put_header(&w, &h, NULL, 0, false);
    buf[0] |= 0x10;
    wr_u16(&w, 0xbede);
    wr_u16(&w, 50);
    for (unsigned i = 0; i < 100; i++)
        wr_u16(&w, 13 << 12 | 2); /* the camera's orientation, a hundred times */
    header_len = wr_len(&w);
    wr_bytes(&w, bytes_of(key_frame, sizeof(key_frame)));
    assert_int_equal(srtp_sender_protect(wc_sender(pub, VIDEO_SSRC), bytes_of(buf, wr_len(&w)),
                                         header_len, buf, sizeof(buf), &len),
                     0);
    send_from(pub->fd, buf, len);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    while (rtp_next_ext(&p, &pos, &e))
        n++;
    assert_in_range(n, 1, RTP_EXT_MAX);
    assert_int_equal(p.payload.len, sizeof(key_frame));
    wc_free(pub);
    wc_free(sub);
}

/* ---- descriptions ---- */

/* A publisher's offer with n times a line of text in its first part, and of another part behind. */
static char *offer_with(const struct wc *c, const char *line, unsigned n, const char *part,
                        unsigned n_parts)
{
    char *text = publisher_offer(c, "sendonly");
    char *cut = strstr(text, "m=video");
    char *longer = malloc(1 << 20);
    int len;

    assert_true(cut && longer);
    len = sprintf(longer, "%.*s", (int) (cut - text), text);
    for (unsigned i = 0; i < n; i++)
        len += sprintf(longer + len, line, i + 1, i + 1);
    len += sprintf(longer + len, "%s", cut);
    for (unsigned i = 0; i < n_parts; i++)
        len += sprintf(longer + len, part, i + 2, i + 2);
    free(text);
    return longer;
}

struct lines {
    const char *line;
    unsigned n;
    const char *part;
    unsigned n_parts;
    int code;
};

static void descriptions_have_bounds(void **state)
{
    static const char media[] = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\n"
                                "a=mid:%u\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n"
                                "a=x:%u\r\n";
    static const struct lines rows[] = {
        {"a=extmap:%u urn:x:%u\r\n", SDP_EXT_MAX - 1, NULL, 0, 0},
        {"a=extmap:%u urn:x:%u\r\n", SDP_EXT_MAX, NULL, 0, MEDIA_ERR_SDP},
        {"a=ssrc:%u cname:%u\r\n", SDP_SSRC_MAX - 1, NULL, 0, 0},
        {"a=ssrc:%u cname:%u\r\n", SDP_SSRC_MAX, NULL, 0, MEDIA_ERR_SDP},
        /* A client with many interfaces means no harm, and none of them is needed. */
        {"a=candidate:%u 1 udp 1 192.0.2.1 %u typ host\r\n", SDP_CANDIDATE_MAX, NULL, 0, 0},
        {"a=candidate:%u 1 udp 1 192.0.2.1 %u typ host\r\n", 200, NULL, 0, 0},
        {"", 0, media, SDP_MEDIA_MAX - 2, 0},
        {"", 0, media, SDP_MEDIA_MAX - 1, MEDIA_ERR_SDP},
        {"a=x-%u:%u\r\n", NEG_TEXT_MAX / 8, NULL, 0, MEDIA_ERR_SDP},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wc *c = wc_new();
        char *offer = offer_with(c, rows[i].line, rows[i].n, rows[i].part, rows[i].n_parts);
        int code = -1;
        char *answer;

        begin_log();
        answer = request_sdp(COMMAND_PUBLISH, "s", "", offer, false, &code);
        assert_int_equal(end_log("request refused: "), code != 0);
        if (code != rows[i].code)
            fail_msg("row %zu: %d", i, code);
        free(answer);
        free(offer);
        wc_free(c);
        close_room_of();
    }
}

static void refusals_are_logged_now_and_then(void **state)
{
    (void) state;
    begin_log();
    for (unsigned i = 0; i < 50; i++)
        assert_null(request_sdp(COMMAND_PUBLISH, "s", "", "v=0\r\n", false, NULL));
    assert_int_equal(end_log("request refused: "), 1);
}

/* A test that failed in between has said so in the log. */
static int end(void **state)
{
    fputs(take_log(), stderr);
    clock_fake(UINT64_MAX);
    return close_room(state);
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(handshakes_wait_their_turn),
        TEST(only_answers_prolong_a_handshake),
        TEST(handshakes_have_a_deadline),
        TEST(a_closed_transport_leaves_no_handshake),
        TEST(a_peer_has_so_many_ssrcs),
        TEST(a_packet_has_so_many_extensions),
        TEST(descriptions_have_bounds),
        TEST(refusals_are_logged_now_and_then),
    };

    return cmocka_run_group_tests(tests, setup_worker, teardown_worker);
}
