/* manage.h: what the verbs share that drive the units of the product. */
#pragma once

#include "cmd/cmd.h"
#include "units/health.h"

/* CMD_FAILED after the sentence that names `visavis run`. */
int manage_no_systemd(const struct cmd_call *call);

/* CMD_OK and a connection to the manager, or the status after the sentence that says why not: no
 * systemd here, or not root though needs_root. */
int manage_open(const struct cmd_call *call, bool needs_root, struct units **ret);

/* The arguments as services, those that are shared with other software among them only if
 * with_shared. CMD_USAGE after the sentence that suggests the known ones. "all", or no argument, is
 * none. */
int manage_services(const struct cmd_call *call, bool with_shared,
                    const struct service *ret[static SERVICES_MAX], size_t *ret_n);

/* A cmd_word_fn: the words of the services, and "all". */
const char *manage_word(size_t i);

/* Runs the job for all of these (none: the target with everything) and waits, with progress on
 * stderr unless JSON is asked for. CMD_OK also when units failed: their health tells. */
int manage_run(const struct cmd_call *call, struct units *u, enum unit_job job,
               const struct service *const *services, size_t n);

/* Waits until nothing starts or stops any more, for a while at most. */
int manage_settle(struct units *u, bool with_nginx, struct health_report *ret);

/* The last lines of the unit's log since then, on stderr; of setup its words alone, whole. */
void manage_print_log(const char *unit, uint64_t since_us);
