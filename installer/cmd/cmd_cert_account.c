/* visavis cert account: the account at the CA of the settings. */
#include "cmd/cmd_cert.h"

#include "acme/jws.h"
#include "acquire/account.h"
#include "acquire/acquire.h"
#include "acquire/told.h"
#include "host/paths.h"
#include "text/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* With --fallback: the second CA. */
static int find_ca(const struct cert_call *c, struct acme_ca *ret)
{
    bool fallback = cmd_has(c->call, "fallback");

    *ret = fallback ? acquire_fallback(c->settings) : acquire_ca(c->settings);
    if (ret->directory)
        return CMD_OK;
    return cmd_fail(c->call, CMD_USAGE, "%s is not set",
                    fallback ? "ACME_FALLBACK_SERVER" : "ACME_SERVER");
}

static int no_account(const struct cert_call *c, const char *directory, int error)
{
    if (error == -ENOENT)
        return cmd_fail(c->call, CMD_FAILED,
                        "there is no account at %s; the first certificate makes one", directory);
    return cmd_fail(c->call, CMD_FAILED, "the account in %s cannot be read: %s", path_of(PATH_ACME),
                    strerror(-error));
}

static int begin(struct cert_call *c, const struct cmd_call *call, struct acme_ca *ret_ca)
{
    int status = cert_call_init(c, call);

    return status == CMD_OK ? find_ca(c, ret_ca) : status;
}

/* ---- show ---- */

static json_t *account_json(const struct vault_account *a, const char *directory)
{
    char thumbprint[JWK_THUMBPRINT_SIZE] = "";

    (void) jwk_thumbprint(a->key, thumbprint);
    return json_pack("{s:s,s:o,s:o,s:s}", "server", directory, "account",
                     *a->url ? json_text(bytes_str(a->url)) : json_null(), "email",
                     *a->email ? json_text(bytes_str(a->email)) : json_null(), "thumbprint",
                     thumbprint);
}

static void row(struct table *t, const char *name, const char *text)
{
    table_row(t);
    table_cell(t, TERM_DIM, "%s", name);
    table_cell(t, TERM_PLAIN, "%s", text);
}

static void print_account(const struct vault_account *a, const char *directory)
{
    char thumbprint[JWK_THUMBPRINT_SIZE] = "";
    struct table *t = table_new();

    (void) jwk_thumbprint(a->key, thumbprint);
    row(t, "server", directory);
    row(t, "account", *a->url ? a->url : "not registered yet");
    row(t, "e-mail", *a->email ? a->email : "none");
    row(t, "thumbprint", thumbprint);
    table_print(t, stdout, 0);
    table_free(t);
}

static int show(const struct cmd_call *call)
{
    struct vault_account a;
    struct cert_call c;
    struct acme_ca ca;
    int status = begin(&c, call, &ca), r;

    if (status == CMD_OK) {
        r = acquire_account(path_of(PATH_ACME), ca.directory, &a);
        if (r < 0) {
            status = no_account(&c, ca.directory, r);
        } else {
            if (cmd_json(call))
                status = json_print(account_json(&a, ca.directory), CMD_OK);
            else
                print_account(&a, ca.directory);
            vault_account_done(&a);
        }
    }
    cert_call_done(&c);
    return status;
}

/* ---- rollover, deactivate ---- */

static int tell_failure(struct cert_call *c, const char *directory, int error,
                        const struct acme_failure *f)
{
    char text[4096];

    if (f->kind == FAILURE_NONE)
        return no_account(c, directory, error);
    cert_output_tell(true, failure_text(f, text, sizeof(text)), &c->output);
    return CMD_FAILED;
}

static int change(struct cert_call *c, const struct acme_ca *ca, acquire_account_fn *fn,
                  const char *done, struct acme_failure *f)
{
    struct acquire *a;
    int r = acquire_new(c->settings, cert_output_tell, &c->output, &a);

    if (r == 0) {
        r = acquire_account_change(acquire_config(a), ca, fn, f);
        acquire_free(a);
    }
    if (r < 0)
        return tell_failure(c, ca->directory, r, f);
    cert_output_tell(false, done, &c->output);
    return CMD_OK;
}

static int run_change(const struct cmd_call *call, acquire_account_fn *fn, const char *done)
{
    struct acme_failure *f = calloc(1, sizeof(*f));
    struct cert_call c;
    struct acme_ca ca = {.directory = NULL};
    int status = begin(&c, call, &ca);

    if (status == CMD_OK)
        status = f ? change(&c, &ca, fn, done, f) : CMD_FAILED;
    if (c.settings && f)
        status = cert_call_print(
            &c, json_pack("{s:b,s:o}", "done", status == CMD_OK, "failure", told_failure_json(f)),
            status);
    cert_call_done(&c);
    free(f);
    return status;
}

static int rollover(const struct cmd_call *call)
{
    return run_change(call, account_rollover,
                      "The account has a new key; the old one is of no use "
                      "any more.");
}

static int deactivate(const struct cmd_call *call)
{
    return run_change(call, account_deactivate,
                      "The CA has closed the account for good. Certificates that it issued stay "
                      "valid; the next one is asked for by a new account.");
}

static const struct cmd_option options[] = {
    {.name = "fallback", .help = "that at ACME_FALLBACK_SERVER"},
    {0},
};

static const struct cmd cmd_show = {
    .name = "show",
    .fn = show,
    .help = "show the account at the CA",
    .doc =
        "With --json: `server`, `account` (its URL), `email`, `thumbprint` (of its key, RFC 7638).",
    .options = options,
};

static const struct cmd cmd_rollover = {
    .name = "rollover",
    .fn = rollover,
    .help = "give the account a new key",
    .doc = "For a key that others may have seen. With --json: `done`, `messages`, and `failure` as "
           "in\n"
           "`visavis cert status`.",
    .options = options,
};

static const struct cmd cmd_deactivate = {
    .name = "deactivate",
    .fn = deactivate,
    .help = "have the CA close the account for good",
    .doc = "With --json: `done`, `messages`, and `failure` as in `visavis cert status`.",
    .options = options,
};

static const struct cmd *const subs[] = {&cmd_show, &cmd_rollover, &cmd_deactivate, NULL};

const struct cmd cmd_cert_account = {
    .name = "account",
    .help = "the account at the CA (CERTIFICATE_TYPE=letsencrypt)",
    .subs = subs,
};
