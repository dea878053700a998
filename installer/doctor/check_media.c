/* Does media get through, each way that it may take? Our own client makes a call over each in turn,
 * on this machine: what stands before it (a router, a provider's firewall) is not seen. */
#include "doctor/check.h"

#include "doctor/needed_ports.h"
#include "firewall/firewall.h"
#include "host/own_addresses.h"
#include "trial/advice.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define CHECK_MS 100000 /* a trial has its own deadlines */
#define SECONDS 2
#define EACH_SECONDS 1

static const struct settings *served(const struct check_context *x)
{
    return x->in_force ? x->in_force : x->settings;
}

/* What a way is called, and what it needs open. */
struct way {
    const char *path; /* of visavis-probe */
    const char *name;
    const char *protocol;
    uint16_t first, last;
    const char *consequence;
};

static struct way media_way(const struct check_context *x, const char *path, const char *name,
                            const char *protocol, const char *consequence)
{
    uint16_t first = (uint16_t) settings_int(served(x), SET_MEDIA_PORT);

    return (struct way){
        path,       name, protocol, first, (uint16_t) (first + media_workers(served(x)) - 1),
        consequence};
}

static struct way turn_way(const struct check_context *x, const char *path, const char *name,
                           const char *protocol, enum setting port)
{
    uint16_t number = (uint16_t) settings_int(served(x), port);

    return (struct way){
        path,   name,   protocol,
        number, number, "browsers behind firewalls that let nothing else out see and hear nobody"};
}

/* ---- findings ---- */

/* The rule that opens the way's ports, in the words of the firewall that is there. */
static void tell_rule(struct check_context *x, const struct way *w)
{
    struct firewall *f = NULL;
    char why[512], command[256];

    if (firewall_read(&f, why, sizeof(why)) < 0)
        found_command(x, "visavis doctor firewall");
    else
        found_command(
            x, "%s", firewall_opening(f, w->protocol, w->first, w->last, command, sizeof(command)));
    firewall_free(f);
}

/* Is any of these addresses an interface's? Also true when nobody knows. */
static bool any_is_own(const struct trial *t)
{
    struct own_addresses own;

    if (own_addresses_read(&own) < 0)
        return true;
    for (size_t i = 0; i < t->n_offers; i++)
        if (own_addresses_has(&own, &t->offers[i].addr))
            return true;
    return false;
}

