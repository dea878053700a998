/* What peers and strangers send to a worker of the media daemon. The input is a list of records:
 * kind and from whom, 16-bit length, bytes. A publisher and one who watches it are connected
 * already, by keys that we have, so packets are sealed on the way in: as they are, or made of
 * fields, to get past header and sequence number. What the worker sends goes to the discard port of
 * loopback. */
#include "base/clock.h"
#include "base/rnd.h"
#include "media/demux.h"
#include "media/publisher.h"
#include "media/requests.h"
#include "media/subscriber.h"

#include <stdio.h>
#include <stdlib.h>

/* Of a record: what it is, then which. */
#define KIND_MASK 0x07
enum { KIND_RAW, KIND_RTP, KIND_RTCP, KIND_MADE, KIND_CHECK, KIND_TIME, KIND_SOURCE, KIND_KEY };
#define FROM_SUBSCRIBER 0x08
#define FROM_STRANGER 0x10
#define PACKET_MAX 1400
#define SENDERS_MAX 32
#define SSRC_BASE 1000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char offer_head[] =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n";
static const char offer_line[] =
    "c=IN IP4 0.0.0.0\r\na=ice-ufrag:ufra\r\na=ice-pwd:passwordpasswordpassword\r\n"
    "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
    "a=setup:actpass\r\na=rtcp-mux\r\na=rtcp-rsize\r\n";
static const char audio_line[] = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";
static const char audio_rest[] =
    "a=mid:0\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack\r\n";
static const char video_line[] = "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99\r\n";
static const char video_rest[] =
    "a=mid:1\r\na=extmap:13 urn:3gpp:video-orientation\r\n"
    "a=extmap:3 http://www.ietf.org/id/"
    "draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n"
    "a=rtcp-fb:96 ccm fir\r\na=rtcp-fb:96 goog-remb\r\na=rtcp-fb:96 transport-cc\r\n"
    "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
    "a=rtpmap:98 H264/90000\r\na=fmtp:98 packetization-mode=1;profile-level-id=42e01f\r\n"
    "a=rtcp-fb:98 nack\r\na=rtpmap:99 VP9/90000\r\n";

/* One end's side of a transport. */
struct peer {
    struct transport *transport;
    struct srtp_transport *srtp;
    struct addr at;
    struct {
        uint32_t ssrc;
        struct srtp_sender *sender;
    } senders[SENDERS_MAX];
    unsigned n_senders;
    uint16_t seq;
};

static struct config config = {
    .max_rooms = 2, .max_streams = 2, .max_subscribers = 2, .max_transports = 8};
static struct node node = {.config = &config};
static struct loop *control_loop;
static struct worker *worker;
static struct peer publisher, watcher;
static struct addr here;
static uint64_t now_us;
static uint8_t room[2048];

static void drop_note(struct mail *mail, void *arg)
{
    (void) arg;
    message_free(message_of(mail));
}

static void init(void)
{
    struct candidates known = {.n = 1};
    struct dtls_identity *identity;
    struct udp *u;

    log_init("fuzz", LOG_LEVEL_ERROR);
    if (srtp_transport_global_init() < 0 || dtls_identity_new(&identity) < 0 ||
        loop_new(&control_loop) < 0 || udp_new(0, &u) < 0 ||
        addr_parse_ip("127.0.0.1", 0, &known.items[0].addr) < 0)
        abort();
    node.identity = identity;
    if (worker_new(&node, 0, u, &known, NULL, &worker) < 0 ||
        addr_parse_ip("127.0.0.1", udp_port(u), &here) < 0)
        abort();
}

/* ---- what a call begins with ---- */

static void offer(enum message_type type, const char *direction)
{
    struct message *m = message_new(type);
    char *text = malloc(8192);

    if (!m || !text)
        abort();
    snprintf(text, 8192, "%s%s%sa=%s\r\n%s%s%sa=%s\r\n%s", offer_head, audio_line, offer_line,
             direction, audio_rest, video_line, offer_line, direction, video_rest);
    snprintf(m->room, sizeof(m->room), "r");
    snprintf(m->stream, sizeof(m->stream), "s");
    snprintf(m->subscriber, sizeof(m->subscriber), "%s", type == COMMAND_PUBLISH ? "" : "a");
    m->max_recv_kbps = 1000;
    m->sdp = text;
    requests_run(worker, m);
    if (m->code != 0)
        abort();
    message_free(m);
}

