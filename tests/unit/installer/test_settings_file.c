/* A .env file as a whole. The first ten are the list that every file of OpenVidu's has to pass. */
#include "env_kit.h"

#include "settings/template.h"

static char *template_text(void)
{
    static char text[64 * 1024];
    struct wr w = wr_init(text, sizeof(text) - 1);
    size_t len = 0;

    template_write(&w);
    assert_int_equal(wr_finish(&w, &len), 0);
    text[len] = '\0';
    return text;
}

static void test_1_untouched_template_fails_with_exactly_two_problems(void **state)
{
    struct kit k = kit_load(template_text());

    (void) state;
    assert_null(k.s);
    assert_int_equal(problems_n(k.p), 2);
    kit_expect_complete(kit_expect(&k, "DOMAIN_OR_PUBLIC_IP", SETTING_ERROR, "is not set"),
                        problems_at(k.p, 0)->line);
    kit_expect_complete(kit_expect(&k, "OPENVIDU_SECRET", SETTING_ERROR, "is not set"),
                        problems_at(k.p, 1)->line);
    assert_true(problems_at(k.p, 0)->line > 0);
    kit_done(&k);
    k = kit_load(""); /* and an empty file with the same two */
    assert_int_equal(problems_n(k.p), 2);
    kit_done(&k);
}

static void test_2_domain_and_secret_alone_are_enough(void **state)
{
    struct kit k = kit_load(KIT_BASE);
    char url[SETTINGS_URL_SIZE];

    (void) state;
    assert_int_equal(problems_n(k.p), 0);
    assert_string_equal(settings_text(k.s, SET_CERTIFICATE_TYPE), "selfsigned");
    assert_int_equal(settings_int(k.s, SET_HTTPS_PORT), 443);
    assert_int_equal(settings_int(k.s, SET_HTTP_PORT), 80);
    assert_string_equal(settings_public_url(k.s, url), "https://meet.example.org");
    assert_string_equal(settings_text(k.s, SET_CALL_SECRET), "0123456789abcdefXYZ");
    assert_string_equal(settings_text(k.s, SET_CALL_ADMIN_SECRET), "0123456789abcdefXYZ");
    for (int id = 0; id < N_SETTINGS; id++)
        assert_int_equal(settings_is_default(k.s, (enum setting) id),
                         id != SET_DOMAIN_OR_PUBLIC_IP && id != SET_OPENVIDU_SECRET);
    kit_done(&k);
}

static void test_3_crlf_no_final_newline_byte_order_mark(void **state)
{
    struct kit k = kit_load("\xef\xbb\xbf"
                            "DOMAIN_OR_PUBLIC_IP=meet.example.org\r\n\r\n"
                            "OPENVIDU_SECRET=0123456789abcdefXYZ\r\nHTTPS_PORT=8443");

    (void) state;
    assert_non_null(k.s);
    assert_int_equal(problems_n(k.p), 2);
    assert_int_equal(problems_count(k.p, SETTING_WARNING), 2);
    assert_non_null(strstr(problems_at(k.p, 0)->what, "byte order mark"));
    assert_non_null(strstr(problems_at(k.p, 1)->what, "CR LF"));
    assert_string_equal(settings_text(k.s, SET_DOMAIN_OR_PUBLIC_IP), "meet.example.org");
    assert_string_equal(settings_text(k.s, SET_OPENVIDU_SECRET), "0123456789abcdefXYZ");
    assert_int_equal(settings_int(k.s, SET_HTTPS_PORT), 8443);
    kit_done(&k);
}

static void test_4_equals_sign_blanks_quotes_and_note_in_a_value(void **state)
{
    struct kit k = kit_load("DOMAIN_OR_PUBLIC_IP = meet.example.org\n"
                            "OPENVIDU_SECRET=\"0123456789abcdefXYZ\" # note\n"
                            "CALL_SECRET=0123456789=abc=def==\n"
                            "CALL_USER= someone \n");

    (void) state;
    assert_non_null(k.s);
    assert_int_equal(problems_n(k.p), 3);
    assert_int_equal(problems_count(k.p, SETTING_WARNING), 3);
    kit_expect(&k, "CALL_USER", SETTING_WARNING, "blanks");
    assert_string_equal(settings_text(k.s, SET_DOMAIN_OR_PUBLIC_IP), "meet.example.org");
    assert_string_equal(settings_text(k.s, SET_OPENVIDU_SECRET), "0123456789abcdefXYZ");
    assert_string_equal(settings_text(k.s, SET_CALL_SECRET), "0123456789=abc=def==");
    assert_string_equal(settings_text(k.s, SET_CALL_USER), "someone");
    kit_done(&k);
}