static void tell_address(struct check_context *x, const struct way *w, const char *addresses,
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
static void tell_media(struct check_context *x, const struct way *w, const struct trial *t)
{
    const struct trial_step *s = trial_failed(t);
    char addresses[512];

    trial_offered(t, addresses, sizeof(addresses));
    if (media_waits_for_clients(served(x)) && *addresses && !any_is_own(t)) {
        tell_address(x, w, addresses, SEVERITY_FAILURE);
        return;
    }
    found(x, SEVERITY_FAILURE, "Media does not get through over %s (%s: %s): %s.", w->name,
          trial_step_title(s->name), s->message, w->consequence);
    if (media_waits_for_clients(served(x))) {
        tell_rule(x, w);
        return;
    }
    found_detail(x, "With MEDIA_ICE=agent media finds its ways itself: it must be let out by UDP, "
                    "and reach the servers of MEDIA_ICE_SERVERS.");
    found_command(x, "visavis logs media");
}

static void tell_behind_relay(struct check_context *x, const struct way *w,
                              const struct trial_step *s)
{
    const struct settings *settings = served(x);
    uint16_t first = (uint16_t) settings_int(settings, SET_MEDIA_PORT);

    found(x, SEVERITY_FAILURE,
          "Over %s TURN is reached, and media is not from there (%s: %s): %s. TURN lets through "
          "to the addresses that media tells it of, and to others as TURN_PEERS says.",
          w->name, trial_step_title(s->name), s->message, w->consequence);
    if (!media_waits_for_clients(settings))
        return;
    found_detail(x, "UDP ports %u-%u of media (from MEDIA_PORT on) must be open to TURN.", first,
                 first + media_workers(settings) - 1);
}

static void tell_failure(struct check_context *x, const struct way *w, const struct trial *t)
{
    const struct trial_step *s = trial_failed(t);

    if (!s) {
        found(x, SEVERITY_UNKNOWN, "The trial over %s was interrupted.", w->name);
        return;
    }
    switch (trial_cause(w->path, s)) {
    case TRIAL_MEDIA_PORT:
        tell_media(x, w, t);
        break;
    case TRIAL_BEHIND_RELAY:
        tell_behind_relay(x, w, s);
        break;
    case TRIAL_TURN_PORT:
        found(x, SEVERITY_FAILURE, "TURN is not reached over %s (%s: %s): %s.", w->name,
              trial_step_title(s->name), s->message, w->consequence);
        tell_rule(x, w);
        break;
    case TRIAL_ELSEWHERE:
        found(x, SEVERITY_FAILURE, "Over %s %s does not work: %s. %s", w->name,
              trial_step_title(s->name), s->message, trial_advice(s).text);
        if (*trial_advice(s).command)
            found_command(x, "%s", trial_advice(s).command);
        break;
    }
}

/* ---- trials ---- */

static bool try_way(struct check_context *x, const struct way *w, const char *address,
                    unsigned seconds, struct trial *ret)
{
    struct trial_options o = {.path = w->path, .address = address, .duration_s = seconds};
    struct trial_target target;
    char why[256];

    if (x->origin == ORIGIN_GUESSED || !x->in_force) {
        found(x, SEVERITY_UNKNOWN, "Nothing is in force, or it is not yours to read.");
        return false;
    }
    trial_target_of(served(x), false, &target);
    if (trial_run(&target, &o, ret, why, sizeof(why)) == 0)
        return true;
    found(x, SEVERITY_UNKNOWN, "visavis-probe cannot be run: %s.", why);
    return false;
}

static void tell_loss(struct check_context *x, const struct way *w, const struct trial *t)
{
    if (t->loss_percent > 1)
        found(x, SEVERITY_WARNING,
              "Over %s %.1f %% of the packets were lost on this machine itself.", w->name,
              t->loss_percent);
}

static bool check_way(struct check_context *x, const struct way *w, struct trial *ret)
{
    if (!try_way(x, w, NULL, SECONDS, ret))
        return false;
    if (ret->ok)
        tell_loss(x, w, ret);
    else
        tell_failure(x, w, ret);
    return true;
}

static void tell_each(struct check_context *x, const struct way *w, const char *ip,
                      const struct trial *t)
{
    const struct trial_step *s = trial_failed(t);

    if (s && trial_cause(w->path, s) == TRIAL_MEDIA_PORT)
        tell_address(x, w, ip, SEVERITY_WARNING);
    else if (!t->ok)
        tell_failure(x, w, t);
}

/* Each address by itself: in a call, one that works hides the others. */
static void check_each(struct check_context *x, const struct way *w, const struct trial *all)
{
    for (size_t i = 0; i < all->n_offers; i++) {
        char ip[ADDR_TEXT_SIZE];
        struct trial t;

        if (all->offers[i].tcp || addr_is_loopback(&all->offers[i].addr))
            continue;
        addr_format_ip(&all->offers[i].addr, ip);
        if (!try_way(x, w, ip, EACH_SECONDS, &t))
            return;
        tell_each(x, w, ip, &t);
        trial_done(&t);
    }
}

static void check_udp(struct check_context *x)
{
    struct way w = media_way(x, "udp", "UDP", "udp", "all calls depend on TURN, or do not work");
    struct trial t;

    if (!check_way(x, &w, &t))
        return;
    if (t.ok && media_waits_for_clients(served(x)))
        check_each(x, &w, &t);
    trial_done(&t);
}

static void check_ice_tcp(struct check_context *x)
{
    struct way w =
        media_way(x, "tcp", "ICE-TCP", "tcp", "browsers in networks without UDP depend on TURN");
    const struct trial_step *s;
    struct trial t;

    if (!try_way(x, &w, NULL, SECONDS, &t))
        return;
    s = trial_failed(&t);
    if (s && strcmp(s->reason, "not-offered") == 0)
        found(x, SEVERITY_NOTE, "Media offers no ICE-TCP: without UDP, clients take TURN.");
    else if (!t.ok)
        tell_failure(x, &w, &t);
    trial_done(&t);
}

static void check_turn(struct check_context *x, const struct way *w)
{
    struct trial t;

    if (check_way(x, w, &t))
        trial_done(&t);
}

static void check_turn_udp(struct check_context *x)
{
    struct way w = turn_way(x, "turn-udp", "TURN over UDP", "udp", SET_COTURN_PORT);

    check_turn(x, &w);
}

static void check_turn_tcp(struct check_context *x)
{
    struct way w = turn_way(x, "turn-tcp", "TURN over TCP", "tcp", SET_COTURN_PORT);

    check_turn(x, &w);
}

static void check_turn_tls(struct check_context *x)
{
    struct way w = turn_way(x, "turn-tls", "TURN over TLS", "tcp", SET_TURN_TLS_PORT);
    const struct trial_step *s;
    struct trial t;

    if (!try_way(x, &w, NULL, SECONDS, &t))
        return;
    s = trial_failed(&t);
    if (s && strcmp(s->reason, "no-relay") == 0)
        found(x, SEVERITY_NOTE,
              "Clients are offered no TURN over TLS: it is off, or the certificate is one that "
              "browsers do not take.");
    else if (!t.ok)
        tell_failure(x, &w, &t);
    trial_done(&t);
}

#define OF_MEDIA .flags = CHECK_INSTALLED | CHECK_ROOT | CHECK_ASKED, .timeout_ms = CHECK_MS

static const struct check checks[] = {
    {.id = "media.udp",
     .title = "does a call work over UDP, at each address that media announces",
     .fn = check_udp,
     OF_MEDIA},
    {.id = "media.ice-tcp", .title = "does a call work over TCP", .fn = check_ice_tcp, OF_MEDIA},
    {.id = "media.turn-udp",
     .title = "does a call work over TURN on UDP",
     .fn = check_turn_udp,
     OF_MEDIA},
    {.id = "media.turn-tcp",
     .title = "does a call work over TURN on TCP",
     .fn = check_turn_tcp,
     OF_MEDIA},
    {.id = "media.turn-tls",
     .title = "does a call work over TURN on TLS",
     .fn = check_turn_tls,
     OF_MEDIA},
    {.id = NULL},
};

const struct check_group group_media = {"media", checks};
