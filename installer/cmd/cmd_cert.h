/* cmd_cert.h: what the sub-verbs of `visavis cert` share. */
#pragma once

#include "acme/acme.h"
#include "apply/certificate.h"
#include "cmd/cmd.h"
#include "text/json.h"

/* Sentences about certificates: printed at once, or kept for JSON; with levels under the journal.
 */
struct cert_output {
    const struct cmd_call *call;
    json_t *messages; /* NULL: not kept */
    unsigned problems;
};

/* -ENOMEM. */
int cert_output_init(struct cert_output *o, const struct cmd_call *call);
void cert_output_done(struct cert_output *o);

/* A certs_tell_fn with the output as its argument. */
void cert_output_tell(bool is_problem, const char *text, void *output);

/* CMD_OK and the settings, or the status after a sentence. */
int cert_settings(const struct cmd_call *call, struct settings **ret);

/* Before the settings in force are read by what changes the certificate; see manager_lock(). An
 * exit status; close *ret_fd. */
int cert_lock(const struct cmd_call *call, int *ret_fd);

/* CMD_OK, or CMD_FAILED after the sentence that names sudo. */
int cert_needs_root(const struct cmd_call *call);

/* "2027-01-31" in UTC; returns buf. */
const char *cert_date(int64_t s, char buf[static 16]);

/* All about a certificate. */
json_t *cert_info_json(const struct certs_info *i, int64_t now_s);

struct cert_wish {
    bool force, force_ca; /* as in struct certs_wanted */
    bool known; /* that another than the wanted one is served was told before, and stays */
};

/* Lets the live pair be as wanted and those who serve it know; what was told is in *o. A status of
 * `cert renew`. */
int cert_renew(const struct cmd_call *call, struct cert_output *o, const struct settings *s,
               const struct cert_wish *wish, bool *ret_changed);

#define CERT_NOT_WANTED 3 /* another than the one that is wanted is served */
#define CERT_NOT_ISSUED 4 /* the CA was asked in vain; the next try is planned */

/* At the end of each run: warns of expiry, writes the metrics, arranges the next run, which is not
 * made before earliest_s (0: whenever it is due). */
void cert_afterwards(struct cert_output *o, const struct settings *s, int64_t earliest_s);

/* What the verbs begin with: root, the output, the settings in force. An exit status; always
 * cert_call_done(). */
struct cert_call {
    const struct cmd_call *call;
    struct cert_output output;
    struct settings *settings; /* NULL: could not be read */
    int64_t earliest_s;        /* for cert_afterwards(), by what came of the CA */
};
int cert_call_init(struct cert_call *c, const struct cmd_call *call);
void cert_call_done(struct cert_call *c);

/* With JSON: prints the document (taken over, may be NULL) with the "messages" in it. Returns
 * status. */
int cert_call_print(const struct cert_call *c, json_t *document, int status);

/* Tells when .env says something else of certificates than the settings of c, those in force. */
void cert_tell_pending(struct cert_call *c);

/* One run with the CA by the settings of c, which takes its time: no lock of the manager is held
 * meanwhile. CMD_OK and the report, also when it failed; else CMD_FAILED after a sentence. */
int cert_ask(struct cert_call *c, enum acme_mode mode, struct acme_report *ret);

/* The newest pair goes live, by the settings in force now. *ret_stale: those that matter to the CA
 * are others than c had; c has the new ones. */
int cert_put_live(struct cert_call *c, const struct cert_wish *wish, bool *ret_changed,
                  bool *ret_stale);

/* CMD_OK for CERTIFICATE_TYPE=letsencrypt; else CMD_USAGE after the sentence that tells how to set
 * it. */
int cert_needs_acme(const struct cert_call *c);

/* "acme" of JSON: told_json(), "null" for other types. */
json_t *cert_acme_json(const struct settings *s);

extern const struct cmd cmd_cert_account, cmd_cert_import, cmd_cert_issue, cmd_cert_renew,
    cmd_cert_revoke, cmd_cert_status, cmd_cert_test, cmd_cert_trust;
