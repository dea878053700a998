/* cmd_cert.h: what the sub-verbs of `visavis cert` share. */
#pragma once

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

/* Lets the live pair be as wanted and those who serve it know; what was told is in *o. A status of
 * `cert renew`. */
int cert_renew(const struct cmd_call *call, struct cert_output *o, const struct settings *s,
               bool force, bool force_ca, bool *ret_changed);

#define CERT_NOT_WANTED 3 /* another than the one that is wanted is served */

extern const struct cmd cmd_cert_import, cmd_cert_renew, cmd_cert_status, cmd_cert_trust;