static void test_5_duplicate_unknown_malformed_and_indented_comment(void **state)
{
    struct kit k = kit_load_more("HTTP_PORT=8080\nHTTP_PORT=8443\nHTTPS_PROT=1\nxyzzy=1\n"
                                 "  # indented\nOPENVIDU_CDR true\nCDR\n");
    const struct setting_problem *q;

    (void) state;
    assert_null(k.s);
    assert_int_equal(problems_n(k.p), 6);
    q = kit_expect(&k, "HTTP_PORT", SETTING_WARNING, "line 3");
    assert_int_equal(q->line, 4);
    assert_non_null(strstr(q->what, "HTTPS_PORT"));
    assert_non_null(strstr(q->mend, "3s/^/#/"));
    q = kit_expect(&k, "HTTPS_PROT", SETTING_WARNING, "is it HTTPS_PORT?");
    assert_non_null(strstr(q->mend, "5s/HTTPS_PROT/HTTPS_PORT/"));
    kit_expect(&k, "xyzzy", SETTING_WARNING, "is no setting");
    kit_expect(&k, NULL, SETTING_WARNING, "indented");
    q = kit_expect(&k, "OPENVIDU_CDR", SETTING_ERROR, "malformed line");
    assert_int_equal(q->line, 8);
    kit_expect(&k, NULL, SETTING_ERROR, "malformed line");
    kit_done(&k);
}

static void test_6_booleans_in_odd_case(void **state)
{
    static const char *const bad[] = {"yes", "1", "on", "truee", "\"", "TRUE1"};
    char example[320];

    (void) state;
    for (int i = 0; i < N_SETTINGS; i++) {
        enum setting id = (enum setting) i;

        if (setting_def(id)->type != SETTING_BOOL || id == SET_WEBHOOK ||
            id == SET_SUPPORT_DEPRECATED_API || id == SET_STREAMS_ALLOW_TRANSCODING ||
            id == SET_TURN_ON_HTTPS_PORT)
            continue; /* those say more when they are true */
        kit_taken(id, "TRUE", "true");
        kit_taken(id, "tRuE", "true");
        kit_taken(id, "False", "false");
        kit_taken(id, "", setting_def(id)->value);
        for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
            kit_refused(setting_def(id)->key, bad[k], "is neither true nor false", example);
    }
}

static void test_6_numbers_negative_blank_text(void **state)
{
    (void) state;
    for (int i = 0; i < N_SETTINGS; i++) {
        const struct setting_def *d = setting_def((enum setting) i);
        bool port = d->type == SETTING_PORT;
        char example[320], text[32];

        if ((!port && d->type != SETTING_INT) || d->scope == SETTING_DEV_ONLY)
            continue;
        kit_refused(d->key, "-1", "is negative", example);
        kit_refused(d->key, "many", "is no whole number", example);
        kit_refused(d->key, "1.5", "is no whole number", example);
        kit_refused(d->key, "0x10", "is no whole number", example);
        kit_refused(d->key, "99999999999999999999", "is too large", example);
        snprintf(text, sizeof(text), "%lld", port ? 65536LL : (long long) d->max + 1);
        kit_refused(d->key, text, "is out of range", example);
        if (port || d->min > 0) {
            snprintf(text, sizeof(text), "%lld", port ? 0LL : (long long) d->min - 1);
            kit_refused(d->key, text, "is out of range", example);
        }
        kit_taken((enum setting) i, "", d->value); /* empty is the default */
        kit_taken((enum setting) i, d->value, d->value);
    }
}

