/* pending.h: a mark that the web server has not taken notice of something yet: a configuration, a
 * certificate. Outlives whoever is killed, and runs that had to leave it alone. */
#pragma once

#include <stdbool.h>

int pending_set(void);
bool pending_is(void);
int pending_clear(void);
