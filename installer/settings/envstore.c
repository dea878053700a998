#include "settings/envstore.h"

#include "base/rnd.h"
#include "files/files.h"
#include "host/paths.h"
#include "settings/envfile.h"
#include "settings/template.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

int envstore_read_at(const char *path, char **ret_text, size_t *ret_len, bool *ret_is_new)
{
    int r = file_read(path, ENVFILE_MAX, ret_text, ret_len);
    struct wr w;
    char *text;

    if (r != -ENOENT) {
        *ret_is_new = false;
        return r;
    }
    text = malloc(ENVFILE_MAX);
    if (!text)
        return -ENOMEM;
    w = wr_init(text, ENVFILE_MAX);
    template_write(&w);
    r = wr_finish(&w, ret_len);
    if (r < 0) {
        free(text);
        return r;
    }
    *ret_text = text;
    *ret_is_new = true;
    return 0;
}

/* A file that was there stays where it is, behind a link perhaps, and whose it is. */
static int find_target(const char *path, char target[static PATH_MAX], struct file_access *ret)
{
    struct stat st;

    if (!realpath(path, target)) {
        snprintf(target, PATH_MAX, "%s", path);
        return errno == ENOENT ? 0 : -errno;
    }
    if (stat(target, &st) < 0)
        return -errno;
    *ret = (struct file_access){.mode = st.st_mode & 07777, .uid = st.st_uid, .gid = st.st_gid};
    return 0;
}

int envstore_write_at(const char *path, struct bytes text)
{
    struct file_access access = {0640, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
    char target[PATH_MAX];
    int r = find_target(path, target, &access);

    return r < 0 ? r : file_write(target, text, &access);
}

int envstore_read(char **ret_text, size_t *ret_len, bool *ret_is_new)
{
    return envstore_read_at(path_of(PATH_ENV), ret_text, ret_len, ret_is_new);
}

int envstore_write(struct bytes text)
{
    int r = dir_make(path_of(PATH_ETC), NULL);

    return r < 0 ? r : envstore_write_at(path_of(PATH_ENV), text);
}

void envstore_make_secret(char ret[static ENVSTORE_SECRET_LEN + 1])
{
    rnd_alnum(ret, ENVSTORE_SECRET_LEN);
}
