/* child.h: a daemon as a child process, in a private folder that goes with it: configuration,
 * sockets and log in one place; and what the process has used. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CHILD_PATH_SIZE 108 /* what fits a Unix socket's name */

struct child;

/* Makes the folder. name is for messages. */
int child_new(const char *name, struct child **ret_c);

/* SIGTERM, after a while SIGKILL. 0 when it ended well, or has been waited for already; -EIO: it
 * did not, as when a sanitizer found something; then the log is shown. */
int child_stop(struct child *c);

/* SIGTERM, after a while SIGKILL; the log is shown when it did not end well. Removes the folder.
 * What is left when the program exits goes the same way. */
struct child *child_free(struct child *c); /* NULL is fine */

/* The path of a file in the folder; returns ret. */
const char *child_path(const struct child *c, const char *file, char ret[static CHILD_PATH_SIZE]);

/* A file of the folder, mode 0600, of a printf text. */
int child_write(const struct child *c, const char *file, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Before the start: it inherits fd, which stays the caller's, as a socket of that name
 * (sd_listen_fds(3)). -ENOSPC. */
int child_give_socket(struct child *c, int fd, const char *name);

/* Before the start: a variable of its environment. -ENOSPC. */
int child_set(struct child *c, const char *name, const char *value);

/* Before the start: it loads this file of tests/preload, "stall.so". */
int child_preload(struct child *c, const char *name);

/* argv[0] is the program's path. Its output goes to the log; it dies with us, and leaves no core.
 */
int child_start(struct child *c, char *const argv[]);

/* Until it says READY=1 on NOTIFY_SOCKET. -ETIMEDOUT, -ECHILD: it ended. */
int child_wait_ready(struct child *c, unsigned timeout_ms);

/* Until it says something with this text in it on NOTIFY_SOCKET. */
int child_wait_told(struct child *c, const char *text, unsigned timeout_ms);

/* Until it ends by itself; *ret_status is waitpid()'s. -ETIMEDOUT. */
int child_wait_end(struct child *c, unsigned timeout_ms, int *ret_status);

/* Is this text in its log? */
bool child_has_logged(const struct child *c, const char *text);

/* One of ours, from the bin/ beside a folder that the calling program is in, with
 * "--config <its folder>/config"; until it is ready. */
int child_start_daemon(struct child *c, const char *name);

/* Runs fn(arg) in a fork of this process instead; the child's exit status is what fn returns. */
int child_fork(struct child *c, int (*fn)(void *arg), void *arg);

pid_t child_pid(const struct child *c);

struct child_usage {
    uint64_t cpu_ns; /* all of it, exact; user and system apart are counted in ticks of 10 ms */
    uint64_t user_ms, system_ms;
    uint64_t rss_kib, pss_kib;
    uint64_t anonymous_kib; /* the heap and the stacks; not the programs' text */
};
int child_usage(const struct child *c, struct child_usage *ret);
