#include "apply/folders.h"

#include "host/accounts.h"
#include "host/paths.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

/* As the package's tmpfiles.d has them. */
static const struct {
    enum path path;
    mode_t mode;
    const char *below; /* or NULL */
    const char *user, *group;
} ours[] = {
    {PATH_ETC, 0755, NULL, "root", "root"},
    {PATH_OWNCERT, 0700, NULL, "root", "root"},
    {PATH_NGINX_OWN, 0755, NULL, "root", "root"},
    {PATH_STATE, 0755, NULL, "root", "root"},
    {PATH_CONF, 0755, NULL, "root", "root"},
    {PATH_CERTS, 0755, NULL, "root", "root"},
    {PATH_ACME, 0750, NULL, "root", "visavis-proxy"},
    {PATH_ACME_WEBROOT, 0750, NULL, "root", "visavis-proxy"},
    {PATH_RECORDINGS, 02750, NULL, "visavis-signaling", "visavis-proxy"},
    {PATH_CDR, 0750, NULL, "visavis-signaling", "visavis-signaling"},
    {PATH_LAYOUTS, 0750, NULL, "root", "visavis-proxy"},
    {PATH_REDIS, 0700, NULL, "visavis-redis", "visavis-redis"},
    {PATH_RUN, 0755, NULL, "root", "root"},
    {PATH_RUN, 0750, "nginx", "root", "visavis-proxy"},
    {PATH_RUN, 0750, "turn", "root", "visavis-turn"},
    {PATH_RUN, 01775, "metrics", "root", "visavis"},
};

/* Folders that a setting may put elsewhere. */
static const struct {
    enum setting setting;
    mode_t mode;
    const char *user, *group;
} operators[] = {
    {SET_RECORDING_PATH, 02750, "visavis-signaling", "visavis-proxy"},
    {SET_CDR_PATH, 0750, "visavis-signaling", "visavis-signaling"},
    {SET_RECORDING_CUSTOM_LAYOUT, 0750, "root", "visavis-proxy"},
};

static bool is_as_wanted(const char *path, const struct file_access *a)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 07777) == a->mode &&
           (a->uid == FILE_KEEP_OWNER || a->uid == st.st_uid) &&
           (a->gid == FILE_KEEP_OWNER || a->gid == st.st_gid);
}

static int make_ours(char ret_what[static PATH_MAX])
{
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        char below[PATH_MAX];
        const char *path =
            ours[i].below ? path_join(below, ours[i].path, ours[i].below) : path_of(ours[i].path);
        struct file_access access;
        int r = account_access(ours[i].mode, ours[i].user, ours[i].group, &access);

        if (r < 0) {
            snprintf(ret_what, PATH_MAX, "%s or %s", ours[i].user, ours[i].group);
            return -ENOENT;
        }
        if (!is_as_wanted(path, &access))
            r = dir_make(path, &access);
        if (r < 0) {
            snprintf(ret_what, PATH_MAX, "%s", path);
            return r == -ENOENT ? -EIO : r;
        }
    }
    return 0;
}

static void make_operators(const struct settings *s, folders_problem_fn *problem, void *arg)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        enum setting id = operators[i].setting;
        char path[PATH_MAX], command[PATH_MAX + 128];
        struct file_access access;
        int r;

        if (settings_is_default(s, id) || file_exists(settings_path(s, id, path)))
            continue;
        r = account_access(operators[i].mode, operators[i].user, operators[i].group, &access);
        if (r == 0)
            r = dir_make(path, &access);
        if (r == 0)
            continue;
        snprintf(command, sizeof(command), "sudo install -d -o %s -g %s -m %o '%s'",
                 operators[i].user, operators[i].group, operators[i].mode, path);
        problem(path, r, command, arg);
    }
}

int folders_make(const struct settings *s, folders_problem_fn *problem, void *arg,
                 char ret_what[static PATH_MAX])
{
    int r = make_ours(ret_what);

    if (r == 0)
        make_operators(s, problem, arg);
    return r;
}
