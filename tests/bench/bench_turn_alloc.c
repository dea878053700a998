/* What an allocation costs: the CPU of the server for making and deleting one as a client does,
 * with the refusal that gives the nonce; and the memory of an idle one, as the slope between a
 * thousand and several thousand of them. Beside coturn, if it is installed. On the loopback. */
#include "base/clock.h"
#include "tests/lib/loopback.h"
#include "tests/lib/measure.h"
#include "tests/lib/turn_crowd.h"
#include "tests/lib/turn_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS 5
#define PAIRS 300
#define SETTLE_US 200000 /* what a server does after the answer counts, too */
#define FEW 1000
#define MANY 5000
#define MOST 10000
#define PAIR_BAR_MS 0.12
#define MEMORY_BAR_KIB 8.0

struct contender {
    const char *name;
    enum turn_server_kind kind;
    const char *relay_ip;
    size_t n; /* allocations at once */

    struct turn_server *server;
    struct turn_crowd crowd;
    double cpu_ms[ROUNDS], wall_ms[ROUNDS];
    struct child_usage few, many;
};

enum { OURS, COTURN, N_CONTENDERS };

static struct contender contenders[] = {
    [OURS] = {"visavis-turn", TURN_SERVER_OURS, "127.0.0.2", MOST, .server = NULL},
    [COTURN] = {"coturn", TURN_SERVER_COTURN, "127.0.0.3", MANY, .server = NULL},
};

/* r may be the code of an answer. */
static void check(const struct contender *c, int r, const char *what)
{
    if (r > 0) {
        fprintf(stderr, "%s refused to %s: %d\n", c->name, what, r);
        exit(EXIT_FAILURE);
    }
    measure_check(r, what);
}

/* Each time for another client: coturn does not forget one at once. */
static void make_and_delete(const struct contender *c, size_t nr)
{
    struct turn_session s;

    check(c, turn_session_init(&s, c->crowd.clients[c->n + nr].fd), "begin");
    check(c, turn_session_allocate(&s), "allocate");
    check(c, turn_session_delete(&s), "delete");
}

static void set_up(struct loop *l, struct contender *c)
{
    struct turn_server_config config = {.kind = c->kind, .relay_ip = c->relay_ip};
    int placeholder = loopback_open(NULL, &config.listen); /* keeps the port free until the start */

    measure_check(placeholder, "socket");
    check(c, turn_crowd_open(&c->crowd, c->n + ROUNDS * PAIRS + 1, "127.0.0.1", &config.listen),
          "open sockets");
    close(placeholder);
    config.peer = c->crowd.peer;
    check(c, turn_server_new(l, &config, &c->server), "start");
    make_and_delete(c, ROUNDS * PAIRS); /* it has come up */
}

static struct child_usage usage(struct loop *l, const struct contender *c)
{
    struct child_usage u;

    measure_check(measure_pause(l, SETTLE_US), "pause");
    measure_check(child_usage(turn_server_child(c->server), &u), "usage");
    return u;
}

/* ---- time ---- */

static void run_pairs(struct loop *l, struct contender *c, size_t round)
{
    struct child_usage before = usage(l, c), after;
    uint64_t start_us = clock_us();

    for (unsigned i = 0; i < PAIRS; i++)
        make_and_delete(c, round * PAIRS + i);
    c->wall_ms[round] = (double) (clock_us() - start_us) / 1000 / PAIRS;
    after = usage(l, c);
    c->cpu_ms[round] = (double) (after.cpu_ns - before.cpu_ns) / 1e6 / PAIRS;
}

static void measure_time(struct loop *l, size_t n)
{
    double cpu_ms[N_CONTENDERS] = {0};

    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < n; i++)
            run_pairs(l, &contenders[i], round);
    }
    printf("an allocation made and deleted\n  %-33s %9s %10s %9s\n", "", "CPU ms", "ours/this",
           "wall ms");
    for (size_t i = 0; i < n; i++) {
        cpu_ms[i] = measure_median(contenders[i].cpu_ms, ROUNDS);
        printf("  %-33s %9.3f %10.2f %9.3f\n", contenders[i].name, cpu_ms[i],
               cpu_ms[OURS] / cpu_ms[i], measure_median(contenders[i].wall_ms, ROUNDS));
    }
    measure_bar("ms of CPU for ours", cpu_ms[OURS], PAIR_BAR_MS);
}

/* ---- memory ---- */

static double slope(uint64_t many_kib, uint64_t few_kib, const struct contender *c)
{
    return ((double) many_kib - (double) few_kib) / (double) (c->n - FEW);
}

static void measure_memory(struct loop *l, size_t n)
{
    printf("memory of an idle allocation, between %d and as many\n  %-33s %9s %9s %9s\n", FEW, "",
           "at once", "RSS KiB", "PSS KiB");
    for (size_t i = 0; i < n; i++) {
        struct contender *c = &contenders[i];

        check(c, turn_crowd_allocate(&c->crowd, FEW, false), "allocate");
        c->few = usage(l, c);
        check(c, turn_crowd_allocate(&c->crowd, c->n, false), "allocate");
        c->many = usage(l, c);
        check(c, turn_crowd_delete(&c->crowd), "delete"); /* each of them was still there */
        printf("  %-33s %9zu %9.2f %9.2f\n", c->name, c->n,
               slope(c->many.rss_kib, c->few.rss_kib, c),
               slope(c->many.pss_kib, c->few.pss_kib, c));
    }
    measure_bar(
        "KiB of PSS for ours",
        slope(contenders[OURS].many.pss_kib, contenders[OURS].few.pss_kib, &contenders[OURS]),
        MEMORY_BAR_KIB);
}

int main(void)
{
    size_t n = access(TURN_COTURN, X_OK) == 0 ? N_CONTENDERS : N_CONTENDERS - 1;
    struct loop *l;

    setvbuf(stdout, NULL, _IOLBF, 0);
    measure_go_first();
    measure_check(loop_new(&l), "loop");
    for (size_t i = 0; i < n; i++)
        set_up(l, &contenders[i]);
    measure_time(l, n);
    measure_memory(l, n);
    for (size_t i = 0; i < n; i++) {
        turn_crowd_close(&contenders[i].crowd);
        turn_server_free(contenders[i].server);
    }
    loop_free(l);
    return measure_status();
}
