/* sessions.h: how many sessions run, asked of signaling itself. */
#pragma once

#include "settings/settings.h"

/* Negative errno: it did not answer, or not as it should. Takes two seconds at most. */
int sessions_count(const struct settings *s, unsigned *ret);
