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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_the_step),
        cmocka_unit_test(there_is_always_some),
    };

    return cmocka_run_group_tests_name("advice", tests, NULL, NULL);
}
