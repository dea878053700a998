/* What forwarding media costs, and keeps in memory: visavis-media beside Debian's janus (package
 * janus, its videoroom) and beside floors, under the same load from the same peers, in turns. Each
 * server has one core's worth of threads, the load takes the other one: one worker, and for Janus
 * as shipped a thread for each peer, or one event loop. In a network of its own, which root may
 * make, or a user who may make namespaces; there everything goes over the loopback, where a
 * sender's CPU time holds the delivery to the receiver's socket as well. Without janus it does
 * without. */
#include "tests/lib/media_server.h"
#include "tests/lib/private_net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_US 750000
#define GCM "SRTP_AEAD_AES_128_GCM"
#define CM "SRTP_AES128_CM_SHA1_80"

/* Of design: what ours may cost at most, as a multiple of the other's. */
#define BAR_SHIPPED 0.2
#define BAR_TUNED (1.0 / 3)
#define BAR_FLOOR 1.2       /* packets one by one */
#define BAR_FLOOR_VIDEO 1.0 /* pictures go out as segments of one message */

#define BAR_LOST 0.1   /* percent */
#define BAR_ROOM 5.0   /* percent of a core for a room of 7: 20 of them */
#define BAR_MEMORY 40  /* KiB a transport */
#define BAR_IDLE 1.0   /* percent of a core for 1,000 settled transports */
#define CARRIED 1.0    /* percent lost of what is measured all the same */
#define MEMORY_ROOMS 4 /* in each wave */
#define MEMORY_WAVES 2
#define MEMORY_SUBSCRIBERS 49
#define SETTLE_US 26000000 /* ours frees handshakes after 10 s, then their memory */
#define IDLE_US 6000000
#define SIZE_RATE 8640         /* packets a second out, whatever the size is */
#define SIZE_WINDOW_US 2500000 /* each of the publishers sends in it */
#define SIZE_SETTLE_US 1000000
#define SIZE_JANUS_ROOMS 100
#define MEDIA_US 4000000 /* of media, before memory is looked at again: longer than histories */

enum kind { OURS, JANUS, FLOOR };

static const struct contender {
    const char *name;
    enum kind kind;
    struct janus_config janus;
    const char *profiles; /* that its peers offer */
    enum floor_mode mode;
    double bar; /* 0: none */
} contenders[] = {
    {.name = "visavis-media", .kind = OURS},
    {.name = "janus, as shipped", .kind = JANUS, .bar = BAR_SHIPPED},
    {.name = "janus, as shipped, AES-CM", .kind = JANUS, .profiles = CM},
    {.name = "janus, one event loop, GCM",
     .kind = JANUS,
     .janus = {.event_loops = 1},
     .profiles = GCM,
     .bar = BAR_TUNED},
    {.name = "floor, sendto", .kind = FLOOR, .mode = FLOOR_SINGLE},
    {.name = "floor, sendto and GCM", .kind = FLOOR, .mode = FLOOR_SINGLE_GCM},
    {.name = "floor, sendmmsg", .kind = FLOOR, .mode = FLOOR_BATCH},
    {.name = "floor, GSO", .kind = FLOOR, .mode = FLOOR_GSO},
    {.name = "floor, GSO and GCM", .kind = FLOOR, .mode = FLOOR_GCM},
};
#define N_CONTENDERS (sizeof(contenders) / sizeof(contenders[0]))

/* 1 Mbit/s: pictures of four packets, 30 a second. */
#define VIDEO .burst = 4, .picture_us = 33333, .size = 1042, .uneven = true

static const struct load {
    struct media_shape shape;
    unsigned fewer; /* publishers of a room that send in a second run, which Janus carries too */
    double floor_bar;
} loads[] = {
    {{.name = "1 to 50, video", .rooms = 1, .publishers = 1, .subscribers = 50, VIDEO},
     .floor_bar = BAR_FLOOR_VIDEO},
    {{.name = "1 to 50, video, packets one by one",
      .rooms = 1,
      .publishers = 1,
      .subscribers = 50,
      .burst = 1,
      .picture_us = 8333,
      .size = 1042},
     .floor_bar = BAR_FLOOR},
    {{.name = "2 rooms of 7, audio and video",
      .rooms = 2,
      .publishers = 7,
      .subscribers = 6,
      .audio = true,
      VIDEO},
     .floor_bar = BAR_FLOOR_VIDEO},
    {{.name = "2 rooms of 7, audio", .rooms = 2, .publishers = 7, .subscribers = 6, .audio = true},
     .floor_bar = BAR_FLOOR},
    {{.name = "10 rooms of 5, audio and video",
      .rooms = 10,
      .publishers = 5,
      .subscribers = 4,
      .audio = true,
      VIDEO},
     .fewer = 1,
     .floor_bar = BAR_FLOOR_VIDEO},
    {{.name = "a room of 22, audio and video",
      .rooms = 1,
      .publishers = 22,
      .subscribers = 21,
      .audio = true,
      VIDEO},
     .fewer = 2,
     .floor_bar = BAR_FLOOR_VIDEO},
};
#define N_LOADS (sizeof(loads) / sizeof(loads[0]))

