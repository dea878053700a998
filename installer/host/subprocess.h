/* subprocess.h: runs a program to its end and keeps what it said. No shell, a small environment
 * (PATH, LANG=C.UTF-8), descriptors closed, killed with its process group at the time limit. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define SUBPROCESS_OUTPUT_MAX (4 << 20) /* rule sets, whole configurations */

struct subprocess_result {
    int status;   /* exit status, 128 + signal, or -1 when it was killed at the time limit */
    char *output; /* stdout, NUL-terminated, at most SUBPROCESS_OUTPUT_MAX (the rest is dropped) */
    char *error;  /* stderr, likewise */
};

/* argv[0] is looked up in /usr/sbin:/usr/bin:/sbin:/bin. input may be NULL. 0 when it ran, whatever
 * its status; -ENOENT when there is no such program. Free with subprocess_done(). */
int subprocess_run(const char *const argv[], const char *input, unsigned timeout_ms,
                   struct subprocess_result *ret);

/* As another user, without any privilege and any way to get one. */
struct subprocess_user {
    uid_t uid;
    gid_t gid;
    const char *folder;             /* where it works */
    const char *const *environment; /* "KEY=value", all of it; ended by NULL */
};

/* The same, as that user. -EPERM: we may not. */
int subprocess_run_as(const struct subprocess_user *user, const char *const argv[],
                      unsigned timeout_ms, struct subprocess_result *ret);

void subprocess_done(struct subprocess_result *r);
