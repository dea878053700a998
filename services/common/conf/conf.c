#include "conf/conf.h"

#include "base/bytes.h"
#include "base/crypto.h"
#include "conf/conf_number.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (1 << 20)
#define NAME_SIZE 256

struct reader {
    const char *path;
    const struct conf_key *keys;
    size_t n_keys;
    bool *seen; /* one for each key */
    uint8_t *obj;
    conf_problem_fn *fn;
    void *arg;
    bool failed;
    bool no_memory;
};

static void *field(const struct reader *r, const struct conf_key *key)
{
    return r->obj + key->offset;
}

/* ---- problems ---- */

__attribute__((format(printf, 3, 4))) static void problem_at(struct reader *r, unsigned line,
                                                             const char *fmt, ...)
{
    char where[32] = "";
    char what[512];
    char text[1100];
    va_list ap;

    if (line)
        snprintf(where, sizeof(where), "%u:", line);
    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    snprintf(text, sizeof(text), "%.480s:%s %s", r->path, where, what);
    r->failed = true;
    r->fn(text, r->arg);
}

#define problem(r, setting, ...) problem_at(r, config_setting_source_line(setting), __VA_ARGS__)

/* ---- values ---- */

static char *copy(struct reader *r, const char *s)
{
    char *dup = strdup(s);

    if (!dup)
        r->no_memory = true;
    return dup;
}

static void wipe_free(char *s)
{
    if (s)
        secret_wipe(s, strlen(s));
    free(s);
}

static void set_string(struct reader *r, const struct conf_key *key, char *s)
{
    char **at = field(r, key);

    wipe_free(*at);
    *at = s;
}

/* "must be one of a, b, c" */
static void problem_allowed(struct reader *r, const struct conf_key *key,
                            const config_setting_t *setting)
{
    char list[256] = "";
    size_t n = 0;

    for (size_t i = 0; key->allowed[i] && n < sizeof(list); i++)
        n += (size_t) snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "", key->allowed[i]);
    problem(r, setting, "%s: must be one of %s", key->name, list);
}

static bool is_right(struct reader *r, const struct conf_key *key, const config_setting_t *setting,
                     const char *value)
{
    char why[CONF_WHY_SIZE] = "";

    if (!key->check || key->check(value, why, sizeof(why)))
        return true;
    problem(r, setting, "%s: %s", key->name, why);
    return false;
}

static void read_string(struct reader *r, const struct conf_key *key,
                        const config_setting_t *setting)
{
    const char *value = config_setting_get_string(setting);
    size_t i = 0;

    if (!value) {
        problem(r, setting, "%s: must be a string in quotes", key->name);
        return;
    }
    while (key->allowed && key->allowed[i] && strcmp(key->allowed[i], value) != 0)
        i++;
    if (key->allowed && !key->allowed[i])
        problem_allowed(r, key, setting);
    else if (is_right(r, key, setting, value))
        set_string(r, key, copy(r, value));
}

static void read_int(struct reader *r, const struct conf_key *key, const config_setting_t *setting)
{
    int type = config_setting_type(setting);
    int64_t value = type == CONFIG_TYPE_INT ? config_setting_get_int(setting)
                                            : config_setting_get_int64(setting);

    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
        problem(r, setting, "%s: must be a whole number", key->name);
    else if ((key->min != 0 || key->max != 0) && (value < key->min || value > key->max))
        problem(r, setting, "%s: must be from %lld to %lld", key->name, (long long) key->min,
                (long long) key->max);
    else
        *(int64_t *) field(r, key) = value;
}

static void read_bool(struct reader *r, const struct conf_key *key, const config_setting_t *setting)
{
    if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
        problem(r, setting, "%s: must be true or false", key->name);
    else
        *(bool *) field(r, key) = config_setting_get_bool(setting);
}

