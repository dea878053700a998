#include "settings/settings_check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct source {
    const char *pairs[16]; /* key, value, key, value, NULL */
};

struct told {
    unsigned n;
    char keys[32][64];
    char values[32][64];
    char wanted[32][160];
};

static const char *lookup(const char *key, void *arg)
{
    const struct source *s = arg;

    for (size_t i = 0; s->pairs[i]; i += 2)
        if (strcmp(s->pairs[i], key) == 0)
            return s->pairs[i + 1];
    return NULL;
}

static void note(const struct setting_problem *p, void *arg)
{
    struct told *t = arg;

    snprintf(t->keys[t->n], sizeof(t->keys[0]), "%s", p->key);
    snprintf(t->values[t->n], sizeof(t->values[0]), "%s", p->value);
    snprintf(t->wanted[t->n], sizeof(t->wanted[0]), "%s", p->wanted);
    assert_non_null(p->example);
    t->n++;
}

static int load(const struct source *src, struct told *t, struct settings **ret)
{
    memset(t, 0, sizeof(*t));
    return settings_load(SETTINGS_DEV, lookup, (void *) src, note, t, ret);
}

static void test_dev_defaults(void **state)
{
    struct source none = {{NULL}};
    struct settings *s = NULL;
    struct told t;

    (void) state;
    assert_int_equal(load(&none, &t, &s), 0);
    assert_int_equal(t.n, 0);
    assert_string_equal(settings_text(s, SET_OPENVIDU_SECRET), "MY_SECRET");
    assert_string_equal(settings_text(s, SET_DOMAIN_OR_PUBLIC_IP), "localhost");
    assert_int_equal(settings_int(s, SET_HTTPS_PORT), 4443);
    assert_int_equal(settings_int(s, SET_CALL_PORT), 5442);
    assert_false(settings_bool(s, SET_STREAMS_ALLOW_TRANSCODING));
    settings_free(s);
}

static void assert_passes(const struct setting_def *d, const char *text)
{
    struct setting_verdict verdict;
    struct setting_value v;

    if (!text || !*text)
        return;
    if (setting_check(d, text, &v, &verdict) < 0)
        fail_msg("%s=%s %s", d->key, text, verdict.what);
    setting_value_done(&v);
}

static void test_every_row_is_complete_and_passes_its_own_check(void **state)
{
    (void) state;
    for (int i = 0; i < N_SETTINGS; i++) {
        const struct setting_def *d = setting_def((enum setting) i);
        char wanted[256];

        assert_non_null(d->key);
        assert_ptr_equal(setting_find(d->key), d);
        assert_non_null(d->doc);
        assert_true(d->doc[strlen(d->doc) - 1] != '.');
        assert_non_null(d->value);
        assert_non_null(d->example);
        assert_int_equal(d->type == SETTING_CHOICE, d->choices != NULL);
        assert_int_equal(d->type == SETTING_INT, d->max > 0);
        assert_int_equal(d->reloads & d->restarts, 0);
        assert_true(setting_consumers(d) != 0 || d->scope == SETTING_DEV_ONLY);
        assert_true(d->required ? !*d->value : true);
        assert_true(strlen(setting_wanted(d, wanted, sizeof(wanted))) > 0);
        assert_true(strlen(wanted) < sizeof(wanted) - 1);
        assert_passes(d, d->value);
        assert_passes(d, d->dev_value);
        assert_passes(d, d->example);
        assert_passes(d, d->shipped_value);
    }
    for (int group = 0; group < N_SETTING_GROUPS; group++)
        assert_non_null(setting_group_title((enum setting_group) group));
}

/* What means nothing in `visavis dev` is not even looked at there. */
static void test_dev_looks_at_its_own_keys_alone(void **state)
{
    struct source src = {{"HTTP_PORT", "x", "PROXY", "nobody", "OPENVIDU_CDR_PATH", "..",
                          "CALL_PRIVATE_ACCESS", "ENABLED", NULL}};
    struct settings *s = NULL;
    struct told t;

    (void) state;
    assert_int_equal(load(&src, &t, &s), 0);
    assert_string_equal(settings_text(s, SET_CALL_PRIVATE_ACCESS), "ENABLED");
    assert_int_equal(settings_int(s, SET_HTTP_PORT), 80);
    s = settings_free(s);
    src.pairs[6] = NULL;
    assert_int_equal(load(&src, &t, &s), 0);
    assert_string_equal(settings_text(s, SET_CALL_PRIVATE_ACCESS), "DISABLED");
    settings_free(s);
}

static void test_given_values_win_and_empty_ones_do_not(void **state)
{
    struct source src = {{"HTTPS_PORT", "4500", "OPENVIDU_SECRET", "", "OPENVIDU_MEDIA_SERVER",
                          "mediasoup", "OPENVIDU_STREAMS_ALLOW_TRANSCODING", "TRUE", NULL}};
    struct settings *s = NULL;
    struct told t;

    (void) state;
    assert_int_equal(load(&src, &t, &s), 0);
    assert_int_equal(settings_int(s, SET_HTTPS_PORT), 4500);
    assert_string_equal(settings_text(s, SET_OPENVIDU_SECRET), "MY_SECRET");
    assert_string_equal(settings_text(s, SET_OPENVIDU_MEDIA_SERVER), "mediasoup");
    assert_true(settings_bool(s, SET_STREAMS_ALLOW_TRANSCODING));
    settings_free(s);
}

