#include "cmd/cmd.h"
#include "print_kit.h"

#include <fcntl.h>

/* ---- verbs that note how they were called ---- */

static struct {
    unsigned calls;
    const char *verb;
    bool follow, json;
    const char *lines, *first, *second, *third;
    size_t n_args;
    const char *arg;
} seen;

static int note(const struct cmd_call *c, const char *verb, int status)
{
    seen.calls++;
    seen.verb = verb;
    seen.follow = cmd_has(c, "follow");
    seen.json = cmd_json(c);
    seen.lines = cmd_value(c, "lines");
    seen.first = cmd_value_at(c, "lines", 0);
    seen.second = cmd_value_at(c, "lines", 1);
    seen.third = cmd_value_at(c, "lines", 2);
    seen.n_args = cmd_n_args(c);
    seen.arg = cmd_arg(c, 0);
    return status;
}

static int run_logs(const struct cmd_call *c)
{
    return note(c, "logs", CMD_OK);
}

static int run_check(const struct cmd_call *c)
{
    return note(c, "check", 7);
}

static int run_fail(const struct cmd_call *c)
{
    return cmd_fail(c, CMD_FAILED, "no %s", "luck");
}

static const struct cmd_option logs_options[] = {
    {.name = "follow", .letter = 'f', .help = "go on"},
    {.name = "lines", .letter = 'n', .arg = "LINES", .help = "so many"},
    {0},
};
static const struct cmd logs = {.name = "logs",
                                .fn = run_logs,
                                .args = "[UNIT...]",
                                .options = logs_options,
                                .help = "print the log",
                                .doc = "Much more."};
static const struct cmd_exit check_exits[] = {{7, "seven"}, {0}};
static const struct cmd check = {
    .name = "check", .fn = run_check, .exits = check_exits, .help = "look at it"};
static const struct cmd secret_sub = {
    .name = "chick", .fn = run_check, .help = "not for people", .internal = true};
static const struct cmd config = {.name = "config",
                                  .help = "the settings",
                                  .subs = (const struct cmd *const[]){&check, &secret_sub, NULL}};
static const struct cmd failing = {
    .name = "fail", .fn = run_fail, .help = "go wrong", .no_json = true};
static const struct cmd inside = {
    .name = "lugs", .fn = run_logs, .help = "not for people", .internal = true};
static const struct cmd *const table[] = {&logs, &config, &failing, &inside, NULL};

/* Runs main's part with these words; what was printed on stdout and stderr goes to printed. */
static char printed[8192];

static int call(const char *const *words)
{
    char *argv[16] = {(char *) "visavis"};
    int argc = 1, saved[2], status;
    FILE *f = tmpfile();
    size_t n;

    for (; words[argc - 1]; argc++)
        argv[argc] = (char *) words[argc - 1];
    memset(&seen, 0, sizeof(seen));
    assert_non_null(f);
    fflush(stdout);
    fflush(stderr);
    for (int i = 0; i < 2; i++) {
        saved[i] = dup(i + 1);
        dup2(fileno(f), i + 1);
    }
    status = cmd_main(table, argc, argv);
    fflush(stdout);
    fflush(stderr);
    for (int i = 0; i < 2; i++) {
        dup2(saved[i], i + 1);
        close(saved[i]);
    }
    rewind(f);
    n = fread(printed, 1, sizeof(printed) - 1, f);
    printed[n] = 0;
    fclose(f);
    return status;
}

#define CALL(...) call((const char *const[]){__VA_ARGS__, NULL})

static void test_options_in_all_forms(void **state)
{
    (void) state;
    assert_int_equal(CALL("logs", "--follow", "--lines", "5", "media"), CMD_OK);
    assert_true(seen.follow);
    assert_string_equal(seen.lines, "5");
    assert_int_equal(seen.n_args, 1);
    assert_string_equal(seen.arg, "media");
    assert_false(seen.json);

    assert_int_equal(CALL("logs", "media", "-fn", "6", "--json"), CMD_OK);
    assert_true(seen.follow && seen.json);
    assert_string_equal(seen.lines, "6");

    assert_int_equal(CALL("logs", "-n7", "--lines=8", "--", "-f"), CMD_OK);
    assert_false(seen.follow);
    assert_string_equal(seen.first, "7");
    assert_string_equal(seen.second, "8");
    assert_null(seen.third);
    assert_string_equal(seen.lines, "8");
    assert_string_equal(seen.arg, "-f");
}

