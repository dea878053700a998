/* Does a packet that visavis-media forwards cost more when there are many transports, and all of
 * them busy; rooms of seven that a core carries; rooms larger than one worker; publishers whom
 * nobody watches. On the loopback, where a sender's CPU time holds the delivery to the receiver's
 * socket as well. (Beside others, and memory: bench_media.c.) */
#include "tests/lib/media_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_US 500000
#define ROUNDS_OF_ONE 5 /* windows that a profiler sees */

/* Of design. */
#define BAR_SIZE 1.2
#define BAR_ROOMS 5 /* percent of a core for a room: 20 of them */

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
     .burst = 3,
     .picture_us = 33333,
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
static const struct media_shape unwatched = {.name = "100 without subscribers",
                                             .rooms = 100,
                                             .publishers = 1,
                                             .audio = true,
                                             .burst = 3,
                                             .picture_us = 33333};
#define ASLEEP_AFTER_US 11000000

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
    measure_bar("3,000 busy transports beside 10, of the time of a packet", last / first, BAR_SIZE);
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

/* For a profiler: the sizes, then the rooms. */
static const struct media_shape *shape_of(unsigned long nr)
{
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

static const struct media_part parts[] = {
    {"sizes", run_sizes},
    {"rooms", run_rooms},
    {"large", run_large},
    {"unwatched", run_unwatched},
};
#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

int main(int argc, char **argv)
{
    struct media_bed bed;

    if (argc > 3 || (argc == 2 && !media_part_find(parts, N_PARTS, argv[1]))) {
        fputs("usage: media_scale [sizes | rooms | large | unwatched | NUMBER SECONDS]\n", stderr);
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
