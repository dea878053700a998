/* What visavis-turn costs: CPU per relayed packet, channel data from a hundred clients to a peer
 * and back; beside coturn, if it is installed, and beside processes that do no more than receive
 * and send, all under the same loads. On the loopback. usage: turn [WORD]: the loads with this word
 * in their name alone */
#include "tests/lib/loopback.h"
#include "tests/lib/measure.h"
#include "tests/lib/turn_crowd.h"
#include "tests/lib/turn_floor.h"
#include "tests/lib/turn_server.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLIENTS 100
#define WINDOW_US 500000
#define PACED 16000

/* Who relays, with clients of its own. */
struct contender {
    const char *name;
    bool floor; /* else a TURN server */
    enum turn_floor_mode mode;
    enum turn_server_kind kind;
    const char *relay_ip;

    struct turn_server *server;
    struct child *floor_child;
    struct turn_crowd crowd;
    struct turn_load *load;
};

enum { OURS, SINGLE, BATCH, GSO, COTURN, N_CONTENDERS };

static struct contender contenders[] = {
    [OURS] = {.name = "visavis-turn", .kind = TURN_SERVER_OURS, .relay_ip = "127.0.0.2"},
    [SINGLE] = {.name = "floor, recvmsg and sendmsg",
                .floor = true,
                .mode = TURN_FLOOR_SINGLE,
                .relay_ip = "127.0.0.3"},
    [BATCH] = {.name = "floor, recvmmsg and sendmmsg",
               .floor = true,
               .mode = TURN_FLOOR_BATCH,
               .relay_ip = "127.0.0.4"},
    [GSO] = {.name = "floor, batched with GRO and GSO",
             .floor = true,
             .mode = TURN_FLOOR_GSO,
             .relay_ip = "127.0.0.5"},
    /* the last: it may be missing */
    [COTURN] = {.name = "coturn", .kind = TURN_SERVER_COTURN, .relay_ip = "127.0.0.6"},
};

static const struct load {
    const char *name;
    struct turn_pattern pattern;
    double coturn_bar, floor_bar; /* ours to coturn, ours to the unbatched floor */
} loads[] = {
    /* the bars of coturn, and of the floor without batches */
    {"paced, 120 bytes, 16000 a second",
     {.kind = TURN_LOAD_PACED, .size = 120, .packets_per_s = PACED},
     0.6,
     1.2},
    {"paced, 1000 bytes, 16000 a second",
     {.kind = TURN_LOAD_PACED, .size = 1000, .packets_per_s = PACED},
     0.6,
     1.2},
    {"media: video and audio, frames from the media server in one message",
     {.kind = TURN_LOAD_MEDIA, .size = 1100, .gso = true},
     0.6,
     1.2},
    {"media: video and audio, all packets one by one",
     {.kind = TURN_LOAD_MEDIA, .size = 1100},
     0.6,
     1.2},
    {"flood, 120 bytes, one by one",
     {.kind = TURN_LOAD_FLOOD, .size = 120, .burst = 1},
     1.0 / 3,
     1.2},
    {"flood, 1000 bytes, one by one",
     {.kind = TURN_LOAD_FLOOD, .size = 1000, .burst = 1},
     1.0 / 3,
     1.2},
    {"flood, 1000 bytes, bursts of 8, one by one",
     {.kind = TURN_LOAD_FLOOD, .size = 1000, .burst = 8},
     1.0 / 3,
     1.2},
    {"flood, 120 bytes, bursts of 8 in one message",
     {.kind = TURN_LOAD_FLOOD, .size = 120, .burst = 8, .gso = true},
     1.0 / 3,
     1.0},
    {"flood, 1000 bytes, bursts of 8 in one message",
     {.kind = TURN_LOAD_FLOOD, .size = 1000, .burst = 8, .gso = true},
     1.0 / 3,
     1.0},
};
#define N_LOADS (sizeof(loads) / sizeof(loads[0]))

/* ---- one contender ---- */

static const struct child *child_of(const struct contender *c)
{
    return c->floor ? c->floor_child : turn_server_child(c->server);
}

static void start_floor(struct contender *c, const struct addr *listen)
{
    struct addr relayed[CLIENTS];

    measure_check(child_new(c->name, &c->floor_child), c->name);
    measure_check(turn_floor_start(c->floor_child, c->mode, listen, c->relay_ip, &c->crowd.peer,
                                   c->crowd.addrs, CLIENTS, relayed),
                  c->name);
    for (size_t i = 0; i < CLIENTS; i++)
        c->crowd.clients[i].relayed = relayed[i];
}

