/* Does media get through, each way that it may take? Our own client makes a call over each in turn,
 * on this machine: what stands before it (a router, a provider's firewall) is not seen. */
#include "doctor/check.h"

#include "base/clock.h"
#include "doctor/media_verdict.h"
#include "doctor/needed_ports.h"
#include "firewall/firewall.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CHECK_MS 100000
#define TRIALS_MS 95000 /* all trials of a check end before it is killed, and speaks for itself */
#define EACH_MS 15000   /* of a single address: a good one takes two seconds */
#define SECONDS 2
#define EACH_SECONDS 1

static const struct settings *served(const struct check_context *x)
{
    return x->in_force ? x->in_force : x->settings;
}

/* ---- trials ---- */

/* The rule that opens the way's ports, in the words of the firewall that is there. */
static void tell_rule(struct check_context *x, const struct media_way *w)
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

/* -ETIMEDOUT after limit_ms; of what else is wrong with running it a finding tells, and it is
 * -ECANCELED. */
static int try_way(struct check_context *x, const struct trial_options *o, struct trial *ret)
{
    struct trial_target target;
    char why[256];
    int r;

    trial_target_of(served(x), false, &target);
    r = trial_run(&target, o, ret, why, sizeof(why));
    if (r == 0 || r == -ETIMEDOUT)
        return r;
    found(x, SEVERITY_UNKNOWN, "visavis-probe cannot be run: %s.", why);
    return -ECANCELED;
}

/* Each address by itself: in a call, one that works hides the others. */
static void check_each(struct check_context *x, const struct media_way *w, const struct trial *all,
                       const struct media_facts *facts, uint64_t until_ms)
{
    for (size_t i = 0; i < all->n_offers; i++) {
        char ip[ADDR_TEXT_SIZE];
        struct trial_options o = {
            .path = w->path, .address = ip, .duration_s = EACH_SECONDS, .limit_ms = EACH_MS};
        struct trial t;
        int r;

        if (all->offers[i].tcp || addr_is_loopback(&all->offers[i].addr))
            continue;
        addr_format_ip(&all->offers[i].addr, ip);
        if (clock_ms() + EACH_MS > until_ms) {
            found(x, SEVERITY_UNKNOWN,
                  "There was no time left to try %s, and what media announces after it, by itself.",
                  ip);
            return;
        }
        r = try_way(x, &o, &t);
        if (r == -ECANCELED)
            return;
        if (media_verdict_address(x, w, ip, r == 0 ? &t : NULL, facts))
            tell_rule(x, w);
        if (r == 0)
            trial_done(&t);
    }
}

static struct media_facts facts_of(const struct settings *s, struct own_addresses *own)
{
    uint16_t first = (uint16_t) settings_int(s, SET_MEDIA_PORT);

    return (struct media_facts){.own = own_addresses_read(own) < 0 ? NULL : own,
                                .waits_for_clients = media_waits_for_clients(s),
                                .first = first,
                                .last = (uint16_t) (first + media_workers(s) - 1)};
}

static void check_way(struct check_context *x, struct media_way w, enum setting port,
                      unsigned n_ports, bool each)
{
    struct trial_options o = {.path = w.path, .duration_s = SECONDS, .limit_ms = TRIALS_MS};
    uint64_t until_ms = clock_ms() + TRIALS_MS;
    struct own_addresses own;
    struct media_facts facts;
    struct trial t;
    int r;

    if (x->origin == ORIGIN_GUESSED || !x->in_force) {
        found(x, SEVERITY_UNKNOWN, "Nothing is in force, or it is not yours to read.");
        return;
    }
    w.first = (uint16_t) settings_int(served(x), port);
    w.last = (uint16_t) (w.first + n_ports - 1);
    r = try_way(x, &o, &t);
    if (r == -ETIMEDOUT)
        found(x, SEVERITY_UNKNOWN, "The trial over %s came to no end in %d s.", w.name,
              TRIALS_MS / 1000);
    if (r < 0)
        return;
    facts = facts_of(served(x), &own);
    if (media_verdict(x, &w, &t, &facts))
        tell_rule(x, &w);
    if (t.ok && each && facts.waits_for_clients)
        check_each(x, &w, &t, &facts, until_ms);
    trial_done(&t);
}

/* ---- the ways ---- */

static void check_udp(struct check_context *x)
{
    check_way(x,
              (struct media_way){.path = "udp",
                                 .name = "UDP",
                                 .protocol = "udp",
                                 .without = "all calls depend on TURN, or do not work"},
              SET_MEDIA_PORT, media_workers(served(x)), true);
}

static void check_ice_tcp(struct check_context *x)
{
    check_way(
        x,
        (struct media_way){.path = "tcp",
                           .name = "ICE-TCP",
                           .protocol = "tcp",
                           .without = "browsers in networks without UDP depend on TURN",
                           .absent = "not-offered",
                           .absent_is = "Media offers no ICE-TCP: without UDP, clients take TURN."},
        SET_MEDIA_PORT, media_workers(served(x)), false);
}

#define WITHOUT_TURN "browsers behind firewalls that let nothing else out see and hear nobody"

static void check_turn_udp(struct check_context *x)
{
    check_way(x,
              (struct media_way){.path = "turn-udp",
                                 .name = "TURN over UDP",
                                 .protocol = "udp",
                                 .without = WITHOUT_TURN},
              SET_COTURN_PORT, 1, false);
}

static void check_turn_tcp(struct check_context *x)
{
    check_way(x,
              (struct media_way){.path = "turn-tcp",
                                 .name = "TURN over TCP",
                                 .protocol = "tcp",
                                 .without = WITHOUT_TURN},
              SET_COTURN_PORT, 1, false);
}

static void check_turn_tls(struct check_context *x)
{
    check_way(x,
              (struct media_way){.path = "turn-tls",
                                 .name = "TURN over TLS",
                                 .protocol = "tcp",
                                 .without = WITHOUT_TURN,
                                 .absent = "no-relay",
                                 .absent_is = "Clients are offered no TURN over TLS: it is off, or "
                                              "the certificate is one that browsers do not take."},
              SET_TURN_TLS_PORT, 1, false);
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
