#include "media/incoming.h"

#include "media/feedback.h"
#include "media/forward.h"
#include "media/quality.h"
#include "media/subscriber.h"

#define RTX_HEADER_SIZE 2 /* the original sequence number (RFC 4588 section 4) */

/* A track's first packet, or the first under another SSRC. */
static void track_begin(struct track *k, uint32_t ssrc, uint32_t clock_hz, uint64_t now_us)
{
    struct subscriber_track *st;

    forward_held(k, now_us);
    forward_forget(k);
    if (k->has_ssrc) {
        if (k->kind == SDP_VIDEO && !k->asleep) /* if it does not begin with one */
            keyframe_want(&k->keyframe, now_us);
        quality_count_track(k);
        list_for_each (st, &k->subscribers, node)
            rewrite_resync(&st->rewrite);
    }
    k->repeated = k->key_frames = k->keyframe.n_asked = 0;
    k->has_ssrc = true;
    k->has_key = false;
    k->ssrc = ssrc;
    reception_init(&k->reception, ssrc, clock_hz);
    nack_init(&k->nack);
    if (k->history)
        history_clear(k->history);
}

/* A retransmission becomes the packet that it repeats, in place. False: it carries none (a probe),
 * or comes before any packet. */
static bool restore_rtx(struct track *k, const struct neg_codec *codec, uint8_t *packet,
                        size_t *len, struct media_packet *m)
{
    size_t header_len = m->rtp.header_len;
    uint16_t seq;

    if (!k->has_ssrc || m->rtp.payload.len <= RTX_HEADER_SIZE)
        return false;
    seq = (uint16_t) (m->rtp.payload.p[0] << 8 | m->rtp.payload.p[1]);
    memmove(packet + RTX_HEADER_SIZE, packet, header_len);
    packet += RTX_HEADER_SIZE;
    *len -= RTX_HEADER_SIZE;
    packet[1] = (uint8_t) ((packet[1] & 0x80) | codec->pt);
    packet[2] = (uint8_t) (seq >> 8);
    packet[3] = (uint8_t) seq;
    packet[8] = (uint8_t) (k->ssrc >> 24);
    packet[9] = (uint8_t) (k->ssrc >> 16);
    packet[10] = (uint8_t) (k->ssrc >> 8);
    packet[11] = (uint8_t) k->ssrc;
    if (rtp_decode(bytes_of(packet, *len), &m->rtp) < 0)
        return false;
    m->seq = rtp_seq_extend(k->reception.highest, seq);
    m->repeated = true;
    k->repeated++;
    return true;
}

/* Sets m->seq. */
static void receive(struct track *k, const struct neg_codec *codec, struct media_packet *m)
{
    if (!k->has_ssrc || m->rtp.ssrc != k->ssrc)
        track_begin(k, m->rtp.ssrc, codec->clock_hz, m->now_us);
    m->seq = reception_packet(&k->reception, m->rtp.seq, m->rtp.ts, m->rtp.payload.len, m->now_us);
}

/* False: the packet was here before. */
static bool keep(struct track *k, const struct media_packet *m, struct bytes packet)
{
    int r = k->history ? history_put(k->history, m->seq, packet, m->now_us) : 0;

    return r != -EEXIST && r != -ERANGE;
}

static void note_missing(struct track *k, const struct media_packet *m)
{
    uint64_t took_us = 0;

    if (k->history && !nack_packet(&k->nack, m->seq, m->repeated, m->now_us, &took_us))
        keyframe_want(&k->keyframe, m->now_us);
    if (took_us > 0)
        rtt_sample(&k->publisher->rtt, took_us);
}

/* A frame may have several packets that could begin one (SPS, then IDR): the first counts. */
static void note_key_frame(struct track *k, const struct media_packet *m)
{
    keyframe_passed(&k->keyframe, m->now_us);
    if (k->has_key && k->key_ts == m->rtp.ts)
        return;
    nack_key_frame(&k->nack, m->seq);
    k->key_frames++;
    k->has_key = true;
    k->key_seq = m->seq;
    k->key_ts = m->rtp.ts;
    k->key_us = m->now_us;
}

/* Sets m->starts_key_frame. */
static void look_into(struct track *k, const struct neg_codec *codec, struct media_packet *m)
{
    m->starts_key_frame =
        k->kind == SDP_VIDEO && rtp_starts_key_frame(codec->codec, m->rtp.payload);
    if (m->starts_key_frame)
        note_key_frame(k, m);
}

