/* doctor_settings.h: the settings that the doctor looks with, as good as they can be had. */
#pragma once

#include "doctor/check.h"

/* Stands for DOMAIN_OR_PUBLIC_IP while there is none. */
#define DOCTOR_NO_HOST "unknown.invalid"

/* Fills settings, origin, in_force and own. -ENOMEM alone. */
int doctor_settings_load(struct check_context *x);
void doctor_settings_free(struct check_context *x);
