/* hook_unit.h: runs an operator's script for DNS records (certs/acme/hook.h) apart from everything
 * else: as a user of its own, in a transient unit with a sandbox where systemd is process 1, else
 * as a program of that user. What it may know comes from one file, and never stands on a command
 * line. The sandbox can be opened by drop-ins of visavis-dns-hook-.service. */
#pragma once

#include <stddef.h>

#define HOOK_UNIT_USER "visavis-hook" /* made by sysusers.d */
#define HOOK_UNIT_LIMIT_S 300

struct hook_unit {
    const char *user;     /* NULL or "": HOOK_UNIT_USER */
    const char *env_file; /* lines KEY=value; NULL or "": none; need not exist */
    unsigned limit_s;     /* 0: HOOK_UNIT_LIMIT_S */
};

/* For hook_config.run; arg is a struct hook_unit. The command's exit status; -ETIMEDOUT; another
 * errno when it could not be started: output says why then, if more is known. Values of the file
 * with a secret's name are masked in output. Any thread. */
int hook_unit_run(const char *const argv[], char **ret_output, void *arg);

/* Pure: the command that has it run by systemd. -E2BIG. Its texts are in ret. */
struct hook_unit_command {
    char texts[8][512];
    const char *argv[64];
};
int hook_unit_command(const struct hook_unit *u, unsigned number, const char *folder,
                      const char *const argv[], struct hook_unit_command *ret);
