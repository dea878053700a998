#include "doctor/doctor_settings.h"

#include "apply/generation.h"
#include "base/crypto.h"
#include "files/files.h"
#include "host/paths.h"
#include "settings/envfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS_FILE "settings.env"

const char *check_host(const struct check_context *x)
{
    const char *host = settings_text(x->settings, SET_DOMAIN_OR_PUBLIC_IP);

    return strcmp(host, DOCTOR_NO_HOST) == 0 ? "" : host;
}

/* ---- what is right of a file that has faults ---- */

struct parts {
    const struct envfile *file; /* NULL: there is none */
    bool faulty[N_SETTINGS];
};

static void note_fault(const struct setting_problem *p, void *arg)
{
    struct parts *parts = arg;

    for (int i = 0; p->key && p->severity == SETTING_ERROR && i < N_SETTINGS; i++)
        if (strcmp(setting_def((enum setting) i)->key, p->key) == 0)
            parts->faulty[i] = true;
}

static const char *look_up(const char *key, void *arg)
{
    const struct parts *parts = arg;
    const struct setting_def *d = setting_find(key);
    const struct envfile_entry *e = parts->file ? envfile_find(parts->file, key) : NULL;
    static char values[N_SETTINGS][ENVFILE_LINE_MAX];

    for (int i = 0; i < N_SETTINGS; i++) {
        if (setting_def((enum setting) i) != d)
            continue;
        if (e && !parts->faulty[i] && e->value.len > 0) {
            snprintf(values[i], sizeof(values[i]), "%.*s", (int) e->value.len,
                     (const char *) e->value.p);
            return values[i];
        }
        if (i == SET_DOMAIN_OR_PUBLIC_IP)
            return DOCTOR_NO_HOST;
        if (i == SET_OPENVIDU_SECRET)
            return "none";
    }
    return NULL;
}

/* A fault that lies in two keys together is in no single one: then everything is the default. */
static int load_parts(struct parts *parts, struct settings **ret)
{
    int r;

    for (int attempt = 0; attempt < 3; attempt++) {
        r = settings_load(SETTINGS_INSTALLED, look_up, parts, note_fault, parts, ret);
        if (r != -EINVAL)
            return r;
    }
    parts->file = NULL;
    return settings_load(SETTINGS_INSTALLED, look_up, parts, note_fault, parts, ret);
}

static int load_file(struct settings **ret, struct parts *parts)
{
    char *content = NULL;
    struct envfile *file = NULL;
    size_t len;
    int r = file_read(path_of(PATH_ENV), ENVFILE_MAX, &content, &len);

    if (r == 0)
        r = settings_load_bytes(".env", bytes_of(content, len), note_fault, parts, ret);
    if (r == -EINVAL && envfile_parse(bytes_of(content, len), ENVFILE_LENIENT, &file) == 0)
        parts->file = file;
    if (r < 0 && r != -ENOMEM && load_parts(parts, ret) < 0)
        r = -ENOMEM;
    envfile_free(file);
    if (content)
        secret_wipe(content, len);
    free(content);
    return r;
}

static struct settings *load_in_force(void)
{
    struct settings *s = NULL;
    unsigned n;
    char *content;
    size_t len;

    if (generation_current(&n) < 0 || generation_read(n, SETTINGS_FILE, &content, &len) < 0)
        return NULL;
    if (settings_read(bytes_of(content, len), &s) < 0)
        s = NULL;
    secret_wipe(content, len);
    free(content);
    return s;
}

int doctor_settings_load(struct check_context *x)
{
    struct parts parts = {.file = NULL};
    struct settings *own = NULL;
    int r = load_file(&own, &parts);

    if (r == -ENOMEM)
        return r;
    x->in_force = load_in_force();
    x->own = own;
    x->origin = r == 0         ? ORIGIN_ENV
                : x->in_force  ? ORIGIN_IN_FORCE
                : r == -EACCES ? ORIGIN_GUESSED
                               : ORIGIN_PARTS;
    x->settings = x->origin == ORIGIN_IN_FORCE ? x->in_force : own;
    return 0;
}

void doctor_settings_free(struct check_context *x)
{
    settings_free((struct settings *) x->in_force);
    settings_free((struct settings *) x->own);
    x->settings = x->in_force = x->own = NULL;
}