static void assert_list(const char *line, enum setting id, const char *const *items)
{
    struct kit k = kit_load_more(line);
    size_t n = 0;

    if (!k.s)
        fail_msg("%s %s", line, problems_at(k.p, 0)->what);
    for (; items[n]; n++)
        assert_string_equal(settings_item(k.s, id, n), items[n]);
    assert_int_equal(settings_n(k.s, id), n);
    assert_null(settings_item(k.s, id, n));
    kit_done(&k);
}

static void test_7_lists_quoted_unquoted_empty_blank_broken(void **state)
{
    static const char *const two[] = {"sessionCreated", "signalSent", NULL};
    static const char *const headers[] = {"A: b, c", "D: \"e\"", NULL};
    static const char *const none[] = {NULL};
    static const struct {
        const char *text, *what;
    } broken[] = {
        {"sessionCreated", "is no list in brackets"},
        {"[sessionCreated", "lacks the closing ]"},
        {"[\"sessionCreated]", "lacks a closing quote"},
        {"[\"sessionCreated\" \"signalSent\"]", "neither a comma"},
        {"[sessionCreated] x", "goes on after"},
        {"[", "lacks the closing ]"},
        {"[sessionCreate]", "is it sessionCreated?"},
        {"[nothing]", "there is not: nothing"},
    };
    char example[320];
    struct kit k;

    (void) state;
    assert_list("OPENVIDU_WEBHOOK_EVENTS=[\"sessionCreated\",\"signalSent\"]", SET_WEBHOOK_EVENTS,
                two);
    assert_list("OPENVIDU_WEBHOOK_EVENTS=[ sessionCreated , signalSent ]", SET_WEBHOOK_EVENTS, two);
    assert_list("OPENVIDU_WEBHOOK_EVENTS=['sessionCreated', signalSent,]", SET_WEBHOOK_EVENTS, two);
    assert_list("OPENVIDU_WEBHOOK_EVENTS=[\\\"sessionCreated\\\",\\\"signalSent\\\"]",
                SET_WEBHOOK_EVENTS, two);
    assert_list("OPENVIDU_WEBHOOK_HEADERS=[\"A: b, c\", \"D: \\\"e\\\"\"]", SET_WEBHOOK_HEADERS,
                headers);
    assert_list("OPENVIDU_WEBHOOK_EVENTS=[]", SET_WEBHOOK_EVENTS, none);
    assert_list("OPENVIDU_WEBHOOK_EVENTS=[\"\"]", SET_WEBHOOK_EVENTS, none);
    assert_list("OPENVIDU_WEBRTC_ICE_SERVERS=[ ]", SET_WEBRTC_ICE_SERVERS, none);
    assert_list("MEDIA_NODES_PUBLIC_IPS=", SET_MEDIA_NODES_PUBLIC_IPS, none);
    k = kit_load_more("OPENVIDU_WEBHOOK_EVENTS=");
    assert_int_equal(settings_n(k.s, SET_WEBHOOK_EVENTS), 15); /* blank is the default */
    kit_done(&k);
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        kit_refused("OPENVIDU_WEBHOOK_EVENTS", broken[i].text, broken[i].what, example);
}

