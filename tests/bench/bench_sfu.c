/* What visavis-media costs: CPU per forwarded packet beside the floor under the same datagrams in
 * the same rhythm, memory per settled transport, CPU while nothing flows. On the loopback, where a
 * sender's CPU time holds the delivery to the receiver's socket as well. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/lib/child.h"
#include "tests/lib/floor.h"
#include "tests/lib/loopback.h"
#include "tests/lib/media_client.h"

#define WARM_US 700000
#define WINDOW_US 600000
#define WINDOWS 5
#define CONNECT_US 20000000
#define PEERS_MAX 512
#define SOUND_US 20000
#define SOUND_SIZE 80
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

struct bench {
    struct loop *loop;
    struct loop_set *set;
    struct rtc_hub *hub;
    struct loop_timer pause, reports;
    const struct shape *shape;
    uint64_t window_us;
    struct source sources[PEERS_MAX];
    size_t n_sources;
    struct rtc_peer *subscribers[PEERS_MAX];
    size_t n_subscribers;
    struct sink sinks[PEERS_MAX];
    size_t n_sinks;
};

struct figure {
    double packets_per_s, us_per_packet, lost_percent;
};

static void check(int r, const char *what)
{
    if (r >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(-r));
    exit(EXIT_FAILURE);
}

/* ---- time ---- */

static void on_pause(struct loop_timer *t)
{
    loop_quit(container_of(t, struct bench, pause)->loop, 0);
}

static void run_for(struct bench *b, uint64_t us)
{
    check(loop_timer_start(&b->pause, b->loop, us, on_pause), "timer");
    check(loop_run(b->loop), "loop");
}

/* ---- load ---- */

static void send_packet(struct source *s, enum sdp_kind kind, uint8_t *data, size_t len,
                        bool marker)
{
    struct rtc_packet packet = {kind, marker, s->ts, bytes_of(data, len)};

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

static void on_reports(struct loop_timer *t)
{
    struct bench *b = container_of(t, struct bench, reports);

    for (size_t i = 0; i < b->n_sources; i++)
        if (b->sources[i].peer)
            (void) rtc_peer_send_report(b->sources[i].peer);
    for (size_t i = 0; i < b->n_subscribers; i++)
        (void) rtc_peer_send_report(b->subscribers[i]);
    loop_timer_start(t, b->loop, 1000000, on_reports);
}

/* Publishers begin one after the other, so that their beats are spread evenly. */
static void start_load(struct bench *b)
{
    for (size_t i = 0; i < b->n_sources; i++) {
        struct source *s = &b->sources[i];
        uint64_t sound_us = SOUND_US * i / b->n_sources;
        uint64_t picture_us = b->shape->picture_us * i / b->n_sources;

        s->sound_us = clock_us() + sound_us;
        s->picture_us = clock_us() + picture_us;
        if (b->shape->audio)
            check(loop_timer_start(&s->sound, b->loop, sound_us, on_sound), "timer");
        if (b->shape->burst)
            check(loop_timer_start(&s->picture, b->loop, picture_us, on_picture), "timer");
    }
    check(loop_timer_start(&b->reports, b->loop, 1000000, on_reports), "timer");
}

/* Ends the load, and gives back what it was made of. */
static void end_load(struct bench *b)
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
    loop_timer_stop(&b->reports);
    b->n_sources = b->n_subscribers = b->n_sinks = 0;
}

/* ---- measuring ---- */

static uint64_t count_arrived(const struct bench *b)
{
    uint64_t n = 0;

    for (size_t i = 0; i < b->n_subscribers; i++)
        n += rtc_peer_counters(b->subscribers[i])->datagrams_in;
    for (size_t i = 0; i < b->n_sinks; i++)
        n += b->sinks[i].n;
    return n;
}

static uint64_t cpu_ns(const struct child *c)
{
    struct child_usage u;

    check(child_usage(c, &u), "usage");
    return u.cpu_ns;
}

static struct figure measure_window(struct bench *b, const struct child *c)
{
    const struct shape *s = b->shape;
    uint64_t start = clock_us(), cpu = cpu_ns(c), n = count_arrived(b);
    double seconds, expected;

    run_for(b, b->window_us);
    n = count_arrived(b) - n;
    cpu = cpu_ns(c) - cpu;
    seconds = (double) (clock_us() - start) / 1e6;
    expected = (s->audio ? 1e6 / SOUND_US : 0) + (s->burst ? s->burst * 1e6 / s->picture_us : 0);
    expected *= seconds * s->rooms * s->publishers * s->subscribers;
    return (struct figure){
        .packets_per_s = (double) n / seconds,
        .us_per_packet = n ? (double) cpu / 1000 / (double) n : 0,
        .lost_percent = (double) n < expected ? 100 * (1 - (double) n / expected) : 0,
    };
}

