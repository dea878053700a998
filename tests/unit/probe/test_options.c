#include "probe/options.h"

#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ARGS_MAX 24

static char secret_file[] = "/tmp/visavis-probe-test-XXXXXX";

static int make_secret(void **state)
{
    int fd = mkstemp(secret_file);

    (void) state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a secret\r\nmore\n", 15), 15);
    close(fd);
    return 0;
}

static int remove_secret(void **state)
{
    (void) state;
    return unlink(secret_file);
}

/* Words after the program's name; ended by NULL. Their copies live until the next call. */
static enum options_result parse(struct options *o, const char *const *words)
{
    static char copies[ARGS_MAX][128];
    char *argv[ARGS_MAX + 1] = {copies[0]};
    int argc = 1;

    strcpy(copies[0], "visavis-probe");
    for (; *words; words++) {
        strcpy(copies[argc], *words);
        argv[argc] = copies[argc];
        argc++;
    }
    optind = 0; /* glibc begins anew */
    return options_parse(argc, argv, o);
}

#define PARSE(o, ...) parse(o, (const char *const[]){__VA_ARGS__, NULL})
#define NEEDED "--url", "https://calls.example.org/", "--secret-file", secret_file

static void takes_what_is_given(void **state)
{
    struct options o;

    (void) state;
    assert_int_equal(PARSE(&o, NEEDED), OPTIONS_RUN);
    assert_string_equal(o.config.url, "https://calls.example.org");
    assert_string_equal(o.config.secret, "a secret");
    assert_int_equal(o.config.publishers, 1);
    assert_int_equal(o.config.path, CLIENT_PATH_ANY);
    assert_true(o.config.audio && o.config.video && !o.json && !o.config.light);
    options_done(&o);
    assert_int_equal(PARSE(&o, NEEDED, "--path", "turn-tls", "--publishers", "3", "--no-audio",
                           "--json", "--address", "2001:db8::1", "--session", "daily",
                           "--video-rate", "250", "--insecure"),
                     OPTIONS_RUN);
    assert_int_equal(o.config.path, CLIENT_PATH_TURN_TLS);
    assert_int_equal(o.config.publishers, 3);
    assert_int_equal(o.config.video_kbit_s, 250);
    assert_int_equal(o.config.only.family, AF_INET6);
    assert_string_equal(o.config.session, "daily");
    assert_true(!o.config.audio && o.config.video && o.json && o.config.any_certificate);
    options_done(&o);
}

static void refuses_what_cannot_be(void **state)
{
    static const char *const bad[][4] = {
        {"--publishers", "0"},        {"--publishers", "1001"},
        {"--subscribers", "x"},       {"--duration", ""},
        {"--path", "pigeon"},         {"--address", "example.org"},
        {"--frame-rate", "121"},      {"--video-rate", "9"},
        {"--nonsense", "1"},          {"--no-audio", "--no-video"},
        {"--light", "--path", "tcp"}, {"--publishers", "100", "--subscribers", "100"},
        {"--secret-file", "/tmp"},    {"a word"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct options o;

        assert_int_equal(PARSE(&o, NEEDED, bad[i][0], bad[i][1], bad[i][1] ? bad[i][2] : NULL,
                               bad[i][1] && bad[i][2] ? bad[i][3] : NULL),
                         OPTIONS_WRONG);
        options_done(&o);
    }
}

static void refuses_urls_that_are_none(void **state)
{
    static const char *const bad[] = {"calls.example.org", "ftp://x", "https://", "https://a/path",
                                      ""};
    struct options o;

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(PARSE(&o, "--secret-file", secret_file, "--url", bad[i]), OPTIONS_WRONG);
        options_done(&o);
    }
    assert_int_equal(PARSE(&o, "--url", "https://x"), OPTIONS_WRONG); /* no secret */
    assert_int_equal(PARSE(&o, "--secret-file", secret_file), OPTIONS_WRONG);
    options_done(&o);
    assert_int_equal(PARSE(&o, "--url", "https://x", "--secret-file", "/nowhere/at/all"),
                     OPTIONS_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_is_given),
        cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(refuses_urls_that_are_none),
    };

    return cmocka_run_group_tests_name("options", tests, make_secret, remove_secret);
}
