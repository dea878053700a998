/* How it stands with the certificate of a CA: words, JSON, metrics. */
#include "acquire/look.h"
#include "acquire/metrics.h"
#include "acquire/told.h"
#include "host/paths.h"
#include "installed_kit.h"

#include <errno.h>
#include <sys/stat.h>

#define DAY INT64_C(86400)
#define NOW INT64_C(1800000000) /* 2027-01-15 08:00:00 */

static struct acquire_look look; /* large */
static struct certs_info live;

/* Got ten days ago for 90 days, and served. */
static void set_fine(void)
{
    look = (struct acquire_look){
        .wanted = true,
        .pair = {.exists = true,
                 .covers = true,
                 .not_before_s = NOW - 10 * DAY,
                 .not_after_s = NOW + 80 * DAY,
                 .ari_id = look.ari_id},
        .renewal_s = NOW + 50 * DAY,
        .next_s = NOW + DAY / 4,
        .directory = "https://ca.example/dir",
    };
    state_init(&look.state);
    look.state.result = RESULT_OK;
    look.state.attempt_s = look.state.success_s = NOW - 10 * DAY;
    look.state.type = CHALLENGE_HTTP_01;
    live = (struct certs_info){
        .source = CERTS_ACME,
        .not_before_s = look.pair.not_before_s,
        .not_after_s = look.pair.not_after_s,
    };
}

static void set_failed(enum acme_failure_kind kind)
{
    look.state.result = RESULT_FAILED;
    look.state.attempt_s = NOW - 60;
    look.state.failures = 2;
    look.next_s = NOW + 540;
    failure_set(&look.state.failure, kind, STEP_CHALLENGE, -EPROTO, "203.0.113.5 port 80",
                "the connection was refused");
    failure_next(&look.state.failure, "Let port 80 in.");
}

static struct told judge(const struct certs_info *served)
{
    struct told t;

    told_judge(&look, served, NOW, &t);
    if (t.level == TOLD_FINE)
        assert_string_equal(t.text, "");
    return t;
}

static void expect_in(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in: %s", part, text);
}

/* ---- is there something to say? ---- */

static void test_nothing_to_say(void **state)
{
    (void) state;
    set_fine();
    assert_int_equal(judge(&live).level, TOLD_FINE);
    live.is_ours = true;
    set_failed(FAILURE_VALIDATION);
    look.wanted = false;
    assert_int_equal(judge(&live).level, TOLD_FINE);
}

static void test_not_asked_yet(void **state)
{
    struct told t;

    (void) state;
    set_fine();
    look.pair.exists = false;
    look.state.result = RESULT_NEVER;
    live.is_ours = true;
    t = judge(&live);
    assert_int_equal(t.level, TOLD_WARNING);
    expect_in(t.text, "temporary self-signed");
    expect_in(t.text,
              "the first try to get one from https://ca.example/dir has not come to its end");
    t = judge(NULL);
    expect_in(t.text, "There is no certificate");
}

static void test_failed_with_a_temporary_one(void **state)
{
    char text[TOLD_SIZE];
    struct told t;

    (void) state;
    set_fine();
    set_failed(FAILURE_VALIDATION);
    live.is_ours = true;
    t = judge(&live);
    assert_int_equal(t.level, TOLD_FAILURE);
    assert_string_equal(t.command, "visavis cert issue");
    assert_int_not_equal(t.why[strlen(t.why) - 1], '.'); /* others go on behind it */
    told_finding(&t, text);
    expect_in(text, "203.0.113.5 port 80");
    expect_in(text, "the connection was refused. The next try is made after 2027-01-15 08:09:00 "
                    "UTC.");
    assert_null(strstr(text, "sudo"));
    told_text(&t, text);
    expect_in(text, "A temporary self-signed certificate is served; the last try to get one from "
                    "https://ca.example/dir failed on 2027-01-15 07:59:00 UTC.");
    expect_in(text, "203.0.113.5 port 80");
    expect_in(text, "the connection was refused. The next try is made after 2027-01-15 08:09:00 "
                    "UTC. Let port 80 in. To try it at once: sudo visavis cert issue");
}

static void test_failed_renewal(void **state)
{
    (void) state;
    set_fine();
    set_failed(FAILURE_UNREACHABLE);
    assert_int_equal(judge(&live).level, TOLD_WARNING);
    expect_in(judge(&live).text, "The certificate being served is valid until 2027-04-05");
    live.not_after_s = NOW + DAY; /* late */
    assert_int_equal(judge(&live).level, TOLD_FAILURE);
    live.not_after_s = NOW - 1;
    assert_int_equal(judge(&live).level, TOLD_FAILURE);
    expect_in(judge(&live).text, "has expired");
}

