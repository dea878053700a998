/* participant_stream.c: a stream of a participant: gathering, then the offer and the answer in the
 * order of the server's style, then the peer goes its way. */
#include "client/participant_internal.h"
#include "client/vp8_grey.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PUBLISHED_RATE 30
#define ASK_MAX 64 /* packets of one request */

/* ---- states ---- */

static void set_state(struct participant_stream *m, enum participant_stream_state state)
{
    if (m->freed || m->state == state || m->state == PARTICIPANT_STREAM_FAILED)
        return;
    m->state = state;
    m->config.handlers->on_state(m, state, m->config.arg);
}

static void fail(struct participant_stream *m, int error, int code, const char *message)
{
    if (m->freed || m->state == PARTICIPANT_STREAM_FAILED)
        return;
    m->failed_in = m->state;
    snprintf(m->message, sizeof(m->message), "%s", message);
    m->error = (struct participant_error){.error = error, .code = code, .message = m->message};
    set_state(m, PARTICIPANT_STREAM_FAILED);
}

static void on_peer_state(struct rtc_peer *p, enum rtc_peer_state state, void *arg)
{
    struct participant_stream *m = arg;

    switch (state) {
    case RTC_CHECKING:
        set_state(m, PARTICIPANT_STREAM_CHECKING);
        break;
    case RTC_HANDSHAKE:
        set_state(m, PARTICIPANT_STREAM_HANDSHAKE);
        break;
    case RTC_CONNECTED:
        set_state(m, PARTICIPANT_STREAM_CONNECTED);
        break;
    case RTC_CLOSED:
        fail(m, -ESHUTDOWN, 0, "the server closed the transport");
        break;
    case RTC_FAILED:
        fail(m, -ETIMEDOUT, 0, rtc_peer_error(p));
        break;
    default:
        break;
    }
}

/* ---- media ---- */

static void give_on(struct participant_stream *m, enum sdp_kind kind, const struct rtp *rtp,
                    bool repeated)
{
    if (kind == SDP_VIDEO && rtp_starts_key_frame(RTP_CODEC_VP8, rtp->payload))
        recovery_key_frame(&m->recovery, rtp->seq);
    if (m->config.handlers->on_rtp)
        m->config.handlers->on_rtp(m, kind, rtp, repeated, m->config.arg);
}

static void on_ask_again(struct loop_timer *t);

/* For what is missing, and for a key frame: without one the rest cannot be shown. */
static void ask(struct participant_stream *m)
{
    uint64_t now_us = clock_us(), next_us;
    uint16_t seqs[ASK_MAX];
    size_t n = recovery_due(&m->recovery, now_us, seqs, ASK_MAX);

    if (n > 0)
        (void) rtc_peer_send_nack(m->peer, SDP_VIDEO, seqs, n);
    if (recovery_key_frame_due(&m->recovery, now_us))
        (void) rtc_peer_send_pli(m->peer);
    next_us = recovery_deadline(&m->recovery);
    if (next_us != UINT64_MAX)
        (void) loop_timer_start(&m->ask_again, m->participant->loop,
                                next_us > now_us ? next_us - now_us : 0, on_ask_again);
    else
        loop_timer_stop(&m->ask_again);
}

static void on_ask_again(struct loop_timer *t)
{
    struct participant_stream *m = container_of(t, struct participant_stream, ask_again);

    if (m->peer && !m->freed)
        ask(m);
}

static void on_rtp(struct rtc_peer *p, enum sdp_kind kind, const struct rtp *rtp, void *arg)
{
    struct participant_stream *m = arg;

    (void) p;
    if (m->freed || (kind == SDP_VIDEO && !recovery_packet(&m->recovery, rtp->seq)))
        return;
    give_on(m, kind, rtp, false);
    if (kind == SDP_VIDEO)
        ask(m);
}

static void on_repeated(struct rtc_peer *p, enum sdp_kind kind, uint16_t seq, const struct rtp *rtp,
                        void *arg)
{
    struct participant_stream *m = arg;
    struct rtp packet = *rtp;

    (void) p;
    packet.seq = seq;
    if (!m->freed && kind == SDP_VIDEO && recovery_repeated(&m->recovery, seq))
        give_on(m, kind, &packet, true);
}

