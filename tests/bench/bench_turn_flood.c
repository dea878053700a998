/* How many Allocate requests without credentials visavis-turn bears while a hundred clients relay:
 * for each rate what the clients lost, what the server computed and what it answered. Three
 * networks: the server's, the clients' with their peer, and the attacker's, who writes whatever
 * sender he likes.
 * usage: turn_flood         the figures
 *        turn_flood check   what holds at any speed: answers are bounded, no allocations are made,
 *                           the clients go on, and others can begin */
#include "base/clock.h"
#include "tests/lib/loopback.h"
#include "tests/lib/measure.h"
#include "tests/lib/netns.h"
#include "tests/lib/turn_attack.h"
#include "tests/lib/turn_crowd.h"
#include "tests/lib/turn_server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLIENTS 100
#define PACED 10000 /* packets a second of all clients: each as one who talks, and is talked to */
#define SIZE 120
#define RUN_US 2000000
#define RUNS 3 /* of each rate; the one with the median loss counts */
#define SETTLE_US 300000
#define LOST_PERCENT 0.1
#define BAR 100000

#define SERVER "10.1.0.1" /* for the clients and for everybody */
#define CLIENT "10.1.0.2"
#define ATTACKER "10.2.0.2"
#define SPOOFED "10.64.0.0" /* his addresses are these 256 times 256 */
#define PORT 3478
#define INTERFACE "stranger"

/* Answers to strangers, as turn/ratelimit.h has them; here they are all of one thread. */
#define PER_SECOND_ONE 200
#define BURST_ONE 2000
#define PER_SECOND_ALL 20000

static struct netns server_net, client_net, attacker_net;
static struct loop *loop;
static struct turn_server *server;
static struct turn_crowd crowd;
static struct turn_load *load;

static const struct source {
    const char *name;
    const char *first;
    size_t n;
} sources[] = {
    {"65536 addresses", SPOOFED, 65536},
    {"one address", ATTACKER, 1},
};
#define N_SOURCES (sizeof(sources) / sizeof(sources[0]))

struct outcome {
    double requests_per_s, cpu, lost_percent;
    uint64_t answers;
    struct netns_drops dropped; /* requests and the clients' packets alike */
    double seconds, settled;    /* of the attack; until all of it had been dealt with */
};

/* ---- the place ---- */

static struct addr address(const char *ip, uint16_t port)
{
    struct addr a;

    measure_check(addr_parse_ip(ip, port, &a), ip);
    return a;
}

/* False: not allowed here. */
static bool make_networks(void)
{
    int r = netns_new(&server_net);

    if (r == -EPERM)
        return false;
    measure_check(r, "network of the server");
    measure_check(netns_new(&client_net), "network of the clients");
    measure_check(netns_new(&attacker_net), "network of the attacker");
    measure_check(
        netns_join(&client_net, "server", CLIENT "/24", &server_net, "clients", SERVER "/24"),
        "cable of the clients");
    measure_check(
        netns_join(&attacker_net, "server", ATTACKER "/24", &server_net, INTERFACE, "10.2.0.1/24"),
        "cable of the attacker");
    measure_check(netns_route(SERVER "/32", "dev server"), "route");
    measure_check(netns_enter(&server_net), "network");
    measure_check(netns_route("10.64.0.0/10", "via " ATTACKER), "route");
    return true;
}

static void check(int r, const char *what)
{
    if (r > 0) {
        fprintf(stderr, "%s: refused, %d\n", what, r);
        exit(EXIT_FAILURE);
    }
    measure_check(r, what);
}

static void set_up(unsigned threads)
{
    struct turn_server_config config = {
        .kind = TURN_SERVER_OURS,
        .listen = address(SERVER, PORT),
        .relay_ip = SERVER,
        .threads = threads,
    };

    measure_check(netns_enter(&client_net), "network");
    measure_check(turn_crowd_open(&crowd, CLIENTS, CLIENT, &config.listen), "clients");
    measure_check(netns_enter(&server_net), "network");
    config.peer = crowd.peer;
    measure_check(turn_server_new(loop, &config, &server), "visavis-turn");
    check(turn_crowd_allocate(&crowd, CLIENTS, true), "allocation");
    measure_check(turn_load_new(crowd.clients, CLIENTS, crowd.peer_fd, &load), "load");
}

