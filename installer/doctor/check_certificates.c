/* The certificate that is served, the operator's own, and the timer that renews. */
#include "doctor/check_acme.h"

#include "base/clock.h"
#include "certs/certs.h"
#include "host/paths.h"
#include "units/services.h"
#include "units/units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define TIMER_UNIT "visavis-cert.timer"
#define NAME_SIZE 300

static int64_t now_s(void)
{
    return (int64_t) (clock_wall_ms() / 1000);
}

static bool is_owncert(const struct check_context *x)
{
    return strcmp(settings_text(x->settings, SET_CERTIFICATE_TYPE), "owncert") == 0;
}

static bool is_acme(const struct check_context *x)
{
    return strcmp(settings_text(x->settings, SET_CERTIFICATE_TYPE), "letsencrypt") == 0;
}

/* What brings another one. */
static const char *mending(const struct check_context *x, const struct certs_info *i)
{
    if (is_acme(x))
        return "visavis cert issue";
    return i->is_ours ? "visavis cert renew" : "visavis cert import CERT KEY";
}

/* The pair being served; false: told by certificates.served. */
static bool open_live(struct check_context *x, struct certs_info *ret)
{
    if (certs_describe(path_of(PATH_CERTS), ret) == 0)
        return true;
    found(x, SEVERITY_UNKNOWN, "The certificate cannot be read.");
    return false;
}

static void check_served(struct check_context *x)
{
    struct certs_info i;
    int r = certs_describe(path_of(PATH_CERTS), &i);

    if (r == 0) {
        certs_info_done(&i);
        return;
    }
    if (r == -EACCES)
        found(x, SEVERITY_UNKNOWN, "The certificate cannot be read.");
    else
        found(x, SEVERITY_FAILURE, "%s",
              r == -ENOENT ? "There is no certificate yet, so nothing can be served over https."
                           : "The certificate that is served cannot be read, or does not belong to "
                             "its key: browsers cannot connect.");
    found_command(x, "visavis cert renew");
}

static void check_expiry(struct check_context *x)
{
    struct certs_info i;
    long long days;

    if (!open_live(x, &i))
        return;
    days = (long long) certs_days_left(&i, now_s());
    if (now_s() < i.not_before_s)
        found(x, SEVERITY_FAILURE,
              "The certificate is not valid yet: browsers refuse it. Is the clock right?");
    else if (certs_health(&i, now_s()) == CERTS_EXPIRED)
        found(x, SEVERITY_FAILURE, "The certificate expired %lld days ago: browsers refuse it.",
              -days);
    else if (certs_health(&i, now_s()) == CERTS_EXPIRING)
        found(x, SEVERITY_WARNING, "The certificate expires in %lld days%s.", days,
              i.is_ours || is_acme(x) ? ", though it should have been renewed" : "");
    if (x->n_findings > 0)
        found_command(x, "%s", now_s() < i.not_before_s ? "timedatectl" : mending(x, &i));
    certs_info_done(&i);
}

static void check_names(struct check_context *x)
{
    char www[NAME_SIZE];
    const char *host = check_host(x);
    struct certs_info i;

    if (!*host || !open_live(x, &i))
        return;
    snprintf(www, sizeof(www), "www.%s", host);
    if (!certs_covers(&i, host))
        found(x, SEVERITY_FAILURE, "The certificate is for %s%s, not for %s: browsers refuse it.",
              i.names && i.names[0] ? i.names[0] : "no name",
              i.names && i.names[0] && i.names[1] ? " and others" : "", host);
    else if (settings_bool(x->settings, SET_REDIRECT_WWW) && !certs_covers(&i, www))
        found(x, SEVERITY_WARNING,
              "REDIRECT_WWW is on, but the certificate is not for %s: who goes there gets a "
              "warning instead of being sent on.",
              www);
    if (x->n_findings > 0)
        found_command(x, "%s", mending(x, &i));
    certs_info_done(&i);
}

/* ---- the operator's own ---- */

static void tell_own(bool is_problem, const char *text, void *arg)
{
    struct check_context *x = arg;

    if (is_problem)
        found(x, SEVERITY_FAILURE, "%s", text);
}

