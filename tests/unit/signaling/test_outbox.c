/* Events on their way out, and what is left of them when the process dies on the way. */
#include "tests/unit/signaling/outbox_kit.h"

#include "signaling/webhook.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- what was written ---- */

static char written[65536];

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_log(const struct dirent *d)
{
    return strncmp(d->d_name, "CDR.", 4) == 0;
}

/* All files in the order of their names. Returns how many. */
static int read_all(void)
{
    struct dirent **found;
    int n = scandir(kit_dir, &found, is_log, by_name);
    size_t len = 0;

    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        char path[512];
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", kit_dir, found[i]->d_name);
        f = fopen(path, "r");
        assert_non_null(f);
        len += fread(written + len, 1, sizeof(written) - 1 - len, f);
        fclose(f);
        free(found[i]);
    }
    free(found);
    written[len] = '\0';
    return n;
}

/* Lines n from, from + 1, ... to - 1, each once. */
static void assert_lines(int from, int to)
{
    char expected[65536] = "";
    size_t len = 0;

    for (int n = from; n < to; n++)
        len += (size_t) snprintf(expected + len, sizeof(expected) - len,
                                 "{\"signalSent\":{\"sessionId\":\"S\",\"n\":%d}}\n", n);
    (void) read_all();
    assert_string_equal(written, expected);
}

/* ---- no accidents ---- */

static void test_lines(void **state)
{
    (void) state;
    kit_start(kit_dir, "");
    kit_add("signalSent", 0);
    kit_add("signalSent", 1);
    assert_int_equal(read_all(), 0); /* not yet */
    assert_int_equal(kit_n_fields(), 0);
    store_commit(NULL);
    outbox_committed(kit_outbox);
    assert_int_equal(kit_n_fields(), 2);
    kit_run(1);
    assert_lines(0, 2);
    assert_int_equal(kit_n_fields(), 0);
    /* nobody else commits */
    kit_add("signalSent", 2);
    kit_run(1);
    assert_lines(0, 3);
    assert_int_equal(kit_n_fields(), 0);
    /* at the end */
    kit_add("signalSent", 3);
    kit_end();
    assert_lines(0, 4);
    assert_int_equal(kit_n_fields(), 0);
    assert_int_equal(kit_n_refused, 0);
}

static void test_nobody_wants_it(void **state)
{
    (void) state;
    outbox_add(NULL, "signalSent", json_object());
    kit_start("", "");
    kit_add("signalSent", 0);
    kit_run(1);
    assert_int_equal(kit_store->n_steps, 0);
    kit_end();
    assert_int_equal(read_all(), 0);
}

/* ---- the process dies ---- */

#define CRASH_EVENTS 3

/* A life: takes up what was left, adds its own, and dies at the given step. Returns whether it did.
 */
