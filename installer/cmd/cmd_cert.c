#include "cmd/cmd_cert.h"

#include "apply/manager_lock.h"
#include "base/log.h"
#include "cmd/verbs.h"
#include "host/paths.h"
#include "text/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- sentences ---- */

int cert_output_init(struct cert_output *o, const struct cmd_call *call)
{
    *o = (struct cert_output){.call = call, .messages = cmd_json(call) ? json_array() : NULL};
    return cmd_json(call) && !o->messages ? -ENOMEM : 0;
}

void cert_output_done(struct cert_output *o)
{
    json_decref(o->messages);
    o->messages = NULL;
}

void cert_output_tell(bool is_problem, const char *text, void *output)
{
    struct cert_output *o = output;

    o->problems += is_problem;
    if (o->messages)
        json_array_append_new(o->messages, json_pack("{s:b,s:o}", "problem", is_problem, "text",
                                                     json_text(bytes_str(text))));
    if (getenv("JOURNAL_STREAM") && !isatty(STDERR_FILENO))
        log_write(is_problem ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "%s", text);
    else if (is_problem)
        (void) cmd_fail(o->call, CMD_FAILED, "%s", text);
    else if (!o->messages)
        (void) (puts(text) >= 0 && fflush(stdout) == 0); /* seen as it happens, also in a pipe */
}

int cert_settings(const struct cmd_call *call, struct settings **ret)
{
    int r = certificate_settings(ret);

    if (r == 0)
        return CMD_OK;
    if (r == -EACCES)
        return cert_needs_root(call);
    if (r == -EINVAL)
        return cmd_fail(call, CMD_USAGE, "the settings in %s come first: visavis config check",
                        path_of(PATH_ENV));
    return cmd_fail(call, CMD_FAILED, "the settings cannot be read: %s", strerror(-r));
}

int cert_needs_root(const struct cmd_call *call)
{
    if (geteuid() == 0 || *path_root())
        return CMD_OK;
    return cmd_fail(call, CMD_FAILED, "this needs root: sudo visavis cert ...");
}

int cert_lock(const struct cmd_call *call, int *ret_fd)
{
    int r = manager_lock(NULL, NULL, ret_fd);

    return r < 0 ? cmd_fail(call, CMD_FAILED, "%s: %s", path_of(PATH_STATE), strerror(-r)) : CMD_OK;
}

const char *cert_date(int64_t s, char buf[static 16])
{
    time_t t = (time_t) s;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || strftime(buf, 16, "%Y-%m-%d", &tm) == 0)
        memcpy(buf, "unknown", sizeof("unknown"));
    return buf;
}

/* ---- JSON ---- */

json_t *cert_info_json(const struct certs_info *i, int64_t now_s)
{
    static const char *const healths[] = {
        [CERTS_FINE] = "fine", [CERTS_EXPIRING] = "expiring", [CERTS_EXPIRED] = "expired"};
    json_t *names = json_array(), *o;

    for (char **p = i->names; p && *p; p++)
        json_array_append_new(names, json_string(*p));
    o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:I,s:s}", "type", certificate_type_name(i),
                  "subject", i->subject, "issuer", i->issuer, "serial", i->serial, "fingerprint",
                  i->fingerprint, "key", i->key, "names", names, "notBefore",
                  json_time((uint64_t) i->not_before_s * UINT64_C(1000000)), "notAfter",
                  json_time((uint64_t) i->not_after_s * UINT64_C(1000000)), "daysLeft",
                  (json_int_t) certs_days_left(i, now_s), "health",
                  healths[certs_health(i, now_s)]);
    if (i->is_ours)
        json_object_set_new(o, "ca",
                            json_pack("{s:s,s:s,s:o,s:o}", "subject", i->ca_subject, "fingerprint",
                                      i->ca_fingerprint, "notBefore",
                                      json_time((uint64_t) i->ca_not_before_s * UINT64_C(1000000)),
                                      "notAfter",
                                      json_time((uint64_t) i->ca_not_after_s * UINT64_C(1000000))));
    return o;
}

static const struct cmd *const subs[] = {
    &cmd_cert_status, &cmd_cert_issue,   &cmd_cert_test,
    &cmd_cert_renew,  &cmd_cert_revoke,  &cmd_cert_import,
    &cmd_cert_trust,  &cmd_cert_account, NULL,
};

const struct cmd cmd_cert = {
    .name = "cert",
    .help = "the certificate that is served",
    .subs = subs,
};