static int by_cost(const void *a, const void *b)
{
    double x = ((const struct figure *) a)->us_per_packet;
    double y = ((const struct figure *) b)->us_per_packet;

    return (x > y) - (x < y);
}

/* The median of some windows: the machine may have other things to do. */
static struct figure measure(struct bench *b, const struct child *c)
{
    struct figure f[WINDOWS];

    start_load(b);
    run_for(b, WARM_US);
    for (unsigned i = 0; i < WINDOWS; i++)
        f[i] = measure_window(b, c);
    qsort(f, WINDOWS, sizeof(f[0]), by_cost);
    return f[WINDOWS / 2];
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

    check(fd, "socket");
    return fd;
}

static struct figure measure_floor(struct bench *b, enum floor_mode mode)
{
    static struct floor_group groups[PEERS_MAX];
    static struct addr to[PEERS_MAX];
    struct floor_config config = {.mode = mode, .groups = groups};
    const struct shape *shape = b->shape;
    struct addr center, own;
    struct child *child;
    struct figure f;

    config.fd = open_socket(NULL, &center);
    for (unsigned p = 0; p < shape->rooms * shape->publishers; p++) {
        struct floor_group *g = &groups[config.n_groups++];

        b->sources[b->n_sources++] = (struct source){.bench = b, .fd = open_socket(&center, &own)};
        *g = (struct floor_group){own.port, &to[b->n_sinks], shape->subscribers};
        for (unsigned i = 0; i < shape->subscribers; i++) {
            struct sink *s = &b->sinks[b->n_sinks];

            s->n = 0;
            s->fd = open_socket(&center, &to[b->n_sinks++]);
            check(loop_fd_start(&s->io, b->set, s->fd, EPOLLIN, on_sink), "watch");
        }
    }
    check(child_new("floor", &child), "floor");
    check(child_fork(child, floor_run, &config), "floor");
    f = measure(b, child);
    end_load(b);
    child_free(child);
    close(config.fd);
    return f;
}

/* ---- the media daemon ---- */

static void start_media(struct bench *b, struct child **ret_c, struct media_client **ret_m)
{
    char path[CHILD_PATH_SIZE];

    check(child_new("visavis-media", ret_c), "visavis-media");
    child_path(*ret_c, "control", path);
    check(child_write(*ret_c, "config",
                      "control = \"%s\";\nport = 41000;\nport_search = true;\nworkers = 1;\n"
                      "log_level = \"warning\";\n",
                      path),
          "configuration");
    check(child_start_daemon(*ret_c, "visavis-media"), "visavis-media");
    check(media_client_new(b->loop, path, NULL, NULL, ret_m), "control socket");
}

static struct rtc_peer *new_peer(struct bench *b, enum sdp_direction d, bool audio, bool video)
{
    struct rtc_peer_config c = {.direction = d, .audio = audio, .video = video};
    struct rtc_peer *p;

    c.sealed = d == SDP_RECVONLY; /* a publisher reads what it is asked for */
    check(rtc_peer_new(b->hub, &c, &p), "peer");
    return p;
}

static void add_publisher(struct bench *b, struct media_client *m, const char *room, unsigned nr,
                          unsigned subscribers, bool audio, bool video)
{
    struct rtc_peer *p = new_peer(b, SDP_SENDONLY, audio, video);
    char stream[32], id[64];

    snprintf(stream, sizeof(stream), "str_%u", nr);
    check(media_client_publish(m, room, stream, p), media_client_error(m));
    b->sources[b->n_sources++] = (struct source){.bench = b, .peer = p, .fd = -1};
    for (unsigned i = 0; i < subscribers; i++) {
        snprintf(id, sizeof(id), "con_%u_%s", i, stream);
        p = new_peer(b, SDP_RECVONLY, audio, video);
        check(media_client_subscribe(m, room, stream, id, p), media_client_error(m));
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
        check(clock_us() > deadline_us ? -ETIMEDOUT : 0, "connecting");
        run_for(b, 10000);
    }
}

static struct figure measure_media(struct bench *b)
{
    const struct shape *s = b->shape;
    struct media_client *m;
    struct child *child;
    struct figure f;

