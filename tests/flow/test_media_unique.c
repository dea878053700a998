/* AES-GCM breaks when two different packets leave under one key, SSRC and index. Here is a long
 * call with losses, retransmissions both ways, jumps, roll-overs of media and of RTX, other
 * sources, reconnections and loopback; whatever the worker sends in it is decrypted, and compared
 * with all that had the same place. */
#include "media_worker_kit.h"

#include "rtc/rtp_gcm.h"
#include "rtc/srtp_replay.h"
#include "tests/lib/chance.h"

#define SEEN_SLOTS (1u << 20)
#define STREAMS_MAX 16
#define TAPS_MAX 64
#define BURST 50
#define RTX_WANTED 0x10800 /* for a roll-over; some 35 a round */
#define ROUNDS_MAX 6000
#define N_SOURCES 3

/* ---- what was seen ---- */

struct seen {
    uint32_t tap; /* 0: free */
    uint32_t ssrc;
    uint64_t index; /* top bit: of RTCP */
    uint64_t sum;   /* of the whole datagram */
};

static struct seen *seen;
static size_t n_seen, n_repeated;

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

static uint64_t sum_of(const uint8_t *p, size_t len)
{
    uint64_t h = len;

    for (size_t i = 0; i < len; i++)
        h = mix(h, p[i]);
    return h;
}

static void note(uint32_t tap, uint32_t ssrc, uint64_t index, uint64_t sum)
{
    size_t at = mix(mix(mix(1, tap), ssrc), index) % SEEN_SLOTS;

    while (seen[at].tap != 0) {
        if (seen[at].tap == tap && seen[at].ssrc == ssrc && seen[at].index == index) {
            if (seen[at].sum != sum)
                fail_msg("two packets of SSRC %u have the index %llu", ssrc,
                         (unsigned long long) index);
            n_repeated++;
            return;
        }
        at = (at + 1) % SEEN_SLOTS;
    }
    seen[at] = (struct seen){tap, ssrc, index, sum};
    assert_true(++n_seen < SEEN_SLOTS / 2);
}

/* ---- a client's end, which hears everything ---- */

struct tap {
    struct wc *c;
    uint32_t id;
    struct rtp_gcm *rtp, *rtcp;
    struct {
        uint32_t ssrc;
        struct srtp_replay place;
    } streams[STREAMS_MAX];
    unsigned n_streams;
    uint16_t heard[BURST]; /* numbers of video, of the last burst */
    uint32_t heard_ssrc;
    unsigned n_heard;
    uint64_t n_rtp, n_rtcp, n_rtx, highest_video, highest_rtx;
};

static struct rtp_gcm *opener(const struct dtls_keys *k, bool rtcp)
{
    uint8_t salt[RTP_KDF_SALT_SIZE] = {0}, key[RTP_GCM_KEY_SIZE], session_salt[RTP_GCM_SALT_SIZE];
    struct rtp_gcm *g;

    memcpy(salt, k->client_salt, 12);
    assert_int_equal(rtp_kdf(k->client_key, salt, rtcp ? RTP_KDF_RTCP_CIPHER : RTP_KDF_RTP_CIPHER,
                             key, sizeof(key)),
                     0);
    assert_int_equal(rtp_kdf(k->client_key, salt, rtcp ? RTP_KDF_RTCP_SALT : RTP_KDF_RTP_SALT,
                             session_salt, sizeof(session_salt)),
                     0);
    assert_int_equal(rtp_gcm_new(key, session_salt, false, &g), 0);
    return g;
}

static void tap_begin(struct tap *t, struct wc *c)
{
    static uint32_t n;

    *t = (struct tap){.c = c, .id = ++n};
    t->rtp = opener(&c->keys, false);
    t->rtcp = opener(&c->keys, true);
}

static void tap_end(struct tap *t)
{
    wc_free(t->c);
    rtp_gcm_free(t->rtp);
    rtp_gcm_free(t->rtcp);
}

