/* Lets the pair that is wanted go live, and those who serve it know. */
#include "cmd/cmd_cert.h"

#include "acquire/metrics.h"
#include "acquire/schedule.h"
#include "apply/pending.h"
#include "host/paths.h"
#include "text/human.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400

/* ---- before it expires ---- */

/* Who can do what about it. */
static const char *advice(const struct settings *s)
{
    return certificate_is_acme(s)
               ? "Its renewals fail; why, and what to do: sudo visavis cert status"
               : "Get a new one from its issuer, then: visavis cert import CERT KEY";
}

/* "12 days", "20 s" */
static const char *left(int64_t s, char buf[static HUMAN_SIZE])
{
    if (s < 2 * DAY_S)
        return human_duration((uint64_t) s, buf);
    snprintf(buf, HUMAN_SIZE, "%lld days", (long long) (s / DAY_S));
    return buf;
}

static void warn_of_expiry(struct cert_output *o, const struct settings *s,
                           const struct certs_info *i, int64_t now_s)
{
    char text[512], date[16], time_left[HUMAN_SIZE];

    if (i->is_ours || now_s < i->not_before_s ||
        !certs_expiry_warning_due(path_of(PATH_CERTS), i, now_s))
        return;
    cert_date(i->not_after_s, date);
    if (now_s <= i->not_after_s)
        snprintf(text, sizeof(text), "The certificate being served expires in %s, on %s. %s",
                 left(i->not_after_s - now_s, time_left), date, advice(s));
    else
        snprintf(text, sizeof(text),
                 "The certificate being served EXPIRED on %s; browsers refuse it. %s", date,
                 advice(s));
    cert_output_tell(true, text, o);
}

/* ---- those who serve it ---- */

static void tell_reload(struct cert_output *o, const struct settings *s, bool is_new, int r,
                        const char *unit)
{
    char text[512];

    if (r == -ENOTCONN && !is_new)
        return;
    if (r == -ENOTCONN)
        snprintf(text, sizeof(text),
                 "There is no systemd here; `visavis run`, where it runs, lets its web server and "
                 "TURN take the certificate.");
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

/* Who could not be told is told by the next run. */
static int reload(struct cert_output *o, const struct settings *s, bool is_new)
{
    const char *unit;
    int r = certificate_reload(s, &unit);

    tell_reload(o, s, is_new, r, unit);
    if (r == 0)
        r = pending_clear(PENDING_CERTIFICATE);
    return r == 0 || r == -ENOTCONN ? CMD_OK : CMD_FAILED;
}

/* ---- sentences that may be known already ---- */

static void hold(bool is_problem, const char *text, void *list)
{
    json_array_append_new(
        list, json_pack("{s:b,s:o}", "problem", is_problem, "text", json_text(bytes_str(text))));
}

static void let_go(const json_t *list, struct cert_output *o)
{
    const json_t *m;
    size_t i;

    json_array_foreach (list, i, m)
        cert_output_tell(json_is_true(json_object_get(m, "problem")),
                         json_string_value(json_object_get(m, "text")), o);
}

/* certs_ensure(), silent when all stays as it was told before. */
static int ensure_silently(const struct certs_wanted *wanted, struct cert_output *o,
                           bool *ret_changed)
{
    json_t *list = json_array();
    int r = certs_ensure(wanted, time(NULL), hold, list, ret_changed);

    if (*ret_changed || (r < 0 && r != -EINVAL))
        let_go(list, o);
    json_decref(list);
    return r;
}

int cert_renew(const struct cmd_call *call, struct cert_output *o, const struct settings *s,
               const struct cert_wish *cert_wish, bool *ret_changed)
{
    struct certificate_wish wish;
    bool was_pending = pending_is(PENDING_CERTIFICATE);
    struct network network;
    int r, status = CMD_OK;

    network_look(NULL, 0, &network);
    if (certificate_wish(s, &network, &wish) < 0)
        return cmd_fail(call, CMD_FAILED,
                        "the group visavis-certs does not exist; make it by: sudo "
                        "systemd-sysusers visavis.conf");
    wish.wanted.force = cert_wish->force;
    wish.wanted.force_ca = cert_wish->force_ca;
    /* Before: who is ended in between has put a pair in force that nobody was told of. */
    (void) pending_set(PENDING_CERTIFICATE);
    r = cert_wish->known ? ensure_silently(&wish.wanted, o, ret_changed)
                         : certs_ensure(&wish.wanted, time(NULL), cert_output_tell, o, ret_changed);
    if (*ret_changed || was_pending)
        status = reload(o, s, *ret_changed);
    else if (pending_clear(PENDING_CERTIFICATE) < 0)
        status = CMD_FAILED;
    if (r == -EINVAL)
        return CERT_NOT_WANTED;
    return r < 0 ? CMD_FAILED : status;
}

/* ---- until the next time ---- */

static void tell_metrics(struct cert_output *o, int r)
{
    char text[256];

    if (r == 0)
        return;
    snprintf(text, sizeof(text), "%s/%s could not be written: %s", path_of(PATH_RUN), METRICS_FILE,
             strerror(-r));
    cert_output_tell(true, text, o);
}

/* What is kept may not tell of a failure: a folder that cannot be written, or not be had. */
static int64_t next_run_s(const struct acquire_look *l, const struct certs_info *live,
                          int64_t earliest_s, int64_t now_s)
{
    int64_t next_s = acquire_next_s(l, live, now_s), latest_s = now_s + DAY_S;

    if (next_s < earliest_s)
        next_s = earliest_s < latest_s ? earliest_s : latest_s;
    return next_s;
}

void cert_afterwards(struct cert_output *o, const struct settings *s, int64_t earliest_s)
{
    struct acquire_look *l = malloc(sizeof(*l));
    int64_t now_s = time(NULL);
    struct certs_info live;
    int error;

    if (!l)
        return;
    error = certs_describe(path_of(PATH_CERTS), &live);
    acquire_look(s, now_s, l);
    /* By a clock that is wrong nothing can be said of the pair. */
    if (error == 0 && !l->from_future &&
        !(l->state.result == RESULT_FAILED && l->state.failure.kind == FAILURE_CLOCK))
        warn_of_expiry(o, s, &live, now_s);
    tell_metrics(o, metrics_write(l, error == 0 ? &live : NULL, now_s));
    schedule_next(next_run_s(l, error == 0 ? &live : NULL, earliest_s, now_s), cert_output_tell, o);
    if (error == 0)
        certs_info_done(&live);
    free(l);
}
