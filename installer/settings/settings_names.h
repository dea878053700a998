/* settings_names.h: keys that are not in the table, but known: those that mean nothing here, those
 * of other editions, and those that have another name by now. Pure. */
#pragma once

#include "settings/settings.h"

enum setting_name_kind {
    SETTING_NAME_UNKNOWN,
    SETTING_NAME_IGNORED, /* accepted, does nothing: why says the reason */
    SETTING_NAME_OLD,     /* now has the name of modern */
    SETTING_NAME_ADVICE,  /* there is no such key: why says what there is instead */
};

struct setting_name {
    enum setting_name_kind kind;
    const char *why;    /* reads on after the key, or NULL */
    const char *modern; /* of SETTING_NAME_OLD; of SETTING_NAME_UNKNOWN the nearest, or NULL */
};

struct setting_name setting_name_look(const char *key);

/* The lists, for documentation; false past the last. A key may end in '*'. */
bool setting_ignored_at(size_t i, const char **ret_key, const char **ret_why);
bool setting_old_at(size_t i, const char **ret_key, const char **ret_modern);
