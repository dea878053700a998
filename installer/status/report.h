/* report.h: what a stranger needs to help with a server, without its secrets: files in a folder. */
#pragma once

#include "base/bytes.h"

#include <stdbool.h>

#define REPORT_LOG_MAX (2U * 1024 * 1024) /* of each unit, the newest */

struct report_part {
    const char *name; /* "versions.txt" */
    const char *what; /* for the preview */
    size_t size;      /* bytes; 0: there was nothing to put in */
};

/* Writes the parts into the folder, 0600, each passed through the scrubber. Told one by one.
 * visavis: the program that is asked for `doctor`; NULL: it is left out. */
typedef void report_part_fn(const struct report_part *part, void *arg);
int report_gather(const char *folder, const char *visavis, report_part_fn *told, void *arg);
