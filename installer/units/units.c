#include "units/units.h"

#include "base/clock.h"
#include "host/paths.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define MANAGER "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE MANAGER ".Manager"
#define UNIT_INTERFACE MANAGER ".Unit"

/* Root reaches the manager here, also before the message bus runs and when it is broken. */
#define PRIVATE_ADDRESS "unix:path=/run/systemd/private"

/* Reading all unit files again takes its time on a slow machine. */
#define RELOAD_TIMEOUT_US (90 * UINT64_C(1000000))

/* For a timer that comes once to be gone, and its name to be free. */
#define ONCE_TIMEOUT_MS 5000
#define ONCE_STEP_MS 50

struct units {
    sd_bus *bus;
    char error[512];
};

bool units_available(void)
{
    return !path_root()[0] && sd_booted() > 0;
}

static int open_private(sd_bus **ret)
{
    sd_bus *bus = NULL;
    int r = sd_bus_new(&bus);

    if (r >= 0)
        r = sd_bus_set_address(bus, PRIVATE_ADDRESS);
    if (r >= 0)
        r = sd_bus_start(bus);
    if (r < 0) {
        sd_bus_unref(bus);
        return r;
    }
    *ret = bus;
    return 0;
}

int units_open(struct units **ret)
{
    struct units *u;

    if (!units_available())
        return -ENOTCONN;
    u = calloc(1, sizeof(*u));
    if (!u)
        return -ENOMEM;
    if ((geteuid() != 0 || open_private(&u->bus) < 0) && sd_bus_open_system(&u->bus) < 0) {
        units_close(u);
        return -ENOTCONN;
    }
    *ret = u;
    return 0;
}

struct units *units_close(struct units *u)
{
    if (u) {
        sd_bus_flush_close_unref(u->bus);
        free(u);
    }
    return NULL;
}

const char *units_error(const struct units *u)
{
    return u->error;
}

/* ---- calls ---- */

