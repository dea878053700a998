/* cast.h: the programs of an installed machine, as `visavis run` starts them: what the units of
 * systemd say, for machines without it. */
#pragma once

#include "apply/plan.h"
#include "units/supervisor.h"

#include <limits.h>

struct cast; /* the sockets, opened once, and the programs */

/* Opens the listening sockets. What cannot be had is logged. as_installed: programs get their own
 * users; else all stay ours (tests without root). */
int cast_new(bool as_installed, uint16_t server_port, struct cast **ret);

/* Listens on this port of the loopback in place of the one of now; signaling gets it when it starts
 * the next time. */
int cast_move(struct cast *c, uint16_t server_port);

/* NULL is fine; returns NULL. */
struct cast *cast_free(struct cast *c);

/* Starts one as the configuration in force says. */
int cast_start(struct cast *c, enum plan_part part, struct supervisor *s);

/* Is it in the configuration in force? */
bool cast_is_wanted(enum plan_part part);
