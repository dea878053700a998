#include "host/accounts.h"

#include "host/paths.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

static int find_user(const char *name, uid_t *ret)
{
    struct passwd entry, *found = NULL;
    char buf[4096];
    int r = getpwnam_r(name, &entry, buf, sizeof(buf), &found);

    if (!found)
        return r ? -r : -ENOENT;
    *ret = entry.pw_uid;
    return 0;
}

static int find_group(const char *name, gid_t *ret)
{
    struct group entry, *found = NULL;
    char buf[16384]; /* with the names of its members */
    int r = getgrnam_r(name, &entry, buf, sizeof(buf), &found);

    if (!found)
        return r ? -r : -ENOENT;
    *ret = entry.gr_gid;
    return 0;
}

int account_access(mode_t mode, const char *user, const char *group, struct file_access *ret)
{
    struct file_access a = {mode, FILE_KEEP_OWNER, FILE_KEEP_OWNER};
    int r = 0;

    if (!*path_root()) {
        if (user)
            r = find_user(user, &a.uid);
        if (r == 0 && group)
            r = find_group(group, &a.gid);
    }
    if (r == 0)
        *ret = a;
    return r;
}