static void test_clock(void **state)
{
    (void) state;
    set_fine();
    set_failed(FAILURE_CLOCK);
    assert_string_equal(judge(&live).command, "timedatectl set-ntp true");
    look.from_future = true;
    look.state.attempt_s = NOW + 365 * DAY;
    expect_in(judge(&live).text, "noted on 2028-01-15");
    expect_in(judge(&live).text, "the clock is wrong now, or was then");
    set_fine();
    live.not_before_s = NOW + 300 * DAY;
    expect_in(judge(&live).text, "a CA's clock is right");
    assert_int_equal(judge(&live).level, TOLD_FAILURE);
}

static void test_odd_ones(void **state)
{
    (void) state;
    set_fine();
    look.pair.revoked = true;
    expect_in(judge(&live).text, "was revoked");
    set_fine();
    live.is_ours = true;
    expect_in(judge(&live).text, "it is not served");
    set_fine();
    look.error = -EINVAL;
    expect_in(judge(&live).text, "damaged");
    set_fine();
    live.not_after_s = NOW + DAY;
    expect_in(judge(&live).text, "overdue");
}

/* ---- parts ---- */

static void test_renewal(void **state)
{
    char text[2048];

    (void) state;
    set_fine();
    assert_string_equal(told_renewal(&look, NOW, text, sizeof(text)),
                        "2027-03-06 08:00:00 UTC, by its age");
    look.state.ari.info = (struct acme_renewal_info){.start_s = NOW + 49 * DAY,
                                                     .end_s = NOW + 51 * DAY,
                                                     .explanation = "https://ca.example/why"};
    snprintf(look.ari_id, sizeof(look.ari_id), "a.b");
    snprintf(look.state.ari.id, sizeof(look.state.ari.id), "a.b");
    told_renewal(&look, NOW, text, sizeof(text));
    expect_in(text, "2027-03-06 08:00:00 UTC, drawn from the CA's window from 2027-03-05");
    expect_in(text, "see https://ca.example/why");
    snprintf(look.state.ari.id, sizeof(look.state.ari.id), "c.d"); /* of another certificate */
    assert_string_equal(told_renewal(&look, NOW, text, sizeof(text)),
                        "2027-03-06 08:00:00 UTC, by its age");
    look.due = DUE_EXPIRED;
    assert_string_equal(told_renewal(&look, NOW, text, sizeof(text)), "now: it has expired");
}

static void test_last_and_next(void **state)
{
    char text[256];

    (void) state;
    set_fine();
    assert_string_equal(told_last(&look, text, sizeof(text)),
                        "ok on 2027-01-05 08:00:00 UTC, by http-01");
    set_failed(FAILURE_VALIDATION);
    assert_string_equal(told_last(&look, text, sizeof(text)),
                        "failed on 2027-01-15 07:59:00 UTC, 2 times in a row");
    look.state.not_before_s = look.next_s;
    assert_string_equal(told_next(&look, NOW, text, sizeof(text)),
                        "after 2027-01-15 08:09:00 UTC, as the CA asked");
    look.next_s = NOW - 1;
    expect_in(told_next(&look, NOW, text, sizeof(text)), "sudo visavis cert renew");
    state_init(&look.state);
    assert_string_equal(told_last(&look, text, sizeof(text)), "never");
}

static void test_next_time(void **state)
{
    (void) state;
    set_fine();
    assert_int_equal(acquire_next_s(&look, &live, NOW), NOW + DAY / 4);
    look.next_s = NOW + 365 * DAY;
    assert_int_equal(acquire_next_s(&look, &live, NOW), NOW + DAY);
    look.wanted = false;
    assert_int_equal(acquire_next_s(&look, &live, NOW), NOW + DAY);
    live = (struct certs_info){
        .is_ours = true, .not_before_s = NOW - 10, .not_after_s = NOW + 10 * DAY};
    assert_int_equal(acquire_next_s(&look, &live, NOW), NOW + DAY);
    live.not_after_s = NOW + 20; /* half of its life from its begin on */
    assert_int_equal(acquire_next_s(&look, &live, NOW), NOW + 5);
    assert_int_equal(acquire_next_s(&look, NULL, NOW), NOW + DAY);
}

static void test_changed_settings_do_not_wait(void **state)
{
    (void) state;
    set_fine();
    set_failed(FAILURE_SELF_CHECK);
    look.due = DUE_NO_PAIR;
    assert_true(acquire_is_mended(&look, NOW - 10));
    assert_false(acquire_is_mended(&look, NOW - 60)); /* it was tried with them */
    look.state.failure.kind = FAILURE_CLOCK;
    assert_false(acquire_is_mended(&look, NOW - 10));
    look.state.failure.kind = FAILURE_SELF_CHECK;
    look.due = DUE_NOT;
    assert_false(acquire_is_mended(&look, NOW - 10));
    look.due = DUE_AGE;
    look.state.result = RESULT_OK;
    assert_false(acquire_is_mended(&look, NOW - 10));
}

