#include "files/files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct file_access open_to_group = {0640, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
static char folder[64];
static char path[PATH_MAX];

static int set_up(void **state)
{
    (void) state;
    snprintf(folder, sizeof(folder), "/tmp/visavis-files-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void) state;
    return dir_remove(folder);
}

static const char *in(const char *name)
{
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static unsigned count_entries(void)
{
    DIR *d = opendir(folder);
    unsigned n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static mode_t mode_of(const char *name)
{
    struct stat st;

    assert_int_equal(lstat(name, &st), 0);
    return st.st_mode & 07777;
}

static void assert_content(const char *name, const char *expected)
{
    char *text;
    size_t len;

    assert_int_equal(file_read(name, 100, &text, &len), 0);
    assert_int_equal(len, strlen(expected));
    assert_string_equal(text, expected);
    free(text);
}

static void test_write_has_exactly_the_mode(void **state)
{
    mode_t before = umask(0777);

    (void) state;
    assert_int_equal(file_write(in("a"), bytes_str("one"), &open_to_group), 0);
    umask(before);
    assert_int_equal(mode_of(in("a")), 0640);
    assert_content(in("a"), "one");
    assert_int_equal(count_entries(), 1);
}

static void test_write_replaces_a_link_and_not_its_target(void **state)
{
    char target[PATH_MAX];

    (void) state;
    snprintf(target, sizeof(target), "%s/target", folder);
    assert_int_equal(file_write(target, bytes_str("old"), &open_to_group), 0);
    assert_int_equal(symlink(target, in("a")), 0);
    assert_int_equal(file_write(in("a"), bytes_str("new"), &open_to_group), 0);
    assert_content(in("a"), "new");
    assert_content(target, "old");
}

static void test_a_failed_write_leaves_nothing(void **state)
{
    (void) state;
    assert_int_equal(mkdir(in("a"), 0755), 0);
    assert_int_equal(file_write(in("a"), bytes_str("new"), &open_to_group), -EISDIR);
    assert_int_equal(count_entries(), 1);
    assert_int_equal(file_write(in("none/b"), bytes_str("new"), &open_to_group), -ENOENT);
}

static void test_read_limits_and_kinds(void **state)
{
    char *text = NULL;
    size_t len = 7;

    (void) state;
    assert_int_equal(file_write(in("a"), bytes_str("12345"), &open_to_group), 0);
    assert_int_equal(file_read(in("a"), 4, &text, &len), -EFBIG);
    assert_int_equal(file_read(in("b"), 4, &text, &len), -ENOENT);
    assert_int_equal(file_read(folder, 4, &text, &len), -EISDIR);
    assert_int_equal(mkfifo(in("fifo"), 0600), 0);
    assert_int_equal(file_read(in("fifo"), 4, &text, &len), -EINVAL);
    assert_null(text);
    assert_int_equal(len, 7);
    assert_int_equal(file_read(in("a"), 5, &text, &len), 0);
    assert_int_equal(len, 5);
    free(text);
}

static void test_read_a_file_without_a_size(void **state)
{
    char *text;
    size_t len;

    (void) state;
    assert_int_equal(file_read("/proc/self/status", 65536, &text, &len), 0);
    assert_non_null(strstr(text, "Pid:"));
    free(text);
}

static void test_read_more_than_one_buffer(void **state)
{
    char big[10000], *text;
    size_t len;

    (void) state;
    memset(big, 'x', sizeof(big));
    assert_int_equal(file_write(in("a"), bytes_of(big, sizeof(big)), &open_to_group), 0);
    assert_int_equal(file_read(in("a"), sizeof(big), &text, &len), 0);
    assert_int_equal(len, sizeof(big));
    assert_memory_equal(text, big, sizeof(big));
    assert_int_equal(text[len], 0);
    free(text);
}

static void test_dir_make_with_those_above(void **state)
{
    static const struct file_access closed = {0750, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
    char above[PATH_MAX];

    (void) state;
    assert_int_equal(dir_make(in("x/y/z"), &closed), 0);
    assert_int_equal(mode_of(in("x/y/z")), 0750);
    snprintf(above, sizeof(above), "%s/x/y", folder);
    assert_int_equal(mode_of(above), 0755);
    assert_int_equal(dir_make(above, &closed), 0); /* was there: gets the access */
    assert_int_equal(mode_of(above), 0750);
    assert_int_equal(dir_make(above, NULL), 0); /* stays as it is */
    assert_int_equal(mode_of(above), 0750);
    assert_int_equal(file_write(in("file"), bytes_str(""), &open_to_group), 0);
    assert_int_equal(dir_make(in("file"), &closed), -ENOTDIR);
}

/* root's links are meant, and so are our own */
static void test_dir_make_does_not_follow_links_of_others(void **state)
{
    static const struct file_access private = {0700, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
    char target[PATH_MAX];

    (void) state;
    snprintf(target, sizeof(target), "%s", in("target"));
    assert_int_equal(dir_make(target, NULL), 0);
    assert_int_equal(symlink(target, in("link")), 0);
    assert_int_equal(dir_make(in("link"), &private), 0);
    assert_int_equal(mode_of(target), 0700);
    if (geteuid() != 0)
        return;
    assert_int_equal(chmod(target, 0750), 0);
    assert_int_equal(lchown(in("link"), 65534, 65534), 0);
    assert_int_equal(dir_make(in("link"), &private), -ELOOP);
    assert_int_equal(mode_of(target), 0750);
}

static void test_dir_remove_does_not_follow_links(void **state)
{
    char outside[PATH_MAX];

    (void) state;
    snprintf(outside, sizeof(outside), "%s/outside", folder);
    assert_int_equal(dir_make(in("tree/deep"), NULL), 0);
    assert_int_equal(dir_make(outside, NULL), 0);
    assert_int_equal(symlink(outside, in("tree/deep/link")), 0);
    assert_int_equal(file_write(in("outside/kept"), bytes_str("k"), &open_to_group), 0);
    assert_int_equal(dir_remove(in("tree")), 0);
    assert_false(file_exists(in("tree")));
    assert_content(in("outside/kept"), "k");
    assert_int_equal(dir_remove(in("tree")), 0);
}

static void test_link_replace(void **state)
{
    char target[PATH_MAX] = "";

    (void) state;
    assert_int_equal(link_replace(in("current"), "1"), 0);
    assert_int_equal(link_replace(in("current"), "2"), 0);
    assert_int_equal(readlink(in("current"), target, sizeof(target) - 1), 1);
    assert_string_equal(target, "2");
    assert_int_equal(count_entries(), 1);
    assert_int_equal(file_write(in("file"), bytes_str("f"), &open_to_group), 0);
    assert_int_equal(link_replace(in("file"), "2"), -EEXIST);
    assert_content(in("file"), "f");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_write_has_exactly_the_mode),
        CASE(test_write_replaces_a_link_and_not_its_target),
        CASE(test_a_failed_write_leaves_nothing),
        CASE(test_read_limits_and_kinds),
        CASE(test_read_a_file_without_a_size),
        CASE(test_read_more_than_one_buffer),
        CASE(test_dir_make_with_those_above),
        CASE(test_dir_make_does_not_follow_links_of_others),
        CASE(test_dir_remove_does_not_follow_links),
        CASE(test_link_replace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
