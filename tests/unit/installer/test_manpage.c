#include "cmd/completion.h"
#include "cmd/manpage.h"
#include "print_kit.h"

static int nothing(const struct cmd_call *c)
{
    (void) c;
    return CMD_OK;
}

static const char *word(size_t i)
{
    return i < 2 ? (const char *const[]){"media", "turn"}[i] : NULL;
}

static const struct cmd_option options[] = {
    {.name = "lines", .letter = 'n', .arg = "LINES", .help = "what isn't there: nothing"},
    {0},
};
static const struct cmd_exit exits[] = {{3, "degraded"}, {0}};
static const struct cmd logs = {.name = "logs",
                                .fn = nothing,
                                .args = "[UNIT...]",
                                .words = word,
                                .options = options,
                                .exits = exits,
                                .help = "print the log's lines",
                                .doc = ".begins with a dot, \\ and 'quotes'.\n\nSay `visavis logs "
                                       "-f`.\n\n  kept as it is\n\nEnd."};
static const struct cmd check = {
    .name = "check", .fn = nothing, .args = "[FILE]", .help = "look at it", .no_json = true};
static const struct cmd hidden_sub = {
    .name = "chick", .fn = nothing, .help = "x", .internal = true};
static const struct cmd config = {.name = "config",
                                  .help = "the settings",
                                  .subs = (const struct cmd *const[]){&check, &hidden_sub, NULL}};
static const struct cmd inside = {.name = "inside", .fn = nothing, .help = "x", .internal = true};
static const struct cmd *const table[] = {&logs, &config, &inside, NULL};

static void test_page_of_a_verb(void **state)
{
    struct print *p = print_begin();
    char *text;

    (void) state;
    manpage_verb(p->to, &logs);
    text = print_end(p);
    assert_has(text, ".TH VISAVIS\\-LOGS 1 ");
    assert_has(text, ".SH NAME\nvisavis\\-logs \\- print the log\\(aqs lines\n");
    assert_has(text, "\\fBvisavis logs\\fR [\\fIOPTION\\fR...] [UNIT...]\n");
    assert_has(text, "\\&.begins with a dot, \\e and \\(aqquotes\\(aq.\n.PP\n"
                     "Say \\fBvisavis logs \\-f\\fR.\n");
    assert_has(text, ".PP\n.nf\n  kept as it is\n.fi\n.PP\nEnd.\n");
    assert_has(text, ".TP\n\\fB\\-n\\fR, \\fB\\-\\-lines\\fR \\fILINES\\fR\n"
                     "What isn\\(aqt there: nothing.\n");
    assert_has(text, "\\-\\-json");
    assert_has(text, ".TP\n.B 3\nDegraded.\n");
    free(text);
}

static void test_page_with_verbs_below(void **state)
{
    struct print *p = print_begin();
    char *text;

    (void) state;
    manpage_verb(p->to, &config);
    text = print_end(p);
    assert_has(text, ".SS visavis config check\nLook at it.\n");
    assert_has_not(text, "chick");
    assert_has_not(text, "\\-\\-json");
    free(text);
}

static void test_main_page(void **state)
{
    struct print *p = print_begin();
    char *text;

    (void) state;
    manpage_main(p->to, table);
    text = print_end(p);
    assert_has(text, ".BR visavis\\-logs (1)\n");
    assert_has(text, ".BR visavis\\-config (1)\n");
    assert_has(text, "FOLLOW_OPENVIDU_LOGS");
    assert_has_not(text, "inside");
    free(text);
}

/* That the shells take them is seen in tests/system/cli.sh. */
static void test_completion(void **state)
{
    static void (*const shells[])(FILE *, const struct cmd *const *) = {
        completion_bash, completion_zsh, completion_fish};

    (void) state;
    for (size_t i = 0; i < 3; i++) {
        struct print *p = print_begin();
        char *text;

        shells[i](p->to, table);
        text = print_end(p);
        assert_has(text, "logs");
        assert_has(text, " config check");
        assert_has(text, "media");
        assert_has(text, "lines");
        assert_has_not(text, "inside");
        assert_has_not(text, "chick");
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_of_a_verb),
        cmocka_unit_test(test_page_with_verbs_below),
        cmocka_unit_test(test_main_page),
        cmocka_unit_test(test_completion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
