/* visavis config set: changes keys in the file and leaves the rest of it as it is. */
#include "cmd/cmd_config.h"

#include "apply/manager_lock.h"
#include "base/crypto.h"
#include "host/paths.h"
#include "settings/envfile.h"
#include "settings/envstore.h"
#include "settings/settings_check.h"
#include "text/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHANGES_MAX 64
#define VALUE_MAX (ENVFILE_LINE_MAX / 2)

struct changes {
    struct env_change list[CHANGES_MAX];
    char *texts[CHANGES_MAX]; /* the values that list points to; wiped */
    size_t n;
};

/* ---- what is wanted ---- */

static bool is_random(const struct setting_def *d)
{
    return d->type == SETTING_SECRET || d->type == SETTING_PASSWORD || d->type == SETTING_TOKEN;
}

static int find_key(const struct cmd_call *call, const char *key, const struct setting_def **ret)
{
    const struct setting_def *d = setting_find(key);
    const char *nearest = d ? NULL : setting_nearest(key);

    if (d && d->scope == SETTING_DEV_ONLY)
        return cmd_fail(call, CMD_USAGE, "%s is a setting of `visavis dev` alone", key);
    if (nearest)
        return cmd_fail(call, CMD_USAGE, "%s is no setting; is it %s?", key, nearest);
    if (!d)
        return cmd_fail(call, CMD_USAGE, "%s is no setting; `visavis config reference` lists them",
                        key);
    *ret = d;
    return CMD_OK;
}

/* As the check of the whole file would. An empty value stands for the default. */
static int check_value(const struct cmd_call *call, const struct setting_def *d, const char *text)
{
    struct setting_verdict verdict;
    struct setting_value v;
    char wanted[256];
    int r;

    if (!*text && d->required)
        return cmd_fail(call, CMD_USAGE, "%s has to have a value", d->key);
    if (!*text)
        return CMD_OK;
    r = setting_check(d, text, &v, &verdict);
    if (r == -ENOMEM)
        return cmd_fail(call, CMD_FAILED, "out of memory");
    if (r < 0)
        return cmd_fail(call, CMD_USAGE,
                        "%s: the value %s\n    allowed: %s\n    example: %s=%s\n"
                        "Nothing was changed.",
                        d->key, verdict.what, setting_wanted(d, wanted, sizeof(wanted)), d->key,
                        verdict.example[0] ? verdict.example : d->example);
    setting_value_done(&v);
    return CMD_OK;
}

static int add(const struct cmd_call *call, struct changes *c, const struct setting_def *d,
               const char *value)
{
    char *copy;
    int status = check_value(call, d, value);

    if (status != CMD_OK)
        return status;
    if (c->n == CHANGES_MAX)
        return cmd_fail(call, CMD_USAGE, "too many settings");
    copy = strdup(value);
    if (!copy)
        return cmd_fail(call, CMD_FAILED, "out of memory");
    c->texts[c->n] = copy;
    c->list[c->n] = (struct env_change){.key = d->key, .value = copy};
    c->n++;
    return CMD_OK;
}

/* KEY=VALUE, or KEY=- for a line of the standard input: everybody on the machine can read a command
 * line. */
static int add_argument(const struct cmd_call *call, struct changes *c, const char *arg)
{
    const char *equals = strchr(arg, '=');
    const struct setting_def *d = NULL;
    char key[64], line[VALUE_MAX];
    int status;

    if (!equals || (size_t) (equals - arg) >= sizeof(key))
        return cmd_fail(call, CMD_USAGE, "'%s' is no KEY=VALUE", arg);
    snprintf(key, sizeof(key), "%.*s", (int) (equals - arg), arg);
    status = find_key(call, key, &d);
    if (!d)
        return status;
    if (strcmp(equals + 1, "-") != 0) {
        if (setting_is_hidden(d) && equals[1])
            return cmd_fail(call, CMD_USAGE,
                            "a secret on a command line is seen by others. %s%s%s"
                            "Let it be read: visavis config set %s=-",
                            is_random(d) ? "A random one: visavis config set --random " : "",
                            is_random(d) ? d->key : "", is_random(d) ? "\n  " : "", d->key);
        return add(call, c, d, equals + 1);
    }
    if (!fgets(line, sizeof(line), stdin))
        return cmd_fail(call, CMD_USAGE, "nothing on the standard input for %s", d->key);
    line[strcspn(line, "\r\n")] = '\0';
    status = add(call, c, d, line);
    secret_wipe(line, sizeof(line));
    return status;
}

static int add_random(const struct cmd_call *call, struct changes *c, const char *key)
{
    const struct setting_def *d = NULL;
    char value[ENVSTORE_SECRET_LEN + 1];
    int status = find_key(call, key, &d);

    if (!d)
        return status;
    if (!is_random(d))
        return cmd_fail(call, CMD_USAGE, "%s is no password", d->key);
    envstore_make_secret(value);
    status = add(call, c, d, value);
    secret_wipe(value, sizeof(value));
    return status;
}

