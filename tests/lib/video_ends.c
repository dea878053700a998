#include "tests/lib/video_ends.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define PAYLOAD_SIZE 1100
#define HEAD_SIZE 40 /* what we write into a payload */
#define REPORT_US 500000
#define TICK_US 10000
#define ASK_MAX 64
#define OVERDUE_US 1000000

/* ---- the publisher ---- */

/* A payload begins with VP8's descriptor (RFC 7741) and frame header, and goes on with what the
 * viewer wants to know. */
struct video_source_packet {
    uint16_t seq;
    bool used;
    struct rtc_packet packet;
    uint8_t head[HEAD_SIZE];
};

static struct bytes payload_of(const uint8_t head[static HEAD_SIZE])
{
    static uint8_t payload[PAYLOAD_SIZE];

    memcpy(payload, head, HEAD_SIZE);
    return bytes_of(payload, sizeof(payload));
}

static void fill_head(const struct video_source *s, unsigned i, bool key,
                      uint8_t head[static HEAD_SIZE])
{
    struct wr w = wr_init(head, HEAD_SIZE);

    wr_u8(&w, i == 0 ? 0x10 : 0); /* S: a frame begins */
    wr_u24(&w, key ? 0 : 0x010000);
    wr_u24(&w, 0x9d012a);
    wr_u8(&w, key);
    wr_u32(&w, s->n_frames);
    wr_u32(&w, s->n_packets);
    wr_u8(&w, (uint8_t) s->packets);
    wr_u64(&w, clock_us());
    wr_zero(&w, HEAD_SIZE - wr_len(&w));
}

static void send_one(struct video_source *s, unsigned i, bool key)
{
    uint16_t seq = rtc_peer_next_seq(s->peer, SDP_VIDEO);
    struct video_source_packet *k = &s->kept[seq % VIDEO_SOURCE_KEPT];

    k->used = true;
    k->seq = seq;
    k->packet = (struct rtc_packet){.kind = SDP_VIDEO, .marker = i + 1 == s->packets, .ts = s->ts};
    fill_head(s, i, key, k->head);
    k->packet.payload = payload_of(k->head);
    (void) rtc_peer_send(s->peer, &k->packet);
    s->last_seq = seq;
    s->n_packets++;
}

static void on_frame(struct loop_timer *t)
{
    struct video_source *s = container_of(t, struct video_source, timer);
    bool key = s->n_frames == 0 || s->wants_key;
    uint64_t now_us = clock_us();

    s->wants_key = false;
    s->key_frames += key;
    s->ts += s->frame_us * 9 / 100;
    for (unsigned i = 0; i < s->packets; i++)
        send_one(s, i, key);
    s->n_frames++;
    if (s->n_frames % (REPORT_US / s->frame_us + 1) == 0)
        (void) rtc_peer_send_report(s->peer);
    s->due_us += s->frame_us;
    (void) loop_timer_start(t, s->loop, s->due_us > now_us ? s->due_us - now_us : 0, on_frame);
}

static void repeat(struct video_source *s, uint16_t seq)
{
    struct video_source_packet *k = &s->kept[seq % VIDEO_SOURCE_KEPT];

    s->asked++;
    if (!k->used || k->seq != seq)
        return;
    k->packet.payload = payload_of(k->head);
    s->repeated += rtc_peer_repeat(s->peer, &k->packet, seq) == 0;
}

static void on_feedback(struct rtc_peer *p, const struct rtcp *m, void *arg)
{
    struct video_source *s = arg;
    uint16_t seq;
    size_t pos = 0;

    (void) p;
    if (m->type == RTCP_PSFB && (m->count == RTCP_FMT_PLI || m->count == RTCP_FMT_FIR))
        s->wants_key = true;
    while (rtcp_next_nack(m, &pos, &seq))
        repeat(s, seq);
}

const struct rtc_peer_handlers video_source_handlers = {.on_rtcp = on_feedback};

int video_source_start(struct video_source *s)
{
    s->kept = calloc(VIDEO_SOURCE_KEPT, sizeof(*s->kept));
    if (!s->kept)
        return -ENOMEM;
    s->due_us = clock_us();
    return loop_timer_start(&s->timer, s->loop, 0, on_frame);
}

void video_source_stop(struct video_source *s)
{
    loop_timer_done(&s->timer);
    free(s->kept);
    s->kept = NULL;
}

/* ---- the subscriber ---- */

struct video_sink_packet {
    uint64_t sent_us, came_us; /* 0: it did not come */
    uint32_t frame;
    uint8_t of; /* so many packets make the frame */
    bool key;
};

static void take(struct video_sink *v, uint16_t seq, struct bytes payload)
{
    struct rd r = rd_init(payload);
    struct video_sink_packet k;
    uint32_t n;

    rd_skip(&r, 7);
    k.key = rd_u8(&r) != 0;
    k.frame = rd_u32(&r);
    n = rd_u32(&r);
    k.of = rd_u8(&r);
    k.sent_us = rd_u64(&r);
    k.came_us = clock_us();
    if (r.failed || n >= VIDEO_SINK_PACKETS)
        return;
    if (rtp_starts_key_frame(RTP_CODEC_VP8, payload))
        recovery_key_frame(&v->recovery, seq);
    if (v->packets[n].came_us)
        v->twice++;
    else
        v->packets[n] = k;
}

