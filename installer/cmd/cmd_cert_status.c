#include "cmd/cmd_cert.h"

#include "acquire/look.h"
#include "acquire/told.h"
#include "host/paths.h"
#include "text/human.h"
#include "text/table.h"
#include "text/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXIT_SOON = 3, EXIT_UNUSABLE = 4 };

/* Everything that is shown. */
struct look {
    const struct cmd_call *call;
    struct certs_info live;
    int error; /* of reading it */
    struct certificate_wish wish;
    struct acquire_look acme;
    const char *wanted;  /* CERTIFICATE_TYPE */
    const char *profile; /* ACME_PROFILE; "": none */
    bool temporary;      /* another one is wanted, a self-signed one is served */
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
    l->temporary = l->error == 0 && l->wish.wanted.type != CERTS_SELFSIGNED && l->live.is_ours;
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

    if (l->wish.wanted.type != CERTS_OWNCERT)
        return;
    if (certs_check_owncert(l->wish.wanted.owncert, l->wish.wanted.names, l->now_s, keep_problem, l,
                            &pem) == 0)
        certs_pem_done(&pem);
    else if (l->status == CMD_OK)
        l->status = EXIT_SOON;
}

/* How it stands with the CA. */
static void check_acme(struct look *l)
{
    struct told t;
    char text[TOLD_SIZE];

    told_judge(&l->acme, l->error == 0 ? &l->live : NULL, l->now_s, &t);
    if (t.level < TOLD_WARNING)
        return;
    keep_problem(true, told_text(&t, text), l);
    if (l->status == CMD_OK)
        l->status = EXIT_SOON;
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
    bool itself = l->live.is_ours || l->live.source == CERTS_ACME;
    char from[16], until[16], left[HUMAN_SIZE];

    row(t, "valid");
    snprintf(left, sizeof(left), "%lld days", (long long) days);
    if (health != CERTS_EXPIRED && days < 2)
        human_duration((uint64_t) (l->live.not_after_s - l->now_s), left);
    if (health != CERTS_EXPIRED)
        table_cell(t, health == CERTS_FINE ? TERM_GOOD : TERM_WARN, "%s to %s, %s left%s",
                   cert_date(l->live.not_before_s, from), cert_date(l->live.not_after_s, until),
                   left, itself ? ", renewed by itself" : "");
    else if (days < 0)
        table_cell(t, TERM_BAD, "EXPIRED on %s", cert_date(l->live.not_after_s, until));
    else
        table_cell(t, TERM_BAD, "NOT YET, from %s on", cert_date(l->live.not_before_s, from));
}

static const char *temporary_text(const struct look *l)
{
    if (!l->temporary)
        return "";
    return l->wish.wanted.type == CERTS_ACME ? "; temporary, until the CA has issued one"
                                             : "; temporary, until your own can be used";
}

static void print_acme(struct table *t, const struct look *l)
{
    const struct acquire_look *a = &l->acme;
    char text[1600];

    row(t, "CA");
    table_cell(t, TERM_PLAIN, "%s", a->directory);
    if (a->is_other_ca) {
        row(t, "last asked");
        table_cell(t, TERM_WARN, "%s", a->state.directory);
    }
    if (*l->profile) {
        row(t, "profile");
        table_cell(t, TERM_PLAIN, "%s", l->profile);
    }
    row(t, "last try");
    table_cell(t, a->state.result == RESULT_FAILED ? TERM_BAD : TERM_PLAIN, "%s",
               told_last(a, text, sizeof(text)));
    if (a->pair.exists) {
        row(t, "renewal");
        table_cell(t, TERM_PLAIN, "%s", told_renewal(a, l->now_s, text, sizeof(text)));
    }
    row(t, "next look");
    table_cell(t, TERM_PLAIN, "%s", told_next(a, l->now_s, text, sizeof(text)));
}

static void print_live(const struct look *l, struct table *t)
{
    char until[16];

    row(t, "type");
    table_cell(t, l->temporary ? TERM_WARN : TERM_PLAIN, "%s%s%s", certificate_type_name(&l->live),
               l->live.is_ours ? ", by this machine's own CA" : "", temporary_text(l));
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
}

