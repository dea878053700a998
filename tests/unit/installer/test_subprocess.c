#include "host/subprocess.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct subprocess_result result;

static int tear_down(void **state)
{
    (void) state;
    subprocess_done(&result);
    return 0;
}

static void shell(const char *script, const char *input, unsigned timeout_ms)
{
    const char *const argv[] = {"sh", "-c", script, NULL};

    assert_int_equal(subprocess_run(argv, input, timeout_ms, &result), 0);
}

static void test_output_error_and_status(void **state)
{
    (void) state;
    shell("echo out; echo err >&2; exit 3", NULL, 10000);
    assert_int_equal(result.status, 3);
    assert_string_equal(result.output, "out\n");
    assert_string_equal(result.error, "err\n");
}

static void test_input(void **state)
{
    (void) state;
    shell("tr a-z A-Z", "hello", 10000);
    assert_string_equal(result.output, "HELLO");
}

static void test_input_that_is_not_read(void **state)
{
    char *big = malloc(1000001);

    (void) state;
    memset(big, 'x', 1000000);
    big[1000000] = '\0';
    shell("exec <&-; sleep 0.1; echo ok", big, 10000);
    free(big);
    assert_int_equal(result.status, 0);
    assert_string_equal(result.output, "ok\n");
}

static void test_more_output_than_is_kept(void **state)
{
    (void) state;
    shell("head -c 5000000 /dev/zero | tr '\\0' x; exit 5", NULL, 10000);
    assert_int_equal(result.status, 5);
    assert_int_equal(strlen(result.output), SUBPROCESS_OUTPUT_MAX);
}

static void test_no_such_program(void **state)
{
    const char *const argv[] = {"visavis-no-such-program", NULL};
    struct subprocess_result none = {0};

    (void) state;
    assert_int_equal(subprocess_run(argv, NULL, 1000, &none), -ENOENT);
}

static void test_killed_with_its_children_at_the_limit(void **state)
{
    pid_t child;

    (void) state;
    shell("sleep 1000 & echo $!; wait", NULL, 300);
    assert_int_equal(result.status, -1);
    child = (pid_t) atol(result.output);
    assert_true(child > 0);
    for (int i = 0; i < 1000 && kill(child, 0) == 0; i++) { /* until init has taken it away */
        struct timespec pause = {0, 5000000};

        nanosleep(&pause, NULL);
    }
    assert_int_equal(kill(child, 0), -1);
}

static void test_closed_output_but_still_running(void **state)
{
    (void) state;
    shell("exec >&- 2>&-; sleep 0.2; exit 4", NULL, 10000);
    assert_int_equal(result.status, 4);
}

static void test_a_signal_is_a_status(void **state)
{
    (void) state;
    shell("kill -TERM $$", NULL, 10000);
    assert_int_equal(result.status, 128 + SIGTERM);
}

static void test_small_environment(void **state)
{
    (void) state;
    setenv("OPENVIDU_SECRET", "marker", 1);
    shell("env", NULL, 10000);
    unsetenv("OPENVIDU_SECRET");
    assert_null(strstr(result.output, "marker"));
    assert_non_null(strstr(result.output, "LANG=C.UTF-8"));
}

static void test_another_user(void **state)
{
    static const char *const environment[] = {"GIVEN=it", NULL};
    static const char *const argv[] = {
        "sh", "-c", "id -u; id -G; pwd; echo $GIVEN; grep -E 'CapEff|NoNewPrivs' /proc/self/status",
        NULL};
    struct subprocess_user u = {
        .uid = 65534, .gid = 65533, .folder = "/usr", .environment = environment};

    (void) state;
    if (geteuid() != 0) {
        assert_int_equal(subprocess_run_as(&u, argv, 10000, &result), -EPERM);
        return;
    }
    assert_int_equal(subprocess_run_as(&u, argv, 10000, &result), 0);
    assert_string_equal(result.output, "65534\n65533\n/usr\nit\nCapEff:\t0000000000000000\n"
                                       "NoNewPrivs:\t1\n");
    subprocess_done(&result);
    u.folder = "/nonexistent";
    assert_int_equal(subprocess_run_as(&u, argv, 10000, &result), -ENOENT);
}

#define CASE(fn) cmocka_unit_test_teardown(fn, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_output_error_and_status),
        CASE(test_input),
        CASE(test_input_that_is_not_read),
        CASE(test_more_output_than_is_kept),
        CASE(test_no_such_program),
        CASE(test_killed_with_its_children_at_the_limit),
        CASE(test_closed_output_but_still_running),
        CASE(test_a_signal_is_a_status),
        CASE(test_small_environment),
        CASE(test_another_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