static void read_strings(struct reader *r, const struct conf_key *key,
                         const config_setting_t *setting)
{
    struct conf_strings *strings = field(r, key);
    int n = config_setting_length(setting);

    if (!config_setting_is_array(setting) && !config_setting_is_list(setting)) {
        problem(r, setting, "%s: must be a list of strings, [\"...\", \"...\"]", key->name);
        return;
    }
    strings->items = calloc((size_t) n + 1, sizeof(*strings->items));
    if (!strings->items) {
        r->no_memory = true;
        return;
    }
    for (int i = 0; i < n; i++) {
        const config_setting_t *item = config_setting_get_elem(setting, (unsigned) i);
        const char *value = config_setting_get_string(item);

        if (!value)
            problem(r, item, "%s: item %d must be a string in quotes", key->name, i + 1);
        else if (is_right(r, key, item, value) && (strings->items[strings->n] = copy(r, value)))
            strings->n++;
    }
}

static void read_value(struct reader *r, const struct conf_key *key,
                       const config_setting_t *setting)
{
    static void (*const readers[])(struct reader *, const struct conf_key *,
                                   const config_setting_t *) = {
        [CONF_STRING] = read_string,
        [CONF_INT] = read_int,
        [CONF_BOOL] = read_bool,
        [CONF_STRINGS] = read_strings,
    };

    readers[key->type](r, key, setting);
}

/* ---- the file ---- */

static const struct conf_key *find_key(const struct reader *r, const char *name)
{
    for (size_t i = 0; i < r->n_keys; i++)
        if (strcmp(r->keys[i].name, name) == 0)
            return &r->keys[i];
    return NULL;
}

/* Is there a key "name.something"? */
static bool is_group(const struct reader *r, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < r->n_keys; i++)
        if (strncmp(r->keys[i].name, name, len) == 0 && r->keys[i].name[len] == '.')
            return true;
    return false;
}

/* prefix is "" or "group."; as deep as the keys have dots. */
static void read_group(struct reader *r, const config_setting_t *group, const char *prefix)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned) i);
        char name[NAME_SIZE];
        char inner[NAME_SIZE + 1];
        const struct conf_key *key;

        snprintf(name, sizeof(name), "%s%s", prefix, config_setting_name(setting));
        key = find_key(r, name);
        if (key) {
            r->seen[key - r->keys] = true;
            read_value(r, key, setting);
        } else if (!is_group(r, name)) {
            problem(r, setting, "%s: unknown key", name);
        } else if (!config_setting_is_group(setting)) {
            problem(r, setting, "%s: must be a group, { ... }", name);
        } else {
            snprintf(inner, sizeof(inner), "%s.", name);
            read_group(r, setting, inner);
        }
    }
}

static void set_defaults(struct reader *r)
{
    for (size_t i = 0; i < r->n_keys; i++) {
        const struct conf_key *key = &r->keys[i];

        if (key->type == CONF_INT)
            *(int64_t *) field(r, key) = key->int_default;
        else if (key->type == CONF_BOOL)
            *(bool *) field(r, key) = key->int_default != 0;
        else if (key->type == CONF_STRING && key->string_default)
            set_string(r, key, copy(r, key->string_default));
    }
}

static void check_required(struct reader *r)
{
    for (size_t i = 0; i < r->n_keys; i++)
        if (r->keys[i].required && !r->seen[i])
            problem_at(r, 0, "%s: is missing", r->keys[i].name);
}

/* Up to FILE_MAX bytes and a NUL. */
static int read_all(int fd, char *text, size_t *ret_len)
{
    size_t len = 0;
    ssize_t n;

    while ((n = read(fd, text + len, FILE_MAX + 1 - len)) > 0)
        len += (size_t) n;
    if (n < 0)
        return -errno;
    if (len > FILE_MAX)
        return -EFBIG;
    text[len] = '\0';
    *ret_len = len;
    return 0;
}

/* The whole file with a NUL behind it. Not left to libconfig, whose scanner ends the process when
 * a read fails. */
static int load(const char *path, char **ret_text, size_t *ret_len)
{
    char *text = malloc(FILE_MAX + 1);
    int fd = text ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    struct stat st;
    int r = 0;

    if (!text)
        return -ENOMEM;
    if (fd < 0 || fstat(fd, &st) < 0)
        r = -errno;
    else if (!S_ISREG(st.st_mode))
        r = S_ISDIR(st.st_mode) ? -EISDIR : -ENODEV;
    else
        r = read_all(fd, text, ret_len);
    if (fd >= 0)
        close(fd);
    if (r != 0) {
        free(text);
        return r;
    }
    *ret_text = text;
    return 0;
}

