/* settings_table.h: the rows of THE table, for the modules of settings alone. */
#pragma once

#include "settings/settings.h"

extern const struct setting_def setting_defs[N_SETTINGS];
