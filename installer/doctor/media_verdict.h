/* media_verdict.h: what a trial over one of media's ways means, as findings. Pure: everything is in
 * its arguments. */
#pragma once

#include "doctor/check.h"
#include "host/own_addresses.h"
#include "trial/trial.h"

#include <stdint.h>

struct media_way {
    const char *path;      /* of visavis-probe: "udp", "turn-tls" */
    const char *name;      /* "TURN over TLS" */
    const char *protocol;  /* "udp", "tcp" */
    uint16_t first, last;  /* ports that must be open */
    const char *without;   /* the consequence when it does not work */
    const char *absent;    /* the reason of a trial when the way is not offered; NULL: it must be */
    const char *absent_is; /* … which is not wrong: what is said of it then */
};

/* What is known of this machine and its media beside the trial. */
struct media_facts {
    const struct own_addresses *own; /* NULL: nobody knows */
    bool waits_for_clients;          /* false: it goes to them (MEDIA_ICE=agent) */
    uint16_t first, last;            /* its UDP ports, when it waits */
};

/* Nothing when all is fine. True: the last finding lacks the command that opens the way's ports in
 * the firewall. */
bool media_verdict(struct check_context *x, const struct media_way *w, const struct trial *t,
                   const struct media_facts *facts);

/* Of a trial with that one of the addresses that media announces, after one with all of them went
 * well. t: NULL when it came to no end. */
bool media_verdict_address(struct check_context *x, const struct media_way *w, const char *address,
                           const struct trial *t, const struct media_facts *facts);