    start_media(b, &child, &m);
    for (unsigned r = 0; r < s->rooms; r++) {
        char room[32];

        snprintf(room, sizeof(room), "ses_%u", r);
        for (unsigned p = 0; p < s->publishers; p++)
            add_publisher(b, m, room, p, s->subscribers, s->audio, s->burst > 0);
    }
    wait_connected(b);
    if (b->window_us != WINDOW_US)
        printf("process %d\n", (int) child_pid(child));
    f = measure(b, child);
    end_load(b);
    media_client_free(m);
    child_free(child);
    return f;
}

/* ---- settled transports ---- */

static void connect_wave(struct bench *b, struct media_client *m, unsigned wave)
{
    for (unsigned r = 0; r < IDLE_ROOMS; r++) {
        char room[32];

        snprintf(room, sizeof(room), "ses_%u_%u", wave, r);
        add_publisher(b, m, room, 0, IDLE_SUBSCRIBERS, true, true);
    }
    wait_connected(b);
}

static void measure_idle(struct bench *b)
{
    struct child_usage before[IDLE_WAVES + 1], connected[IDLE_WAVES];
    double wave = IDLE_ROOMS * (1 + IDLE_SUBSCRIBERS), idle_cpu;
    struct media_client *m;
    struct child *child;

    start_media(b, &child, &m);
    check(child_usage(child, &before[0]), "usage");
    printf("\nKiB resident a transport, of %.0f in each wave, %d of them publishers\n", wave,
           IDLE_ROOMS);
    for (unsigned i = 0; i < IDLE_WAVES; i++) {
        connect_wave(b, m, i);
        check(child_usage(child, &connected[i]), "usage");
        run_for(b, SETTLE_US);
        check(child_usage(child, &before[i + 1]), "usage");
        printf("  wave %u: %6.1f connected, %6.1f settled; connecting took %.2f ms of CPU each\n",
               i + 1, ((double) connected[i].rss_kib - (double) before[i].rss_kib) / wave,
               ((double) before[i + 1].rss_kib - (double) before[i].rss_kib) / wave,
               (double) (connected[i].cpu_ns - before[i].cpu_ns) / 1e6 / wave);
    }
    printf("  the process: %.1f MiB resident, %.1f at the start\n",
           (double) before[IDLE_WAVES].rss_kib / 1024, (double) before[0].rss_kib / 1024);
    idle_cpu = (double) cpu_ns(child);
    run_for(b, IDLE_US);
    idle_cpu = (double) cpu_ns(child) - idle_cpu;
    printf("%.0f settled transports, nothing but checks: %.2f %% of one core\n", IDLE_WAVES * wave,
           idle_cpu / (IDLE_US * 10.0));
    end_load(b);
    media_client_free(m);
    child_free(child);
}

/* ---- the tables ---- */

static void print_row(const struct shape *s, const struct figure *media,
                      const struct figure *floors)
{
    printf("%-36s %7.0f %6.2f", s->name, media->packets_per_s, media->us_per_packet);
    for (unsigned i = 0; i < FLOOR_MODES; i++)
        printf("  %5.2f (%4.2f)", floors[i].us_per_packet,
               media->us_per_packet / floors[i].us_per_packet);
    printf("  %4.1f\n", media->lost_percent);
    fflush(stdout);
}

static void run_shape(struct bench *b, const struct shape *s)
{
    struct figure media, floors[FLOOR_MODES];

    b->shape = s;
    media = measure_media(b);
    for (unsigned i = 0; i < FLOOR_MODES; i++)
        floors[i] = measure_floor(b, (enum floor_mode) i);
    print_row(s, &media, floors);
}

/* For a profiler: one shape of load on the daemon alone. */
static void run_one(struct bench *b, const char *shape, const char *seconds)
{
    unsigned long nr = strtoul(shape, NULL, 10);
    struct figure f;

    check(nr < N_SHAPES ? 0 : -EINVAL, "shape");
    b->shape = &shapes[nr];
    b->window_us = strtoul(seconds, NULL, 10) * 1000000 / WINDOWS;
    f = measure_media(b);
    printf("%s: %.0f/s, %.2f µs each\n", b->shape->name, f.packets_per_s, f.us_per_packet);
}

static void run_all(struct bench *b)
{
    b->window_us = WINDOW_US;
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
    static struct bench b;

    setvbuf(stdout, NULL, _IOLBF, 0);
    check(loop_new(&b.loop), "loop");
    check(loop_set_new(b.loop, &b.set), "loop");
    check(rtc_hub_new(b.loop, &b.hub), "hub");
    if (argc == 3)
        run_one(&b, argv[1], argv[2]);
    else
        run_all(&b);
    loop_timer_done(&b.pause);
    loop_timer_done(&b.reports);
    rtc_hub_free(b.hub);
    loop_set_free(b.set);
    loop_free(b.loop);
    return EXIT_SUCCESS;
}
