/* Does a packet cost more when there are many allocations: visavis-turn with 3,000 of them beside
 * one with 30, under loads of the same number of packets. On the loopback. */
#include "tests/lib/loopback.h"
#include "tests/lib/measure.h"
#include "tests/lib/turn_crowd.h"
#include "tests/lib/turn_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WINDOW_US 500000
#define BAR 1.2

/* A server. */
static struct side {
    size_t n; /* allocations */
    const char *relay_ip;
    struct turn_server *server;
    struct turn_crowd crowd;
    struct turn_load *load;
} sides[] = {
    {.n = 3000, .relay_ip = "127.0.0.2"},
    {.n = 30, .relay_ip = "127.0.0.3"},
};
#define N_SIDES (sizeof(sides) / sizeof(sides[0]))

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

static void set_up(struct loop *l, struct side *s)
{
    struct addr listen;
    int placeholder = loopback_open(NULL, &listen); /* keeps the port free until the start */
    struct turn_server_config config = {.kind = TURN_SERVER_OURS, .relay_ip = s->relay_ip};
    int r;

    measure_check(placeholder, "socket");
    measure_check(turn_crowd_open(&s->crowd, s->n, "127.0.0.1", &listen), "sockets");
    close(placeholder);
    config.listen = listen;
    config.peer = s->crowd.peer;
    measure_check(turn_server_new(l, &config, &s->server), "visavis-turn");
    r = turn_crowd_allocate(&s->crowd, s->n, true);
    if (r > 0) {
        fprintf(stderr, "allocation %zu refused: %d\n", s->crowd.n_allocated, r);
        exit(EXIT_FAILURE);
    }
    measure_check(r, "allocation");
    measure_check(turn_load_new(s->crowd.clients, s->n, s->crowd.peer_fd, &s->load), "load");
}

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
            .child = turn_server_child(sides[i].server),
            .start = start_load,
            .stop = stop_load,
            .arrived = count_arrived,
            .due = count_sent,
            .arg = &sides[i],
        };
    pattern = &load->pattern;
    measure_check(measure_in_turns(l, c, N_SIDES, WINDOW_US, f), "measuring");
    printf("%s\n  %-33s %10s %9s %6s\n", load->name, "allocations", "relayed/s", "us each",
           "lost%");
    for (size_t i = 0; i < N_SIDES; i++)
        printf("  %-33zu %10.0f %9.2f %6.1f\n", sides[i].n, f[i].packets_per_s, f[i].us_per_packet,
               f[i].lost_percent);
    measure_bar("many to few", f[1].ratio, BAR);
}

int main(void)
{
    struct loop *l;

    setvbuf(stdout, NULL, _IOLBF, 0);
    measure_go_first();
    measure_check(loop_new(&l), "loop");
    for (size_t i = 0; i < N_SIDES; i++)
        set_up(l, &sides[i]);
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
        run_load(l, &loads[i]);
    for (size_t i = 0; i < N_SIDES; i++) {
        turn_load_free(sides[i].load);
        turn_crowd_close(&sides[i].crowd);
        turn_server_free(sides[i].server);
    }
    loop_free(l);
    return EXIT_SUCCESS;
}
