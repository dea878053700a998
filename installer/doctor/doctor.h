/* doctor.h: runs checks, each in a process of its own, several at a time, and tells the results. */
#pragma once

#include "doctor/check.h"

#include <stdio.h>

struct check_result {
    const struct check *check;
    const char *group;
    enum severity severity; /* the worst of its findings */
    struct finding *findings;
    size_t n_findings;
    unsigned took_ms;
    bool ran; /* false: left out, one finding says why */
};

struct doctor;

/* words: ids and groups to run, all when n_words is 0; with those that they need. groups ends with
 * NULL. -ENOENT: *ret_wrong is a word that is neither. */
int doctor_new(const struct check_group *const *groups, struct check_context *context,
               const char *const *words, size_t n_words, struct doctor **ret,
               const char **ret_wrong);

/* NULL is fine; returns NULL. */
struct doctor *doctor_free(struct doctor *d);

/* Runs them all. 0, or a negative errno when not even processes can be had. */
int doctor_run(struct doctor *d);

/* After doctor_run(). In the order of the table; those that ran only because others need them are
 * left out. */
const struct check_result *doctor_result(const struct doctor *d, size_t i); /* NULL past the last */
enum severity doctor_worst(const struct doctor *d);

/* ok, unknown, note, warning, failure */
const char *severity_name(enum severity s);

/* All groups, in the order in which one looks for a fault; ended by NULL. */
extern const struct check_group *const check_groups[];
