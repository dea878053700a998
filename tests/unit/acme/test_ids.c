#include "acme/ids.h"

#include "ca_kit.h"

#include <errno.h>

static void reads_each_kind(void **state)
{
    static const struct {
        const char *text, *is;
        bool is_ip, is_wildcard;
    } cases[] = {
        {"Video.Example.ORG.", "video.example.org", false, false},
        {"*.Example.org", "*.example.org", false, true},
        {"*.example.org.", "*.example.org", false, true},
        {"192.0.2.1", "192.0.2.1", true, false},
        {"2001:DB8:0:0::1", "2001:db8::1", true, false},
        {"::ffff:192.0.2.1", "192.0.2.1", true, false},
        {"xn--bcher-kva.example", "xn--bcher-kva.example", false, false},
        {"localhost", "localhost", false, false},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct acme_id id;

        assert_int_equal(acme_id_parse(cases[i].text, &id), 0);
        assert_string_equal(id.text, cases[i].is);
        assert_int_equal(id.is_ip, cases[i].is_ip);
        assert_int_equal(id.is_wildcard, cases[i].is_wildcard);
    }
}

static void refuses_what_is_no_identifier(void **state)
{
    static const char *const bad[] = {
        "",          "*",           "*.",           "*.*.example.org", "a.*.example.org",
        "*a.b.org",  "**.b.org",    "*.192.0.2.1",  "*.2001:db8::1",   "a b",
        "a..b",      ".a",          "a/b",          "a.org:443",       "https://a.org",
        "a.org\n",   "\xc3\xa4.de", "../../passwd", "[2001:db8::1]",   "2001:db8::1%eth0",
        "192.0.2/24"};
    struct acme_id id = {.text = "untouched"};

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (acme_id_parse(bad[i], &id) != -EBADMSG)
            fail_msg("'%s' was taken", bad[i]);
    assert_string_equal(id.text, "untouched");
}

/* labels of 49 characters and a dot, and the rest */
static void long_name(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        text[i] = i % 50 == 49 ? '.' : 'a';
    text[len] = '\0';
}

static void names_have_a_limit(void **state)
{
    char text[300] = "*.";
    struct acme_id id;

    (void) state;
    long_name(text + 2, 251);
    assert_int_equal(acme_id_parse(text, &id), 0);
    assert_string_equal(id.text, text);
    long_name(text + 2, 252);
    assert_int_equal(acme_id_parse(text, &id), -EBADMSG);
    assert_int_equal(acme_id_parse(text + 2, &id), 0);
    long_name(text + 2, 254);
    assert_int_equal(acme_id_parse(text + 2, &id), -EBADMSG);
}

static void lists_count_each_once(void **state)
{
    struct acme_ids ids = IDS("b.org", "*.b.org", "B.org.", "192.0.2.1", "*.B.ORG");

    (void) state;
    assert_int_equal(ids.n, 3);
    assert_string_equal(ids.list[0].text, "b.org");
    assert_string_equal(ids.list[1].text, "*.b.org");
    assert_string_equal(ids.list[2].text, "192.0.2.1");
}

static void lists_have_errors(void **state)
{
    const char *const wrong[] = {"a.org", "a b", NULL}, *const none[] = {NULL};
    struct acme_ids ids = {.n = 77};
    const char *bad = "?";

    (void) state;
    assert_int_equal(acme_ids_parse(wrong, &ids, &bad), -EBADMSG);
    assert_string_equal(bad, "a b");
    assert_int_equal(acme_ids_parse(none, &ids, &bad), -EBADMSG);
    assert_null(bad);
    assert_int_equal(ids.n, 77);
}

static void lists_have_a_limit(void **state)
{
    char texts[ACME_IDS_MAX + 1][16];
    const char *list[ACME_IDS_MAX + 3] = {NULL};
    struct acme_ids ids;
    const char *bad;

    (void) state;
    for (size_t i = 0; i <= ACME_IDS_MAX; i++) {
        snprintf(texts[i], sizeof(texts[i]), "n%zu.org", i);
        list[i] = texts[i];
    }
    assert_int_equal(acme_ids_parse(list, &ids, &bad), -E2BIG);
    list[ACME_IDS_MAX] = texts[0]; /* is there already */
    assert_int_equal(acme_ids_parse(list, &ids, &bad), 0);
    assert_int_equal(ids.n, ACME_IDS_MAX);
}

