/* journal.h: the log of units, from the system's journal (sd-journal, met here alone). */
#pragma once

#include "base/bytes.h"

#include <sys/types.h>

struct journal;

struct journal_line {
    uint64_t time_us;  /* since 1970 */
    const char *unit;  /* "visavis-media.service" */
    int level;         /* as syslog's: 3 error, 4 warning, 6 info */
    pid_t pid;         /* of the writer; 0 unknown */
    bool from_manager; /* systemd's words about the unit, not the unit's own */
    struct bytes text; /* as it was written: anything may be in it */
};

/* Lines are borrowed for the length of the call. False: no more, please. */
typedef bool journal_line_fn(const struct journal_line *line, void *arg);

/* The log of these units (borrowed for the call), oldest line first. -EACCES: one must be root, or
 * in the group adm or systemd-journal. */
int journal_open(const char *const *units, size_t n_units, struct journal **ret);
struct journal *journal_close(struct journal *j); /* NULL is fine; returns NULL */

/* Before a place to read from is chosen: those lines alone whose field has this value. With several
 * fields all of them. */
int journal_filter(struct journal *j, const char *name, const char *value);

/* Where reading begins: so many lines before the end (0: what is yet to come), at a time, or at the
 * beginning. */
int journal_seek_last(struct journal *j, unsigned n_lines);
int journal_seek_time(struct journal *j, uint64_t time_us);
int journal_seek_first(struct journal *j);

/* All lines from there to the end; then from there on at the next call. */
int journal_read(struct journal *j, journal_line_fn *fn, void *arg);

/* Waits for more lines, or for stop_fd to be readable. 1: lines; 0: stop_fd. */
int journal_wait(struct journal *j, int stop_fd);

/* "error", "warning", "info", ... */
const char *journal_level_name(int level);
