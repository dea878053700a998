/* jobs.h: carries out a plan with the service manager. */
#pragma once

#include "apply/plan.h"
#include "base/log.h"
#include "units/units.h"

struct jobs {
    struct units *units;
    bool wait; /* for each job's end; never within visavis-setup.service, which others wait for */
    void (*on_text)(enum log_level level, const char *text, void *arg);
    void *arg;
};

/* Units that do not run are started when the target is up, else left alone: they take the new
 * configuration with their next start. nginx, which is not the target's, is started in any case.
 * 0, or the last error; each was told. */
int jobs_run(const struct jobs *j, const struct plan *p);