static void test_wrong_options_do_nothing(void **state)
{
    (void) state;
    assert_int_equal(CALL("logs", "--folow"), CMD_USAGE);
    assert_has(printed, "visavis logs: there is no option '--folow'; did you mean --follow?");
    assert_int_equal(CALL("logs", "--jsn=1"), CMD_USAGE);
    assert_has(printed, "did you mean --json?");
    assert_int_equal(CALL("logs", "--zzzzzz"), CMD_USAGE);
    assert_has(printed, "--help lists them");
    assert_int_equal(CALL("logs", "-fx"), CMD_USAGE);
    assert_has(printed, "there is no option '-fx'");
    assert_int_equal(CALL("logs", "--lines"), CMD_USAGE);
    assert_has(printed, "--lines needs a value: --lines LINES");
    assert_int_equal(CALL("logs", "-n"), CMD_USAGE);
    assert_int_equal(CALL("logs", "--follow=1"), CMD_USAGE);
    assert_has(printed, "--follow takes no value");
    assert_int_equal(CALL("fail", "--json"), CMD_USAGE);
    assert_int_equal(seen.calls, 0);
}

static void test_too_much(void **state)
{
    char *argv[72] = {(char *) "visavis", (char *) "logs"};

    (void) state;
    for (int i = 2; i < 70; i++)
        argv[i] = (char *) "media";
    assert_int_equal(cmd_main(table, 70, argv), CMD_USAGE);
    for (int i = 2; i < 70; i++)
        argv[i] = (char *) "-f";
    assert_int_equal(cmd_main(table, 70, argv), CMD_USAGE);
}

static void test_verbs(void **state)
{
    (void) state;
    assert_int_equal(CALL("config", "check"), 7);
    assert_string_equal(seen.verb, "check");
    assert_int_equal(CALL("config", "check", "more"), CMD_USAGE);
    assert_has(printed, "visavis config check: unexpected argument 'more'");
    assert_int_equal(CALL("config", "chekc"), CMD_USAGE);
    assert_has(printed, "there is no verb 'chekc'; did you mean 'check'?");
    assert_int_equal(CALL("config", "zebra"), CMD_USAGE);
    assert_has(printed, "there is no verb 'zebra'; --help lists them");
    assert_int_equal(CALL("config"), CMD_USAGE);
    assert_has(printed, "usage: visavis config VERB");
    assert_int_equal(CALL("lgos"), CMD_USAGE);
    assert_has(printed, "there is no verb 'lgos'; did you mean 'logs'?");
    assert_int_equal(CALL("zebra"), CMD_USAGE);
    assert_has(printed, "`visavis help` lists them");
    assert_int_equal(CALL("lugs"), CMD_OK);
    assert_int_equal(CALL("fail"), CMD_FAILED);
    assert_string_equal(printed, "visavis fail: no luck\n");
}

static void test_help(void **state)
{
    (void) state;
    assert_int_equal(CALL("help"), CMD_OK);
    assert_has(printed, "  logs    print the log\n");
    assert_has_not(printed, "not for people");
    assert_int_equal(CALL("help", "logs"), CMD_OK);
    assert_has(printed,
               "usage: visavis logs [OPTION...] [UNIT...]\n\nPrint the log.\n\nMuch more.");
    assert_has(printed, "  -n, --lines LINES  so many\n");
    assert_has(printed, "--json");
    assert_int_equal(CALL("logs", "--help"), CMD_OK);
    assert_has(printed, "usage: visavis logs");
    assert_int_equal(seen.calls, 0);
    assert_int_equal(CALL("help", "config", "check"), CMD_OK);
    assert_has(printed, "  7   seven");
    assert_int_equal(CALL("config", "-h"), CMD_OK);
    assert_has(printed, "check  look at it");
    assert_has_not(printed, "chick");
    assert_int_equal(CALL("help", "lgos"), CMD_USAGE);
    assert_has(printed, "did you mean 'logs'?");
    assert_int_equal(CALL("help", "logs", "more"), CMD_USAGE);
    assert_int_equal(CALL("fail", "--help"), CMD_OK);
    assert_has_not(printed, "--json");
    assert_int_equal(call((const char *const[]){NULL}), CMD_USAGE);
    assert_has(printed, "usage: visavis VERB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_in_all_forms),
        cmocka_unit_test(test_wrong_options_do_nothing),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_verbs),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
