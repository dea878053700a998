#include "apply/secrets.h"

#include "base/crypto.h"
#include "base/rnd.h"
#include "files/files.h"
#include "host/paths.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define MADE_LEN 35 /* as OpenVidu's */
#define LEN_MIN 16

static const char *path_to(char buf[static PATH_MAX], const char *name)
{
    char below[64];

    snprintf(below, sizeof(below), "secrets/%s", name);
    return path_join(buf, PATH_STATE, below);
}

static int take(const char *content, size_t len, char ret[static SECRET_SIZE])
{
    if (len > 0 && content[len - 1] == '\n')
        len--;
    if (len < LEN_MIN || len >= SECRET_SIZE)
        return -EBADMSG;
    for (size_t i = 0; i < len; i++)
        if (!isgraph((unsigned char) content[i]))
            return -EBADMSG;
    memcpy(ret, content, len);
    ret[len] = '\0';
    return 0;
}

int secret_read(const char *name, char ret[static SECRET_SIZE])
{
    char path[PATH_MAX], *content = NULL;
    size_t len = 0;
    int r = file_read(path_to(path, name), SECRET_SIZE, &content, &len);

    if (r == -EFBIG)
        return -EBADMSG;
    if (r < 0)
        return r;
    r = take(content, len, ret);
    secret_wipe(content, len);
    free(content);
    return r;
}

static int make(const char *name, char ret[static SECRET_SIZE])
{
    static const struct file_access folder = {0700, FILE_KEEP_OWNER, FILE_KEEP_OWNER},
                                    file = {0600, FILE_KEEP_OWNER, FILE_KEEP_OWNER};
    char text[MADE_LEN + 2], path[PATH_MAX];
    int r = dir_make(path_join(path, PATH_STATE, "secrets"), &folder);

    if (r < 0)
        return r;
    rnd_alnum(text, MADE_LEN);
    memcpy(ret, text, sizeof(text) - 1);
    text[MADE_LEN] = '\n';
    r = file_write(path_to(path, name), bytes_of(text, MADE_LEN + 1), &file);
    secret_wipe(text, sizeof(text));
    return r;
}

int secret_kept(const char *name, char ret[static SECRET_SIZE])
{
    int r = secret_read(name, ret);

    return r == -ENOENT ? make(name, ret) : r;
}
