/* visavis env-init: what the packages call. Never touches a .env that is there. */
#include "base/crypto.h"
#include "files/files.h"
#include "installer/envstore.h"
#include "installer/paths.h"
#include "installer/settings.h"
#include "installer/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 4096
#define CHANGES_MAX 32

struct answers {
    char lines[CHANGES_MAX][LINE_MAX_LEN];
    struct env_change changes[CHANGES_MAX + 1];
    size_t n;
    char secret[ENVSTORE_SECRET_LEN + 1];
};

/* KEY=value, a line each. An answer that was left empty is none. */
static int read_answers(const struct cmd_call *call, struct answers *a)
{
    while (a->n < CHANGES_MAX && fgets(a->lines[a->n], LINE_MAX_LEN, stdin)) {
        char *line = a->lines[a->n];
        char *equals = strchr(line, '=');

        line[strcspn(line, "\r\n")] = '\0';
        if (!*line)
            continue;
        if (!equals)
            return cmd_fail(call, CMD_USAGE, "stdin: a line is not KEY=value");
        *equals = '\0';
        if (!setting_find(line))
            return cmd_fail(call, CMD_USAGE, "stdin: %s is no setting", line);
        if (equals[1]) {
            a->changes[a->n] = (struct env_change){line, equals + 1};
            a->n++;
        }
    }
    return CMD_OK;
}

static void add_secret(struct answers *a)
{
    const char *key = setting_def(SET_OPENVIDU_SECRET)->key;

    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->changes[i].key, key) == 0)
            return;
    envstore_make_secret(a->secret);
    a->changes[a->n++] = (struct env_change){key, a->secret};
}

static int write_env(const struct answers *a)
{
    char *text, *edited = NULL;
    size_t len, edited_len = 0;
    bool is_new;
    int r = envstore_read(&text, &len, &is_new);

    if (r < 0)
        return r;
    r = envedit(bytes_of(text, len), a->changes, a->n, &edited, &edited_len);
    if (r == 0)
        r = envstore_write(bytes_of(edited, edited_len));
    free(text);
    if (edited)
        secret_wipe(edited, edited_len);
    free(edited);
    return r;
}

static int run(const struct cmd_call *call)
{
    struct answers *a;
    int status, r = 0;

    if (file_exists(path_of(PATH_ENV)))
        return CMD_OK;
    a = calloc(1, sizeof(*a));
    if (!a)
        return cmd_fail(call, CMD_FAILED, "out of memory");
    status = read_answers(call, a);
    if (status == CMD_OK) {
        add_secret(a);
        r = write_env(a);
    }
    if (r < 0)
        status = cmd_fail(call, CMD_FAILED, "%s: %s", path_of(PATH_ENV), strerror(-r));
    secret_wipe(a, sizeof(*a));
    free(a);
    return status;
}

const struct cmd cmd_env_init = {
    .name = "env-init",
    .fn = run,
    .help = "write .env from KEY=value lines on stdin, if there is none",
    .internal = true,
    .no_json = true,
};
