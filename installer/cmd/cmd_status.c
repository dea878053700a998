#include "apply/certificate.h"
#include "base/clock.h"
#include "cmd/manage.h"
#include "cmd/verbs.h"
#include "host/interrupt.h"
#include "nginx/site.h"
#include "status/status.h"
#include "status/status_json.h"
#include "text/human.h"
#include "text/table.h"

#include <errno.h>
#include <unistd.h>

#define WATCH_DEFAULT_S 2
#define WATCH_MAX_S 3600
#define NAMES_SHOWN 3

enum { EXIT_DEGRADED = 3, EXIT_DOWN = 4 };

static int exit_status(enum health worst)
{
    return worst == HEALTH_WELL ? CMD_OK : worst == HEALTH_DEGRADED ? EXIT_DEGRADED : EXIT_DOWN;
}

static enum term_style style_of(enum health h)
{
    return h == HEALTH_WELL ? TERM_GOOD : h == HEALTH_DEGRADED ? TERM_WARN : TERM_BAD;
}

/* ---- the screen ---- */

static void print_title(const struct status *s)
{
    static const char *const words[] = {
        [HEALTH_WELL] = "all well", [HEALTH_DEGRADED] = "degraded", [HEALTH_DOWN] = "down"};
    char url[SETTINGS_URL_SIZE];

    printf("%sVisavis%s: %s%s%s", term_on(stdout, TERM_BOLD), term_off(stdout),
           term_on(stdout, style_of(s->worst)), words[s->worst], term_off(stdout));
    if (s->settings)
        printf("   %s/", settings_public_url(s->settings, url));
    puts("\n");
}

static void add_service(struct table *t, const struct service_health *h)
{
    const struct unit_state *u = &h->state;
    uint64_t now_us = clock_wall_ms() * 1000;
    char text[HUMAN_SIZE] = "";
    bool off = strcmp(h->word, "off") == 0 || strcmp(h->word, "waiting") == 0;

    table_row(t);
    table_cell(t, TERM_BOLD, "%s", h->service->word);
    table_cell(t, off ? TERM_DIM : style_of(h->health), "%s", h->word);
    if (u->since_us && now_us >= u->since_us)
        human_duration((now_us - u->since_us) / 1000000, text);
    table_cell(t, TERM_PLAIN, "%s", text);
    table_cell(t, u->n_restarts ? TERM_WARN : TERM_DIM, "%u", u->n_restarts);
    table_cell(t, TERM_PLAIN, "%s", u->memory == UINT64_MAX ? "" : human_size(u->memory, text));
    table_cell(t, TERM_PLAIN, "%s",
               u->main_pid && *u->status_text ? u->status_text : h->service->role);
}

static bool is_shown(const struct service_health *h)
{
    return h->state.loaded || h->health != HEALTH_WELL;
}

static void print_services(const struct status *s)
{
    static const char *const heads[] = {"UNIT", "STATE", "SINCE", "RESTARTS", "MEMORY", "STATUS"};
    struct table *t = table_new();

    table_row(t);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        table_cell(t, TERM_DIM, "%s", heads[i]);
    for (size_t i = 0; i < s->health.n; i++)
        if (is_shown(&s->health.services[i]))
            add_service(t, &s->health.services[i]);
    table_print(t, stdout, 2);
    table_free(t);
}

static void add_configuration(struct table *t, const struct status *s)
{
    static const char *const words[] = {
        [STATUS_ENV_UNKNOWN] = "",
        [STATUS_ENV_IN_FORCE] = ", as .env says",
        [STATUS_ENV_DIFFERS] = "; .env was changed since: `visavis restart` applies it",
        [STATUS_ENV_WRONG] = "; .env cannot be used: `visavis config check` says why",
    };
    char text[HUMAN_SIZE];

    table_row(t);
    table_cell(t, TERM_BOLD, "Configuration");
    if (s->has_inforce)
        table_cell(t, s->env >= STATUS_ENV_DIFFERS ? TERM_WARN : TERM_PLAIN,
                   "generation %u, in force since %s%s", s->inforce.generation,
                   human_time(s->inforce.applied_us, text), words[s->env]);
    else
        table_cell(t, TERM_WARN, "none in force yet%s",
                   s->env == STATUS_ENV_WRONG ? words[s->env] : "");
}

