/* json.h: the documents that --json prints. */
#pragma once

#include "base/bytes.h"

#include <jansson.h>

/* A string of text from outside: what is no UTF-8 is shown as U+FFFD. */
json_t *json_text(struct bytes text);

/* "2026-01-31T12:00:00.123456Z"; null for 0. */
json_t *json_time(uint64_t time_us);

/* Prints the document on stdout and drops it. The exit status: status, or EXIT_FAILURE when memory
 * was out. */
int json_print(json_t *document, int status);
