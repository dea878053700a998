#include "cmd/cmd_cert.h"

#include "host/paths.h"
#include "text/table.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { EXIT_SOON = 3, EXIT_UNUSABLE = 4 };

/* Everything that is shown. */
struct look {
    const struct cmd_call *call;
    struct certs_info live;
    int error; /* of reading it */
    struct certificate_wish wish;
    bool temporary; /* an own one is wanted, a self-signed one is served */
    bool wrong_name;
    int64_t now_s;
    int status;
    json_t *problems;
};

static void keep_problem(bool is_problem, const char *text, void *arg)
{
    struct look *l = arg;

    if (is_problem)
        json_array_append_new(l->problems, json_text(bytes_str(text)));
}

static void judge(struct look *l)
{
    enum certs_health health = CERTS_EXPIRED;
    char text[512];

    if (l->error == 0)
        health = certs_health(&l->live, l->now_s);
    l->temporary = l->error == 0 && l->wish.wanted.type == CERTS_OWNCERT && l->live.is_ours;
    l->wrong_name = l->error == 0 && !certs_covers(&l->live, l->wish.names.list[0]);
    if (l->error < 0)
        keep_problem(
            true, "There is no certificate yet, or it cannot be read: sudo visavis cert renew", l);
    if (l->wrong_name) {
        snprintf(text, sizeof(text),
                 "The certificate being served is not for %.255s: sudo visavis cert renew",
                 l->wish.names.list[0]);
        keep_problem(true, text, l);
    }
    if (l->error < 0 || l->wrong_name || health == CERTS_EXPIRED)
        l->status = EXIT_UNUSABLE;
    else
        l->status = health == CERTS_EXPIRING || l->temporary ? EXIT_SOON : CMD_OK;
}

/* What is wrong with the operator's files, as the next run would say it. */
static void check_own(struct look *l)
{
    struct certs_pem pem;

    if (l->wish.wanted.type == CERTS_OWNCERT &&
        certs_check_owncert(l->wish.wanted.owncert, l->wish.wanted.names, l->now_s, keep_problem, l,
                            &pem) == 0)
        certs_pem_done(&pem);
}

static void print_names(struct table *t, char **names)
{
    char text[TABLE_CELL_MAX] = "";
    size_t len = 0;

    for (char **p = names; p && *p && len < sizeof(text); p++)
        len += (size_t) snprintf(text + len, sizeof(text) - len, "%s%s", p > names ? ", " : "", *p);
    table_cell(t, TERM_PLAIN, "%s", text);
}

static void row(struct table *t, const char *name)
{
    table_row(t);
    table_cell(t, TERM_DIM, "%s", name);
}

static void print_dates(struct table *t, const struct look *l)
{
    enum certs_health health = certs_health(&l->live, l->now_s);
    int64_t days = certs_days_left(&l->live, l->now_s);
    char from[16], until[16];

    row(t, "valid");
    if (health != CERTS_EXPIRED)
        table_cell(t, health == CERTS_FINE ? TERM_GOOD : TERM_WARN, "%s to %s, %lld days left%s",
                   cert_date(l->live.not_before_s, from), cert_date(l->live.not_after_s, until),
                   (long long) days, l->live.is_ours ? ", renewed by itself" : "");
    else if (days < 0)
        table_cell(t, TERM_BAD, "EXPIRED on %s", cert_date(l->live.not_after_s, until));
    else
        table_cell(t, TERM_BAD, "NOT YET, from %s on", cert_date(l->live.not_before_s, from));
}

static void print_live(const struct look *l)
{
    struct table *t = table_new();
    char until[16];

    row(t, "type");
    table_cell(t, l->temporary ? TERM_WARN : TERM_PLAIN, "%s%s",
               l->live.is_ours ? "selfsigned, by this machine's own CA" : "owncert",
               l->temporary ? "; temporary, until your own can be used" : "");
    row(t, "names");
    print_names(t, l->live.names);
    print_dates(t, l);
    row(t, "subject");
    table_cell(t, TERM_PLAIN, "%s", l->live.subject);
    row(t, "issuer");
    table_cell(t, TERM_PLAIN, "%s", l->live.issuer);
    row(t, "serial");
    table_cell(t, TERM_PLAIN, "%s", l->live.serial);
    row(t, "key");
    table_cell(t, TERM_PLAIN, "%s", l->live.key);
    row(t, "SHA-256");
    table_cell(t, TERM_PLAIN, "%s", l->live.fingerprint);
    if (l->live.is_ours) {
        row(t, "CA SHA-256");
        table_cell(t, TERM_PLAIN, "%s", l->live.ca_fingerprint);
        row(t, "CA valid");
        table_cell(t, TERM_PLAIN, "to %s; `visavis cert trust` tells how to trust it",
                   cert_date(l->live.ca_not_after_s, until));
    }
    table_print(t, stdout, 0);
    table_free(t);
}

static int print_text(const struct look *l)
{
    size_t i;
    json_t *p;

    if (l->error == 0)
        print_live(l);
    json_array_foreach (l->problems, i, p) {
        printf("%s", i == 0 && l->error == 0 ? "\n" : "");
        term_text(stdout, bytes_str(json_string_value(p)), 2);
        putchar('\n');
    }
    return l->status;
}

static int print_json(const struct look *l)
{
    json_t *o = l->error == 0 ? cert_info_json(&l->live, l->now_s) : json_object();

    json_object_set_new(o, "served", json_boolean(l->error == 0));
    json_object_set_new(
        o, "wanted", json_string(l->wish.wanted.type == CERTS_OWNCERT ? "owncert" : "selfsigned"));
    json_object_set_new(o, "temporary", json_boolean(l->temporary));
    json_object_set(o, "problems", l->problems);
    return json_print(o, l->status);
}

static int status(const struct cmd_call *call)
{
    struct look l = {.call = call, .now_s = time(NULL), .problems = json_array()};
    struct settings *s = NULL;
    int result = cert_settings(call, &s);

    if (result == CMD_OK && cert_needs_root(call) != CMD_OK)
        result = CMD_FAILED;
    if (result == CMD_OK) {
        (void) certificate_wish(s, NULL, &l.wish); /* who may read the key is not asked here */
        l.error = certs_describe(path_of(PATH_CERTS), &l.live);
        judge(&l);
        check_own(&l);
        if (cmd_json(call))
            result = print_json(&l);
        else
            result = print_text(&l);
    }
    certs_info_done(&l.live);
    json_decref(l.problems);
    settings_free(s);
    return result;
}

static const struct cmd_exit exits[] = {
    {EXIT_SOON, "it expires within 21 days, or a temporary one is served"},
    {EXIT_UNUSABLE, "there is none, it has expired, or it is not for DOMAIN_OR_PUBLIC_IP"},
    {0},
};

const struct cmd cmd_cert_status = {
    .name = "status",
    .fn = status,
    .help = "show the certificate that is served, and what is wrong with your own",
    .exits = exits,
};