static void test_8_forms_of_domains(void **state)
{
    static const struct {
        const char *text, *what, *example;
    } bad[] = {
        {"host:8080", "HTTPS_PORT=8080", "host"},
        {"meet.example.org:443", "put the port into HTTPS_PORT", "meet.example.org"},
        {"https://meet.example.org", "is a URL", "meet.example.org"},
        {"https://meet.example.org:8443/x?y", "HTTPS_PORT=8443", "meet.example.org"},
        {"http://[2001:db8::1]:81/", "HTTPS_PORT=81", "2001:db8::1"},
        {"https://", "is a URL", "meet.example.org"},
        {"meet.example.org.", "ends in a dot", "meet.example.org"},
        {"meet.example.org/path", "has a path", "meet.example.org"},
        {"a.example,b.example", "more than one name", "a.example"},
        {"a.example b.example", "more than one name", "a.example"},
        {"m\xc3\xbcller.example", "punycode", "xn--mller-kva.example"},
        {"https://M\xc3\x9cLLER.example/", "is a URL", "xn--mller-kva.example"},
        {"[2001:db8::1]", "has brackets", "2001:db8::1"},
        {"[2001:db8::1]:443", "has brackets", "2001:db8::1"},
        {"fe80::1%eth0", "has a zone", "meet.example.org"},
        {"fe80::1", "link-local", "meet.example.org"},
        {"0.0.0.0", "is no address of a machine", "meet.example.org"},
        {"ff02::1", "is no address of a machine", "meet.example.org"},
        {"999.1.1.1", "is neither an IP address nor", "meet.example.org"},
        {"1.2.3", "is neither an IP address nor", "meet.example.org"},
        {"a..example", "between two dots", "meet.example.org"},
        {".example", "between two dots", "meet.example.org"},
        {"-a.example", "begins or ends with '-'", "meet.example.org"},
        {"a-.example", "begins or ends with '-'", "meet.example.org"},
        {"a_b.example", "only letters, digits", "meet.example.org"},
        {"a:b", "no IPv6 address", "a"},
        {"2001:db8::zz", "no IPv6 address", "meet.example.org"},
        {"\x01", "control character", "meet.example.org"},
        {"\xff.example", "no UTF-8", "meet.example.org"},
        {".", "ends in a dot", "meet.example.org"},
    };
    static const char *const good[] = {"meet.example.org", "a",           "MEET.example.org",
                                       "192.0.2.7",        "2001:db8::1", "xn--mller-kva.example",
                                       "3com.com"};
    char example[320], label[70];

    (void) state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        kit_taken(SET_DOMAIN_OR_PUBLIC_IP, good[i], good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        kit_refused("DOMAIN_OR_PUBLIC_IP", bad[i].text, bad[i].what, example);
        assert_string_equal(example, bad[i].example);
    }
    memset(label, 'a', 64);
    label[64] = '\0';
    kit_refused("DOMAIN_OR_PUBLIC_IP", label, "longer than 63", example);
}

static void test_8_a_domain_of_this_machine_alone(void **state)
{
    static const char *const alone[] = {"localhost", "127.0.0.1", "::1"};
    char text[128];

    (void) state;
    for (size_t i = 0; i < 3; i++) {
        struct kit k;

        snprintf(text, sizeof(text), "DOMAIN_OR_PUBLIC_IP=%s\nOPENVIDU_SECRET=0123456789abcdefXYZ",
                 alone[i]);
        k = kit_load(text);
        assert_non_null(k.s);
        kit_expect(&k, "DOMAIN_OR_PUBLIC_IP", SETTING_WARNING, "nobody else");
        kit_done(&k);
    }
}

static void test_9_certificate_types_and_ports(void **state)
{
    static const char *const types[] = {"selfsigned", "owncert"};
    static const char *const ports[] = {"80", "443", "8080", "8443", "65535", "1"};
    char text[256], example[320], url[SETTINGS_URL_SIZE];

    (void) state;
    for (size_t t = 0; t < 2; t++) {
        for (size_t a = 0; a < 6; a++) {
            for (size_t b = 0; b < 6; b++) {
                struct kit k;

                snprintf(text, sizeof(text), "CERTIFICATE_TYPE=%s\nHTTP_PORT=%s\nHTTPS_PORT=%s\n",
                         types[t], ports[a], ports[b]);
                k = kit_load_more(text);
                if (a == b) {
                    assert_null(k.s);
                    assert_int_equal(problems_n(k.p), 1);
                } else {
                    assert_int_equal(problems_n(k.p), 0);
                    assert_string_equal(settings_text(k.s, SET_CERTIFICATE_TYPE), types[t]);
                    snprintf(text, sizeof(text), "https://meet.example.org%s%s", b == 1 ? "" : ":",
                             b == 1 ? "" : ports[b]);
                    assert_string_equal(settings_public_url(k.s, url), text);
                }
                kit_done(&k);
            }
        }
    }
    kit_refused("CERTIFICATE_TYPE", "SelfSigned", "letter case", example);
    assert_string_equal(example, "selfsigned");
    kit_refused("CERTIFICATE_TYPE", "acme", "is none of the words", example);
}

