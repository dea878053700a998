/* What visavis-media costs: CPU per forwarded packet beside the floor under the same datagrams in
 * the same rhythm, memory per settled transport, CPU while nothing flows. On the loopback, where a
 * sender's CPU time holds the delivery to the receiver's socket as well. */
#include "tests/lib/media_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WINDOW_US 500000
#define ROUNDS_OF_ONE 5 /* windows that a profiler sees */

/* Transports without media, in two waves: the second takes the memory that the first one's
 * handshakes gave back, so its growth is what settled transports keep. */
#define IDLE_WAVES 2
#define IDLE_ROOMS 3 /* of a wave; one publisher each */
#define IDLE_SUBSCRIBERS 49
#define SETTLE_US 11500000 /* the DTLS objects are freed 10 s after the handshake */
#define IDLE_US 6000000

static const struct media_shape shapes[] = {
    {.name = "1 to 50, video",
     .rooms = 1,
     .publishers = 1,
     .subscribers = 50,
     .burst = 3,
     .picture_us = 33333},
    {.name = "1 to 50, video, packets one by one",
     .rooms = 1,
     .publishers = 1,
     .subscribers = 50,
     .burst = 1,
     .picture_us = 11111},
    {.name = "2 rooms of 7, audio and video",
     .rooms = 2,
     .publishers = 7,
     .subscribers = 6,
     .audio = true,
     .burst = 3,
     .picture_us = 33333},
    {.name = "2 rooms of 7, audio", .rooms = 2, .publishers = 7, .subscribers = 6, .audio = true},
};
#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

/* ---- settled transports ---- */

static struct child_usage usage(const struct media_server *s)
{
    struct child_usage u;

    measure_check(child_usage(media_server_child(s), &u), "usage");
    return u;
}

static void measure_idle(struct media_bed *bed)
{
    static const struct media_shape both = {.audio = true, .burst = 1};
    struct child_usage before[IDLE_WAVES + 1], connected[IDLE_WAVES];
    double wave = IDLE_ROOMS * (1 + IDLE_SUBSCRIBERS), idle_cpu;
    struct media_server *s = media_server_new(bed, &both);

    before[0] = usage(s);
    printf("\nKiB resident a transport, of %.0f in each wave, %d of them publishers\n", wave,
           IDLE_ROOMS);
    for (unsigned i = 0; i < IDLE_WAVES; i++) {
        for (unsigned r = 0; r < IDLE_ROOMS; r++)
            media_server_add_room(s, 1, IDLE_SUBSCRIBERS);
        connected[i] = usage(s);
        measure_check(measure_pause(bed->loop, SETTLE_US), "loop");
        before[i + 1] = usage(s);
        printf("  wave %u: %6.1f connected, %6.1f settled; connecting took %.2f ms of CPU each\n",
               i + 1, ((double) connected[i].rss_kib - (double) before[i].rss_kib) / wave,
               ((double) before[i + 1].rss_kib - (double) before[i].rss_kib) / wave,
               (double) (connected[i].cpu_ns - before[i].cpu_ns) / 1e6 / wave);
    }
    printf("  the process: %.1f MiB resident, %.1f at the start\n",
           (double) before[IDLE_WAVES].rss_kib / 1024, (double) before[0].rss_kib / 1024);
    idle_cpu = (double) usage(s).cpu_ns;
    measure_check(measure_pause(bed->loop, IDLE_US), "loop");
    idle_cpu = (double) usage(s).cpu_ns - idle_cpu;
    printf("%.0f settled transports, nothing but checks: %.2f %% of one core\n", IDLE_WAVES * wave,
           idle_cpu / (IDLE_US * 10.0));
    media_server_free(s);
}

/* ---- the tables ---- */

/* The daemon, then the floors. */
static void run_shape(struct media_bed *bed, const struct media_shape *shape)
{
    struct media_server *s[1 + FLOOR_MODES];
    struct measure_contender c[1 + FLOOR_MODES];
    struct measure_figure f[1 + FLOOR_MODES] = {0};

    s[0] = media_server_new(bed, shape);
    media_server_fill(s[0]);
    for (unsigned i = 0; i < FLOOR_MODES; i++)
        s[1 + i] = media_server_new_floor(bed, shape, (enum floor_mode) i);
    for (unsigned i = 0; i <= FLOOR_MODES; i++)
        c[i] = media_server_contender(s[i]);
    measure_check(measure_in_turns(bed->loop, c, 1 + FLOOR_MODES, WINDOW_US, f), "measuring");
    printf("%-36s %7.0f %6.2f", shape->name, f[0].packets_per_s, f[0].us_per_packet);
    for (unsigned i = 1; i <= FLOOR_MODES; i++)
        printf("  %5.2f (%4.2f)", f[i].us_per_packet, f[i].ratio);
    printf("  %4.1f\n", f[0].lost_percent);
    for (unsigned i = 0; i <= FLOOR_MODES; i++)
        media_server_free(s[i]);
}

/* For a profiler: one shape of load on the daemon alone. */
static void run_one(struct media_bed *bed, const char *shape, const char *seconds)
{
    unsigned long nr = strtoul(shape, NULL, 10);
    uint64_t window_us = strtoul(seconds, NULL, 10) * 1000000 / ROUNDS_OF_ONE;
    struct media_server *s;
    struct measure_contender c;
    struct measure_figure f;

    measure_check(nr < N_SHAPES ? 0 : -EINVAL, "shape");
    s = media_server_new(bed, &shapes[nr]);
    media_server_fill(s);
    printf("process %d\n", (int) child_pid(media_server_child(s)));
    c = media_server_contender(s);
    measure_check(measure_in_turns(bed->loop, &c, 1, window_us, &f), "measuring");
    printf("%s: %.0f/s, %.2f µs each\n", shapes[nr].name, f.packets_per_s, f.us_per_packet);
    media_server_free(s);
}

static void run_all(struct media_bed *bed)
{
    puts("µs of CPU per forwarded packet; in parentheses: media / floor");
    printf("%-36s %7s %6s  %12s  %12s  %12s  %12s  %4s\n", "", "out/s", "media", "sendto",
           "sendmmsg", "GSO", "GSO, GCM", "lost%");
    for (size_t i = 0; i < N_SHAPES; i++)
        run_shape(bed, &shapes[i]);
    measure_idle(bed);
}

/* usage: sfu [SHAPE SECONDS] */
int main(int argc, char **argv)
{
    struct media_bed bed;

    setvbuf(stdout, NULL, _IOLBF, 0);
    media_bed_open(&bed);
    if (argc == 3)
        run_one(&bed, argv[1], argv[2]);
    else
        run_all(&bed);
    media_bed_close(&bed);
    return EXIT_SUCCESS;
}
