#include "doctor/media_verdict.h"

#include "trial/advice.h"

#include <stdio.h>
#include <string.h>

#define LOSS_PERCENT 1 /* more is not right, within a machine */

static bool is(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

static bool is_unreached(const struct trial_step *s)
{
    bool media = !is(s->name, "rest") && !is(s->name, "websocket");

    return media && (is(s->reason, "ice") || is(s->reason, "timeout") || is(s->reason, "refused"));
}

/* Is any of the announced addresses an interface's? Also true when nobody knows. */
static bool any_is_own(const struct trial *t, const struct own_addresses *own)
{
    for (size_t i = 0; own && i < t->n_offers; i++)
        if (own_addresses_has(own, &t->offers[i].addr))
            return true;
    return !own;
}

static void list_offers(const struct trial *t, char *buf, size_t size)
{
    size_t len = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < t->n_offers && len < size; i++) {
        char ip[ADDR_TEXT_SIZE];

        if (addr_is_loopback(&t->offers[i].addr))
            continue;
        addr_format_ip(&t->offers[i].addr, ip);
        if (!strstr(buf, ip))
            len += (size_t) snprintf(buf + len, size - len, "%s%s", len ? ", " : "", ip);
    }
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

static bool tell_failure(struct check_context *x, const struct media_way *w, const struct trial *t,
                         const struct own_addresses *own)
{
    const struct trial_step *s = trial_failed(t);
    struct trial_advice advice = trial_advice(s);
    char addresses[512];

    list_offers(t, addresses, sizeof(addresses));
    if (is(s->reason, "ice") && *addresses && !any_is_own(t, own) &&
        strncmp(w->path, "turn", 4) != 0) {
        tell_address(x, w, addresses, SEVERITY_FAILURE);
        return false;
    }
    if (is_unreached(s)) {
        found(x, SEVERITY_FAILURE, "Media does not get through over %s (%s: %s): %s.", w->name,
              trial_step_title(s->name), s->message, w->without);
        if (!is(s->reason, "refused"))
            return true;
    } else {
        found(x, SEVERITY_FAILURE, "Over %s %s does not work: %s. %s", w->name,
              trial_step_title(s->name), s->message, advice.text);
    }
    if (*advice.command)
        found_command(x, "%s", advice.command);
    return false;
}

bool media_verdict(struct check_context *x, const struct media_way *w, const struct trial *t,
                   const struct own_addresses *own)
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
    if (w->absent && is(s->reason, w->absent)) {
        found(x, SEVERITY_NOTE, "%s", w->absent_is);
        return false;
    }
    return tell_failure(x, w, t, own);
}

void media_verdict_address(struct check_context *x, const struct media_way *w, const char *address)
{
    tell_address(x, w, address, SEVERITY_WARNING);
}
