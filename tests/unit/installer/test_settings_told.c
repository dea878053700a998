/* What is said about a .env file, in which order, and what never. */
#include "env_kit.h"

/* ---- names ---- */

static void test_names_of_other_editions_and_of_docker_are_noticed_once(void **state)
{
    struct kit k =
        kit_load_more("KMS_IMAGE=x\nKMS_DOCKER_ENV_GST_DEBUG=3\nJAVA_OPTIONS=-Xmx1g\n"
                      "OPENVIDU_PRO_LICENSE=abc\nAWS_DEFAULT_REGION=x\nCALL_BROADCAST=x\n"
                      "OPENVIDU_RECORDING_COMPOSED_URL=\nCALL_PORT=1\n");

    (void) state;
    assert_non_null(k.s);
    assert_int_equal(problems_n(k.p), 8);
    assert_int_equal(problems_count(k.p, SETTING_NOTICE), 8);
    kit_expect(&k, "OPENVIDU_PRO_LICENSE", SETTING_NOTICE, "belongs to another edition");
    kit_expect(&k, "CALL_PORT", SETTING_NOTICE, "5442");
    assert_int_equal(settings_int(k.s, SET_CALL_PORT), 5442);
    kit_done(&k);
}

static void test_old_names_are_errors_with_the_modern_one(void **state)
{
    static const struct {
        const char *old, *modern;
    } names[] = {
        {"OPENVIDU_DOMAIN_OR_PUBLIC_IP", "DOMAIN_OR_PUBLIC_IP"},
        {"OPENVIDU_PUBLICURL", "DOMAIN_OR_PUBLIC_IP"},
        {"openvidu.publicurl", "DOMAIN_OR_PUBLIC_IP"},
        {"KMS_DEBUG_LEVEL", "LOG_LEVEL"},
        {"openvidu.secret", "OPENVIDU_SECRET"},
        {"openvidu.recording.custom-layout", "OPENVIDU_RECORDING_CUSTOM_LAYOUT"},
        {"server.port", "SERVER_PORT"},
        {"ADMIN_SECRET", "CALL_ADMIN_SECRET"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char line[128];
        struct kit k;

        snprintf(line, sizeof(line), "%s=marker", names[i].old);
        k = kit_load_more(line);
        assert_null(k.s);
        assert_int_equal(problems_n(k.p), 1);
        kit_expect(&k, names[i].old, SETTING_ERROR, names[i].modern);
        assert_non_null(strstr(problems_at(k.p, 0)->mend, names[i].modern));
        kit_done(&k);
    }
}

static void test_invented_names_get_advice(void **state)
{
    struct kit k = kit_load_more("CERTIFICATE_FILE=/x\nCERTIFICATE_KEY=/y\nhttps_port=443\n");

    (void) state;
    kit_expect(&k, "CERTIFICATE_FILE", SETTING_WARNING, "owncert");
    kit_expect(&k, "CERTIFICATE_KEY", SETTING_WARNING, "owncert");
    kit_expect(&k, "https_port", SETTING_WARNING, "is it HTTPS_PORT?");
    kit_done(&k);
}

/* ---- all that is said ---- */

static void test_every_problem_at_once_in_the_order_of_lines(void **state)
{
    struct kit k = kit_load("HTTPS_PORT=x\nDOMAIN_OR_PUBLIC_IP=a b\nnonsense\nOPENVIDU_CDR=maybe\n"
                            "HTTPS_PORT=y\nOPENVIDU_WEBHOOK=true\n");
    unsigned line = 0;

    (void) state;
    /* secret, domain, line, CDR, port, duplicate, webhook */
    assert_int_equal(problems_count(k.p, SETTING_ERROR), 6);
    assert_int_equal(problems_n(k.p), 7);
    for (size_t i = 0; i < problems_n(k.p); i++) {
        assert_true(problems_at(k.p, i)->line >= line);
        line = problems_at(k.p, i)->line;
    }
    kit_done(&k);
}

/* A marker in the value of everything that may hold a secret, also where it is wrong. */
static void test_secrets_are_never_shown(void **state)
{
    static const char text[] = "OPENVIDU_SECRET=S3CR3T with blank\n"
                               "CALL_SECRET=S3CR3T\nCALL_ADMIN_SECRET=S3CR3T\x01\n"
                               "COTURN_SHARED_SECRET_KEY=S3CR3T x\n"
                               "OPENVIDU_SECRT=S3CR3T\nS3CR3T\nOPENVIDU_SECRET S3CR3T\n"
                               "OPENVIDU_WEBHOOK_HEADERS=[S3CR3T]\n"
                               "OPENVIDU_WEBRTC_ICE_SERVERS=[\"url=turn:a,credential=S3CR3T\"]\n"
                               "REDIS_URL=redis://:S3CR3T@:x\n"
                               "OPENVIDU_WEBHOOK_ENDPOINT=ftp://u:S3CR3T@h\n"
                               "openvidu.secret=S3CR3T\nREDIS_PASSWORD=S3CR3T\n"
                               "export=S3CR3T\nOPENVIDU_PRO_LICENSE=S3CR3T\n";
    struct kit k = kit_load(text);
    char *shown = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&shown, &len);

    (void) state;
    assert_true(problems_n(k.p) > 12);
    problems_print(k.p, to);
    fclose(to);
    if (strstr(shown, "S3CR3T"))
        fail_msg("%s", shown);
    free(shown);
    kit_done(&k);
}

static void test_what_is_shown_cannot_drive_a_terminal(void **state)
{
    struct kit k = kit_load_more("HTTPS_PORT=\x1b[2J\xff\xc2\x9b\n");
    const struct setting_problem *q = kit_find(&k, "HTTPS_PORT", SETTING_ERROR);

    (void) state;
    assert_non_null(q);
    assert_string_equal(q->value, "\\x1b[2J\\xff\\xc2\\x9b");
    kit_done(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_other_editions_and_of_docker_are_noticed_once),
        cmocka_unit_test(test_old_names_are_errors_with_the_modern_one),
        cmocka_unit_test(test_invented_names_get_advice),
        cmocka_unit_test(test_every_problem_at_once_in_the_order_of_lines),
        cmocka_unit_test(test_secrets_are_never_shown),
        cmocka_unit_test(test_what_is_shown_cannot_drive_a_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