static int error_number(const sd_bus_error *e, int r)
{
    static const struct {
        const char *name;
        int number;
    } known[] = {
        {MANAGER ".NoSuchUnit", -ENOENT},
        {MANAGER ".UnitMasked", -EPERM},
        {MANAGER ".UnitExists", -EEXIST},
        {MANAGER ".AlreadySubscribed", -EALREADY},
        {"org.freedesktop.DBus.Error.FileNotFound", -ENOENT},
        {"org.freedesktop.DBus.Error.AccessDenied", -EACCES},
        {"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", -EACCES},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (sd_bus_error_has_name(e, known[i].name))
            return known[i].number;
    return r < 0 ? r : -EIO;
}

/* Sends m, drops it, and keeps what was said against it. */
static int call(struct units *u, sd_bus_message *m, uint64_t timeout_us, sd_bus_message **ret_reply)
{
    sd_bus_error e = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    int r = sd_bus_call(u->bus, m, timeout_us, &e, &reply);

    u->error[0] = 0;
    if (r < 0) {
        if (e.message)
            snprintf(u->error, sizeof(u->error), "%s", e.message);
        r = error_number(&e, r);
    }
    sd_bus_error_free(&e);
    sd_bus_message_unref(m);
    if (r < 0 || !ret_reply)
        sd_bus_message_unref(reply);
    else
        *ret_reply = reply;
    return r < 0 ? r : 0;
}

static int new_call(struct units *u, const char *method, sd_bus_message **ret_m)
{
    return sd_bus_message_new_method_call(u->bus, ret_m, MANAGER, MANAGER_PATH, MANAGER_INTERFACE,
                                          method);
}

/* The job's object path, to be freed, when ret_job is not NULL. */
static int enqueue(struct units *u, const char *unit, enum unit_job job, char **ret_job)
{
    static const char *const methods[] = {[UNIT_START] = "StartUnit",
                                          [UNIT_STOP] = "StopUnit",
                                          [UNIT_RESTART] = "RestartUnit",
                                          [UNIT_RELOAD] = "ReloadUnit",
                                          [UNIT_TRY_RESTART] = "TryRestartUnit"};
    sd_bus_message *m = NULL, *reply = NULL;
    const char *path;
    int r = new_call(u, methods[job], &m);

    if (r >= 0)
        r = sd_bus_message_append(m, "ss", unit, "replace");
    if (r < 0) {
        sd_bus_message_unref(m);
        return r;
    }
    r = call(u, m, 0, &reply);
    if (r == 0 && ret_job) {
        r = sd_bus_message_read(reply, "o", &path);
        if (r >= 0)
            r = (*ret_job = strdup(path)) ? 0 : -ENOMEM;
    }
    sd_bus_message_unref(reply);
    return r;
}

int units_enqueue(struct units *u, const char *unit, enum unit_job job)
{
    return enqueue(u, unit, job, NULL);
}

int units_reset_failed(struct units *u, const char *unit)
{
    sd_bus_message *m = NULL;
    int r = new_call(u, "ResetFailedUnit", &m);

    if (r >= 0)
        r = sd_bus_message_append(m, "s", unit);
    if (r < 0) {
        sd_bus_message_unref(m);
        return r;
    }
    return call(u, m, 0, NULL);
}

int units_reload_manager(struct units *u)
{
    sd_bus_message *m = NULL;
    int r = new_call(u, "Reload", &m);

    return r < 0 ? r : call(u, m, RELOAD_TIMEOUT_US, NULL);
}

int units_enable(struct units *u, const char *const *names, size_t n, bool enable)
{
    sd_bus_message *m = NULL;
    int r = new_call(u, enable ? "EnableUnitFiles" : "DisableUnitFiles", &m);

    if (r >= 0)
        r = sd_bus_message_open_container(m, 'a', "s");
    for (size_t i = 0; r >= 0 && i < n; i++)
        r = sd_bus_message_append(m, "s", names[i]);
    if (r >= 0)
        r = sd_bus_message_close_container(m);
    if (r >= 0) /* not for this boot alone; a link to a former file is replaced */
        r = enable ? sd_bus_message_append(m, "bb", 0, 1) : sd_bus_message_append(m, "b", 0);
    if (r < 0) {
        sd_bus_message_unref(m);
        return r;
    }
    r = call(u, m, 0, NULL);
    return r < 0 ? r : units_reload_manager(u);
}

/* ---- jobs and their ends ---- */

struct wait {
    char **jobs; /* object paths; NULL: ended */
    size_t n, n_left;
    bool failed;
    units_progress_fn *progress;
    void *arg;
};

static int on_job_removed(sd_bus_message *m, void *arg, sd_bus_error *e)
{
    struct wait *w = arg;
    const char *path, *unit, *result;
    uint32_t id;

    (void) e;
    if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
        return 0;
    for (size_t i = 0; i < w->n; i++) {
        if (!w->jobs[i] || strcmp(w->jobs[i], path) != 0)
            continue;
        free(w->jobs[i]);
        w->jobs[i] = NULL;
        w->n_left--;
        /* "skipped": a condition of the unit does not hold, which is not a failure */
        if (strcmp(result, "done") != 0 && strcmp(result, "skipped") != 0)
            w->failed = true;
    }
    if (w->progress)
        w->progress(unit, result, w->arg);
    return 0;
}

static int wait_for_ends(struct units *u, const struct wait *w, uint64_t deadline_ms)
{
    while (w->n_left > 0) {
        int r = sd_bus_process(u->bus, NULL);
        uint64_t now;

        if (r < 0)
            return r;
        if (r > 0)
            continue;
        now = clock_ms();
        if (now >= deadline_ms)
            return -ETIMEDOUT;
        r = sd_bus_wait(u->bus, (deadline_ms - now) * 1000);
        if (r < 0 && r != -EINTR)
            return r;
    }
    return w->failed ? -EIO : 0;
}

static int enqueue_all(struct units *u, const char *const *names, enum unit_job job, struct wait *w)
{
    for (size_t i = 0; i < w->n; i++) {
        int r = enqueue(u, names[i], job, &w->jobs[i]);

        if (r < 0)
            return r;
        w->n_left++;
    }
    return 0;
}

int units_run(struct units *u, const char *const *names, size_t n, enum unit_job job,
              unsigned timeout_ms, units_progress_fn *progress, void *arg)
{
    struct wait w = {.n = n, .progress = progress, .arg = arg};
    uint64_t deadline_ms = clock_ms() + timeout_ms;
    sd_bus_message *m = NULL;
    sd_bus_slot *slot = NULL;
    int r;

    w.jobs = calloc(n ? n : 1, sizeof(*w.jobs));
    if (!w.jobs)
        return -ENOMEM;
    r = sd_bus_match_signal(u->bus, &slot, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "JobRemoved",
                            on_job_removed, &w);
    if (r >= 0)
        r = new_call(u, "Subscribe", &m); /* without it the message bus gets no signals */
    if (r >= 0)
        r = call(u, m, 0, NULL);
    if (r >= 0 || r == -EALREADY)
        r = enqueue_all(u, names, job, &w);
    if (r >= 0)
        r = wait_for_ends(u, &w, deadline_ms);
    sd_bus_slot_unref(slot);
    for (size_t i = 0; i < n; i++)
        free(w.jobs[i]);
    free(w.jobs);
    return r;
}

/* ---- states ---- */

static void get_text(struct units *u, const char *path, const char *interface, const char *name,
                     char *ret, size_t size)
{
    char *text = NULL;

    if (sd_bus_get_property_string(u->bus, MANAGER, path, interface, name, NULL, &text) >= 0)
        snprintf(ret, size, "%s", text);
    free(text);
}

static bool get_number(struct units *u, const char *path, const char *interface, const char *name,
                       char type, void *ret)
{
    return sd_bus_get_property_trivial(u->bus, MANAGER, path, interface, name, NULL, type, ret) >=
           0;
}

static bool has_job(struct units *u, const char *path)
{
    sd_bus_message *m = NULL;
    uint32_t id = 0;

    if (sd_bus_get_property(u->bus, MANAGER, path, UNIT_INTERFACE, "Job", NULL, &m, "(uo)") < 0 ||
        sd_bus_message_read(m, "(uo)", &id, NULL) < 0)
        id = 0;
    sd_bus_message_unref(m);
    return id != 0;
}

static bool is_skipped(struct units *u, const char *path)
{
    uint64_t when = 0;
    int held = 1;

    get_number(u, path, UNIT_INTERFACE, "ConditionTimestamp", 't', &when);
    get_number(u, path, UNIT_INTERFACE, "ConditionResult", 'b', &held);
    return when != 0 && !held;
}

/* "org.freedesktop.systemd1.Service" of "visavis-media.service". */
static void interface_of(const char *unit, char *ret, size_t size)
{
    const char *dot = strrchr(unit, '.');

    if (dot && dot[1])
        snprintf(ret, size, MANAGER ".%c%s", toupper((unsigned char) dot[1]), dot + 2);
    else
        snprintf(ret, size, MANAGER ".Service");
}

static uint64_t since(struct units *u, const char *path, const char *active)
{
    const char *name = "InactiveExitTimestamp";
    uint64_t t = 0;

    if (strcmp(active, "active") == 0 || strcmp(active, "reloading") == 0)
        name = "ActiveEnterTimestamp";
    else if (strcmp(active, "inactive") == 0 || strcmp(active, "failed") == 0)
        name = "InactiveEnterTimestamp";
    get_number(u, path, UNIT_INTERFACE, name, 't', &t);
    return t;
}

/* Properties that a type of unit does not have stay as they are. */
static void read_state(struct units *u, const char *unit, const char *path, struct unit_state *ret)
{
    char interface[64], load[24] = "", file[24] = "";
    uint32_t pid = 0, restarts = 0;

    interface_of(unit, interface, sizeof(interface));
    get_text(u, path, UNIT_INTERFACE, "LoadState", load, sizeof(load));
    get_text(u, path, UNIT_INTERFACE, "ActiveState", ret->active, sizeof(ret->active));
    get_text(u, path, UNIT_INTERFACE, "SubState", ret->sub, sizeof(ret->sub));
    get_text(u, path, UNIT_INTERFACE, "UnitFileState", file, sizeof(file));
    get_text(u, path, interface, "Result", ret->result, sizeof(ret->result));
    get_text(u, path, interface, "StatusText", ret->status_text, sizeof(ret->status_text));
    get_number(u, path, interface, "MainPID", 'u', &pid);
    get_number(u, path, interface, "NRestarts", 'u', &restarts);
    get_number(u, path, interface, "ExecMainStatus", 'i', &ret->exit_status);
    get_number(u, path, interface, "MemoryCurrent", 't', &ret->memory);
    ret->loaded = strcmp(load, "loaded") == 0;
    ret->enabled = strncmp(file, "enabled", strlen("enabled")) == 0;
    ret->skipped = is_skipped(u, path);
    ret->has_job = has_job(u, path);
    ret->main_pid = (pid_t) pid;
    ret->n_restarts = restarts;
    ret->since_us = since(u, path, ret->active);
}

/* The object of a unit, which is loaded if need be; free() it. */
static int load_unit(struct units *u, const char *unit, char **ret_path)
{
    sd_bus_message *m = NULL, *reply = NULL;
    const char *path = NULL;
    int r = new_call(u, "LoadUnit", &m);

    if (r >= 0)
        r = sd_bus_message_append(m, "s", unit);
    if (r < 0) {
        sd_bus_message_unref(m);
        return r;
    }
    r = call(u, m, 0, &reply);
    if (r == 0)
        r = sd_bus_message_read(reply, "o", &path);
    if (r >= 0)
        r = path && (*ret_path = strdup(path)) ? 0 : -ENOMEM;
    sd_bus_message_unref(reply);
    return r;
}

int units_state(struct units *u, const char *unit, struct unit_state *ret)
{
    struct unit_state s = {.memory = UINT64_MAX};
    char *path = NULL;
    int r = load_unit(u, unit, &path);

    if (r < 0)
        return r;
    read_state(u, unit, path, &s);
    *ret = s;
    free(path);
    return 0;
}

/* ---- timers ---- */

int units_timer_next(struct units *u, const char *timer, uint64_t *ret_us)
{
    uint64_t us = 0;
    char *path = NULL;
    int r = load_unit(u, timer, &path);

    if (r < 0)
        return r;
    get_number(u, path, MANAGER ".Timer", "NextElapseUSecRealtime", 't', &us);
    *ret_us = us == UINT64_MAX ? 0 : us;
    free(path);
    return 0;
}

/* "2026-11-23 06:00:00 UTC" */
static int append_calendar(sd_bus_message *m, uint64_t wall_us)
{
    time_t s = (time_t) (wall_us / 1000000);
    char text[64];
    struct tm tm;

    if (!gmtime_r(&s, &tm) || strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        return -EINVAL;
    return sd_bus_message_append(m, "(sv)", "TimersCalendar", "a(ss)", 1, "OnCalendar", text);
}

static int append_timer(sd_bus_message *m, const struct units_once *o)
{
    int r = sd_bus_message_open_container(m, 'a', "(sv)");

    if (r >= 0)
        r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)", "Description", "s", o->description,
                                  "AccuracyUSec", "t", o->accuracy_us, "RandomizedDelayUSec", "t",
                                  o->jitter_us, "RemainAfterElapse", "b", 0);
    if (r >= 0)
        r = o->wall_us ? append_calendar(m, o->wall_us)
                       : sd_bus_message_append(m, "(sv)", "TimersMonotonic", "a(st)", 1,
                                               "OnActiveSec", o->after_us);
    return r < 0 ? r : sd_bus_message_close_container(m);
}

