/* apply.h: from the .env file to running daemons: reads it, decides, renders a generation, tries
 * nginx with it, puts it in force, and lets the units whose files have changed take notice.
 *
 * Whoever is killed in the middle leaves the old or the new generation in force; the next run
 * finishes what is left. Runs exclude each other. */
#pragma once

#include "apply/decided.h"
#include "apply/plan.h"
#include "base/log.h"

struct apply_options {
    bool dry_run;  /* only finds out what would be done; writes nothing */
    bool at_start; /* within visavis-setup.service: waits for no unit */
    bool no_units; /* leaves them alone */
    bool folders;  /* makes the folders that the settings name, and that is all */
};

enum apply_end {
    APPLY_DONE,    /* or nothing was to be done */
    APPLY_PARTLY,  /* in force, but for what was told: the web server, a unit */
    APPLY_REFUSED, /* the settings are wrong; what was in force stays */
    APPLY_FAILED,  /* something went wrong; what was in force stays, unless told otherwise */
};

struct apply_result {
    enum apply_end end;
    unsigned generation; /* in force; 0: none */
    bool is_new;         /* made, or in a dry run to be made, by this run */
    bool new_certificate;
    struct decided decided;
    struct plan plan;
    bool changed[N_SETTINGS]; /* against the generation applied last; none at the first time */
};

/* Both are told in order, as it happens. */
struct apply_listener {
    void (*on_problem)(const struct setting_problem *p, void *arg);
    void (*on_text)(enum log_level level, const char *text, void *arg); /* a line */
    void *arg;
};

/* *ret is complete up to where it ended. */
void apply_run(const struct apply_options *o, const struct apply_listener *listener,
               struct apply_result *ret);
