/* report.h: what is found out while certificates are looked at, told sentence by sentence. */
#pragma once

#include "certs/certs.h"

struct report {
    certs_tell_fn *tell; /* NULL: nobody listens, faults are counted */
    void *arg;
    unsigned faults;
    bool faults_only; /* warnings and news are not told */
};

/* It cannot be used like that. */
void report_fault(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* It is used, but the operator should mend it. */
void report_warning(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void report_news(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
