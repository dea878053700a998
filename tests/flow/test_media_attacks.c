/* What strangers, and peers out of order, send to a worker: nothing that is kept changes, and no
 * session ends by it. */
#include "media_worker_kit.h"

#include "media/demux.h"
#include "tests/unit/rtc/dtls_attacks.h"

static struct chance dice;

/* ---- datagrams by hand: nothing but them happens, no timer runs ---- */

static struct addr address_of(int fd)
{
    struct sockaddr_in sa;
    socklen_t len = sizeof(sa);
    struct addr a;

    assert_int_equal(getsockname(fd, (struct sockaddr *) &sa, &len), 0);
    assert_int_equal(addr_from_sockaddr((struct sockaddr *) &sa, len, &a), 0);
    return a;
}

static struct addr stranger_at_, here_; /* here_: the worker's end */

static void inject(const struct addr *from, const void *p, size_t len)
{
    static uint8_t room[2048];
    struct udp_datagram d = {.p = room, .len = len, .from = *from, .to = here_};

    memcpy(room, p, len);
    demux_datagram(&d, worker);
}

/* ---- all that a worker keeps of a stream that one watches ---- */

struct snapshot {
    struct publisher publisher;
    struct subscriber subscriber;
    struct transport transports[2];
    size_t n_history;
    uint64_t history_sum;
    bool stranger_known;
    uint64_t n_sent;
};

static struct snapshot before_;

static void sum_history(const struct history *h, struct snapshot *s)
{
    struct bytes packet;
    uint64_t seq = 0;

    while ((packet = history_next(h, seq, worker->now_us, &seq)).p) {
        for (size_t i = 0; i < packet.len; i++)
            s->history_sum = s->history_sum * 31 + packet.p[i];
        s->n_history++;
        seq++;
    }
}

static void look(struct snapshot *s)
{
    const struct publisher *p = the_publisher("s");
    const struct subscriber *sub = the_subscriber("a");

    udp_flush(worker->udp);
    memset(s, 0, sizeof(*s));
    memcpy(&s->publisher, p, sizeof(*p));
    memcpy(&s->subscriber, sub, sizeof(*sub));
    memcpy(&s->transports[0], p->transport, sizeof(s->transports[0]));
    memcpy(&s->transports[1], sub->transport, sizeof(s->transports[1]));
    sum_history(p->tracks[SDP_VIDEO].history, s);
    s->stranger_known = tuple_table_find(worker->tuples, &stranger_at_, &here_) != NULL;
    s->n_sent = udp_counters(worker->udp)->packets_out;
}

static void assert_unchanged(void)
{
    struct snapshot now;

    look(&now);
    assert_memory_equal(&now, &before_, sizeof(now));
}

/* ---- a call ---- */

struct scene {
    struct wc *pub, *sub;
    struct addr pub_at, sub_at, stranger_at;
    uint16_t seq; /* sent last */
    uint8_t sent[1500];
    size_t sent_len; /* the last datagram */
};

static void send_next(struct scene *s)
{
    struct rtp h = video_header(++s->seq);

    s->sent_len = wc_make_rtp(s->pub, &h, NULL, 0,
                              s->seq % 10 == 1 ? bytes_of(key_frame, sizeof(key_frame))
                                               : bytes_of(delta_frame, sizeof(delta_frame)),
                              s->sent);
    send_from(s->pub->fd, s->sent, s->sent_len);
}

static void expect_one(struct scene *s)
{
    uint8_t buf[2048];
    struct rtp p;

    assert_true(wc_receive_rtp(s->sub, WC_WAIT_MS, buf, sizeof(buf), &p));
}

static void begin(struct scene *s)
{
    int fd;

    *s = (struct scene){.seq = 100};
    s->pub = connected_publisher("s");
    s->sub = connected_subscriber("s", "a");
    s->pub_at = address_of(s->pub->fd);
    s->sub_at = address_of(s->sub->fd);
    fd = stranger(s->pub);
    s->stranger_at = stranger_at_ = address_of(fd);
    assert_int_equal(addr_parse_ip("127.0.0.1", udp_port(worker->udp), &here_), 0);
    close(fd);
    for (unsigned i = 0; i < 30; i++) {
        send_next(s);
        expect_one(s);
    }
    deliver();
    look(&before_);
}