static void join_names(const struct certs_info *cert, char *buf, size_t size)
{
    size_t len = 0, n = 0;

    buf[0] = 0;
    for (; cert->names && cert->names[n]; n++)
        if (n < NAMES_SHOWN && len < size)
            len += (size_t) snprintf(buf + len, size - len, "%s%s", n ? ", " : "", cert->names[n]);
    if (n > NAMES_SHOWN && len < size)
        snprintf(buf + len, size - len, " and %zu more", n - NAMES_SHOWN);
}

static void add_certificate(struct table *t, const struct status *s)
{
    char names[256], text[HUMAN_SIZE];
    enum term_style style = s->cert_health == CERTS_FINE       ? TERM_PLAIN
                            : s->cert_health == CERTS_EXPIRING ? TERM_WARN
                                                               : TERM_BAD;

    table_row(t);
    table_cell(t, TERM_BOLD, "Certificate");
    if (s->cert_error == -EACCES) {
        table_cell(t, TERM_DIM, "only root may look: sudo visavis status");
        return;
    }
    if (s->cert_error != 0) {
        table_cell(t, TERM_WARN, "%s",
                   s->cert_error == -ENOENT ? "none yet" : "cannot be read: visavis cert status");
        return;
    }
    join_names(&s->cert, names, sizeof(names));
    human_time((uint64_t) s->cert.not_after_s * 1000000, text);
    if (s->cert_days_left < 0)
        table_cell(t, style, "%s, %s, EXPIRED on %s", certificate_type_name(&s->cert), names, text);
    else
        table_cell(t, style, "%s, %s, %lld days left (%s)", certificate_type_name(&s->cert), names,
                   (long long) s->cert_days_left, text);
}

static void add_turn(struct table *t, const struct status *s)
{
    const char *obstacle;
    char tls[64] = "";
    long long port, tls_port, https;

    if (!s->settings || s->decided_error < 0)
        return;
    obstacle = site_turn_obstacle(s->settings, s->decided.layout);
    port = (long long) settings_int(s->settings, SET_COTURN_PORT);
    tls_port = (long long) settings_int(s->settings, SET_TURN_TLS_PORT);
    https = (long long) settings_int(s->settings, SET_HTTPS_PORT);
    if (tls_port > 0)
        snprintf(tls, sizeof(tls), ", TLS on %lld", tls_port);
    table_row(t);
    table_cell(t, TERM_BOLD, "TURN");
    if (!obstacle)
        table_cell(t, TERM_PLAIN, "%s, port %lld%s%s %lld", s->decided.turn_ip.text, port, tls,
                   tls_port > 0 ? " and" : ", TLS on", https);
    else
        table_cell(t, TERM_PLAIN, "%s, port %lld%s; not on %lld: %s", s->decided.turn_ip.text, port,
                   tls, https, obstacle);
}

static void add_sessions(struct table *t, const struct status *s)
{
    table_row(t);
    table_cell(t, TERM_BOLD, "Sessions");
    if (s->sessions_error == 0)
        table_cell(t, TERM_PLAIN, "%u", s->n_sessions);
    else
        table_cell(t, TERM_DIM, "%s",
                   !s->settings && geteuid() != 0 ? "only root may ask: sudo visavis status"
                                                  : "signaling gives no answer");
}

/* In one line; what to do is told by `visavis cert status`. */
static void print_told(const struct status *s, bool any)
{
    char text[TOLD_SIZE];

    printf("%s  %scertificate:%s %s What to do: sudo visavis cert status\n", any ? "" : "\n",
           term_on(stdout, s->told.level == TOLD_FAILURE ? TERM_BAD : TERM_WARN), term_off(stdout),
           told_finding(&s->told, text));
}

