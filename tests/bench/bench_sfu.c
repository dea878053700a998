/* What visavis-media costs: CPU per forwarded packet beside the floor under the same datagrams in
 * the same rhythm, memory per settled transport, CPU while nothing flows. On the loopback, where a
 * sender's CPU time holds the delivery to the receiver's socket as well. */
#include "base/clock.h"
#include "tests/lib/floor.h"
#include "tests/lib/loopback.h"
#include "tests/lib/measure.h"
#include "tests/lib/media_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define WINDOW_US 500000
#define ROUNDS_OF_ONE 5 /* windows that a profiler sees */
#define CONNECT_US 20000000
#define PEERS_MAX 512
#define SOUND_US 20000
#define SOUND_SIZE 80
#define REPORT_US 50000  /* between reports of some of the peers */
#define REPORT_SLICES 20 /* so many make all of them */
#define PICTURE_SIZE 1100
#define WIRE_OVERHEAD 28 /* RTP header and tag */

/* Transports without media, in two waves: the second takes the memory that the first one's
 * handshakes gave back, so its growth is what settled transports keep. */
#define IDLE_WAVES 2
#define IDLE_ROOMS 3 /* of a wave; one publisher each */
#define IDLE_SUBSCRIBERS 49
#define SETTLE_US 11500000 /* the DTLS objects are freed 10 s after the handshake */
#define IDLE_US 6000000

struct shape {
    const char *name;
    unsigned rooms, publishers, subscribers; /* publishers of a room, subscribers of a publisher */
    bool audio;
    unsigned burst;      /* packets of a picture; 0: no video */
    unsigned picture_us; /* between pictures */
};

static const struct shape shapes[] = {
    {"1 to 50, video", 1, 1, 50, false, 3, 33333},
    {"1 to 50, video, packets one by one", 1, 1, 50, false, 1, 11111},
    {"2 rooms of 7, audio and video", 2, 7, 6, true, 3, 33333},
    {"2 rooms of 7, audio", 2, 7, 6, true, 0, 0},
};
#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

struct bench;

/* A publisher of load: a peer, or a plain socket for the floor. */
struct source {
    struct bench *bench;
    struct rtc_peer *peer;
    int fd;
    struct loop_timer sound, picture;
    uint64_t sound_us, picture_us; /* when the next one is due */
    uint32_t ts;
    uint64_t key_frames;
};

/* Where the floor sends to. */
struct sink {
    struct loop_fd io;
    struct addr addr;
    int fd;
    uint64_t n;
};

/* One that forwards, and what is around it. */
struct bench {
    struct loop *loop;
    struct loop_set *set;
    struct rtc_hub *hub;
    const struct shape *shape;
    struct child *child;
    struct media_client *client; /* of the media daemon; else NULL */
    struct loop_timer reports;
    unsigned report_slice;
    uint64_t n_sent; /* packets of the sources */
    struct source sources[PEERS_MAX];
    size_t n_sources;
    struct rtc_peer *subscribers[PEERS_MAX];
    size_t n_subscribers;
    struct sink sinks[PEERS_MAX];
    size_t n_sinks;
};

/* ---- load ---- */

static void send_packet(struct source *s, enum sdp_kind kind, uint8_t *data, size_t len,
                        bool marker)
{
    struct rtc_packet packet = {kind, marker, s->ts, bytes_of(data, len)};

    s->bench->n_sent++;
    if (s->peer)
        (void) rtc_peer_send(s->peer, &packet); /* what is lost shows */
    else
        (void) send(s->fd, data, len + WIRE_OVERHEAD, 0);
}

/* Steady on the average, whatever the delay of one call is. */
static uint64_t until_next(uint64_t *due_us, uint64_t period_us)
{
    uint64_t now_us = clock_us();

    *due_us += period_us;
    return *due_us > now_us ? *due_us - now_us : 0;
}

static void on_sound(struct loop_timer *t)
{
    struct source *s = container_of(t, struct source, sound);
    uint8_t data[SOUND_SIZE + WIRE_OVERHEAD] = {0x78};

    send_packet(s, SDP_AUDIO, data, SOUND_SIZE, false);
    loop_timer_start(t, s->bench->loop, until_next(&s->sound_us, SOUND_US), on_sound);
}

/* VP8's payload descriptor (RFC 7741) with S in a picture's first packet, then P: 0 in the key
 * frames, which are sent when asked for. */
