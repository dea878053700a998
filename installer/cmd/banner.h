/* banner.h: what an operator waits for after a start: that it is ready, where, and for whom. */
#pragma once

#include "settings/settings.h"

/* To stdout. The secret is not shown, its place is. */
void banner_print(const struct settings *s);
