/* /etc/visavis/.env: is it there, right, private, and in force? */
#include "doctor/check.h"

#include "apply/generation.h"
#include "host/paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_file(struct check_context *x)
{
    const char *path = path_of(PATH_ENV);

    if (access(path, R_OK) == 0)
        return;
    if (errno == EACCES) {
        found(x, SEVERITY_UNKNOWN, "You may not read %s.", path);
        found_command(x, "sudo visavis doctor");
        return;
    }
    found(x, SEVERITY_FAILURE,
          "There is no %s: no server name, no secret. What was in force before stays so.", path);
    found_command(x, "visavis setup");
}

/* ---- what the loader says ---- */

struct telling {
    struct check_context *x;
    bool about_secrets; /* warnings about secrets alone, else all but those and the file's mode */
    size_t n;
};

static void tell(const struct setting_problem *p, void *arg)
{
    static const enum severity severities[] = {[SETTING_NOTICE] = SEVERITY_NOTE,
                                               [SETTING_WARNING] = SEVERITY_WARNING,
                                               [SETTING_ERROR] = SEVERITY_FAILURE};
    struct telling *t = arg;
    const struct setting_def *d = p->key ? setting_find(p->key) : NULL;
    bool secret = d && setting_is_hidden(d) && p->severity == SETTING_WARNING;
    char place[32] = "";

    if (secret != t->about_secrets || (!p->key && !p->line))
        return;
    if (p->line)
        snprintf(place, sizeof(place), "line %u, ", p->line);
    found(t->x, severities[p->severity], "%s%s%s%s%s%s%s", place, p->key ? p->key : "",
          p->key && p->value && *p->value ? "=" : "", p->value ? p->value : "", p->key ? " " : "",
          p->what, p->severity == SETTING_ERROR ? ", so a change of the file has no effect." : ".");
    if (p->wanted)
        found_detail(t->x, "Allowed: %s.%s%s", p->wanted, p->example ? " Example: " : "",
                     p->example ? p->example : "");
    found_command(t->x, "%s", p->mend ? p->mend : "visavis config check");
}

static void tell_all(struct check_context *x, bool about_secrets)
{
    struct telling t = {.x = x, .about_secrets = about_secrets};
    struct settings *s = NULL;

    (void) settings_load_file(path_of(PATH_ENV), tell, &t, &s);
    settings_free(s);
}

static void check_values(struct check_context *x)
{
    tell_all(x, false);
}

static void check_secret(struct check_context *x)
{
    tell_all(x, true);
}

static void check_mode(struct check_context *x)
{
    const char *path = path_of(PATH_ENV);
    struct stat st;

    if (stat(path, &st) < 0)
        return;
    if (st.st_mode & 0137) {
        found(x, SEVERITY_WARNING, "%s has mode %04o: %s may %s the secret in it.", path,
              (unsigned) st.st_mode & 07777, st.st_mode & 0007 ? "everybody" : "its group",
              st.st_mode & 0022 ? "change" : "read");
        found_command(x, "chmod 640 %s", path);
    }
    if (st.st_uid != 0) {
        found(x, SEVERITY_WARNING, "%s belongs to user %u, who may change it; it should be root's.",
              path, (unsigned) st.st_uid);
        found_command(x, "chown root %s", path);
    }
}

static void check_applied(struct check_context *x)
{
    unsigned n;

    if (generation_current(&n) == 0)
        return;
    if (access(path_of(PATH_ENV), F_OK) < 0) {
        found(x, SEVERITY_UNKNOWN, "Cannot be known while config.file fails.");
        return;
    }
    found(x, SEVERITY_FAILURE, "The settings were never applied: there is nothing to serve.");
    found_command(x, "visavis start");
}

static void check_in_force(struct check_context *x)
{
    char keys[FINDING_TEXT_MAX / 2] = "";
    size_t len = 0, n = 0;

    if (!x->in_force) {
        found(x, SEVERITY_UNKNOWN, "The settings in force cannot be read.");
        return;
    }
    if (x->origin != ORIGIN_ENV)
        return; /* a file with faults cannot be in force, as config.values says */
    for (int i = 0; i < N_SETTINGS; i++) {
        const char *key = setting_def((enum setting) i)->key;

        if (!settings_differ(x->own, x->in_force, (enum setting) i))
            continue;
        n++;
        if (len + strlen(key) + 3 < sizeof(keys))
            len += (size_t) snprintf(keys + len, sizeof(keys) - len, "%s%s", len ? ", " : "", key);
    }
    if (n == 0)
        return;
    found(x, SEVERITY_WARNING,
          "%zu %s in %s from what is in force: %s. What the file says is not yet so.", n,
          n == 1 ? "setting differs" : "settings differ", path_of(PATH_ENV), keys);
    found_detail(x, "visavis config diff shows the values.");
    found_command(x, "visavis restart");
}

static const struct check checks[] = {
    {.id = "config.file",
     .title = "is there a file of settings",
     .fn = check_file,
     .flags = CHECK_INSTALLED},
    {.id = "config.values",
     .title = "is every line of it right",
     .fn = check_values,
     .flags = CHECK_INSTALLED,
     .needs = "config.file"},
    {.id = "config.secret-weak",
     .title = "are the secrets hard to guess",
     .fn = check_secret,
     .flags = CHECK_INSTALLED,
     .needs = "config.file"},
    {.id = "config.mode",
     .title = "can nobody but root change it, or read the secrets",
     .fn = check_mode,
     .flags = CHECK_INSTALLED,
     .needs = "config.file"},
    {.id = "config.applied",
     .title = "was it ever applied",
     .fn = check_applied,
     .flags = CHECK_INSTALLED},
    {.id = "config.in-force",
     .title = "do the daemons have the settings of the file",
     .fn = check_in_force,
     .flags = CHECK_INSTALLED | CHECK_ROOT,
     .needs = "config.applied"},
    {.id = NULL},
};

const struct check_group group_config = {"config", checks};