static void inject(const struct addr *from, size_t len)
{
    struct udp_datagram d = {.p = room, .len = len, .from = *from, .to = here};

    demux_datagram(&d, worker);
}

/* An authentic check with whatever attributes. */
static void check(const struct peer *p, const struct addr *from, struct bytes attributes)
{
    struct wr w = wr_init(room, sizeof(room));
    const uint8_t tid[STUN_TID_SIZE] = {1};
    char username[64];
    size_t len;

    snprintf(username, sizeof(username), "%s:ufra", p->transport->ice.ufrag);
    stun_begin(&w, STUN_REQUEST, STUN_BINDING, tid);
    stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(username));
    wr_bytes(&w, bytes_of(attributes.p, attributes.len & ~(size_t) 3));
    stun_put_integrity(&w, bytes_str(p->transport->ice.pwd));
    stun_put_fingerprint(&w);
    if (stun_finish(&w, &len) == 0)
        inject(from, len);
}

/* The handshake is left out: keys are set as if it had come to these. */
static void connect_peer(struct peer *p, struct transport *t, uint16_t port)
{
    static const struct dtls_keys ours = {
        .profile = SRTP_ID_AEAD_AES_128_GCM, .salt_len = 12, .client_key = {1}, .server_key = {2}};
    struct dtls_keys theirs = ours;

    memcpy(theirs.client_key, ours.server_key, sizeof(theirs.client_key));
    memcpy(theirs.server_key, ours.client_key, sizeof(theirs.server_key));
    *p = (struct peer){.transport = t, .seq = 100};
    if (addr_parse_ip("127.0.0.1", port, &p->at) < 0 || srtp_transport_new(&ours, &t->srtp) < 0 ||
        srtp_transport_new(&theirs, &p->srtp) < 0)
        abort();
    check(p, &p->at, bytes_of(NULL, 0));
    t->state = TRANSPORT_CONNECTED;
    t->handlers->on_state(t, t->arg);
}

static void begin(void)
{
    now_us = 1000000000;
    clock_fake(now_us);
    worker->now_us = now_us;
    if (mailbox_new(control_loop, drop_note, NULL, &node.control) < 0)
        abort();
    offer(COMMAND_PUBLISH, "sendonly");
    offer(COMMAND_SUBSCRIBE, "recvonly");
    connect_peer(&publisher, router_publisher(router_find(worker, "r"), "s")->transport, 9);
    connect_peer(&watcher, router_subscriber(router_find(worker, "r"), "a")->transport, 10);
}

static void end(void)
{
    udp_flush(worker->udp);
    router_free(router_find(worker, "r"));
    srtp_transport_free(publisher.srtp);
    srtp_transport_free(watcher.srtp);
    node.control = mailbox_free(node.control, drop_note);
    if (atomic_load(&node.n_transports) != 0 ||
        tuple_table_find(worker->tuples, &publisher.at, &here) != NULL)
        abort();
}

/* ---- sealing ---- */

static struct srtp_sender *sender_of(struct peer *p, uint32_t ssrc)
{
    struct srtp_sender *st;

    for (unsigned i = 0; i < p->n_senders; i++) {
        if (p->senders[i].ssrc == ssrc)
            return p->senders[i].sender;
    }
    if (p->n_senders == SENDERS_MAX || srtp_transport_add_sender(p->srtp, ssrc, &st) < 0)
        return NULL;
    p->senders[p->n_senders].ssrc = ssrc;
    p->senders[p->n_senders++].sender = st;
    return st;
}

static void send_rtp(struct peer *p, struct bytes plain)
{
    struct srtp_sender *st;
    struct rd r = rd_init(plain);
    size_t header_len = 12, len;
    uint8_t flags = rd_u8(&r);

    rd_skip(&r, 7);
    st = sender_of(p, rd_u32(&r));
    header_len += 4 * (size_t) (flags & 15);
    rd_skip(&r, header_len - 12);
    if (flags & 0x10) {
        rd_skip(&r, 2);
        header_len += 4 + 4 * (size_t) rd_u16(&r);
    }
    if (st && !r.failed &&
        srtp_sender_protect(st, plain, header_len, room, sizeof(room), &len) == 0)
        inject(&p->at, len);
}

