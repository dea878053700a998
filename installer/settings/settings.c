#include "settings/settings.h"

#include "files/files.h"
#include "host/paths.h"
#include "settings/envfile.h"
#include "settings/settings_load.h"
#include "settings/settings_names.h"
#include "settings/settings_table.h"
#include "text/text.h"

#include "base/crypto.h"

#include <stdlib.h>

#define KEY_SHOWN_MAX 80

/* ---- from a lookup ---- */

int settings_load(enum settings_mode mode, settings_lookup_fn *lookup, void *lookup_arg,
                  settings_problem_fn *problem, void *problem_arg, struct settings **ret_s)
{
    enum setting_scope other = mode == SETTINGS_DEV ? SETTING_INSTALLED_ONLY : SETTING_DEV_ONLY;
    struct loading l;
    int r = loading_begin(&l, mode, NULL);

    for (int id = 0; r == 0 && id < N_SETTINGS; id++) {
        const struct setting_def *d = setting_def((enum setting) id);

        r = loading_take(&l, (enum setting) id,
                         d->scope == other ? NULL : lookup(d->key, lookup_arg), 0);
    }
    return loading_finish(&l, r, problem, problem_arg, ret_s);
}

/* ---- from the content of a file ---- */

/* What is said about a line, and the script of sed that mends it; an editor does where there is
 * none. */
static const struct {
    const char *what, *script;
} notes[N_ENVFILE_REMARKS] = {
    [ENVFILE_BOM] = {"the file begins with a byte order mark, which is left out",
                     "s/^\\xef\\xbb\\xbf//"},
    [ENVFILE_CRLF] = {"lines end as on Windows (CR LF); the CR is left out", "s/\\r$//"},
    [ENVFILE_QUOTES] = {"has quotes around its value, which are left out", NULL},
    [ENVFILE_BLANKS] = {"has blanks around its value, which are left out", NULL},
    [ENVFILE_TAIL] = {"has a comment behind its value: what follows the blank and '#' is left out",
                      NULL},
    [ENVFILE_EXPORT] = {"is written with \"export\", which is left out", "s/export[ \\t]*//"},
    [ENVFILE_INDENTED_COMMENT] = {"a comment that is indented; OpenVidu would refuse this line",
                                  "s/^[ \\t]*//"},
    [ENVFILE_DUPLICATE] = {"is set twice: this line holds, line", "s/^/#/"},
    [ENVFILE_MALFORMED] =
        {"malformed line: there is no '=' in it; a line is KEY=value or a comment", NULL},
    [ENVFILE_BAD_KEY] = {"malformed line: what stands before '=' is no name of a setting", NULL},
    [ENVFILE_NUL] = {"malformed line: there is a NUL byte in it", NULL},
    [ENVFILE_LONG_LINE] = {"malformed line: it is longer than 8192 bytes", NULL},
    [ENVFILE_TOO_LARGE] = {"the file is larger than 64 KiB", NULL},
    [ENVFILE_TOO_MANY] =
        {"the file has more lines than are ever needed; it is not read beyond this "
         "one",
         NULL},
};
_Static_assert(ENVFILE_LINE_MAX == 8192, "as the text says");
_Static_assert(ENVFILE_MAX / 1024 == 64, "as the text says");

static void tell_duplicate(struct loading *l, const struct envfile_note *n, const char *key,
                           const char *mend)
{
    bool http = strcmp(key, setting_def(SET_HTTP_PORT)->key) == 0;

    loading_tell_line(l, SETTING_WARNING, n->line, key, mend, "%s %u does not%s",
                      notes[ENVFILE_DUPLICATE].what, n->other_line,
                      http ? "; was one of them to be HTTPS_PORT?" : "");
}

static void tell_note(struct loading *l, const struct envfile_note *n)
{
    enum setting_severity severity = envfile_is_error(n->remark) ? SETTING_ERROR : SETTING_WARNING;
    unsigned line = n->remark == ENVFILE_DUPLICATE ? n->other_line : n->line;
    const char *script = notes[n->remark].script;
    char key[KEY_SHOWN_MAX], mend[160];
    bool has_key = n->key.len > 0;

    text_printable(n->key, key, sizeof(key));
    if (n->remark == ENVFILE_CRLF)
        snprintf(mend, sizeof(mend), "sudo sed -i '%s'", script);
    else if (script)
        snprintf(mend, sizeof(mend), "sudo sed -i '%u%s'", line, script);
    else
        snprintf(mend, sizeof(mend), "sudo nano +%u", line > 0 ? line : 1);
    if (n->remark == ENVFILE_DUPLICATE) {
        tell_duplicate(l, n, key, mend);
        return;
    }
    /* A word without '=' is shown if it is a key: it may be nothing but a secret. */
    if (n->remark == ENVFILE_MALFORMED)
        has_key = setting_find(key) != NULL;
    loading_tell_line(l, severity, n->line, has_key ? key : NULL, mend, "%s%s",
                      has_key && severity == SETTING_ERROR ? "is on a " : "",
                      notes[n->remark].what);
}

