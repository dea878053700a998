#include "units/health.h"

#include "files/files.h"
#include "host/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REASON_MAX 4096

const char *health_name(enum health h)
{
    static const char *const names[] = {
        [HEALTH_WELL] = "well", [HEALTH_DEGRADED] = "degraded", [HEALTH_DOWN] = "down"};

    return names[h];
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* Without sessions or media there are no calls, nor without the web server in front. */
static bool is_vital(const struct service *s)
{
    return s->shared || is(s->word, "signaling") || is(s->word, "media");
}

/* What settings may turn off: then there is no configuration for it, and systemd skips it. One that
 * was stopped for that was never skipped. */
static bool may_be_off(const struct service *s)
{
    return is(s->word, "call") || is(s->word, "redis");
}

static const char *word_of(const struct service_health *h)
{
    const struct unit_state *s = &h->state;

    if (!s->loaded)
        return "missing";
    if (is(s->active, "failed"))
        return "failed";
    if (is(s->sub, "auto-restart"))
        return "restarting";
    if (is(s->active, "active"))
        return is(s->sub, "exited") ? "done" : "running";
    if (is(s->active, "activating"))
        return "starting";
    if (is(s->active, "deactivating"))
        return "stopping";
    if (is(s->active, "reloading"))
        return "reloading";
    if (h->service->at_times && is(s->result, "success"))
        return s->since_us ? "done" : "waiting";
    return s->skipped && may_be_off(h->service) ? "off" : "stopped";
}

static void explain(struct service_health *h)
{
    const struct unit_state *s = &h->state;

    if (!s->loaded)
        snprintf(h->why, sizeof(h->why), "there is no %s", h->service->unit);
    else if (is(s->result, "exit-code") &&
             s->exit_status == 0) /* of a program beside the main one */
        snprintf(h->why, sizeof(h->why), "%s: it did not come up", h->word);
    else if (is(s->result, "exit-code"))
        snprintf(h->why, sizeof(h->why), "%s: exit status %d%s", h->word, s->exit_status,
                 s->exit_status == 78 ? ", unusable configuration" : "");
    else if (is(s->result, "signal") || is(s->result, "core-dump"))
        snprintf(h->why, sizeof(h->why), "%s: signal %d (%s)", h->word, s->exit_status,
                 strsignal(s->exit_status));
    else if (is(s->result, "start-limit-hit"))
        snprintf(h->why, sizeof(h->why), "%s: it ended again and again", h->word);
    else if (*s->result && !is(s->result, "success"))
        snprintf(h->why, sizeof(h->why), "%s: %s", h->word, s->result);
    else
        snprintf(h->why, sizeof(h->why), "%s", h->word);
}

void health_judge(struct service_health *h, const char *degraded)
{
    h->word = word_of(h);
    h->health = HEALTH_WELL;
    h->why[0] = 0;
    if (is(h->word, "failed") || is(h->word, "restarting") || is(h->word, "missing") ||
        is(h->word, "stopped") || is(h->word, "stopping") || is(h->word, "starting")) {
        if (h->service->at_times && !is(h->word, "failed"))
            return;
        h->health = is_vital(h->service) ? HEALTH_DOWN : HEALTH_DEGRADED;
        explain(h);
    }
    if (degraded && !(h->service->at_times && is(h->word, "done"))) {
        size_t len = strlen(h->why);

        if (h->health == HEALTH_WELL)
            h->health = HEALTH_DEGRADED;
        snprintf(h->why + len, sizeof(h->why) - len, "%sdegraded: %.*s", len ? "; " : "",
                 (int) strcspn(degraded, "\n"), degraded);
    }
}

/* What the unit's own degraded state was recorded with; free() it. NULL: it is not degraded. */
static char *read_degraded(const char *unit)
{
    char name[300], path[PATH_MAX];
    char *text = NULL;
    size_t len;

    snprintf(name, sizeof(name), "degraded/%s", unit);
    if (file_read(path_join(path, PATH_RUN, name), REASON_MAX, &text, &len) < 0)
        return NULL;
    return text;
}

/* What the process holds, where the manager does not count. */
static uint64_t resident(pid_t pid)
{
    char path[64], line[128] = "", *rest;
    unsigned long long pages;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/statm", (int) pid);
    f = fopen(path, "re");
    if (!f)
        return UINT64_MAX;
    if (!fgets(line, sizeof(line), f))
        line[0] = 0;
    fclose(f);
    (void) strtoull(line, &rest, 10); /* its address space */
    pages = strtoull(rest, NULL, 10);
    return pages ? pages * (uint64_t) sysconf(_SC_PAGESIZE) : UINT64_MAX;
}

static bool is_turned_off(const struct service *s)
{
    char file[64], path[PATH_MAX];

    if (!may_be_off(s) || !file_exists(path_of(PATH_CURRENT)))
        return false;
    snprintf(file, sizeof(file), is(s->word, "redis") ? "%s.conf" : "%s.cfg", s->word);
    return !file_exists(path_join(path, PATH_CURRENT, file));
}

static int look_at(struct units *u, const struct service *s, struct service_health *ret)
{
    char *degraded;
    int r = units_state(u, s->unit, &ret->state);

    if (r < 0)
        return r;
    ret->service = s;
    ret->state.skipped |= is_turned_off(s);
    if (ret->state.memory == UINT64_MAX && ret->state.main_pid)
        ret->state.memory = resident(ret->state.main_pid);
    degraded = read_degraded(s->unit);
    health_judge(ret, degraded);
    free(degraded);
    return 0;
}

int health_look(struct units *u, bool with_nginx, struct health_report *ret)
{
    struct health_report report = {.n = 0};
    struct unit_state target;
    int r = units_state(u, TARGET_UNIT, &target);

    for (const struct service *s = services; r == 0 && s->word && report.n < SERVICES_MAX; s++) {
        struct service_health *h = &report.services[report.n];

        if (s->shared && !with_nginx)
            continue;
        r = look_at(u, s, h);
        report.n++;
        if (h->health > report.worst)
            report.worst = h->health;
    }
    if (r < 0)
        return r;
    report.target_active = is(target.active, "active");
    *ret = report;
    return 0;
}

bool health_is_settled(const struct health_report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct service_health *h = &r->services[i];

        if (h->state.has_job || is(h->word, "starting") || is(h->word, "stopping") ||
            is(h->word, "restarting") || is(h->word, "reloading"))
            return false;
    }
    return true;
}