static struct srtp_replay *place_of(struct tap *t, uint32_t ssrc)
{
    for (unsigned i = 0; i < t->n_streams; i++) {
        if (t->streams[i].ssrc == ssrc)
            return &t->streams[i].place;
    }
    assert_true(t->n_streams < STREAMS_MAX);
    t->streams[t->n_streams].ssrc = ssrc;
    return &t->streams[t->n_streams++].place;
}

/* A roll-over counter that is wrong would not open it. */
static void hear_rtp(struct tap *t, uint8_t *p, size_t len)
{
    uint64_t sum = sum_of(p, len);
    struct rtp_gcm_packet packet;
    struct srtp_replay *place;
    uint8_t first = p[0];
    struct rtp h;

    p[0] = first & ~0x20; /* where its padding ends is a secret yet */
    assert_int_equal(rtp_decode(bytes_of(p, len), &h), 0);
    p[0] = first;
    place = place_of(t, h.ssrc);
    packet = (struct rtp_gcm_packet){.ssrc = h.ssrc,
                                     .index = srtp_replay_guess(place, h.seq),
                                     .header = bytes_of(p, h.header_len)};
    assert_int_equal(
        rtp_gcm_open(t->rtp, &packet, p + h.header_len, len - h.header_len - RTP_GCM_TAG_SIZE), 0);
    if (!place->any || packet.index > place->highest)
        srtp_replay_add(place, packet.index);
    note(t->id, h.ssrc, packet.index, sum);
    t->n_rtp++;
    if (h.pt == bob.rtx || h.pt == alice.rtx) {
        t->n_rtx++;
        t->highest_rtx = place->highest;
    } else if (h.pt == bob.vp8 || h.pt == alice.vp8) {
        t->highest_video = place->highest;
        t->heard_ssrc = h.ssrc;
        if (t->n_heard < BURST)
            t->heard[t->n_heard++] = h.seq;
    }
}

static void hear_rtcp(struct tap *t, uint8_t *p, size_t len)
{
    uint64_t sum = sum_of(p, len);
    struct rd r = rd_init(bytes_of(p + 4, len - 4));
    uint32_t ssrc = rd_u32(&r);
    struct rtp_gcm_packet packet = {
        .ssrc = ssrc, .header = bytes_of(p, 8), .trailer = bytes_of(p + len - 4, 4)};

    r = rd_init(packet.trailer);
    packet.index = rd_u32(&r) & 0x7fffffff;
    assert_int_equal(rtp_gcm_open(t->rtcp, &packet, p + 8, len - 8 - RTP_GCM_TAG_SIZE - 4), 0);
    note(t->id, ssrc, packet.index | UINT64_C(1) << 63, sum);
    t->n_rtcp++;
}