static void print_problems(const struct status *s)
{
    bool is_stopped = !s->health.target_active, any = false;

    for (size_t i = 0; i < s->health.n; i++) {
        const struct service_health *h = &s->health.services[i];

        if (h->health == HEALTH_WELL || (is_stopped && strcmp(h->word, "stopped") == 0))
            continue;
        printf("%s  %s%s:%s %s", any ? "" : "\n", term_on(stdout, style_of(h->health)),
               h->service->word, term_off(stdout), h->why);
        if (h->state.loaded)
            printf("; look at: visavis logs -n 30 %s", h->service->word);
        putchar('\n');
        any = true;
    }
    if (s->told.level >= TOLD_WARNING) {
        print_told(s, any);
        any = true;
    }
    if (s->n_env_errors > 0)
        printf("%s  %s.env:%s %s\n", any ? "" : "\n", term_on(stdout, TERM_WARN), term_off(stdout),
               s->env_error);
    if (s->n_env_errors > 1)
        printf("        and %u more: visavis config check\n", s->n_env_errors - 1);
    if (is_stopped && s->n_env_errors > 0)
        puts("\n  Once .env is right: visavis start");
    else if (is_stopped)
        puts(s->health.worst == HEALTH_DOWN ? "\n  To start it: visavis start"
                                            : "\n  visavis.target is not active: visavis start");
}

static void print_status(const struct status *s)
{
    struct table *t = table_new();

    print_title(s);
    print_services(s);
    putchar('\n');
    add_configuration(t, s);
    add_certificate(t, s);
    add_turn(t, s);
    add_sessions(t, s);
    table_print(t, stdout, 2);
    table_free(t);
    print_problems(s);
}

/* ---- the verb ---- */

static int show(const struct cmd_call *call, struct units *u, bool clear)
{
    struct status s;
    int r = status_look(u, &s);
    int status;

    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "systemd gives no answer: %s", strerror(-r));
    status = exit_status(s.worst);
    if (cmd_json(call)) {
        status = json_print(status_json(&s), status);
    } else {
        if (clear)
            term_clear(stdout);
        print_status(&s);
    }
    fflush(stdout);
    status_done(&s);
    return status;
}

static int parse_seconds(const struct cmd_call *call, unsigned *ret)
{
    uint64_t s = WATCH_DEFAULT_S;

    if (cmd_n_args(call) > 1 || (cmd_n_args(call) == 1 && !cmd_has(call, "watch")))
        return cmd_fail(call, CMD_USAGE, "unexpected argument '%s'",
                        cmd_arg(call, cmd_n_args(call) - 1));
    if (cmd_n_args(call) == 1 &&
        (bytes_to_u64(bytes_str(cmd_arg(call, 0)), WATCH_MAX_S, &s) < 0 || s == 0))
        return cmd_fail(call, CMD_USAGE, "--watch %s: seconds from 1 to %d, for example 5",
                        cmd_arg(call, 0), WATCH_MAX_S);
    *ret = (unsigned) s;
    return CMD_OK;
}

static int run(const struct cmd_call *call)
{
    struct units *u = NULL;
    unsigned seconds = 0;
    int status = parse_seconds(call, &seconds);

    if (status == CMD_OK)
        status = manage_open(call, false, &u);
    if (status != CMD_OK)
        return status;
    do
        status = show(call, u, cmd_has(call, "watch"));
    while (cmd_has(call, "watch") && status != CMD_FAILED && !interrupt_sleep(seconds));
    units_close(u);
    return status;
}

/* SECONDS are no files. */
static const char *no_word(size_t i)
{
    (void) i;
    return NULL;
}

static const struct cmd_option options[] = {
    {.name = "watch",
     .letter = 'w',
     .help = "show it again each 2 seconds, or SECONDS, until Ctrl+C"},
    {0},
};

static const struct cmd_exit exits[] = {
    {EXIT_DEGRADED, "degraded: it serves, but not all of it is well"},
    {EXIT_DOWN, "down: no calls can be made"},
    {0},
};

const struct cmd cmd_status = {
    .name = "status",
    .fn = run,
    .args = "[SECONDS]",
    .words = no_word,
    .options = options,
    .exits = exits,
    .help = "show how the server is, on one screen",
    .doc =
        "Shows each unit with its state, since when it is in it, how often it was restarted, its\n"
        "memory and what it says of itself; which configuration is in force and whether .env\n"
        "differs from it; the certificate; where TURN is reached; the number of sessions; and "
        "what\n"
        "is not well.\n"
        "Root sees all of it.\n"
        "\n"
        "The exit status is that of the worst part. Without signaling, media or the web server\n"
        "in front it is down; anything else that is not well degrades it.",
};