static void sets_are_compared(void **state)
{
    struct acme_ids a = IDS("a.org", "b.org"), b = IDS("b.org", "a.org");
    struct acme_ids c = IDS("a.org"), d = IDS("a.org", "*.a.org");

    (void) state;
    assert_true(acme_ids_same(&a, &b));
    assert_false(acme_ids_same(&a, &c));
    assert_false(acme_ids_same(&c, &a));
    assert_false(acme_ids_same(&a, &d));
}

static void one_is_compared_with_what_a_ca_writes(void **state)
{
    struct acme_ids ids = IDS("a.org", "2001:db8::1", "*.a.org");

    (void) state;
    assert_true(acme_id_is(&ids.list[0], false, "A.ORG"));
    assert_false(acme_id_is(&ids.list[0], true, "a.org"));
    assert_false(acme_id_is(&ids.list[0], false, "b.org"));
    assert_false(acme_id_is(&ids.list[0], false, "a org"));
    assert_true(acme_id_is(&ids.list[1], true, "2001:0DB8:0000::0001"));
    assert_false(acme_id_is(&ids.list[1], false, "2001:db8::1"));
    assert_true(acme_id_is(&ids.list[2], false, "*.a.org"));
    assert_false(acme_id_is(&ids.list[2], false, "a.org"));
}

static void names_are_for_certificates(void **state)
{
    struct acme_ids ids = IDS("a.org", "*.a.org", "192.0.2.1", "2001:db8::1");
    struct names names;

    (void) state;
    acme_ids_names(&ids, &names);
    assert_int_equal(names.n, 4);
    assert_string_equal(names.list[1].text, "*.a.org");
    assert_false(names.list[1].is_ip);
    assert_true(names.list[2].is_ip);
    assert_memory_equal(names.list[2].ip.ip, "\xc0\x00\x02\x01", 4);
    assert_true(names.list[3].is_ip);
    assert_memory_equal(names.list[3].ip.ip, "\x20\x01\x0d\xb8", 4);
}

static void folders_are_readable_and_distinct(void **state)
{
    char a[ACME_IDS_FOLDER_SIZE], b[ACME_IDS_FOLDER_SIZE];
    struct acme_ids ids = IDS("a.org", "b.org", "c.org"), swapped = IDS("a.org", "c.org", "b.org");
    struct acme_ids fewer = IDS("a.org", "b.org"), joined = IDS("a.orgb.org", "c.org");

    (void) state;
    assert_ptr_equal(acme_ids_folder(&ids, a), a);
    /* Fixed for ever: the folders of those who upgrade have that name. */
    assert_string_equal(a, "a.org-51ffbe5d35061c1d");
    assert_string_equal(acme_ids_folder(&swapped, b), a);
    assert_string_not_equal(acme_ids_folder(&fewer, b), a);
    assert_string_not_equal(acme_ids_folder(&joined, b) + strlen("a.orgb.org"),
                            a + strlen("a.org"));
}

static void folders_are_safe_and_short(void **state)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
    char text[256] = "*.", folder[ACME_IDS_FOLDER_SIZE], other[ACME_IDS_FOLDER_SIZE];
    struct acme_ids ids;

    (void) state;
    long_name(text + 2, 251);
    ids = IDS(text);
    assert_int_equal(strlen(acme_ids_folder(&ids, folder)), ACME_IDS_FOLDER_SIZE - 1);
    assert_int_equal(strspn(folder, allowed), ACME_IDS_FOLDER_SIZE - 1);
    text[252] = 'b'; /* cut off, but hashed */
    ids = IDS(text);
    assert_string_not_equal(acme_ids_folder(&ids, other), folder);
    ids = IDS("::1");
    assert_int_equal(strncmp(acme_ids_folder(&ids, folder), "__1-", 4), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_kind),
        cmocka_unit_test(refuses_what_is_no_identifier),
        cmocka_unit_test(names_have_a_limit),
        cmocka_unit_test(lists_count_each_once),
        cmocka_unit_test(lists_have_errors),
        cmocka_unit_test(lists_have_a_limit),
        cmocka_unit_test(sets_are_compared),
        cmocka_unit_test(one_is_compared_with_what_a_ca_writes),
        cmocka_unit_test(names_are_for_certificates),
        cmocka_unit_test(folders_are_readable_and_distinct),
        cmocka_unit_test(folders_are_safe_and_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
