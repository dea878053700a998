#include "installer/envstore.h"

#include "base/rnd.h"
#include "files/files.h"
#include "installer/envfile.h"
#include "installer/paths.h"
#include "installer/template.h"

#include <errno.h>
#include <stdlib.h>

int envstore_read(char **ret_text, size_t *ret_len, bool *ret_is_new)
{
    int r = file_read(path_of(PATH_ENV), ENVFILE_MAX, ret_text, ret_len);
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

int envstore_write(struct bytes text)
{
    static const struct file_access access = {0640, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
    int r = dir_make(path_of(PATH_ETC), NULL);

    return r < 0 ? r : file_write(path_of(PATH_ENV), text, &access);
}

void envstore_make_secret(char ret[static ENVSTORE_SECRET_LEN + 1])
{
    rnd_alnum(ret, ENVSTORE_SECRET_LEN);
}
