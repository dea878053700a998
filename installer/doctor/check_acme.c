#include "doctor/check_acme.h"

#include "acme/selfcheck.h"
#include "acquire/acquire.h"
#include "acquire/look.h"
#include "acquire/machine.h"
#include "acquire/told.h"
#include "apply/certificate.h"
#include "base/clock.h"
#include "host/paths.h"

#include <stdlib.h>

#define HTTP_OF_A_CA 80

/* ---- the last try ---- */

static enum severity severity_of(enum told_level level)
{
    static const enum severity severities[] = {
        [TOLD_FINE] = SEVERITY_OK,
        [TOLD_NOTE] = SEVERITY_NOTE,
        [TOLD_WARNING] = SEVERITY_WARNING,
        [TOLD_FAILURE] = SEVERITY_FAILURE,
    };

    return severities[level];
}

static void tell_rate_limit(struct check_context *x, const struct acquire_look *l, int64_t now_s)
{
    char until[TOLD_TIME_SIZE];

    if (l->state.not_before_s <= now_s)
        return;
    found(x, SEVERITY_NOTE, "%.400s wants no request before %s, and said so; it is obeyed.",
          l->state.directory, told_time(l->state.not_before_s, until));
}

static void tell_state(struct check_context *x, const struct acquire_look *l,
                       const struct certs_info *live, int64_t now_s)
{
    char text[TOLD_SIZE];
    struct told t;

    told_judge(l, live, now_s, &t);
    if (t.level == TOLD_FINE)
        return;
    found(x, severity_of(t.level), "%s", told_finding(&t, text));
    found_detail(x, "%s", t.next);
    if (*t.command)
        found_command(x, "%s", t.command);
}

void check_acme_state(struct check_context *x)
{
    int64_t now_s = (int64_t) (clock_wall_ms() / 1000);
    struct acquire_look *l = malloc(sizeof(*l));
    struct certs_info live;
    int error;

    if (!l || !certificate_is_acme(x->settings)) {
        free(l);
        return;
    }
    error = certs_describe(path_of(PATH_CERTS), &live);
    acquire_look(x->settings, now_s, l);
    tell_state(x, l, error == 0 ? &live : NULL, now_s);
    tell_rate_limit(x, l, now_s);
    if (error == 0)
        certs_info_done(&live);
    free(l);
}

/* ---- the next one ---- */

/* A setting of another port is right behind a router that leads port 80 there; so a note. */
static void tell_port(struct check_context *x, const struct fit_input *machine)
{
    if (machine->http_port == HTTP_OF_A_CA)
        return;
    found(x, SEVERITY_NOTE,
          "HTTP_PORT is %u, and a CA comes to port 80 alone: http-01 works only if something leads "
          "that to port %u of this machine.",
          machine->http_port, machine->http_port);
}

static void tell_failure(struct check_context *x, const struct acme_failure *f)
{
    found(x, SEVERITY_WARNING,
          "A CA would not find the proof that this machine has its name%s%s%s.",
          *f->where ? " (" : "", f->where, *f->where ? ")" : "");
    found_detail(x, "%s%s%s", f->what, *f->next ? ". " : "", f->next);
    found_command(x, "visavis cert test");
}

/* Where the proofs are shown by servers that are there already; others would need ports that
 * somebody may be about to take. */
static bool is_served(const struct fit_input *machine)
{
    struct fit fits[N_CHALLENGE_TYPES];

    fit_challenges(machine, fits);
    for (int t = 0; t < N_CHALLENGE_TYPES; t++)
        if (fits[t].way == FIT_RESPONDER)
            return false;
    return true;
}

static void look_for_proofs(struct check_context *x)
{
    struct acme_failure f = {.kind = FAILURE_NONE};
    struct selfcheck check;
    struct acquire *a;

    if (acquire_new(x->settings, NULL, NULL, &a) < 0) {
        found(x, SEVERITY_UNKNOWN, "There is no memory, or no group visavis-proxy.");
        return;
    }
    if (selfcheck_begin(&check, acquire_config(a), &f) < 0 || selfcheck_proofs(&check, &f) < 0)
        tell_failure(x, &f);
    acquire_free(a);
}

void check_acme_reach(struct check_context *x)
{
    struct fit_input machine;

    if (!certificate_is_acme(x->settings))
        return;
    machine_look(x->settings, &machine);
    tell_port(x, &machine);
    if (is_served(&machine))
        look_for_proofs(x);
    else
        found(x, SEVERITY_UNKNOWN, "The web server does not run, so nothing is looked for.");
}