static void check_numbers(struct reader *r, const char *text)
{
    unsigned line = 1;

    while ((text = conf_next_wide_number(text, &line)))
        problem_at(r, line, "a number this large needs an L behind it");
}

static void parse(struct reader *r, const char *text, size_t len)
{
    config_t config;

    if (strlen(text) != len) {
        problem_at(r, 0, "not a text file");
        return;
    }
    check_numbers(r, text);
    config_init(&config);
    if (config_read_string(&config, text)) {
        read_group(r, config_root_setting(&config), "");
        check_required(r);
    } else {
        problem_at(r, (unsigned) config_error_line(&config), "%s", config_error_text(&config));
    }
    config_destroy(&config);
}

int conf_read(const char *path, const struct conf_key *keys, size_t n_keys, void *ret,
              conf_problem_fn *fn, void *arg)
{
    struct reader reader = {
        .path = path, .keys = keys, .n_keys = n_keys, .obj = ret, .fn = fn, .arg = arg};
    char *text = NULL;
    size_t len = 0;
    int r = load(path, &text, &len);

    if (r != 0 || !text)
        return r;
    reader.seen = calloc(n_keys + 1, sizeof(*reader.seen));
    if (reader.seen) {
        set_defaults(&reader);
        parse(&reader, text, len);
    } else {
        reader.no_memory = true;
    }
    free(reader.seen);
    secret_wipe(text, len);
    free(text);
    if (reader.no_memory)
        return -ENOMEM;
    return reader.failed ? -EINVAL : 0;
}

int conf_problem(const char *path, conf_problem_fn *fn, void *arg, const char *fmt, ...)
{
    char what[512];
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    snprintf(text, sizeof(text), "%.480s: %s", path, what);
    fn(text, arg);
    return -EINVAL;
}

bool conf_check_not_empty(const char *text, char *why, size_t why_size)
{
    snprintf(why, why_size, "must not be empty");
    return *text != '\0';
}

/* ---- a second reading ---- */

static const size_t sizes[] = {
    [CONF_STRING] = sizeof(char *),
    [CONF_INT] = sizeof(int64_t),
    [CONF_BOOL] = sizeof(bool),
    [CONF_STRINGS] = sizeof(struct conf_strings),
};

#define SIZE_MAX_OF_ALL sizeof(struct conf_strings)

static bool strings_eq(const struct conf_strings *a, const struct conf_strings *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return true;
}

static bool value_eq(enum conf_type type, const void *a, const void *b)
{
    const char *text_a, *text_b;

    if (type == CONF_STRINGS)
        return strings_eq(a, b);
    if (type != CONF_STRING)
        return memcmp(a, b, sizes[type]) == 0;
    text_a = *(char *const *) a;
    text_b = *(char *const *) b;
    return text_a && text_b ? strcmp(text_a, text_b) == 0 : text_a == text_b;
}

void conf_take_live(const struct conf_key *keys, size_t n_keys, void *obj, void *fresh,
                    conf_problem_fn *fn, void *arg)
{
    uint8_t kept[SIZE_MAX_OF_ALL];

    for (size_t i = 0; i < n_keys; i++) {
        void *to = (uint8_t *) obj + keys[i].offset, *from = (uint8_t *) fresh + keys[i].offset;
        size_t size = sizes[keys[i].type];

        if (keys[i].live) {
            memcpy(kept, to, size);
            memcpy(to, from, size);
            memcpy(from, kept, size);
        } else if (!value_eq(keys[i].type, to, from)) {
            fn(keys[i].name, arg);
        }
    }
}

void conf_done(const struct conf_key *keys, size_t n_keys, void *obj)
{
    for (size_t i = 0; i < n_keys; i++) {
        void *at = (uint8_t *) obj + keys[i].offset;

        if (keys[i].type == CONF_STRING) {
            wipe_free(*(char **) at);
            *(char **) at = NULL;
        } else if (keys[i].type == CONF_STRINGS) {
            struct conf_strings *strings = at;

            for (size_t j = 0; j < strings->n; j++)
                wipe_free(strings->items[j]);
            free(strings->items);
            *strings = (struct conf_strings){0};
        }
    }
}
