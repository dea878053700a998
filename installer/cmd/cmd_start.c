/* start and restart. */
#include "apply/inforce.h"
#include "base/clock.h"
#include "cmd/banner.h"
#include "cmd/manage.h"
#include "cmd/verbs.h"
#include "host/interrupt.h"
#include "host/paths.h"
#include "text/json.h"
#include "text/term.h"
#include "units/log_view.h"

#include <stdlib.h>
#include <strings.h>

#define LINES_BEFORE 10
#define APPLIED_IN_PART 3 /* what visavis apply ends with */

struct start {
    const struct cmd_call *call;
    struct units *units;
    const struct service *some[SERVICES_MAX];
    size_t n_some;
    uint64_t began_us;
    struct settings *settings; /* in force; NULL: unknown */
    struct health_report health;
};

/* ---- what became of it ---- */

static bool is_meant(const struct start *s, const struct service_health *h)
{
    for (size_t i = 0; i < s->n_some; i++)
        if (s->some[i] == h->service)
            return true;
    return s->n_some == 0;
}

static const struct service_health *health_of(const struct start *s, const char *unit)
{
    for (size_t i = 0; i < s->health.n; i++)
        if (strcmp(s->health.services[i].service->unit, unit) == 0)
            return &s->health.services[i];
    return NULL;
}

static bool setup_failed(const struct start *s)
{
    const struct service_health *h = health_of(s, SETUP_UNIT);

    return s->n_some == 0 && h && strcmp(h->word, "failed") == 0;
}

static bool serves(const struct start *s)
{
    const struct service_health *h = health_of(s, "visavis-signaling.service");

    return h && h->health == HEALTH_WELL;
}

static void tell_setup(const struct start *s)
{
    bool in_part = health_of(s, SETUP_UNIT)->state.exit_status == APPLIED_IN_PART;
    char env[PATH_MAX];

    fprintf(stderr, "\n%sThe configuration was %s:%s\n\n", term_on(stderr, TERM_BAD),
            in_part ? "applied in part" : "not applied", term_off(stderr));
    manage_print_log(SETUP_UNIT, s->began_us);
    if (in_part) {
        fputs("\nWhat could be applied is in force. Mend the rest, then: visavis restart\n",
              stderr);
        return;
    }
    fprintf(stderr,
            "\n%s\nMend %s, then: visavis restart   (to check alone: visavis config check)\n",
            serves(s) ? "The server goes on with the configuration that was in force before."
                      : "The server does not run.",
            path_join(env, PATH_ETC, ".env"));
}

static void tell_service(const struct start *s, const struct service_health *h)
{
    fprintf(stderr, "\n%s%s: %s%s\n\n", term_on(stderr, TERM_BAD), h->service->word, h->why,
            term_off(stderr));
    if (!h->state.loaded)
        return;
    manage_print_log(h->service->unit, s->began_us);
    fprintf(stderr, "\nMore of it: visavis logs %s\n", h->service->word);
    if (h->service->shared)
        fprintf(stderr, "Once it is mended: systemctl restart %s\n", h->service->unit);
}

/* Tells of all that is not well; how many. */
static unsigned tell_problems(const struct start *s)
{
    unsigned n = 0;

    if (setup_failed(s)) {
        tell_setup(s);
        n++;
    }
    for (size_t i = 0; i < s->health.n; i++) {
        const struct service_health *h = &s->health.services[i];

        if (h->health == HEALTH_WELL || !is_meant(s, h) || (h->service->at_times && s->n_some == 0))
            continue;
        if (strcmp(h->word, "running") == 0) /* again: it was degraded before */
            continue;
        if (!setup_failed(s) || strcmp(h->word, "stopped") != 0)
            tell_service(s, h);
        n++;
    }
    if (n > 0)
        fputs("\nWhat is wrong on this machine: visavis doctor\n", stderr);
    return n;
}

static void print_banner(const struct start *s)
{
    if (s->n_some > 0 || !s->settings)
        puts(s->n_some > 0 ? "Ready." : "Visavis is ready.");
    else
        banner_print(s->settings);
}