/* A transient timer starts the service of its own name and no other; that pulls in the wanted one.
 */
static int append_service(sd_bus_message *m, const struct units_once *o, const char *unit)
{
    static const char program[] = "/usr/bin/true";

    return sd_bus_message_append(m, "a(sa(sv))", 1, unit, 4, "Description", "s", o->description,
                                 "Type", "s", "oneshot", "Wants", "as", 1, o->service, "ExecStart",
                                 "a(sasb)", 1, program, 1, program, 0);
}

static int start_once(struct units *u, const struct units_once *o)
{
    char timer[128], service[128];
    sd_bus_message *m = NULL;
    int r = new_call(u, "StartTransientUnit", &m);

    snprintf(timer, sizeof(timer), "%s.timer", o->name);
    snprintf(service, sizeof(service), "%s.service", o->name);
    if (r >= 0)
        r = sd_bus_message_append(m, "ss", timer, "replace");
    if (r >= 0)
        r = append_timer(m, o);
    if (r >= 0)
        r = append_service(m, o, service);
    if (r < 0) {
        sd_bus_message_unref(m);
        return r;
    }
    return call(u, m, 0, NULL);
}

int units_stop_once(struct units *u, const char *name)
{
    char timer[128];
    int r;

    snprintf(timer, sizeof(timer), "%s.timer", name);
    r = units_enqueue(u, timer, UNIT_STOP);
    return r == -ENOENT ? 0 : r;
}

/* A unit that was stopped is forgotten a moment later, and its name is free again. */
int units_start_once(struct units *u, const struct units_once *o)
{
    const struct timespec step = {.tv_nsec = ONCE_STEP_MS * 1000000L};
    int r = units_stop_once(u, o->name);

    for (int ms = 0; r == 0 && ms < ONCE_TIMEOUT_MS; ms += ONCE_STEP_MS) {
        r = start_once(u, o);
        if (r != -EEXIST)
            return r;
        r = 0;
        nanosleep(&step, NULL);
    }
    return r == 0 ? -EEXIST : r;
}
