/* event_names.h: the events that the API knows, those of other editions included. */
#pragma once

/* The name itself, which lives forever, or NULL. */
const char *event_name_find(const char *name);
