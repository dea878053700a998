#include "host/workdir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char base[] = "/tmp/test_workdir_XXXXXX";
static char here[64], too_long[256], missing[64];

static int setup(void **state)
{
    (void) state;
    if (!mkdtemp(base))
        return -1;
    snprintf(here, sizeof(here), "%s/a b\"", base);
    snprintf(missing, sizeof(missing), "%s/missing", base);
    snprintf(too_long, sizeof(too_long), "%s/%050d", base, 0);
    return mkdir(here, 0700) < 0 || mkdir(too_long, 0700) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    (void) state;
    return rmdir(here) < 0 || rmdir(too_long) < 0 || rmdir(base) < 0 ? -1 : 0;
}

/* Made below parent, and gone again. */
static void assert_below(const char *parent)
{
    struct workdir d;
    char path[256];
    struct stat st;

    assert_int_equal(workdir_make(&d), 0);
    assert_true(strncmp(d.path, parent, strlen(parent)) == 0 && d.path[strlen(parent)] == '/');
    assert_int_equal(stat(d.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(workdir_write(&d, "x.cfg", bytes_str("secret")), 0);
    snprintf(path, sizeof(path), "%s/x.cfg", d.path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    snprintf(path, sizeof(path), "%s", d.path);
    workdir_remove(&d);
    assert_int_equal(access(path, F_OK), -1);
    workdir_remove(&d);
}

static void test_where(void **state)
{
    static const struct {
        const char *runtime, *tmp, *where;
    } cases[] = {
        {here, missing, here},        {NULL, here, here},   {missing, here, here},
        {too_long, here, here},       {"", here, here},     {"relative", here, here},
        {too_long, too_long, "/tmp"}, {NULL, NULL, "/tmp"}, {missing, missing, "/tmp"},
        {"/proc/self", "..", "/tmp"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsetenv("XDG_RUNTIME_DIR");
        unsetenv("TMPDIR");
        if (cases[i].runtime)
            setenv("XDG_RUNTIME_DIR", cases[i].runtime, 1);
        if (cases[i].tmp)
            setenv("TMPDIR", cases[i].tmp, 1);
        assert_below(cases[i].where);
    }
}

/* Others could put something else there under the same name. */
static void test_folder_of_others(void **state)
{
    (void) state;
    unsetenv("XDG_RUNTIME_DIR");
    setenv("TMPDIR", here, 1);
    assert_int_equal(chmod(here, 0777), 0);
    assert_below("/tmp");
    assert_int_equal(chmod(here, 01777), 0);
    assert_below(here);
    assert_int_equal(chmod(here, 0700), 0);
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(here, 65534, 65534), 0);
    assert_below("/tmp");
    assert_int_equal(chown(here, 0, 0), 0);
}

static void test_nothing_to_remove(void **state)
{
    struct workdir d = {""};

    (void) state;
    workdir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where),
        cmocka_unit_test(test_folder_of_others),
        cmocka_unit_test(test_nothing_to_remove),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
