#include "host/versions.h"
#include "print_kit.h"
#include "text/human.h"
#include "units/health.h"

static struct service_health judged(const char *word, const char *active, const char *sub,
                                    const char *result, int exit_status, const char *degraded)
{
    struct service_health h = {.service = service_find(word), .state = {.loaded = true}};

    snprintf(h.state.active, sizeof(h.state.active), "%s", active);
    snprintf(h.state.sub, sizeof(h.state.sub), "%s", sub);
    snprintf(h.state.result, sizeof(h.state.result), "%s", result);
    h.state.exit_status = exit_status;
    health_judge(&h, degraded);
    return h;
}

static void test_judgement(void **state)
{
    static const struct {
        const char *service, *active, *sub, *result;
        int exit_status;
        enum health health;
        const char *degraded, *word, *why;
    } cases[] = {
        {"media", "active", "running", "success", 0, HEALTH_WELL, NULL, "running", ""},
        {"media", "failed", "failed", "exit-code", 1, HEALTH_DOWN, NULL, "failed",
         "failed: exit status 1"},
        {"turn", "failed", "failed", "exit-code", 78, HEALTH_DEGRADED, NULL, "failed",
         "failed: exit status 78, unusable configuration"},
        {"signaling", "activating", "auto-restart", "signal", 9, HEALTH_DOWN, NULL, "restarting",
         "restarting: signal 9 (Killed)"},
        {"call", "failed", "failed", "start-limit-hit", 1, HEALTH_DEGRADED, NULL, "failed",
         "failed: it ended again and again"},
        {"redis", "failed", "failed", "watchdog", 6, HEALTH_DEGRADED, NULL, "failed",
         "failed: watchdog"},
        {"media", "inactive", "dead", "success", 0, HEALTH_DOWN, NULL, "stopped", "stopped"},
        {"media", "activating", "start", "success", 0, HEALTH_DOWN, NULL, "starting", "starting"},
        {"media", "reloading", "reload", "success", 0, HEALTH_WELL, NULL, "reloading", ""},
        {"media", "active", "running", "success", 0, HEALTH_DEGRADED, "since ten\nmore", "running",
         "degraded: since ten"},
        {"media", "failed", "failed", "exit-code", 1, HEALTH_DOWN, "x", "failed",
         "failed: exit status 1; degraded: x"},
        {"nginx", "failed", "failed", "exit-code", 1, HEALTH_DOWN, NULL, "failed",
         "failed: exit status 1"},
        {"nginx", "failed", "failed", "exit-code", 0, HEALTH_DOWN, NULL, "failed",
         "failed: it did not come up"},
        {"setup", "failed", "failed", "exit-code", 2, HEALTH_DEGRADED, NULL, "failed",
         "failed: exit status 2"},
        {"setup", "active", "exited", "success", 0, HEALTH_WELL, NULL, "done", ""},
        {"setup", "active", "exited", "success", 0, HEALTH_WELL, "earlier", "done", ""},
        {"cert", "inactive", "dead", "success", 0, HEALTH_WELL, NULL, "waiting", ""},
        {"setup", "inactive", "dead", "success", 0, HEALTH_WELL, NULL, "waiting", ""},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct service_health h = judged(cases[i].service, cases[i].active, cases[i].sub,
                                         cases[i].result, cases[i].exit_status, cases[i].degraded);

        assert_string_equal(h.word, cases[i].word);
        assert_string_equal(h.why, cases[i].why);
        assert_int_equal(h.health, cases[i].health);
    }
}

static void test_what_is_turned_off_is_well(void **state)
{
    struct service_health h = {
        .service = service_find("call"),
        .state = {.loaded = true, .skipped = true, .active = "inactive", .sub = "dead"}};

    (void) state;
    health_judge(&h, NULL);
    assert_string_equal(h.word, "off");
    assert_int_equal(h.health, HEALTH_WELL);
    h.service = service_find("media");
    health_judge(&h, NULL);
    assert_string_equal(h.word, "stopped");
    assert_int_equal(h.health, HEALTH_DOWN);
}

