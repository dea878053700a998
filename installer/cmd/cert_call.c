/* What the verbs that ask a CA have in common. */
#include "cmd/cmd_cert.h"

#include "acquire/acquire.h"
#include "acquire/look.h"
#include "acquire/told.h"
#include "base/log.h"
#include "host/paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Before the next run when the CA could not be asked at all. */
#define ERROR_WAIT_S 600

int cert_call_init(struct cert_call *c, const struct cmd_call *call)
{
    int status;

    *c = (struct cert_call){.call = call};
    status = cert_needs_root(call);
    if (status != CMD_OK)
        return status;
    log_init("visavis-cert", LOG_LEVEL_INFO);
    if (cert_output_init(&c->output, call) < 0)
        return cmd_fail(call, CMD_FAILED, "out of memory");
    return cert_settings(call, &c->settings);
}

void cert_call_done(struct cert_call *c)
{
    cert_output_done(&c->output);
    c->settings = settings_free(c->settings);
}

int cert_call_print(const struct cert_call *c, json_t *document, int status)
{
    if (!c->output.messages) {
        json_decref(document);
        return status;
    }
    if (!document)
        document = json_object();
    json_object_set(document, "messages", c->output.messages);
    return json_print(document, status);
}

int cert_needs_acme(const struct cert_call *c)
{
    if (certificate_is_acme(c->settings))
        return CMD_OK;
    return cmd_fail(c->call, CMD_USAGE,
                    "CERTIFICATE_TYPE is %s, so no CA is asked; change that by: sudo visavis "
                    "config set CERTIFICATE_TYPE=letsencrypt",
                    settings_text(c->settings, SET_CERTIFICATE_TYPE));
}

json_t *cert_acme_json(const struct settings *s)
{
    struct acquire_look *l = certificate_is_acme(s) ? malloc(sizeof(*l)) : NULL;
    int64_t now_s = time(NULL);
    json_t *o;

    if (!l)
        return json_null();
    acquire_look(s, now_s, l);
    o = told_json(l, now_s);
    free(l);
    return o;
}

/* ---- what is not in force yet ---- */

static void ignore(const struct setting_problem *p, void *arg)
{
    (void) p;
    (void) arg;
}

void cert_tell_pending(struct cert_call *c)
{
    unsigned reloads = 0, restarts = 0;
    struct settings *written = NULL;
    char text[512];

    if (settings_load_file(path_of(PATH_ENV), ignore, NULL, &written) < 0)
        return; /* `visavis config check` and the doctor tell of that */
    (void) settings_changes(c->settings, written, &reloads, &restarts);
    settings_free(written);
    if (!((reloads | restarts) & SETTING_CERTS))
        return;
    snprintf(text, sizeof(text),
             "%.200s says something else of the certificate than what is in force, by which this "
             "goes (`visavis config diff` shows it). To put it in force: sudo visavis apply",
             path_of(PATH_ENV));
    cert_output_tell(true, text, &c->output);
}

/* ---- the CA ---- */

static int tell_error(const struct cert_call *c, int error)
{
    if (error == -EBUSY)
        return cmd_fail(c->call, CMD_FAILED,
                        "another run asks for a certificate, and has not ended for long; `visavis "
                        "logs cert` shows what it does");
    if (error == -EINTR)
        return cmd_fail(c->call, CMD_FAILED,
                        "it was interrupted; the next run goes on where it ended");
    if (error == -ENOENT)
        return cmd_fail(c->call, CMD_FAILED,
                        "the group visavis-proxy does not exist; make it by: sudo "
                        "systemd-sysusers visavis.conf");
    return cmd_fail(c->call, CMD_FAILED, "%s cannot be used: %s", path_of(PATH_ACME),
                    strerror(-error));
}

int cert_ask(struct cert_call *c, enum acme_mode mode, struct acme_report *ret)
{
    struct acquire *a;
    int r = acquire_new(c->settings, cert_output_tell, &c->output, &a);

    if (r == 0) {
        r = acme_run(acquire_config(a), mode, ret);
        acquire_free(a);
    }
    c->earliest_s = r < 0 ? time(NULL) + ERROR_WAIT_S : ret->next_s;
    return r < 0 ? tell_error(c, r) : CMD_OK;
}

/* ---- going live ---- */

int cert_put_live(struct cert_call *c, const struct cert_wish *wish, bool *ret_changed,
                  bool *ret_stale)
{
    struct settings *now = NULL;
    unsigned reloads = 0, restarts = 0;
    int lock = -1, status = cert_lock(c->call, &lock);

    if (status == CMD_OK)
        status = cert_settings(c->call, &now);
    if (status == CMD_OK) {
        (void) settings_changes(c->settings, now, &reloads, &restarts);
        *ret_stale = ((reloads | restarts) & SETTING_CERTS) != 0;
        if (*ret_stale)
            c->earliest_s = 0; /* of other names, perhaps */
        settings_free(c->settings);
        c->settings = now;
        status = cert_renew(c->call, &c->output, now, wish, ret_changed);
    }
    if (lock >= 0)
        close(lock);
    return status;
}