static void on_picture(struct loop_timer *t)
{
    struct source *s = container_of(t, struct source, picture);
    const struct shape *shape = s->bench->shape;
    uint64_t asked = s->peer ? rtc_peer_counters(s->peer)->pli : 0;
    uint8_t data[PICTURE_SIZE + WIRE_OVERHEAD] = {0x10, asked == s->key_frames};

    s->key_frames = asked;
    s->ts += 3000;
    for (unsigned i = 0; i < shape->burst; i++) {
        send_packet(s, SDP_VIDEO, data, PICTURE_SIZE, i + 1 == shape->burst);
        data[0] = 0;
    }
    loop_timer_start(t, s->bench->loop, until_next(&s->picture_us, shape->picture_us), on_picture);
}

/* Each peer's once a second, not all at once. */
static void on_reports(struct loop_timer *t)
{
    struct bench *b = container_of(t, struct bench, reports);
    unsigned slice = b->report_slice++ % REPORT_SLICES;

    for (size_t i = slice; i < b->n_sources; i += REPORT_SLICES)
        if (b->sources[i].peer)
            (void) rtc_peer_send_report(b->sources[i].peer);
    for (size_t i = slice; i < b->n_subscribers; i += REPORT_SLICES)
        (void) rtc_peer_send_report(b->subscribers[i]);
    loop_timer_start(t, b->loop, REPORT_US, on_reports);
}

/* Publishers begin one after the other, so that their beats are spread evenly. */
static void start_load(void *bench)
{
    struct bench *b = bench;

    for (size_t i = 0; i < b->n_sources; i++) {
        struct source *s = &b->sources[i];
        uint64_t sound_us = SOUND_US * i / b->n_sources;
        uint64_t picture_us = b->shape->picture_us * i / b->n_sources;

        s->sound_us = clock_us() + sound_us;
        s->picture_us = clock_us() + picture_us;
        if (b->shape->audio)
            measure_check(loop_timer_start(&s->sound, b->loop, sound_us, on_sound), "timer");
        if (b->shape->burst)
            measure_check(loop_timer_start(&s->picture, b->loop, picture_us, on_picture), "timer");
    }
    measure_check(loop_timer_start(&b->reports, b->loop, REPORT_US, on_reports), "timer");
}

static void stop_load(void *bench)
{
    struct bench *b = bench;

    for (size_t i = 0; i < b->n_sources; i++) {
        loop_timer_stop(&b->sources[i].sound);
        loop_timer_stop(&b->sources[i].picture);
    }
    loop_timer_stop(&b->reports);
}

/* Gives back all but what the benches share. */
static void tear_down(struct bench *b)
{
    for (size_t i = 0; i < b->n_sources; i++) {
        struct source *s = &b->sources[i];

        loop_timer_done(&s->sound);
        loop_timer_done(&s->picture);
        rtc_peer_free(s->peer);
        if (s->fd >= 0)
            close(s->fd);
    }
    for (size_t i = 0; i < b->n_subscribers; i++)
        rtc_peer_free(b->subscribers[i]);
    for (size_t i = 0; i < b->n_sinks; i++) {
        loop_fd_stop(&b->sinks[i].io);
        close(b->sinks[i].fd);
    }
    loop_timer_done(&b->reports);
    b->n_sources = b->n_subscribers = b->n_sinks = 0;
    b->client = media_client_free(b->client);
    b->child = child_free(b->child);
}

static uint64_t count_arrived(void *bench)
{
    const struct bench *b = bench;
    uint64_t n = 0;

    for (size_t i = 0; i < b->n_subscribers; i++)
        n += rtc_peer_counters(b->subscribers[i])->datagrams_in;
    for (size_t i = 0; i < b->n_sinks; i++)
        n += b->sinks[i].n;
    return n;
}

static uint64_t count_due(void *bench)
{
    const struct bench *b = bench;

    return b->n_sent * b->shape->subscribers;
}

/* ---- the floor ---- */

static void on_sink(struct loop_fd *io, uint32_t revents)
{
    (void) revents;
    container_of(io, struct sink, io)->n += loopback_drain(io->fd);
}

static int open_socket(const struct addr *to, struct addr *ret_addr)
{
    int fd = loopback_open(to, ret_addr);

    measure_check(fd, "socket");
    return fd;
}

static void set_up_floor(struct bench *b, enum floor_mode mode)
{
    static struct floor_group groups[PEERS_MAX];
    static struct addr to[PEERS_MAX];
    struct floor_config config = {.mode = mode, .groups = groups};
    const struct shape *shape = b->shape;
    struct addr center, own;

    config.fd = open_socket(NULL, &center);
    for (unsigned p = 0; p < shape->rooms * shape->publishers; p++) {
        struct floor_group *g = &groups[config.n_groups++];

        b->sources[b->n_sources++] = (struct source){.bench = b, .fd = open_socket(&center, &own)};
        *g = (struct floor_group){own.port, &to[b->n_sinks], shape->subscribers};
        for (unsigned i = 0; i < shape->subscribers; i++) {
            struct sink *s = &b->sinks[b->n_sinks];

            s->n = 0;
            s->fd = open_socket(&center, &to[b->n_sinks++]);
            measure_check(loop_fd_start(&s->io, b->set, s->fd, EPOLLIN, on_sink), "watch");
        }
    }
    measure_check(child_new("floor", &b->child), "floor");
    measure_check(child_fork(b->child, floor_run, &config), "floor");
    close(config.fd);
}

