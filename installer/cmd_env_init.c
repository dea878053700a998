/* For package scripts: answers that were given at the install become the .env file. */
#include "base/crypto.h"
#include "base/rnd.h"
#include "files/files.h"
#include "installer/envedit.h"
#include "installer/paths.h"
#include "installer/program.h"
#include "installer/settings.h"
#include "installer/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ANSWERS_MAX 16
#define INPUT_MAX 65536
#define ENV_MAX 1048576
#define SECRET_LEN 32

struct answers {
    char *input; /* what the changes point into */
    struct env_change changes[ANSWERS_MAX];
    size_t n;
    char secret[SECRET_LEN + 1];
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
    rnd_alnum(a->secret, SECRET_LEN);
    a->changes[a->n++] = (struct env_change){.key = key, .value = a->secret};
    return 0;
}

/* A file that was there stays where it is, behind a link perhaps, and whose it is. */
static int find_target(char target[static PATH_MAX], struct file_access *ret)
{
    struct stat st;

    if (!realpath(path_of(PATH_ENV), target)) {
        snprintf(target, PATH_MAX, "%s", path_of(PATH_ENV));
        return errno == ENOENT ? 0 : -errno;
    }
    if (stat(target, &st) < 0)
        return -errno;
    *ret = (struct file_access){.mode = st.st_mode & 07777, .uid = st.st_uid, .gid = st.st_gid};
    return 0;
}

static int write_env(const struct answers *a, const char *from)
{
    struct file_access access = {.mode = 0640, .uid = FILE_KEEP_OWNER, .gid = (gid_t) -1};
    char target[PATH_MAX];
    char *text = NULL;
    char *changed = NULL;
    size_t len, changed_len;
    int r = find_target(target, &access);

    if (r == 0)
        r = file_read(from, ENV_MAX, &text, &len);
    if (r < 0)
        return r;
    r = envedit(bytes_of(text, len), a->changes, a->n, &changed, &changed_len);
    if (r == 0) {
        r = file_write(target, bytes_of(changed, changed_len), &access);
        secret_wipe(changed, changed_len);
    }
    secret_wipe(text, len);
    free(text);
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
    bool exists = file_exists(path_of(PATH_ENV));
    struct answers a = {.n = 0};
    char template[PATH_MAX];
    int r;

    if (exists && !cmd_has(call, "update"))
        return CMD_OK;
    if (!exists && program_find_data("env.template", template) < 0)
        return cmd_fail(call, CMD_FAILED, "env.template is missing; install the package again");
    r = read_answers(&a);
    if (r == 0 && !exists)
        r = add_secret(&a);
    if (r == -EBADMSG) {
        answers_done(&a);
        return cmd_fail(call, CMD_USAGE, "what was answered are no lines KEY=VALUE of known keys");
    }
    if (r == 0 && (a.n > 0 || !exists))
        r = write_env(&a, exists ? path_of(PATH_ENV) : template);
    answers_done(&a);
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