static void start_server(struct loop *l, struct contender *c, const struct addr *listen)
{
    struct turn_server_config config = {
        .kind = c->kind, .listen = *listen, .relay_ip = c->relay_ip, .peer = c->crowd.peer};
    int r;

    measure_check(turn_server_new(l, &config, &c->server), c->name);
    r = turn_crowd_allocate(&c->crowd, CLIENTS, true);
    if (r > 0) {
        fprintf(stderr, "%s refused: %d\n", c->name, r);
        exit(EXIT_FAILURE);
    }
    measure_check(r, c->name);
}

static void set_up(struct loop *l, struct contender *c)
{
    struct addr listen;
    int placeholder = loopback_open(NULL, &listen); /* keeps the port free until the start */

    measure_check(placeholder, "socket");
    measure_check(turn_crowd_open(&c->crowd, CLIENTS, "127.0.0.1", &listen), "sockets");
    close(placeholder);
    if (c->floor)
        start_floor(c, &listen);
    else
        start_server(l, c, &listen);
    measure_check(turn_load_new(c->crowd.clients, CLIENTS, c->crowd.peer_fd, &c->load), "load");
}

static void tear_down(struct contender *c)
{
    uint64_t strange = turn_load_strange(c->load);

    if (strange > 0) {
        fprintf(stderr, "%s: %" PRIu64 " packets came out changed\n", c->name, strange);
        exit(EXIT_FAILURE);
    }
    turn_load_free(c->load);
    turn_crowd_close(&c->crowd);
    turn_server_free(c->server);
    child_free(c->floor_child);
}

/* ---- all of them ---- */

static const struct turn_pattern *pattern;

static void start_load(void *contender)
{
    struct contender *c = contender;

    measure_check(turn_load_start(c->load, pattern), "load");
}

static void stop_load(void *contender)
{
    turn_load_stop(((struct contender *) contender)->load);
}

static uint64_t count_arrived(void *contender)
{
    return turn_load_arrived(((const struct contender *) contender)->load);
}

static uint64_t count_sent(void *contender)
{
    return turn_load_sent(((const struct contender *) contender)->load);
}

static void print_bars(const struct load *load, const struct measure_figure *f, size_t n)
{
    if (n > COTURN)
        measure_bar("ours to coturn", f[COTURN].ratio, load->coturn_bar);
    measure_bar("ours to the floor, recvmsg and sendmsg", f[SINGLE].ratio, load->floor_bar);
    if (f[OURS].packets_per_s <= 0) {
        fputs("nothing was relayed\n", stderr);
        exit(EXIT_FAILURE);
    }
}

static void run_load(struct loop *l, const struct load *load, size_t n)
{
    struct measure_contender c[N_CONTENDERS] = {0};
    struct measure_figure f[N_CONTENDERS] = {0};

    for (size_t i = 0; i < n; i++)
        c[i] = (struct measure_contender){
            .child = child_of(&contenders[i]),
            .start = start_load,
            .stop = stop_load,
            .arrived = count_arrived,
            .due = count_sent,
            .arg = &contenders[i],
        };
    pattern = &load->pattern;
    measure_check(measure_in_turns(l, c, n, WINDOW_US, f), "measuring");
    printf("%s\n  %-33s %10s %9s %10s %6s\n", load->name, "", "relayed/s", "us each", "ours/this",
           "lost%");
    for (size_t i = 0; i < n; i++)
        printf("  %-33s %10.0f %9.2f %10.2f %6.1f\n", contenders[i].name, f[i].packets_per_s,
               f[i].us_per_packet, f[i].ratio, f[i].lost_percent);
    print_bars(load, f, n);
}

int main(int argc, char **argv)
{
    size_t n = access(TURN_COTURN, X_OK) == 0 ? N_CONTENDERS : N_CONTENDERS - 1;
    struct loop *l;

    setvbuf(stdout, NULL, _IOLBF, 0);
    measure_go_first();
    measure_check(loop_new(&l), "loop");
    for (size_t i = 0; i < n; i++)
        set_up(l, &contenders[i]);
    printf("CPU per relayed packet, %d clients\n", CLIENTS);
    for (size_t i = 0; i < N_LOADS; i++) {
        if (argc < 2 || strstr(loads[i].name, argv[1]))
            run_load(l, &loads[i], n);
    }
    for (size_t i = 0; i < n; i++)
        tear_down(&contenders[i]);
    loop_free(l);
    return measure_status();
}