/* ---- the media daemon ---- */

static void start_media(struct bench *b)
{
    char path[CHILD_PATH_SIZE];

    measure_check(child_new("visavis-media", &b->child), "visavis-media");
    child_path(b->child, "control", path);
    measure_check(
        child_write(b->child, "config",
                    "control = \"%s\";\nport = 41000;\nport_search = true;\nworkers = 1;\n"
                    "log_level = \"warning\";\n",
                    path),
        "configuration");
    measure_check(child_start_daemon(b->child, "visavis-media"), "visavis-media");
    measure_check(media_client_new(b->loop, path, NULL, NULL, &b->client), "control socket");
}

static struct rtc_peer *new_peer(struct bench *b, enum sdp_direction d, bool audio, bool video)
{
    struct rtc_peer_config c = {.direction = d, .audio = audio, .video = video};
    struct rtc_peer *p;

    c.sealed = d == SDP_RECVONLY; /* a publisher reads what it is asked for */
    measure_check(rtc_peer_new(b->hub, &c, &p), "peer");
    return p;
}

static void add_publisher(struct bench *b, const char *room, unsigned nr, unsigned subscribers,
                          bool audio, bool video)
{
    struct media_client *m = b->client;
    struct rtc_peer *p = new_peer(b, SDP_SENDONLY, audio, video);
    char stream[32], id[64];

    snprintf(stream, sizeof(stream), "str_%u", nr);
    measure_check(media_client_publish(m, room, stream, p), media_client_error(m));
    b->sources[b->n_sources++] = (struct source){.bench = b, .peer = p, .fd = -1};
    for (unsigned i = 0; i < subscribers; i++) {
        snprintf(id, sizeof(id), "con_%u_%s", i, stream);
        p = new_peer(b, SDP_RECVONLY, audio, video);
        measure_check(media_client_subscribe(m, room, stream, id, p), media_client_error(m));
        b->subscribers[b->n_subscribers++] = p;
    }
}

static bool all_connected(const struct bench *b)
{
    for (size_t i = 0; i < b->n_sources; i++)
        if (rtc_peer_state(b->sources[i].peer) != RTC_CONNECTED)
            return false;
    for (size_t i = 0; i < b->n_subscribers; i++)
        if (rtc_peer_state(b->subscribers[i]) != RTC_CONNECTED)
            return false;
    return true;
}

static void wait_connected(struct bench *b)
{
    uint64_t deadline_us = clock_us() + CONNECT_US;

    while (!all_connected(b)) {
        measure_check(clock_us() > deadline_us ? -ETIMEDOUT : 0, "connecting");
        measure_check(measure_pause(b->loop, 10000), "loop");
    }
}

static void set_up_media(struct bench *b)
{
    const struct shape *s = b->shape;

    start_media(b);
    for (unsigned r = 0; r < s->rooms; r++) {
        char room[32];

        snprintf(room, sizeof(room), "ses_%u", r);
        for (unsigned p = 0; p < s->publishers; p++)
            add_publisher(b, room, p, s->subscribers, s->audio, s->burst > 0);
    }
    wait_connected(b);
}

/* ---- settled transports ---- */

static uint64_t cpu_ns(const struct child *c)
{
    struct child_usage u;

    measure_check(child_usage(c, &u), "usage");
    return u.cpu_ns;
}

static void connect_wave(struct bench *b, unsigned wave)
{
    for (unsigned r = 0; r < IDLE_ROOMS; r++) {
        char room[32];

        snprintf(room, sizeof(room), "ses_%u_%u", wave, r);
        add_publisher(b, room, 0, IDLE_SUBSCRIBERS, true, true);
    }
    wait_connected(b);
}