static bool live(int *n, unsigned dies_at)
{
    pid_t pid;
    int status;

    kit_store->n_steps = 0;
    kit_store->dies_at = dies_at;
    pid = fork();
    if (pid == 0) {
        kit_start(kit_dir, "");
        kit_restore();
        for (int i = 0; i < CRASH_EVENTS; i++) {
            kit_add("signalSent", *n + i);
            store_commit(NULL);
            outbox_committed(kit_outbox);
            if (i == 1)
                kit_run(1);
        }
        kit_run(1);
        kit_end();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == 9;
}

/* How many of the lines are there, or on their way. */
static int count_events(void)
{
    int n = (int) kit_n_fields();

    (void) read_all();
    for (const char *c = written; *c; c++)
        n += *c == '\n';
    return n;
}

/* At each step: what was committed is written, once, in its order; what was not is not. */
static void test_crashes(void **state)
{
    unsigned n_crashes = 0;

    (void) state;
    for (unsigned step = 1;; step++) {
        bool died;
        int n = 0;

        died = live(&n, step);
        n_crashes += died;
        n = 0;
        /* what the life before has committed, whether written or not; then a quiet life */
        kit_store->dies_at = 0;
        kit_start(kit_dir, "");
        kit_restore();
        kit_run(1);
        kit_end();
        n = count_events();
        assert_int_equal(kit_n_fields(), 0);
        assert_true(n <= CRASH_EVENTS);
        assert_true(died || n == CRASH_EVENTS);
        assert_lines(0, n);
        assert_int_equal(kit_teardown(NULL), 0);
        assert_int_equal(kit_setup(NULL), 0);
        if (!died)
            break;
    }
    assert_true(n_crashes > 2 * CRASH_EVENTS); /* the deaths were at different places */
}

/* Many deaths in a row, at the same file and at others. */
static void test_crash_after_crash(void **state)
{
    int n = 0;

    (void) state;
    for (unsigned step = 1; step < 12; step++) {
        (void) live(&n, step);
        (void) live(&n, 1); /* dies as soon as it has done anything */
        kit_store->dies_at = 0;
        kit_start(kit_dir, "");
        kit_restore();
        kit_run(1);
        kit_end();
        n = 0;
        (void) read_all();
        for (const char *c = written; *c; c++)
            n += *c == '\n';
        assert_lines(0, n);
    }
    assert_true(n > 12);
}

/* ---- accidents of the folder ---- */

static void test_no_folder(void **state)
{
    char path[128];

    (void) state;
    log_init("test", LOG_LEVEL_ERROR - 1);
    snprintf(path, sizeof(path), "%s/later", kit_dir);
    kit_start(path, "");
    for (int i = 0; i < 5; i++)
        kit_add("signalSent", i);
    kit_run(1);
    assert_int_equal(kit_n_fields(), 5);
    assert_int_equal(mkdir(path, 0700), 0);
    kit_add("signalSent", 5); /* or after a while */
    kit_run(1);
    assert_int_equal(kit_n_fields(), 0);
    kit_end();
    strcpy(kit_dir, path);
    assert_lines(0, 6);
    *strrchr(kit_dir, '/') = '\0';
}

static void cut_files(void)
{
    char command[128];

    snprintf(command, sizeof(command), "for f in %s/CDR.*; do : >$f; done", kit_dir);
    assert_int_equal(system(command), 0);
}

/* Rotated by truncation while lines wait. */
static void test_rotation(void **state)
{
    (void) state;
    kit_start(kit_dir, "");
    for (int i = 0; i < 3; i++)
        kit_add("signalSent", i);
    kit_run(1);
    kit_add("signalSent", 3);
    kit_add("signalSent", 4);
    cut_files();
    kit_run(1);
    assert_lines(3, 5);
    kit_add("signalSent", 5);
    kit_run(1);
    assert_lines(3, 6);
    assert_int_equal(kit_n_fields(), 0);

    kit_end();
}

/* Dies when the lines have new places in the store, and have not been written there. */
static void rotated_life(void)
{
    kit_start(kit_dir, "");
    for (int i = 0; i < 3; i++)
        kit_add("signalSent", i);
    kit_run(1);
    kit_add("signalSent", 3);
    kit_add("signalSent", 4);
    store_commit(NULL);
    outbox_committed(kit_outbox);
    cut_files();
    kit_store->n_steps = 0;
    kit_store->dies_at = 2;
    kit_run(1);
    _exit(0);
}

static void test_rotation_and_crash(void **state)
{
    int status;
    pid_t pid = fork();

    (void) state;
    if (pid == 0)
        rotated_life();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 9);
    kit_store->dies_at = 0;
    assert_non_null(strstr(kit_store->fields[0].value, "\"offset\":0"));
    kit_start(kit_dir, "");
    kit_restore();
    kit_run(1);
    assert_lines(3, 5);
    kit_end();
}

/* ---- settings ---- */

static void test_switched_off(void **state)
{
    char path[128];

    (void) state;
    log_init("test", LOG_LEVEL_ERROR - 1);
    snprintf(path, sizeof(path), "%s/missing", kit_dir);
    kit_start(path, "");
    kit_add("signalSent", 0);
    kit_run(1);
    kit_add("signalSent", 1);
    kit_config.cdr_path = kit_nothing;
    outbox_reload(kit_outbox);
    kit_run(1);
    assert_int_equal(kit_n_fields(), 0);
    kit_config.cdr_path = kit_dir;
    outbox_reload(kit_outbox);
    kit_add("signalSent", 2);
    kit_run(1);
    assert_lines(2, 3);
    kit_end();
}

/* ---- the store ---- */