static int print_json(const struct start *s, int status)
{
    json_t *o = json_object(), *list = json_object();
    char url[SETTINGS_URL_SIZE];

    for (size_t i = 0; i < s->health.n; i++) {
        const struct service_health *h = &s->health.services[i];

        if (is_meant(s, h))
            json_object_set_new(list, h->service->word,
                                json_pack("{s:s, s:s, s:s?}", "state", h->word, "health",
                                          health_name(h->health), "why", *h->why ? h->why : NULL));
    }
    json_object_set_new(o, "ready", json_boolean(status == CMD_OK));
    json_object_set_new(o, "applied", json_boolean(!setup_failed(s)));
    json_object_set_new(o, "units", list);
    if (s->settings)
        json_object_set_new(o, "url", json_string(settings_public_url(s->settings, url)));
    return json_print(o, status);
}

/* ---- the log afterwards ---- */

/* As the original: the variable turns it off with any other word than "true". */
static bool may_follow(const struct start *s)
{
    const char *follow = getenv("FOLLOW_OPENVIDU_LOGS");

    return !cmd_json(s->call) && !cmd_has(s->call, "no-follow") && term_is_tty(stdout) &&
           (!follow || !*follow || strcasecmp(follow, "true") == 0);
}

static void follow(void)
{
    const char *units[SERVICES_MAX];
    struct journal *j;
    struct log_view v;
    size_t n = 0;

    for (const struct service *s = services; s->word; s++)
        if (!s->shared)
            units[n++] = s->unit;
    if (journal_open(units, n, &j) < 0)
        return;
    puts("The log follows; Ctrl+C leaves it, the server runs on.\n");
    log_view_init(&v, stdout, false);
    if (journal_seek_last(j, LINES_BEFORE) == 0)
        log_view_follow(&v, j);
    puts("\nThe server runs on. `visavis status` shows how it is, `visavis stop` stops it.");
    journal_close(j);
}

/* ---- the verbs ---- */

static int finish(struct start *s)
{
    bool with_nginx;
    int status;

    (void) inforce_settings(&s->settings);
    with_nginx = !s->settings || strcmp(settings_text(s->settings, SET_PROXY), "external") != 0;
    if (manage_settle(s->units, with_nginx, &s->health) < 0)
        return cmd_fail(s->call, CMD_FAILED, "cannot see what became of it");
    status = tell_problems(s) > 0 ? CMD_FAILED : CMD_OK;
    if (cmd_json(s->call))
        return print_json(s, status);
    if (status == CMD_OK) {
        print_banner(s);
        if (may_follow(s))
            follow();
    }
    return status;
}

static int run(const struct cmd_call *call, enum unit_job job)
{
    struct start s = {.call = call, .began_us = clock_wall_ms() * 1000};
    int status = manage_services(call, true, s.some, &s.n_some);

    if (status == CMD_OK)
        status = manage_open(call, true, &s.units);
    if (status == CMD_OK)
        status = manage_run(call, s.units, job, s.some, s.n_some);
    if (status == CMD_OK)
        status = finish(&s);
    s.settings = settings_free(s.settings);
    units_close(s.units);
    return status;
}

static int run_start(const struct cmd_call *call)
{
    return run(call, UNIT_START);
}

static int run_restart(const struct cmd_call *call)
{
    return run(call, UNIT_RESTART);
}

static const struct cmd_option options[] = {
    {.name = "no-follow", .help = "do not go on to show the log"},
    {0},
};

#define FOLLOWING                                                                                  \
    "On a terminal the log follows; Ctrl+C leaves it and the server runs on. Set\n"                \
    "FOLLOW_OPENVIDU_LOGS=false in the shell, or --no-follow, to do without."

const struct cmd cmd_start = {
    .name = "start",
    .fn = run_start,
    .args = "[UNIT...]",
    .words = manage_word,
    .options = options,
    .help = "start the server, and wait until it is ready",
    .doc = "Applies /etc/visavis/.env and starts everything. When something does not start, shows\n"
           "which unit, the last lines of its log, and what to do. With UNIT only those start:\n"
           "`visavis start call`.\n"
           "\n" FOLLOWING,
};

const struct cmd cmd_restart = {
    .name = "restart",
    .fn = run_restart,
    .args = "[UNIT...]",
    .words = manage_word,
    .options = options,
    .help = "apply .env again; restart or reload what it changes",
    .doc =
        "What the changes do not concern runs on, with its calls. When .env is wrong nothing is\n"
        "changed: all reasons are shown, the exit status is 1, and the configuration that was\n"
        "in force before goes on serving. With UNIT exactly those are restarted, whatever\n"
        "changed: `visavis restart media` ends the calls that it carries.\n"
        "\n" FOLLOWING,
};
