/* 10,000 clients in 1,000 sessions, joined and pinging: the daemon's memory for each of them, its
 * CPU while they only ping, how long a join takes beside them, and while somebody asks for the list
 * of all sessions. With the state in
 * memory, then in Redis; on a Unix socket, as behind the proxy. */
#include "base/clock.h"
#include "tests/lib/http_load.h"
#include "tests/lib/measure.h"
#include "tests/lib/signaling_crowd.h"
#include "tests/lib/signaling_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLIENTS 10000
#define PER_SESSION 10
#define AT_A_TIME 32
#define JOINS 1000 /* beside them, */
#define PER_S 100  /* as many a second */
#define IDLE_US 5000000
#define SETTLE_US 500000
#define LISTS 10
#define MEMORY_BAR_KIB 16.0
#define JOIN_BAR_MS 50.0

static struct loop *loop;
static struct signaling_server *server;
static struct crowd *crowd;

static struct child_usage usage(void)
{
    struct child_usage u;

    measure_check(measure_pause(loop, SETTLE_US), "pause");
    measure_check(child_usage(signaling_server_child(server), &u), "usage");
    return u;
}

static double per_client(uint64_t after_kib, uint64_t before_kib)
{
    return ((double) after_kib - (double) before_kib) / CLIENTS;
}

static void join_all(void)
{
    struct child_usage empty = usage(), waiting, joined;

    measure_check(crowd_make_tokens(crowd, 0, CLIENTS, PER_SESSION), "tokens");
    waiting = usage();
    crowd_ping(crowd, true);
    measure_check(crowd_join(crowd, 0, CLIENTS, AT_A_TIME), "joins");
    measure_check(measure_pause(loop, IDLE_US), "pause"); /* each has pinged */
    joined = usage();
    printf("%d clients in %d sessions\n  %-33s %9s %9s\n", CLIENTS, CLIENTS / PER_SESSION,
           "memory of each, KiB", "RSS", "PSS");
    printf("  %-33s %9.2f %9.2f\n", "a session's share, and a token",
           per_client(waiting.rss_kib, empty.rss_kib), per_client(waiting.pss_kib, empty.pss_kib));
    printf("  %-33s %9.2f %9.2f\n", "the same, joined", per_client(joined.rss_kib, empty.rss_kib),
           per_client(joined.pss_kib, empty.pss_kib));
    measure_bar("KiB of PSS for a client", per_client(joined.pss_kib, empty.pss_kib),
                MEMORY_BAR_KIB);
}

static void watch_pings(void)
{
    struct child_usage before = usage(), after;
    uint64_t start_us = clock_us(), answers = crowd->n_answers;

    measure_check(measure_pause(loop, IDLE_US), "pause");
    after = usage();
    printf("pinging, %.0f a second: %.1f %% of a core\n",
           (double) (crowd->n_answers - answers) * 1e6 / (double) (clock_us() - start_us),
           (double) (after.cpu_ns - before.cpu_ns) / 10 / (double) (clock_us() - start_us));
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}

static double tell(const char *what, double *ms, size_t n)
{
    qsort(ms, n, sizeof(*ms), by_value);
    printf("  %-33s %8.2f %8.2f %8.2f %8.2f\n", what, ms[n / 2], ms[n * 95 / 100], ms[n * 99 / 100],
           ms[n - 1]);
    return ms[n * 99 / 100];
}

/* Clients from first on. */
static void join_beside(const char *what, size_t first)
{
    static double whole[JOINS], answer[JOINS];
    double p99;

    measure_check(crowd_make_tokens(crowd, first, JOINS, PER_SESSION), "tokens");
    measure_check(crowd_join_paced(crowd, first, JOINS, PER_S), "joins");
    for (size_t i = 0; i < JOINS; i++) {
        const struct crowd_client *k = &crowd->clients[first + i];

        whole[i] = (double) (k->joined_us - k->opened_us) / 1000;
        answer[i] = (double) (k->joined_us - k->asked_us) / 1000;
    }
    printf("joins beside them, %d a second%s\n  %-33s %8s %8s %8s %8s\n", PER_S, what, "ms", "p50",
           "p95", "p99", "max");
    (void) tell("joinRoom to its answer", answer, JOINS);
    p99 = tell("from the socket on", whole, JOINS);
    measure_bar("ms at p99, from the socket on", p99, JOIN_BAR_MS);
    measure_check(crowd_leave(crowd, first, JOINS), "leaving");
}

static size_t make_list(char text[static HTTP_LOAD_REQUEST_MAX], size_t slot, uint64_t nr,
                        void *arg)
{
    (void) slot, (void) nr, (void) arg;
    return http_load_rest(text, "GET", "sessions", "");
}

static const struct http_load_handlers lists = {.make = make_list};

static void list_all(void)
{
    struct child_usage before = usage(), after;
    uint64_t start_us = clock_us(), took_us;
    struct http_load *h;

    measure_check(http_load_new(loop, crowd->api, 1, &lists, NULL, &h), "REST");
    measure_check(http_load_run(h, LISTS), "GET /sessions");
    took_us = clock_us() - start_us;
    after = usage();
    printf("GET /sessions: %.1f MB, %.0f ms each, %.0f ms of CPU with the pings meanwhile\n",
           (double) http_load_bytes(h) / LISTS / 1e6, (double) took_us / 1000 / LISTS,
           (double) (after.cpu_ns - before.cpu_ns) / 1e6 / LISTS);
    http_load_free(h);
}

static void run(bool stored)
{
    struct http_load *h;

    printf("==== %s\n", stored ? "with Redis" : "in memory alone");
    measure_check(signaling_server_new(loop, "max_clients = 12000;\n", stored, &server),
                  "visavis-signaling");
    measure_check(crowd_new(loop, signaling_server_api(server), CLIENTS + 2 * JOINS, &crowd),
                  "crowd");
    join_all();
    watch_pings();
    join_beside("", CLIENTS);
    list_all();
    measure_check(http_load_new(loop, crowd->api, 1, &lists, NULL, &h), "REST");
    http_load_start(h, UINT64_MAX);
    join_beside(", and GET /sessions all the time", CLIENTS + JOINS);
    http_load_free(h);
    crowd = crowd_free(crowd);
    server = signaling_server_free(server);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    measure_go_first();
    measure_check(loop_new(&loop), "loop");
    run(false);
    if (access(SIGNALING_REDIS, X_OK) == 0)
        run(true);
    loop_free(loop);
    return measure_status();
}