/* ---- ports, pairs of keys ---- */

static void test_public_url(void **state)
{
    struct kit k = kit_load("DOMAIN_OR_PUBLIC_IP=2001:db8::1\nHTTPS_PORT=8443\n"
                            "OPENVIDU_SECRET=0123456789abcdefXYZ\n");
    char url[SETTINGS_URL_SIZE];

    (void) state;
    assert_string_equal(settings_public_url(k.s, url), "https://[2001:db8::1]:8443");
    kit_done(&k);
}

/* key: who is told; NULL: nobody */
static void assert_told(const char *more, const char *key, enum setting_severity severity,
                        const char *what)
{
    struct kit k = kit_load_more(more);

    assert_int_equal(problems_n(k.p), key ? 1 : 0);
    if (key)
        kit_expect(&k, key, severity, what);
    kit_done(&k);
}

static void test_ports_that_collide(void **state)
{
    (void) state;
    assert_told("HTTPS_PORT=5442", "HTTPS_PORT", SETTING_ERROR, "the Call app");
    assert_told("HTTP_PORT=5443", "HTTP_PORT", SETTING_ERROR, "SERVER_PORT");
    assert_told("SERVER_PORT=443", "SERVER_PORT", SETTING_ERROR, "HTTPS_PORT");
    assert_told("METRICS_PORT=5443", "METRICS_PORT", SETTING_ERROR, "SERVER_PORT");
    assert_told("METRICS_PORT=1023", "METRICS_PORT", SETTING_ERROR, "1024");
    assert_told("METRICS_PORT=0", NULL, SETTING_NOTICE, "");
    assert_told("HTTPS_PORT=3478", "HTTPS_PORT", SETTING_ERROR, "COTURN_PORT");
    assert_told("HTTPS_PORT=40063", "HTTPS_PORT", SETTING_ERROR, "40000 to 40063");
    assert_told("HTTPS_PORT=40064", NULL, SETTING_NOTICE, "");
    assert_told("HTTPS_PORT=40001\nMEDIA_WORKERS=1", NULL, SETTING_NOTICE, "");
    assert_told("COTURN_PORT=57001", "COTURN_PORT", SETTING_ERROR, "57001 to 65535");
    assert_told("HTTPS_PORT=60000", NULL, SETTING_NOTICE, ""); /* the relay is UDP alone */
    assert_told("MEDIA_PORT=56938", "MEDIA_PORT", SETTING_ERROR, "the TURN relay");
    assert_told("MEDIA_PORT=56937", NULL, SETTING_NOTICE, "");
    assert_told("COTURN_MIN_PORT=40063", "COTURN_MIN_PORT", SETTING_ERROR, "media");
}

static void test_ranges_of_two_keys(void **state)
{
    (void) state;
    assert_told("OPENVIDU_STREAMS_VIDEO_MIN_RECV_BANDWIDTH=1001",
                "OPENVIDU_STREAMS_VIDEO_MIN_RECV_BANDWIDTH", SETTING_ERROR, "which is 1000");
    assert_told("OPENVIDU_STREAMS_VIDEO_MAX_SEND_BANDWIDTH=299",
                "OPENVIDU_STREAMS_VIDEO_MIN_SEND_BANDWIDTH", SETTING_ERROR, "which is 299");
    assert_told("OPENVIDU_STREAMS_VIDEO_MIN_RECV_BANDWIDTH=9999\n"
                "OPENVIDU_STREAMS_VIDEO_MAX_RECV_BANDWIDTH=0",
                NULL, SETTING_NOTICE, "");
    assert_told("COTURN_MIN_PORT=60001\nCOTURN_MAX_PORT=60000", "COTURN_MIN_PORT", SETTING_ERROR,
                "which is 60000");
    assert_told("COTURN_MIN_PORT=60000\nCOTURN_MAX_PORT=60000", NULL, SETTING_NOTICE, "");
    /* What is wrong in itself is not held against another key. */
    assert_told("COTURN_MIN_PORT=x\nCOTURN_MAX_PORT=1", "COTURN_MIN_PORT", SETTING_ERROR,
                "is no whole number");
}