static void note_level(struct publisher *p, const struct track *k, const struct media_packet *m)
{
    struct bytes value;

    if (k->kind != SDP_AUDIO || list_empty(&p->speaker.node))
        return;
    value = rtp_find_ext(&m->rtp, p->neg.media[SDP_AUDIO].ext_id[NEG_EXT_AUDIO_LEVEL]);
    if (value.len >= 1)
        speaker_heard(&p->speaker, value.p[0] & 0x7f);
}

static void note_arrival(struct publisher *p, const struct track *k, const struct media_packet *m)
{
    uint8_t id = p->neg.media[k->kind].ext_id[NEG_EXT_TRANSPORT_CC];
    struct bytes value;

    if (!p->uses_twcc || id == 0)
        return;
    value = rtp_find_ext(&m->rtp, id);
    if (value.len == 2)
        twcc_packet(&p->twcc, (uint16_t) (value.p[0] << 8 | value.p[1]), m->now_us);
}

void incoming_rtp(struct publisher *p, uint8_t *packet, size_t len, uint64_t now_us)
{
    struct media_packet m = {.now_us = now_us};
    const struct payload_type *pt;
    const struct neg_codec *codec;
    struct track *k;
    bool is_new = true;

    if (rtp_decode(bytes_of(packet, len), &m.rtp) < 0)
        return;
    pt = &p->payload_types[m.rtp.pt & 0x7f];
    if (!pt->known)
        return;
    k = &p->tracks[pt->kind];
    codec = &p->neg.media[pt->kind].codecs[pt->codec];
    note_arrival(p, k, &m);
    if (pt->is_rtx) {
        is_new = restore_rtx(k, codec, packet, &len, &m);
        packet += RTX_HEADER_SIZE;
    } else {
        receive(k, codec, &m);
    }
    note_level(p, k, &m);
    if (is_new && !k->asleep) {
        note_missing(k, &m);
        if (keep(k, &m, bytes_of(packet, len))) {
            look_into(k, codec, &m);
            forward_packet(k, &m);
        }
    }
    feedback_run(p, m.now_us);
}

/* The track whose packet it is, if that is new and was kept; else NULL. */
static struct track *take_mirrored(struct publisher *p, struct bytes packet, struct media_packet *m)
{
    const struct payload_type *pt;
    const struct neg_codec *codec;
    struct track *k;

    if (rtp_decode(packet, &m->rtp) < 0)
        return NULL;
    pt = &p->payload_types[m->rtp.pt & 0x7f];
    if (!pt->known || pt->is_rtx)
        return NULL;
    k = &p->tracks[pt->kind];
    codec = &p->neg.media[pt->kind].codecs[pt->codec];
    receive(k, codec, m);
    note_level(p, k, m);
    if (k->asleep || !keep(k, m, packet))
        return NULL;
    look_into(k, codec, m);
    return k;
}

void incoming_mirrored(struct publisher *p, struct bytes packet, uint64_t now_us)
{
    struct media_packet m = {.now_us = now_us};
    struct track *k = take_mirrored(p, packet, &m);

    if (k)
        forward_packet(k, &m);
    feedback_run(p, now_us);
}

void incoming_replayed(struct publisher *p, struct bytes packet, uint64_t now_us)
{
    struct media_packet m = {.now_us = now_us};

    (void) take_mirrored(p, packet, &m);
}

static void on_sender_report(struct publisher *p, const struct rtcp *packet, uint64_t now_us)
{
    struct rtcp_sender_info info;

    for (unsigned i = 0; i < NEG_KINDS; i++) {
        struct track *k = &p->tracks[i];

        if (!k->has_ssrc || k->ssrc != packet->ssrc || rtcp_sender_info(packet, &info) < 0)
            continue;
        reception_sr(&k->reception, &info, now_us);
        mirror_forward_report(k, &info, now_us);
    }
}

/* The echo of the time in our reports. */
static void on_echo(struct publisher *p, const struct rtcp *packet, uint64_t now_us)
{
    struct rtcp_dlrr echo;
    uint64_t took_us;
    size_t pos = 0;

    while (rtcp_next_dlrr(packet, &pos, &echo)) {
        if (echo.ssrc == p->feedback_ssrc && rtt_of_echo(&echo, now_us, &took_us) == 0)
            rtt_sample(&p->rtt, took_us);
    }
}

void incoming_rtcp(struct publisher *p, struct bytes compound, uint64_t now_us)
{
    struct rd r = rd_init(compound);
    struct rtcp packet;

    while (rtcp_next(&r, &packet)) {
        if (packet.type == RTCP_SR)
            on_sender_report(p, &packet, now_us);
        else if (packet.type == RTCP_XR)
            on_echo(p, &packet, now_us);
    }
}
