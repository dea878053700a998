/* What visavis-media costs: CPU per forwarded packet beside the floor under the same datagrams in
 * the same rhythm, and with more and more transports; rooms of seven that a core carries; memory
 * per settled transport, CPU while nothing flows. On the loopback, where a sender's CPU time holds
 * the delivery to the receiver's socket as well. */
#include "tests/lib/media_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_US 500000
#define ROUNDS_OF_ONE 5 /* windows that a profiler sees */

/* Transports without media, in two waves: the second takes the memory that the first one's
 * handshakes gave back, so its growth is what settled transports keep. */
#define IDLE_WAVES 2
#define IDLE_ROOMS 10 /* of a wave; one publisher each */
#define IDLE_SUBSCRIBERS 49
#define SETTLE_US 26000000 /* handshakes are freed after 10 s, then their memory */
#define IDLE_US 6000000

/* Of design. */
#define BAR_FLOOR 1.2
#define BAR_SIZE 1.2
#define BAR_ROOMS 5 /* percent of a core for a room: 20 of them */
#define BAR_MEMORY 40
#define BAR_IDLE 1

#define VIDEO .burst = 3, .picture_us = 33333

static const struct media_shape shapes[] = {
    {.name = "1 to 50, video", .rooms = 1, .publishers = 1, .subscribers = 50, VIDEO},
    {.name = "1 to 50, video cut as browsers do",
     .rooms = 1,
     .publishers = 1,
     .subscribers = 50,
     VIDEO,
     .uneven = true},
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
     VIDEO,
     .uneven = true},
    {.name = "2 rooms of 7, audio", .rooms = 2, .publishers = 7, .subscribers = 6, .audio = true},
};
#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

/* Rooms of ten transports, all of them in use: 15 pictures a second, so that the largest fits. */
#define ROOM_OF_TEN                                                                                \
    .publishers = 1, .subscribers = 9, .burst = 3, .picture_us = 66667, .uneven = true

static const struct media_shape sizes[] = {
    {.name = "10 transports", .rooms = 1, ROOM_OF_TEN},
    {.name = "100", .rooms = 10, ROOM_OF_TEN},
    {.name = "1,000", .rooms = 100, ROOM_OF_TEN},
    {.name = "3,000", .rooms = 300, ROOM_OF_TEN},
};
#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Everybody sends 1 Mbit/s of video, and audio. */
#define SEVEN                                                                                      \
    .publishers = 7, .subscribers = 6, .audio = true, .burst = 4, .picture_us = 33333,             \
    .size = 1042, .uneven = true

static const struct media_shape rooms[] = {
    {.name = "5 rooms of 7", .rooms = 5, SEVEN},
    {.name = "10", .rooms = 10, SEVEN},
    {.name = "20", .rooms = 20, SEVEN},
};
#define N_ROOMS (sizeof(rooms) / sizeof(rooms[0]))

/* Larger than a worker is told to carry: half of the transports on each of two. */
static const struct media_shape large[] = {
    {.name = "1 to 200, audio and video",
     .rooms = 1,
     .publishers = 1,
     .subscribers = 200,
     .audio = true,
     VIDEO,
     .uneven = true},
    {.name = "15 who see each other",
     .rooms = 1,
     .publishers = 15,
     .subscribers = 14,
     .audio = true,
     .burst = 3,
     .picture_us = 66667,
     .uneven = true},
};
#define N_LARGE (sizeof(large) / sizeof(large[0]))

/* Nobody watches. */
static const struct media_shape unwatched = {
    .name = "100 without subscribers", .rooms = 100, .publishers = 1, .audio = true, VIDEO};
#define ASLEEP_AFTER_US 11000000

/* ---- settled transports ---- */

static struct child_usage usage(const struct media_server *s)
{
    struct child_usage u;

    measure_check(child_usage(media_server_child(s), &u), "usage");
    return u;
}

