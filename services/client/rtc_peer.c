#include "client/rtc_peer_internal.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/rnd.h"

#include <stdlib.h>

/* ---- what all share ---- */

static int init_srtp_once(void)
{
    static bool done;
    int r = done ? 0 : srtp_transport_global_init();

    done = done || r == 0;
    return r;
}

int rtc_hub_new(struct loop *l, struct rtc_hub **ret_h)
{
    struct rtc_hub *h = calloc(1, sizeof(*h));
    int r;

    if (!h)
        return -ENOMEM;
    h->loop = l;
    r = init_srtp_once();
    if (r == 0)
        r = dtls_identity_new(&h->identity);
    if (r == 0)
        r = ice_check_hub_new(l, &h->checks);
    if (r < 0) {
        rtc_hub_free(h);
        return r;
    }
    *ret_h = h;
    return 0;
}

struct rtc_hub *rtc_hub_free(struct rtc_hub *h)
{
    if (!h)
        return NULL;
    ice_check_hub_free(h->checks);
    dtls_identity_free(h->identity);
    free(h);
    return NULL;
}

/* ---- states ---- */

static void set_state(struct rtc_peer *p, enum rtc_peer_state state, const char *error)
{
    const struct rtc_peer_handlers *h = p->config.handlers;

    if (p->state == state || p->state == RTC_FAILED)
        return;
    p->state = state;
    p->error = error;
    if (state == RTC_CLOSED || state == RTC_FAILED)
        loop_timer_stop(&p->timer);
    if (h && h->on_state)
        h->on_state(p, state, p->config.arg);
}

enum rtc_peer_state rtc_peer_state(const struct rtc_peer *p)
{
    return p->state;
}

const char *rtc_peer_error(const struct rtc_peer *p)
{
    return p->error;
}

const struct rtc_counters *rtc_peer_counters(const struct rtc_peer *p)
{
    return &p->counters;
}

bool rtc_peer_path(const struct rtc_peer *p, struct ice_path *ret)
{
    return ice_path(p->ice, ret);
}

unsigned rtc_peer_offers(const struct rtc_peer *p, const struct rtc_offer **ret)
{
    *ret = p->offers;
    return p->n_offers;
}

/* ---- DTLS ---- */

static bool is_signalled_certificate(const struct rtc_peer *p)
{
    uint8_t digest[DTLS_FINGERPRINT_SIZE];
    size_t len;

    return dtls_peer_fingerprint(p->dtls, bytes_str("sha-256"), digest, sizeof(digest), &len) ==
               0 &&
           bytes_eq(bytes_of(digest, len), bytes_of(p->fingerprint, sizeof(p->fingerprint)));
}

/* srtp_transport sends with the server's key, so a client passes them the other way round. */
static void swap_ends(struct dtls_keys *k)
{
    struct dtls_keys was = *k;

    memcpy(k->client_key, was.server_key, sizeof(k->client_key));
    memcpy(k->client_salt, was.server_salt, sizeof(k->client_salt));
    memcpy(k->server_key, was.client_key, sizeof(k->server_key));
    memcpy(k->server_salt, was.client_salt, sizeof(k->server_salt));
    secret_wipe(&was, sizeof(was));
}

static void take_keys(struct rtc_peer *p)
{
    struct dtls_keys keys;
    int r;

    if (!is_signalled_certificate(p)) {
        set_state(p, RTC_FAILED, "DTLS: another certificate than signalled");
        return;
    }
    r = dtls_export_keys(p->dtls, &keys);
    if (r == 0) {
        if (p->dtls_client)
            swap_ends(&keys);
        r = srtp_transport_new(&keys, &p->srtp);
        secret_wipe(&keys, sizeof(keys));
    }
    if (r < 0)
        set_state(p, RTC_FAILED, "DTLS: no SRTP keys");
    else
        set_state(p, RTC_CONNECTED, "");
}

static void on_dtls_timer(struct loop_timer *t);

static void after_dtls(struct rtc_peer *p, enum dtls_state state)
{
    uint64_t us = dtls_next_timeout_us(p->dtls);

    if (state == DTLS_CLOSED)
        set_state(p, RTC_CLOSED, "");
    else if (state == DTLS_FAILED)
        set_state(p, RTC_FAILED, dtls_error(p->dtls));
    else if (state == DTLS_CONNECTED && p->state == RTC_HANDSHAKE)
        take_keys(p);
    if (us == UINT64_MAX || p->state == RTC_FAILED || p->state == RTC_CLOSED)
        loop_timer_stop(&p->timer);
    else if (loop_timer_start(&p->timer, p->hub->loop, us, on_dtls_timer) < 0)
        set_state(p, RTC_FAILED, "no timer");
}

static void on_dtls_timer(struct loop_timer *t)
{
    struct rtc_peer *p = container_of(t, struct rtc_peer, timer);

    after_dtls(p, dtls_timeout(p->dtls));
}

