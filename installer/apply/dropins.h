/* dropins.h: what some settings change in units of ours: a file of one name,
 * /etc/systemd/system/<unit>.d/50-visavis.conf, there only as long as it is needed. */
#pragma once

#include "base/buf.h"
#include "settings/settings.h"

enum dropin {
    DROPIN_SIGNALING,        /* folders of the operator's that it writes to */
    DROPIN_TURN,             /* a port below 1024 */
    DROPIN_SIGNALING_SOCKET, /* another SERVER_PORT */
    N_DROPINS
};

/* "visavis-turn.service" */
const char *dropin_unit(enum dropin d);

/* Writes nothing when none is needed. Pure. */
void render_dropin(struct wr *w, enum dropin d, const struct settings *s);

/* Is the file as wanted (empty: not there)? */
bool dropin_is(enum dropin d, struct bytes text);

/* Lets it be so. */
int dropin_put(enum dropin d, struct bytes text);