static void on_rtcp(struct rtc_peer *p, const struct rtcp *rtcp, void *arg)
{
    struct participant_stream *m = arg;

    (void) p;
    if (!m->freed && m->config.handlers->on_rtcp)
        m->config.handlers->on_rtcp(m, rtcp, m->config.arg);
}

/* ---- calls ---- */

static void release(struct participant_stream *m)
{
    loop_defer_done(&m->give_back);
    loop_timer_done(&m->ask_again);
    rtc_peer_free(m->peer);
    list_del(&m->node);
    free(m);
}

static void on_give_back(struct loop_defer *d)
{
    struct participant_stream *m = container_of(d, struct participant_stream, give_back);

    if (m->n_calls == 0)
        release(m);
    else
        m->peer = rtc_peer_free(m->peer);
}

static void call(struct participant_stream *m, const char *method, json_t *params,
                 rpc_answer_fn *fn)
{
    int r = rpc_client_call(m->participant->rpc, method, params, fn, m);

    if (r < 0)
        fail(m, r, 0, "signaling cannot be asked");
    else
        m->n_calls++;
}

/* Is the answer good, and is somebody still waiting for it? */
static bool is_good(struct participant_stream *m, const struct rpc_answer *a)
{
    m->n_calls--;
    if (m->freed) {
        loop_defer_arm(&m->give_back);
        return false;
    }
    if (a->error < 0)
        fail(m, a->error, a->code, a->message);
    return a->error == 0;
}

static void take_answer(struct participant_stream *m, const json_t *result)
{
    const char *answer = json_string_value(json_object_get(result, "sdpAnswer"));
    int r = answer ? rtc_peer_take_answer(m->peer, answer) : -EBADMSG;

    if (r == -ENOENT)
        fail(m, r, 0, "the server has no address for this way");
    else if (r < 0)
        fail(m, r, 0, "the server's session description cannot be used");
}

static void on_published(const struct rpc_answer *a, void *arg)
{
    struct participant_stream *m = arg;
    const char *id;

    if (!is_good(m, a))
        return;
    id = json_string_value(json_object_get(a->result, "id"));
    snprintf(m->id, sizeof(m->id), "%s", id ? id : "");
    take_answer(m, a->result);
}

static void on_subscribed(const struct rpc_answer *a, void *arg)
{
    struct participant_stream *m = arg;

    if (is_good(m, a))
        take_answer(m, a->result);
}

static void on_answered(const struct rpc_answer *a, void *arg)
{
    (void) is_good(arg, a); /* the checks go on already */
}

/* The server's style: it has offered. */
static void on_prepared(const struct rpc_answer *a, void *arg)
{
    struct participant_stream *m = arg;
    char answer[RTC_SDP_SIZE];
    const char *offer;
    int r;

    if (!is_good(m, a))
        return;
    offer = json_string_value(json_object_get(a->result, "sdpOffer"));
    r = offer ? rtc_peer_answer(m->peer, offer, answer, sizeof(answer)) : -EBADMSG;
    if (r == 0)
        call(m, "receiveVideoFrom", json_pack("{s:s, s:s}", "sender", m->id, "sdpAnswer", answer),
             on_answered);
    else if (r == -ENOENT)
        fail(m, r, 0, "the server has no address for this way");
    else
        fail(m, r, 0, "the server's session description cannot be used");
}

static json_t *publish_params(const struct participant_stream *m, const char *offer)
{
    json_t *params = json_pack("{s:s, s:b, s:b, s:b, s:f}", "sdpOffer", offer, "doLoopback", 0,
                               "hasAudio", m->config.audio, "hasVideo", m->config.video,
                               "frameRate", m->config.video ? (double) PUBLISHED_RATE : -1.0);

    if (m->config.audio)
        json_object_set_new(params, "audioActive", json_true());
    if (m->config.video) {
        json_object_set_new(params, "videoActive", json_true());
        json_object_set_new(params, "typeOfVideo", json_string("CUSTOM"));
        json_object_set_new(
            params, "videoDimensions",
            json_sprintf("{\"width\":%d,\"height\":%d}", VP8_GREY_WIDTH, VP8_GREY_HEIGHT));
    }
    return params;
}

