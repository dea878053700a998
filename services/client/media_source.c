#include "client/media_source.h"

#include "base/clock.h"
#include "client/stamp.h"
#include "client/vp8_grey.h"

#include <errno.h>
#include <stdlib.h>

#define SOUND_US 20000
#define SOUND_TS 960 /* 20 ms at 48 kHz */
#define SOUND_SIZE 80
#define PART_MAX 1100 /* bytes of a packet of video */
#define PICTURE_MAX (256 * 1024)
#define REPORT_US 1000000
#define BEHIND_US 1000000 /* so late we begin to count anew, and do not catch up */
#define VIDEO_HZ 90000

/* VP8's payload descriptor (RFC 7741 section 4.2): S, in a picture's first packet. */
#define VP8_START 0x10

struct track {
    struct media_source *source;
    enum sdp_kind kind;
    struct loop_timer timer;
    uint64_t due_us; /* of the next picture or packet */
    uint32_t ts, seq;
    struct recording *recording; /* NULL: synthetic */
    struct recorded next;
    uint64_t base_us; /* when the recording began */
    struct media_sent sent;
};

#define KEPT_MAX 128 /* packets of video, a second at 1 Mbit/s; a power of two */

/* A packet that may be asked for again. */
struct kept {
    struct rtc_packet packet;
    uint16_t seq;
    uint8_t payload[RTC_PAYLOAD_MAX];
};

struct media_source {
    struct loop *loop;
    struct media_source_config config;
    struct rtc_peer *peer;
    struct track tracks[RTC_KINDS];
    uint64_t asked; /* key frames, up to now */
    struct loop_timer report;
    uint8_t picture[PICTURE_MAX];
    struct kept kept[KEPT_MAX]; /* by sequence number; no payload: none */
};

/* ---- packets ---- */

static void keep(struct media_source *s, const struct rtc_packet *p)
{
    uint16_t seq = rtc_peer_next_seq(s->peer, p->kind);
    struct kept *k = &s->kept[seq % KEPT_MAX];

    k->packet = *p;
    k->packet.payload = bytes_of(k->payload, p->payload.len);
    k->seq = seq;
    memcpy(k->payload, p->payload.p, p->payload.len);
}

void media_source_on_rtcp(struct media_source *s, const struct rtcp *rtcp)
{
    size_t pos = 0;
    uint16_t seq;

    while (rtcp_next_nack(rtcp, &pos, &seq)) {
        const struct kept *k = &s->kept[seq % KEPT_MAX];

        if (k->packet.payload.len > 0 && k->seq == seq)
            (void) rtc_peer_repeat(s->peer, &k->packet, seq);
    }
}

static void send_packet(struct track *t, bool marker, struct bytes payload)
{
    struct rtc_packet p = {.kind = t->kind, .marker = marker, .ts = t->ts, .payload = payload};

    if (t->kind == SDP_VIDEO)
        keep(t->source, &p);
    if (rtc_peer_send(t->source->peer, &p) < 0)
        t->sent.dropped++;
    t->sent.packets++;
    t->sent.bytes += payload.len;
}

static void stamp(struct track *t, uint8_t *end)
{
    struct stamp s = {t->source->config.sender, t->seq++, clock_us()};

    stamp_write(&s, end - STAMP_SIZE);
}

/* In equal parts, each behind a payload descriptor; those of ours end with a stamp. */
static void send_picture(struct track *t, const uint8_t *picture, size_t len, bool stamped)
{
    size_t room = PART_MAX - 1 - (stamped ? STAMP_SIZE : 0);
    size_t n = len / room + (len % room != 0), part = len / n + (len % n != 0);

    for (size_t at = 0; at < len; at += part) {
        uint8_t payload[PART_MAX] = {at == 0 ? VP8_START : 0};
        size_t size = len - at < part ? len - at : part;

        memcpy(payload + 1, picture + at, size);
        size += 1;
        if (stamped) {
            size += STAMP_SIZE;
            stamp(t, payload + size);
        }
        send_packet(t, at + part >= len, bytes_of(payload, size));
    }
}

/* ---- synthetic ---- */

static bool key_frame_is_asked(struct media_source *s)
{
    const struct rtc_counters *c = rtc_peer_counters(s->peer);
    uint64_t asked = c->pli + c->fir + 1; /* the first one is, without a word */
    bool is = asked != s->asked;

    s->asked = asked;
    return is;
}

/* Behind the picture's own bytes come those of a partition that no decoder reads: they make its
 * size. */
static void send_grey(struct track *t)
{
    const struct media_source_config *c = &t->source->config;
    struct bytes grey = vp8_grey(key_frame_is_asked(t->source));
    size_t size = (size_t) c->video_kbit_s * 125 / c->frames_s;

    size = size < grey.len ? grey.len : size > PICTURE_MAX ? PICTURE_MAX : size;
    memcpy(t->source->picture, grey.p, grey.len);
    send_picture(t, t->source->picture, size, true);
    t->ts += VIDEO_HZ / c->frames_s;
}