static void test_all_problems_are_told_at_once_and_secrets_hidden(void **state)
{
    struct source src = {{"HTTPS_PORT", "99999", "OPENVIDU_SECRET", "with blank",
                          "OPENVIDU_MEDIA_SERVER", "Kurento", "DOMAIN_OR_PUBLIC_IP",
                          "https://a.example", "OPENVIDU_STREAMS_ALLOW_TRANSCODING", "yes",
                          "MEDIA_WORKERS", "-1", NULL}};
    struct settings *s = NULL;
    struct told t;

    (void) state;
    assert_int_equal(load(&src, &t, &s), -EINVAL);
    assert_null(s);
    assert_int_equal(t.n, 6);
    for (unsigned i = 0; i < t.n; i++) {
        assert_null(strstr(t.values[i], "with blank"));
        if (strcmp(t.keys[i], "OPENVIDU_MEDIA_SERVER") == 0)
            assert_string_equal(t.wanted[i], "one of kurento mediasoup");
        if (strcmp(t.keys[i], "OPENVIDU_SECRET") == 0)
            assert_string_equal(t.values[i], "(hidden)");
    }
}

static void test_length_of_secrets(void **state)
{
    char longest[256 + 2];
    struct source src = {{"OPENVIDU_SECRET", longest, "COTURN_SHARED_SECRET_KEY", longest, NULL}};
    struct settings *s = NULL;
    struct told t;

    (void) state;
    memset(longest, 'a', sizeof(longest));
    longest[256] = '\0';
    assert_int_equal(load(&src, &t, &s), 0);
    settings_free(s);
    longest[256] = 'a';
    longest[257] = '\0';
    assert_int_equal(load(&src, &t, &s), -EINVAL);
    assert_int_equal(t.n, 2);
}

static void test_pairs_of_keys(void **state)
{
    struct source low = {{"OPENVIDU_STREAMS_VIDEO_MIN_RECV_BANDWIDTH", "2000", NULL}};
    struct source unlimited = {{"OPENVIDU_STREAMS_VIDEO_MIN_RECV_BANDWIDTH", "2000",
                                "OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH", "0", NULL}};
    struct source same = {{"CALL_PORT", "4443", NULL}};
    struct source relay = {{"COTURN_MIN_PORT", "60000", "COTURN_MAX_PORT", "59999", NULL}};
    struct settings *s = NULL;
    struct told t;

    (void) state;
    assert_int_equal(load(&low, &t, &s), -EINVAL);
    assert_int_equal(t.n, 1);
    assert_int_equal(load(&same, &t, &s), -EINVAL);
    assert_string_equal(t.keys[0], "CALL_PORT");
    assert_int_equal(load(&relay, &t, &s), -EINVAL);
    assert_int_equal(load(&unlimited, &t, &s), 0);
    settings_free(s);
}

static void test_hosts(void **state)
{
    static const char *const good[] = {"localhost", "a.example.org", "192.0.2.1",
                                       "::1",       "2001:db8::1",   "x-1.y"};
    static const char *const bad[] = {"a..b", "-a", "a b", "a:80", "http://a", "a_b", ".", "a.b."};
    struct settings *s = NULL;
    struct told t;

    (void) state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct source src = {{"DOMAIN_OR_PUBLIC_IP", good[i], NULL}};

        assert_int_equal(load(&src, &t, &s), 0);
        s = settings_free(s);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct source src = {{"DOMAIN_OR_PUBLIC_IP", bad[i], NULL}};

        assert_int_equal(load(&src, &t, &s), -EINVAL);
    }
}

static void test_nearest_key(void **state)
{
    (void) state;
    assert_string_equal(setting_nearest("OPENVIDU_SECRT"), "OPENVIDU_SECRET");
    assert_string_equal(setting_nearest("OPENVIDU_SERCET"), "OPENVIDU_SECRET");
    assert_string_equal(setting_nearest("HTTPS_PORTS"), "HTTPS_PORT");
    assert_string_equal(setting_nearest("https_port"), "HTTPS_PORT");
    assert_null(setting_nearest("PATH"));
    assert_null(setting_nearest(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dev_defaults),
        cmocka_unit_test(test_every_row_is_complete_and_passes_its_own_check),
        cmocka_unit_test(test_dev_looks_at_its_own_keys_alone),
        cmocka_unit_test(test_given_values_win_and_empty_ones_do_not),
        cmocka_unit_test(test_all_problems_are_told_at_once_and_secrets_hidden),
        cmocka_unit_test(test_length_of_secrets),
        cmocka_unit_test(test_pairs_of_keys),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_nearest_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
