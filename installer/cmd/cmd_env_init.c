/* For package scripts: answers that were given at the install become the .env file. */
#include "base/crypto.h"
#include "cmd/verbs.h"
#include "files/files.h"
#include "host/paths.h"
#include "settings/envstore.h"
#include "settings/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ANSWERS_MAX 16
#define INPUT_MAX 65536

struct answers {
    char *input; /* what the changes point into */
    struct env_change changes[ANSWERS_MAX];
    size_t n;
    char secret[ENVSTORE_SECRET_LEN + 1];
};

static int read_input(char *buf, size_t size)
{
    size_t len = fread(buf, 1, size, stdin);

    if (ferror(stdin))
        return -EIO;
    if (len == size || memchr(buf, '\0', len))
        return -EBADMSG;
    buf[len] = '\0';
    return 0;
}

static bool is_key(const char *key)
{
    for (int i = 0; i < N_SETTINGS; i++)
        if (strcmp(setting_def((enum setting) i)->key, key) == 0)
            return true;
    return false;
}

/* Empty answers are none: the template, or what the file has, says it better. */
static int take_line(struct answers *a, char *line)
{
    char *equals = strchr(line, '=');

    if (!*line)
        return 0;
    if (!equals)
        return -EBADMSG;
    *equals = '\0';
    if (!is_key(line) || a->n == ANSWERS_MAX)
        return -EBADMSG;
    if (equals[1])
        a->changes[a->n++] = (struct env_change){.key = line, .value = equals + 1};
    return 0;
}

static int read_answers(struct answers *a)
{
    char *rest;
    char *line;
    int r;

    a->input = calloc(1, INPUT_MAX);
    if (!a->input)
        return -ENOMEM;
    r = read_input(a->input, INPUT_MAX);
    rest = a->input;
    while (r == 0 && (line = strsep(&rest, "\n")))
        r = take_line(a, line);
    return r;
}

/* Nobody has to think of a secret. */
static int add_secret(struct answers *a)
{
    const char *key = setting_def(SET_OPENVIDU_SECRET)->key;

    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->changes[i].key, key) == 0)
            return 0;
    if (a->n == ANSWERS_MAX)
        return -EBADMSG;
    envstore_make_secret(a->secret);
    a->changes[a->n++] = (struct env_change){.key = key, .value = a->secret};
    return 0;
}

static int write_env(const struct answers *a, struct bytes text)
{
    char *changed;
    size_t len;
    int r = envedit(text, a->changes, a->n, &changed, &len);

    if (r < 0)
        return r;
    r = envstore_write(bytes_of(changed, len));
    secret_wipe(changed, len);
    free(changed);
    return r;
}

static void answers_done(struct answers *a)
{
    if (a->input)
        secret_wipe(a->input, INPUT_MAX);
    free(a->input);
    secret_wipe(a->secret, sizeof(a->secret));
}

static int env_init(const struct cmd_call *call)
{
    struct answers a = {.n = 0};
    bool is_new;
    char *text;
    size_t len;
    int r;

    if (file_exists(path_of(PATH_ENV)) && !cmd_has(call, "update"))
        return CMD_OK;
    r = envstore_read(&text, &len, &is_new);
    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "%s: %s", path_of(PATH_ENV), strerror(-r));
    r = read_answers(&a);
    if (r == 0 && is_new)
        r = add_secret(&a);
    if (r == 0 && (a.n > 0 || is_new))
        r = write_env(&a, bytes_of(text, len));
    answers_done(&a);
    secret_wipe(text, len);
    free(text);
    if (r == -EBADMSG)
        return cmd_fail(call, CMD_USAGE, "what was answered are no lines KEY=VALUE of known keys");
    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "cannot write %s: %s", path_of(PATH_ENV), strerror(-r));
    return CMD_OK;
}

static const struct cmd_option options[] = {
    {.name = "update", .help = "also change a file that is there; a secret is not made for it"},
    {0},
};

const struct cmd cmd_env_init = {
    .name = "env-init",
    .fn = env_init,
    .help = "write the settings file from lines KEY=VALUE on standard input",
    .doc = "A file that is there is left alone. Without an OPENVIDU_SECRET among the lines one is "
           "made.",
    .options = options,
    .no_json = true,
    .internal = true,
};
