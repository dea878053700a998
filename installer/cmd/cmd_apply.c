/* visavis apply: what visavis-setup.service runs, and what an operator may run at any time. */
#include "cmd/verbs.h"

#include "apply/apply.h"
#include "base/log.h"
#include "notify/notify.h"
#include "settings/problems.h"
#include "text/json.h"

#include <string.h>

#define STATUS_PARTLY 3

/* What is printed at once and what is kept for the end. */
struct output {
    bool journal; /* lines with levels, a sentence for `systemctl status` */
    bool json;
    json_t *messages;
    struct problems *problems; /* of the settings */
    unsigned n_errors;
    char first_error[512];
};

static void keep_error(struct output *o, const char *text)
{
    if (o->n_errors++ == 0)
        snprintf(o->first_error, sizeof(o->first_error), "%.511s", text);
}

/* ---- as it happens ---- */

static void on_text(enum log_level level, const char *text, void *arg)
{
    struct output *o = arg;
    const char *name = log_level_names[level - LOG_LEVEL_ERROR];

    if (level == LOG_LEVEL_ERROR)
        keep_error(o, text);
    json_array_append_new(o->messages, json_pack("{s:s,s:s}", "level", name, "text", text));
    if (o->journal)
        log_write(level, "%s", text);
    else if (level <= LOG_LEVEL_WARNING)
        fprintf(stderr, "visavis apply: %s%s\n", level == LOG_LEVEL_WARNING ? "warning: " : "",
                text);
    else if (!o->json)
        printf("%s\n", text);
}

static json_t *problem_json(const struct setting_problem *p)
{
    return json_pack("{s:s,s:s?,s:i,s:s?,s:s?,s:s,s:s?,s:s?,s:s?}", "severity",
                     problems_severity_name(p->severity), "file", p->file, "line", (int) p->line,
                     "key", p->key, "value", p->value, "what", p->what, "wanted", p->wanted,
                     "example", p->example, "mend", p->mend);
}

static void on_problem(const struct setting_problem *p, void *arg)
{
    static const enum log_level levels[] = {
        [SETTING_NOTICE] = LOG_LEVEL_NOTICE,
        [SETTING_WARNING] = LOG_LEVEL_WARNING,
        [SETTING_ERROR] = LOG_LEVEL_ERROR,
    };
    struct output *o = arg;
    char text[2048];

    problems_add(p, o->problems);
    problem_line(p, text, sizeof(text));
    if (p->severity == SETTING_ERROR)
        keep_error(o, text);
    if (o->journal)
        log_write(levels[p->severity], "%s", text);
}

/* ---- at the end ---- */

static void print_changed_keys(const struct apply_result *r)
{
    const char *separator = "Changed: ";

    for (enum setting id = 0; id < N_SETTINGS; id++) {
        if (!r->changed[id])
            continue;
        printf("%s%s", separator, setting_def(id)->key);
        separator = ", ";
    }
    if (*separator == ',')
        putchar('\n');
}

static void print_plan(const struct apply_result *r, const char *indent)
{
    for (enum plan_part i = 0; i < N_PLAN_PARTS; i++)
        if (r->plan.steps[i].action != PLAN_NOTHING)
            printf("%s%-10s %s%s\n", indent, plan_part_name(i),
                   plan_action_name(r->plan.steps[i].action),
                   r->plan.steps[i].sockets && r->plan.steps[i].action == PLAN_RESTART
                       ? ", with its sockets"
                       : "");
}

static void print_end(const struct apply_options *o, const struct apply_result *r)
{
    if (r->end == APPLY_REFUSED || r->end == APPLY_FAILED) {
        if (r->generation)
            fprintf(stderr,
                    "Nothing was changed: the configuration before (generation %u) stays "
                    "in force.\n",
                    r->generation);
        return;
    }
    print_changed_keys(r);
    if (!r->is_new && plan_is_empty(&r->plan))
        printf("Nothing has changed; generation %u is in force.\n", r->generation);
    else if (o->dry_run)
        printf("Nothing was done. `visavis apply` would %s:\n",
               r->is_new ? "put a new configuration in force, and" : "do this");
    else
        printf("Generation %u is in force.\n", r->generation);
    print_plan(r, "  ");
}