static int collect(const struct cmd_call *call, struct changes *c)
{
    const char *text;
    int status = CMD_OK;

    for (size_t i = 0; status == CMD_OK && (text = cmd_value_at(call, "random", i)); i++)
        status = add_random(call, c, text);
    for (size_t i = 0; status == CMD_OK && (text = cmd_arg(call, i)); i++)
        status = add_argument(call, c, text);
    if (status == CMD_OK && c->n == 0)
        return cmd_fail(call, CMD_USAGE, "what is to be set? visavis config set KEY=VALUE");
    return status;
}

/* ---- the file ---- */

/* What has been written must be what is read: a blank and a '#' in a value, say, cannot be kept. */
static int check_edited(const struct cmd_call *call, struct bytes text, const struct changes *c)
{
    struct envfile *f;
    int status = CMD_OK;

    if (envfile_parse(text, ENVFILE_LENIENT, &f) < 0)
        return cmd_fail(call, CMD_FAILED, "out of memory");
    for (size_t i = 0; status == CMD_OK && i < c->n; i++) {
        const struct envfile_entry *e = envfile_find(f, c->list[i].key);

        if (!e || !bytes_eq_str(e->value, c->list[i].value))
            status = cmd_fail(call, CMD_USAGE,
                              "%s: a value with blanks or quotes around it, or with a blank before "
                              "'#', cannot stand in a .env file. Nothing was changed.",
                              c->list[i].key);
    }
    envfile_free(f);
    return status;
}

static void wipe(char *text, size_t len)
{
    if (text)
        secret_wipe(text, len);
    free(text);
}

static int change_file(const struct cmd_call *call, const char *file, const struct changes *c)
{
    char *text = NULL, *edited = NULL;
    size_t len = 0, edited_len = 0;
    bool is_new;
    int lock = -1, status = CMD_OK;
    int r = strcmp(file, path_of(PATH_ENV)) == 0 ? manager_lock(NULL, NULL, &lock) : 0;

    if (r == 0)
        r = envstore_read_at(file, &text, &len, &is_new);
    if (r == 0)
        r = envedit(bytes_of(text, len), c->list, c->n, &edited, &edited_len);
    if (r == 0)
        status = check_edited(call, bytes_of(edited, edited_len), c);
    if (r == 0 && status == CMD_OK)
        r = envstore_write_at(file, bytes_of(edited, edited_len));
    wipe(text, len);
    wipe(edited, edited_len);
    if (lock >= 0)
        close(lock);
    if (r == -EACCES || r == -EPERM)
        return cmd_fail(call, CMD_FAILED, "%s may not be changed by you: use sudo", file);
    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "cannot change %s: %s", file, strerror(-r));
    return status;
}

/* ---- the call ---- */

static int report(const struct cmd_call *call, const char *file, const struct changes *c)
{
    if (cmd_json(call)) {
        json_t *keys = json_array();

        for (size_t i = 0; i < c->n; i++)
            json_array_append_new(keys, json_string(c->list[i].key));
        return json_print(
            json_pack("{s:o, s:o}", "file", json_text(bytes_str(file)), "changed", keys), CMD_OK);
    }
    for (size_t i = 0; i < c->n; i++)
        printf("%s: %s is set.\n", file, c->list[i].key);
    puts("To put it in force: sudo systemctl restart visavis.target");
    return CMD_OK;
}

static int set(const struct cmd_call *call)
{
    char buf[PATH_MAX];
    const char *file = config_file(call, buf);
    struct changes c = {.n = 0};
    int status;

    if (strcmp(file, "-") == 0)
        return cmd_fail(call, CMD_USAGE, "the standard input cannot be changed: name a file");
    status = collect(call, &c);
    if (status == CMD_OK)
        status = change_file(call, file, &c);
    if (status == CMD_OK)
        status = report(call, file, &c);
    for (size_t i = 0; i < c.n; i++)
        wipe(c.texts[i], strlen(c.texts[i]));
    return status;
}

static const struct cmd_option options[] = {
    {.name = "random", .arg = "KEY", .help = "a random value for a password; may be repeated"},
    {.name = "file", .arg = "FILE", .help = "another file than the one of this machine"},
    {0},
};

/* The words for completion. */
static const char *word(size_t i)
{
    for (int id = 0; id < N_SETTINGS; id++)
        if (setting_def((enum setting) id)->scope != SETTING_DEV_ONLY && i-- == 0)
            return setting_def((enum setting) id)->key;
    return NULL;
}

const struct cmd cmd_config_set = {
    .name = "set",
    .fn = set,
    .args = "[KEY=VALUE...]",
    .help = "change settings in the file",
    .doc =
        "Each key is set in its place; everything else in the file stays as it is. A file that is\n"
        "not there begins as the template. A wrong value is refused. KEY=- reads the value from a\n"
        "line of the standard input, as secrets have to be; an empty value stands for the\n"
        "default.",
    .words = word,
    .options = options,
};
