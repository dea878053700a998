/* event_names.h: the events of webhook and CDR that the API knows, those of other editions
 * included. */
#pragma once

#include <stddef.h>

/* The name itself, which lives forever, or NULL. */
const char *event_name_find(const char *name);

#define EVENT_NAMES_SENT 9 /* the first so many are those that this server sends */

/* The i-th of all; NULL past the last. */
const char *event_name(size_t i);

/* The i-th of those that are in force when none are named; NULL past the last. */
const char *event_name_default(size_t i);
