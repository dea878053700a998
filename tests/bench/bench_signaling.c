/* What signaling costs: joins, messages to everybody in a session of 100, requests of the REST API:
 * the daemon's CPU for each, and how many a second; beside the least that answering them can cost.
 * On a Unix socket, as behind the proxy. */
#include "base/clock.h"
#include "tests/lib/http_load.h"
#include "tests/lib/measure.h"
#include "tests/lib/signaling_crowd.h"
#include "tests/lib/signaling_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WINDOW_US 500000
#define ROUNDS 5
#define JOINS 400 /* in a round */
#define PER_SESSION 10
#define AT_A_TIME 32
#define LARGE 100
#define CHATTERS 8 /* of them, each with a message under way */
#define REST_CONNECTIONS 8
#define SETTLE_US 200000 /* what a server does after the answer counts, too */

#define SETTINGS "max_clients = 12000;\nmax_messages_per_s = 100000;\n"

enum { OURS, STORED, FLOOR, N_SIDES };

static struct side {
    const char *name;
    struct signaling_server *server;
    struct crowd *crowd; /* LARGE in one session, then those who come and go */
    struct http_load *rest;
} sides[N_SIDES] = {
    [OURS] = {.name = "visavis-signaling"},
    [STORED] = {.name = "visavis-signaling, with Redis"},
    [FLOOR] = {.name = "floor"},
};

/* ---- what the daemon's answers are, so that the floor's are alike ---- */

static size_t make_get(char text[static HTTP_LOAD_REQUEST_MAX], size_t slot, uint64_t nr, void *arg)
{
    const struct side *s = arg;
    char path[64];

    (void) slot, (void) nr;
    snprintf(path, sizeof(path), "sessions/%s", s->crowd->clients[LARGE].session);
    return http_load_rest(text, "GET", path, "");
}

/* A connection is made, and deleted. */
static size_t make_pair(char text[static HTTP_LOAD_REQUEST_MAX], size_t slot, uint64_t nr,
                        void *arg)
{
    static bool made[REST_CONNECTIONS][N_SIDES];
    const struct side *s = arg;
    bool *is_made = &made[slot][s - sides];
    char path[128], body[128];

    (void) nr;
    *is_made = !*is_made;
    snprintf(body, sizeof(body), "{\"data\":\"{\\\"openviduCustomConnectionId\\\":\\\"b%zu\\\"}\"}",
             slot);
    snprintf(path, sizeof(path),
             *is_made ? "sessions/%s/connection" : "sessions/%s/connection/con_b%zu",
             s->crowd->clients[LARGE].session, slot);
    return http_load_rest(text, *is_made ? "POST" : "DELETE", path, *is_made ? body : "");
}

static const struct http_load_handlers gets = {.make = make_get}, pairs = {.make = make_pair};

static struct child_usage usage(struct loop *l, const struct side *s)
{
    struct child_usage u;

    measure_check(measure_pause(l, SETTLE_US), "pause");
    measure_check(child_usage(signaling_server_child(s->server), &u), "usage");
    return u;
}

static void fill(struct loop *l, struct side *s)
{
    size_t n = LARGE + JOINS * ROUNDS;

    measure_check(crowd_new(l, signaling_server_api(s->server), n, &s->crowd), "crowd");
    measure_check(crowd_make_tokens(s->crowd, 0, LARGE, LARGE), "tokens");
    measure_check(crowd_make_tokens(s->crowd, LARGE, n - LARGE, PER_SESSION), "tokens");
    measure_check(crowd_join(s->crowd, 0, LARGE, 1), "the large session");
    crowd_ping(s->crowd, true);
}

/* One of each, to learn how long the answers are. */
static void set_up(struct loop *l)
{
    struct signaling_floor floor = {.large = LARGE, .group = PER_SESSION};
    struct side *ours = &sides[OURS];
    struct http_load *probe;

    for (size_t i = 0; i <= STORED; i++)
        measure_check(signaling_server_new(l, SETTINGS, i == STORED, &sides[i].server),
                      sides[i].name);
    fill(l, &sides[STORED]);
    fill(l, ours);
    crowd_signal(ours->crowd, 0);
    measure_check(measure_pause(l, SETTLE_US), "pause");
    measure_check(http_load_new(l, ours->crowd->api, 1, &gets, ours, &probe), "REST");
    measure_check(http_load_run(probe, 1), "REST");
    floor.rest = http_load_bytes(probe);
    http_load_free(probe);
    floor.joined = 2048; /* of a session of ten, in the middle */
    floor.answered = ours->crowd->answer_bytes;
    floor.told = ours->crowd->told_bytes;
    measure_check(signaling_server_new_floor(l, &floor, &sides[FLOOR].server), "floor");
    fill(l, &sides[FLOOR]);
}

