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
    *ret = (struct turn_config){.file = NULL};
    r = config_read(path, ret, on_problem, NULL);
    unlink(path);
    return r;
}

#define BASE "secret = \"s\"; media = [\"/run/media.sock\"];\n"

static void test_defaults(void **state)
{
    struct turn_config c = {0};
    char text[ADDR_TEXT_SIZE];

    (void) state;
    assert_int_equal(read_text(BASE "listen = [\"udp:0.0.0.0:3478\", \"udp:[::1]:3479\"];", &c), 0);
    assert_int_equal(c.n_listen, 2);
    assert_string_equal(addr_format(&c.listen[0].addr, text), "0.0.0.0:3478");
    assert_string_equal(addr_format(&c.listen[1].addr, text), "[::1]:3479");
    assert_string_equal(c.secret, "s");
    assert_int_equal(c.n_media, 1);
    assert_string_equal(c.media[0], "/run/media.sock");
    assert_false(c.any_public_peer || c.internal_relay);
    assert_int_equal(c.n_allowed_peers + c.n_denied_peers, 0);
    assert_int_equal(c.relay_ports.min, 57001);
    assert_int_equal(c.relay_ports.max, 65535);
    assert_int_equal(c.relay_ip.family, 0);
    assert_int_equal(c.n_threads, 1);
    assert_true(c.user_quota > 0 && c.total_quota >= c.user_quota);
    config_done(&c);
}

static void test_all_keys(void **state)
{
    struct turn_config c = {0};
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
    assert_string_equal(c.log_level, "debug");
    config_done(&c);
}

static void test_alternate_server(void **state)
{
    static const char *const wrong[] = {"192.0.2.1", "192.0.2.1:0", "host:3478", "0.0.0.0:3478",
                                        "[::]:3478"};
    struct turn_config c = {0};
    char text[ADDR_TEXT_SIZE], file[256];

    (void) state;
    assert_int_equal(read_text(BASE "listen = [\"udp:127.0.0.1:0\"];", &c), 0);
    assert_int_equal(c.alternate_server.family, 0);
    config_done(&c);
    assert_int_equal(read_text(BASE "listen = [\"udp:127.0.0.1:0\"];"
                                    "alternate_server = \"[2001:db8::1]:3478\";",
                               &c),
                     0);
    assert_string_equal(addr_format(&c.alternate_server, text), "[2001:db8::1]:3478");
    config_done(&c);
    assert_int_equal(read_text(BASE "listen = [\"udp:127.0.0.1:0\"]; alternate_server = \"\";", &c),
                     0);
    assert_int_equal(c.alternate_server.family, 0);
    config_done(&c);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(file, sizeof(file),
                 BASE "listen = [\"udp:127.0.0.1:0\"]; alternate_server = \"%s\";", wrong[i]);
        assert_int_equal(read_text(file, &c), -EINVAL);
        assert_non_null(strstr(problems, "alternate_server: must be like"));
        config_done(&c);
    }
}

static void test_credentials(void **state)
{
#define LISTEN "listen = [\"udp:127.0.0.1:0\"];"
    struct turn_config c = {0};

    (void) state;
    assert_int_equal(read_text(BASE LISTEN, &c), 0);
    assert_int_equal(c.n_old_secrets, 0);
    assert_false(c.sha256);
    config_done(&c);
    assert_int_equal(read_text(BASE LISTEN "old_secrets = [\"a\", \"b\"]; sha256 = true;", &c), 0);
    assert_int_equal(c.n_old_secrets, 2);
    assert_string_equal(c.old_secrets[0], "a");
    assert_string_equal(c.old_secrets[1], "b");
    assert_true(c.sha256);
    config_done(&c);
    assert_int_equal(read_text(BASE LISTEN "old_secrets = [\"a\", \"\"];", &c), -EINVAL);
    config_done(&c);
    assert_int_equal(read_text(BASE LISTEN "old_secrets = [\"1\", \"2\", \"3\", \"4\", \"5\","
                                           "\"6\", \"7\", \"8\", \"9\"];",
                               &c),
                     -EINVAL);
    assert_non_null(strstr(problems, "old_secrets: must be 8 at most"));
    config_done(&c);
}

