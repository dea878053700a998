#include "apply/jobs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define JOB_LIMIT_MS 60000

static void tell(const struct jobs *j, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void tell(const struct jobs *j, enum log_level level, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    j->on_text(level, text, j->arg);
}

static bool is_up(const struct jobs *j, const char *unit)
{
    static const char *const up[] = {"active", "activating", "reloading"};
    struct unit_state state;

    if (units_state(j->units, unit, &state) < 0)
        return false;
    for (size_t i = 0; i < sizeof(up) / sizeof(up[0]); i++)
        if (strcmp(state.active, up[i]) == 0)
            return true;
    return false;
}

static const char *word(enum unit_job job)
{
    switch (job) {
    case UNIT_START:
        return "start";
    case UNIT_STOP:
        return "stop";
    case UNIT_RESTART:
        return "restart";
    case UNIT_RELOAD:
        return "reload";
    case UNIT_TRY_RESTART:
        return "try-restart";
    }
    return "?";
}

static int run(const struct jobs *j, const char *unit, enum unit_job job, bool wait)
{
    int r = wait ? units_run(j->units, &unit, 1, job, JOB_LIMIT_MS, NULL, NULL)
                 : units_enqueue(j->units, unit, job);

    if (r == -ENOENT && job == UNIT_STOP)
        return 0;
    if (r == -ENOENT)
        tell(j, LOG_LEVEL_ERROR, "%s: there is no such unit here", unit);
    else if (r < 0)
        tell(j, LOG_LEVEL_ERROR, "%s: cannot %s it: %s; see: journalctl -u %s", unit, word(job),
             *units_error(j->units) ? units_error(j->units) : strerror(-r), unit);
    return r;
}

static int run_sockets(const struct jobs *j, enum plan_part part, enum unit_job job, bool wait)
{
    int error = 0;

    for (const char *const *socket = plan_sockets(part); *socket; socket++) {
        int r = run(j, *socket, job, wait);

        error = r < 0 ? r : error;
    }
    return error;
}

static int start(const struct jobs *j, enum plan_part part)
{
    int r = run_sockets(j, part, UNIT_START, j->wait);

    return r == 0 ? run(j, plan_service(part), UNIT_START, j->wait) : r;
}

/* Sockets first, or the next client starts the service again. */
static int stop(const struct jobs *j, enum plan_part part, bool wait)
{
    int a = run_sockets(j, part, UNIT_STOP, wait);
    int b = run(j, plan_service(part), UNIT_STOP, wait);

    return a < 0 ? a : b;
}

/* A socket unit does not start while its service runs, so that has to be gone before. To wait for a
 * stop is safe at any time: stops wait for nobody who starts. */
static int restart(const struct jobs *j, enum plan_part part, bool sockets)
{
    int r;

    if (!sockets)
        return run(j, plan_service(part), UNIT_RESTART, j->wait);
    r = stop(j, part, true);
    return r == 0 ? start(j, part) : r;
}

static int run_step(const struct jobs *j, enum plan_part part, const struct plan_step *s,
                    bool target_up)
{
    bool up = is_up(j, plan_service(part));

    if (s->action == PLAN_STOP)
        return stop(j, part, j->wait);
    if (up && s->action == PLAN_RELOAD)
        return run(j, plan_service(part), UNIT_RELOAD, j->wait);
    if (up && s->action == PLAN_RESTART)
        return restart(j, part, s->sockets);
    if (!up && (target_up || part == PLAN_NGINX))
        return restart(j, part, s->sockets);
    return 0;
}

int jobs_run(const struct jobs *j, const struct plan *p)
{
    bool target_up = is_up(j, "visavis.target");
    int error = 0;

    if (p->reload_manager) {
        int r = units_reload_manager(j->units);

        if (r < 0)
            tell(j, LOG_LEVEL_ERROR, "systemd cannot read its unit files again: %s", strerror(-r));
        error = r;
    }
    for (enum plan_part i = 0; i < N_PLAN_PARTS; i++) {
        int r = p->steps[i].action != PLAN_NOTHING ? run_step(j, i, &p->steps[i], target_up) : 0;

        error = r < 0 ? r : error;
    }
    return error;
}
