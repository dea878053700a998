/* machine.h: this machine as fit.h asks about it: the layout in force, who has the ports. */
#pragma once

#include "acquire/fit.h"
#include "settings/settings.h"

/* Looks now. The hook is borrowed from the settings. Waits some seconds for an nginx that is about
 * to start: it would find its ports taken by us. */
void machine_look(const struct settings *s, struct fit_input *ret);

/* Who has a TCP port of this machine. */
void machine_port(uint16_t port, struct fit_port *ret);

/* After ports of nginx were ours for a while: should it have failed to start meanwhile, it is
 * started again. */
void machine_revive_nginx(void);
