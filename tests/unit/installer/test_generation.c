/* Generations, and what is left of them when the writer is killed at any system call. */
#include "apply/generation.h"
#include "host/paths.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/visavis-test-XXXXXX";

static int set_up(void **state)
{
    (void) state;
    memcpy(strrchr(root, '-'), "-XXXXXX", 7);
    return mkdtemp(root) && setenv("VISAVIS_ROOT", root, 1) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void) state;
    return dir_remove(root);
}

#define KEEP FILE_KEEP_OWNER, FILE_KEEP_OWNER

static struct generation_file file(const char *name, const char *text)
{
    return (struct generation_file){name, bytes_str(text), {0640, KEEP}};
}

static unsigned put(const char *text)
{
    struct generation_file files[] = {file("a.cfg", text), file("b.cfg", text)};
    unsigned n = 0;

    assert_int_equal(generation_write(files, 2, &n), 0);
    assert_int_equal(generation_activate(n), 0);
    return n;
}

static void assert_content(unsigned n, const char *name, const char *wanted)
{
    char *text = NULL;
    size_t len = 0;

    assert_int_equal(generation_read(n, name, &text, &len), 0);
    assert_string_equal(text, wanted);
    assert_int_equal(len, strlen(wanted));
    free(text);
}

static bool there(unsigned n)
{
    char path[PATH_MAX];

    return file_exists(generation_path(path, n));
}

static void test_first(void **state)
{
    unsigned n = 7;
    char *text = NULL;
    size_t len;

    (void) state;
    assert_int_equal(generation_current(&n), -ENOENT);
    assert_int_equal(generation_applied(&n), -ENOENT);
    assert_int_equal(n, 7);
    assert_int_equal(put("one"), 1);
    assert_int_equal(generation_current(&n), 0);
    assert_int_equal(n, 1);
    assert_content(1, "a.cfg", "one");
    assert_int_equal(generation_read(1, "c.cfg", &text, &len), -ENOENT);
    assert_null(text);
}

static void test_current_is_a_relative_link(void **state)
{
    char target[16];
    ssize_t n;

    (void) state;
    put("one");
    n = readlink(path_of(PATH_CURRENT), target, sizeof(target));
    assert_int_equal(n, 1);
    assert_memory_equal(target, "1", 1);
}

static void test_modes(void **state)
{
    char path[PATH_MAX];
    struct stat st;

    (void) state;
    umask(077);
    put("one");
    assert_int_equal(stat(path_join(path, PATH_CURRENT, "a.cfg"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(stat(path_of(PATH_CURRENT), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    umask(022);
}

static void test_comparing(void **state)
{
    struct generation_file files[] = {file("a.cfg", "one"), file("b.cfg", "one"),
                                      file("c.cfg", "one")};
    char path[PATH_MAX];

    (void) state;
    put("one");
    assert_true(generation_is(1, files, 2));
    assert_false(generation_is(1, files, 3));
    assert_false(generation_is(1, files, 1));
    assert_false(generation_is(2, files, 2));
    files[1].content = bytes_str("ona");
    assert_false(generation_is(1, files, 2));
    files[1].content = bytes_str("one");
    assert_int_equal(chmod(path_join(path, PATH_CURRENT, "a.cfg"), 0644), 0);
    assert_false(generation_is(1, files, 2));
}

static void test_last_three_are_kept(void **state)
{
    (void) state;
    for (int i = 0; i < 2; i++)
        put("x");
    assert_int_equal(generation_set_applied(2), 0);
    for (int i = 0; i < 4; i++)
        put("x");
    assert_int_equal(generation_activate(1), 0);
    assert_int_equal(generation_prune(), 0);
    assert_true(there(1)); /* in force */
    assert_true(there(2)); /* applied */
    assert_false(there(3));
    assert_true(there(4) && there(5) && there(6));
    assert_int_equal(generation_discard(1), -EBUSY);
    assert_int_equal(generation_discard(2), -EBUSY);
    assert_int_equal(generation_discard(5), 0);
    assert_false(there(5));
    assert_int_equal(put("x"), 7);
}

static void test_numbers_are_not_taken_twice(void **state)
{
    char path[PATH_MAX];

    (void) state;
    put("x");
    put("x");
    assert_int_equal(dir_remove(generation_path(path, 2)), 0); /* somebody's broom */
    assert_int_equal(put("x"), 3);
}

static void test_wrong_names_and_links(void **state)
{
    struct generation_file bad = file("../a.cfg", "x");
    unsigned n = 0;

    (void) state;
    assert_int_equal(generation_write(&bad, 1, &n), -EINVAL);
    assert_int_equal(n, 0);
    assert_false(there(1));
    assert_int_equal(symlink("../elsewhere", path_of(PATH_CURRENT)), 0);
    assert_int_equal(generation_current(&n), -EBADMSG);
}

/* ---- killed ---- */

static void write_and_activate(const char *text)
{
    struct generation_file files[] = {file("a.cfg", text), file("b.cfg", text)};
    unsigned n;

    if (generation_write(files, 2, &n) == 0 && generation_activate(n) == 0 &&
        generation_set_applied(n) == 0)
        (void) generation_prune();
}

/* Runs that in a child which is killed at its stop_at-th stop at a system call (before and after
 * each). false when it came to its end before. */
static bool run_killed(const char *text, int stop_at)
{
    pid_t pid = fork();
    int status, stops = 0;

    assert_true(pid >= 0);
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(99);
        raise(SIGSTOP);
        write_and_activate(text);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
        skip(); /* nobody may trace here */
    assert_true(WIFSTOPPED(status));
    for (;;) {
        assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status))
            return false;
        if (++stops == stop_at) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return true;
        }
    }
}

static void assert_whole(unsigned n, const char *one, const char *other)
{
    char *a = NULL, *b = NULL;
    size_t len;

    assert_int_equal(generation_read(n, "a.cfg", &a, &len), 0);
    assert_int_equal(generation_read(n, "b.cfg", &b, &len), 0);
    assert_string_equal(a, b);
    assert_true(strcmp(a, one) == 0 || strcmp(a, other) == 0);
    free(a);
    free(b);
}

static size_t count_leftovers(void)
{
    char command[PATH_MAX], line[32] = "";
    FILE *f;

    snprintf(command, sizeof(command), "find %s -name '.new-*' -o -name '*.new' | wc -l",
             path_of(PATH_CONF));
    f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof(line), f));
    pclose(f);
    return strtoul(line, NULL, 10);
}

static void test_killed_at_every_system_call(void **state)
{
    int stop_at = 1, saw_old = 0, saw_new = 0;

    (void) state;
    put("old");
    for (; run_killed("new", stop_at); stop_at++) {
        unsigned n = 0;

        assert_int_equal(generation_current(&n), 0);
        assert_whole(n, "old", "new");
        if (n == 1)
            saw_old++;
        else
            saw_new++;
        /* The next writer finds nothing in its way. */
        write_and_activate("next");
        assert_int_equal(generation_current(&n), 0);
        assert_content(n, "a.cfg", "next");
        assert_int_equal(count_leftovers(), 0);
        assert_int_equal(dir_remove(path_of(PATH_CONF)), 0);
        put("old");
    }
    assert_true(stop_at > 50);
    assert_true(saw_old > 0 && saw_new > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_current_is_a_relative_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_modes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_comparing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_last_three_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_numbers_are_not_taken_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_names_and_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_killed_at_every_system_call, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
