#include "settings/settings_load.h"

#include "host/paths.h"
#include "text/text.h"

#include <stdarg.h>
#include <stdlib.h>

#define SHOWN_MAX 200
#define MEND_MAX 1024

int loading_begin(struct loading *l, enum settings_mode mode, const char *file)
{
    *l = (struct loading){.mode = mode, .file = file};
    l->s = calloc(1, sizeof(*l->s));
    if (!l->s)
        return -ENOMEM;
    return problems_new(&l->problems);
}

/* ---- telling ---- */

/* In an address the name, password or query may be a secret. */
static bool is_secretive(const struct setting_def *d, const char *text)
{
    return setting_is_hidden(d) || (d->type == SETTING_URL && strpbrk(text, "@?"));
}

static bool can_mend(const struct loading *l)
{
    return l->file && strcmp(l->file, "-") != 0;
}

static bool is_password(const struct setting_def *d)
{
    return d->type == SETTING_SECRET || d->type == SETTING_PASSWORD || d->type == SETTING_TOKEN;
}

/* `visavis config set` for the file in question. It makes passwords; other secrets are not for a
 * command line, so they take an editor. */
static void put_mend(struct wr *w, const struct loading *l, enum setting id, const char *example)
{
    const struct setting_def *d = setting_def(id);
    char assignment[512];

    if (setting_is_hidden(d) && !is_password(d)) {
        wr_fmt(w, "sudo nano +%u ", l->keys[id].line > 0 ? l->keys[id].line : 1);
        text_shell_quote(w, l->file);
        wr_u8(w, 0);
        return;
    }
    wr_str(w, "sudo visavis config set ");
    if (strcmp(l->file, path_of(PATH_ENV)) != 0) {
        wr_str(w, "--file ");
        text_shell_quote(w, l->file);
        wr_u8(w, ' ');
    }
    if (is_password(d)) {
        wr_fmt(w, "--random %s", d->key);
    } else {
        snprintf(assignment, sizeof(assignment), "%s=%s", d->key, example);
        text_shell_quote(w, assignment);
    }
    wr_u8(w, 0);
}

static void tell(struct loading *l, enum setting id, const char *text,
                 enum setting_severity severity, const char *example, const char *what)
{
    const struct setting_def *d = setting_def(id);
    char shown[SHOWN_MAX], wanted[256], mend[MEND_MAX];
    struct wr w = wr_init(mend, sizeof(mend));
    size_t len;
    struct setting_problem p = {
        .severity = severity,
        .file = l->file,
        .line = l->keys[id].line,
        .key = d->key,
        .what = what,
    };

    if (text && *text)
        p.value = is_secretive(d, text) ? "(hidden)"
                                        : text_printable(bytes_str(text), shown, sizeof(shown));
    if (severity == SETTING_ERROR || example) {
        p.example = example ? example : d->example;
        if (can_mend(l))
            put_mend(&w, l, id, p.example);
    } else if (is_password(d) && can_mend(l)) {
        put_mend(&w, l, id, d->example);
    }
    if (severity == SETTING_ERROR || l->keys[id].bad)
        p.wanted = setting_wanted(d, wanted, sizeof(wanted));
    if (wr_len(&w) > 0 && wr_finish(&w, &len) == 0)
        p.mend = mend;
    problems_add(&p, l->problems);
}

