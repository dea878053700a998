/* Watching the streams of others. The media server's style decides who offers: the client
 * ("kurento"), or we ("mediasoup"). */
#include "signaling/rpc_media.h"

#include "signaling/app.h"
#include "signaling/connection.h"
#include "signaling/events.h"
#include "signaling/reasons.h"

#include <errno.h>
#include <string.h>

static void forget_at_media(const struct negotiation *n)
{
    char name[SUBSCRIBER_ID_SIZE];

    subscriber_id(n->connection, n->stream, name);
    media_tell(n->app->media, "unsubscribe",
               json_pack("{s:s,s:s}", "room", n->room, "subscriber", name));
}

static bool is_subscribed(const struct negotiation *n)
{
    const struct connection *c = negotiation_participant(n);
    struct subscription *sub;

    if (!c)
        return false;
    list_for_each (sub, &c->subscriptions, of_subscriber) {
        if (strcmp(sub->stream->id, n->stream) == 0)
            return true;
    }
    return false;
}

/* The stream that was asked for, if it and the asker are still there. Else the media daemon is told
 * to forget the subscriber, and rq is answered. */
static struct subscription *confirm(struct negotiation *n)
{
    struct connection *c = negotiation_participant(n), *publisher;
    struct subscription *sub = NULL;

    if (c) {
        list_for_each (publisher, &c->session->participants, node) {
            if (publisher->stream && strcmp(publisher->stream->id, n->stream) == 0)
                sub = subscription_make(publisher->stream, c);
        }
    }
    if (sub)
        return sub;
    forget_at_media(n);
    rpc_error(n->rq, RPC_USER_NOT_STREAMING, "The stream '%s' has ended", n->stream);
    return NULL;
}

/* Ends a negotiation whose answer has the member `from`, which the client gets as `to`. An offer is
 * only half of one. */
static void conclude(struct negotiation *n, const struct link_answer *a, const char *from,
                     const char *to)
{
    struct subscription *sub = NULL;

    if (a->error == -ETIMEDOUT && !is_subscribed(n)) /* it may be done yet */
        forget_at_media(n);
    if (a->error)
        negotiation_error(n, a);
    else
        sub = confirm(n);
    if (sub) {
        trickle_settle(n->app, sub->subscriber, n->stream);
        if (!from || strcmp(from, "offer") != 0)
            events_subscribed(sub);
        rpc_reply(n->rq, from ? json_pack("{s:O}", to, json_object_get(a->result, from)) : NULL);
    }
    negotiation_free(n);
}

static void on_subscribed(const struct link_answer *a, void *arg)
{
    conclude(arg, a, "answer", "sdpAnswer");
}

static void on_offered(const struct link_answer *a, void *arg)
{
    conclude(arg, a, "offer", "sdpOffer");
}

static void on_answered(const struct link_answer *a, void *arg)
{
    conclude(arg, a, NULL, NULL);
}

static void subscribe(struct rpc *rq, struct stream *st, const char *method, const char *key,
                      const char *sdp, link_answer_fn *fn)
{
    const struct config *config = &rq->app->config;
    struct connection *c = rq->client->participant;
    char name[SUBSCRIBER_ID_SIZE];
    const char *codec;
    json_t *params;

    subscriber_id(c->id, st->id, name);
    params = json_pack("{s:s}", "subscriber", name);
    if (sdp)
        json_object_set_new(params, key, json_string(sdp));
    codec = session_options_codec(&c->session->options);
    if (codec && !c->session->options.allow_transcoding) /* else: what the publisher sends */
        json_object_set_new(params, "forcedCodec", json_string(codec));
    negotiation_limit(params, "maxSendKbps", c, "videoMaxSendBandwidth", config->max_send_kbps);
    negotiation_limit(params, "minSendKbps", c, "videoMinSendBandwidth", config->min_send_kbps);
    negotiate(rq, c, st->id, method, params, fn, NULL);
}

void subscribe_with_offer(struct rpc *rq, struct stream *st, const char *offer)
{
    subscribe(rq, st, "subscribe", "offer", offer, on_subscribed);
}

void subscribe_with_answer(struct rpc *rq, struct stream *st, const char *answer)
{
    subscribe(rq, st, "answer", "answer", answer, on_answered);
}

/* The stream of parameter `name`, or NULL after answering. */
static struct stream *named_stream(struct rpc *rq, const char *name)
{
    const char *id = rpc_string(rq, name);

    return id ? rpc_stream(rq, rq->client->participant->session, id) : NULL;
}

void rpc_receive_video_from(struct rpc *rq)
{
    bool we_offer = rq->client->participant->session->options.mediasoup;
    const char *sdp = rpc_string(rq, we_offer ? "sdpAnswer" : "sdpOffer");
    struct stream *st = sdp ? named_stream(rq, "sender") : NULL;

    if (!st)
        return;
    if (we_offer)
        subscribe_with_answer(rq, st, sdp);
    else
        subscribe_with_offer(rq, st, sdp);
}

void rpc_prepare_receive_video_from(struct rpc *rq)
{
    struct stream *st;

    if (!rq->client->participant->session->options.mediasoup) {
        rpc_error(rq, RPC_MEDIA_ENDPOINT,
                  "In this session it is the subscriber that offers: call receiveVideoFrom");
        return;
    }
    st = named_stream(rq, "sender");
    if (st)
        subscribe(rq, st, "offer", NULL, NULL, on_offered);
}

void rpc_unsubscribe_from_video(struct rpc *rq)
{
    struct connection *c = rq->client->participant, *publisher;
    const char *sender = rpc_string(rq, "sender");
    struct subscription *sub = NULL;
    char name[SUBSCRIBER_ID_SIZE];

    if (!sender)
        return;
    publisher = session_participant(c->session, sender);
    if (!publisher) {
        rpc_error(rq, RPC_USER_NOT_FOUND, "User '%.120s' not found in session '%s'", sender,
                  c->session->id);
        return;
    }
    if (publisher->stream)
        sub = subscription_find(publisher->stream, c);
    if (sub) {
        subscriber_id(c->id, publisher->stream->id, name);
        media_tell(rq->app->media, "unsubscribe",
                   json_pack("{s:s,s:s}", "room", c->session->unique_id, "subscriber", name));
        events_unsubscribed(sub, REASON_UNSUBSCRIBE);
        subscription_free(sub);
    }
    rpc_reply(rq, NULL);
}

void rpc_reconnect_stream(struct rpc *rq)
{
    const char *sdp = rpc_string_opt(rq, "sdpString", rpc_string_opt(rq, "sdpOffer", NULL));
    struct connection *c = rq->client->participant;
    bool we_offer = c->session->options.mediasoup;
    struct stream *st;

    if (!sdp) {
        (void) rpc_string(rq, "sdpString");
        return;
    }
    st = named_stream(rq, "stream");
    if (!st)
        return;
    if (st->publisher == c)
        publish_again(rq, st);
    else if (we_offer)
        subscribe_with_answer(rq, st, sdp);
    else
        subscribe_with_offer(rq, st, sdp);
}
