/* inforce.h: what `visavis apply` put in force: the settings, their generation, its time. */
#pragma once

#include "apply/decided.h"
#include "settings/settings.h"

/* The settings in force. -ENOENT: nothing was applied yet; -EACCES: not root. */
int inforce_settings(struct settings **ret);

/* And what was decided beside them. -ENOENT; -EBADMSG: by another version. */
int inforce_decided(struct decided *ret);

struct inforce {
    unsigned generation;
    uint64_t applied_us; /* wall clock */
};

/* -ENOENT: nothing was applied yet. */
int inforce_look(struct inforce *ret);