static void measure_idle(struct bench *b)
{
    struct child_usage before[IDLE_WAVES + 1], connected[IDLE_WAVES];
    double wave = IDLE_ROOMS * (1 + IDLE_SUBSCRIBERS), idle_cpu;

    start_media(b);
    measure_check(child_usage(b->child, &before[0]), "usage");
    printf("\nKiB resident a transport, of %.0f in each wave, %d of them publishers\n", wave,
           IDLE_ROOMS);
    for (unsigned i = 0; i < IDLE_WAVES; i++) {
        connect_wave(b, i);
        measure_check(child_usage(b->child, &connected[i]), "usage");
        measure_check(measure_pause(b->loop, SETTLE_US), "loop");
        measure_check(child_usage(b->child, &before[i + 1]), "usage");
        printf("  wave %u: %6.1f connected, %6.1f settled; connecting took %.2f ms of CPU each\n",
               i + 1, ((double) connected[i].rss_kib - (double) before[i].rss_kib) / wave,
               ((double) before[i + 1].rss_kib - (double) before[i].rss_kib) / wave,
               (double) (connected[i].cpu_ns - before[i].cpu_ns) / 1e6 / wave);
    }
    printf("  the process: %.1f MiB resident, %.1f at the start\n",
           (double) before[IDLE_WAVES].rss_kib / 1024, (double) before[0].rss_kib / 1024);
    idle_cpu = (double) cpu_ns(b->child);
    measure_check(measure_pause(b->loop, IDLE_US), "loop");
    idle_cpu = (double) cpu_ns(b->child) - idle_cpu;
    printf("%.0f settled transports, nothing but checks: %.2f %% of one core\n", IDLE_WAVES * wave,
           idle_cpu / (IDLE_US * 10.0));
    tear_down(b);
}

/* ---- the tables ---- */

static struct measure_contender contender(struct bench *b)
{
    return (struct measure_contender){
        .child = b->child,
        .start = start_load,
        .stop = stop_load,
        .arrived = count_arrived,
        .due = count_due,
        .arg = b,
    };
}

/* b[0] is for the daemon, the others are for the floors. */
static void run_shape(struct bench b[static 1 + FLOOR_MODES], const struct shape *s)
{
    struct measure_contender c[1 + FLOOR_MODES] = {0};
    struct measure_figure f[1 + FLOOR_MODES] = {0};

    for (unsigned i = 0; i <= FLOOR_MODES; i++) {
        b[i].shape = s;
        if (i == 0)
            set_up_media(&b[i]);
        else
            set_up_floor(&b[i], (enum floor_mode)(i - 1));
        c[i] = contender(&b[i]);
    }
    measure_check(measure_in_turns(b->loop, c, 1 + FLOOR_MODES, WINDOW_US, f), "measuring");
    printf("%-36s %7.0f %6.2f", s->name, f[0].packets_per_s, f[0].us_per_packet);
    for (unsigned i = 1; i <= FLOOR_MODES; i++)
        printf("  %5.2f (%4.2f)", f[i].us_per_packet, f[i].ratio);
    printf("  %4.1f\n", f[0].lost_percent);
    for (unsigned i = 0; i <= FLOOR_MODES; i++)
        tear_down(&b[i]);
}

/* For a profiler: one shape of load on the daemon alone. */
static void run_one(struct bench *b, const char *shape, const char *seconds)
{
    unsigned long nr = strtoul(shape, NULL, 10);
    uint64_t window_us = strtoul(seconds, NULL, 10) * 1000000 / ROUNDS_OF_ONE;
    struct measure_contender c;
    struct measure_figure f;

    measure_check(nr < N_SHAPES ? 0 : -EINVAL, "shape");
    b->shape = &shapes[nr];
    set_up_media(b);
    printf("process %d\n", (int) child_pid(b->child));
    c = contender(b);
    measure_check(measure_in_turns(b->loop, &c, 1, window_us, &f), "measuring");
    printf("%s: %.0f/s, %.2f µs each\n", b->shape->name, f.packets_per_s, f.us_per_packet);
    tear_down(b);
}

static void run_all(struct bench b[static 1 + FLOOR_MODES])
{
    puts("µs of CPU per forwarded packet; in parentheses: media / floor");
    printf("%-36s %7s %6s  %12s  %12s  %12s  %12s  %4s\n", "", "out/s", "media", "sendto",
           "sendmmsg", "GSO", "GSO, GCM", "lost%");
    for (size_t i = 0; i < N_SHAPES; i++)
        run_shape(b, &shapes[i]);
    measure_idle(b);
}

/* usage: sfu [SHAPE SECONDS] */
int main(int argc, char **argv)
{
    static struct bench b[1 + FLOOR_MODES];

    setvbuf(stdout, NULL, _IOLBF, 0);
    measure_check(loop_new(&b->loop), "loop");
    measure_check(loop_set_new(b->loop, &b->set), "loop");
    measure_check(rtc_hub_new(b->loop, &b->hub), "hub");
    for (unsigned i = 1; i <= FLOOR_MODES; i++)
        b[i] = (struct bench){.loop = b->loop, .set = b->set, .hub = b->hub};
    if (argc == 3)
        run_one(b, argv[1], argv[2]);
    else
        run_all(b);
    rtc_hub_free(b->hub);
    loop_set_free(b->set);
    loop_free(b->loop);
    return EXIT_SUCCESS;
}