/* A key that is not in the table. Its value is not shown: it may be a secret under a wrong name. */
static void tell_name(struct loading *l, const struct envfile_entry *e, const char *text)
{
    struct setting_name name = setting_name_look(text);
    char key[KEY_SHOWN_MAX], mend[3 * KEY_SHOWN_MAX];

    text_printable(e->key, key, sizeof(key));
    snprintf(mend, sizeof(mend), "sudo sed -i '%us/^/#/'", e->line);
    switch (name.kind) {
    case SETTING_NAME_IGNORED:
        loading_tell_line(l, SETTING_NOTICE, e->line, key, mend, "%s", name.why);
        return;
    case SETTING_NAME_ADVICE:
        loading_tell_line(l, SETTING_WARNING, e->line, key, mend, "%s", name.why);
        return;
    case SETTING_NAME_OLD:
        snprintf(mend, sizeof(mend), "sudo sed -i '%us/%s/%s/'", e->line, key, name.modern);
        loading_tell_line(l, SETTING_ERROR, e->line, key, mend, "has another name now: %s",
                          name.modern);
        return;
    case SETTING_NAME_UNKNOWN:
        if (!name.modern) {
            loading_tell_line(l, SETTING_WARNING, e->line, key, mend,
                              "is no setting and is ignored");
            return;
        }
        snprintf(mend, sizeof(mend), "sudo sed -i '%us/%s/%s/'", e->line, key, name.modern);
        loading_tell_line(l, SETTING_WARNING, e->line, key, mend,
                          "is no setting and is ignored; is it %s?", name.modern);
        return;
    }
}

static int tell_names(struct loading *l, const struct envfile *f)
{
    const struct envfile_entry *e;

    for (size_t i = 0; (e = envfile_entry(f, i)); i++) {
        char *key = bytes_dup_str(e->key);
        const struct setting_def *d;

        if (!key)
            return -ENOMEM;
        d = setting_find(key);
        if (!d || d->scope == SETTING_DEV_ONLY)
            tell_name(l, e, key);
        free(key);
    }
    return 0;
}

static int take_entry(struct loading *l, enum setting id, const struct envfile *f)
{
    const struct setting_def *d = setting_def(id);
    const struct envfile_entry *e = d->scope == SETTING_DEV_ONLY ? NULL : envfile_find(f, d->key);
    char *text = e ? bytes_dup_str(e->value) : NULL;
    int r;

    if (e && !text)
        return -ENOMEM;
    r = loading_take(l, id, text, e ? e->line : 0);
    if (text)
        secret_wipe(text, strlen(text));
    free(text);
    return r;
}

static int take_file(struct loading *l, const struct envfile *f)
{
    const struct envfile_note *n;
    int r = tell_names(l, f);

    for (size_t i = 0; (n = envfile_note(f, i)); i++)
        tell_note(l, n);
    for (int id = 0; r == 0 && id < N_SETTINGS; id++)
        r = take_entry(l, (enum setting) id, f);
    return r;
}

int settings_load_bytes(const char *name, struct bytes content, settings_problem_fn *problem,
                        void *problem_arg, struct settings **ret_s)
{
    struct envfile *f = NULL;
    struct loading l;
    int r = loading_begin(&l, SETTINGS_INSTALLED, name);

    if (r == 0)
        r = envfile_parse(content, ENVFILE_LENIENT, &f);
    if (r == 0)
        r = take_file(&l, f);
    envfile_free(f);
    return loading_finish(&l, r, problem, problem_arg, ret_s);
}

/* ---- values ---- */

struct settings *settings_free(struct settings *s)
{
    if (!s)
        return NULL;
    for (size_t i = 0; i < N_SETTINGS; i++)
        setting_value_done(&s->values[i]);
    free(s);
    return NULL;
}

const char *settings_text(const struct settings *s, enum setting id)
{
    return s->values[id].text;
}

int64_t settings_int(const struct settings *s, enum setting id)
{
    return s->values[id].number;
}

bool settings_bool(const struct settings *s, enum setting id)
{
    return s->values[id].number != 0;
}

size_t settings_n(const struct settings *s, enum setting id)
{
    return s->values[id].list.n;
}

const char *settings_item(const struct settings *s, enum setting id, size_t i)
{
    return i < s->values[id].list.n ? s->values[id].list.items[i] : NULL;
}

const char *settings_path(const struct settings *s, enum setting id, char buf[static PATH_MAX])
{
    return path_in_root(buf, settings_text(s, id));
}

bool settings_is_default(const struct settings *s, enum setting id)
{
    return s->is_default[id];
}

const char *settings_public_url(const struct settings *s, char buf[static SETTINGS_URL_SIZE])
{
    const char *host = settings_text(s, SET_DOMAIN_OR_PUBLIC_IP);
    bool brackets = strchr(host, ':') != NULL;
    int len = snprintf(buf, SETTINGS_URL_SIZE, "https://%s%s%s", brackets ? "[" : "", host,
                       brackets ? "]" : "");

    if (settings_int(s, SET_HTTPS_PORT) != 443)
        snprintf(buf + len, SETTINGS_URL_SIZE - (size_t) len, ":%lld",
                 (long long) settings_int(s, SET_HTTPS_PORT));
    return buf;
}

bool settings_differ(const struct settings *a, const struct settings *b, enum setting id)
{
    return strcmp(settings_text(a, id), settings_text(b, id)) != 0;
}

unsigned settings_changes(const struct settings *a, const struct settings *b, unsigned *ret_reloads,
                          unsigned *ret_restarts)
{
    unsigned n = 0, reloads = 0, restarts = 0;

    for (int id = 0; id < N_SETTINGS; id++) {
        if (!settings_differ(a, b, (enum setting) id))
            continue;
        reloads |= setting_def((enum setting) id)->reloads;
        restarts |= setting_def((enum setting) id)->restarts;
        n++;
    }
    *ret_reloads = reloads & ~restarts;
    *ret_restarts = restarts;
    return n;
}
