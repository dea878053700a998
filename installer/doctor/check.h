/* check.h: what one check of the doctor is, and how it says what it found.
 *
 * A check is a function and a row of the table of its group (check_<group>.c). It runs in a process
 * of its own that is killed at the time limit, so it may block, and what it changes in memory is
 * lost. It says nothing when all is fine. */
#pragma once

#include "settings/settings.h"

#include <stdbool.h>
#include <stddef.h>

/* In the order of how bad they are. */
enum severity {
    SEVERITY_OK,
    SEVERITY_UNKNOWN, /* it could not be found out */
    SEVERITY_NOTE,    /* good to know; nothing needs to be done */
    SEVERITY_WARNING, /* works, but not as well or as long as it should */
    SEVERITY_FAILURE, /* something does not work */
    N_SEVERITIES
};

#define FINDING_TEXT_MAX 2048
#define FINDINGS_MAX 24

struct finding {
    enum severity severity;
    char text[FINDING_TEXT_MAX];    /* a sentence: what is wrong, and why it matters */
    char detail[FINDING_TEXT_MAX];  /* more for those who want it, or "" */
    char command[FINDING_TEXT_MAX]; /* what mends it, or "" */
};

/* Where the settings in `settings` come from. */
enum settings_origin {
    ORIGIN_ENV,      /* the operator's file, without a fault */
    ORIGIN_IN_FORCE, /* that has faults; these are served meanwhile */
    ORIGIN_PARTS,    /* what is right of the file, and defaults: no name and no secret if need be */
    ORIGIN_GUESSED,  /* defaults alone: there is a file, which is not ours to read */
};

struct check_context {
    const struct settings *settings; /* never NULL */
    enum settings_origin origin;
    const struct settings *in_force; /* what the daemons have; NULL: nothing, or it is not ours to
                                        read */
    const struct settings *own;      /* of the operator's file, as far as it is right; never NULL */
    bool preflight;                  /* nothing is installed yet */
    struct finding findings[FINDINGS_MAX];
    size_t n_findings;
};

typedef void check_fn(struct check_context *x);

enum check_flags {
    CHECK_PREFLIGHT = 1, /* makes sense before anything is installed */
    CHECK_INSTALLED = 2, /* makes sense on an installed machine */
    CHECK_ALWAYS = CHECK_PREFLIGHT | CHECK_INSTALLED,
    CHECK_ROOT = 4,  /* without root it is unknown */
    CHECK_ASKED = 8, /* takes long: runs when it, or its group, is named */
};

struct check {
    const char *id;    /* "ports.taken": the group, and a name that stays the same for ever */
    const char *title; /* what it looks at; one line, no full stop */
    check_fn *fn;
    unsigned flags;
    unsigned timeout_ms; /* 0: 3,000 */
    const char *needs;   /* id of a check further up; when that fails or is unknown, so is this */
};

/* The rows of a group, ended by an empty one. */
struct check_group {
    const char *name;
    const struct check *checks;
};

extern const struct check_group group_system, group_config, group_ports, group_names,
    group_firewall, group_kernel, group_certificates, group_services, group_web, group_turn,
    group_media, group_auth;

/* DOMAIN_OR_PUBLIC_IP; "" when it is not known. */
const char *check_host(const struct check_context *x);

/* A new finding; at most FINDINGS_MAX, those beyond are dropped. */
void found(struct check_context *x, enum severity severity, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* About the last finding. */
void found_detail(struct check_context *x, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void found_command(struct check_context *x, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
