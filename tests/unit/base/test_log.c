/* The log as it arrives at a pipe, and what goes into a line: the clock and random ids. */
#include "base/clock.h"
#include "base/log.h"
#include "base/rnd.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

static void a_line_says_what_it_is_about(void **state)
{
    char big[3000];

    (void) state;
    log_init("t", LOG_LEVEL_INFO);
    errno = ENOENT;
    log_about((struct log_ids){.session = "S", .connection = "con_A", .join = "k3"}, LOG_LEVEL_INFO,
              "joined, %d", 5);
    assert_int_equal(errno, ENOENT);
    assert_non_null(strstr(logged(), "info t: [session S connection con_A join k3] joined, 5\n"));
    log_about((struct log_ids){.stream = "str", .session = ""}, LOG_LEVEL_INFO, "x");
    assert_non_null(strstr(logged(), "info t: [stream str] x\n"));
    log_about((struct log_ids){.session = NULL}, LOG_LEVEL_INFO, "x");
    assert_non_null(strstr(logged(), "info t: x\n"));
    log_about((struct log_ids){.session = "S"}, LOG_LEVEL_DEBUG, "x");
    assert_string_equal(logged(), "");
    memset(big, 'i', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    log_about((struct log_ids){big, big, big, big}, LOG_LEVEL_INFO, "%s", big);
    assert_true(strlen(logged()) <= 2048);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

/* A journal of our own, in a mount namespace of our own; -1: may not be. */
static int make_journal(void)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", "/run", "tmpfs", 0, NULL) < 0)
        return -1;
    mkdir("/run/systemd", 0755);
    mkdir("/run/systemd/journal", 0755);
    return bind(fd, (struct sockaddr *) &sa, sizeof(sa)) == 0 ? fd : -1;
}

static void the_journal_gets_fields(void **state)
{
    int fd = make_journal();
    struct stat st;
    char stream[64];
    ssize_t n;

    (void) state;
    if (fd < 0)
        skip();
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long) st.st_dev,
             (unsigned long long) st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_init("visavis-test", LOG_LEVEL_INFO);
    log_about(
        (struct log_ids){
            .session = "S", .connection = "c\nMESSAGE=forged", .stream = "s", .join = "k3"},
        LOG_LEVEL_WARNING, "a\nb");
    n = recv(fd, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    assert_string_equal(text, "PRIORITY=4\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=visavis-test\n"
                              "SESSION_ID=S\nCONNECTION_ID=c\\x0aMESSAGE=forged\nSTREAM_ID=s\n"
                              "JOIN_ID=k3\n"
                              "MESSAGE=[session S connection c\\x0aMESSAGE=forged stream s join "
                              "k3] a\\x0ab\n");
    assert_string_equal(logged(), "");
    /* who says nothing of the kind goes the usual way */
    log_info("x");
    assert_string_equal(logged(), "<6>x\n");
    /* as all do when the journal does not take it */
    close(fd);
    log_about((struct log_ids){.session = "S"}, LOG_LEVEL_INFO, "x");
    assert_string_equal(logged(), "<6>[session S] x\n");
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
        cmocka_unit_test_setup_teardown(a_line_says_what_it_is_about, setup, teardown),
        cmocka_unit_test_setup_teardown(the_journal_gets_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_are_limited, setup, teardown),
        cmocka_unit_test(clock_can_be_moved),
        cmocka_unit_test(ids_have_their_shape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