static void send_dtls(struct bytes datagram, void *arg)
{
    const struct rtc_peer *p = arg;

    (void) ice_send(p->ice, datagram); /* what is lost is sent again */
}

static void start_handshake(struct rtc_peer *p)
{
    int r = p->dtls_client
                ? dtls_client_new(p->hub->identity, p->config.profiles, send_dtls, p, &p->dtls)
                : dtls_new(p->hub->identity, send_dtls, p, &p->dtls);

    if (r < 0) {
        set_state(p, RTC_FAILED, "DTLS: cannot start");
        return;
    }
    set_state(p, RTC_HANDSHAKE, "");
    if (p->dtls_client)
        after_dtls(p, dtls_begin(p->dtls));
}

/* ---- what comes in ---- */

static void note_seq(struct rtc_stream_counters *c, struct rtc_line *line, const struct rtp *rtp)
{
    uint64_t seq;

    if (c->ssrc_in != rtp->ssrc) {
        c->ssrc_in = rtp->ssrc;
        c->seq_in = line->first_in = (uint64_t) 1 << 16 | rtp->seq;
        return;
    }
    seq = rtp_seq_extend(c->seq_in, rtp->seq);
    if (seq > c->seq_in) {
        c->lost_in += seq - c->seq_in - 1;
        c->seq_in = seq;
    } else if (c->lost_in > 0) {
        c->lost_in--; /* late, not lost */
    }
}

/* What carries no packet is a probe for bandwidth. */
static void on_rtx(struct rtc_peer *p, enum sdp_kind kind, struct rtp *rtp)
{
    const struct rtc_peer_handlers *h = p->config.handlers;
    struct rd r = rd_init(rtp->payload);
    uint16_t seq = rd_u16(&r);

    p->counters.stream[kind].rtx_in++;
    rtp->payload = rd_bytes(&r, rd_left(&r));
    if (!r.failed && rtp->payload.len > 0 && h && h->on_repeated)
        h->on_repeated(p, kind, seq, rtp, p->config.arg);
}

static void on_rtp(struct rtc_peer *p, uint8_t *packet, size_t len)
{
    const struct rtc_peer_handlers *h = p->config.handlers;
    struct rtp rtp;

    if (srtp_transport_unprotect(p->srtp, packet, &len) < 0 ||
        rtp_decode(bytes_of(packet, len), &rtp) < 0) {
        p->counters.refused++;
        return;
    }
    for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
        struct rtc_stream_counters *c = &p->counters.stream[kind];
        struct rtc_line *line = &p->lines[kind];

        if (line->active && line->rtx_pt && rtp.pt == line->rtx_pt)
            on_rtx(p, (enum sdp_kind) kind, &rtp);
        if (!line->active || rtp.pt != line->pt)
            continue;
        note_seq(c, line, &rtp);
        c->packets_in++;
        c->payload_bytes_in += rtp.payload.len;
        if (h && h->on_rtp)
            h->on_rtp(p, (enum sdp_kind) kind, &rtp, p->config.arg);
    }
}

static void count_feedback(struct rtc_counters *c, const struct rtcp *m)
{
    uint64_t bps;
    size_t pos = 0;
    uint16_t seq;

    if (m->type == RTCP_SR)
        c->sr++;
    else if (m->type == RTCP_RR)
        c->rr++;
    else if (m->type == RTCP_PSFB && m->count == RTCP_FMT_PLI)
        c->pli++;
    else if (m->type == RTCP_PSFB && m->count == RTCP_FMT_FIR)
        c->fir++;
    else if (m->type == RTCP_PSFB && rtcp_remb(m, &bps) == 0)
        c->remb++;
    else if (m->type == RTCP_RTPFB && m->count == RTCP_FMT_TWCC)
        c->twcc++;
    else if (m->type == RTCP_RTPFB && m->count == RTCP_FMT_NACK)
        while (rtcp_next_nack(m, &pos, &seq))
            c->nacked++;
}

/* What our next report tells about. */
static void note_clocks(struct rtc_peer *p, const struct rtcp *m)
{
    struct rtcp_sender_info info;
    uint64_t now_us = clock_us(), ntp;

    for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
        if (p->counters.stream[kind].ssrc_in == m->ssrc && rtcp_sender_info(m, &info) == 0) {
            p->lines[kind].lsr = (uint32_t) (info.ntp >> 16);
            p->lines[kind].sr_us = now_us;
        }
    }
    if (rtcp_xr_rrtr(m, &ntp) == 0) {
        p->echo = (struct rtcp_dlrr){.ssrc = m->ssrc, .lrr = (uint32_t) (ntp >> 16)};
        p->echo_us = now_us;
    }
}