/* ---- servers ---- */

/* Those of them that are there. */
struct field {
    const struct contender *who[N_CONTENDERS];
    struct media_server *servers[N_CONTENDERS];
    struct measure_figure figures[N_CONTENDERS];
    size_t n;
};

static unsigned transports(const struct media_shape *s)
{
    return s->rooms * s->publishers * (1 + s->subscribers);
}

/* NULL: there is no Janus. */
static struct media_server *open_server(struct media_bed *bed, const struct media_shape *shape,
                                        const struct contender *c)
{
    if (c->kind == FLOOR)
        return media_server_new_floor(bed, shape, c->mode);
    if (c->kind == OURS)
        return media_server_new(bed, shape);
    return janus_is_installed() ? media_server_new_janus(bed, shape, &c->janus, c->profiles) : NULL;
}

static void open_field(struct media_bed *bed, const struct media_shape *shape, bool with_floors,
                       struct field *f)
{
    *f = (struct field){.n = 0};
    for (size_t i = 0; i < N_CONTENDERS; i++) {
        const struct contender *c = &contenders[i];
        struct media_server *s =
            c->kind != FLOOR || with_floors ? open_server(bed, shape, c) : NULL;

        if (!s)
            continue;
        f->who[f->n] = c;
        f->servers[f->n++] = s;
    }
}

static void close_field(struct field *f)
{
    for (size_t i = 0; i < f->n; i++)
        media_server_free(f->servers[i]);
}

static struct child_usage usage(const struct media_server *s)
{
    struct child_usage u;

    measure_check(child_usage(media_server_child(s), &u), "usage");
    return u;
}

static void pause_us(struct media_bed *bed, uint64_t us)
{
    measure_check(measure_pause(bed->loop, us), "loop");
}

/* ---- CPU per packet ---- */

static void measure_field(struct media_bed *bed, struct field *f)
{
    struct measure_contender c[N_CONTENDERS];

    for (size_t i = 0; i < f->n; i++)
        c[i] = media_server_contender(f->servers[i]);
    measure_check(measure_in_turns(bed->loop, c, f->n, WINDOW_US, f->figures), "measuring");
}

static void print_field(const struct field *f, const struct media_shape *shape)
{
    double due = media_shape_rate(shape);

    printf("\n%s", shape->name);
    if (shape->active)
        printf(", %u of each room sending", shape->active);
    printf(": %u transports, %.0f packets a second out\n", transports(shape), due);
    printf("  %-28s %9s %9s %9s %7s %7s %7s\n", "", "µs each", "ours to", "out/s", "lost %",
           "core %", "load %");
    for (size_t i = 0; i < f->n; i++) {
        const struct measure_figure *m = &f->figures[i];
        double sent = m->packets_per_s / (1 - m->lost_percent / 100);

        printf("  %-28s %8.2f %9.2f %9.0f %7.2f %7.0f %7.0f%s\n", f->who[i]->name, m->us_per_packet,
               m->ratio, m->packets_per_s, m->lost_percent,
               m->us_per_packet * m->packets_per_s / 1e4, m->load_percent,
               m->lost_percent > CARRIED ? "  not carried"
               : sent < due * 0.97       ? "  the load lagged"
                                         : "");
    }
}

static double bar_of(const struct load *l, const struct contender *c)
{
    return c->kind == FLOOR && c->mode == FLOOR_SINGLE_GCM ? l->floor_bar : c->bar;
}

