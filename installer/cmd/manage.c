#include "cmd/manage.h"

#include "base/clock.h"
#include "host/paths.h"
#include "text/progress.h"
#include "text/term.h"
#include "units/journal.h"
#include "units/log_view.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define JOB_TIMEOUT_MS 180000
#define SETTLE_MS 30000
#define SETTLE_STEP_MS 100
#define LOG_LINES 12
#define LOG_LINES_SETUP 200
/* Until the journal has what a unit wrote just now. */
#define LOG_DELAY_MS 250

static void sleep_ms(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long) (ms % 1000) * 1000000};

    nanosleep(&t, NULL);
}

int manage_no_systemd(const struct cmd_call *call)
{
    return cmd_fail(call, CMD_FAILED,
                    "systemd does not run this machine; `visavis run` runs the server in the "
                    "foreground");
}

int manage_open(const struct cmd_call *call, bool needs_root, struct units **ret)
{
    int r;

    if (!units_available())
        return manage_no_systemd(call);
    if (needs_root && cmd_need_root(call) != CMD_OK)
        return CMD_FAILED;
    r = units_open(ret);
    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "cannot reach systemd: %s", strerror(-r));
    return CMD_OK;
}

const char *manage_word(size_t i)
{
    for (const struct service *s = services; s->word; s++)
        if (i-- == 0)
            return s->word;
    return i == 0 ? "all" : NULL;
}

static int no_such_service(const struct cmd_call *call, const char *name)
{
    const struct service *near = service_nearest(name);
    char words[200];

    service_words(words, sizeof(words));
    if (near)
        return cmd_fail(call, CMD_USAGE, "there is no unit '%s'; did you mean '%s'?", name,
                        near->word);
    return cmd_fail(call, CMD_USAGE, "there is no unit '%s'; there are %s", name, words);
}

int manage_services(const struct cmd_call *call, bool with_shared,
                    const struct service *ret[static SERVICES_MAX], size_t *ret_n)
{
    size_t n = 0;

    for (size_t i = 0; i < cmd_n_args(call); i++) {
        const char *name = cmd_arg(call, i);
        const struct service *s = service_find(name);

        if (strcmp(name, "all") == 0)
            continue;
        if (!s)
            return no_such_service(call, name);
        if (s->shared && !with_shared)
            return cmd_fail(call, CMD_USAGE,
                            "%s may serve other sites too: `systemctl` can do that to %s", name,
                            s->unit);
        if (n == SERVICES_MAX)
            return cmd_fail(call, CMD_USAGE, "too many units");
        ret[n++] = s;
    }
    *ret_n = n;
    return CMD_OK;
}

/* ---- jobs ---- */

struct run {
    struct progress progress;
    enum unit_job job;
    unsigned n_done;
    bool told[SERVICES_MAX];
};

static const char *done_word(enum unit_job job)
{
    return job == UNIT_STOP ? "stopped" : job == UNIT_RELOAD ? "reloaded" : "ready";
}

static void on_job_end(const char *unit, const char *result, void *arg)
{
    struct run *run = arg;
    const struct service *s = service_of_unit(unit);

    if (!s || run->told[s - services]) /* a second job may find nothing left to do */
        return;
    run->told[s - services] = true;
    run->n_done++;
    if (strcmp(result, "done") == 0)
        progress_step(&run->progress, run->n_done, "%s %s", s->word, done_word(run->job));
    else
        progress_step(&run->progress, run->n_done, "%s: %s", s->word, result);
}

/* The target, and for a stop the services too: its own end does not wait for theirs. */
static size_t names_of_all(struct units *u, enum unit_job job, const char **ret, unsigned *ret_jobs)
{
    size_t n = 0;

    *ret_jobs = 0;
    ret[n++] = TARGET_UNIT;
    for (const struct service *s = services; s->word; s++) {
        struct unit_state state;

        if (s->shared || s->at_times || units_state(u, s->unit, &state) < 0 || !state.loaded)
            continue;
        ++*ret_jobs;
        if (job == UNIT_STOP)
            ret[n++] = s->unit;
    }
    ++*ret_jobs; /* setup */
    return n;
}

/* Who starts a unit by hand does not want to hear that it was tried too often before. */
static void forget_failures(struct units *u, const struct service *const *some, size_t n)
{
    for (const struct service *s = services; n == 0 && s->word; s++)
        if (!s->shared)
            (void) units_reset_failed(u, s->unit);
    for (size_t i = 0; i < n; i++)
        (void) units_reset_failed(u, some[i]->unit);
}

int manage_run(const struct cmd_call *call, struct units *u, enum unit_job job,
               const struct service *const *some, size_t n)
{
    const char *names[SERVICES_MAX + 1];
    struct run run = {.job = job};
    unsigned n_jobs = (unsigned) n;
    size_t n_names = n;
    int r;

    for (size_t i = 0; i < n; i++)
        names[i] = some[i]->unit;
    if (n == 0)
        n_names = names_of_all(u, job, names, &n_jobs);
    if (job != UNIT_STOP)
        forget_failures(u, some, n);
    progress_init(&run.progress, cmd_json(call) ? NULL : stderr, n_jobs);
    r = units_run(u, names, n_names, job, JOB_TIMEOUT_MS, on_job_end, &run);
    progress_clear(&run.progress);
    if (r == -ENOENT)
        return cmd_fail(call, CMD_FAILED, "%s Is the package installed whole?", units_error(u));
    if (r == -ETIMEDOUT)
        return cmd_fail(call, CMD_FAILED, "not done after %d s; `visavis status` shows more",
                        JOB_TIMEOUT_MS / 1000);
    if (r < 0 && r != -EIO)
        return cmd_fail(call, CMD_FAILED, "systemd refuses: %s",
                        *units_error(u) ? units_error(u) : strerror(-r));
    return CMD_OK;
}

int manage_settle(struct units *u, bool with_nginx, struct health_report *ret)
{
    uint64_t deadline_ms = clock_ms() + SETTLE_MS;
    int r;

    for (;;) {
        r = health_look(u, with_nginx, ret);
        if (r < 0 || health_is_settled(ret) || clock_ms() >= deadline_ms)
            return r;
        sleep_ms(SETTLE_STEP_MS);
    }
}

/* ---- logs ---- */

static bool count_line(const struct journal_line *line, void *arg)
{
    unsigned *n = arg;

    (void) line;
    ++*n;
    return true;
}

void manage_print_log(const char *unit, uint64_t since_us)
{
    struct journal *j;
    struct log_view v;
    bool is_setup = strcmp(unit, SETUP_UNIT) == 0;
    unsigned max = is_setup ? LOG_LINES_SETUP : LOG_LINES, n = 0;

    sleep_ms(LOG_DELAY_MS);
    if (journal_open(&unit, 1, &j) < 0)
        return;
    log_view_init(&v, stderr, false);
    v.bare = is_setup;
    if (journal_seek_time(j, since_us) == 0 && journal_read(j, count_line, &n) == 0 &&
        journal_seek_last(j, n < max ? n : max) == 0)
        journal_read(j, log_view_line, &v);
    journal_close(j);
}
