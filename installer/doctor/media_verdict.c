#include "doctor/media_verdict.h"

#include "trial/advice.h"

#include <stdio.h>
#include <string.h>

#define LOSS_PERCENT 1 /* more is not right, within a machine */

/* Is any of the announced addresses an interface's? Also true when nobody knows. */
static bool any_is_own(const struct trial *t, const struct own_addresses *own)
{
    for (size_t i = 0; own && i < t->n_offers; i++)
        if (own_addresses_has(own, &t->offers[i].addr))
            return true;
    return !own;
}

static void tell_address(struct check_context *x, const struct media_way *w, const char *addresses,
                         enum severity severity)
{
    found(x, severity,
          "Media announces %s, and is not reached there over %s from this machine: the address is "
          "wrong, or the router that has it does not lead back here (hairpin), which clients "
          "elsewhere need not mind.",
          addresses, w->name);
    found_detail(x,
                 "It comes from MEDIA_NODES_PUBLIC_IPS, or else from DOMAIN_OR_PUBLIC_IP. Behind a "
                 "router, %s ports %u-%u of that address must be forwarded to this machine.",
                 w->protocol, w->first, w->last);
    found_command(x, "visavis config set MEDIA_NODES_PUBLIC_IPS=[...]");
}

/* Packets do not get to media, or not back. */
static bool tell_media(struct check_context *x, const struct media_way *w, const struct trial *t,
                       const struct media_facts *facts)
{
    const struct trial_step *s = trial_failed(t);
    char addresses[512];

    trial_offered(t, addresses, sizeof(addresses));
    if (facts->waits_for_clients && *addresses && !any_is_own(t, facts->own)) {
        tell_address(x, w, addresses, SEVERITY_FAILURE);
        return false;
    }
    found(x, SEVERITY_FAILURE, "Media does not get through over %s (%s: %s): %s.", w->name,
          trial_step_title(s->name), s->message, w->without);
    if (facts->waits_for_clients)
        return true;
    found_detail(x, "With MEDIA_ICE=agent media finds its ways itself: it must be let out by UDP, "
                    "and reach the servers of MEDIA_ICE_SERVERS.");
    found_command(x, "visavis logs media");
    return false;
}

static void tell_behind_relay(struct check_context *x, const struct media_way *w,
                              const struct trial_step *s, const struct media_facts *facts)
{
    found(x, SEVERITY_FAILURE,
          "Over %s TURN is reached, and media is not from there (%s: %s): %s. TURN lets through "
          "to the addresses that media tells it of, and to others as TURN_PEERS says.",
          w->name, trial_step_title(s->name), s->message, w->without);
    if (facts->waits_for_clients)
        found_detail(x, "UDP ports %u-%u of media (from MEDIA_PORT on) must be open to TURN.",
                     facts->first, facts->last);
}

static bool tell_failure(struct check_context *x, const struct media_way *w, const struct trial *t,
                         const struct media_facts *facts)
{
    const struct trial_step *s = trial_failed(t);

    switch (trial_cause(w->path, s)) {
    case TRIAL_MEDIA_PORT:
        return tell_media(x, w, t, facts);
    case TRIAL_BEHIND_RELAY:
        tell_behind_relay(x, w, s, facts);
        return false;
    case TRIAL_TURN_PORT:
        found(x, SEVERITY_FAILURE, "TURN is not reached over %s (%s: %s): %s.", w->name,
              trial_step_title(s->name), s->message, w->without);
        return true;
    case TRIAL_ELSEWHERE:
        break;
    }
    found(x, SEVERITY_FAILURE, "Over %s %s does not work: %s. %s", w->name,
          trial_step_title(s->name), s->message, trial_advice(s).text);
    if (*trial_advice(s).command)
        found_command(x, "%s", trial_advice(s).command);
    return false;
}

bool media_verdict(struct check_context *x, const struct media_way *w, const struct trial *t,
                   const struct media_facts *facts)
{
    const struct trial_step *s = trial_failed(t);

    if (t->ok && t->loss_percent > LOSS_PERCENT)
        found(x, SEVERITY_WARNING,
              "Over %s %.1f %% of the packets were lost on this machine itself.", w->name,
              t->loss_percent);
    if (t->ok)
        return false;
    if (!s) {
        found(x, SEVERITY_UNKNOWN, "The trial over %s was interrupted.", w->name);
        return false;
    }
    if (w->absent && strcmp(s->reason, w->absent) == 0) {
        found(x, SEVERITY_NOTE, "%s", w->absent_is);
        return false;
    }
    return tell_failure(x, w, t, facts);
}

bool media_verdict_address(struct check_context *x, const struct media_way *w, const char *address,
                           const struct trial *t, const struct media_facts *facts)
{
    const struct trial_step *s = t ? trial_failed(t) : NULL;

    if (!t || (s && trial_cause(w->path, s) == TRIAL_MEDIA_PORT)) {
        tell_address(x, w, address, SEVERITY_WARNING);
        return false;
    }
    return media_verdict(x, w, t, facts);
}