static void print_bars(const struct field *f, const struct load *l, const struct media_shape *shape)
{
    const struct measure_figure *ours = &f->figures[0];
    char what[80];

    for (size_t i = 1; i < f->n; i++) {
        double bar = bar_of(l, f->who[i]);

        if (bar <= 0 || f->figures[i].lost_percent > CARRIED)
            continue;
        snprintf(what, sizeof(what), "ours to %s", f->who[i]->name);
        measure_bar(what, f->figures[i].ratio, bar);
    }
    measure_bar("lost by ours, percent", ours->lost_percent, BAR_LOST);
    if (shape->publishers == 7)
        measure_bar("of a core for a room of 7, percent",
                    ours->us_per_packet * media_shape_rate(shape) / 1e4 / shape->rooms, BAR_ROOM);
}

static void run_load(struct media_bed *bed, const struct load *l)
{
    struct media_shape shape = l->shape;
    struct field f;

    open_field(bed, &shape, true, &f);
    for (size_t i = 0; i < f.n; i++)
        if (f.who[i]->kind != FLOOR)
            media_server_fill(f.servers[i]);
    measure_field(bed, &f);
    print_field(&f, &shape);
    print_bars(&f, l, &shape);
    if (l->fewer) {
        shape.active = l->fewer;
        measure_field(bed, &f);
        print_field(&f, &shape);
        print_bars(&f, l, &shape);
    }
    close_field(&f);
}

static void measure_cost(struct media_bed *bed)
{
    puts("CPU time per forwarded packet, µs; ours to: ours as a multiple of it");
    for (size_t i = 0; i < N_LOADS; i++)
        run_load(bed, &loads[i]);
}

/* ---- cost against size ---- */

/* net: without what it takes to keep the transports. */
static void measure_at_size(struct media_bed *bed, const struct contender *who,
                            const struct media_shape *shape)
{
    struct media_server *s = open_server(bed, shape, who);
    struct measure_contender c;
    struct measure_figure f;
    double idle_us; /* of CPU in a second */

    if (!s)
        return;
    if (who->kind != FLOOR)
        media_server_fill(s);
    pause_us(bed, SIZE_SETTLE_US);
    idle_us = (double) usage(s).cpu_ns / 1e3;
    pause_us(bed, IDLE_US);
    idle_us = ((double) usage(s).cpu_ns / 1e3 - idle_us) / (IDLE_US / 1e6);
    c = media_server_contender(s);
    measure_check(measure_in_turns(bed->loop, &c, 1, SIZE_WINDOW_US, &f), "measuring");
    media_server_free(s);
    printf("  %-28s %10u %9.2f %9.2f %9.2f %7.2f\n", who->name, transports(shape), f.us_per_packet,
           f.us_per_packet - idle_us / f.packets_per_s, idle_us / 1e4, f.lost_percent);
}

/* The same packets a second over ever more transports, in rooms of one publisher: none of them is
 * in the processor's cache when its turn comes. (With all of them busy: bench_media_scale.c.) */
static void measure_sizes(struct media_bed *bed)
{
    static const unsigned rooms[] = {1, 10, 100, 300};

    printf("\nµs of CPU per packet against size, %d packets a second out\n", SIZE_RATE);
    printf("  %-28s %10s %9s %9s %9s %7s\n", "", "transports", "µs each", "net", "idle %",
           "lost %");
    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
        struct media_shape shape = {.rooms = rooms[i], .publishers = 1, .subscribers = 9, VIDEO};

        shape.picture_us = 1000000 / (SIZE_RATE / (4 * 9)) * rooms[i];
        for (size_t k = 0; k < N_CONTENDERS; k++) {
            const struct contender *c = &contenders[k];

            if (c->kind == OURS || (c->kind == FLOOR && c->mode == FLOOR_SINGLE_GCM) ||
                (c->janus.event_loops && rooms[i] <= SIZE_JANUS_ROOMS))
                measure_at_size(bed, c, &shape);
        }
    }
}

/* ---- memory, and CPU while nothing flows ---- */

struct memory {
    double settled[MEMORY_WAVES]; /* KiB a transport: growth with each wave */
    double media;                 /* growth with all of them, after media */
    double idle_percent;
};

