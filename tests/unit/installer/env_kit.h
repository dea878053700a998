/* env_kit.h: loads the text of a .env file and looks at what is said about it. */
#pragma once

#include "settings/problems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KIT_FILE "/etc/visavis/.env"

/* What every file here needs, in two lines. */
#define KIT_BASE "DOMAIN_OR_PUBLIC_IP=meet.example.org\nOPENVIDU_SECRET=0123456789abcdefXYZ\n"

struct kit {
    struct settings *s; /* NULL after errors */
    struct problems *p;
};

static inline struct kit kit_load_bytes(struct bytes text)
{
    struct kit k = {0};
    int r;

    assert_int_equal(problems_new(&k.p), 0);
    r = settings_load_bytes(KIT_FILE, text, problems_add, k.p, &k.s);
    if (r == 0)
        assert_int_equal(problems_count(k.p, SETTING_ERROR), 0);
    else
        assert_int_equal(r, -EINVAL);
    if (r < 0)
        assert_true(problems_count(k.p, SETTING_ERROR) > 0);
    return k;
}

static inline struct kit kit_load(const char *text)
{
    return kit_load_bytes(bytes_str(text));
}

/* Behind the two lines that every file needs. */
static inline struct kit kit_load_more(const char *more)
{
    char text[16384];

    assert_true((size_t) snprintf(text, sizeof(text), KIT_BASE "%s", more) < sizeof(text));
    return kit_load(text);
}

static inline void kit_done(struct kit *k)
{
    settings_free(k->s);
    problems_free(k->p);
    *k = (struct kit){0};
}

static inline const struct setting_problem *kit_find(const struct kit *k, const char *key,
                                                     enum setting_severity severity)
{
    const struct setting_problem *q;

    for (size_t i = 0; (q = problems_at(k->p, i)); i++)
        if (q->severity == severity && (key ? q->key && strcmp(q->key, key) == 0 : !q->key))
            return q;
    return NULL;
}

/* The one of that key and severity; its sentence has this in it. Errors of keys have everything
 * that is promised. */
static inline const struct setting_problem *
kit_expect(const struct kit *k, const char *key, enum setting_severity severity, const char *what)
{
    const struct setting_problem *q = kit_find(k, key, severity);

    if (!q)
        fail_msg("nothing (%s) is said about %s", problems_severity_name(severity),
                 key ? key : "a line");
    if (!strstr(q->what, what))
        fail_msg("%s %s, not %s", key ? key : "a line", q->what, what);
    assert_string_equal(q->file, KIT_FILE);
    return q;
}

static inline void kit_expect_complete(const struct setting_problem *q, unsigned line)
{
    assert_int_equal(q->line, line);
    assert_non_null(q->wanted);
    assert_non_null(q->example);
    assert_non_null(q->mend);
}

/* KEY=value in the third line, behind what every file needs. */
static inline void kit_put_line(char *buf, size_t cap, const char *key, const char *value)
{
    snprintf(buf, cap, "%s\n%s\n%s=%s\n",
             strcmp(key, "DOMAIN_OR_PUBLIC_IP") == 0 ? "" : "DOMAIN_OR_PUBLIC_IP=a.example",
             strcmp(key, "OPENVIDU_SECRET") == 0 ? "" : "OPENVIDU_SECRET=0123456789abcdefXYZ", key,
             value);
}

/* Keys of certificates from a CA stop nobody: what is wrong is left out, with a warning. */
static inline bool kit_is_spared(const char *key)
{
    const struct setting_def *d = setting_find(key);

    return d && (d->group == SETTING_GROUP_ACME || strcmp(key, "LETSENCRYPT_EMAIL") == 0);
}

/* One key with a wrong value: one error (or warning), complete, about it. *ret_example: copied. */
static inline void kit_refused(const char *key, const char *value, const char *what,
                               char ret_example[static 320])
{
    bool spared = kit_is_spared(key);
    char line[8192];
    const struct setting_problem *q;
    struct kit k;

    kit_put_line(line, sizeof(line), key, value);
    k = kit_load(line);
    if ((k.s != NULL) != spared)
        fail_msg("%s=%s %s", key, value, spared ? "stops everything" : "was taken");
    q = kit_expect(&k, key, spared ? SETTING_WARNING : SETTING_ERROR, what);
    kit_expect_complete(q, 3);
    assert_int_equal(problems_count(k.p, q->severity), 1);
    snprintf(ret_example, 320, "%s", q->example);
    kit_done(&k);
}

/* One key with a good value, which comes out as wanted, without a word about it. */
static inline void kit_taken(enum setting id, const char *value, const char *wanted)
{
    const char *key = setting_def(id)->key;
    char line[8192];
    struct kit k;

    kit_put_line(line, sizeof(line), key, value);
    k = kit_load(line);
    if (problems_n(k.p) > 0)
        fail_msg("%s=%s %s", key, value, problems_at(k.p, 0)->what);
    assert_string_equal(settings_text(k.s, id), wanted);
    kit_done(&k);
}
