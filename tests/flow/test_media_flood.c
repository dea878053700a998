/* 10,000 bad SRTP and RTCP packets a second, from the right addresses and from others, beside a
 * stream that must not lose more than one packet in a thousand by them. The flood is as long as it
 * is: a machine that is busy takes longer for it, and what its kernel says that it dropped for want
 * of a reader is no loss of the daemon's. FLOOD_SECONDS (`make test-flood`): for so long, at that
 * rate, and nothing excuses a loss. What it costs is told. */
#include "media_kit.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define BAD_PER_S 10000
#define TRUE_PER_S 500
#define TICK_US 2000
#define BURST_MAX 4
#define BAD_BURST_MAX 200 /* after a pause of ours: 20 ms of the flood */
#define SECONDS 2
#define PATIENCE 30 /* times as long as it takes */
#define REST_US 10000000
#define KEPT 64 /* true datagrams that are repeated */
#define STRANGERS 8
#define PAYLOAD 1000

struct datagram {
    uint8_t data[1500];
    size_t len;
};

static struct flood {
    struct datagram media[KEPT], reports[KEPT];
    int fds[STRANGERS + 2]; /* the publisher's and the subscriber's own among them */
    uint64_t n_wanted;
    atomic_bool over;
    uint64_t n_sent; /* read when it is over */
} flood;

static uint16_t seq_;
static uint64_t n_true, n_arrived;

/* ---- the true stream ---- */

static void send_true(struct wc *pub, struct datagram *keep)
{
    struct rtp h = {.marker = true, .pt = 96, .ssrc = VIDEO_SSRC};
    uint8_t payload[PAYLOAD] = {0};
    struct datagram d;

    memcpy(payload, seq_ % 200 == 0 ? key_frame : delta_frame, sizeof(key_frame));
    h.seq = ++seq_;
    h.ts = 3000u * seq_;
    d.len = wc_make_rtp(pub, &h, NULL, 0, bytes_of(payload, sizeof(payload)), d.data);
    n_true++;
    if (keep)
        *keep = d;
    assert_int_equal(send(pub->fd, d.data, d.len, 0), (ssize_t) d.len);
}

static void take_what_came(struct wc *sub)
{
    uint8_t buf[2048];
    struct rtp p;

    while (wc_receive_rtp(sub, 0, buf, sizeof(buf), &p))
        n_arrived += p.pt == bob.vp8;
}

/* ---- what the kernel dropped, as nobody had read what came before ---- */

static uint16_t ports[2]; /* the daemon's, the subscriber's */

static uint64_t dropped_in(const char *table)
{
    char line[512];
    uint64_t n = 0;
    FILE *f = fopen(table, "r");

    while (f && fgets(line, sizeof(line), f)) {
        unsigned long long drops;
        unsigned port;

        if (sscanf(line, "%*s %*[^:]:%x %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu", &port,
                   &drops) == 2 &&
            (port == ports[0] || port == ports[1]))
            n += drops;
    }
    if (f)
        fclose(f);
    return n;
}

static uint64_t kernel_drops(void)
{
    return dropped_in("/proc/net/udp") + dropped_in("/proc/net/udp6");
}

static uint16_t port_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *))
{
    struct sockaddr_in a;
    socklen_t len = sizeof(a);

    assert_int_equal(get(fd, (struct sockaddr *) &a, &len), 0);
    return ntohs(a.sin_port);
}

/* The last of them are still under way. */
static void wait_for_the_rest(struct wc *sub)
{
    uint64_t deadline_us = clock_us() + REST_US;

    take_what_came(sub);
    while (n_arrived + kernel_drops() < n_true && clock_us() < deadline_us) {
        usleep(TICK_US);
        take_what_came(sub);
    }
}

static void send_report(struct wc *pub, struct datagram *keep)
{
    struct rtcp_sender_info info = {.ntp = 1ull << 60, .rtp_ts = 3000, .packets = 1, .octets = 8};
    struct wr w = wr_init(keep->data, sizeof(keep->data));

    rtcp_put_sr(&w, VIDEO_SSRC, &info, NULL, 0);
    keep->len = wr_len(&w);
    assert_int_equal(
        srtp_transport_protect_rtcp(pub->srtp, keep->data, &keep->len, sizeof(keep->data)), 0);
    assert_int_equal(send(pub->fd, keep->data, keep->len, 0), (ssize_t) keep->len);
}

