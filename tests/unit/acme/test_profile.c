#include "acme/profile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct acme_directory directory(const char *const *names)
{
    struct acme_directory d = {.n_profiles = 0};

    for (; *names; names++)
        snprintf(d.profiles[d.n_profiles++].name, ACME_PROFILE_SIZE, "%s", *names);
    return d;
}

static void test_choice(void **state)
{
    static const char *const all[] = {"classic", "shortlived", "tlsserver", NULL};
    static const char *const few[] = {"classic", NULL};
    static const char *const none[] = {NULL};
    static const char *const host[] = {"media.example.org", "*.example.org", NULL};
    static const char *const address[] = {"media.example.org", "192.0.2.1", NULL};
    static const struct {
        const char *const *offered, *const *ids;
        const char *wanted;
        bool required;
        const char *chosen; /* NULL: refused */
        const char *remark;
    } cases[] = {
        {all, host, NULL, false, "", ""},
        {all, host, "", true, "", ""},
        {all, host, "tlsserver", true, "tlsserver", ""},
        {all, address, NULL, false, "shortlived", ""},
        {all, address, "classic", false, "classic", ""},
        {few, address, NULL, false, "", ""},
        {few, address, NULL, true, "", ""},
        {none, address, NULL, false, "", ""},
        {few, host, "shortlived", false, "", "does not offer the profile shortlived"},
        {few, host, "shortlived", false, "", "It offers: classic."},
        {none, host, "shortlived", false, "", "It offers: none at all."},
        {all, host, "Classic", false, "", "It offers: classic, shortlived, tlsserver."},
        {few, host, "shortlived", true, NULL, "it offers: classic"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct profile_wish wish = {cases[i].wanted, cases[i].required};
        struct acme_directory d = directory(cases[i].offered);
        char chosen[ACME_PROFILE_SIZE] = "?", remark[512] = "?";
        struct acme_failure f = {.kind = FAILURE_NONE};
        struct acme_ids ids;
        const char *bad;
        int r;

        assert_int_equal(acme_ids_parse(cases[i].ids, &ids, &bad), 0);
        r = profile_choose(&wish, &ids, &d, chosen, remark, sizeof(remark), &f);
        assert_int_equal(r, cases[i].chosen ? 0 : -ENOENT);
        if (cases[i].chosen) {
            assert_string_equal(chosen, cases[i].chosen);
            assert_non_null(strstr(remark, cases[i].remark));
            assert_int_equal(*remark != '\0', *cases[i].remark != '\0');
            continue;
        }
        assert_int_equal(f.kind, FAILURE_REFUSED);
        assert_non_null(strstr(f.what, cases[i].remark));
        assert_non_null(strstr(f.next, "ACME_PROFILE"));
    }
}

/* As many and as long as a CA may have: the texts are cut, no more. */
static void test_many(void **state)
{
    static const char *const host[] = {"media.example.org", NULL};
    const struct profile_wish wish = {"other", false};
    struct acme_directory d = {.n_profiles = ACME_PROFILES_MAX};
    char chosen[ACME_PROFILE_SIZE], remark[64];
    struct acme_failure f;
    struct acme_ids ids;
    const char *bad;

    (void) state;
    for (size_t i = 0; i < d.n_profiles; i++)
        memset(d.profiles[i].name, 'a', ACME_PROFILE_SIZE - 1);
    assert_int_equal(acme_ids_parse(host, &ids, &bad), 0);
    assert_int_equal(profile_choose(&wish, &ids, &d, chosen, remark, sizeof(remark), &f), 0);
    assert_int_equal(strlen(remark), sizeof(remark) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