static double grown_kib(const struct child_usage *from, const struct child_usage *to, double n)
{
    return ((double) to->rss_kib - (double) from->rss_kib) / n;
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
               i + 1, grown_kib(&before[i], &connected[i], wave),
               grown_kib(&before[i], &before[i + 1], wave),
               (double) (connected[i].cpu_ns - before[i].cpu_ns) / 1e6 / wave);
    }
    printf("  the process: %.1f MiB resident, %.1f at the start\n",
           (double) before[IDLE_WAVES].rss_kib / 1024, (double) before[0].rss_kib / 1024);
    measure_bar("KiB a transport, the first ones", grown_kib(&before[0], &before[1], wave),
                BAR_MEMORY);
    idle_cpu = (double) usage(s).cpu_ns;
    measure_check(measure_pause(bed->loop, IDLE_US), "loop");
    idle_cpu = (double) usage(s).cpu_ns - idle_cpu;
    measure_bar("% of a core for 1,000 settled transports",
                idle_cpu / (IDLE_US * 10.0) * 1000 / (IDLE_WAVES * wave), BAR_IDLE);
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
    measure_bar("beside the floor, unbatched, with GCM", f[1 + FLOOR_SINGLE_GCM].ratio,
                shape->burst > 1 ? 1 : BAR_FLOOR);
    for (unsigned i = 0; i <= FLOOR_MODES; i++)
        media_server_free(s[i]);
}

static void run_shapes(struct media_bed *bed)
{
    puts("µs of CPU per forwarded packet; in parentheses: media / floor");
    printf("%-36s %7s %6s  %12s  %12s  %12s  %12s  %12s  %4s\n", "", "out/s", "media", "sendto",
           "sendto, GCM", "sendmmsg", "GSO", "GSO, GCM", "lost%");
    for (size_t i = 0; i < N_SHAPES; i++)
        run_shape(bed, &shapes[i]);
}

/* The daemon alone. */
static struct measure_figure run_alone(struct media_bed *bed, const struct media_shape *shape,
                                       uint64_t window_us, bool told)
{
    struct media_server *s = media_server_new(bed, shape);
    struct measure_contender c;
    struct measure_figure f;

    media_server_fill(s);
    if (told)
        printf("process %d\n", (int) child_pid(media_server_child(s)));
    c = media_server_contender(s);
    measure_check(measure_in_turns(bed->loop, &c, 1, window_us, &f), "measuring");
    printf("%-16s %8.0f %7.2f %11.1f %6.1f %6.1f\n", shape->name, f.packets_per_s, f.us_per_packet,
           f.packets_per_s * f.us_per_packet / 1e4, f.load_percent, f.lost_percent);
    media_server_free(s);
    return f;
}

static void put_head(void)
{
    printf("\n%-16s %8s %7s %11s %6s %6s\n", "", "out/s", "µs each", "% of a core", "load%",
           "lost%");
}

static void run_sizes(struct media_bed *bed)
{
    double first = 0, last = 0;

    put_head();
    for (size_t i = 0; i < N_SIZES; i++) {
        last = run_alone(bed, &sizes[i], WINDOW_US, false).us_per_packet;
        if (i == 0)
            first = last;
    }
    measure_bar("3,000 transports beside 10, of the time of a packet", last / first, BAR_SIZE);
}

static void run_rooms(struct media_bed *bed)
{
    put_head();
    for (size_t i = 0; i < N_ROOMS; i++) {
        struct measure_figure f = run_alone(bed, &rooms[i], WINDOW_US, false);

        measure_bar("% of a core for each room",
                    f.packets_per_s * f.us_per_packet / 1e4 / rooms[i].rooms, BAR_ROOMS);
    }
}

