/* visavis cert renew: what visavis-cert.service runs each day, when the certificate is due, and
 * when the operator's files change.
 */
#include "cmd/cmd_cert.h"

#include "acquire/look.h"
#include "acquire/told.h"
#include "apply/inforce.h"
#include "host/paths.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

/* The settings may be changed while a CA is asked; then it is asked by the new ones. */
#define ROUNDS_MAX 3

/* When the settings in force came to be. */
static int64_t settings_s(void)
{
    struct inforce in;
    struct stat st;

    if (inforce_look(&in) == 0)
        return (int64_t) (in.applied_us / 1000000);
    return stat(path_of(PATH_ENV), &st) == 0 ? st.st_mtim.tv_sec : 0;
}

static enum acme_mode choose_mode(const struct settings *s)
{
    struct acquire_look *l = malloc(sizeof(*l));
    bool mended = false;

    if (l) {
        acquire_look(s, time(NULL), l);
        mended = acquire_is_mended(l, settings_s());
        free(l);
    }
    return mended ? ACME_NOW : ACME_IF_DUE;
}

static int ask_if_due(struct cert_call *c, struct acme_report *report)
{
    *report = (struct acme_report){.end = ACME_NOT_DUE};
    return certificate_is_acme(c->settings) ? cert_ask(c, choose_mode(c->settings), report)
                                            : CMD_OK;
}

static void tell_waiting(struct cert_call *c, const struct acme_report *report)
{
    char text[256], when[TOLD_TIME_SIZE];

    snprintf(
        text, sizeof(text),
        "The CA is not asked again before %s, as the last try failed; why, and what to do: sudo "
        "visavis cert status",
        told_time(report->next_s, when));
    cert_output_tell(true, text, &c->output);
}

static int renew_all(struct cert_call *c, bool *ret_changed)
{
    const struct cmd_call *call = c->call;
    struct cert_wish wish = {.force = cmd_has(call, "force"), .force_ca = cmd_has(call, "new-ca")};
    struct acme_report report;
    bool stale = true;
    int asked = CMD_OK, status = CMD_OK;

    for (int i = 0; i < ROUNDS_MAX && stale; i++) {
        bool changed = false;

        stale = false;
        asked = ask_if_due(c, &report);
        wish.known = asked == CMD_OK && report.end == ACME_WAITING;
        status = cert_put_live(c, &wish, &changed, &stale);
        *ret_changed |= changed;
    }
    if (asked == CMD_OK && report.end == ACME_WAITING)
        tell_waiting(c, &report);
    if (asked != CMD_OK)
        status = CMD_FAILED;
    else if (status != CMD_FAILED && (report.end == ACME_FAILED || report.end == ACME_WAITING))
        status = CERT_NOT_ISSUED;
    cert_afterwards(&c->output, c->settings, c->earliest_s);
    return status;
}

static int renew(const struct cmd_call *call)
{
    struct cert_call c;
    bool changed = false;
    int status = cert_call_init(&c, call);

    if (status == CMD_OK)
        status = renew_all(&c, &changed);
    if (c.settings)
        status = cert_call_print(
            &c, json_pack("{s:b,s:o}", "changed", changed, "acme", cert_acme_json(c.settings)),
            status);
    cert_call_done(&c);
    return status;
}

static const struct cmd_option options[] = {
    {.name = "force", .help = "make a new self-signed certificate whatever the age of the present"},
    {.name = "new-ca", .help = "make a new local CA as well; every device must trust it again"},
    {0},
};

static const struct cmd_exit exits[] = {
    {CERT_NOT_WANTED, "a certificate is served, but not the one that is wanted: stderr says why"},
    {CERT_NOT_ISSUED,
     "the CA has issued none, now or at the last try; one is served, and the next try is planned"},
    {0},
};

const struct cmd cmd_cert_renew = {
    .name = "renew",
    .fn = renew,
    .help = "renew the certificate, or take over a replaced one, if it is time",
    .doc =
        "Runs twice a day, when a certificate is due, and when a file in /etc/visavis/owncert\n"
        "changes. A certificate of a CA (CERTIFICATE_TYPE=letsencrypt) is renewed when the CA "
        "says\n"
        "that it is time (RFC 9773), or two thirds of its life are over (half of one under ten "
        "days).\n"
        "After a failure what is served stays, and it is tried again after 1, 10 and 100 minutes,\n"
        "then daily; at once when the settings were changed meanwhile. A self-signed certificate "
        "is\n"
        "renewed when two thirds of its time are over. Your own files are checked and go live; "
        "when\n"
        "they cannot be used, the certificate that was served before stays. The web server and "
        "TURN\n"
        "take a new certificate without losing a connection. Says nothing when there is nothing "
        "to\n"
        "do.\n"
        "\n"
        "/run/visavis/cert.next has the time of the next run, in seconds since 1970, and\n"
        "/run/visavis/metrics/certificate.prom numbers for node_exporter's textfile collector\n"
        "(--collector.textfile.directory=/run/visavis/metrics): "
        "visavis_certificate_not_after_seconds,\n"
        "visavis_certificate_renewal_seconds, visavis_certificate_last_attempt_seconds,\n"
        "visavis_certificate_last_success_seconds, visavis_certificate_last_result (1 issued, 0\n"
        "failed, -1 none yet), visavis_certificate_failures and others, each told of in the file.\n"
        "\n"
        "With --json: `changed`, `messages` ({problem, text} each), and `acme` as in `visavis "
        "cert\n"
        "status`.",
    .options = options,
    .exits = exits,
};