static void tap_hear(struct tap *t)
{
    uint8_t buf[2048];
    ssize_t len;

    while ((len = recv(t->c->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
        if (buf[0] < 128 || buf[0] > 191)
            continue;
        if (rtp_is_rtcp(bytes_of(buf, (size_t) len)))
            hear_rtcp(t, buf, (size_t) len);
        else
            hear_rtp(t, buf, (size_t) len);
    }
}

/* ---- the call ---- */

struct source {
    uint32_t ssrc;
    uint16_t seq;
};

struct call {
    const char *stream;
    bool loopback;
    struct tap pub;
    struct tap subs[2];
    unsigned n_subs;
    struct source sources[N_SOURCES];
    unsigned source;
    uint16_t audio_seq, rtx_seq;
    uint32_t ts;
    unsigned n_wraps;
};

static struct chance dice;

static void hear_all(struct call *c)
{
    deliver();
    tap_hear(&c->pub);
    for (unsigned i = 0; i < c->n_subs; i++)
        tap_hear(&c->subs[i]);
}

static void publish_call(struct call *c)
{
    struct wc *pub = offer_to_worker(COMMAND_PUBLISH, c->stream, "", c->loopback);

    connect_to(pub, the_publisher(c->stream)->transport);
    tap_begin(&c->pub, pub);
    for (unsigned i = 0; i < N_SOURCES; i++)
        c->sources[i] =
            (struct source){VIDEO_SSRC + 10 * i, (uint16_t) (chance_below(&dice, 0x8000))};
    c->rtx_seq = c->audio_seq = 1;
}

static void join(struct call *c, unsigned i)
{
    char name[32];

    snprintf(name, sizeof(name), "%s%u", c->stream, i);
    tap_begin(&c->subs[i], connected_subscriber(c->stream, name));
}

static struct source *source_of(struct call *c)
{
    return &c->sources[c->source];
}

static void send_one(struct call *c, unsigned step, struct bytes payload)
{
    struct source *s = source_of(c);
    struct rtp h = {.pt = 96, .ssrc = s->ssrc};

    c->n_wraps += s->seq + step > 0xffff;
    s->seq = (uint16_t) (s->seq + step);
    c->ts += 3000;
    h.seq = s->seq;
    h.ts = c->ts;
    h.marker = s->seq % 3 == 0;
    wc_send_rtp(c->pub.c, &h, NULL, 0, payload);
}

static void send_frame_part(struct call *c, unsigned step)
{
    uint8_t payload[200];

    chance_bytes(&dice, payload, sizeof(payload));
    memcpy(payload, chance_below(&dice, 40) ? delta_frame : key_frame, 8);
    send_one(c, step, bytes_of(payload, 20 + chance_below(&dice, 180)));
}

/* The publisher repeats a packet of its own; what that says is made up, as an attacker might. */
static void send_rtx(struct call *c)
{
    uint16_t osn = (uint16_t) (source_of(c)->seq - chance_below(&dice, 30));
    uint8_t payload[60];
    struct rtp h = {.pt = 97, .ssrc = VIDEO_SSRC + 1, .seq = c->rtx_seq++, .ts = c->ts};

    chance_bytes(&dice, payload, sizeof(payload));
    payload[0] = (uint8_t) (osn >> 8);
    payload[1] = (uint8_t) osn;
    memcpy(payload + 2, delta_frame, 8);
    wc_send_rtp(c->pub.c, &h, NULL, 0, bytes_of(payload, sizeof(payload)));
}

static void send_sound(struct call *c)
{
    struct rtp h = {.pt = 111, .ssrc = AUDIO_SSRC, .seq = c->audio_seq++, .ts = c->ts};

    wc_send_rtp(c->pub.c, &h, NULL, 0, bytes_str("some sound"));
}

static void send_burst(struct call *c, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned n_of_100 = chance_below(&dice, 100);

        if (n_of_100 < 3)
            send_rtx(c);
        else if (n_of_100 < 6)
            send_one(c, 1, bytes_of(NULL, 0)); /* a probe */
        else if (n_of_100 < 10)
            send_frame_part(c, 2 + chance_below(&dice, 4)); /* some are lost */
        else if (n_of_100 < 15)
            send_sound(c);
        else
            send_frame_part(c, 1);
    }
}

/* The subscriber asks for all of the last burst, some of it twice. */
static void ask_again(struct tap *t)
{
    uint8_t buf[1500];
    struct wr w = wr_init(buf, 1400);

    if (t->n_heard == 0)
        return;
    rtcp_put_rr(&w, 1, NULL, 0);
    for (unsigned i = 0; i < t->n_heard; i++)
        rtcp_put_nack(&w, 1, t->heard_ssrc, &t->heard[i], 1);
    rtcp_put_nack(&w, 1, t->heard_ssrc, t->heard, 1);
    wc_send_rtcp(t->c, &w);
}

static void say_pli(struct tap *t)
{
    uint8_t buf[1500];
    struct wr w = wr_init(buf, 1400);

    rtcp_put_rr(&w, 1, NULL, 0);
    rtcp_put_pli(&w, 1, t->heard_ssrc);
    wc_send_rtcp(t->c, &w);
}

/* Without it, subscribers get no sender reports. */
static void send_report(struct call *c)
{
    struct rtcp_sender_info info = {.ntp = 1ull << 60, .rtp_ts = c->ts, .packets = 1, .octets = 8};
    uint8_t buf[1500];
    struct wr w = wr_init(buf, 1400);

    rtcp_put_sr(&w, source_of(c)->ssrc, &info, NULL, 0);
    wc_send_rtcp(c->pub.c, &w);
}

static void keep_consent(struct call *c)
{
    wc_send_check(c->pub.c, c->pub.c->remote_pwd, true);
    for (unsigned i = 0; i < c->n_subs; i++)
        wc_send_check(c->subs[i].c, c->subs[i].c->remote_pwd, true);
}

static void disturb(struct call *c, unsigned round)
{
    static const unsigned jumps[] = {500, 2500, 2900, 3500, 20000};

    if (round % 50 == 0)
        keep_consent(c);
    if (round % 20 == 0)
        send_report(c);
    if (round % 5 == 0) /* losses that bring the next roll-over nearer */
        send_frame_part(c, jumps[round / 5 % 5]);
    if (round % 37 == 0)
        c->source = (c->source + 1) % N_SOURCES;
    if (round % 41 == 0 && c->n_subs > 0)
        say_pli(&c->subs[0]);
    if (round % 400 == 399) { /* a reconnection of the publisher */
        tap_end(&c->pub);
        publish_call(c);
    }
    if (round % 300 == 299 && c->n_subs > 1) { /* another subscriber, or the same one again */
        tap_end(&c->subs[1]);
        join(c, 1);
    }
}

static void round_of(struct call *c, unsigned round)
{
    struct tap *first = c->loopback ? &c->pub : &c->subs[0];

    first->n_heard = 0;
    send_burst(c, BURST);
    hear_all(c);
    ask_again(first);
    if (c->n_subs > 1 && round % 3 == 0)
        ask_again(&c->subs[1]);
    hear_all(c);
    disturb(c, round);
}

static void end_call(struct call *c)
{
    hear_all(c);
    for (unsigned i = 0; i < c->n_subs; i++)
        tap_end(&c->subs[i]);
    tap_end(&c->pub);
    close_room_of();
}

static void a_long_call(void **state)
{
    struct call c = {.stream = "s", .n_subs = 2};
    const struct tap *first = &c.subs[0];

    (void) state;
    publish_call(&c);
    join(&c, 0);
    join(&c, 1);
    for (unsigned round = 0; round < ROUNDS_MAX && first->n_rtx < RTX_WANTED; round++)
        round_of(&c, round);
    print_message("%llu of %llu packets were RTX\n", (unsigned long long) first->n_rtx,
                  (unsigned long long) first->n_rtp);
    assert_in_range(first->n_rtx, RTX_WANTED, UINT32_MAX);
    assert_in_range(first->highest_rtx >> 16, 1, 10);     /* RTX has rolled over … */
    assert_in_range(first->highest_video >> 16, 3, 1000); /* … and so has video, often */
    assert_in_range(c.n_wraps, 5, 10000);
    assert_in_range(first->n_rtcp, 1, UINT32_MAX);
    end_call(&c);
}

static void a_loop(void **state)
{
    struct call c = {.stream = "loop", .loopback = true};

    (void) state;
    publish_call(&c);
    for (unsigned round = 1; round < 399 && c.pub.n_rtx < 10000; round++)
        round_of(&c, round);
    assert_in_range(c.pub.n_rtx, 1000, UINT32_MAX);
    assert_in_range(c.pub.n_rtp, 2000, UINT32_MAX);
    end_call(&c);
}

static int setup(void **state)
{
    chance_init(&dice);
    seen = calloc(SEEN_SLOTS, sizeof(*seen));
    return seen ? setup_worker(state) : -1;
}

static int teardown(void **state)
{
    print_message("%zu packets, %zu came again unchanged\n", n_seen, n_repeated);
    free(seen);
    return teardown_worker(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_call),
        cmocka_unit_test(a_loop),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
