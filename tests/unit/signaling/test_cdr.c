/* The files of call detail records: where lines go, and what is made of a full disk, a missing
 * folder, and log files that somebody rotates. */
#include "signaling/cdr.h"

#include "base/clock.h"
#include "signaling/cdr_prune.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY_US 86400000000ull
#define START_US (20000 * DAY_US) /* 2024-10-04 00:00:00 */
#define FIRST_FILE "CDR.2024-10-04_00-00-00.log"

static char dir[64];
static struct cdr cdr;

static int setup(void **state)
{
    (void) state;
    setenv("TZ", "UTC", 1);
    strcpy(dir, "/tmp/visavis-cdr-XXXXXX");
    assert_non_null(mkdtemp(dir));
    clock_fake(START_US);
    cdr = (struct cdr){.folder = NULL};
    assert_int_equal(cdr_set_folder(&cdr, dir), 0);
    return 0;
}

static int teardown(void **state)
{
    char command[128];

    (void) state;
    cdr_done(&cdr);
    clock_fake(UINT64_MAX);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

static struct cdr_place place(const char *line)
{
    struct cdr_place p;

    cdr_next(&cdr, strlen(line), &p);
    return p;
}

static int write_at(const struct cdr_place *p, const char *line)
{
    return cdr_write(&cdr, p, bytes_str(line));
}

static int add(const char *line)
{
    struct cdr_place p = place(line);

    return write_at(&p, line);
}

static void path_of(const char *file, char ret[static 128])
{
    snprintf(ret, 128, "%s/%s", dir, file);
}

static void assert_file(const char *file, const char *text)
{
    char path[128], got[512];
    size_t n;
    FILE *f;

    path_of(file, path);
    f = fopen(path, "r");
    assert_non_null(f);
    n = fread(got, 1, sizeof(got) - 1, f);
    fclose(f);
    got[n] = '\0';
    assert_string_equal(got, text);
    assert_int_equal(n, strlen(text));
}

static void test_lines(void **state)
{
    struct cdr_place first = place("one\n");

    (void) state;
    assert_string_equal(first.file, FIRST_FILE);
    assert_int_equal(first.offset, 0);
    assert_int_equal(write_at(&first, "one\n"), 0);
    assert_int_equal(add("two\n"), 0);
    assert_file(FIRST_FILE, "one\ntwo\n");
    /* once more is the same */
    assert_int_equal(write_at(&first, "one\n"), 0);
    cdr_close(&cdr);
    assert_int_equal(write_at(&first, "one\n"), 0);
    assert_file(FIRST_FILE, "one\ntwo\n");
}

static void test_a_file_each_day(void **state)
{
    struct cdr_place old = place("one\n");

    (void) state;
    clock_fake(START_US + DAY_US - 1);
    assert_int_equal(place("two\n").offset, 4);
    clock_fake(START_US + DAY_US);
    assert_int_equal(add("three\n"), 0);
    assert_int_equal(write_at(&old, "one\n"), 0); /* late */
    assert_file("CDR.2024-10-05_00-00-00.log", "three\n");
    assert_file(FIRST_FILE, "one\n");
}

/* So that it can be downloaded. */
static void test_a_file_is_full(void **state)
{
    (void) state;
    assert_string_equal(place("one\n").file, FIRST_FILE);
    cdr.next.offset = CDR_FILE_BYTES + 1;
    assert_string_equal(place("two\n").file, FIRST_FILE); /* there is no other name yet */
    clock_fake(START_US + 1000000);
    assert_string_not_equal(place("three\n").file, FIRST_FILE);
    assert_int_equal(cdr.next.offset, 6);
}

/* Started again within the second. */
static void test_a_name_that_is_there(void **state)
{
    struct cdr_place waits;

    (void) state;
    assert_int_equal(add("one\n"), 0);
    waits = place("waits\n");
    cdr_done(&cdr);
    assert_int_equal(cdr_set_folder(&cdr, dir), 0);
    cdr_reserve(&cdr, &waits, strlen("waits\n"));
    assert_int_equal(place("two\n").offset, strlen("one\nwaits\n"));
    cdr_done(&cdr);
    assert_int_equal(cdr_set_folder(&cdr, dir), 0);
    assert_int_equal(place("two\n").offset, strlen("one\n"));
    /* of another file: no matter */
    cdr_done(&cdr);
    assert_int_equal(cdr_set_folder(&cdr, dir), 0);
    clock_fake(START_US + 5000000);
    cdr_reserve(&cdr, &waits, strlen("waits\n"));
    assert_string_equal(place("two\n").file, "CDR.2024-10-04_00-00-05.log");
    assert_int_equal(place("two\n").offset, strlen("two\n"));
}

static void test_rotation(void **state)
{
    struct cdr_place p;
    char path[128];

    (void) state;
    path_of(FIRST_FILE, path);
    assert_int_equal(add("one\n"), 0);
    p = place("two\n");
    cdr_close(&cdr);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(write_at(&p, "two\n"), -ESTALE);
    cdr_close(&cdr);
    cdr_restart(&cdr);
    assert_int_equal(add("two\n"), 0);
    assert_file(FIRST_FILE, "two\n");

    p = place("three\n");
    cdr_close(&cdr);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(write_at(&p, "three\n"), -ESTALE);
    cdr_restart(&cdr);
    assert_int_equal(add("three\n"), 0);
    assert_file(FIRST_FILE, "three\n");
}

static void test_no_folder(void **state)
{
    struct cdr_place p;

    (void) state;
    assert_int_equal(rmdir(dir), 0);
    p = place("one\n");
    assert_int_equal(write_at(&p, "one\n"), -ENOENT);
    assert_int_equal(write_at(&p, "one\n"), -ENOENT);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(write_at(&p, "one\n"), 0);
    assert_file(FIRST_FILE, "one\n");
}

/* The folder is away for a while, with what is in it. */
static void test_folder_away(void **state)
{
    struct cdr_place p;
    char away[128];

    (void) state;
    snprintf(away, sizeof(away), "%s.away", dir);
    assert_int_equal(add("one\n"), 0);
    p = place("two\n");
    cdr_close(&cdr);
    assert_int_equal(rename(dir, away), 0);
    assert_int_equal(write_at(&p, "two\n"), -ENOENT);
    assert_int_equal(rename(away, dir), 0);
    assert_int_equal(write_at(&p, "two\n"), 0);
    assert_file(FIRST_FILE, "one\ntwo\n");
}

/* Somebody else's bytes are never written over. */
static void test_another_file(void **state)
{
    struct cdr_place p;
    char path[128];
    FILE *f;

    (void) state;
    path_of(FIRST_FILE, path);
    assert_int_equal(add("one\n"), 0);
    p = place("two\n");
    cdr_close(&cdr);
    f = fopen(path, "a");
    assert_non_null(f);
    fputs("twice\n", f);
    fclose(f);
    assert_int_equal(write_at(&p, "two\n"), -ESTALE);
    cdr_close(&cdr);
    cdr_restart(&cdr);
    assert_int_equal(add("two\n"), 0);
    assert_file(FIRST_FILE, "one\ntwice\ntwo\n");
}

/* A disk that is full within a line: the rest of it follows. */
static void test_full(void **state)
{
    struct rlimit all, few = {.rlim_cur = 6};
    struct cdr_place p;

    (void) state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
    few.rlim_max = all.rlim_max;
    assert_int_equal(add("one\n"), 0);
    p = place("two\n");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
    assert_int_equal(write_at(&p, "two\n"), -EFBIG);
    assert_int_equal(write_at(&p, "two\n"), -EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
    assert_int_equal(write_at(&p, "two\n"), 0);
    assert_int_equal(add("three\n"), 0);
    assert_file(FIRST_FILE, "one\ntwo\nthree\n");
}

static void test_names(void **state)
{
    static const char *const bad[] = {
        "",
        "CDR.log",
        "CDR.2024-10-04_00-00-00.lo",
        "CDR.2024-10-04_00-00-00.log.gz",
        "CDR.2024-10-04_00-00-0x.log",
        "../CDR.2024-10-04_00-00-00.log",
        "CDR.2024-10-04/00-00-00.log",
    };

    (void) state;
    assert_true(cdr_is_file_name(FIRST_FILE));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(cdr_is_file_name(bad[i]));
}

/* Another folder: lines go on there; those placed before find nothing to stand on. */
static void test_another_folder(void **state)
{
    struct cdr_place p;
    char other[128];

    (void) state;
    assert_int_equal(add("one\n"), 0);
    p = place("two\n");
    path_of("other", other);
    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(cdr_set_folder(&cdr, other), 0);
    assert_int_equal(write_at(&p, "two\n"), -ESTALE);
    assert_int_equal(add("two\n"), 0);
    assert_file("other/" FIRST_FILE, "two\n");
}

/* ---- old files ---- */

#define NOW_MS (START_US / 1000)

static void make_file(const char *file, unsigned days_old, off_t size)
{
    struct timespec times[2] = {{.tv_sec = (time_t) (NOW_MS / 1000 - days_old * 86400ull - 1)}};
    char path[128];
    FILE *f;

    path_of(file, path);
    f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(truncate(path, size), 0);
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool is_there(const char *file)
{
    char path[128];

    path_of(file, path);
    return access(path, F_OK) == 0;
}

static void test_old_files(void **state)
{
    (void) state;
    make_file("CDR.2024-08-01_00-00-00.log", 64, 10);
    make_file("CDR.2024-09-04_00-00-00.log", 30, 10);
    make_file("CDR.2024-09-05_00-00-00.log", 29, 10);
    make_file("CDR.2024-10-03_00-00-00.log", 1, 10);
    make_file("of-the-operator.log", 100, 10);
    assert_int_equal(add("one\n"), 0);
    assert_false(is_there("CDR.2024-08-01_00-00-00.log"));
    assert_false(is_there("CDR.2024-09-04_00-00-00.log"));
    assert_true(is_there("CDR.2024-09-05_00-00-00.log"));
    assert_true(is_there("of-the-operator.log"));

    assert_int_equal(cdr_prune(dir, NOW_MS, 24), 0);
    assert_int_equal(cdr_prune(dir, NOW_MS, 23), 1);
    assert_false(is_there("CDR.2024-09-05_00-00-00.log"));
    /* never the newest */
    assert_int_equal(cdr_prune(dir, NOW_MS, 0), 1);
    assert_int_equal(cdr_prune(dir, NOW_MS, 0), 0);
    assert_true(is_there(FIRST_FILE));
    assert_int_equal(cdr_prune("/nowhere", NOW_MS, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_each_day, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_is_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_name_that_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rotation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder_away, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_files, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
