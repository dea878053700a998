/* runner.h: runs the installed product where systemd is not process 1: applies .env, starts what it
 * asks for, starts again what ends, renews certificates, and takes a changed .env on SIGHUP. */
#pragma once

#include <sys/types.h>

typedef void runner_ready_fn(void *arg);

/* Until SIGTERM or SIGINT; 0 then. on_ready is called once, when all is ready for the first time;
 * it may be NULL. -EALREADY: one runs on this machine; -EINVAL: no configuration to run with, told
 * why; another errno. */
int runner_run(runner_ready_fn *on_ready, void *arg);

/* The process of the one that runs on this machine; 0: none does. */
pid_t runner_pid(void);