/* What the CA said, word for word. */
static void print_verbatim(const struct look *l)
{
    const struct acme_state *s = &l->acme.state;
    char where[2048];

    if (!cmd_has(l->call, "verbose") || !l->acme.wanted || s->result != RESULT_FAILED ||
        !*s->failure.problem.verbatim)
        return;
    printf("\nThe answer of %s:\n%s\n",
           text_printable(bytes_str(s->failure.where), where, sizeof(where)),
           s->failure.problem.verbatim);
}

static int print_text(const struct look *l)
{
    size_t i;
    json_t *p;

    struct table *t = table_new();

    if (l->error == 0)
        print_live(l, t);
    if (l->acme.wanted)
        print_acme(t, l);
    table_print(t, stdout, 0);
    table_free(t);
    json_array_foreach (l->problems, i, p) {
        printf("%s", i == 0 && (l->error == 0 || l->acme.wanted) ? "\n" : "");
        term_text(stdout, bytes_str(json_string_value(p)), 2);
        putchar('\n');
    }
    print_verbatim(l);
    return l->status;
}

static int print_json(const struct look *l)
{
    json_t *o = l->error == 0 ? cert_info_json(&l->live, l->now_s) : json_object();

    json_object_set_new(o, "served", json_boolean(l->error == 0));
    json_object_set_new(o, "wanted", json_string(l->wanted));
    json_object_set_new(o, "temporary", json_boolean(l->temporary));
    json_object_set(o, "problems", l->problems);
    json_object_set_new(o, "acme", l->acme.wanted ? told_json(&l->acme, l->now_s) : json_null());
    return json_print(o, l->status);
}

static int look_and_print(struct look *l, const struct settings *s)
{
    (void) certificate_wish(s, NULL, &l->wish); /* who may read the key is not asked here */
    l->wanted = settings_text(s, SET_CERTIFICATE_TYPE);
    l->profile = settings_text(s, SET_ACME_PROFILE);
    l->error = certs_describe(path_of(PATH_CERTS), &l->live);
    acquire_look(s, l->now_s, &l->acme);
    judge(l);
    check_own(l);
    check_acme(l);
    return cmd_json(l->call) ? print_json(l) : print_text(l);
}

static int status(const struct cmd_call *call)
{
    struct look *l = calloc(1, sizeof(*l));
    struct settings *s = NULL;
    int result = cert_settings(call, &s);

    if (result == CMD_OK && cert_needs_root(call) != CMD_OK)
        result = CMD_FAILED;
    if (result == CMD_OK && l) {
        l->call = call;
        l->now_s = time(NULL);
        l->problems = json_array();
        result = look_and_print(l, s);
        certs_info_done(&l->live);
        json_decref(l->problems);
    }
    free(l);
    settings_free(s);
    return result;
}

static const struct cmd_option options[] = {
    {.name = "verbose", .letter = 'v', .help = "the CA's last refusal as well, word for word"},
    {0},
};

static const struct cmd_exit exits[] = {
    {EXIT_SOON, "it expires within 21 days (one of a CA: its renewals fail), a temporary one is "
                "served, or the operator's own files cannot be"},
    {EXIT_UNUSABLE, "there is none, it has expired, or it is not for DOMAIN_OR_PUBLIC_IP"},
    {0},
};

const struct cmd cmd_cert_status = {
    .name = "status",
    .fn = status,
    .help = "show the certificate that is served, and why it is not the one that is wanted",
    .doc =
        "With CERTIFICATE_TYPE=letsencrypt also the CA, the last try with its result, when the\n"
        "renewal is due (by what the CA says, RFC 9773, or by age), and when the next try is "
        "made.\n"
        "\n"
        "With --json: `type`, `names`, `notBefore`, `notAfter`, ... of the certificate; `served`,\n"
        "`wanted` (CERTIFICATE_TYPE), `temporary`, `problems`; and `acme`, null for other types:\n"
        "`server`, `result` (\"never\", \"ok\", \"failed\"), `lastAttempt`, `lastSuccess`,\n"
        "`attemptServer`, `failures` (in a row), `challenge` (of the last success), "
        "`stagingFirst`,\n"
        "`revoked`, `renewal` (`due`, `reason`, `at`, `windowStart`, `windowEnd`, `explanation`),\n"
        "`nextTry`, `notBefore` (of Retry-After), and `failure`, null or `kind`, `step`, `where`,\n"
        "`what`, `next`, `text`, `notBefore` and `problem` (`type`, `status`, `detail`,\n"
        "`subproblems`, `verbatim`).",
    .options = options,
    .exits = exits,
};
