#include "trial/advice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct trial_advice advice(const char *step, const char *reason)
{
    struct trial_step s = {.name = ""};

    snprintf(s.name, sizeof(s.name), "%s", step);
    snprintf(s.reason, sizeof(s.reason), "%s", reason);
    return trial_advice(&s);
}

static void fits_the_step(void **state)
{
    (void) state;
    assert_non_null(strstr(advice("rest", "secret").text, "OPENVIDU_SECRET"));
    assert_string_equal(advice("rest", "refused").command, "systemctl status nginx");
    assert_string_equal(advice("relay", "refused").command, "visavis logs turn");
    assert_string_equal(advice("join", "no-media-node").command, "visavis logs media");
    assert_non_null(strstr(advice("websocket", "status").text, "Upgrade"));
    assert_non_null(strstr(advice("relay", "credentials").text, "COTURN_SHARED_SECRET_KEY"));
    assert_non_null(strstr(advice("publish", "ice").text, "firewall"));
    assert_non_null(strstr(advice("subscribe", "ice").text, "MEDIA_NODES_PUBLIC_IPS"));
    assert_non_null(strstr(advice("websocket", "tls-name").text, "another name"));
}

/* A newer probe may know more words than we. */
static void there_is_always_some(void **state)
{
    static const char *const steps[] = {"rest",    "websocket", "join", "relay",
                                        "publish", "subscribe", "echo", "new-step"};

    (void) state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct trial_advice a = advice(steps[i], "a-new-reason");

        assert_true(strlen(a.text) > 10);
        assert_non_null(a.command);
        assert_true(strlen(trial_step_title(steps[i])) > 0);
    }
}

static enum trial_cause cause(const char *path, const char *step, const char *reason)
{
    struct trial_step s = {.name = ""};

    snprintf(s.name, sizeof(s.name), "%s", step);
    snprintf(s.reason, sizeof(s.reason), "%s", reason);
    return trial_cause(path, &s);
}

/* A rule of the firewall is advised for the port that is not reached, and for nothing else. */
static void whose_port_is_not_reached(void **state)
{
    (void) state;
    assert_int_equal(cause("udp", "publish", "ice"), TRIAL_MEDIA_PORT);
    assert_int_equal(cause("tcp", "subscribe", "ice"), TRIAL_MEDIA_PORT);
    assert_int_equal(cause("turn-udp", "relay", "timeout"), TRIAL_TURN_PORT);
    assert_int_equal(cause("turn-tls", "relay", "timeout"), TRIAL_TURN_PORT);
    assert_int_equal(cause("turn-udp", "publish", "ice"), TRIAL_BEHIND_RELAY);
    assert_int_equal(cause("turn-tcp", "subscribe", "ice"), TRIAL_BEHIND_RELAY);
    assert_int_equal(cause("udp", "join", "timeout"), TRIAL_ELSEWHERE);
    assert_int_equal(cause("udp", "publish", "timeout"), TRIAL_ELSEWHERE);
    assert_int_equal(cause("turn-udp", "subscribe", "timeout"), TRIAL_ELSEWHERE);
    assert_int_equal(cause("turn-tcp", "relay", "refused"), TRIAL_ELSEWHERE);
    assert_int_equal(cause("udp", "rest", "timeout"), TRIAL_ELSEWHERE);
}

static void addresses_that_were_offered(void **state)
{
    static const char *const offered[] = {"10.0.0.12:40000", "10.0.0.1:40000", "127.0.0.1:40000",
                                          "10.0.0.12:40000", "[2001:db8::1]:40000"};
    struct trial t = {.n_offers = sizeof(offered) / sizeof(offered[0])};
    char text[512], little[16];

    (void) state;
    for (size_t i = 0; i < t.n_offers; i++)
        assert_int_equal(addr_parse(offered[i], &t.offers[i].addr), 0);
    trial_offered(&t, text, sizeof(text));
    assert_string_equal(text, "10.0.0.12, 10.0.0.1, 2001:db8::1");
    trial_offered(&t, little, sizeof(little));
    assert_string_equal(little, "10.0.0.12, 10.0");
    t.n_offers = 0;
    trial_offered(&t, text, sizeof(text));
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_the_step),
        cmocka_unit_test(there_is_always_some),
        cmocka_unit_test(whose_port_is_not_reached),
        cmocka_unit_test(addresses_that_were_offered),
    };

    return cmocka_run_group_tests_name("advice", tests, NULL, NULL);
}
