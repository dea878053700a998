/* doctor_print.h: results of the doctor for people and as JSON. */
#pragma once

#include "doctor/doctor.h"

/* Grouped, one screen when little is wrong. details: also what found_detail() said. */
void doctor_print(const struct doctor *d, FILE *to, bool details);

void doctor_print_json(const struct doctor *d, FILE *to);

/* All checks with what they look at. */
void doctor_print_list(const struct check_group *const *groups, FILE *to);
void doctor_print_list_json(const struct check_group *const *groups, FILE *to);