static void check_own(struct check_context *x)
{
    const char *names[] = {check_host(x), NULL};
    struct certs_info live;
    struct certs_pem pem;

    if (!is_owncert(x) || !*names[0])
        return;
    if (certs_check_owncert(path_of(PATH_OWNCERT), names, now_s(), tell_own, x, &pem) == 0) {
        /* What was told nevertheless is worth mending, but no failure. */
        for (size_t i = 0; i < x->n_findings; i++)
            x->findings[i].severity = SEVERITY_WARNING;
        certs_pem_done(&pem);
    }
    if (certs_describe(path_of(PATH_CERTS), &live) < 0)
        return;
    if (live.is_ours && x->n_findings == 0) {
        found(x, SEVERITY_WARNING,
              "CERTIFICATE_TYPE is owncert, and a self-signed certificate is served.");
        found_command(x, "visavis cert renew");
    }
    certs_info_done(&live);
}

static void check_key_mode(struct check_context *x)
{
    char path[PATH_MAX];
    struct stat st;

    path_join(path, PATH_CERTS, "live/privkey.pem");
    if (stat(path, &st) < 0)
        return;
    if (st.st_mode & 0137) {
        found(x, SEVERITY_FAILURE,
              "The private key %s has mode %04o: others than root and the daemons may have it.",
              path, (unsigned) st.st_mode & 07777);
        found_command(x, "chmod 640 %s", path);
    }
}

/* The timer stops with the server, which another check tells about. */
static bool is_stopped(struct units *u)
{
    struct unit_state s;

    return units_state(u, TARGET_UNIT, &s) == 0 && strcmp(s.active, "inactive") == 0;
}

static void check_timer(struct check_context *x)
{
    struct units *u = NULL;
    struct unit_state s;

    if (!units_available() || units_open(&u) < 0) {
        found(x, SEVERITY_UNKNOWN, "There is no systemd to ask.");
        return;
    }
    if (units_state(u, TIMER_UNIT, &s) < 0)
        found(x, SEVERITY_UNKNOWN, "systemd does not answer about %s.", TIMER_UNIT);
    else if (strcmp(s.active, "active") != 0 && !is_stopped(u)) {
        found(x, SEVERITY_WARNING, "%s is %s: the certificate will not be renewed.", TIMER_UNIT,
              s.loaded ? s.active : "not installed");
        found_command(x, "systemctl start " TIMER_UNIT);
    }
    units_close(u);
}

static const struct check checks[] = {
    {.id = "certificates.served",
     .title = "is there a certificate with its key",
     .fn = check_served,
     .flags = CHECK_INSTALLED | CHECK_ROOT,
     .needs = "config.applied"},
    {.id = "certificates.expiry",
     .title = "is it valid today, and for some weeks",
     .fn = check_expiry,
     .flags = CHECK_INSTALLED | CHECK_ROOT,
     .needs = "certificates.served"},
    {.id = "certificates.names",
     .title = "is it for DOMAIN_OR_PUBLIC_IP",
     .fn = check_names,
     .flags = CHECK_INSTALLED | CHECK_ROOT,
     .needs = "certificates.served"},
    {.id = "certificates.own",
     .title = "can the files in owncert be served (CERTIFICATE_TYPE=owncert)",
     .fn = check_own,
     .flags = CHECK_INSTALLED | CHECK_ROOT},
    {.id = "certificates.ca",
     .title = "does the CA issue what is wanted (CERTIFICATE_TYPE=letsencrypt)",
     .fn = check_acme_state,
     .flags = CHECK_INSTALLED | CHECK_ROOT},
    {.id = "certificates.ca-reach",
     .title = "would the CA find this machine (CERTIFICATE_TYPE=letsencrypt)",
     .fn = check_acme_reach,
     .flags = CHECK_INSTALLED | CHECK_ROOT,
     .timeout_ms = 15000},
    {.id = "certificates.key-mode",
     .title = "is the key private",
     .fn = check_key_mode,
     .flags = CHECK_INSTALLED | CHECK_ROOT},
    {.id = "certificates.timer",
     .title = "will it be renewed",
     .fn = check_timer,
     .flags = CHECK_INSTALLED},
    {.id = NULL},
};

const struct check_group group_certificates = {"certificates", checks};
