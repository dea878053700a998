/* Runs that could be followed by the next at once, again and again, and are not. */
#include "acme/acme.h"
#include "acme_kit.h"
#include "base/clock.h"

#include <sys/stat.h>

static struct acme_config config;
static struct acme_report report;
static struct acme_challenger http;
static const struct acme_challenger *list[2];
static bool check_fails;

static void on_told_run(bool is_problem, const char *text, void *arg)
{
    (void) is_problem;
    on_told(text, arg);
}

static int check(void *arg, const struct acme_proof *proof, struct acme_failure *f)
{
    (void) arg;
    (void) proof;
    return check_fails ? failure_set(f, FAILURE_SELF_CHECK, STEP_SELF_CHECK, -ECONNREFUSED,
                                     "192.0.2.1 port 80", "nobody answers")
                       : 0;
}

static int begin(void **state)
{
    static const struct pebble_config c = {.life_s = 20};
    int r = kit_start(&c);

    (void) state;
    vault_close(&kit.vault);
    http = by_http;
    http.check = check;
    list[0] = &http;
    check_fails = false;
    config = (struct acme_config){
        .loop = kit.loop,
        .folder = kit.folder,
        .ids = kit.issue.ids,
        .ca = {.directory = pebble_directory(kit.pebble)},
        .ca_file = pebble_ca_file(kit.pebble),
        .user_agent = "visavis-test/1",
        .retry_ms = 1,
        .types = {CHALLENGE_HTTP_01},
        .n_types = 1,
        .challengers = list,
        .self_check = true,
        .tell = on_told_run,
    };
    return r;
}

static int end(void **state)
{
    clock_fake(UINT64_MAX);
    return kit_stop(state);
}

static int64_t now_s(void)
{
    return (int64_t) (clock_wall_ms() / 1000);
}

static enum acme_end run(enum acme_mode mode)
{
    int r;

    forget_told();
    r = acme_run(&config, mode, &report);
    if (r < 0)
        fail_msg("%d\n%s", r, kit.told);
    return report.end;
}

static void in_set(const char *name, char path[static PATH_MAX + 16])
{
    char set[PATH_MAX];

    assert_int_equal(vault_set_path(kit.folder, &config.ids, set), 0);
    snprintf(path, PATH_MAX + 16, "%s/%s", set, name);
}

/* The next run would not know that it failed. */
static void state_cannot_be_kept(void **state)
{
    char path[PATH_MAX + 16];

    (void) state;
    in_set("state.json", path);
    assert_int_equal(dir_make(path, NULL), 0);
    check_fails = true;
    assert_int_equal(run(ACME_IF_DUE), ACME_FAILED);
    assert_true(was_told("could not be noted"));
    assert_true(report.next_s >= now_s() + 5900);
    check_fails = false;
    assert_int_equal(run(ACME_IF_DUE), ACME_ISSUED);
    assert_true(report.next_s >= now_s() + 5900);
}

/* By a clock that is some minutes ahead, or of a CA whose own is behind. */
static void over_when_it_comes(void **state)
{
    char path[PATH_MAX + 16];

    (void) state;
    clock_fake((clock_wall_ms() + 600 * 1000) * 1000);
    for (unsigned i = 1; i < 3; i++) {
        assert_int_equal(run(ACME_NOW), ACME_FAILED);
        assert_int_equal(report.state.failure.kind, FAILURE_CA);
        assert_non_null(strstr(report.state.failure.what, "was valid until"));
        assert_int_equal(report.state.failures, i);
        in_set("current", path);
        assert_false(file_exists(path));
        in_set("order", path);
        assert_false(file_exists(path));
    }
    assert_true(report.next_s >= now_s() + 500);
    assert_int_equal(run(ACME_IF_DUE), ACME_WAITING);
}

/* What was said of an earlier pair, by a CA that is asked no more, is no reason to look again. */
static void window_of_another_pair(void **state)
{
    struct acme_state kept;
    struct due_pair pair;
    char ari_id[ACME_ARI_ID_SIZE], path[PATH_MAX + 16], *text;

    (void) state;
    assert_int_equal(run(ACME_IF_DUE), ACME_ISSUED);
    assert_int_equal(acme_look(kit.folder, &config.ids, &kept, &pair, ari_id), 0);
    snprintf(kept.ari.id, sizeof(kept.ari.id), "another");
    text = state_text(&kept);
    in_set("state.json", path);
    assert_int_equal(
        file_write(path, bytes_str(text),
                   &(struct file_access){0600, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER}),
        0);
    free(text);
    config.ca.directory = "https://other.example/dir";
    assert_int_equal(run(ACME_IF_DUE), ACME_NOT_DUE);
    assert_true(report.next_s > now_s() + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(state_cannot_be_kept, begin, end),
        cmocka_unit_test_setup_teardown(over_when_it_comes, begin, end),
        cmocka_unit_test_setup_teardown(window_of_another_pair, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