static void test_a_unit_that_is_not_there(void **state)
{
    struct service_health h = {.service = service_find("turn")};

    (void) state;
    health_judge(&h, NULL);
    assert_string_equal(h.word, "missing");
    assert_string_equal(h.why, "there is no visavis-turn.service");
    assert_int_equal(h.health, HEALTH_DEGRADED);
    h.service = service_find("cert");
    health_judge(&h, NULL);
    assert_int_equal(h.health, HEALTH_WELL);
}

static void test_settled(void **state)
{
    struct health_report r = {.n = 1};

    (void) state;
    r.services[0] = judged("media", "active", "running", "success", 0, NULL);
    assert_true(health_is_settled(&r));
    r.services[0].state.has_job = true;
    assert_false(health_is_settled(&r));
    r.services[0] = judged("media", "activating", "auto-restart", "signal", 9, NULL);
    assert_false(health_is_settled(&r));
    r.services[0] = judged("media", "failed", "failed", "exit-code", 1, NULL);
    assert_true(health_is_settled(&r));
}

static void test_words_of_services(void **state)
{
    char words[200];

    (void) state;
    assert_string_equal(service_find("media")->unit, "visavis-media.service");
    assert_ptr_equal(service_find("visavis-media"), service_find("media"));
    assert_ptr_equal(service_find("visavis-media.service"), service_find("media"));
    assert_ptr_equal(service_of_unit("nginx.service"), service_find("nginx"));
    assert_null(service_find("sshd"));
    assert_null(service_find(""));
    assert_null(service_of_unit("media"));
    assert_string_equal(service_nearest("singaling")->word, "signaling");
    assert_null(service_nearest("zebra"));
    service_words(words, sizeof(words));
    assert_string_equal(words, "signaling, media, turn, call, redis, nginx, setup or cert");
    service_words(words, 8); /* as much as fits */
    assert_int_equal(strlen(words), 7);
}

static void test_times_and_sizes(void **state)
{
    char buf[HUMAN_SIZE];

    (void) state;
    assert_string_equal(human_duration(0, buf), "0 s");
    assert_string_equal(human_duration(59, buf), "59 s");
    assert_string_equal(human_duration(60, buf), "1 min");
    assert_string_equal(human_duration(3600 + 5 * 60, buf), "1 h 5 min");
    assert_string_equal(human_duration(86400 * 12 + 4 * 3600, buf), "12 d 4 h");
    human_duration(UINT64_MAX, buf);
    assert_string_equal(human_size(0, buf), "0 B");
    assert_string_equal(human_size(1023, buf), "1023 B");
    assert_string_equal(human_size(1536, buf), "1.5 KiB");
    assert_string_equal(human_size(1048575, buf), "1.0 MiB");
    assert_string_equal(human_size(12897485, buf), "12.3 MiB");
    assert_string_equal(human_size(UINT64_MAX, buf), "16.0 EiB");
    setenv("TZ", "UTC", 1);
    assert_string_equal(human_time(UINT64_C(1767225600) * 1000000, buf), "2026-01-01 00:00:00");
}

static void test_versions(void **state)
{
    char buf[32];

    (void) state;
    version_in("systemd 252 (252.39-1)\n+PAM", "systemd ", buf, sizeof(buf));
    assert_string_equal(buf, "252");
    version_in("nginx version: nginx/1.22.1\n", "nginx/", buf, sizeof(buf));
    assert_string_equal(buf, "1.22.1");
    version_in("nothing of the kind", "nginx/", buf, sizeof(buf));
    assert_string_equal(buf, "");
    version_pretty_name("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n", buf,
                        sizeof(buf));
    assert_string_equal(buf, "Debian GNU/Linux 12 (bookworm)");
    version_pretty_name("PRETTY_NAME=Plain", buf, sizeof(buf));
    assert_string_equal(buf, "Plain");
    version_pretty_name("ID=x\n", buf, sizeof(buf));
    assert_string_equal(buf, "");
    version_pretty_name("", buf, sizeof(buf));
    assert_string_equal(buf, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judgement),
        cmocka_unit_test(test_what_is_turned_off_is_well),
        cmocka_unit_test(test_a_unit_that_is_not_there),
        cmocka_unit_test(test_settled),
        cmocka_unit_test(test_words_of_services),
        cmocka_unit_test(test_times_and_sizes),
        cmocka_unit_test(test_versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