/* Opus (RFC 6716 section 3.2.5): one frame of silence in CELT mode, the rest is padding. */
static void send_silence(struct track *t)
{
    uint8_t sound[SOUND_SIZE] = {0xfb, 0x41, SOUND_SIZE - 5, 0xff, 0xfe};

    stamp(t, sound + SOUND_SIZE);
    send_packet(t, false, bytes_of(sound, SOUND_SIZE));
    t->ts += SOUND_TS;
}

static void send_synthetic(struct track *t)
{
    if (t->kind == SDP_AUDIO) {
        send_silence(t);
        t->due_us += SOUND_US;
    } else {
        send_grey(t);
        t->due_us += 1000000 / t->source->config.frames_s;
    }
}

/* ---- recorded ---- */

/* VP8: the lowest bit of a picture is 0 in key frames (RFC 6386 section 9.1). */
static bool is_key_frame(const struct recorded *r)
{
    return !r->is_packet && r->data.len > 0 && (r->data.p[0] & 1) == 0;
}

/* The next of the recording, which begins anew behind its end. */
static void step(struct track *t)
{
    if (!recording_next(t->recording, &t->next)) {
        (void) recording_next(t->recording, &t->next); /* recording_open() has seen one */
        t->base_us = t->due_us + (t->kind == SDP_AUDIO ? SOUND_US : 33333);
    }
    t->due_us = t->base_us + t->next.at_us;
}

/* A key frame is wanted now: what is before the next one is left out. */
static void skip_to_key_frame(struct track *t)
{
    uint64_t now = t->due_us;

    for (unsigned i = 0; i < 10000 && !is_key_frame(&t->next); i++)
        step(t);
    t->base_us = now - t->next.at_us;
    t->due_us = now;
}

static void send_recorded(struct track *t)
{
    uint64_t was_us = t->due_us;

    if (t->next.is_packet) {
        t->ts += t->next.ts_step;
        if (t->next.data.len <= RTC_PAYLOAD_MAX)
            send_packet(t, t->next.marker, t->next.data);
        step(t);
        return;
    }
    if (key_frame_is_asked(t->source) && !is_key_frame(&t->next))
        skip_to_key_frame(t);
    if (t->next.data.len > 0)
        send_picture(t, t->next.data.p, t->next.data.len, false);
    step(t);
    t->ts += (uint32_t) ((t->due_us - was_us) * VIDEO_HZ / 1000000);
}

/* ---- time ---- */

static void on_timer(struct loop_timer *timer)
{
    struct track *t = container_of(timer, struct track, timer);
    uint64_t now = clock_us();

    if (now > t->due_us + BEHIND_US) {
        t->base_us += now - t->due_us;
        t->due_us = now;
    }
    if (t->recording)
        send_recorded(t);
    else
        send_synthetic(t);
    now = clock_us();
    (void) loop_timer_start(timer, t->source->loop, t->due_us > now ? t->due_us - now : 0,
                            on_timer);
}

static void on_report(struct loop_timer *timer)
{
    struct media_source *s = container_of(timer, struct media_source, report);

    (void) rtc_peer_send_report(s->peer); /* the next one tells the same */
    (void) loop_timer_start(timer, s->loop, REPORT_US, on_report);
}

int media_source_run(struct media_source *s)
{
    int r = loop_timer_start(&s->report, s->loop, REPORT_US, on_report);

    for (unsigned kind = 0; kind < RTC_KINDS && r == 0; kind++) {
        struct track *t = &s->tracks[kind];

        if (kind == SDP_AUDIO ? !s->config.audio : !s->config.video)
            continue;
        t->due_us = t->base_us = clock_us();
        if (t->recording)
            step(t);
        r = loop_timer_start(&t->timer, s->loop, 0, on_timer);
    }
    return r;
}

/* ---- life ---- */

int media_source_new(struct loop *l, const struct media_source_config *c, struct rtc_peer *p,
                     struct media_source **ret_s)
{
    struct media_source *s = calloc(1, sizeof(*s));
    int r = 0;

    if (!s)
        return -ENOMEM;
    s->loop = l;
    s->config = *c;
    s->peer = p;
    if (s->config.video_kbit_s > MEDIA_SOURCE_KBIT_MAX)
        s->config.video_kbit_s = MEDIA_SOURCE_KBIT_MAX;
    if (s->config.frames_s == 0)
        s->config.frames_s = 30;
    for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
        s->tracks[kind].source = s;
        s->tracks[kind].kind = (enum sdp_kind) kind;
    }
    if (c->audio && c->audio_file)
        r = recording_open(c->audio_file, &s->tracks[SDP_AUDIO].recording);
    if (r == 0 && c->video && c->video_file)
        r = recording_open(c->video_file, &s->tracks[SDP_VIDEO].recording);
    if (r < 0) {
        media_source_free(s);
        return r;
    }
    *ret_s = s;
    return 0;
}

struct media_source *media_source_free(struct media_source *s)
{
    if (!s)
        return NULL;
    loop_timer_done(&s->report);
    for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
        loop_timer_done(&s->tracks[kind].timer);
        recording_free(s->tracks[kind].recording);
    }
    free(s);
    return NULL;
}

const struct media_sent *media_source_sent(const struct media_source *s, enum sdp_kind kind)
{
    return &s->tracks[kind].sent;
}
