/* Does a packet cost more when there are many allocations: visavis-turn with 3,000 of them, all
 * busy or 30 of them, beside one with 30, under loads of the same number of packets. The more are
 * busy, the fewer packets of one come together; what that alone makes of the cost the floor shows.
 * On the loopback. */
#include "tests/lib/loopback.h"
#include "tests/lib/measure.h"
#include "tests/lib/turn_crowd.h"
#include "tests/lib/turn_floor.h"
#include "tests/lib/turn_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WINDOW_US 500000
#define MANY 3000
#define FEW 30
#define BAR 1.2

/* Who relays. */
static struct place {
    size_t n; /* clients */
    bool floor;
    const char *relay_ip;
    struct turn_server *server;
    struct child *floor_child;
    struct turn_crowd crowd;
} places[] = {
    {.n = MANY, .relay_ip = "127.0.0.2"},
    {.n = FEW, .relay_ip = "127.0.0.3"},
    {.n = MANY, .floor = true, .relay_ip = "127.0.0.4"},
    {.n = FEW, .floor = true, .relay_ip = "127.0.0.5"},
};
#define N_PLACES (sizeof(places) / sizeof(places[0]))

enum { BUSY, IDLE, SMALL, FLOOR_BUSY, FLOOR_SMALL, N_SIDES };

static struct side {
    const char *name;
    struct place *at;
    size_t n; /* busy clients */
    struct turn_load *load;
} sides[] = {
    [BUSY] = {"visavis-turn, 3000", &places[0], MANY, NULL},
    [IDLE] = {"visavis-turn, 3000, of them 30 busy", &places[0], FEW, NULL},
    [SMALL] = {"visavis-turn, 30", &places[1], FEW, NULL},
    [FLOOR_BUSY] = {"floor, batched with GRO and GSO, 3000", &places[2], MANY, NULL},
    [FLOOR_SMALL] = {"floor, batched with GRO and GSO, 30", &places[3], FEW, NULL},
};

static const struct load {
    const char *name;
    struct turn_pattern pattern;
} loads[] = {
    {"paced, 1000 bytes, 16000 a second",
     {.kind = TURN_LOAD_PACED, .size = 1000, .packets_per_s = 16000}},
    {"flood, 1000 bytes, one by one", {.kind = TURN_LOAD_FLOOD, .size = 1000, .burst = 1}},
    {"flood, 1000 bytes, bursts of 8 in one message",
     {.kind = TURN_LOAD_FLOOD, .size = 1000, .burst = 8, .gso = true}},
};

/* ---- the places ---- */

static void start_floor(struct place *p, const struct addr *listen)
{
    struct addr *relayed = calloc(p->n, sizeof(*relayed));

    measure_check(relayed ? child_new("floor", &p->floor_child) : -ENOMEM, "floor");
    measure_check(turn_floor_start(p->floor_child, TURN_FLOOR_GSO, listen, p->relay_ip,
                                   &p->crowd.peer, p->crowd.addrs, p->n, relayed),
                  "floor");
    for (size_t i = 0; i < p->n; i++)
        p->crowd.clients[i].relayed = relayed[i];
    free(relayed);
}

static void start_server(struct loop *l, struct place *p, const struct addr *listen)
{
    struct turn_server_config config = {.kind = TURN_SERVER_OURS,
                                        .listen = *listen,
                                        .relay_ip = p->relay_ip,
                                        .peer = p->crowd.peer};
    int r;

    measure_check(turn_server_new(l, &config, &p->server), "visavis-turn");
    r = turn_crowd_allocate(&p->crowd, p->n, true);
    if (r > 0) {
        fprintf(stderr, "allocation %zu refused: %d\n", p->crowd.n_allocated, r);
        exit(EXIT_FAILURE);
    }
    measure_check(r, "allocation");
}

static void set_up(struct loop *l, struct place *p)
{
    struct addr listen;
    int placeholder = loopback_open(NULL, &listen); /* keeps the port free until the start */

    measure_check(placeholder, "socket");
    measure_check(turn_crowd_open(&p->crowd, p->n, "127.0.0.1", &listen), "sockets");
    close(placeholder);
    if (p->floor)
        start_floor(p, &listen);
    else
        start_server(l, p, &listen);
}

static void tear_down(struct place *p)
{
    turn_crowd_close(&p->crowd);
    turn_server_free(p->server);
    child_free(p->floor_child);
}

/* ---- loads ---- */

static const struct turn_pattern *pattern;

static void start_load(void *side)
{
    struct side *s = side;

    measure_check(turn_load_start(s->load, pattern), "load");
}

static void stop_load(void *side)
{
    turn_load_stop(((struct side *) side)->load);
}

static uint64_t count_arrived(void *side)
{
    return turn_load_arrived(((const struct side *) side)->load);
}

static uint64_t count_sent(void *side)
{
    return turn_load_sent(((const struct side *) side)->load);
}

static void run_load(struct loop *l, const struct load *load)
{
    struct measure_contender c[N_SIDES] = {0};
    struct measure_figure f[N_SIDES] = {0};

    for (size_t i = 0; i < N_SIDES; i++)
        c[i] = (struct measure_contender){
            .child = sides[i].at->floor ? sides[i].at->floor_child
                                        : turn_server_child(sides[i].at->server),
            .start = start_load,
            .stop = stop_load,
            .arrived = count_arrived,
            .due = count_sent,
            .arg = &sides[i],
        };
    pattern = &load->pattern;
    measure_check(measure_in_turns(l, c, N_SIDES, WINDOW_US, f), "measuring");
    printf("%s\n  %-37s %10s %9s %6s\n", load->name, "allocations", "relayed/s", "us each",
           "lost%");
    for (size_t i = 0; i < N_SIDES; i++)
        printf("  %-37s %10.0f %9.2f %6.1f\n", sides[i].name, f[i].packets_per_s,
               f[i].us_per_packet, f[i].lost_percent);
    measure_bar("30 busy ones among 3000, to 30", f[IDLE].us_per_packet / f[SMALL].us_per_packet,
                BAR);
    measure_bar("3000 busy ones, to 30", f[BUSY].us_per_packet / f[SMALL].us_per_packet, BAR);
    printf("  %-60s %8.2f\n", "the same of the floor",
           f[FLOOR_BUSY].us_per_packet / f[FLOOR_SMALL].us_per_packet);
}

int main(void)
{
    struct loop *l;

    setvbuf(stdout, NULL, _IOLBF, 0);
    measure_go_first();
    measure_check(loop_new(&l), "loop");
    for (size_t i = 0; i < N_PLACES; i++)
        set_up(l, &places[i]);
    for (size_t i = 0; i < N_SIDES; i++) {
        const struct turn_crowd *crowd = &sides[i].at->crowd;

        measure_check(turn_load_new(crowd->clients, sides[i].n, crowd->peer_fd, &sides[i].load),
                      "load");
    }
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
        run_load(l, &loads[i]);
    for (size_t i = 0; i < N_SIDES; i++)
        turn_load_free(sides[i].load);
    for (size_t i = 0; i < N_PLACES; i++)
        tear_down(&places[i]);
    loop_free(l);
    return measure_status();
}