static json_t *json_of(const struct output *o, const struct apply_options *opts,
                       const struct apply_result *r)
{
    static const char *const ends[] = {
        [APPLY_DONE] = "done",
        [APPLY_PARTLY] = "partly",
        [APPLY_REFUSED] = "refused",
        [APPLY_FAILED] = "failed",
    };
    json_t *units = json_object(), *changed = json_array(), *problems = json_array();

    for (enum plan_part i = 0; i < N_PLAN_PARTS; i++)
        if (r->plan.steps[i].action != PLAN_NOTHING)
            json_object_set_new(units, plan_part_name(i),
                                json_string(plan_action_name(r->plan.steps[i].action)));
    for (enum setting id = 0; id < N_SETTINGS; id++)
        if (r->changed[id])
            json_array_append_new(changed, json_string(setting_def(id)->key));
    for (size_t i = 0; i < problems_n(o->problems); i++)
        json_array_append_new(problems, problem_json(problems_at(o->problems, i)));
    return json_pack("{s:s,s:b,s:i,s:b,s:o,s:o,s:s,s:s,s:b,s:o,s:O}", "result", ends[r->end],
                     "dryRun", opts->dry_run, "generation", (int) r->generation, "new", r->is_new,
                     "units", units, "changed", changed, "turnIp", r->decided.turn_ip.text, "proxy",
                     proxy_layout_names[r->decided.layout], "newCertificate", r->new_certificate,
                     "problems", problems, "messages", o->messages);
}

/* "signaling reload, nginx reload" */
static void format_plan(const struct apply_result *r, char *buf, size_t cap)
{
    struct wr w = wr_init(buf, cap - 1);

    for (enum plan_part i = 0; i < N_PLAN_PARTS; i++)
        if (r->plan.steps[i].action != PLAN_NOTHING)
            wr_fmt(&w, "%s%s %s", wr_len(&w) ? ", " : "", plan_part_name(i),
                   plan_action_name(r->plan.steps[i].action));
    *w.p = '\0';
}

/* What `systemctl status visavis-setup` shows. */
static void tell_status(const struct output *o, const struct apply_result *r)
{
    char more[48] = "", steps[256];

    format_plan(r, steps, sizeof(steps));
    if (o->n_errors > 1)
        snprintf(more, sizeof(more), " (and %u more, see the journal)", o->n_errors - 1);
    if ((r->end == APPLY_DONE || r->end == APPLY_PARTLY) && (r->is_new || *steps))
        log_notice("generation %u is in force; %s", r->generation,
                   *steps ? steps : "no service has to take notice");
    switch (r->end) {
    case APPLY_DONE:
        notify_status("%s generation %u%s%s", r->is_new ? "Applied:" : "Unchanged:", r->generation,
                      *steps ? "; " : "", steps);
        break;
    case APPLY_PARTLY:
        notify_status("Applied in part: %s%s", o->first_error, more);
        break;
    case APPLY_REFUSED:
    case APPLY_FAILED:
        notify_status("NOT applied, what was in force stays: %s%s", o->first_error, more);
        break;
    }
}

static int apply(const struct cmd_call *call)
{
    static const int statuses[] = {
        [APPLY_DONE] = CMD_OK,
        [APPLY_PARTLY] = STATUS_PARTLY,
        [APPLY_REFUSED] = CMD_USAGE,
        [APPLY_FAILED] = CMD_FAILED,
    };
    struct apply_options opts = {
        .dry_run = cmd_has(call, "dry-run"),
        .at_start = cmd_has(call, "at-start"),
        .no_units = cmd_has(call, "no-units"),
        .folders = cmd_has(call, "folders"),
    };
    struct output o = {.journal = opts.at_start, .json = cmd_json(call), .messages = json_array()};
    struct apply_listener listener = {on_problem, on_text, &o};
    struct apply_result r;
    int status;

    if (!o.messages || problems_new(&o.problems) < 0)
        return cmd_fail(call, CMD_FAILED, "out of memory");
    log_init("visavis-setup", LOG_LEVEL_INFO);
    apply_run(&opts, &listener, &r);
    if (o.journal)
        tell_status(&o, &r);
    status = statuses[r.end];
    if (o.json) {
        status = json_print(json_of(&o, &opts, &r), status);
    } else if (!o.journal && !opts.folders) {
        problems_print(o.problems, stderr);
        print_end(&opts, &r);
    }
    json_decref(o.messages);
    problems_free(o.problems);
    return status;
}

static const struct cmd_option options[] = {
    {.name = "dry-run", .letter = 'n', .help = "only show what would be done"},
    {.name = "no-units", .help = "write the configuration, but leave the services alone"},
    {.name = "folders",
     .help = "only make the folders that the settings name; wrong settings are not told"},
    {.name = "at-start", .help = "for visavis-setup.service: wait for no other unit"},
    {0},
};

static const struct cmd_exit exits[] = {
    {STATUS_PARTLY, "in force, except for what stderr says: the web server, or a service"},
    {0},
};

const struct cmd cmd_apply = {
    .name = "apply",
    .fn = apply,
    .help = "put the settings in force",
    .doc = "Reads /etc/visavis/.env, and if all of it is right writes the configuration of the\n"
           "services from it, tries the web server with it, and restarts or reloads the services "
           "that\n"
           "it changes something for. With a wrong setting nothing is changed: what was in force\n"
           "stays. When nothing has changed, nothing happens.\n\n"
           "`systemctl restart visavis.target` does the same.",
    .options = options,
    .exits = exits,
};
