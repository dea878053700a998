/* doctor_settings.h: the settings that the doctor looks with, as good as they can be had. */
#pragma once

#include "installer/check.h"

/* Those of the operator's file when it is without a fault, else those in force, else the defaults.
 * -ENOMEM alone. */
int doctor_settings(struct settings **ret, enum settings_origin *ret_origin);
