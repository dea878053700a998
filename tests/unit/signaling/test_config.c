/* The configuration file: defaults, and problems that the table of keys cannot see. */
#include "signaling/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NEEDED                                                                                     \
    "listen = [\"unix:/run/x\"]; public_url = \"https://a.example\"; secret = \"s\";"              \
    "media_control = \"/run/m\";"

static char problems[4096];

static void on_problem(const char *text, void *arg)
{
    size_t len = strlen(problems);

    (void) arg;
    snprintf(problems + len, sizeof(problems) - len, "%s\n", text);
}

static int read_text(const char *text, struct config *ret)
{
    char path[] = "/tmp/visavis-config-XXXXXX";
    int fd = mkstemp(path), error;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t) strlen(text));
    close(fd);
    problems[0] = '\0';
    *ret = (struct config){.secret = NULL};
    error = config_read(path, ret, on_problem, NULL);
    unlink(path);
    return error;
}

static void test_defaults(void **state)
{
    struct config c;

    (void) state;
    assert_int_equal(read_text(NEEDED, &c), 0);
    assert_string_equal(problems, "");
    assert_false(config_is_mediasoup(&c));
    assert_string_equal(c.forced_codec, "MEDIA_SERVER_PREFERRED");
    assert_int_equal(c.gc_interval_s, 900);
    assert_int_equal(c.gc_threshold_s, 3600);
    assert_int_equal(c.max_recv_kbps, 1000);
    assert_int_equal(c.coturn_port, 3478);
    assert_int_equal(c.max_sessions, 10000);
    assert_int_equal(c.max_clients, 10000);
    assert_int_equal(c.max_waiting, 1000);
    assert_int_equal(c.max_messages_per_s, 200);
    assert_int_equal(c.max_unread_kib, 1024);
    assert_int_equal(c.max_unread_total_mib, 256);
    assert_false(c.deprecated_api);
    assert_false(c.allow_transcoding);
    assert_string_equal(c.public_url.host, "a.example");
    assert_string_equal(c.cdr_path, "");
    assert_string_equal(c.webhook_endpoint, "");
    assert_null(c.webhook_events.items);
    config_done(&c);
}

static void test_problems(void **state)
{
    static const struct {
        const char *text, *about;
    } cases[] = {
        {"", "listen"},
        {NEEDED "media_server = \"other\";", "media_server"},
        {NEEDED "max_sessions = 0;", "max_sessions"},
        {NEEDED "unknown_key = 1;", "unknown_key"},
        {NEEDED "coturn_ip = \"1.2.3.4\";", "turn_secret"},
        {NEEDED "ice_servers = [\"url=turn:bad\"];", "ice_servers"},
        {NEEDED "turns_url = \"turn:a.example:443\";", "turns_url"},
        {NEEDED "cdr_path = \"cdr\";", "cdr_path"},
        {NEEDED "webhook_endpoint = \"ftp://a\";", "webhook_endpoint"},
        {NEEDED "webhook_headers = [\"no colon\"];", "webhook_headers"},
        {NEEDED "webhook_headers = [\"A: b\\r\\nC: d\"];", "webhook_headers"},
        {NEEDED "webhook_events = [\"sessionCreated\", \"other\"];", "webhook_events"},
        {"listen = [\"x\"]; public_url = \"nonsense\"; secret = \"s\"; media_control = \"m\";",
         "public_url"},
        {"listen = [\"x\"]; public_url = \"http://a\"; secret = \"\"; media_control = \"m\";",
         "secret"},
    };
    struct config c;

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(read_text(cases[i].text, &c) < 0);
        if (!strstr(problems, cases[i].about))
            fail_msg("%s: %s", cases[i].about, problems);
        config_done(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_problems),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