static void send_rtcp(struct peer *p, struct bytes compound)
{
    size_t len = compound.len;

    if (len < 8 || len > PACKET_MAX)
        return;
    memcpy(room, compound.p, len);
    if (srtp_transport_protect_rtcp(p->srtp, room, &len, sizeof(room)) == 0)
        inject(&p->at, len);
}

/* flags (1) step of the sequence number (2) of the time (2) extension's length (1) and bytes,
 * payload. The flags choose payload type, SSRC and extension's profile. */
static void send_made(struct peer *p, struct bytes fields)
{
    static const uint8_t pts[] = {96, 97, 98, 99, 111, 35, 96, 97};
    static const uint16_t profiles[] = {0xBEDE, 0x1000, 0x100f, 0x4242};
    uint8_t buf[PACKET_MAX + 100];
    struct wr w = wr_init(buf, sizeof(buf));
    struct rd r = rd_init(fields);
    uint8_t flags = rd_u8(&r);
    uint16_t ts;
    struct bytes ext;

    p->seq = (uint16_t) (p->seq + rd_u16(&r));
    ts = rd_u16(&r);
    ext = rd_bytes(&r, rd_u8(&r) & ~3u);
    if (r.failed)
        return;
    wr_u8(&w, ext.len ? 0x90 : 0x80);
    wr_u8(&w, (uint8_t) ((flags & 0x80) | pts[flags & 7]));
    wr_u16(&w, p->seq);
    wr_u32(&w, ts * 90u);
    wr_u32(&w, SSRC_BASE + pts[flags & 7] + (flags >> 6 & 1) * 128);
    if (ext.len) {
        wr_u16(&w, profiles[flags >> 4 & 3]);
        wr_u16(&w, (uint16_t) (ext.len / 4));
        wr_bytes(&w, ext);
    }
    wr_bytes(&w, rd_bytes(&r, rd_left(&r)));
    if (!w.failed)
        send_rtp(p, bytes_of(buf, wr_len(&w)));
}

/* ---- records ---- */

static void pass_time(struct bytes bytes)
{
    struct rd r = rd_init(bytes);

    now_us += rd_u16(&r) * UINT64_C(1000);
    clock_fake(now_us);
    worker->now_us = now_us;
    wheel_run(&worker->wheel, now_us / 1000);
}

static void take_record(uint8_t kind, struct bytes bytes)
{
    struct peer *p = kind & FROM_SUBSCRIBER ? &watcher : &publisher;
    struct addr from = p->at;

    from.port = (uint16_t) (from.port + (kind & FROM_STRANGER ? 100 + (kind >> 5) : 0));
    switch (kind & KIND_MASK) {
    case KIND_RAW:
        memcpy(room, bytes.p, bytes.len);
        if (bytes.len > 0)
            inject(&from, bytes.len);
        break;
    case KIND_RTP:
        send_rtp(p, bytes);
        break;
    case KIND_RTCP:
        send_rtcp(p, bytes);
        break;
    case KIND_MADE:
        send_made(p, bytes);
        break;
    case KIND_CHECK:
        check(p, &from, bytes);
        break;
    case KIND_TIME:
        pass_time(bytes);
        break;
    case KIND_SOURCE:
        subscriber_source_changed(router_subscriber(router_find(worker, "r"), "a"));
        break;
    default:
        publisher_want_key_frame(router_publisher(router_find(worker, "r"), "s"), now_us);
        break;
    }
    udp_flush(worker->udp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = rd_init(bytes_of(data, size));

    if (!worker)
        init();
    begin();
    while (rd_left(&r) > 0) {
        uint8_t kind = rd_u8(&r);
        struct bytes bytes = rd_bytes(&r, rd_u16(&r));

        if (r.failed || bytes.len > PACKET_MAX)
            break;
        now_us += 1000;
        clock_fake(now_us);
        worker->now_us = now_us;
        take_record(kind, bytes);
        /* Nothing that comes ends a session; the time may, of one without checks. */
        if (publisher.transport->state > TRANSPORT_DISCONNECTED ||
            watcher.transport->state > TRANSPORT_DISCONNECTED)
            abort();
    }
    end();
    return 0;
}