static void tear_down(void)
{
    load = turn_load_free(load);
    turn_crowd_close(&crowd);
    server = turn_server_free(server);
}

/* ---- one run ---- */

static uint64_t n_answers(void)
{
    uint64_t n = 0;

    measure_check(netns_enter(&attacker_net), "network");
    measure_check(netns_received("server", &n), "answers");
    measure_check(netns_enter(&server_net), "network");
    return n;
}

static struct turn_attack *start_attack(const struct source *from, unsigned per_second)
{
    struct turn_attack_config config = {
        .interface = "server",
        .server = address(SERVER, PORT),
        .from = address(from->first, 0),
        .n_from = from->n,
        .per_second = per_second,
    };
    struct turn_attack *a;

    measure_check(netns_enter(&attacker_net), "network");
    measure_check(turn_attack_start(&config, &a), "attack");
    measure_check(netns_enter(&server_net), "network");
    return a;
}

/* Until nothing moves any more: a server that gets no time has much in its queue. */
static void settle(void)
{
    uint64_t before, now = 0;

    do {
        before = now;
        measure_check(measure_pause(loop, SETTLE_US), "pause");
        now = n_answers() + turn_load_arrived(load);
    } while (now != before);
}

/* meanwhile may be NULL. */
static struct outcome run(const struct source *from, unsigned per_second, void (*meanwhile)(void))
{
    static const struct turn_pattern pattern = {
        .kind = TURN_LOAD_PACED, .size = SIZE, .packets_per_s = PACED};
    uint64_t sent = turn_load_sent(load), arrived = turn_load_arrived(load), answers = n_answers();
    struct outcome o = {.lost_percent = 0};
    struct child_usage before, after;
    struct netns_drops dropped;
    struct turn_attack *attack;
    uint64_t start_us, requests;

    measure_check(netns_dropped(&dropped), "drops");
    measure_check(turn_load_start(load, &pattern), "load");
    attack = start_attack(from, per_second);
    start_us = clock_us();
    measure_check(child_usage(turn_server_child(server), &before), "usage");
    if (meanwhile)
        meanwhile();
    measure_check(measure_pause(loop, RUN_US), "pause");
    measure_check(child_usage(turn_server_child(server), &after), "usage");
    o.seconds = (double) (clock_us() - start_us) / 1e6;
    requests = turn_attack_stop(attack);
    turn_load_stop(load);
    settle();
    o.settled = (double) (clock_us() - start_us) / 1e6;
    sent = turn_load_sent(load) - sent;
    arrived = turn_load_arrived(load) - arrived;
    o.requests_per_s = (double) requests / o.seconds;
    o.cpu = (double) (after.cpu_ns - before.cpu_ns) / 1e9 / o.seconds;
    o.lost_percent = 100 * (1 - (double) arrived / (double) sent);
    o.answers = n_answers() - answers;
    measure_check(netns_dropped(&o.dropped), "drops");
    o.dropped.socket -= dropped.socket;
    o.dropped.queue -= dropped.queue;
    return o;
}

/* ---- figures ---- */

static int by_loss(const void *a, const void *b)
{
    double x = ((const struct outcome *) a)->lost_percent;
    double y = ((const struct outcome *) b)->lost_percent;

    return (x > y) - (x < y);
}

static struct outcome median_run(const struct source *from, unsigned per_second)
{
    struct outcome o[RUNS];

    for (size_t i = 0; i < RUNS; i++)
        o[i] = run(from, per_second, NULL);
    qsort(o, RUNS, sizeof(o[0]), by_loss);
    return o[RUNS / 2];
}

