#include "base/event_names.h"

#include <string.h>

static const char *const names[] = {
    "sessionCreated",
    "sessionDestroyed",
    "participantJoined",
    "participantLeft",
    "webrtcConnectionCreated",
    "webrtcConnectionDestroyed",
    "recordingStatusChanged",
    "filterEventDispatched",
    "signalSent",
    /* never sent by this server, but named in the settings of others */
    "broadcastStarted",
    "broadcastStopped",
    "mediaNodeStatusChanged",
    "autoscaling",
    "nodeCrashed",
    "nodeRecovered",
    "HANodeRegistered",
    "HANodeDeregistered",
};

#define N_NAMES (sizeof(names) / sizeof(names[0]))
#define N_DEFAULTS 15 /* but those of the original's clusters */

const char *event_name(size_t i)
{
    return i < N_NAMES ? names[i] : NULL;
}

const char *event_name_default(size_t i)
{
    return i < N_DEFAULTS ? names[i] : NULL;
}

const char *event_name_find(const char *name)
{
    for (size_t i = 0; i < N_NAMES; i++) {
        if (strcmp(names[i], name) == 0)
            return names[i];
    }
    return NULL;
}