/* ---- the bad ones ---- */

/* A packet under a key that nobody has: its first bytes say what it would be. */
static void forge(struct datagram *d, uint16_t seq, uint32_t ssrc, uint8_t pt)
{
    struct rtp h = {.pt = pt, .seq = seq, .ts = 3000u * seq, .ssrc = ssrc};
    struct wr w = wr_init(d->data, sizeof(d->data));

    rtp_put_header(&w, &h, NULL, 0, false);
    d->len = wr_len(&w) + 200;
    rnd_bytes(d->data + wr_len(&w), 200);
}

static void forge_report(struct datagram *d, struct srtp_transport *keys)
{
    struct wr w = wr_init(d->data, sizeof(d->data));

    rtcp_put_rr(&w, VIDEO_SSRC, NULL, 0);
    rtcp_put_pli(&w, VIDEO_SSRC, VIDEO_SSRC);
    d->len = wr_len(&w);
    (void) srtp_transport_protect_rtcp(keys, d->data, &d->len, sizeof(d->data));
}

static void make_bad(struct datagram *d, uint64_t i, struct srtp_transport *keys)
{
    uint32_t dice = rnd_u32();
    uint16_t seq = (uint16_t) dice;

    switch (i % 9) {
    case 0:
        forge(d, seq, VIDEO_SSRC, 96);
        break;
    case 1:
        forge(d, seq, dice, 96); /* unknown SSRC */
        break;
    case 2:
        forge(d, seq, VIDEO_SSRC, (uint8_t) (35 + dice % 29)); /* unknown payload type */
        break;
    case 3:
        forge_report(d, keys);
        break;
    case 4:
        *d = flood.media[dice % KEPT]; /* replayed */
        break;
    case 5:
        *d = flood.reports[dice % KEPT];
        break;
    case 6:
        *d = flood.media[dice % KEPT]; /* truncated */
        d->len = 1 + dice % d->len;
        break;
    case 7:
        *d = flood.reports[dice % KEPT];
        d->len = 1 + dice % d->len;
        break;
    default:
        rnd_bytes(d->data, 100);
        d->data[0] = 0x80;
        d->len = 100;
        break;
    }
}

/* Steady, but for pauses of ours, which make it longer. */
static void *run_flood(void *arg)
{
    struct chance any = {0};
    struct srtp_transport *keys = wrong_keys(&any, SRTP_ID_AEAD_AES_128_GCM);
    uint64_t began_us = clock_us();

    (void) arg;
    while (flood.n_sent < flood.n_wanted) {
        uint64_t due = (clock_us() - began_us) * BAD_PER_S / 1000000;

        if (due > flood.n_wanted)
            due = flood.n_wanted;
        if (due > flood.n_sent + BAD_BURST_MAX) {
            began_us += (due - flood.n_sent - BAD_BURST_MAX) * 1000000 / BAD_PER_S;
            due = flood.n_sent + BAD_BURST_MAX;
        }
        for (; flood.n_sent < due; flood.n_sent++) {
            struct datagram d;

            make_bad(&d, flood.n_sent, keys);
            (void) !send(flood.fds[flood.n_sent / 9 % (STRANGERS + 2)], d.data, d.len, 0);
        }
        usleep(1000);
    }
    atomic_store(&flood.over, true);
    srtp_transport_free(keys);
    return NULL;
}

static void prepare_flood(struct wc *pub, struct wc *sub)
{
    struct sockaddr_in to;
    socklen_t len = sizeof(to);

    assert_int_equal(getpeername(pub->fd, (struct sockaddr *) &to, &len), 0);
    ports[0] = port_of(pub->fd, getpeername);
    ports[1] = port_of(sub->fd, getsockname);
    for (unsigned i = 0; i < STRANGERS; i++) {
        flood.fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(flood.fds[i], (struct sockaddr *) &to, sizeof(to)), 0);
    }
    flood.fds[STRANGERS] = pub->fd;
    flood.fds[STRANGERS + 1] = sub->fd;
    for (unsigned i = 0; i < KEPT; i++) {
        send_true(pub, &flood.media[i]);
        send_report(pub, &flood.reports[i]);
        usleep(1000);
        take_what_came(sub);
    }
}