static void end(struct scene *s)
{
    wc_free(s->pub);
    wc_free(s->sub);
}

/* The stream goes on where it was: with the next packet, which arrives. */
static void expect_unharmed(struct scene *s)
{
    send_next(s);
    expect_one(s);
    assert_int_equal(the_publisher("s")->transport->state, TRANSPORT_CONNECTED);
    assert_int_equal(the_subscriber("a")->transport->state, TRANSPORT_CONNECTED);
}

/* ---- media ---- */

static size_t seal_rtp(struct srtp_transport *keys, const struct rtp *h, uint8_t buf[static 1500])
{
    struct wr w = wr_init(buf, 1400);
    struct srtp_sender *st;
    size_t header_len, len;

    assert_int_equal(srtp_transport_add_sender(keys, h->ssrc, &st), 0);
    rtp_put_header(&w, h, NULL, 0, false);
    header_len = wr_len(&w);
    wr_bytes(&w, bytes_of(key_frame, sizeof(key_frame)));
    assert_int_equal(
        srtp_sender_protect(st, bytes_of(buf, wr_len(&w)), header_len, buf, 1500, &len), 0);
    return len;
}

static void wrong_keys_change_nothing(void **state)
{
    static const enum srtp_profile_id profiles[] = {SRTP_ID_AEAD_AES_128_GCM,
                                                    SRTP_ID_AES128_CM_SHA1_80};
    static const uint32_t ssrcs[] = {VIDEO_SSRC, VIDEO_SSRC + 1, AUDIO_SSRC, 77};
    static const uint8_t pts[] = {96, 97, 111, 35};
    struct scene s;
    uint8_t buf[1500];

    (void) state;
    begin(&s);
    for (unsigned i = 0; i < 500; i++) {
        struct srtp_transport *keys = wrong_keys(&dice, profiles[i % 2]);
        struct rtp h = video_header((uint16_t) (s.seq + 1 + chance_below(&dice, 40000)));
        size_t len;

        h.ssrc = ssrcs[i / 2 % 4];
        h.pt = pts[i / 8 % 4];
        len = seal_rtp(keys, &h, buf);
        inject(&s.pub_at, buf, len);
        inject(&s.sub_at, buf, len);
        srtp_transport_free(keys);
    }
    assert_unchanged();
    expect_unharmed(&s);
    end(&s);
}

static void replays_change_nothing(void **state)
{
    struct scene s;
    uint8_t kept[5][1500];
    size_t len[5];

    (void) state;
    begin(&s);
    for (unsigned i = 0; i < 5; i++) {
        send_next(&s);
        memcpy(kept[i], s.sent, s.sent_len);
        len[i] = s.sent_len;
        expect_one(&s);
    }
    deliver();
    look(&before_);
    for (unsigned i = 0; i < 50; i++)
        inject(&s.pub_at, kept[i % 5], len[i % 5]);
    assert_unchanged();
    expect_unharmed(&s);
    end(&s);
}

/* The next packet, cut short at each length and with each bit turned; then it comes itself. */
static void spoilt_packets_change_nothing(void **state)
{
    struct scene s;
    struct rtp h;
    uint8_t good[1500], bad[1500];
    size_t len;

    (void) state;
    begin(&s);
    h = video_header(++s.seq);
    len = wc_make_rtp(s.pub, &h, NULL, 0, bytes_of(delta_frame, sizeof(delta_frame)), good);
    for (size_t n = 1; n < len; n++)
        inject(&s.pub_at, good, n);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        memcpy(bad, good, len);
        bad[bit / 8] ^= (uint8_t) (1 << bit % 8);
        if (bad[0] >= 4) /* not STUN then: that is another matter */
            inject(&s.pub_at, bad, len);
    }
    assert_unchanged();
    send_from(s.pub->fd, good, len);
    expect_one(&s);
    expect_unharmed(&s);
    end(&s);
}

static size_t make_feedback(struct srtp_transport *keys, uint32_t about, uint8_t buf[static 1500])
{
    static const uint16_t seqs[] = {1, 2, 3, 500};
    struct wr w = wr_init(buf, 1400);
    size_t len;

    rtcp_put_rr(&w, 1, NULL, 0);
    rtcp_put_nack(&w, 1, about, seqs, 4);
    rtcp_put_pli(&w, 1, about);
    rtcp_put_remb(&w, 1, 30000, &about, 1);
    len = wr_len(&w);
    assert_int_equal(srtp_transport_protect_rtcp(keys, buf, &len, 1500), 0);
    return len;
}