/* ---- joins ---- */

static void measure_joins(struct loop *l)
{
    double us[N_SIDES][ROUNDS], per_s[N_SIDES][ROUNDS], median[N_SIDES];

    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < N_SIDES; i++) {
            struct side *s = &sides[i];
            struct child_usage before = usage(l, s), after;
            uint64_t start = clock_us();

            measure_check(crowd_join(s->crowd, LARGE + round * JOINS, JOINS, AT_A_TIME), s->name);
            per_s[i][round] = JOINS * 1e6 / (double) (clock_us() - start);
            after = usage(l, s);
            us[i][round] = (double) (after.cpu_ns - before.cpu_ns) / 1000 / JOINS;
        }
    }
    printf("joins, sessions of %d: handshake, joinRoom, the others told\n  %-33s %10s %9s %10s\n",
           PER_SESSION, "", "a second", "us each", "ours/this");
    for (size_t i = 0; i < N_SIDES; i++) {
        median[i] = measure_median(us[i], ROUNDS);
        printf("  %-33s %10.0f %9.1f %10.2f\n", sides[i].name, measure_median(per_s[i], ROUNDS),
               median[i], median[OURS] / median[i]);
    }
}

/* ---- messages and requests, in windows ---- */

static void start_chat(void *arg)
{
    struct crowd *c = ((struct side *) arg)->crowd;

    for (size_t i = 0; i < CHATTERS; i++) {
        c->clients[i].chats = true;
        crowd_signal(c, i);
    }
}

static void stop_chat(void *arg)
{
    struct crowd *c = ((struct side *) arg)->crowd;

    for (size_t i = 0; i < CHATTERS; i++)
        c->clients[i].chats = false;
}

static uint64_t count_told(void *arg)
{
    return ((const struct side *) arg)->crowd->n_told;
}

static void start_rest(void *arg)
{
    http_load_start(((struct side *) arg)->rest, UINT64_MAX);
}

static void stop_rest(void *arg)
{
    http_load_stop(((struct side *) arg)->rest);
}

static uint64_t count_rest(void *arg)
{
    return http_load_answered(((const struct side *) arg)->rest);
}

static void measure_windows(struct loop *l, const char *what, const struct measure_contender *like)
{
    struct measure_contender c[N_SIDES];
    struct measure_figure f[N_SIDES] = {0};

    for (size_t i = 0; i < N_SIDES; i++) {
        c[i] = *like;
        c[i].child = signaling_server_child(sides[i].server);
        c[i].due = like->arrived;
        c[i].arg = &sides[i];
    }
    measure_check(measure_in_turns(l, c, N_SIDES, WINDOW_US, f), what);
    printf("%s\n  %-33s %10s %9s %10s\n", what, "", "a second", "us each", "ours/this");
    for (size_t i = 0; i < N_SIDES; i++)
        printf("  %-33s %10.0f %9.2f %10.2f\n", sides[i].name, f[i].packets_per_s,
               f[i].us_per_packet, f[i].ratio);
}

static void measure_rest(struct loop *l, const char *what,
                         const struct http_load_handlers *handlers)
{
    for (size_t i = 0; i < N_SIDES; i++)
        measure_check(http_load_new(l, sides[i].crowd->api, REST_CONNECTIONS, handlers, &sides[i],
                                    &sides[i].rest),
                      "REST");
    measure_windows(
        l, what,
        &(struct measure_contender){.start = start_rest, .stop = stop_rest, .arrived = count_rest});
    for (size_t i = 0; i < N_SIDES; i++)
        sides[i].rest = http_load_free(sides[i].rest);
}

int main(void)
{
    struct loop *l;

    setvbuf(stdout, NULL, _IOLBF, 0);
    measure_go_first();
    measure_check(loop_new(&l), "loop");
    set_up(l);
    measure_joins(l);
    measure_windows(
        l, "messages to all in a session of 100, each that arrives",
        &(struct measure_contender){.start = start_chat, .stop = stop_chat, .arrived = count_told});
    measure_rest(l, "REST: GET a session of 10", &gets);
    measure_rest(l, "REST: POST and DELETE of a connection, each request", &pairs);
    for (size_t i = 0; i < N_SIDES; i++) {
        crowd_free(sides[i].crowd);
        signaling_server_free(sides[i].server);
    }
    loop_free(l);
    return measure_status();
}