/* For what is due to be asked for, and a key frame when that is all that helps. */
static void ask(struct video_sink *v)
{
    uint16_t seqs[ASK_MAX];
    uint64_t now_us = clock_us();
    size_t n = recovery_due(&v->recovery, now_us, seqs, ASK_MAX);

    if (n > 0)
        (void) rtc_peer_send_nack(v->peer, SDP_VIDEO, seqs, n);
    if (v->recovery.started && recovery_key_frame_due(&v->recovery, now_us))
        (void) rtc_peer_send_pli(v->peer);
}

static void on_packet(struct rtc_peer *p, enum sdp_kind kind, const struct rtp *rtp, void *arg)
{
    struct video_sink *v = arg;

    (void) p;
    if (kind != SDP_VIDEO)
        return;
    (void) recovery_packet(&v->recovery, rtp->seq); /* what comes twice is counted too */
    take(v, rtp->seq, rtp->payload);
    ask(v);
}

static void on_repeated(struct rtc_peer *p, enum sdp_kind kind, uint16_t seq, const struct rtp *rtp,
                        void *arg)
{
    struct video_sink *v = arg;

    (void) p;
    if (kind != SDP_VIDEO || !v->recovery.started)
        return;
    (void) recovery_repeated(&v->recovery, seq);
    take(v, seq, rtp->payload);
}

const struct rtc_peer_handlers video_sink_handlers = {.on_rtp = on_packet,
                                                      .on_repeated = on_repeated};

static void on_tick(struct loop_timer *t)
{
    struct video_sink *v = container_of(t, struct video_sink, timer);
    uint64_t now_us = clock_us();

    ask(v);
    if (now_us / REPORT_US != (now_us - TICK_US) / REPORT_US)
        (void) rtc_peer_send_report(v->peer);
    (void) loop_timer_start(t, v->loop, TICK_US, on_tick);
}

int video_sink_start(struct video_sink *v)
{
    v->packets = calloc(VIDEO_SINK_PACKETS, sizeof(*v->packets));
    if (!v->packets)
        return -ENOMEM;
    return loop_timer_start(&v->timer, v->loop, TICK_US, on_tick);
}

void video_sink_stop(struct video_sink *v)
{
    loop_timer_done(&v->timer);
    free(v->packets);
    v->packets = NULL;
}

/* ---- what was seen ---- */

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

    return (x > y) - (x < y);
}

static void measure_delays(const struct video_sink *v, uint32_t first, uint32_t end,
                           struct video_sight *s)
{
    uint32_t *ms = calloc(end - first, sizeof(*ms));
    size_t n = 0;

    for (uint32_t i = first; i < end; i++) {
        const struct video_sink_packet *k = &v->packets[i];

        s->packets++;
        if (k->came_us == 0) {
            s->lost++;
            continue;
        }
        s->overdue += k->came_us - k->sent_us > OVERDUE_US;
        if (ms)
            ms[n++] = (uint32_t) ((k->came_us - k->sent_us) / 1000);
    }
    if (n > 0) {
        qsort(ms, n, sizeof(*ms), compare);
        s->median_ms = ms[n / 2];
        s->worst_ms = ms[n - 1];
    }
    free(ms);
}

/* Frame by frame, as a decoder goes: when one lacks something, the next one that it can show is a
 * key frame. */
static void measure_picture(const struct video_sink *v, uint32_t first, uint32_t end,
                            struct video_sight *s)
{
    uint64_t shown_us = 0;
    bool intact = true;

    for (uint32_t i = first; i < end;) {
        const struct video_sink_packet *k = &v->packets[i];
        uint64_t whole_us = 0;
        uint32_t n = 0, frame = k->frame;
        bool key = k->key;
        uint8_t of = k->of;

        if (k->came_us == 0) { /* whichever frame it was of */
            intact = false;
            i++;
            continue;
        }
        for (; i < end && v->packets[i].came_us && v->packets[i].frame == frame; i++, n++)
            whole_us = v->packets[i].came_us > whole_us ? v->packets[i].came_us : whole_us;
        s->frames++;
        intact = n == of && (intact || key);
        if (!intact)
            continue;
        if (shown_us && whole_us > shown_us && (whole_us - shown_us) / 1000 > s->longest_still_ms)
            s->longest_still_ms = (unsigned) ((whole_us - shown_us) / 1000);
        shown_us = whole_us > shown_us ? whole_us : shown_us;
        s->shown++;
    }
}

void video_sight(const struct video_sink *v, uint32_t first, uint32_t end, struct video_sight *ret)
{
    *ret = (struct video_sight){.packets = 0};
    if (end > VIDEO_SINK_PACKETS)
        end = VIDEO_SINK_PACKETS;
    if (first >= end)
        return;
    measure_delays(v, first, end, ret);
    measure_picture(v, first, end, ret);
    ret->nacked_percent = 100.0 * (double) v->recovery.asked / ret->packets;
    ret->twice_percent = 100.0 * (double) v->twice / ret->packets;
}
