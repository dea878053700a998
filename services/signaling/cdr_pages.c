#include "signaling/cdr_pages.h"

#include "signaling/cdr.h"
#include "signaling/rest.h"

#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>

static int is_cdr(const struct dirent *d)
{
    return cdr_is_file_name(d->d_name);
}

/* Their names have the time, so alphabetical order is that of time. */
static json_t *list_files(const char *folder)
{
    json_t *list = json_array();
    struct dirent **found;
    int n = scandir(folder, &found, is_cdr, alphasort);

    if (n < 0)
        return list;
    for (int i = 0; i < n; i++) {
        json_array_append_new(list, json_string(found[i]->d_name));
        free(found[i]);
    }
    free(found);
    return list;
}

static void reply_list(struct web_request *rq, const char *folder)
{
    json_t *list = list_files(folder);
    char *text = json_dumps(list, JSON_COMPACT);

    web_reply(rq, text ? 200 : 500, "application/json", bytes_str(text));
    free(text);
    json_decref(list);
}

void cdr_pages_reply(struct web_request *rq, const char *folder, const char *path)
{
    if (*folder && path && *path == '\0')
        reply_list(rq, folder);
    else if (*folder && path && cdr_is_file_name(path))
        web_reply_file(rq, folder, path);
    else
        rest_refuse(rq, 404);
}
