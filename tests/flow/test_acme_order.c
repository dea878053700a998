/* Orders at a CA that errs: what it refuses, and answers that are lost. */
#include "acme_says.h"

#include "acme/base64url.h"
#include "acme/issue.h"
#include "files/files.h"

static char folder[64], told[4096];
static struct vault vault;
static struct issue_config config;

static void on_told(const char *text, void *arg)
{
    size_t len = strlen(told);

    (void) arg;
    snprintf(told + len, sizeof(told) - len, "%s\n", text);
}

static int setup_order(void **state)
{
    static const char *const names[] = {"media.example.test", NULL};
    const char *bad;

    assert_int_equal(setup(state), 0);
    told[0] = '\0';
    strcpy(folder, "/tmp/visavis-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(vault_open(folder, 0, NULL, NULL, &vault), 0);
    config = (struct issue_config){.account_key = key,
                                   .directory = "http://127.0.0.1/dir",
                                   .types = {CHALLENGE_HTTP_01},
                                   .n_types = 1,
                                   .vault = &vault,
                                   .tell = on_told};
    assert_int_equal(acme_ids_parse(names, &config.ids, &bad), 0);
    return 0;
}

static int teardown_order(void **state)
{
    vault_close(&vault);
    assert_int_equal(dir_remove(folder), 0);
    return teardown(state);
}

static int issue(void)
{
    enum acme_challenge_type type;
    struct pair pair;
    int r = issue_run(client, &config, &pair, &type, &failure);

    if (r == 0)
        pair_done(&pair);
    return r;
}

static void say_order(const char *status, const char *more)
{
    char fields[256], text[1024];

    snprintf(fields, sizeof(fields), JSON "Replay-Nonce: n\r\nLocation: %s/order/1\r\n", base);
    snprintf(text, sizeof(text),
             "{\"status\":\"%s\",\"identifiers\":[{\"type\":\"dns\",\"value\":"
             "\"media.example.test\"}],\"authorizations\":[\"%s/authz/1\"],"
             "\"finalize\":\"%s/finalize/1\"%s}",
             status, base, base, more);
    say("201 Created", fields, text);
}

static void say_valid_order(void)
{
    char certificate[128];

    snprintf(certificate, sizeof(certificate), ",\"certificate\":\"%s/cert/1\"", base);
    say_order("valid", certificate);
}

static void say_problem(const char *status, const char *type)
{
    char text[256];

    snprintf(text, sizeof(text),
             "{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"so it is\"}", type);
    say(status, PROBLEM "Replay-Nonce: n\r\n", text);
}

/* An order that is ready, and its certificate nothing at all: so the end is told by that. */
static void say_end(void)
{
    say_valid_order();
    say("200 OK", "Content-Type: text/html\r\nReplay-Nonce: n\r\n", "<html>");
}

static void assert_ends_in_the_certificate(void)
{
    assert_fails(issue(), -EPROTO, FAILURE_CA,
                 "text/html instead of a PEM certificate chain, and begins with \"<html>\"");
    assert_int_equal(failure.step, STEP_DOWNLOAD);
}

static char *payload(unsigned n)
{
    char *request = script_request(server, n), *at = strstr(request, "\"payload\":\"");
    char *text = calloc(1, 4096);
    size_t len;

    assert_non_null(at);
    at += strlen("\"payload\":\"");
    assert_int_equal(
        base64url_decode(bytes_of(at, strcspn(at, "\"")), (uint8_t *) text, 4095, &len), 0);
    free(request);
    return text;
}

/* ---- refusals ---- */

static void replaces_is_a_hint(void **state)
{
    char *first, *second;

    (void) state;
    say_begin();
    say_problem("409 Conflict", "alreadyReplaced");
    say_order("ready", "");
    say_end();
    start();
    config.replaces = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
    assert_ends_in_the_certificate();
    first = payload(2);
    second = payload(3);
    assert_non_null(strstr(first, "\"replaces\":\"aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE\""));
    assert_null(strstr(second, "replaces"));
    assert_non_null(strstr(told, "replaces the last certificate"));
    free(first);
    free(second);
}

static void a_profile_that_is_not_there(void **state)
{
    char text[1024];

    (void) state;
    snprintf(text, sizeof(text), "%.*s,\"meta\":{\"profiles\":{\"classic\":\"a\",\"tls\":\"b\"}}}",
             (int) strlen(directory_text()) - 1, directory_text());
    say("200 OK", JSON, text);
    say_nonce("first");
    say_problem("400 Bad Request", "invalidProfile");
    start();
    config.profile = "shortlived";
    assert_fails(issue(), -EPROTO, FAILURE_REFUSED, "so it is");
    assert_true(is_told("classic, tls"));
    assert_int_equal(script_n_requests(server), 3);
}

/* ---- lost answers ---- */

static void the_answer_to_a_new_order(void **state)
{
    (void) state;
    say_begin();
    script_say(server, "");
    say_nonce("n");
    say_order("ready", "");
    say_end();
    start();
    assert_ends_in_the_certificate();
    assert_asked(2, "POST /order ");
    assert_asked(4, "POST /order ");
}

/* Three times would be one order too many. */
static void no_answer_to_new_orders(void **state)
{
    struct vault_order order;

    (void) state;
    say_begin();
    script_say(server, "");
    say_nonce("n");
    script_say(server, "");
    start();
    assert_fails(issue(), -EPROTO, FAILURE_CA, "before the CA's answer came");
    assert_int_equal(script_n_requests(server), 5);
    assert_int_equal(vault_load_order(&vault, &config.ids, &order), 0);
    assert_string_equal(order.url, "");
    vault_order_done(&order);
}

/* The order itself says that it was heard. */
static void the_answer_to_finalize(void **state)
{
    (void) state;
    say_begin();
    say_order("ready", "");
    script_say(server, "");
    say_nonce("n");
    say_order("processing", "");
    say_end();
    start();
    assert_ends_in_the_certificate();
    assert_asked(3, "POST /finalize/1 ");
    assert_asked(5, "POST /order/1 ");
    assert_asked(6, "POST /order/1 ");
    assert_asked(7, "POST /cert/1 ");
}

/* Or that it was not. */
static void finalize_that_was_not_heard(void **state)
{
    (void) state;
    say_begin();
    say_order("ready", "");
    script_say(server, "");
    say_nonce("n");
    say_order("ready", "");
    say_end();
    start();
    assert_ends_in_the_certificate();
    assert_asked(3, "POST /finalize/1 ");
    assert_asked(5, "POST /order/1 ");
    assert_asked(6, "POST /finalize/1 ");
    assert_asked(7, "POST /cert/1 ");
}

/* ---- documents that are none ---- */

/* Its Location is known, so the next run looks at it. */
static void an_order_that_cannot_be_read(void **state)
{
    struct vault_order order;
    char fields[256];

    (void) state;
    say_begin();
    snprintf(fields, sizeof(fields), JSON "Replay-Nonce: n\r\nLocation: %s/order/1\r\n", base);
    say("201 Created", fields, "{\"status\":");
    say_order("ready", "");
    say_end();
    start();
    assert_fails(issue(), -EPROTO, FAILURE_CA, "cannot be used");
    assert_int_equal(vault_load_order(&vault, &config.ids, &order), 0);
    assert_string_equal(order.url, url("/order/1"));
    vault_order_done(&order);
    assert_ends_in_the_certificate();
    assert_asked(3, "POST /order/1 ");
}

static void an_order_without_a_location(void **state)
{
    (void) state;
    say_begin();
    say("201 Created", JSON "Replay-Nonce: n\r\n", "{}");
    start();
    assert_fails(issue(), -EPROTO, FAILURE_CA, "no Location");
}

/* Once it may be a mishap; then it is the order. */
static void a_certificate_that_cannot_be_read(void **state)
{
    struct vault_order order;

    (void) state;
    say_begin();
    say_order("ready", "");
    say_end();
    say_end();
    start();
    assert_ends_in_the_certificate();
    assert_int_equal(vault_load_order(&vault, &config.ids, &order), 0);
    vault_order_done(&order);
    assert_ends_in_the_certificate();
    assert_int_equal(vault_load_order(&vault, &config.ids, &order), -ENOENT);
}

/* The CA has trouble with this order alone: it is not gone on with for ever. */
static void an_order_that_only_fails(void **state)
{
    struct vault_order order;

    (void) state;
    say_begin();
    say_order("ready", "");
    say("500 Internal Server Error", "Replay-Nonce: n\r\n", "");
    start();
    for (int i = 0; i <= ISSUE_RESUMES_MAX; i++) {
        assert_fails(issue(), -EPROTO, FAILURE_CA, "500");
        assert_int_equal(vault_load_order(&vault, &config.ids, &order), 0);
        assert_string_equal(order.url, url("/order/1"));
        vault_order_done(&order);
    }
    assert_fails(issue(), -EPROTO, FAILURE_CA, "500");
    assert_asked(script_n_requests(server) - 1, "POST /order ");
    assert_int_equal(vault_load_order(&vault, &config.ids, &order), 0);
    assert_string_equal(order.url, "");
    vault_order_done(&order);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_order, teardown_order)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(replaces_is_a_hint),           TEST(a_profile_that_is_not_there),
        TEST(the_answer_to_a_new_order),    TEST(no_answer_to_new_orders),
        TEST(the_answer_to_finalize),       TEST(finalize_that_was_not_heard),
        TEST(an_order_that_cannot_be_read), TEST(an_order_without_a_location),
        TEST(an_order_that_only_fails),     TEST(a_certificate_that_cannot_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
