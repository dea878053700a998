/* Settings in files: a .env of the operator's, and the values in force. */
#include "settings/settings_load.h"

#include "base/crypto.h"
#include "files/files.h"
#include "host/paths.h"
#include "settings/envfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- .env ---- */

struct forward {
    settings_problem_fn *problem;
    void *arg;
};

static void tell_file(const char *path, enum setting_severity severity, const char *what,
                      const char *mend, const struct forward *to)
{
    const struct setting_problem p = {
        .severity = severity, .file = path, .what = what, .mend = mend};

    to->problem(&p, to->arg);
}

static int refuse_file(const char *path, int r, const struct forward *to)
{
    char what[160];

    if (r == -ENOENT)
        tell_file(path, SETTING_ERROR, "there is no such file",
                  strcmp(path, path_of(PATH_ENV)) == 0 ? "sudo visavis setup" : NULL, to);
    else if (r == -EACCES)
        tell_file(path, SETTING_ERROR, "may not be read by you", "sudo visavis config check", to);
    else if (r == -EFBIG) {
        snprintf(what, sizeof(what), "is larger than %d KiB", ENVFILE_MAX / 1024);
        tell_file(path, SETTING_ERROR, what, NULL, to);
    } else {
        snprintf(what, sizeof(what), "cannot be read: %s", strerror(-r));
        tell_file(path, SETTING_ERROR, what, NULL, to);
    }
    return r;
}

static void warn_of_mode(const char *path, const struct forward *to)
{
    struct stat st;
    char mend[PATH_MAX + 32];

    if (stat(path, &st) < 0 || !(st.st_mode & S_IROTH))
        return;
    snprintf(mend, sizeof(mend), "sudo chmod 640 %s", path);
    tell_file(path, SETTING_WARNING, "can be read by everybody on this machine, secrets and all",
              mend, to);
}

int settings_load_file(const char *path, settings_problem_fn *problem, void *problem_arg,
                       struct settings **ret_s)
{
    const struct forward to = {problem, problem_arg};
    char *content;
    size_t len;
    int r = file_read(path, ENVFILE_MAX, &content, &len);

    if (r < 0)
        return refuse_file(path, r, &to);
    warn_of_mode(path, &to);
    r = settings_load_bytes(path, bytes_of(content, len), problem, problem_arg, ret_s);
    secret_wipe(content, len);
    free(content);
    return r;
}

/* ---- values in force ---- */

#define FIRST_LINE "# Values in force, written by visavis; changes here are lost.\n"

static bool is_kept(enum setting id)
{
    return setting_def(id)->scope != SETTING_DEV_ONLY;
}

void settings_write(struct wr *w, const struct settings *s)
{
    wr_str(w, FIRST_LINE);
    for (int id = 0; id < N_SETTINGS; id++)
        if (is_kept((enum setting) id))
            wr_fmt(w, "%s=%s\n", setting_def((enum setting) id)->key,
                   settings_text(s, (enum setting) id));
}

static int read_entry(struct loading *l, enum setting id, const struct envfile *f)
{
    const struct envfile_entry *e = is_kept(id) ? envfile_find(f, setting_def(id)->key) : NULL;
    char *text = e ? bytes_dup_str(e->value) : NULL;
    int r = e && !text ? -ENOMEM : loading_take(l, id, text, 0);

    if (text)
        secret_wipe(text, strlen(text));
    free(text);
    return r;
}

int settings_read(struct bytes content, struct settings **ret_s)
{
    struct envfile *f = NULL;
    struct loading l;
    int r;

    if (!bytes_starts_with(content, FIRST_LINE))
        return -EBADMSG;
    r = loading_begin(&l, SETTINGS_INSTALLED, NULL);
    if (r == 0)
        r = envfile_parse(content, ENVFILE_VERBATIM, &f);
    for (int id = 0; r == 0 && id < N_SETTINGS; id++)
        r = read_entry(&l, (enum setting) id, f);
    envfile_free(f);
    return loading_keep(&l, r, ret_s);
}
