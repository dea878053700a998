/* visavis cert issue, visavis cert test: a certificate of a CA, asked for by hand. */
#include "cmd/cmd_cert.h"

#include "acquire/acquire.h"
#include "acquire/look.h"
#include "acquire/told.h"

#include <stdlib.h>
#include <time.h>

static const char *const ends[] = {[ACME_NOT_DUE] = "not-due",
                                   [ACME_WAITING] = "waiting",
                                   [ACME_ISSUED] = "issued",
                                   [ACME_FAILED] = "failed"};

static int exit_status(enum acme_end end)
{
    return end == ACME_ISSUED || end == ACME_NOT_DUE ? CMD_OK : CMD_FAILED;
}

/* ---- issue ---- */

/* A fine one that is not due is not thrown away: CAs issue so many a week. */
static bool has_fine_one(struct cert_call *c)
{
    struct acquire_look *l = malloc(sizeof(*l));
    char until[TOLD_TIME_SIZE], renewal[1400], text[2048];
    int64_t now_s = time(NULL);
    bool fine = false;

    if (!l)
        return false;
    acquire_look(c->settings, now_s, l);
    if (l->error == 0 && l->pair.exists && l->due == DUE_NOT && l->state.result != RESULT_FAILED) {
        fine = true;
        snprintf(text, sizeof(text),
                 "The CA's certificate is valid until %s; its renewal is due %s. Another one is "
                 "asked for now by: sudo visavis cert issue --force",
                 told_time(l->pair.not_after_s, until),
                 told_renewal(l, now_s, renewal, sizeof(renewal)));
        cert_output_tell(false, text, &c->output);
    }
    free(l);
    return fine;
}

static int issue_now(struct cert_call *c, enum acme_end *ret_end, bool *ret_changed)
{
    struct acme_report report = {.end = ACME_NOT_DUE};
    bool stale = false;
    int status = cert_needs_acme(c), live;

    if (status != CMD_OK)
        return status;
    cert_tell_pending(c);
    if (cmd_has(c->call, "force") || !has_fine_one(c))
        status = cert_ask(c, ACME_NOW, &report);
    *ret_end = report.end;
    live = cert_put_live(c, &(struct cert_wish){.known = false}, ret_changed, &stale);
    if (stale)
        cert_output_tell(true,
                         "The settings were changed meanwhile. By the new ones: sudo visavis cert "
                         "issue",
                         &c->output);
    cert_afterwards(&c->output, c->settings, c->earliest_s);
    if (status == CMD_OK)
        status = exit_status(report.end);
    return status == CMD_OK ? live : status;
}

static int issue(const struct cmd_call *call)
{
    struct cert_call c;
    enum acme_end end = ACME_FAILED;
    bool changed = false;
    int status = cert_call_init(&c, call);

    if (status == CMD_OK)
        status = issue_now(&c, &end, &changed);
    if (c.settings)
        status = cert_call_print(&c,
                                 json_pack("{s:s,s:b,s:o}", "end", ends[end], "changed", changed,
                                           "acme", cert_acme_json(c.settings)),
                                 status);
    cert_call_done(&c);
    return status;
}

/* ---- test ---- */

static int test(const struct cmd_call *call)
{
    struct acme_report *report = calloc(1, sizeof(*report));
    struct cert_call c;
    json_t *failure = NULL;
    int status = cert_call_init(&c, call);

    if (status == CMD_OK && report) {
        cert_tell_pending(&c);
        status = cert_ask(&c, ACME_TEST, report);
        if (status == CMD_OK)
            status = exit_status(report->end);
        if (report->end == ACME_FAILED)
            failure = told_failure_json(&report->state.failure);
    }
    if (c.settings && report) {
        const char *staging = acquire_staging(c.settings).directory;

        status = cert_call_print(&c,
                                 json_pack("{s:b,s:o,s:o}", "passed", status == CMD_OK, "server",
                                           staging ? json_text(bytes_str(staging)) : json_null(),
                                           "failure", failure ? failure : json_null()),
                                 status);
    }
    cert_call_done(&c);
    free(report);
    return status;
}

static const struct cmd_option issue_options[] = {
    {.name = "force", .help = "another one, though the present one is fine and not due"},
    {0},
};

static const struct cmd_exit exits[] = {
    {CERT_NOT_WANTED, "a certificate is served, but not the one that is wanted: stderr says why"},
    {0},
};

const struct cmd cmd_cert_issue = {
    .name = "issue",
    .fn = issue,
    .help = "ask the CA for a certificate now, and serve it",
    .doc =
        "For CERTIFICATE_TYPE=letsencrypt, where a certificate is got and renewed by itself: this\n"
        "does not wait for the next try, whatever failed before, and says step by step what\n"
        "happens. What the CA forbids (Retry-After) is obeyed. A certificate that is fine and not\n"
        "due is not replaced without --force. What is served stays until there is another one.\n"
        "\n"
        "With --json: `end` (\"issued\", \"not-due\", \"waiting\", \"failed\"), `changed` "
        "(another\n"
        "certificate is served), `messages` ({problem, text} each), and `acme` as in `visavis "
        "cert\n"
        "status`.",
    .options = issue_options,
    .exits = exits,
};

const struct cmd cmd_cert_test = {
    .name = "test",
    .fn = test,
    .help = "try all that the CA will ask for, at its staging server; changes nothing",
    .doc =
        "Looks whether this machine is reached as the CA will try to, through each of its public\n"
        "addresses, and then goes through a whole order at the staging server "
        "(ACME_STAGING_SERVER;\n"
        "that of Let's Encrypt is known), with an account for this test alone. Nothing is kept, "
        "and\n"
        "the certificate that is served stays. Also before CERTIFICATE_TYPE is set. The exit "
        "status\n"
        "is 0 when all of it passed, 1 when not.\n"
        "\n"
        "With --json: `passed`, `server`, `messages`, and `failure` as in `visavis cert status`.",
};
