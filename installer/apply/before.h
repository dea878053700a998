/* before.h: what the daemons were told last, and how the configuration wanted now differs. */
#pragma once

#include "apply/desired.h"

struct before {
    bool any;        /* there was a generation */
    unsigned number; /* of it */
    bool readable;   /* what follows is known */
    struct settings *settings;
    struct decided decided;
};

void before_load(struct before *ret);
void before_done(struct before *b);

/* Was that key the same? false when nothing is known. */
bool before_same(const struct before *b, const struct settings *now, enum setting id);

/* now: what is wanted; was: what the settings and decisions of then would be rendered to now, NULL
 * when they are not known. Adds to *ret. Looks at the files of then, and at the drop-ins that are
 * there. */
void before_compare(const struct before *b, const struct desired *now, const struct desired *was,
                    struct plan_input *ret);
