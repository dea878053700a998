/* settings_load.h: a configuration while it is loaded; for the modules of settings alone. */
#pragma once

#include "settings/problems.h"
#include "settings/settings_check.h"

struct settings {
    struct setting_value values[N_SETTINGS];
    bool is_default[N_SETTINGS];
};

struct loading {
    enum settings_mode mode;
    const char *file; /* NULL: no file */
    struct settings *s;
    struct problems *problems;
    struct {
        unsigned line;
        bool given; /* and not empty */
        bool bad;
    } keys[N_SETTINGS];
};

int loading_begin(struct loading *l, enum settings_mode mode, const char *file);

/* The text that was given for a key; NULL or "": its default. 0 also when it is wrong: that is
 * told. -ENOMEM. */
int loading_take(struct loading *l, enum setting id, const char *text, unsigned line);

/* Says something about a key with its line and value. what is printf's; example: a value, or NULL.
 */
void loading_tell(struct loading *l, enum setting id, enum setting_severity severity,
                  const char *example, const char *what, ...) __attribute__((format(printf, 5, 6)));

/* Says something about a line. mend is a command with %s where the file's name belongs, or NULL. */
void loading_tell_line(struct loading *l, enum setting_severity severity, unsigned line,
                       const char *key, const char *mend, const char *what, ...)
    __attribute__((format(printf, 6, 7)));

/* Checks that span keys: settings_cross.c. */
void loading_cross_check(struct loading *l);

/* Passes on what was collected, and the result if there is one. Ends the loading in any case. */
int loading_finish(struct loading *l, int r, settings_problem_fn *problem, void *problem_arg,
                   struct settings **ret_s);

/* The same without checks that span keys, and whatever was told. */
int loading_keep(struct loading *l, int r, struct settings **ret_s);