static void test_rewrite(void **state)
{
    char path[128];
    struct kit_store before;

    (void) state;
    log_init("test", LOG_LEVEL_ERROR - 1);
    snprintf(path, sizeof(path), "%s/missing", kit_dir);
    kit_start(path, "");
    kit_add("signalSent", 0);
    kit_add("signalSent", 1);
    kit_run(1);
    assert_int_equal(kit_n_fields(), 2);
    before = *kit_store;
    memset(kit_store->fields, 0, sizeof(kit_store->fields)); /* the store came back empty */
    outbox_rewrite(kit_outbox);
    store_commit(NULL);
    assert_memory_equal(kit_store->fields, before.fields, sizeof(before.fields));
    kit_end();
}

static void test_records_that_are_none(void **state)
{
    static const char *const values[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"name\":\"other\",\"fields\":{\"a\":1}}",
        "{\"name\":\"signalSent\",\"fields\":{}}",
        "{\"name\":\"signalSent\",\"fields\":[1]}",
        "{\"name\":\"signalSent\",\"fields\":{\"a\":1},\"file\":\"../x\",\"offset\":0}",
        ("{\"name\":\"signalSent\",\"fields\":{\"a\":1},\"file\":\"CDR.2024-10-04_00-00-00.log\","
         "\"offset\":-1}"),
    };
    static const char *const names[] = {"",
                                        "x",
                                        "0",
                                        "00000000000000000001_abcdef",
                                        "0000000000000000000x-abcdef",
                                        "99999999999999999999-abcdef",
                                        "00000000000000000001-abcdefg"};

    (void) state;
    log_init("test", LOG_LEVEL_ERROR);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        snprintf(kit_store->fields[i].field, 64, "%020zu-abcdef", i + 1);
        snprintf(kit_store->fields[i].value, 1024, "%s", values[i]);
        kit_store->fields[i].put = true;
    }
    kit_start(kit_dir, "");
    kit_restore();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        outbox_restore(kit_outbox, bytes_str(names[i]), bytes_str(values[5]));
    kit_run(1);
    assert_int_equal(read_all(), 0);
    assert_int_equal(kit_n_fields(), 0); /* and are gone */
    kit_end();
}

/* ---- limits ---- */

/* Nobody listens, nor does the loop run: only so many are kept, the newest. */
static void test_webhook_queue(void **state)
{
    struct outbox_counts counts;

    (void) state;
    log_init("test", LOG_LEVEL_ERROR - 1);
    kit_start("", "http://127.0.0.1:9/");
    for (int i = 0; i < WEBHOOK_WAITING_MAX + 10; i++) {
        kit_add("signalSent", i);
        kit_n_changes = 0;
        outbox_committed(kit_outbox);
    }
    outbox_count(kit_outbox, &counts);
    assert_int_equal(counts.webhook_waiting, WEBHOOK_WAITING_MAX);
    assert_int_equal(counts.webhook_given_up, 10);
    kit_n_changes = 0;
    kit_end();
}

/* Likewise of long ones, by their bytes. */
static void test_webhook_queue_of_long_ones(void **state)
{
    static char data[60001];
    struct outbox_counts counts;
    unsigned n = 0;

    (void) state;
    log_init("test", LOG_LEVEL_ERROR - 1);
    memset(data, 'x', sizeof(data) - 1);
    kit_start("", "http://127.0.0.1:9/");
    for (; n < 2 * WEBHOOK_WAITING_BYTES / sizeof(data); n++) {
        outbox_add(kit_outbox, "signalSent", json_pack("{s:s}", "data", data));
        kit_n_changes = 0;
        outbox_committed(kit_outbox);
    }
    outbox_count(kit_outbox, &counts);
    assert_int_equal(counts.webhook_waiting + counts.webhook_given_up, n);
    assert_in_range(counts.webhook_waiting, WEBHOOK_WAITING_BYTES / sizeof(data) - 1,
                    WEBHOOK_WAITING_BYTES / sizeof(data));
    kit_n_changes = 0;
    kit_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_nobody_wants_it, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_crashes, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_crash_after_crash, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_no_folder, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_rotation, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_rotation_and_crash, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_switched_off, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_rewrite, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_records_that_are_none, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_webhook_queue, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_webhook_queue_of_long_ones, kit_setup, kit_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
