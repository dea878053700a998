#include "turn/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char problems[4096];

static void on_problem(const char *text, void *arg)
{
    (void) arg;
    strncat(problems, text, sizeof(problems) - strlen(problems) - 2);
    strcat(problems, "\n");
}

static int read_text(const char *text, struct turn_config *ret)
{
    char path[] = "/tmp/test_config_XXXXXX";
    int fd = mkstemp(path);
    int r;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    problems[0] = '\0';
    r = config_read(path, on_problem, NULL, ret);
    unlink(path);
    return r;
}

#define BASE "secret = \"s\"; control = \"/run/media.sock\";\n"

static void test_defaults(void **state)
{
    struct turn_config c;
    char text[ADDR_TEXT_SIZE];

    (void) state;
    assert_int_equal(read_text(BASE "listen = [\"udp:0.0.0.0:3478\", \"udp:[::1]:3479\"];", &c), 0);
    assert_int_equal(c.n_listen, 2);
    assert_string_equal(addr_format(&c.listen[0], text), "0.0.0.0:3478");
    assert_string_equal(addr_format(&c.listen[1], text), "[::1]:3479");
    assert_string_equal(c.secret, "s");
    assert_string_equal(c.control, "/run/media.sock");
    assert_int_equal(c.relay_ports.min, 57001);
    assert_int_equal(c.relay_ports.max, 65535);
    assert_int_equal(c.relay_ip.family, 0);
    assert_int_equal(c.n_threads, 1);
    assert_true(c.user_quota > 0 && c.total_quota >= c.user_quota);
    config_done(&c);
}

static void test_all_keys(void **state)
{
    struct turn_config c;
    char text[ADDR_TEXT_SIZE];

    (void) state;
    assert_int_equal(read_text(BASE "listen = [\"udp:127.0.0.1:0\"]; realm = \"r\"; relay_min = 1;"
                                    "relay_max = 2; relay_ip = \"10.0.0.1\"; external_ip = \"::5\";"
                                    "user_quota = 3; total_quota = 4; threads = 5;"
                                    "log_level = \"debug\";",
                               &c),
                     0);
    assert_string_equal(c.realm, "r");
    assert_int_equal(c.relay_ports.max, 2);
    assert_string_equal(addr_format_ip(&c.relay_ip, text), "10.0.0.1");
    assert_string_equal(addr_format_ip(&c.external_ip, text), "::5");
    assert_int_equal(c.user_quota, 3);
    assert_int_equal(c.total_quota, 4);
    assert_int_equal(c.n_threads, 5);
    assert_int_equal(c.log_level, LOG_LEVEL_DEBUG);
    config_done(&c);
}

/* The same names as in all daemons: one setting is for them all. */
static void test_log_levels(void **state)
{
    struct turn_config c;
    char text[256];

    (void) state;
    for (size_t i = 0; log_level_names[i]; i++) {
        snprintf(text, sizeof(text), BASE "listen = [\"udp:0.0.0.0:0\"]; log_level = \"%s\";",
                 log_level_names[i]);
        assert_int_equal(read_text(text, &c), 0);
        assert_int_equal(c.log_level, log_level_by_name(log_level_names[i]));
        config_done(&c);
    }
    assert_int_equal(read_text(BASE "listen = [\"udp:0.0.0.0:0\"]; log_level = \"loud\";", &c),
                     -EINVAL);
}

static void test_listen_forms(void **state)
{
    static const char *const wrong[] = {"",           "3478",          "udp:3478",
                                        "udp::3478",  "udp:0.0.0.0",   "udp:0.0.0.0:65536",
                                        "udp:::1:3",  "udp:[::1:3478", "udp:localhost:3478",
                                        "tcp:[::]:1", "udp:0.0.0.0:x", "udp:[]:1"};
    struct turn_config c;
    char text[256];

    (void) state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(text, sizeof(text), BASE "listen = [\"%s\"];", wrong[i]);
        assert_int_equal(read_text(text, &c), -EINVAL);
        assert_non_null(strstr(problems, "listen"));
    }
    assert_int_equal(read_text(BASE "listen = [];", &c), -EINVAL);
}

static void test_every_problem_is_told(void **state)
{
    struct turn_config c;

    (void) state;
    assert_int_equal(
        read_text("listen = [\"udp:x:1\"]; secret = \"\"; control = \"\"; realm = \"\";"
                  "relay_min = 9; relay_max = 8; relay_ip = \"a\"; external_ip = \"b\";",
                  &c),
        -EINVAL);
    assert_non_null(strstr(problems, "listen:"));
    assert_non_null(strstr(problems, "secret:"));
    assert_non_null(strstr(problems, "control:"));
    assert_non_null(strstr(problems, "realm:"));
    assert_non_null(strstr(problems, "relay_min:"));
    assert_non_null(strstr(problems, "relay_ip:"));
    assert_non_null(strstr(problems, "external_ip:"));
    assert_int_equal(read_text("listen = 5; threads = 0; unknown = 1;", &c), -EINVAL);
    assert_non_null(strstr(problems, "threads"));
    assert_non_null(strstr(problems, "unknown"));
    assert_non_null(strstr(problems, "secret"));
    assert_int_equal(config_read("/nonexistent/turn.cfg", on_problem, NULL, &c), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all_keys),
        cmocka_unit_test(test_log_levels),
        cmocka_unit_test(test_listen_forms),
        cmocka_unit_test(test_every_problem_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