void loading_tell(struct loading *l, enum setting id, enum setting_severity severity,
                  const char *example, const char *fmt, ...)
{
    char what[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    tell(l, id, l->s->values[id].text, severity, example, what);
}

void loading_tell_line(struct loading *l, enum setting_severity severity, unsigned line,
                       const char *key, const char *mend, const char *fmt, ...)
{
    char what[320], command[MEND_MAX], quoted[MEND_MAX / 2];
    struct wr w = wr_init(quoted, sizeof(quoted));
    struct setting_problem p = {
        .severity = severity, .file = l->file, .line = line, .key = key, .what = what};
    va_list args;

    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    if (mend && can_mend(l)) {
        text_shell_quote(&w, l->file);
        wr_u8(&w, 0);
        snprintf(command, sizeof(command), "%s %s", mend, w.failed ? "FILE" : quoted);
        p.mend = command;
    }
    problems_add(&p, l->problems);
}

/* ---- values ---- */

/* /opt/openvidu/recordings, with or without a slash behind it */
static bool means_default(const struct setting_def *d, const char *text)
{
    size_t len = strlen(text);

    while (len > 1 && text[len - 1] == '/')
        len--;
    return d->means_default && strlen(d->means_default) == len &&
           strncmp(d->means_default, text, len) == 0;
}

static const char *default_of(const struct setting_def *d, enum settings_mode mode)
{
    return mode == SETTINGS_DEV && d->dev_value ? d->dev_value : d->value;
}

static int take_default(struct loading *l, enum setting id)
{
    const struct setting_def *d = setting_def(id);
    const char *text = default_of(d, l->mode);
    struct setting_verdict verdict;

    l->s->is_default[id] = true;
    if (*text)
        return setting_check(d, text, &l->s->values[id], &verdict);
    l->s->values[id].text = strdup("");
    return l->s->values[id].text ? 0 : -ENOMEM;
}

static int replace_text(struct loading *l, enum setting id, const char *by)
{
    char *text = strdup(by);

    if (!text)
        return -ENOMEM;
    free(l->s->values[id].text);
    l->s->values[id].text = text;
    return 0;
}

/* The site can do without what only a CA needs, so a wrong value of that stops nobody. */
static bool may_be_left_out(enum setting id)
{
    return setting_def(id)->group == SETTING_GROUP_ACME || id == SET_LETSENCRYPT_EMAIL;
}

/* Left out, but for the server: the default is not to be asked in place of another one. */
static int leave_out(struct loading *l, enum setting id, const char *text,
                     const struct setting_verdict *v)
{
    char what[sizeof(v->what) + 32];

    snprintf(what, sizeof(what), "%s, so it is left out", v->what);
    tell(l, id, text, SETTING_WARNING, v->example[0] ? v->example : setting_def(id)->example, what);
    if (id != SET_ACME_SERVER)
        return 0;
    l->s->is_default[id] = false;
    return replace_text(l, id, SETTINGS_NO_SERVER);
}

/* Replaces the default, which is there. */
static int take_given(struct loading *l, enum setting id, const char *text)
{
    const struct setting_def *d = setting_def(id);
    struct setting_verdict verdict;
    struct setting_value v;
    int r = setting_check(d, text, &v, &verdict);

    if (r == -ENOMEM)
        return r;
    l->keys[id].bad = r < 0;
    if (r < 0 && may_be_left_out(id))
        return leave_out(l, id, text, &verdict);
    if (verdict.what[0] && (l->mode == SETTINGS_INSTALLED || verdict.severity == SETTING_ERROR))
        tell(l, id, text, verdict.severity, verdict.example[0] ? verdict.example : NULL,
             verdict.what);
    if (r < 0)
        return 0;
    l->s->is_default[id] = strcmp(v.text, l->s->values[id].text) == 0;
    setting_value_done(&l->s->values[id]);
    l->s->values[id] = v;
    return 0;
}

int loading_take(struct loading *l, enum setting id, const char *text, unsigned line)
{
    const struct setting_def *d = setting_def(id);
    int r = take_default(l, id);

    if (r < 0)
        return r;
    l->keys[id].line = line;
    l->keys[id].given = text && *text;
    if (l->keys[id].given)
        return means_default(d, text) ? 0 : take_given(l, id, text);
    if (d->required && l->mode == SETTINGS_INSTALLED) {
        l->keys[id].bad = true;
        tell(l, id, NULL, SETTING_ERROR, NULL, "is not set");
    }
    return 0;
}

/* ---- the end ---- */

/* What stands for another value as long as it is not set itself. */
static int derive(struct loading *l)
{
    static const enum setting passwords[] = {SET_CALL_SECRET, SET_CALL_ADMIN_SECRET};
    const char *secret = l->s->values[SET_OPENVIDU_SECRET].text;

    for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++) {
        enum setting id = passwords[i];

        if (!*l->s->values[id].text && replace_text(l, id, secret) < 0)
            return -ENOMEM;
        l->s->is_default[id] = strcmp(l->s->values[id].text, secret) == 0;
    }
    if (!l->keys[SET_LOG_LEVEL].given &&
        strcmp(l->s->values[SET_OV_CE_DEBUG_LEVEL].text, "DEBUG") == 0) {
        l->s->is_default[SET_LOG_LEVEL] = false;
        return replace_text(l, SET_LOG_LEVEL, "debug");
    }
    return 0;
}

static int finish(struct loading *l, int r, struct settings **ret_s)
{
    if (r == 0)
        r = derive(l);
    problems_free(l->problems);
    if (r < 0) {
        settings_free(l->s);
        return r;
    }
    *ret_s = l->s;
    return 0;
}

int loading_finish(struct loading *l, int r, settings_problem_fn *problem, void *problem_arg,
                   struct settings **ret_s)
{
    if (r == 0)
        loading_cross_check(l);
    if (r == 0 && problems_failed(l->problems))
        r = -ENOMEM;
    if (r == 0) {
        problems_sort(l->problems);
        for (size_t i = 0; i < problems_n(l->problems); i++)
            problem(problems_at(l->problems, i), problem_arg);
        if (problems_count(l->problems, SETTING_ERROR) > 0)
            r = -EINVAL;
    }
    return finish(l, r, ret_s);
}

int loading_keep(struct loading *l, int r, struct settings **ret_s)
{
    return finish(l, r, ret_s);
}
