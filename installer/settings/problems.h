/* problems.h: what there is to say about a configuration, collected, put in order, and shown. */
#pragma once

#include "settings/settings.h"

#include <stdio.h>

struct problems;

int problems_new(struct problems **ret_p);
struct problems *problems_free(struct problems *p); /* NULL is fine; returns NULL */

/* Copies. One that is there already (line, key and what) is not told twice. A settings_problem_fn,
 * with the problems as its argument; running out of memory shows in problems_failed(). */
void problems_add(const struct setting_problem *problem, void *problems);
bool problems_failed(const struct problems *p);

/* By line, those of no line first; in the order of coming within a line. */
void problems_sort(struct problems *p);

size_t problems_n(const struct problems *p);
size_t problems_count(const struct problems *p, enum setting_severity severity);
const struct setting_problem *problems_at(const struct problems *p,
                                          size_t i); /* NULL past the last */

/* Blocks of a few lines with an empty line between, each with what is wrong, what is allowed, an
 * example and a command. */
void problems_print(const struct problems *p, FILE *to);

/* "2 errors, 1 warning"; "no problems". Returns buf. */
#define PROBLEMS_SUMMARY_SIZE 96
const char *problems_summary(const struct problems *p, char buf[static PROBLEMS_SUMMARY_SIZE]);

/* One problem as one line: ".env:3: HTTPS_PORT=x is no port; allowed: ...; mend it by: ...".
 * Returns buf. */
const char *problem_line(const struct setting_problem *p, char *buf, size_t cap);

/* "error", "warning", "notice" */
const char *problems_severity_name(enum setting_severity severity);
