#include "installed_kit.h"

#include "apply/secrets.h"
#include "host/paths.h"

#include <errno.h>
#include <sys/stat.h>

static void made_once(void **state)
{
    char a[SECRET_SIZE] = "", b[SECRET_SIZE] = "", c[SECRET_SIZE] = "", path[PATH_MAX];
    struct stat st;

    (void) state;
    assert_int_equal(secret_read("turn", a), -ENOENT);
    assert_int_equal(secret_kept("turn", a), 0);
    assert_int_equal(strlen(a), 35);
    assert_int_equal(secret_kept("turn", b), 0);
    assert_string_equal(a, b);
    assert_int_equal(secret_read("turn", b), 0);
    assert_string_equal(a, b);
    assert_int_equal(secret_kept("other", c), 0);
    assert_string_not_equal(a, c);
    assert_int_equal(stat(path_join(path, PATH_STATE, "secrets/turn"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(path_join(path, PATH_STATE, "secrets"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

static int read_with(const char *content, char ret[static SECRET_SIZE])
{
    static const struct file_access access = {0600, FILE_KEEP_OWNER, FILE_KEEP_OWNER};
    char path[PATH_MAX];

    assert_int_equal(dir_make(path_join(path, PATH_STATE, "secrets"), NULL), 0);
    assert_int_equal(
        file_write(path_join(path, PATH_STATE, "secrets/turn"), bytes_str(content), &access), 0);
    return secret_kept("turn", ret);
}

static void what_a_file_may_hold(void **state)
{
    char s[SECRET_SIZE] = "", large[400];

    (void) state;
    assert_int_equal(read_with("an-operators-own\n", s), 0);
    assert_string_equal(s, "an-operators-own");
    assert_int_equal(read_with("an-operators-own", s), 0);
    assert_int_equal(read_with("", s), -EBADMSG);
    assert_int_equal(read_with("\n", s), -EBADMSG);
    assert_int_equal(read_with("too-short", s), -EBADMSG);
    assert_int_equal(read_with("with a blank in its middle", s), -EBADMSG);
    assert_int_equal(read_with("two-lines-of-them\ntwo-lines-of-them\n", s), -EBADMSG);
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    assert_int_equal(read_with(large, s), -EBADMSG);
    large[SECRET_SIZE] = '\0';
    assert_int_equal(read_with(large, s), -EBADMSG);
    large[SECRET_SIZE - 1] = '\0';
    assert_int_equal(read_with(large, s), 0);
    assert_string_equal(s, large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(made_once, kit_set_up, kit_tear_down),
        cmocka_unit_test_setup_teardown(what_a_file_may_hold, kit_set_up, kit_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
