/* log_view.h: lines of the log as they are shown: like `journalctl -o short-iso`, with the level's
 * word before warnings and errors, or as JSON, a document a line. */
#pragma once

#include "units/journal.h"

#include <stdio.h>

struct log_view {
    FILE *to;
    bool json;
    bool bare; /* the unit's own words alone, without time and name */
    char host[256];
};

void log_view_init(struct log_view *v, FILE *to, bool json);

/* A journal_line_fn: arg is the view. */
bool log_view_line(const struct journal_line *line, void *arg);

/* Shows what comes until Ctrl+C. */
int log_view_follow(struct log_view *v, struct journal *j);
