#include "tests/lib/measure.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define WARM_US 100000
#define ROUNDS 5
#define NICE (-15)

void measure_check(int r, const char *what)
{
    if (r >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(-r));
    exit(EXIT_FAILURE);
}

/* The kernel shares the processors among sessions first (sched(7), autogroup), then within each. */
static void set_session_nice(int nice)
{
    FILE *f = fopen("/proc/self/autogroup", "w");

    if (!f)
        return;
    fprintf(f, "%d", nice);
    (void) fclose(f);
}

static void go_back(void)
{
    set_session_nice(0);
}

void measure_go_first(void)
{
    if (setpriority(PRIO_PROCESS, 0, NICE) < 0 || atexit(go_back) != 0)
        return;
    set_session_nice(NICE);
}

void measure_open_many(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void) setrlimit(RLIMIT_NOFILE, &limit);
}

static unsigned n_missed;

void measure_bar(const char *what, double figure, double bar)
{
    n_missed += !(figure <= bar);
    printf("  %-60s %8.2f, bar %6.2f  %s\n", what, figure, bar, figure <= bar ? "pass" : "MISS");
}

int measure_status(void)
{
    return n_missed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void on_pause(struct loop_timer *t)
{
    loop_quit(t->loop, 0);
}

int measure_pause(struct loop *l, uint64_t us)
{
    struct loop_timer t = {.loop = NULL};
    int r = loop_timer_start(&t, l, us, on_pause);

    if (r == 0)
        r = loop_run(l);
    loop_timer_done(&t);
    return r;
}

static uint64_t own_cpu_ns(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

static int measure_window(struct loop *l, const struct measure_contender *c, uint64_t us,
                          struct measure_figure *ret)
{
    uint64_t start = clock_us(), due = c->due(c->arg), n = c->arrived(c->arg), own = own_cpu_ns();
    double took_us;
    struct child_usage before = {0}, after = {0};
    int r = child_usage(c->child, &before);

    if (r == 0)
        r = measure_pause(l, us);
    if (r == 0)
        r = child_usage(c->child, &after);
    if (r < 0)
        return r;
    due = c->due(c->arg) - due;
    n = c->arrived(c->arg) - n;
    took_us = (double) (clock_us() - start);
    ret->packets_per_s = (double) n * 1e6 / took_us;
    ret->load_percent = (double) (own_cpu_ns() - own) / 10 / took_us;
    ret->us_per_packet = n ? (double) (after.cpu_ns - before.cpu_ns) / 1000 / (double) n : 0;
    ret->lost_percent = n < due ? 100 * (1 - (double) n / (double) due) : 0;
    return 0;
}

static int run_window(struct loop *l, const struct measure_contender *c, uint64_t us,
                      struct measure_figure *ret)
{
    int r;

    c->start(c->arg);
    r = measure_pause(l, WARM_US);
    if (r == 0)
        r = measure_window(l, c, us, ret);
    c->stop(c->arg);
    return r;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *) a;
    double y = *(const double *) b;

    return (x > y) - (x < y);
}

double measure_median(double *v, size_t n)
{
    qsort(v, n, sizeof(v[0]), by_value);
    return v[n / 2];
}

/* The median over the rounds of one field of a contender. */
static double median(struct measure_figure f[ROUNDS][MEASURE_MAX], size_t contender, size_t offset)
{
    double v[ROUNDS] = {0};

    for (size_t i = 0; i < ROUNDS; i++)
        memcpy(&v[i], (const char *) &f[i][contender] + offset, sizeof(v[i]));
    return measure_median(v, ROUNDS);
}

int measure_in_turns(struct loop *l, const struct measure_contender *c, size_t n,
                     uint64_t window_us, struct measure_figure *ret)
{
    struct measure_figure f[ROUNDS][MEASURE_MAX] = {0};

    if (n > MEASURE_MAX)
        return -EINVAL;
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < n; i++) {
            struct measure_figure *now = f[round];
            int r = run_window(l, &c[i], window_us, &now[i]);

            if (r < 0)
                return r;
            now[i].ratio =
                now[i].us_per_packet > 0 ? now[0].us_per_packet / now[i].us_per_packet : 0;
        }
    }
    for (size_t i = 0; i < n; i++) {
        ret[i].packets_per_s = median(f, i, offsetof(struct measure_figure, packets_per_s));
        ret[i].us_per_packet = median(f, i, offsetof(struct measure_figure, us_per_packet));
        ret[i].lost_percent = median(f, i, offsetof(struct measure_figure, lost_percent));
        ret[i].ratio = median(f, i, offsetof(struct measure_figure, ratio));
        ret[i].load_percent = median(f, i, offsetof(struct measure_figure, load_percent));
    }
    return 0;
}
