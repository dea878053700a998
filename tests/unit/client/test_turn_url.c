#include "client/turn_url.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void reads_what_signaling_writes(void **state)
{
    static const struct {
        const char *text, *host;
        enum turn_transport transport;
        uint16_t port;
    } rows[] = {
        {"turn:192.0.2.1:3478", "192.0.2.1", TURN_UDP, 3478},
        {"turn:192.0.2.1:3478?transport=tcp", "192.0.2.1", TURN_TCP, 3478},
        {"turn:[2001:db8::1]:5000?transport=udp", "2001:db8::1", TURN_UDP, 5000},
        {"turn:calls.example.org", "calls.example.org", TURN_UDP, 3478},
        {"turns:calls.example.org", "calls.example.org", TURN_TLS, 5349},
        {"turns:calls.example.org:443?transport=tcp", "calls.example.org", TURN_TLS, 443},
        {"turns:[::1]", "::1", TURN_TLS, 5349},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct turn_url u;

        assert_int_equal(turn_url_parse(rows[i].text, &u), 0);
        assert_string_equal(u.host, rows[i].host);
        assert_int_equal(u.transport, rows[i].transport);
        assert_int_equal(u.port, rows[i].port);
    }
}

static void refuses_the_rest(void **state)
{
    static const struct {
        const char *text;
        int error;
    } rows[] = {
        {"stun:192.0.2.1", -ENOTSUP},
        {"", -ENOTSUP},
        {"http://example.org", -ENOTSUP},
        {"turns:a?transport=udp", -ENOTSUP},
        {"turn:", -EBADMSG},
        {"turn::3478", -EBADMSG},
        {"turn:[::1", -EBADMSG},
        {"turn:a:0", -EBADMSG},
        {"turn:a:65536", -EBADMSG},
        {"turn:a:1x", -EBADMSG},
        {"turn:a?transport=sctp", -EBADMSG},
        {"turn:[]:1", -EBADMSG},
    };
    char longest[600] = "turn:";

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct turn_url u = {.port = 7};

        assert_int_equal(turn_url_parse(rows[i].text, &u), rows[i].error);
        assert_int_equal(u.port, 7);
    }
    memset(longest + 5, 'a', sizeof(longest) - 6);
    assert_int_equal(turn_url_parse(longest, &(struct turn_url){0}), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_signaling_writes),
        cmocka_unit_test(refuses_the_rest),
    };

    return cmocka_run_group_tests_name("turn_url", tests, NULL, NULL);
}