static void bad_reports_change_nothing(void **state)
{
    struct srtp_transport *keys = wrong_keys(&dice, SRTP_ID_AEAD_AES_128_GCM);
    struct scene s;
    uint8_t buf[1500], bad[1500];
    uint32_t about;
    size_t len;

    (void) state;
    begin(&s);
    about = the_subscriber("a")->tracks[SDP_VIDEO].ssrc;
    for (unsigned i = 0; i < 200; i++) {
        len = make_feedback(keys, i % 2 ? about : VIDEO_SSRC, buf);
        inject(&s.sub_at, buf, len);
        inject(&s.pub_at, buf, len);
    }
    assert_unchanged();

    len = make_feedback(s.sub->srtp, about, buf); /* authentic: once */
    for (size_t n = 1; n < len; n++)
        inject(&s.sub_at, buf, n);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        memcpy(bad, buf, len);
        bad[bit / 8] ^= (uint8_t) (1 << bit % 8);
        if (bad[0] >= 4)
            inject(&s.sub_at, bad, len);
    }
    assert_unchanged();
    inject(&s.sub_at, buf, len);
    assert_int_equal(the_subscriber("a")->remb_bps, 30000);
    deliver();
    look(&before_);
    for (unsigned i = 0; i < 20; i++)
        inject(&s.sub_at, buf, len);
    assert_unchanged();
    expect_unharmed(&s);
    srtp_transport_free(keys);
    end(&s);
}

/* Authentic packets of a kind that was not negotiated take an index, and nothing else. */
static void unknown_payload_types_reach_nobody(void **state)
{
    struct scene s;
    uint8_t buf[2048];
    struct rtp p;

    (void) state;
    begin(&s);
    for (uint8_t pt = 0; pt < 128; pt++) {
        struct rtp h = video_header(++s.seq);

        if ((pt >= 64 && pt < 96) || pt == 96 || pt == 97 || pt == 111)
            continue; /* RTCP by RFC 5761, or known */
        h.pt = pt;
        wc_send_rtp(s.pub, &h, NULL, 0, bytes_of(key_frame, sizeof(key_frame)));
    }
    deliver();
    assert_false(wc_receive_rtp(s.sub, 50, buf, sizeof(buf), &p));
    assert_int_equal((uint16_t) the_publisher("s")->tracks[SDP_VIDEO].reception.highest, 130);
    end(&s);
}

/* ---- other addresses ---- */

/* What would be welcome from the right one. */
static void unchecked_addresses_change_nothing(void **state)
{
    struct scene s;
    struct rtp h;
    uint8_t media[1500], report[1500];
    size_t media_len, report_len;
    struct attack *attacks = calloc(ATTACKS_MAX, sizeof(*attacks));
    size_t n = attacks_make(attacks);

    (void) state;
    begin(&s);
    h = video_header(++s.seq);
    media_len = wc_make_rtp(s.pub, &h, NULL, 0, bytes_of(delta_frame, sizeof(delta_frame)), media);
    report_len = make_feedback(s.sub->srtp, the_subscriber("a")->tracks[SDP_VIDEO].ssrc, report);
    for (unsigned i = 0; i < 10; i++) {
        inject(&s.stranger_at, media, media_len);
        inject(&s.stranger_at, report, report_len);
        inject(&s.sub_at, media, media_len); /* of a session, and not of this one */
        inject(&s.pub_at, report, report_len);
    }
    for (size_t i = 0; i < n; i++)
        inject(&s.stranger_at, attacks[i].parts[0].data, attacks[i].parts[0].len);
    assert_unchanged();
    send_from(s.pub->fd, media, media_len);
    expect_one(&s);
    send_from(s.sub->fd, report, report_len);
    for (unsigned i = 0; i < WC_WAIT_MS && the_subscriber("a")->remb_bps != 30000; i++)
        pump();
    assert_int_equal(the_subscriber("a")->remb_bps, 30000);
    expect_unharmed(&s);
    free(attacks);
    end(&s);
}