static void measure(const struct source *from)
{
    static const unsigned rates[] = {10000, 25000, 50000, 100000, 150000, 200000};
    double highest = 0;
    bool good = true;

    printf("Allocate without credentials from %s\n  %9s %9s %8s %10s %6s %s\n", from->name,
           "wanted/s", "sent/s", "lost%", "answers/s", "CPU%", " dropped: socket, kernel's queue");
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        struct outcome o = median_run(from, rates[i]);

        printf("  %9u %9.0f %8.3f %10.0f %6.0f %16" PRIu64 " %15" PRIu64 "\n", rates[i],
               o.requests_per_s, o.lost_percent, (double) o.answers / o.seconds, 100 * o.cpu,
               o.dropped.socket, o.dropped.queue);
        good = good && o.lost_percent < LOST_PERCENT;
        if (good)
            highest = o.requests_per_s;
    }
    printf("  %-46s %8.0f /s, bar %6d  %s\n", "the highest rate with less than 0.1% lost", highest,
           BAR, highest >= 0.99 * BAR ? "pass" : "MISS");
}

/* ---- what holds at any speed ---- */

static unsigned n_passed, n_failed;

static void expect(const char *what, bool so)
{
    printf("%s %s\n", so ? "ok     " : "FAILED ", what);
    n_passed += so;
    n_failed += !so;
}

/* A new client, asking as often as a real one does. */
static void begin_and_end(void)
{
    struct addr at = address(CLIENT, 0), to = address(SERVER, PORT), own;
    struct turn_session s;
    int r;

    measure_check(netns_enter(&client_net), "network");
    r = turn_session_init(&s, loopback_open_to(&at, &to, &own));
    measure_check(netns_enter(&server_net), "network");
    measure_check(r, "socket");
    r = turn_session_allocate(&s);
    if (r == 0)
        r = turn_session_delete(&s);
    expect("a client can begin and end meanwhile", r == 0);
    close(s.fd);
}

static void check_source(const struct source *from, unsigned requests_per_s, uint64_t burst,
                         uint64_t per_second)
{
    struct outcome o = run(from, requests_per_s, begin_and_end);
    uint64_t limit = burst + (uint64_t) ((double) per_second * (o.settled + 1));

    printf("%.0f requests a second from %s: %" PRIu64 " answers in %.1f s, %.2f %% lost\n",
           o.requests_per_s, from->name, o.answers, o.seconds, o.lost_percent);
    expect("some are answered", o.answers > 0);
    expect("no more than the limit", o.answers <= limit);
    expect("the clients go on", o.lost_percent < 50);
}

static void check_all(void)
{
    uint64_t made = 0;

    check_source(&sources[0], 3 * PER_SECOND_ALL, PER_SECOND_ALL, PER_SECOND_ALL);
    check_source(&sources[1], PER_SECOND_ALL, BURST_ONE, PER_SECOND_ONE);
    expect("nothing is changed on the way", turn_load_strange(load) == 0);
    expect("it ends well", turn_server_stop(server) == 0);
    expect("no allocation but those of clients",
           turn_server_metric(server, "visavis_turn_allocations_made_total{transport=\"udp\"}",
                              &made) == 0 &&
               made == CLIENTS + N_SOURCES);
    printf("%u passed, %u failed\n", n_passed, n_failed);
}

int main(int argc, char **argv)
{
    bool checking = argc > 1 && strcmp(argv[1], "check") == 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!make_networks()) {
        puts("networks cannot be made here\n0 passed, 0 failed, 1 skipped");
        return checking ? EXIT_SUCCESS : MEASURE_NOT_HERE;
    }
    if (!checking)
        measure_go_first();
    measure_check(loop_new(&loop), "loop");
    set_up(1);
    if (checking)
        check_all();
    for (size_t i = 0; !checking && i < N_SOURCES; i++)
        measure(&sources[i]);
    tear_down();
    loop_free(loop);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
