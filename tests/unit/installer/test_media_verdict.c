/* What the probe wrote, and what the doctor says of it. */
#include "doctor/doctor.h"
#include "doctor/media_verdict.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct media_way udp = {.path = "udp",
                                     .name = "UDP",
                                     .protocol = "udp",
                                     .first = 40000,
                                     .last = 40003,
                                     .without = "calls depend on TURN"};
static const struct media_way turn_tls = {.path = "turn-tls",
                                          .name = "TURN over TLS",
                                          .protocol = "tcp",
                                          .first = 5349,
                                          .last = 5349,
                                          .without = "some hear nobody",
                                          .absent = "no-relay",
                                          .absent_is = "There is none."};

#define STEP(name, reason)                                                                         \
    "{\"name\":\"" name "\",\"verdict\":\"failed\",\"reason\":\"" reason                           \
    "\",\"message\":\"it is so\",\"code\":7,\"ms\":12.5}"
#define FAILED(name, reason)                                                                       \
    "{\"ok\":false,\"steps\":[{\"name\":\"rest\",\"verdict\":\"ok\",\"ms\":3.5}," STEP(            \
        name, reason) "],\"offered\":[" OFFERED "]}"
#define OFFERED                                                                                    \
    "{\"protocol\":\"udp\",\"address\":\"127.0.0.1:40000\"},"                                      \
    "{\"protocol\":\"udp\",\"address\":\"203.0.113.5:40000\"},"                                    \
    "{\"protocol\":\"tcp\",\"address\":\"203.0.113.5:40000\"},"                                    \
    "{\"protocol\":\"udp\",\"address\":\"[2001:db8::5]:40000\"}"
#define LOSS(percent)                                                                              \
    "{\"ok\":true,\"totals\":{\"audio\":{\"lossPercentAtFirst\":0.5},\"video\":{"                  \
    "\"lossPercentAtFirst\":" percent "}}}"

enum whose { NOT_OURS, OURS, UNKNOWN };

static void reports_become_findings(void **state)
{
    static const struct {
        const char *report;
        const struct media_way *way;
        enum whose addresses;
        enum severity severity; /* OK: no finding */
        const char *text, *command;
        bool wants_rule;
    } rows[] = {
        {LOSS("0.9"), &udp, OURS, SEVERITY_OK, "", "", false},
        {LOSS("2"), &udp, OURS, SEVERITY_WARNING, "2.0 % of the packets were lost", "", false},
        {"{\"ok\":false,\"steps\":[]}", &udp, OURS, SEVERITY_UNKNOWN, "was interrupted", "", false},
        {FAILED("publish", "ice"), &udp, OURS, SEVERITY_FAILURE, "it is so): calls depend on TURN",
         "", true},
        {FAILED("publish", "ice"), &udp, UNKNOWN, SEVERITY_FAILURE, "does not get through", "",
         true},
        {FAILED("publish", "ice"), &udp, NOT_OURS, SEVERITY_FAILURE,
         "announces 203.0.113.5, 2001:db8::5, and is not reached there over UDP",
         "visavis config set MEDIA_NODES_PUBLIC_IPS=[...]", false},
        {FAILED("publish", "ice"), &turn_tls, NOT_OURS, SEVERITY_FAILURE,
         "TURN is reached, and media is not from there", "", false},
        {FAILED("relay", "timeout"), &turn_tls, OURS, SEVERITY_FAILURE, "TURN is not reached", "",
         true},
        {FAILED("relay", "refused"), &turn_tls, OURS, SEVERITY_FAILURE, "does not work",
         "visavis logs turn", false},
        {FAILED("publish", "timeout"), &udp, OURS, SEVERITY_FAILURE, "does not answer",
         "visavis status", false},
        {FAILED("relay", "no-relay"), &turn_tls, OURS, SEVERITY_NOTE, "There is none.", "", false},
        {FAILED("relay", "no-relay"), &udp, OURS, SEVERITY_FAILURE, "Over UDP",
         "visavis config show", false},
        {FAILED("relay", "credentials"), &turn_tls, OURS, SEVERITY_FAILURE,
         "COTURN_SHARED_SECRET_KEY", NULL, false},
        {FAILED("rest", "secret"), &udp, OURS, SEVERITY_FAILURE, "OPENVIDU_SECRET", NULL, false},
        {FAILED("rest", "refused"), &udp, OURS, SEVERITY_FAILURE, "does not work: it is so",
         "systemctl status nginx", false},
        {FAILED("websocket", "timeout"), &udp, OURS, SEVERITY_FAILURE, "does not work", NULL,
         false},
        {FAILED("join", "no-media-node"), &udp, OURS, SEVERITY_FAILURE, "does not work",
         "visavis logs media", false},
    };
    struct own_addresses own = {.n = 1};
    struct media_facts facts = {.waits_for_clients = true, .first = 40000, .last = 40003};

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct check_context x;
        const struct finding *f = &x.findings[0];
        struct trial t;
        bool wants_rule;

        x = (struct check_context){.n_findings = 0};
        assert_int_equal(
            addr_parse_ip(rows[i].addresses == OURS ? "203.0.113.5" : "192.0.2.1", 0, &own.list[0]),
            0);
        assert_int_equal(trial_read(rows[i].report, &t), 0);
        facts.own = rows[i].addresses == UNKNOWN ? NULL : &own;
        wants_rule = media_verdict(&x, rows[i].way, &t, &facts);
        assert_int_equal(x.n_findings, rows[i].severity != SEVERITY_OK);
        assert_int_equal(wants_rule, rows[i].wants_rule);
        trial_done(&t);
        if (x.n_findings == 0)
            continue;
        if (f->severity != rows[i].severity || !strstr(f->text, rows[i].text) ||
            (rows[i].command && strcmp(f->command, rows[i].command) != 0))
            fail_msg("row %zu: %u: %s [%s]", i, f->severity, f->text, f->command);
    }
}

