/* visavis cert revoke: tells the CA that its certificate is not to be trusted any more. */
#include "cmd/cmd_cert.h"

#include "acquire/acquire.h"
#include "acquire/told.h"
#include "text/nearest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* RFC 5280 section 5.3.1; those that a holder may give. */
static const struct {
    const char *word;
    int number;
} reasons[] = {
    {"unspecified", 0}, {"keyCompromise", 1},        {"affiliationChanged", 3},
    {"superseded", 4},  {"cessationOfOperation", 5},
};

#define N_REASONS (sizeof(reasons) / sizeof(reasons[0]))

static int find_reason(const struct cmd_call *call, int *ret)
{
    const char *word = cmd_value(call, "reason");

    *ret = -1;
    if (!word)
        return CMD_OK;
    for (size_t i = 0; i < N_REASONS; i++)
        if (strcasecmp(reasons[i].word, word) == 0) {
            *ret = reasons[i].number;
            return CMD_OK;
        }
    return cmd_fail(call, CMD_USAGE,
                    "--reason %s: unspecified, keyCompromise, affiliationChanged, superseded or "
                    "cessationOfOperation",
                    word);
}

static int confirm(const struct cmd_call *call, const struct settings *s)
{
    char answer[16] = "";

    if (cmd_has(call, "yes"))
        return CMD_OK;
    if (!isatty(STDIN_FILENO))
        return cmd_fail(call, CMD_USAGE, "nobody is there to ask; say it by --yes");
    fprintf(stderr,
            "The certificate for %s will be refused by browsers from now on, until another one is "
            "served. Revoke it? [y/N] ",
            settings_text(s, SET_DOMAIN_OR_PUBLIC_IP));
    if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
        return cmd_fail(call, CMD_FAILED, "nothing was done");
    return CMD_OK;
}

static int tell_failure(struct cert_call *c, int error, const struct acme_failure *f)
{
    char text[4096];

    if (f->kind != FAILURE_NONE)
        cert_output_tell(true, failure_text(f, text, sizeof(text)), &c->output);
    else
        (void) cmd_fail(c->call, CMD_FAILED, "%s",
                        error == -ENOENT ? "there is no certificate of a CA to be revoked"
                        : error == -EBUSY
                            ? "another run asks for a certificate, and has not ended for long"
                            : strerror(-error));
    return CMD_FAILED;
}

static int revoke_now(struct cert_call *c, int reason, struct acme_failure *f)
{
    struct acquire *a;
    int r = acquire_new(c->settings, cert_output_tell, &c->output, &a);

    if (r == 0) {
        r = acme_revoke(acquire_config(a), reason, f);
        acquire_free(a);
    }
    if (r < 0)
        return tell_failure(c, r, f);
    cert_output_tell(false,
                     "The certificate is revoked. It is served until another one is there, which "
                     "the next run gets; at once: sudo visavis cert renew",
                     &c->output);
    cert_afterwards(&c->output, c->settings, 0);
    return CMD_OK;
}

static int run(const struct cmd_call *call)
{
    struct acme_failure *f = calloc(1, sizeof(*f));
    struct cert_call c;
    int reason = -1, status = cert_call_init(&c, call);

    if (status == CMD_OK)
        status = f ? find_reason(call, &reason) : CMD_FAILED;
    if (status == CMD_OK)
        status = confirm(call, c.settings);
    if (status == CMD_OK)
        status = revoke_now(&c, reason, f);
    if (c.settings && f)
        status = cert_call_print(
            &c,
            json_pack("{s:b,s:o}", "revoked", status == CMD_OK, "failure", told_failure_json(f)),
            status);
    cert_call_done(&c);
    free(f);
    return status;
}

static const struct cmd_option options[] = {
    {.name = "reason",
     .arg = "WORD",
     .help = "unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation"},
    {.name = "yes", .letter = 'y', .help = "do not ask"},
    {0},
};

const struct cmd cmd_cert_revoke = {
    .name = "revoke",
    .fn = run,
    .help = "have the CA revoke its certificate",
    .doc =
        "For the certificate of a CA that was got last for the names of the settings, whatever\n"
        "CERTIFICATE_TYPE is now. Without its account the certificate's own key is proof enough.\n"
        "The certificate stays in service until the next run has replaced it.\n"
        "\n"
        "With --json: `revoked`, `messages`, and `failure` as in `visavis cert status`.",
    .options = options,
};