static void on_rtcp(struct rtc_peer *p, uint8_t *packet, size_t len)
{
    const struct rtc_peer_handlers *h = p->config.handlers;
    struct rtcp m;
    struct rd r;

    if (srtp_transport_unprotect_rtcp(p->srtp, packet, &len) < 0) {
        p->counters.refused++;
        return;
    }
    r = rd_init(bytes_of(packet, len));
    while (rtcp_next(&r, &m)) {
        count_feedback(&p->counters, &m);
        note_clocks(p, &m);
        if (h && h->on_rtcp)
            h->on_rtcp(p, &m, p->config.arg);
    }
}

/* RFC 7983; STUN does not come here. */
static void on_data(uint8_t *data, size_t len, void *arg)
{
    struct rtc_peer *p = arg;

    if (len > 0 && data[0] >= 20 && data[0] <= 63) {
        if (p->dtls)
            after_dtls(p, dtls_input(p->dtls, bytes_of(data, len)));
    } else if (len > 1 && data[0] >= 128 && data[0] <= 191) {
        p->counters.datagrams_in++;
        p->counters.bytes_in += len;
        p->counters.rtcp_in += rtp_is_rtcp(bytes_of(data, len));
        if (!p->srtp || p->config.sealed)
            return;
        if (rtp_is_rtcp(bytes_of(data, len)))
            on_rtcp(p, data, len);
        else
            on_rtp(p, data, len);
    }
}

/* ---- ICE ---- */

static void on_gathered(void *arg)
{
    struct rtc_peer *p = arg;
    const struct rtc_peer_handlers *h = p->config.handlers;

    if (h && h->on_gathered)
        h->on_gathered(p, p->config.arg);
}

static void on_ice_state(enum ice_state state, const char *error, void *arg)
{
    struct rtc_peer *p = arg;

    if (state == ICE_FAILED)
        set_state(p, RTC_FAILED, error);
    else if (state == ICE_READY && p->state == RTC_CHECKING)
        start_handshake(p);
}

static const struct ice_handlers ice_handlers = {on_gathered, on_ice_state, on_data};

/* ---- life ---- */

int rtc_peer_new(struct rtc_hub *h, const struct rtc_peer_config *c, struct rtc_peer **ret_p)
{
    struct rtc_peer *p = calloc(1, sizeof(*p));
    int r;

    if (!p)
        return -ENOMEM;
    p->hub = h;
    p->config = *c;
    p->error = "";
    for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
        p->lines[kind].ssrc = rnd_u32() | 1;
        p->lines[kind].rtx_ssrc = p->lines[kind].ssrc ^ 0x80000000u;
        p->lines[kind].seq = (uint16_t) (rnd_u32() & 0x7fff);
        p->lines[kind].rtx_seq = (uint16_t) (rnd_u32() & 0x7fff);
    }
    r = c->new_ice ? c->new_ice(c->ice_arg, &ice_handlers, p, &p->ice)
                   : ice_check_new(h->checks, &ice_handlers, p, &p->ice);
    if (r < 0) {
        free(p);
        return r;
    }
    *ret_p = p;
    return 0;
}

struct rtc_peer *rtc_peer_free(struct rtc_peer *p)
{
    if (!p)
        return NULL;
    p->config.handlers = NULL;
    if (p->dtls)
        dtls_close(p->dtls);
    dtls_free(p->dtls);
    loop_timer_done(&p->timer);
    srtp_transport_free(p->srtp);
    ice_free(p->ice);
    free(p);
    return NULL;
}

int rtc_peer_gather(struct rtc_peer *p)
{
    return p->state == RTC_NEW ? ice_gather(p->ice) : -EALREADY;
}

static void keep_offers(struct rtc_peer *p, const struct ice_description *remote)
{
    for (unsigned i = 0; i < remote->n_candidates && i < RTC_OFFERS_MAX; i++)
        p->offers[p->n_offers++] =
            (struct rtc_offer){remote->candidates[i].protocol, remote->candidates[i].addr};
}

static int start(struct rtc_peer *p, const struct ice_description *remote)
{
    int r;

    keep_offers(p, remote);
    r = ice_connect(p->ice, remote);

    if (r < 0)
        return r;
    if (p->state == RTC_NEW)
        set_state(p, RTC_CHECKING, "");
    return 0;
}

int rtc_peer_offer(struct rtc_peer *p, char *buf, size_t cap)
{
    return p->state == RTC_NEW ? rtc_sdp_offer(p, buf, cap) : -EALREADY;
}

int rtc_peer_take_answer(struct rtc_peer *p, const char *answer)
{
    struct ice_description remote;
    int r = p->state == RTC_NEW ? rtc_sdp_take(p, answer, &remote) : -EALREADY;

    return r < 0 ? r : start(p, &remote);
}

int rtc_peer_answer(struct rtc_peer *p, const char *offer, char *buf, size_t cap)
{
    struct ice_description remote;
    int r = p->state == RTC_NEW ? rtc_sdp_answer(p, offer, &remote, buf, cap) : -EALREADY;

    return r < 0 ? r : start(p, &remote);
}
