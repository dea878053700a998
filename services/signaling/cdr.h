/* cdr.h: the files of call detail records, CDR.<date>_<time>.log in a folder, a line per event; a
 * new file each day and with each start of the daemon, when the oldest go (cdr_prune.h).
 *
 * A line's place is fixed before it is written: written once more, after a crash, it is the same
 * bytes at the same place. No loop and no queue: the caller tries again. */
#pragma once

#include "base/bytes.h"

#define CDR_FILE_BYTES (128ull << 20) /* then another file is begun: all can be downloaded */
#define CDR_FILE_SIZE 32              /* "CDR.2026-11-23_09-30-00.log" */

struct cdr_place {
    char file[CDR_FILE_SIZE];
    uint64_t offset;
};

/* Zeroed memory is one without a folder. */
struct cdr {
    char *folder;
    struct cdr_place next;
    int day; /* of next, in local time */
    int fd;  /* of opened, while lines are written */
    char opened[CDR_FILE_SIZE];
    uint64_t size; /* of opened */
};

/* Places fixed so far stay. -ENOMEM. */
int cdr_set_folder(struct cdr *c, const char *folder);
void cdr_done(struct cdr *c);

/* The place of a new line of that length. */
void cdr_next(struct cdr *c, size_t len, struct cdr_place *ret_place);

/* A line of an earlier life has this place. */
void cdr_reserve(struct cdr *c, const struct cdr_place *place, size_t len);

/* A name that cdr_next() could have made? */
bool cdr_is_file_name(const char *name);

/* -ESTALE: the file has become shorter than the place's offset, or is gone, or is another one that
 * has something else in this place (somebody rotates logs): give this line and those after it new
 * places, after cdr_restart(). Other errors (-ENOSPC, -ENOENT, ...): try again later, which
 * completes what was written in part. */
int cdr_write(struct cdr *c, const struct cdr_place *place, struct bytes line);

/* The next places begin where the current file ends now. */
void cdr_restart(struct cdr *c);

/* Until the next cdr_write(), nothing is kept open. */
void cdr_close(struct cdr *c);
