/* The log as it arrives at a pipe, and what goes into a line: the clock and random ids. */
#include "base/clock.h"
#include "base/log.h"
#include "base/rnd.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int saved_stderr;
static int pipe_fds[2];
static char text[8192];

static int setup(void **state)
{
    (void) state;
    saved_stderr = dup(STDERR_FILENO);
    if (pipe2(pipe_fds, O_NONBLOCK) < 0)
        return -1;
    unsetenv("JOURNAL_STREAM");
    return dup2(pipe_fds[1], STDERR_FILENO) < 0;
}

static int teardown(void **state)
{
    (void) state;
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    unsetenv("JOURNAL_STREAM");
    clock_fake(UINT64_MAX);
    return 0;
}

static const char *logged(void)
{
    ssize_t n = read(pipe_fds[0], text, sizeof(text) - 1);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void line_has_time_level_and_program(void **state)
{
    const char *line;

    (void) state;
    log_init("visavis-test", LOG_LEVEL_INFO);
    clock_fake(1234567);
    errno = ENOENT;
    log_warning("room %s: %d", "A", 5);
    assert_int_equal(errno, ENOENT);
    line = logged();
    assert_int_equal(line[8], '.');
    assert_string_equal(line + 9, "234 warning visavis-test: room A: 5\n");
    log_debug("not this");
    assert_string_equal(logged(), "");
}

static void journal_gets_the_level_alone(void **state)
{
    struct stat st;
    char stream[64];

    (void) state;
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long) st.st_dev,
             (unsigned long long) st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_init("visavis-test", LOG_LEVEL_DEBUG);
    log_debug("hello");
    assert_string_equal(logged(), "<7>hello\n");
    setenv("JOURNAL_STREAM", "1:1", 1); /* inherited, but stderr is not the journal */
    log_init("visavis-test", LOG_LEVEL_INFO);
    log_info("hello");
    assert_non_null(strstr(logged(), "info visavis-test: hello\n"));
}

static void lines_cannot_be_forged(void **state)
{
    (void) state;
    log_init("t", LOG_LEVEL_INFO);
    log_info("%s", "a\nb\r\t\x1b[31m\x7f é \xc2\x9b"
                   "1m \xc2\xa0 \xc2");
    assert_non_null(strstr(logged(), "info t: a\\x0ab\\x0d\\x09\\x1b[31m\\x7f é \\xc2\\x9b1m "
                                     "\xc2\xa0 \xc2\n"));
}

static void long_messages_stay_one_line(void **state)
{
    char *big = malloc(10001);
    size_t len = 0;

    (void) state;
    memset(big, '\n', 10000);
    big[10000] = '\0';
    log_init("t", LOG_LEVEL_INFO);
    log_info("%s", big);
    len = strlen(logged());
    assert_true(len > 1000 && len <= 2048);
    assert_ptr_equal(strchr(text, '\n'), text + len - 1);
    free(big);
}

static void strangers_are_limited(void **state)
{
    struct log_limit limit = {.interval_ms = 1000};

    (void) state;
    log_init("t", LOG_LEVEL_INFO);
    clock_fake(0);
    log_limited(&limit, LOG_LEVEL_INFO, "first");
    assert_non_null(strstr(logged(), ": first\n"));
    clock_fake(999999);
    log_limited(&limit, LOG_LEVEL_INFO, "second");
    log_limited(&limit, LOG_LEVEL_INFO, "third");
    assert_string_equal(logged(), "");
    clock_fake(1000000);
    log_limited(&limit, LOG_LEVEL_INFO, "fourth");
    assert_non_null(strstr(logged(), ": fourth (2 more like this suppressed)\n"));
    clock_fake(2000000);
    log_limited(&limit, LOG_LEVEL_INFO, "fifth");
    assert_non_null(strstr(logged(), ": fifth\n"));
}

static void clock_can_be_moved(void **state)
{
    uint64_t before;

    (void) state;
    clock_fake(5500);
    assert_int_equal(clock_us(), 5500);
    assert_int_equal(clock_ms(), 5);
    assert_int_equal(clock_wall_ms(), 5);
    clock_fake(UINT64_MAX);
    before = clock_us();
    assert_true(clock_us() >= before);
    assert_true(clock_wall_ms() > 1600000000000);
}

static void ids_have_their_shape(void **state)
{
    unsigned seen[128] = {0};
    unsigned seen_first[128] = {0};
    char id[33];
    char other[33];

    (void) state;
    for (int i = 0; i < 1000; i++) {
        memset(id, '?', sizeof(id));
        rnd_id(id, 32);
        assert_int_equal(strlen(id), 32);
        assert_true(isupper((unsigned char) id[0]));
        seen_first[(unsigned char) id[0]]++;
        for (int c = 0; c < 32; c++) {
            assert_true(isalnum((unsigned char) id[c]));
            seen[(unsigned char) id[c]]++;
        }
    }
    for (int c = 'A'; c <= 'Z'; c++)
        assert_true(seen_first[c] > 0);
    for (int c = '0'; c <= 'z'; c++)
        assert_int_equal(seen[c] > 0, isalnum(c) != 0);
    rnd_alnum(other, 32);
    assert_string_not_equal(id, other);
    rnd_id(id, 0);
    assert_string_equal(id, "");
    assert_true(rnd_u64() != rnd_u64());
    assert_true(rnd_u32() != rnd_u32() || rnd_u32() != rnd_u32());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(line_has_time_level_and_program, setup, teardown),
        cmocka_unit_test_setup_teardown(journal_gets_the_level_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_cannot_be_forged, setup, teardown),
        cmocka_unit_test_setup_teardown(long_messages_stay_one_line, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_are_limited, setup, teardown),
        cmocka_unit_test(clock_can_be_moved),
        cmocka_unit_test(ids_have_their_shape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
