#include "cmd/manpage.h"
#include "cmd/verbs.h"
#include "files/files.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* One page as text, written to a file of that name in the folder. */
static int write_page(const char *folder, const char *name, const struct cmd *verb)
{
    const struct file_access access = {
        .mode = 0644, .uid = FILE_KEEP_OWNER, .gid = (gid_t) FILE_KEEP_OWNER};
    char path[PATH_MAX];
    char *content = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&content, &len);
    int r;

    if (!f)
        return -ENOMEM;
    if (verb)
        manpage_verb(f, verb);
    else
        manpage_main(f, verbs);
    fclose(f);
    snprintf(path, sizeof(path), "%s/%s.1", folder, name);
    r = file_write(path, bytes_of(content, len), &access);
    free(content);
    return r;
}

static int write_all(const struct cmd_call *call, const char *folder)
{
    int r = dir_make(folder, NULL);

    if (r == 0)
        r = write_page(folder, "visavis", NULL);
    for (const struct cmd *const *v = verbs; r == 0 && *v; v++) {
        char name[80];

        snprintf(name, sizeof(name), "visavis-%s", (*v)->name);
        if (!(*v)->internal)
            r = write_page(folder, name, *v);
    }
    return r == 0 ? CMD_OK : cmd_fail(call, CMD_FAILED, "%s: %s", folder, strerror(-r));
}

static int run(const struct cmd_call *call)
{
    const struct cmd *verb = cmd_arg(call, 0) ? cmd_find(verbs, cmd_arg(call, 0)) : NULL;

    if (cmd_has(call, "into"))
        return write_all(call, cmd_value(call, "into"));
    if (cmd_arg(call, 0) && !verb)
        return cmd_fail(call, CMD_USAGE, "there is no verb '%s'", cmd_arg(call, 0));
    if (verb)
        manpage_verb(stdout, verb);
    else
        manpage_main(stdout, verbs);
    return CMD_OK;
}

static const struct cmd_option options[] = {
    {.name = "into", .arg = "FOLDER", .help = "write all pages as files there"},
    {0},
};

const struct cmd cmd_man = {
    .name = "man",
    .fn = run,
    .args = "[VERB]",
    .options = options,
    .help = "print a manual page",
    .no_json = true,
    .internal = true,
};