static size_t make_check(const char *ufrag, const char *pwd, unsigned class,
                         uint8_t buf[static 200])
{
    struct wr w = wr_init(buf, 200);
    uint8_t tid[STUN_TID_SIZE];
    char username[64];
    size_t len = 0;

    rnd_bytes(tid, sizeof(tid));
    snprintf(username, sizeof(username), "%s:peer", ufrag);
    stun_begin(&w, (enum stun_class) class, STUN_BINDING, tid);
    stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(username));
    stun_put_u32(&w, STUN_ATTR_PRIORITY, 1);
    stun_put_u64(&w, STUN_ATTR_ICE_CONTROLLING, 1);
    stun_put_bytes(&w, STUN_ATTR_USE_CANDIDATE, bytes_str(""));
    stun_put_integrity(&w, bytes_str(pwd));
    stun_put_fingerprint(&w);
    assert_int_equal(stun_finish(&w, &len), 0);
    return len;
}

/* From the right address or another: a guessed password, another's, a response, an indication. */
static void forged_checks_change_nothing(void **state)
{
    struct scene s;
    uint8_t buf[200];
    const struct ice_lite *ice, *other;
    size_t len;

    (void) state;
    begin(&s);
    ice = &the_publisher("s")->transport->ice;
    other = &the_subscriber("a")->transport->ice;
    for (unsigned i = 0; i < 8; i++) {
        const struct addr *from = i % 2 ? &s.pub_at : &s.stranger_at;

        len = make_check(ice->ufrag, i & 4 ? other->pwd : "a-guess-of-the-password", STUN_REQUEST,
                         buf);
        inject(from, buf, len);
        len = make_check("nobodysufrag", ice->pwd, STUN_REQUEST, buf);
        inject(from, buf, len);
        len = make_check(ice->ufrag, ice->pwd, i & 2 ? STUN_SUCCESS : STUN_INDICATION, buf);
        inject(from, buf, len);
        len = make_check(ice->ufrag, ice->pwd, STUN_REQUEST, buf);
        for (size_t n = 1; n < len; n++)
            inject(from, buf, n);
        buf[30] ^= 1;
        inject(from, buf, len);
    }
    assert_unchanged();
    expect_unharmed(&s);
    end(&s);
}

/* ---- the ClientHello race ---- */

enum stage { BEFORE_THE_CHECK, BEFORE_THE_HANDSHAKE, DURING_THE_HANDSHAKE, AFTERWARDS, N_STAGES };

static struct attack attacks_[ATTACKS_MAX];
static size_t n_attacks;

static void strike(const struct attack *a, const struct wc *c, int other_fd)
{
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned part = 0; part < 2 && a->parts[part].len > 0; part++) {
            send_from(c->fd, a->parts[part].data, a->parts[part].len);
            send_from(other_fd, a->parts[part].data, a->parts[part].len);
        }
    }
    deliver();
}

/* Says its hello again, sooner than OpenSSL would by itself. */
static bool handshake_patiently(struct wc *c)
{
    for (unsigned i = 0; i < 30; i++) {
        uint8_t buf[2048];
        size_t len;

        if (SSL_do_handshake(c->ssl) == 1) {
            wc_export_keys(c);
            return true;
        }
        if (wc_receive(c, 200, buf, sizeof(buf), &len)) {
            if (buf[0] >= 20 && buf[0] < 64)
                BIO_write(SSL_get_rbio(c->ssl), buf, (int) len);
        } else {
            (void) DTLSv1_handle_timeout(c->ssl);
        }
    }
    return false;
}

/* Flight one and its answer; the client has not said the rest. */
static void half_a_handshake(struct wc *c)
{
    (void) SSL_do_handshake(c->ssl);
    deliver();
}

static void race(const struct attack *a, enum stage stage)
{
    struct wc *c = publish("s");
    const struct transport *t = the_publisher("s")->transport;
    int other_fd = stranger(c);

    if (stage == BEFORE_THE_CHECK)
        strike(a, c, other_fd);
    assert_true(wc_check(c, c->remote_pwd, true, WC_WAIT_MS));
    if (stage == BEFORE_THE_HANDSHAKE)
        strike(a, c, other_fd);
    if (stage == DURING_THE_HANDSHAKE) {
        half_a_handshake(c);
        strike(a, c, other_fd);
    }
    if (!handshake_patiently(c))
        fail_msg("%s, stage %d: the session has ended", a->name, (int) stage);
    for (unsigned i = 0; i < WC_WAIT_MS && t->state == TRANSPORT_CONNECTING; i++)
        pump();
    if (stage == AFTERWARDS)
        strike(a, c, other_fd);
    if (t->state != TRANSPORT_CONNECTED)
        fail_msg("%s, stage %d: %s", a->name, (int) stage, transport_state_name(t->state));
    send_video(c, 1, true);
    deliver();
    assert_int_equal(t->packets_in, 1);
    close(other_fd);
    wc_free(c);
    close_room_of();
}

