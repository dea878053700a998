/* Values in force, written and read back; files on the disk. */
#include "env_kit.h"

#include <sys/stat.h>
#include <unistd.h>

/* ---- values in force ---- */

static struct settings *written_and_read(const struct settings *s)
{
    static char text[SETTINGS_WRITE_MAX];
    struct wr w = wr_init(text, sizeof(text));
    struct settings *again = NULL;
    size_t len = 0;

    settings_write(&w, s);
    assert_int_equal(wr_finish(&w, &len), 0);
    assert_int_equal(settings_read(bytes_of(text, len), &again), 0);
    return again;
}

static void test_values_in_force_are_read_back(void **state)
{
    struct kit k = kit_load_more(
        "CALL_SECRET='a \"b\" 'c' d'\nCALL_USER=x y\nOPENVIDU_WEBHOOK_HEADERS=[\"A: # "
        "\\\"b\\\"\"]\n"
        "OV_CE_DEBUG_LEVEL=DEBUG\nHTTPS_PORT=8443\nALLOWED_ACCESS_TO_RESTAPI=10.0.0.0/8,::1\n");
    struct settings *again = written_and_read(k.s);
    unsigned reloads, restarts;

    (void) state;
    assert_int_equal(settings_changes(k.s, again, &reloads, &restarts), 0);
    for (int id = 0; id < N_SETTINGS; id++) {
        assert_string_equal(settings_text(k.s, (enum setting) id),
                            settings_text(again, (enum setting) id));
        assert_int_equal(settings_int(k.s, (enum setting) id),
                         settings_int(again, (enum setting) id));
        assert_int_equal(settings_is_default(k.s, (enum setting) id),
                         settings_is_default(again, (enum setting) id));
    }
    assert_string_equal(settings_item(again, SET_WEBHOOK_HEADERS, 0), "A: # \"b\"");
    settings_free(again);
    kit_done(&k);
}

static void test_values_in_force_of_another_version(void **state)
{
    static const char text[] = "# Values in force, written by visavis; changes here are lost.\n"
                               "DOMAIN_OR_PUBLIC_IP=a.example\nHTTPS_PORT=none\nGONE=1\n"
                               "LOG_LEVEL=debug\n";
    struct settings *s = NULL;

    (void) state;
    assert_int_equal(settings_read(bytes_str(text), &s), 0);
    assert_string_equal(settings_text(s, SET_DOMAIN_OR_PUBLIC_IP), "a.example");
    assert_int_equal(settings_int(s, SET_HTTPS_PORT), 443);
    assert_string_equal(settings_text(s, SET_LOG_LEVEL), "debug");
    settings_free(s);
    assert_int_equal(settings_read(bytes_str("DOMAIN_OR_PUBLIC_IP=a\n"), &s), -EBADMSG);
}

static void test_who_has_to_take_notice(void **state)
{
    struct kit a = kit_load(KIT_BASE);
    struct kit b = kit_load_more("HTTPS_PORT=8443\nMEDIA_PORT=30000\nCOTURN_PORT=3479");
    unsigned reloads, restarts;

    (void) state;
    assert_int_equal(settings_changes(a.s, b.s, &reloads, &restarts), 3);
    assert_int_equal(restarts, SETTING_MEDIA | SETTING_TURN);
    assert_int_equal(reloads, SETTING_SIGNALING | SETTING_PROXY);
    assert_true(settings_differ(a.s, b.s, SET_HTTPS_PORT));
    assert_false(settings_differ(a.s, b.s, SET_HTTP_PORT));
    kit_done(&a);
    kit_done(&b);
}

/* ---- files ---- */

static int load_file(const char *path, struct problems **ret_p, struct settings **ret_s)
{
    assert_int_equal(problems_new(ret_p), 0);
    return settings_load_file(path, problems_add, *ret_p, ret_s);
}

static void test_files(void **state)
{
    char folder[] = "/tmp/visavis-test-XXXXXX", path[64];
    struct settings *s = NULL;
    struct problems *p;
    FILE *f;

    (void) state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/.env", folder);
    assert_int_equal(load_file(path, &p, &s), -ENOENT);
    assert_int_equal(problems_count(p, SETTING_ERROR), 1);
    problems_free(p);

    f = fopen(path, "w");
    assert_non_null(f);
    fputs(KIT_BASE, f);
    fclose(f);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(load_file(path, &p, &s), 0);
    assert_int_equal(problems_n(p), 0);
    problems_free(p);
    settings_free(s);

    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(load_file(path, &p, &s), 0);
    assert_int_equal(problems_n(p), 1);
    assert_non_null(strstr(problems_at(p, 0)->what, "everybody"));
    assert_non_null(strstr(problems_at(p, 0)->mend, "chmod 640"));
    problems_free(p);
    settings_free(s);

    assert_int_equal(truncate(path, 64 * 1024 + 1), 0);
    assert_int_equal(load_file(path, &p, &s), -EFBIG);
    assert_non_null(strstr(problems_at(p, 0)->what, "larger than 64 KiB"));
    problems_free(p);
    assert_true(load_file(folder, &p, &s) < 0);
    assert_int_equal(problems_count(p, SETTING_ERROR), 1);
    problems_free(p);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_in_force_are_read_back),
        cmocka_unit_test(test_values_in_force_of_another_version),
        cmocka_unit_test(test_who_has_to_take_notice),
        cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