static double daemon_cpu_s(void)
{
    struct timespec used;
    clockid_t clock;

    assert_int_equal(clock_getcpuclockid(child_pid(daemon_), &clock), 0);
    clock_gettime(clock, &used);
    return (double) used.tv_sec + (double) used.tv_nsec / 1e9;
}

/* Returns how long that was. */
static double stream_beside_flood(struct wc *pub, struct wc *sub, unsigned seconds)
{
    uint64_t began_us = clock_us(), next_check_us = began_us, began = n_true;
    uint64_t now_us = began_us;

    while (!atomic_load(&flood.over) || n_true < began + seconds * TRUE_PER_S) {
        uint64_t due;

        now_us = clock_us();
        if (now_us - began_us > PATIENCE * seconds * UINT64_C(1000000))
            fail_msg("the flood is not over after %u times its time", PATIENCE);
        due = began + (now_us - began_us) * TRUE_PER_S / 1000000;
        /* After a pause of ours not all at once: our own socket would lose them. */
        for (unsigned i = 0; i < BURST_MAX && n_true < due; i++)
            send_true(pub, NULL);
        take_what_came(sub);
        if (now_us >= next_check_us) { /* consent */
            wc_send_check(pub, pub->remote_pwd, true);
            wc_send_check(sub, sub->remote_pwd, true);
            next_check_us += 2500000;
        }
        usleep(TICK_US);
    }
    return (double) (now_us - began_us) / 1e6;
}

static uint64_t sum_of_workers(const char *key)
{
    json_t *r = call("stats", json_object()), *w;
    uint64_t n = 0;
    size_t i;

    json_array_foreach (json_object_get(r, "workers"), i, w)
        n += (uint64_t) json_integer_value(json_object_get(w, key));
    json_decref(r);
    return n;
}

static void tell(double took_s, uint64_t refused, uint64_t drops, double cpu_s)
{
    print_message(
        "%.1f s: %llu bad packets, %llu of them refused, beside %llu true ones, "
        "%lld of these lost; the kernel dropped %llu; the daemon took %.1f %% of a core\n",
        took_s, (unsigned long long) flood.n_sent, (unsigned long long) refused,
        (unsigned long long) n_true, (long long) (n_true - n_arrived), (unsigned long long) drops,
        100 * cpu_s / took_s);
}

static void a_flood_harms_no_stream(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    const char *wanted = getenv("FLOOD_SECONDS");
    unsigned seconds = wanted ? (unsigned) atoi(wanted) : SECONDS;
    uint64_t refused, drops;
    double cpu_s, took_s;
    pthread_t thread;

    (void) state;
    prepare_flood(pub, sub);
    wait_for_the_rest(sub);
    flood.n_wanted = (uint64_t) seconds * BAD_PER_S;
    cpu_s = daemon_cpu_s();
    assert_int_equal(pthread_create(&thread, NULL, run_flood, NULL), 0);
    took_s = stream_beside_flood(pub, sub, seconds);
    pthread_join(thread, NULL);
    cpu_s = daemon_cpu_s() - cpu_s;
    wait_for_the_rest(sub);
    refused = sum_of_workers("badMedia") + sum_of_workers("junk");
    drops = kernel_drops();
    tell(took_s, refused, drops, cpu_s);
    assert_int_equal(flood.n_sent, flood.n_wanted);
    assert_in_range(refused + drops, flood.n_sent / 2, UINT64_MAX);
    assert_in_range(refused, 0, flood.n_sent);
    assert_true(n_arrived <= n_true);
    if (wanted) {
        drops = 0;
        assert_true((double) flood.n_sent / took_s >= 0.9 * BAD_PER_S);
    }
    assert_true(n_true - n_arrived <= n_true / 1000 + drops);
    for (unsigned i = 0; i < STRANGERS; i++)
        close(flood.fds[i]);
    wc_free(pub);
    wc_free(sub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_harms_no_stream),
    };

    return cmocka_run_group_tests(tests, setup_daemon, stop_daemon);
}