static void test_peers(void **state)
{
    struct turn_config c = {0};
    char text[ADDR_TEXT_SIZE];

    (void) state;
    assert_int_equal(
        read_text("listen = [\"udp:127.0.0.1:0\"]; secret = \"s\"; media = [\"/a\", \"/b\"];"
                  "peers = \"public\"; allowed_peers = [\"10.0.0.0/8:5-6\", \"fd00::/8\"];"
                  "denied_peers = [\"127.0.0.1\"]; internal_relay = true; external_ip = \"::5\";",
                  &c),
        0);
    assert_int_equal(c.n_media, 2);
    assert_string_equal(c.media[1], "/b");
    assert_true(c.any_public_peer && c.internal_relay);
    assert_int_equal(c.n_allowed_peers, 2);
    assert_int_equal(c.allowed_peers[0].port_max, 6);
    assert_int_equal(c.allowed_peers[1].n_bits, 8);
    assert_int_equal(c.n_denied_peers, 1);
    assert_string_equal(addr_format_ip(&c.external_ip, text), "::5");
    assert_int_equal(config_told_ip(&c).family, 0);
    c.internal_relay = false;
    assert_int_equal(config_told_ip(&c).family, AF_INET6);
    config_done(&c);

    assert_int_equal(read_text(BASE "listen = [\"udp:127.0.0.1:0\"]; peers = \"all\";"
                                    "allowed_peers = [\"127.0.0.1\"]; denied_peers = [\"x\"];",
                               &c),
                     -EINVAL);
    assert_non_null(strstr(problems, "peers: "));
    assert_non_null(strstr(problems, "allowed_peers: \"127.0.0.1\" is loopback (RFC 1122)"));
    assert_non_null(strstr(problems, "denied_peers: \"x\" must be an IP address"));
    config_done(&c);
    assert_int_equal(read_text("listen = [\"udp:127.0.0.1:0\"]; secret = \"s\"; media = [];", &c),
                     -EINVAL);
    assert_non_null(strstr(problems, "media: must have 1 to "));
    config_done(&c);
}

static void test_listen_forms(void **state)
{
    static const char *const wrong[] = {"",
                                        "3478",
                                        "udp:3478",
                                        "udp::3478",
                                        "udp:0.0.0.0",
                                        "udp:0.0.0.0:65536",
                                        "udp:::1:3",
                                        "udp:[::1:3478",
                                        "udp:localhost:3478",
                                        "sctp:[::]:1",
                                        "udp:0.0.0.0:x",
                                        "udp:[]:1"};
    struct turn_config c = {0};
    char text[256];

    (void) state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(text, sizeof(text), BASE "listen = [\"%s\"];", wrong[i]);
        assert_int_equal(read_text(text, &c), -EINVAL);
        assert_non_null(strstr(problems, ":2: listen: must be like"));
        config_done(&c);
    }
    assert_int_equal(read_text(BASE "listen = [];", &c), -EINVAL);
    config_done(&c);
}

static void test_every_problem_is_told(void **state)
{
    struct turn_config c = {0};

    (void) state;
    assert_int_equal(
        read_text("listen = [\"udp:x:1\"]; secret = \"\"; media = [\"\"]; realm = \"\";"
                  "relay_ip = \"a\"; external_ip = \"b\";",
                  &c),
        -EINVAL);
    config_done(&c);
    assert_non_null(strstr(problems, "listen:"));
    assert_non_null(strstr(problems, "secret:"));
    assert_non_null(strstr(problems, "media:"));
    assert_non_null(strstr(problems, "realm:"));
    assert_non_null(strstr(problems, "relay_ip:"));
    assert_non_null(strstr(problems, "external_ip:"));
    assert_int_equal(read_text(BASE "listen = [\"udp:[::]:1\"]; relay_min = 9; relay_max = 8;", &c),
                     -EINVAL);
    assert_non_null(strstr(problems, "relay_min:"));
    config_done(&c);
    assert_int_equal(read_text("listen = 5; threads = 0; unknown = 1;", &c), -EINVAL);
    assert_non_null(strstr(problems, "threads"));
    assert_non_null(strstr(problems, "unknown"));
    assert_non_null(strstr(problems, "secret"));
    config_done(&c);
    assert_int_equal(config_read("/nonexistent/turn.cfg", &c, on_problem, NULL), -ENOENT);
    config_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all_keys),
        cmocka_unit_test(test_alternate_server),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_listen_forms),
        cmocka_unit_test(test_every_problem_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