static void the_hello_race_is_won_by_the_client(void **state)
{
    (void) state;
    n_attacks = attacks_make(attacks_);
    for (size_t i = 0; i < n_attacks; i++) {
        for (unsigned stage = 0; stage < N_STAGES; stage++)
            race(&attacks_[i], (enum stage) stage);
    }
}

/* ---- consent (RFC 7675) ---- */

static void expect_media(struct scene *s, bool wanted)
{
    uint8_t buf[2048];
    struct rtp p;

    send_next(s);
    deliver();
    assert_int_equal(wc_receive_rtp(s->sub, 50, buf, sizeof(buf), &p), wanted);
}

/* As the wheel would, second by second. */
static void let_pass(uint64_t *now_us, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++) {
        *now_us += 1000000;
        clock_fake(*now_us);
        worker->now_us = *now_us;
        wheel_run(&worker->wheel, *now_us / 1000);
    }
}

static void check_at(const struct wc *c, const struct addr *from, uint64_t now_us)
{
    uint8_t buf[200];
    size_t len = make_check(c->remote_ufrag, c->remote_pwd, STUN_REQUEST, buf);

    worker->now_us = now_us;
    inject(from, buf, len);
}

static void without_consent_nothing_is_sent(void **state)
{
    const struct transport *t;
    uint64_t now_us, sent;
    struct scene s;

    (void) state;
    begin(&s);
    t = the_subscriber("a")->transport;
    now_us = clock_us();
    for (unsigned i = 0; i < 4; i++) { /* both keep it up */
        let_pass(&now_us, 20);
        check_at(s.sub, &s.sub_at, now_us);
        check_at(s.pub, &s.pub_at, now_us);
        assert_int_equal(t->state, TRANSPORT_CONNECTED);
    }
    for (unsigned i = 0; i < 2; i++) { /* now the publisher alone */
        let_pass(&now_us, 14);
        check_at(s.pub, &s.pub_at, now_us);
        assert_int_equal(t->state, TRANSPORT_CONNECTED);
    }
    let_pass(&now_us, 6); /* 34 s: looked at each 2 s */
    assert_int_equal(t->state, TRANSPORT_DISCONNECTED);
    assert_int_equal(the_publisher("s")->transport->state, TRANSPORT_CONNECTED);
    udp_flush(worker->udp);
    sent = t->packets_out;
    clock_fake(UINT64_MAX);
    expect_media(&s, false);
    assert_int_equal(t->packets_out, sent);
    end(&s);
}

/* It goes on when checks come again. */
static void consent_comes_back(void **state)
{
    struct scene s;
    uint64_t now_us;

    (void) state;
    begin(&s);
    now_us = clock_us();
    let_pass(&now_us, 33);
    assert_int_equal(the_subscriber("a")->transport->state, TRANSPORT_DISCONNECTED);
    assert_int_equal(the_publisher("s")->transport->state, TRANSPORT_DISCONNECTED);
    check_at(s.pub, &s.pub_at, now_us);
    check_at(s.sub, &s.sub_at, now_us);
    assert_int_equal(the_subscriber("a")->transport->state, TRANSPORT_CONNECTED);
    clock_fake(UINT64_MAX);
    expect_media(&s, true);
    end(&s);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wrong_keys_change_nothing),          TEST(replays_change_nothing),
        TEST(spoilt_packets_change_nothing),      TEST(bad_reports_change_nothing),
        TEST(unknown_payload_types_reach_nobody), TEST(unchecked_addresses_change_nothing),
        TEST(forged_checks_change_nothing),       TEST(the_hello_race_is_won_by_the_client),
        TEST(without_consent_nothing_is_sent),    TEST(consent_comes_back),
    };

    chance_init(&dice);
    return cmocka_run_group_tests(tests, setup_worker, teardown_worker);
}
