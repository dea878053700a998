#include "apply/decided.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void there_and_back(void **state)
{
    (void) state;
    for (int source = 0; source < N_TURN_IP_SOURCES; source++) {
        for (int layout = PROXY_FRONT; layout <= PROXY_EXTERNAL; layout++) {
            struct decided d = {.turn_ip = {.text = "2001:db8::1",
                                            .source = (enum turn_ip_source) source},
                                .public_ip = {.text = "203.0.113.5", .source = TURN_IP_DOMAIN},
                                .layout = (enum proxy_layout) layout},
                           back = {.layout = PROXY_FRONT};
            char text[512];
            struct wr w = wr_init(text, sizeof(text));
            size_t len = 0;

            decided_render(&w, &d);
            assert_int_equal(wr_finish(&w, &len), 0);
            assert_int_equal(decided_parse(bytes_of(text, len), &back), 0);
            assert_string_equal(back.turn_ip.text, d.turn_ip.text);
            assert_int_equal(back.turn_ip.source, source);
            assert_string_equal(back.public_ip.text, "203.0.113.5");
            assert_int_equal(back.public_ip.source, TURN_IP_DOMAIN);
            assert_int_equal(back.layout, layout);
        }
    }
}

#define PUBLIC "PUBLIC_IP=\nPUBLIC_IP_SOURCE=none\n"

static void what_is_not_ours(void **state)
{
    static const char *const texts[] = {
        "",
        "TURN_IP=1.2.3.4\n",
        "TURN_IP=1.2.3.4\nTURN_IP_SOURCE=given\n",
        "TURN_IP=1.2.3.4\nTURN_IP_SOURCE=elsewhere\n" PUBLIC "LAYOUT=front\n",
        "TURN_IP=1.2.3.4\nTURN_IP_SOURCE=given\n" PUBLIC "LAYOUT=back\n",
        "TURN_IP=1.2.3.4\nTURN_IP_SOURCE=given\nLAYOUT=front\n",
        "TURN_IP_SOURCE=given\n" PUBLIC "LAYOUT=front\n",
        " TURN_IP=1.2.3.4\nTURN_IP_SOURCE=given\n" PUBLIC "LAYOUT=front\n",
    };
    char large[NETWORK_HOST_SIZE + 128];
    struct decided d = {.layout = PROXY_SITE};

    (void) state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(decided_parse(bytes_str(texts[i]), &d), -EBADMSG);
    snprintf(large, sizeof(large), "TURN_IP=%0*d\nTURN_IP_SOURCE=given\n" PUBLIC "LAYOUT=front\n",
             NETWORK_HOST_SIZE, 1);
    assert_int_equal(decided_parse(bytes_str(large), &d), -EBADMSG);
    assert_int_equal(d.layout, PROXY_SITE);
    assert_int_equal(
        decided_parse(bytes_str("TURN_IP=\nTURN_IP_SOURCE=given\n" PUBLIC "LAYOUT=front"), &d), 0);
    assert_int_equal(d.layout, PROXY_FRONT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(what_is_not_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