/* The same room on one worker and on two, in turns. */
static void run_large(struct media_bed *bed)
{
    puts("\nµs of CPU per forwarded packet, of a room on one worker and on two");
    for (size_t i = 0; i < N_LARGE; i++) {
        const struct media_shape *shape = &large[i];
        unsigned n = shape->publishers * (1 + shape->subscribers);
        struct media_server *s[] = {media_server_new(bed, shape),
                                    media_server_new_spread(bed, shape, (n + 1) / 2)};
        struct measure_contender c[2];
        struct measure_figure f[2] = {0};

        for (unsigned k = 0; k < 2; k++) {
            media_server_fill(s[k]);
            c[k] = media_server_contender(s[k]);
        }
        measure_check(measure_in_turns(bed->loop, c, 2, WINDOW_US, f), "measuring");
        printf("%-36s %7.0f %6.2f  %5.2f (two are %4.2f of one)  lost %.1f, %.1f %%\n", shape->name,
               f[0].packets_per_s, f[0].us_per_packet, f[1].us_per_packet,
               f[1].us_per_packet / f[0].us_per_packet, f[0].lost_percent, f[1].lost_percent);
        media_server_free(s[0]);
        media_server_free(s[1]);
    }
}

/* Publishers whom nobody watches: at first their packets are kept all the same, for the first who
 * comes; after a while they are counted, and nothing else. */
static void run_unwatched(struct media_bed *bed)
{
    struct media_server *s[2];
    struct measure_contender c[2];
    struct measure_figure f[2] = {0};

    s[0] = media_server_new(bed, &unwatched);
    media_server_fill(s[0]);
    measure_check(measure_pause(bed->loop, ASLEEP_AFTER_US), "loop");
    s[1] = media_server_new(bed, &unwatched);
    media_server_fill(s[1]);
    for (unsigned i = 0; i < 2; i++) {
        c[i] = media_server_contender(s[i]);
        c[i].arrived = c[i].due = media_load_sent;
    }
    measure_check(measure_in_turns(bed->loop, c, 2, WINDOW_US, f), "measuring");
    printf("\n%s: µs of CPU for each packet that comes in: kept %.2f, counted %.2f (%.2f of it)\n",
           unwatched.name, f[1].us_per_packet, f[0].us_per_packet,
           f[0].us_per_packet / f[1].us_per_packet);
    media_server_free(s[0]);
    media_server_free(s[1]);
}

/* For a profiler: the shapes, then the sizes and the rooms. */
static const struct media_shape *shape_of(unsigned long nr)
{
    if (nr < N_SHAPES)
        return &shapes[nr];
    nr -= N_SHAPES;
    if (nr < N_SIZES)
        return &sizes[nr];
    nr -= N_SIZES;
    return nr < N_ROOMS ? &rooms[nr] : NULL;
}

static void run_one(struct media_bed *bed, const char *nr, const char *seconds)
{
    const struct media_shape *shape = shape_of(strtoul(nr, NULL, 10));

    measure_check(shape ? 0 : -EINVAL, "shape");
    run_alone(bed, shape, strtoul(seconds, NULL, 10) * 1000000 / ROUNDS_OF_ONE, true);
}

static const struct part {
    const char *name;
    void (*run)(struct media_bed *bed);
} parts[] = {
    {"shapes", run_shapes}, {"sizes", run_sizes},         {"rooms", run_rooms},
    {"large", run_large},   {"unwatched", run_unwatched}, {"idle", measure_idle},
};
#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

static bool is_part(const char *name)
{
    size_t i = 0;

    while (i < N_PARTS && strcmp(parts[i].name, name) != 0)
        i++;
    return i < N_PARTS;
}

int main(int argc, char **argv)
{
    struct media_bed bed;

    if (argc > 3 || (argc == 2 && !is_part(argv[1]))) {
        fputs("usage: sfu [shapes | sizes | rooms | large | unwatched | idle | NUMBER SECONDS]\n",
              stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    measure_go_first();
    measure_open_many();
    media_bed_open(&bed);
    if (argc == 3)
        run_one(&bed, argv[1], argv[2]);
    for (size_t i = 0; argc < 3 && i < N_PARTS; i++) {
        if (argc == 1 || strcmp(argv[1], parts[i].name) == 0)
            parts[i].run(&bed);
    }
    media_bed_close(&bed);
    return measure_status();
}
