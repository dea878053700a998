/* When the certificate is looked after again. */
#include "acquire/schedule.h"
#include "host/paths.h"
#include "installed_kit.h"

#define NOW INT64_C(1800000000)
#define S UINT64_C(1000000)

static struct schedule_plan plan(int64_t next_s, int64_t daily_s)
{
    struct schedule_plan p;

    schedule_plan(next_s, NOW, daily_s, &p);
    return p;
}

static void test_soon(void **state)
{
    struct schedule_plan p = plan(NOW + 10, NOW + 30000);

    (void) state;
    assert_true(p.timer);
    assert_int_equal(p.after_us, 10 * S);
    assert_int_equal(p.at_s, 0);
    assert_int_equal(p.jitter_us, 0); /* a certificate of seconds has none to lose */
}

static void test_what_is_due_comes_in_a_second(void **state)
{
    (void) state;
    assert_int_equal(plan(NOW, NOW + 30000).after_us, 1 * S);
    assert_int_equal(plan(NOW - 5000, NOW + 30000).after_us, 1 * S);
    assert_int_equal(plan(INT64_MIN, NOW + 30000).after_us, 1 * S);
    assert_true(plan(INT64_MIN, NOW + 30000).timer);
}

static void test_later(void **state)
{
    struct schedule_plan p = plan(NOW + 1000, NOW + 30000);

    (void) state;
    assert_int_equal(p.after_us, 1000 * S);
    assert_int_equal(p.jitter_us, 20 * S);
    p = plan(NOW + 25000, NOW + 30000);
    assert_true(p.timer);
    assert_int_equal(p.after_us, 0);
    assert_int_equal(p.at_s, NOW + 25000);
    assert_int_equal(p.jitter_us, 500 * S);
    assert_int_equal(plan(NOW + 86400, NOW + 90000).jitter_us, 600 * S);
}

static void test_the_daily_timer_is_enough(void **state)
{
    (void) state;
    assert_false(plan(NOW + 30000, NOW + 30000).timer);
    assert_false(plan(NOW + 86400, NOW + 30000).timer);
    assert_false(plan(NOW + 10, 0).timer); /* the server is stopped */
}

static void test_file(void **state)
{
    char path[PATH_MAX], *text;
    size_t len;

    (void) state;
    assert_int_equal(schedule_read(), 0);
    schedule_next(NOW, NULL, NULL);
    assert_int_equal(schedule_read(), NOW);
    schedule_next(NOW + 7, NULL, NULL);
    assert_int_equal(file_read(path_join(path, PATH_RUN, "cert.next"), 64, &text, &len), 0);
    assert_string_equal(text, "1800000007\n");
    free(text);
}

static void on_tell(bool is_problem, const char *text, void *arg)
{
    assert_true(is_problem);
    assert_non_null(strstr(text, "Not a directory"));
    *(bool *) arg = true;
}

static void test_what_cannot_be_written_is_told(void **state)
{
    static const struct file_access access = {0600, FILE_KEEP_OWNER, FILE_KEEP_OWNER};
    char path[PATH_MAX];
    bool told = false;

    (void) state;
    assert_int_equal(file_write(path_in_root(path, "/run"), bytes_str(""), &access), 0);
    schedule_next(NOW, on_tell, &told);
    assert_true(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_soon),
        cmocka_unit_test(test_what_is_due_comes_in_a_second),
        cmocka_unit_test(test_later),
        cmocka_unit_test(test_the_daily_timer_is_enough),
        cmocka_unit_test_setup_teardown(test_file, kit_set_up, kit_tear_down),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_written_is_told, kit_set_up,
                                        kit_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