static void test_keys_that_need_another(void **state)
{
    (void) state;
    assert_told("OPENVIDU_WEBHOOK=true", "OPENVIDU_WEBHOOK_ENDPOINT", SETTING_ERROR,
                "OPENVIDU_WEBHOOK is on");
    assert_told("OPENVIDU_WEBHOOK=true\nOPENVIDU_WEBHOOK_ENDPOINT=http://a", NULL, SETTING_NOTICE,
                "");
    assert_told("OPENVIDU_WEBHOOK=true\nOPENVIDU_WEBHOOK_ENDPOINT=a", "OPENVIDU_WEBHOOK_ENDPOINT",
                SETTING_ERROR, "does not begin");
    assert_told("OPENVIDU_STREAMS_ALLOW_TRANSCODING=true", "OPENVIDU_STREAMS_ALLOW_TRANSCODING",
                SETTING_WARNING, "never transcodes");
    assert_told("SUPPORT_DEPRECATED_API=true", "SUPPORT_DEPRECATED_API", SETTING_WARNING,
                "/recordings");
    assert_told("SUPPORT_DEPRECATED_API=true\nCALL_APP=off", NULL, SETTING_NOTICE, "");
}

static void test_redirect_of_www(void **state)
{
    struct kit k = kit_load("DOMAIN_OR_PUBLIC_IP=192.0.2.1\nREDIRECT_WWW=true\n"
                            "OPENVIDU_SECRET=0123456789abcdefXYZ\n");

    (void) state;
    kit_expect(&k, "REDIRECT_WWW", SETTING_WARNING, "has no www. name");
    kit_done(&k);
    k = kit_load("DOMAIN_OR_PUBLIC_IP=www.a.example\nREDIRECT_WWW=true\n"
                 "OPENVIDU_SECRET=0123456789abcdefXYZ\n");
    kit_expect(&k, "REDIRECT_WWW", SETTING_WARNING, "begins with www.");
    kit_done(&k);
    assert_told("REDIRECT_WWW=true", NULL, SETTING_NOTICE, "");
}

static void test_debug_level_of_the_original(void **state)
{
    struct kit k = kit_load_more("OV_CE_DEBUG_LEVEL=DEBUG");

    (void) state;
    assert_string_equal(settings_text(k.s, SET_LOG_LEVEL), "debug");
    assert_false(settings_is_default(k.s, SET_LOG_LEVEL));
    kit_done(&k);
    k = kit_load_more("OV_CE_DEBUG_LEVEL=DEBUG\nLOG_LEVEL=warning");
    assert_string_equal(settings_text(k.s, SET_LOG_LEVEL), "warning");
    kit_expect(&k, "OV_CE_DEBUG_LEVEL", SETTING_NOTICE, "does nothing");
    kit_done(&k);
    k = kit_load_more("OV_CE_DEBUG_LEVEL=INFO");
    assert_string_equal(settings_text(k.s, SET_LOG_LEVEL), "info");
    kit_done(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_1_untouched_template_fails_with_exactly_two_problems),
        cmocka_unit_test(test_2_domain_and_secret_alone_are_enough),
        cmocka_unit_test(test_3_crlf_no_final_newline_byte_order_mark),
        cmocka_unit_test(test_4_equals_sign_blanks_quotes_and_note_in_a_value),
        cmocka_unit_test(test_5_duplicate_unknown_malformed_and_indented_comment),
        cmocka_unit_test(test_6_booleans_in_odd_case),
        cmocka_unit_test(test_6_numbers_negative_blank_text),
        cmocka_unit_test(test_7_lists_quoted_unquoted_empty_blank_broken),
        cmocka_unit_test(test_8_forms_of_domains),
        cmocka_unit_test(test_8_a_domain_of_this_machine_alone),
        cmocka_unit_test(test_9_certificate_types_and_ports),
        cmocka_unit_test(test_public_url),
        cmocka_unit_test(test_ports_that_collide),
        cmocka_unit_test(test_ranges_of_two_keys),
        cmocka_unit_test(test_keys_that_need_another),
        cmocka_unit_test(test_redirect_of_www),
        cmocka_unit_test(test_debug_level_of_the_original),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