static void on_gathered(struct rtc_peer *p, void *arg)
{
    struct participant_stream *m = arg;
    char offer[RTC_SDP_SIZE];
    int r;

    if (m->freed || m->state != PARTICIPANT_STREAM_GATHERING)
        return;
    m->state = PARTICIPANT_STREAM_NEGOTIATING;
    if (!m->publishes && m->participant->server_offers) {
        call(m, "prepareReceiveVideoFrom", json_pack("{s:s, s:b}", "sender", m->id, "reconnect", 0),
             on_prepared);
        return;
    }
    r = rtc_peer_offer(p, offer, sizeof(offer));
    if (r < 0)
        fail(m, r, 0, "no offer can be made");
    else if (m->publishes)
        call(m, "publishVideo", publish_params(m, offer), on_published);
    else
        call(m, "receiveVideoFrom", json_pack("{s:s, s:s}", "sender", m->id, "sdpOffer", offer),
             on_subscribed);
}

/* ---- life ---- */

static int start(struct participant *p, struct rtc_hub *hub, bool publishes, const char *id,
                 const struct participant_stream_config *c, struct participant_stream **ret_m)
{
    static const struct rtc_peer_handlers handlers = {.on_gathered = on_gathered,
                                                      .on_state = on_peer_state,
                                                      .on_rtp = on_rtp,
                                                      .on_repeated = on_repeated,
                                                      .on_rtcp = on_rtcp};
    struct participant_stream *m = p->joined && !p->ended ? calloc(1, sizeof(*m)) : NULL;
    struct rtc_peer_config peer = {.direction = publishes ? SDP_SENDONLY : SDP_RECVONLY,
                                   .audio = c->audio,
                                   .video = c->video,
                                   .new_ice = c->new_ice,
                                   .ice_arg = c->ice_arg,
                                   .handlers = &handlers,
                                   .arg = m};
    int r;

    if (!m)
        return p->joined && !p->ended ? -ENOMEM : -ENOTCONN;
    m->participant = p;
    m->config = *c;
    m->publishes = publishes;
    m->error.message = m->message;
    snprintf(m->id, sizeof(m->id), "%s", id);
    list_init(&m->node);
    r = loop_defer_init(&m->give_back, p->loop, on_give_back);
    if (r == 0)
        r = rtc_peer_new(hub, &peer, &m->peer);
    if (r == 0) {
        list_append(&p->streams, &m->node);
        *ret_m = m;
        r = rtc_peer_gather(m->peer);
    }
    if (r < 0)
        release(m);
    return r;
}

int participant_publish(struct participant *p, struct rtc_hub *hub,
                        const struct participant_stream_config *c,
                        struct participant_stream **ret_m)
{
    return start(p, hub, true, "", c, ret_m);
}

int participant_subscribe(struct participant *p, struct rtc_hub *hub, const char *stream,
                          const struct participant_stream_config *c,
                          struct participant_stream **ret_m)
{
    return strlen(stream) < PARTICIPANT_ID_SIZE ? start(p, hub, false, stream, c, ret_m) : -EINVAL;
}

void participant_stream_drop(struct participant_stream *m)
{
    release(m);
}

struct participant_stream *participant_stream_free(struct participant_stream *m)
{
    if (!m)
        return NULL;
    m->freed = true;
    loop_defer_arm(&m->give_back);
    return NULL;
}

enum participant_stream_state participant_stream_state(const struct participant_stream *m)
{
    return m->state;
}

enum participant_stream_state participant_stream_failed_in(const struct participant_stream *m)
{
    return m->failed_in;
}

const struct participant_error *participant_stream_error(const struct participant_stream *m)
{
    return &m->error;
}

const char *participant_stream_id(const struct participant_stream *m)
{
    return m->id;
}

struct rtc_peer *participant_stream_peer(struct participant_stream *m)
{
    return m->peer;
}
