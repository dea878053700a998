#include "media/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static unsigned n_problems;

static void on_problem(const char *text, void *arg)
{
    (void) text, (void) arg;
    n_problems++;
}

static int read_text(const char *text, struct config *ret)
{
    char path[] = "/tmp/visavis-media-config-XXXXXX";
    int fd = mkstemp(path), r;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t) strlen(text));
    close(fd);
    n_problems = 0;
    memset(ret, 0, sizeof(*ret));
    r = config_read(path, ret, on_problem, NULL);
    unlink(path);
    return r;
}

static void defaults(void **state)
{
    struct config c;

    (void) state;
    assert_int_equal(read_text("control = \"/run/x\";\n", &c), 0);
    assert_string_equal(c.control, "/run/x");
    assert_int_equal(c.port, 40000);
    assert_false(c.port_search);
    assert_true(config_worker_count(&c) >= 1);
    assert_int_equal(c.public_ips.n, 0);
    assert_int_equal(c.busy_poll_us, 0);
    config_done(&c);
}

static void everything_that_is_wrong_is_told(void **state)
{
    struct config c;

    (void) state;
    assert_int_equal(read_text("port = 80;\nworkers = 65;\nlog_level = \"loud\";\n"
                               "busy_poll_us = 1001;\n",
                               &c),
                     -EINVAL);
    assert_int_equal(n_problems, 5); /* control is missing, too */
    config_done(&c);
}

static void public_addresses_are_checked(void **state)
{
    struct config c;

    (void) state;
    assert_int_equal(read_text("control = \"x\";\nworkers = 3;\n"
                               "public_ips = [\"192.0.2.1/10.0.0.1\", \"2001:db8::1\"];\n",
                               &c),
                     0);
    assert_int_equal(c.public_ips.n, 2);
    assert_int_equal(config_worker_count(&c), 3);
    config_done(&c);
    assert_int_equal(read_text("control = \"x\";\npublic_ips = [\"example.org\"];\n", &c), -EINVAL);
    assert_int_equal(n_problems, 1);
    config_done(&c);
}

static void ice_servers_are_checked(void **state)
{
    struct config c;

    (void) state;
    assert_int_equal(read_text("control = \"x\";\nice = \"agent\";\n"
                               "ice_servers = [\"url=stun:192.0.2.1\", "
                               "\"url=turn:192.0.2.1,username=u,credential=p\"];\n",
                               &c),
                     0);
    assert_string_equal(c.ice, "agent");
    assert_int_equal(c.ice_servers.n, 2);
    assert_int_equal(c.max_agents, 4000);
    assert_int_equal(c.gathering_ms, 1500);
    config_done(&c);
    assert_int_equal(read_text("control = \"x\";\nice = \"full\";\n"
                               "ice_servers = [\"url=stun:stun.example.org\"];\n",
                               &c),
                     -EINVAL);
    assert_int_equal(n_problems, 2);
    config_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(everything_that_is_wrong_is_told),
        cmocka_unit_test(public_addresses_are_checked),
        cmocka_unit_test(ice_servers_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
