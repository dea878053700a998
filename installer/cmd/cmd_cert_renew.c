/* visavis cert renew: what visavis-cert.service runs each day and when the operator's files change.
 */
#include "cmd/cmd_cert.h"

#include "apply/pending.h"
#include "base/log.h"
#include "host/paths.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void warn_of_expiry(struct cert_output *o, int64_t now_s)
{
    struct certs_info i;
    char text[512], date[16];

    if (certs_describe(path_of(PATH_CERTS), &i) < 0)
        return;
    if (!i.is_ours && now_s >= i.not_before_s &&
        certs_expiry_warning_due(path_of(PATH_CERTS), &i, now_s)) {
        int64_t days = certs_days_left(&i, now_s);

        if (days >= 0)
            snprintf(text, sizeof(text),
                     "The certificate being served expires in %lld days, on %s. Get a new one from "
                     "its issuer, then: visavis cert import CERT KEY",
                     (long long) days, cert_date(i.not_after_s, date));
        else
            snprintf(
                text, sizeof(text),
                "The certificate being served EXPIRED on %s; browsers refuse it. Get a new one "
                "from its issuer, then: visavis cert import CERT KEY",
                cert_date(i.not_after_s, date));
        cert_output_tell(true, text, o);
    }
    certs_info_done(&i);
}

static void tell_reload(struct cert_output *o, const struct settings *s, bool is_new, int r,
                        const char *unit)
{
    char text[512];

    if (r == -ENOTCONN && !is_new)
        return;
    if (r == -ENOTCONN)
        snprintf(text, sizeof(text),
                 "There is no systemd here; `visavis run` lets its web server take the certificate "
                 "at its next look.");
    else if (r < 0)
        snprintf(text, sizeof(text), "%s could not be told of the new certificate: %s", unit,
                 strerror(-r));
    else if (strcmp(settings_text(s, SET_PROXY), "external") == 0)
        snprintf(text, sizeof(text), "Reload your web server: its certificate is %s/live",
                 path_of(PATH_CERTS));
    else
        return;
    cert_output_tell(r < 0 && r != -ENOTCONN, text, o);
}

/* Those who serve it are told; who could not be is told by the next run. */
static int reload(struct cert_output *o, const struct settings *s, bool is_new)
{
    const char *unit;
    int r = certificate_reload(s, &unit);

    tell_reload(o, s, is_new, r, unit);
    if (r == 0)
        r = pending_clear(PENDING_CERTIFICATE);
    return r == 0 || r == -ENOTCONN ? CMD_OK : CMD_FAILED;
}

int cert_renew(const struct cmd_call *call, struct cert_output *o, const struct settings *s,
               bool force, bool force_ca, bool *ret_changed)
{
    int64_t now_s = time(NULL);
    struct certificate_wish wish;
    bool was_pending = pending_is(PENDING_CERTIFICATE);
    struct network network;
    int r, status = CMD_OK;

    network_look(NULL, 0, &network);
    if (certificate_wish(s, &network, &wish) < 0)
        return cmd_fail(call, CMD_FAILED,
                        "the group visavis-certs does not exist; make it by: sudo "
                        "systemd-sysusers visavis.conf");
    wish.wanted.force = force;
    wish.wanted.force_ca = force_ca;
    /* Before: who is ended in between has put a pair in force that nobody was told of. */
    (void) pending_set(PENDING_CERTIFICATE);
    r = certs_ensure(&wish.wanted, now_s, cert_output_tell, o, ret_changed);
    if (*ret_changed || was_pending)
        status = reload(o, s, *ret_changed);
    else if (pending_clear(PENDING_CERTIFICATE) < 0)
        status = CMD_FAILED;
    warn_of_expiry(o, now_s);
    if (r == -EINVAL)
        return CERT_NOT_WANTED;
    return r < 0 ? CMD_FAILED : status;
}

static int renew(const struct cmd_call *call)
{
    struct cert_output o;
    struct settings *s = NULL;
    bool changed = false;
    int status = cert_needs_root(call);
    int lock = -1;

    if (status != CMD_OK)
        return status;
    log_init("visavis-cert", LOG_LEVEL_INFO);
    if (cert_output_init(&o, call) < 0)
        return cmd_fail(call, CMD_FAILED, "out of memory");
    status = cert_lock(call, &lock);
    if (status == CMD_OK)
        status = cert_settings(call, &s);
    if (status == CMD_OK)
        status = cert_renew(call, &o, s, cmd_has(call, "force"), cmd_has(call, "new-ca"), &changed);
    if (o.messages)
        status =
            json_print(json_pack("{s:b,s:O}", "changed", changed, "messages", o.messages), status);
    cert_output_done(&o);
    settings_free(s);
    if (lock >= 0)
        close(lock);
    return status;
}

static const struct cmd_option options[] = {
    {.name = "force", .help = "make a new self-signed certificate whatever the age of the present"},
    {.name = "new-ca", .help = "make a new local CA as well; every device must trust it again"},
    {0},
};

static const struct cmd_exit exits[] = {
    {CERT_NOT_WANTED, "a certificate is served, but not the one that is wanted: stderr says why"},
    {0},
};

const struct cmd cmd_cert_renew = {
    .name = "renew",
    .fn = renew,
    .help = "renew the certificate, or take over a replaced one, if it is time",
    .doc =
        "Runs each day, and when a file in /etc/visavis/owncert changes. A self-signed "
        "certificate\n"
        "is renewed when two thirds of its time are over. Your own files are checked and go live;\n"
        "when they cannot be used, the certificate that was served before stays. The web server\n"
        "and TURN take a new certificate without losing a connection. Says nothing when there is\n"
        "nothing to do.",
    .options = options,
    .exits = exits,
};
