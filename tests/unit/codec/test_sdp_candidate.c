#include "codec/sdp_candidate.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int decode(const char *text, struct sdp_candidate *ret)
{
    return sdp_candidate_decode(bytes_str(text), ret);
}

static void assert_written(const struct sdp_candidate *c, const char *expected)
{
    char text[SDP_CANDIDATE_TEXT_SIZE];
    struct wr w = wr_init(text, sizeof(text) - 1);

    sdp_candidate_put(c, &w);
    assert_false(w.failed);
    *w.p = '\0';
    assert_string_equal(text, expected);
}

static void assert_addr(const struct addr *a, const char *expected)
{
    char text[ADDR_TEXT_SIZE];

    assert_string_equal(addr_format(a, text), expected);
}

static void what_browsers_write(void **state)
{
    struct sdp_candidate c;

    (void) state;
    /* Chromium */
    assert_int_equal(decode("842163049 1 udp 1677729535 203.0.113.9 5000 typ srflx raddr 0.0.0.0 "
                            "rport 0 generation 0 ufrag aB3/ network-cost 999",
                            &c),
                     0);
    assert_string_equal(c.foundation, "842163049");
    assert_int_equal(c.component, 1);
    assert_int_equal(c.protocol, SDP_UDP);
    assert_int_equal(c.type, SDP_SRFLX);
    assert_int_equal(c.priority, 1677729535);
    assert_addr(&c.addr, "203.0.113.9:5000");
    assert_addr(&c.related, "0.0.0.0:0");
    assert_true(bytes_eq_str(c.ufrag, "aB3/"));

    /* Firefox */
    assert_int_equal(decode("1 1 UDP 2122187007 2001:db8::7 57021 typ host", &c), 0);
    assert_int_equal(c.type, SDP_HOST);
    assert_addr(&c.addr, "[2001:db8::7]:57021");
    assert_int_equal(c.related.family, 0);
    assert_int_equal(c.ufrag.len, 0);

    assert_int_equal(decode("3 2 TCP 2105458943 192.0.2.1 9 typ host tcptype active", &c), 0);
    assert_int_equal(c.component, 2);
    assert_int_equal(c.protocol, SDP_TCP_ACTIVE);
}

static void it_is_written_as_it_is_read(void **state)
{
    static const char *const texts[] = {
        "1 1 udp 2130706431 192.0.2.1 40000 typ host",
        "2 1 tcp 1518280447 192.0.2.1 9 typ srflx raddr 10.0.0.4 rport 9 tcptype active",
        "3 1 tcp 1518280447 2001:db8::1 40000 typ host tcptype passive",
        "4 1 tcp 5 192.0.2.1 40000 typ prflx raddr 192.0.2.2 rport 1 tcptype so",
        "a+/9 255 udp 0 192.0.2.1 0 typ relay raddr 2001:db8::1 rport 65535 ufrag Xx12",
    };

    (void) state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sdp_candidate c;

        assert_int_equal(decode(texts[i], &c), 0);
        assert_written(&c, texts[i]);
    }
}

static void names_and_unknown_kinds_are_told_apart(void **state)
{
    static const char *const texts[] = {
        "1 1 udp 5 8f1c5a9e-0e3a-4f0e-9c59-5f6d7c1f2b11.local 5000 typ host",
        "1 1 udp 5 a-name-that-is-longer-than-any-address-can-be.example.org 5000 typ host",
        "1 1 sctp 5 192.0.2.1 5000 typ host",
        "1 1 udp 5 192.0.2.1 5000 typ magic",
        "1 1 tcp 5 192.0.2.1 5000 typ host tcptype both",
    };

    (void) state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sdp_candidate c = {.component = 7};

        assert_int_equal(decode(texts[i], &c), -EAFNOSUPPORT);
        assert_int_equal(c.component, 7);
    }
}

static void what_is_malformed(void **state)
{
    static const char *const texts[] = {
        "",
        "1",
        "1 1 udp 5 192.0.2.1 5000",
        "1 1 udp 5 192.0.2.1 5000 typ",
        "1 1 udp 5 192.0.2.1 5000 typ host generation",
        "1 1 udp 5 192.0.2.1 5000 generation 0",
        "1  1 udp 5 192.0.2.1 5000 typ host",
        " 1 1 udp 5 192.0.2.1 5000 typ host",
        "1 1 udp 5 192.0.2.1 5000 typ host ",
        "1 256 udp 5 192.0.2.1 5000 typ host",
        "1 x udp 5 192.0.2.1 5000 typ host",
        "1 1 udp 4294967296 192.0.2.1 5000 typ host",
        "1 1 udp -1 192.0.2.1 5000 typ host",
        "1 1 udp 5 192.0.2.1 65536 typ host",
        "1 1 udp 5 192.0.2.1 p typ host",
        "1_1 1 udp 5 192.0.2.1 5000 typ host",
        "123456789012345678901234567890123 1 udp 5 192.0.2.1 5000 typ host",
        "1 1 tcp 5 192.0.2.1 5000 typ host",
        "1 1 udp 5 192.0.2.1 5000 typ srflx raddr 10.0.0.1 rport 70000",
        "1 1 udp 5 192.0.2.1 5000 typ host a b c d e f g h i j k l m n o p q r s t u v w x y z A B "
        "C D E F G H",
    };

    (void) state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sdp_candidate c = {.component = 7};

        if (decode(texts[i], &c) != -EBADMSG)
            fail_msg("taken: %s", texts[i]);
        assert_int_equal(c.component, 7);
    }
    /* A NUL does not end an address. */
    assert_int_equal(sdp_candidate_decode(bytes_of("1 1 udp 5 192.0.2.1\0x 5000 typ host", 35),
                                          &(struct sdp_candidate){.component = 0}),
                     -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_browsers_write),
        cmocka_unit_test(it_is_written_as_it_is_read),
        cmocka_unit_test(names_and_unknown_kinds_are_told_apart),
        cmocka_unit_test(what_is_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