static void measure_server_memory(struct media_bed *bed, struct media_server *s, struct memory *ret)
{
    double wave = MEMORY_ROOMS * (1 + MEMORY_SUBSCRIBERS), cpu_ns;
    struct measure_contender c = media_server_contender(s);
    uint64_t first_kib = usage(s).rss_kib, kib = first_kib;

    for (unsigned i = 0; i < MEMORY_WAVES; i++) {
        for (unsigned r = 0; r < MEMORY_ROOMS; r++)
            media_server_add_room(s, 1, MEMORY_SUBSCRIBERS);
        pause_us(bed, SETTLE_US);
        ret->settled[i] = ((double) usage(s).rss_kib - (double) kib) / wave;
        kib = usage(s).rss_kib;
    }
    cpu_ns = (double) usage(s).cpu_ns;
    pause_us(bed, IDLE_US);
    ret->idle_percent = ((double) usage(s).cpu_ns - cpu_ns) / (IDLE_US * 10.0);
    c.start(c.arg);
    pause_us(bed, MEDIA_US);
    c.stop(c.arg);
    ret->media = ((double) usage(s).rss_kib - (double) first_kib) / (wave * MEMORY_WAVES);
}

static void measure_memory(struct media_bed *bed)
{
    static const struct media_shape shape = {.rooms = 1,
                                             .publishers = 1,
                                             .subscribers = MEMORY_SUBSCRIBERS,
                                             .audio = true,
                                             .burst = 1,
                                             .picture_us = 33333};
    unsigned n = MEMORY_WAVES * MEMORY_ROOMS * (1 + MEMORY_SUBSCRIBERS);
    struct memory ours = {.media = 0};

    printf("\nKiB resident a transport, %u of them in %d waves; nothing but checks: percent of a "
           "core\n",
           n, MEMORY_WAVES);
    printf("  %-28s %9s %9s %9s %9s\n", "", "1st wave", "2nd wave", "w/ media", "idle %");
    for (size_t i = 0; i < N_CONTENDERS; i++) {
        const struct contender *c = &contenders[i];
        struct media_server *s = c->kind == FLOOR ? NULL : open_server(bed, &shape, c);
        struct memory m;

        if (!s)
            continue;
        measure_server_memory(bed, s, &m);
        printf("  %-28s %9.1f %9.1f %9.1f %9.2f\n", c->name, m.settled[0], m.settled[1], m.media,
               m.idle_percent);
        if (c->kind == OURS)
            ours = m;
        media_server_free(s);
    }
    measure_bar("KiB a transport of ours, the first ones, settled", ours.settled[0], BAR_MEMORY);
    measure_bar("KiB a transport of ours, after media", ours.media, BAR_MEMORY);
    measure_bar("1,000 settled transports of ours, percent of a core", ours.idle_percent * 1000 / n,
                BAR_IDLE);
}

/* ---- parts ---- */

static const struct media_part parts[] = {
    {"cost", measure_cost}, {"size", measure_sizes}, {"memory", measure_memory}};
#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

/* For a profiler: a load on one contender alone, for so many seconds. */
static void run_one(struct media_bed *bed, char **args)
{
    unsigned long who = strtoul(args[0], NULL, 10), nr = strtoul(args[1], NULL, 10);
    struct media_server *s;
    struct measure_contender c;

    measure_check(who < N_CONTENDERS && nr < N_LOADS ? 0 : -EINVAL, "contender, load");
    s = open_server(bed, &loads[nr].shape, &contenders[who]);
    measure_check(s ? 0 : -ENOENT, "janus");
    if (contenders[who].kind != FLOOR)
        media_server_fill(s);
    c = media_server_contender(s);
    printf("%s, %s: process %d\n", contenders[who].name, loads[nr].shape.name,
           (int) child_pid(c.child));
    c.start(c.arg);
    pause_us(bed, strtoul(args[2], NULL, 10) * 1000000);
    c.stop(c.arg);
    media_server_free(s);
}

int main(int argc, char **argv)
{
    struct media_bed bed;

    if (argc > 1 && argc != 4 && (argc > 2 || !media_part_find(parts, N_PARTS, argv[1]))) {
        fputs("usage: media [cost | size | memory | CONTENDER LOAD SECONDS]\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!private_net_enter() || !private_net_add_host()) {
        puts("a network of its own cannot be made: run it as root");
        return MEASURE_NOT_HERE;
    }
    if (!janus_is_installed())
        puts("janus is not installed: without it");
    measure_open_many();
    measure_go_first();
    media_bed_open(&bed);
    for (size_t i = 0; argc != 4 && i < N_PARTS; i++)
        if (argc < 2 || strcmp(argv[1], parts[i].name) == 0)
            parts[i].run(&bed);
    if (argc == 4)
        run_one(&bed, argv + 1);
    media_bed_close(&bed);
    return measure_status();
}