static const struct media_facts waits = {.waits_for_clients = true, .first = 40000, .last = 40003};

static void a_single_address(void **state)
{
    static const struct {
        const char *report, *text; /* NULL: the trial came to no end; nothing is found */
    } rows[] = {
        {NULL, "announces 203.0.113.9,"},
        {FAILED("publish", "ice"), "announces 203.0.113.9,"},
        {FAILED("rest", "refused"), "does not work"},
        {LOSS("0"), NULL},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct check_context x;
        struct trial t;

        x = (struct check_context){.n_findings = 0};
        if (rows[i].report)
            assert_int_equal(trial_read(rows[i].report, &t), 0);
        assert_false(
            media_verdict_address(&x, &udp, "203.0.113.9", rows[i].report ? &t : NULL, &waits));
        if (rows[i].report)
            trial_done(&t);
        assert_int_equal(x.n_findings, rows[i].text != NULL);
        if (rows[i].text)
            assert_non_null(strstr(x.findings[0].text, rows[i].text));
    }
}

/* There is no port of media to open. */
static void media_goes_to_clients(void **state)
{
    static const struct media_facts goes = {.waits_for_clients = false};
    static struct check_context x;
    struct trial t;

    (void) state;
    assert_int_equal(trial_read(FAILED("publish", "ice"), &t), 0);
    assert_false(media_verdict(&x, &udp, &t, &goes));
    trial_done(&t);
    assert_int_equal(x.n_findings, 1);
    assert_non_null(strstr(x.findings[0].detail, "MEDIA_ICE_SERVERS"));
    assert_string_equal(x.findings[0].command, "visavis logs media");
}

static void reports_are_read(void **state)
{
    static const char report[] =
        "{\"ok\":true,\"steps\":[{\"name\":\"rest\",\"verdict\":\"ok\",\"ms\":3.5}],"
        "\"offered\":[" OFFERED ",{\"address\":\"garbage\",\"protocol\":\"udp\"},{}],"
        "\"publishers\":[{\"path\":{\"local\":\"relay\",\"localAddress\":\"192.0.2.1:5\","
        "\"remoteAddress\":\"192.0.2.2:6\"}}],"
        "\"subscriptions\":[{\"firstPacketMs\":41.5,\"video\":{\"delayMs\":{\"median\":1.25}}}],"
        "\"totals\":{\"audio\":{\"lossPercentAtFirst\":3.5},\"video\":{\"lossPercentAtFirst\":0}}}";
    struct trial t;

    (void) state;
    assert_int_equal(trial_read(report, &t), 0);
    assert_true(t.ok);
    assert_int_equal(t.n_steps, 1);
    assert_string_equal(t.steps[0].name, "rest");
    assert_true(t.steps[0].ms == 3.5);
    assert_null(trial_failed(&t));
    assert_int_equal(t.n_offers, 4);
    assert_false(t.offers[1].tcp);
    assert_true(t.offers[2].tcp);
    assert_int_equal(t.offers[3].addr.family, AF_INET6);
    assert_string_equal(t.kind, "relay");
    assert_string_equal(t.local, "192.0.2.1:5");
    assert_string_equal(t.remote, "192.0.2.2:6");
    assert_true(t.first_packet_ms == 41.5);
    assert_true(t.delay_ms == 1.25);
    assert_true(t.loss_percent == 3.5);
    assert_string_equal(t.json, report);
    trial_done(&t);

    assert_int_equal(trial_read(FAILED("join", "code"), &t), 0);
    assert_false(t.ok);
    assert_non_null(trial_failed(&t));
    assert_string_equal(trial_failed(&t)->name, "join");
    assert_string_equal(trial_failed(&t)->reason, "code");
    assert_string_equal(trial_failed(&t)->message, "it is so");
    assert_int_equal(trial_failed(&t)->code, 7);
    trial_done(&t);
}

/* Of a newer probe, or of one that had an accident. */
static void odd_reports(void **state)
{
    char many[8192] = "{\"steps\":[";
    struct trial t;
    size_t len = strlen(many);

    (void) state;
    assert_int_equal(trial_read("", &t), -EBADMSG);
    assert_int_equal(trial_read("[]", &t), -EBADMSG);
    assert_int_equal(trial_read("{\"ok\":true", &t), -EBADMSG);
    assert_int_equal(trial_read("{\"ok\":1,\"steps\":7,\"offered\":{},\"totals\":[]}", &t), 0);
    assert_false(t.ok);
    assert_int_equal(t.n_steps + t.n_offers, 0);
    trial_done(&t);
    for (unsigned i = 0; i < 40; i++)
        len += (size_t) snprintf(many + len, sizeof(many) - len, "%s" STEP("a", "b"), i ? "," : "");
    snprintf(many + len, sizeof(many) - len, "]}");
    assert_int_equal(trial_read(many, &t), 0);
    assert_int_equal(t.n_steps, TRIAL_STEPS_MAX);
    trial_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_become_findings),
        cmocka_unit_test(a_single_address),
        cmocka_unit_test(media_goes_to_clients),
        cmocka_unit_test(reports_are_read),
        cmocka_unit_test(odd_reports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