/* ---- JSON, metrics ---- */

static void test_json(void **state)
{
    const json_t *failure;
    json_t *o;

    (void) state;
    set_fine();
    o = told_json(&look, NOW);
    assert_string_equal(json_string_value(json_object_get(o, "result")), "ok");
    assert_string_equal(json_string_value(json_object_get(o, "challenge")), "http-01");
    assert_string_equal(json_string_value(json_object_get(o, "nextTry")),
                        "2027-01-15T14:00:00.000000Z");
    assert_true(json_is_null(json_object_get(o, "failure")));
    assert_true(json_is_null(json_object_get(json_object_get(o, "renewal"), "windowStart")));
    json_decref(o);
    set_failed(FAILURE_VALIDATION);
    assert_int_equal(
        acme_problem_parse(
            bytes_str("{\"type\":\"urn:ietf:params:acme:error:connection\",\"detail\":\"no "
                      "\\u001b way\",\"subproblems\":[{\"type\":\"x:y\",\"detail\":\"z\"}]}"),
            &look.state.failure.problem),
        0);
    o = told_json(&look, NOW);
    failure = json_object_get(o, "failure");
    assert_string_equal(json_string_value(json_object_get(failure, "kind")),
                        acme_failure_names[FAILURE_VALIDATION]);
    assert_string_equal(json_string_value(json_object_get(failure, "next")), "Let port 80 in.");
    failure = json_object_get(failure, "problem");
    assert_string_equal(json_string_value(json_object_get(failure, "type")), "connection");
    assert_int_equal(json_array_size(json_object_get(failure, "subproblems")), 1);
    expect_in(json_string_value(json_object_get(failure, "verbatim")), "\"subproblems\":[{");
    json_decref(o);
}

static const char *metrics(const struct certs_info *served)
{
    static char text[METRICS_SIZE + 1];
    struct wr w = wr_init((uint8_t *) text, METRICS_SIZE);
    size_t len = 0;

    metrics_render(&w, &look, served, NOW);
    assert_int_equal(wr_finish(&w, &len), 0);
    text[len] = '\0';
    return text;
}

static void test_metrics(void **state)
{
    (void) state;
    set_fine();
    expect_in(metrics(&live), "# TYPE visavis_certificate_not_after_seconds gauge\n"
                              "visavis_certificate_not_after_seconds 1806912000\n");
    expect_in(metrics(&live), "\nvisavis_certificate_days_left 80\n");
    expect_in(metrics(&live), "\nvisavis_certificate_temporary 0\n");
    expect_in(metrics(&live), "\nvisavis_certificate_last_result 1\n");
    set_failed(FAILURE_CA);
    live.is_ours = true;
    expect_in(metrics(&live), "\nvisavis_certificate_temporary 1\n");
    expect_in(metrics(&live), "\nvisavis_certificate_last_result 0\n");
    expect_in(metrics(&live), "\nvisavis_certificate_failures 2\n");
    expect_in(metrics(NULL), "\nvisavis_certificate_served 0\n");
    look.wanted = false;
    assert_null(strstr(metrics(&live), "last_result"));
}

/* Each with its two lines before it, and none twice. */
static void test_metrics_form(void **state)
{
    const char *text, *p;
    unsigned n = 0, n_help = 0;

    (void) state;
    set_fine();
    text = metrics(&live);
    for (p = text; (p = strstr(p, "# HELP visavis_certificate_")) != NULL; p++)
        n_help++;
    for (p = text; (p = strstr(p, "\nvisavis_certificate_")) != NULL; p++)
        n++;
    assert_int_equal(n, n_help);
    assert_true(n >= 12);
}

static void test_metrics_file(void **state)
{
    char path[PATH_MAX];
    struct stat st;

    (void) state;
    set_fine();
    assert_int_equal(metrics_write(&look, &live, NOW), 0);
    assert_int_equal(stat(path_join(path, PATH_RUN, METRICS_FILE), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    assert_int_equal(stat(path_join(path, PATH_RUN, "metrics"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_say),
        cmocka_unit_test(test_not_asked_yet),
        cmocka_unit_test(test_failed_with_a_temporary_one),
        cmocka_unit_test(test_failed_renewal),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_odd_ones),
        cmocka_unit_test(test_renewal),
        cmocka_unit_test(test_last_and_next),
        cmocka_unit_test(test_next_time),
        cmocka_unit_test(test_changed_settings_do_not_wait),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_metrics_form),
        cmocka_unit_test_setup_teardown(test_metrics_file, kit_set_up, kit_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
