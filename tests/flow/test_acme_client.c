/* The client against a server that answers as no CA should: what is repeated, what is not, and what
 * the operator is told. */
#include "acme/base64url.h"
#include "base/clock.h"
#include "acme_says.h"

#include <strings.h>

#define DAY_S 86400
#define YEAR_DAYS 365

static int get_directory(void)
{
    const struct acme_directory *d;

    return acme_client_directory(client, &d, &failure);
}

static int post(const char *payload)
{
    return acme_post(client, STEP_ORDER, url("/x"), payload, NULL, &failure);
}

static int post_once(struct acme_answer *ret)
{
    return acme_post_once(client, STEP_ORDER, url("/x"), "{}", ret, &failure);
}

/* The nonce of the n-th request, a signed one. */
static void assert_nonce(unsigned n, const char *nonce)
{
    char *text = script_request(server, n), wanted[128];
    char header[4096], *at = text ? strstr(text, "\"protected\":\"") : NULL;
    size_t len;

    assert_non_null(at);
    at += strlen("\"protected\":\"");
    assert_int_equal(base64url_decode(bytes_of(at, strcspn(at, "\"")), (uint8_t *) header,
                                      sizeof(header) - 1, &len),
                     0);
    header[len] = '\0';
    snprintf(wanted, sizeof(wanted), "\"nonce\":\"%s\"", nonce);
    assert_non_null(strstr(header, wanted));
    free(text);
}

/* ---- the directory ---- */

static void says_who_asks(void **state)
{
    char *text;

    (void) state;
    say_directory();
    start();
    assert_int_equal(get_directory(), 0);
    assert_int_equal(get_directory(), 0);
    assert_int_equal(script_n_requests(server), 1);
    text = script_request(server, 0);
    assert_non_null(strstr(text, "GET /dir HTTP/1.1\r\n"));
    assert_non_null(strstr(text, "\r\nUser-Agent: visavis-test/1\r\n"));
    assert_non_null(strstr(text, "\r\nAccept-Language: "));
    free(text);
}

static void is_no_directory(void **state)
{
    (void) state;
    say("200 OK", "Content-Type: text/html\r\n", "<html>\n  Welcome");
    say("200 OK", JSON, "{\"newNonce\":");
    say("200 OK", JSON, "{\"newNonce\":\"http://127.0.0.1/n\"}");
    say("200 OK", JSON, "");
    say("404 Not Found", "", "");
    say("200 OK", "", directory_text());
    start();
    assert_fails(get_directory(), -EPROTO, FAILURE_CA,
                 "the answer is text/html instead of JSON, and begins with \"<html> Welcome\"");
    assert_true(is_told("ACME_SERVER"));
    assert_fails(get_directory(), -EPROTO, FAILURE_CA, "cannot be used");
    assert_fails(get_directory(), -EPROTO, FAILURE_CA, "newAccount");
    assert_fails(get_directory(), -EPROTO, FAILURE_CA, "instead of JSON, and empty");
    assert_fails(get_directory(), -EPROTO, FAILURE_REFUSED, "status 404");
    assert_true(is_told("ACME_SERVER"));
    /* The type does not matter when the body is fine. */
    assert_int_equal(get_directory(), 0);
}

static void is_too_big(void **state)
{
    char *text = malloc(ACME_BODY_MAX + 256);
    size_t len =
        (size_t) sprintf(text, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", ACME_BODY_MAX + 1);

    (void) state;
    memset(text + len, ' ', ACME_BODY_MAX + 1);
    text[len + ACME_BODY_MAX + 1] = '\0';
    script_say(server, text);
    free(text);
    start();
    assert_fails(get_directory(), -EFBIG, FAILURE_CA, "bigger than");
    assert_int_equal(script_n_requests(server), 1);
}

static void is_no_web_server(void **state)
{
    (void) state;
    script_say(server, "220 mail.example.org ESMTP\r\n");
    start();
    assert_fails(get_directory(), -EBADMSG, FAILURE_CA, "no web server");
}

/* ---- redirects ---- */

static void redirects_are_followed(void **state)
{
    (void) state;
    say("301 Moved Permanently", "Location: /other\r\n", "");
    say("307 Temporary Redirect", "Location: /third\r\n", "");
    say_directory();
    start();
    assert_int_equal(get_directory(), 0);
    assert_asked(1, "GET /other ");
    assert_asked(2, "GET /third ");
}

static void but_not_for_ever(void **state)
{
    (void) state;
    say("302 Found", "Location: /again\r\n", "");
    start();
    assert_fails(get_directory(), -EPROTO, FAILURE_CA, "redirects more than");
    assert_int_equal(script_n_requests(server), ACME_REDIRECTS_MAX + 1);
}

static void those_of_signed_requests_are_not(void **state)
{
    (void) state;
    say_begin();
    say("307 Temporary Redirect", "Location: /elsewhere\r\n", "");
    start();
    assert_fails(post("{}"), -EPROTO, FAILURE_CA, "/elsewhere");
    assert_int_equal(script_n_requests(server), 3);
}

/* ---- nonces ---- */

static void nonces_are_kept(void **state)
{
    (void) state;
    say("200 OK", "Replay-Nonce: of-directory\r\n", directory_text());
    say("200 OK", "Replay-Nonce: second\r\n", "{}");
    say("200 OK", "", "{}");
    say_nonce("third");
    say("200 OK", "", "{}");
    start();
    assert_int_equal(get_directory(), 0);
    assert_int_equal(post("{}"), 0);
    assert_nonce(1, "of-directory");
    assert_int_equal(post("{}"), 0);
    assert_nonce(2, "second");
    assert_int_equal(post("{}"), 0);
    assert_asked(3, "HEAD /nonce ");
    assert_nonce(4, "third");
}

static void the_nonce_of_the_refusal(void **state)
{
    (void) state;
    say_begin();
    say("400 Bad Request", PROBLEM "Replay-Nonce: better\r\n", BAD_NONCE);
    say("400 Bad Request", PROBLEM, BAD_NONCE);
    say_nonce("best");
    say("200 OK", "", "{}");
    start();
    assert_int_equal(post("{}"), 0);
    assert_nonce(2, "first");
    assert_nonce(3, "better");
    assert_nonce(5, "best");
}

static void a_nonce_that_is_never_good(void **state)
{
    (void) state;
    say_begin();
    say("400 Bad Request", PROBLEM "Replay-Nonce: bad\r\n", BAD_NONCE);
    start();
    assert_fails(post("{}"), -EPROTO, FAILURE_CA, "nonce");
    assert_int_equal(script_n_requests(server), 2 + ACME_NONCE_TRIES);
}

static void no_nonce_at_all(void **state)
{
    (void) state;
    say_directory();
    say("200 OK", "", "");
    say("200 OK", "Replay-Nonce: not a nonce\r\n", "");
    start();
    assert_fails(post("{}"), -EPROTO, FAILURE_CA, "Replay-Nonce");
    assert_fails(post("{}"), -EPROTO, FAILURE_CA, "Replay-Nonce");
}

/* ---- trouble ---- */

static void trouble_passes(void **state)
{
    (void) state;
    say("503 Service Unavailable", "Retry-After: 1\r\n", "");
    say_begin();
    say("500 Internal Server Error", "Replay-Nonce: n2\r\n", "");
    script_say(server, "");
    say("502 Bad Gateway", "Replay-Nonce: n3\r\n", "");
    say("200 OK", "", "{}");
    start();
    assert_int_equal(get_directory(), 0);
    assert_int_equal(post(NULL), 0);
}

static void trouble_stays(void **state)
{
    (void) state;
    say("503 Service Unavailable", "", "<h1>Sorry</h1>");
    start();
    assert_fails(get_directory(), -EPROTO, FAILURE_CA, "503");
    assert_true(is_told("<h1>Sorry</h1>"));
    assert_int_equal(failure.not_before, 0);
    assert_int_equal(script_n_requests(server), ACME_TRIES);
}

static void trouble_for_long(void **state)
{
    (void) state;
    say("503 Service Unavailable", "Retry-After: 3600\r\n", "");
    start();
    assert_fails(get_directory(), -EPROTO, FAILURE_CA, "503");
    assert_in_range(failure.not_before - (int64_t) (clock_wall_ms() / 1000), 3590, 3600);
    assert_int_equal(script_n_requests(server), 1);
}

static void an_answer_that_is_cut(void **state)
{
    (void) state;
    script_say(server, "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{\"newNo");
    start();
    assert_fails(get_directory(), -EIO, FAILURE_CA, "is cut off");
    assert_int_equal(script_n_requests(server), ACME_TRIES);
}

static void no_answer(void **state)
{
    (void) state;
    script_say(server, "");
    start();
    assert_fails(get_directory(), -ECONNRESET, FAILURE_CA, "before the CA's answer came");
    assert_int_equal(script_n_requests(server), ACME_TRIES);
}

static void an_answer_that_does_not_come(void **state)
{
    (void) state;
    script_say(server, SCRIPT_STALL);
    start_at(url("/dir"), NULL, 50);
    assert_fails(get_directory(), -ETIMEDOUT, FAILURE_UNREACHABLE, "does not answer");
}

static void nobody_is_there(void **state)
{
    (void) state;
    script_say(server, "");
    start_at("http://127.0.0.1:1/dir", NULL, 0);
    assert_fails(get_directory(), -ECONNREFUSED, FAILURE_UNREACHABLE, "no connection");
    client = acme_client_free(client);
    server = script_free(server);
    assert_int_equal(script_new(&server), 0);
    script_say(server, "");
    start_at("https://ca.invalid/dir", NULL, 0);
    assert_fails(get_directory(), -EHOSTUNREACH, FAILURE_UNREACHABLE, "getent hosts ca.invalid");
}

static void rate_limits(void **state)
{
    (void) state;
    say_directory();
    say_nonce("n1");
    say("429 Too Many Requests", PROBLEM "Replay-Nonce: n2\r\nRetry-After: 7200\r\n", LIMITED);
    say("429 Too Many Requests",
        "Replay-Nonce: n3\r\nDate: Mon, 23 Nov 2026 05:00:00 GMT\r\n"
        "Retry-After: Mon, 23 Nov 2026 06:00:00 GMT\r\n",
        "");
    start();
    assert_fails(post("{}"), -EPROTO, FAILURE_RATE_LIMIT, "too many certificates");
    assert_in_range(failure.not_before - (int64_t) (clock_wall_ms() / 1000), 7190, 7200);
    assert_string_equal(failure.problem.verbatim, LIMITED);
    /* Counted from the server's own clock. */
    assert_fails(post("{}"), -EPROTO, FAILURE_RATE_LIMIT, "429");
    assert_in_range(failure.not_before - (int64_t) (clock_wall_ms() / 1000), 3590, 3600);
    assert_int_equal(script_n_requests(server), 4);
}

/* ---- what must not happen twice ---- */

static void a_lost_answer(void **state)
{
    struct acme_answer a;

    (void) state;
    say_begin();
    script_say(server, "HTTP/1.1 200 OK\r\nReplay-Nonce: n2\r\nContent-Length: 9999\r\n\r\n{");
    script_say(server, "");
    start();
    assert_fails(post_once(&a), -EINPROGRESS, FAILURE_CA, "is cut off");
    assert_fails(post_once(&a), -EINPROGRESS, FAILURE_CA, "before the CA's answer came");
    assert_int_equal(script_n_requests(server), 4);
}

static void a_lost_answer_with_a_location(void **state)
{
    struct acme_answer a;
    char text[512];

    (void) state;
    say_begin();
    snprintf(text, sizeof(text),
             "HTTP/1.1 201 Created\r\nReplay-Nonce: n2\r\nLocation: %s/made\r\n"
             "Content-Length: 9999\r\n\r\n{",
             base);
    script_say(server, text);
    say("200 OK", JSON, "{\"status\":\"pending\"}");
    start();
    assert_int_equal(post_once(&a), 0);
    assert_string_equal(a.location, url("/made"));
    assert_string_equal(a.body, "{\"status\":\"pending\"}");
    assert_asked(3, "POST /made ");
    acme_answer_done(&a);
}

/* A whole answer that says so is none that was lost. */
static void trouble_is_repeated_all_the_same(void **state)
{
    struct acme_answer a;

    (void) state;
    say_begin();
    say("503 Service Unavailable", "Replay-Nonce: n2\r\n", "");
    say("200 OK", "", "{}");
    start();
    assert_int_equal(post_once(&a), 0);
    acme_answer_done(&a);
}

static void an_answer_without_a_location(void **state)
{
    struct acme_answer a;

    (void) state;
    say_begin();
    say("201 Created", "Location: nowhere\r\n", "{}");
    start();
    assert_int_equal(post_once(&a), 0);
    assert_fails(acme_answer_has_location(&a, STEP_ORDER, url("/x"), &failure), -EPROTO, FAILURE_CA,
                 "no Location");
    acme_answer_done(&a);
}

/* ---- the clock, and the server's certificate ---- */

static const char *date_field(int days_ahead)
{
    static char text[128];
    time_t t = time(NULL) + (time_t) days_ahead * DAY_S;
    struct tm tm;

    assert_true(strftime(text, sizeof(text), "Date: %a, %d %b %Y %T GMT\r\n", gmtime_r(&t, &tm)) >
                0);
    return text;
}

static void a_clock_that_is_wrong(void **state)
{
    (void) state;
    say("200 OK", date_field(YEAR_DAYS), directory_text());
    start();
    assert_fails(get_directory(), -EPROTO, FAILURE_CLOCK, "timedatectl");
    assert_int_equal(failure.step, STEP_CLOCK);
    assert_in_range(acme_client_skew_s(client), (uint64_t) YEAR_DAYS * DAY_S - 60,
                    (uint64_t) YEAR_DAYS * DAY_S + 60);
    /* Nothing is signed. */
    assert_fails(post("{}"), -EPROTO, FAILURE_CLOCK, "the clock of this machine says");
    assert_int_equal(script_n_requests(server), 1);
}

static void a_document_from_a_cache(void **state)
{
    char fields[256];

    (void) state;
    snprintf(fields, sizeof(fields), "%sAge: %d\r\n", date_field(-1), DAY_S);
    say("200 OK", fields, directory_text());
    start();
    assert_int_equal(get_directory(), 0);
}

static void set_tls(int days_ago, const char *name)
{
    const char *names[] = {name, NULL};
    char *ca;

    assert_int_equal(tls_identity_make(names, days_ago, &identity), 0);
    ca = tls_identity_ca(&identity);
    assert_int_equal(script_write(server, "ca.pem", ca), 0);
    free(ca);
    script_set_tls(server, &identity);
    snprintf(base, sizeof(base), "https://127.0.0.1:%u", script_port(server));
}

static void start_tls(int days_ago, const char *name)
{
    char path[CHILD_PATH_SIZE];

    set_tls(days_ago, name);
    start_at(url("/dir"), script_path(server, "ca.pem", path), 0);
}

static void expired_at_the_server(void **state)
{
    (void) state;
    say("200 OK", date_field(0), "");
    start_tls(2 * YEAR_DAYS, "127.0.0.1");
    assert_fails(get_directory(), -EPROTO, FAILURE_TLS, "has expired");
    /* Nothing but the date is asked for without a certificate. */
    assert_int_equal(script_n_requests(server), 1);
    assert_asked(0, "HEAD /dir ");
}

static void expired_by_our_clock_alone(void **state)
{
    (void) state;
    say("200 OK", date_field(-2 * YEAR_DAYS), "");
    start_tls(2 * YEAR_DAYS, "127.0.0.1");
    assert_fails(get_directory(), -EPROTO, FAILURE_CLOCK, "timedatectl");
}

static void not_valid_yet_by_our_clock(void **state)
{
    (void) state;
    say("200 OK", date_field(30), "");
    start_tls(-20, "127.0.0.1");
    assert_fails(get_directory(), -EPROTO, FAILURE_CLOCK, "the CA's server says");
}

static void for_another_name(void **state)
{
    (void) state;
    say("200 OK", date_field(YEAR_DAYS), "");
    start_tls(0, "127.0.0.2");
    assert_fails(get_directory(), -EPROTO, FAILURE_TLS, "openssl s_client -connect 127.0.0.1:");
    assert_int_equal(script_n_requests(server), 0);
}

static void by_nobody_we_trust(void **state)
{
    (void) state;
    say("200 OK", "", "");
    set_tls(0, "127.0.0.1");
    start();
    assert_fails(get_directory(), -EPROTO, FAILURE_TLS, "ACME_CA_FILE");
}

static void no_file_of_roots(void **state)
{
    (void) state;
    say("200 OK", "", "");
    set_tls(0, "127.0.0.1");
    start_at(url("/dir"), "/nowhere.pem", 0);
    assert_fails(get_directory(), -ENOENT, FAILURE_LOCAL, "ACME_CA_FILE");
}

static void from_https_to_http(void **state)
{
    (void) state;
    say("302 Found", "Location: http://127.0.0.1:1/dir\r\n", "");
    start_tls(0, "127.0.0.1");
    assert_fails(get_directory(), -EPROTO, FAILURE_CA, "from https to http://127.0.0.1:1/dir");
}

/* RFC 8555 section 6.1: what others on the way could read and change is not asked. */
static void urls_without_tls(void **state)
{
    char plain[96], path[CHILD_PATH_SIZE];

    (void) state;
    set_tls(0, "127.0.0.1");
    say_directory();
    start_at(url("/dir"), script_path(server, "ca.pem", path), 0);
    snprintf(plain, sizeof(plain), "http%s/x", base + strlen("https"));
    assert_int_equal(get_directory(), 0);
    assert_fails(acme_post(client, STEP_ORDER, plain, "{}", NULL, &failure), -EPROTO, FAILURE_CA,
                 "without TLS");
    assert_fails(acme_get(client, STEP_ORDER, plain, NULL, &failure), -EPROTO, FAILURE_CA,
                 "without TLS");
    assert_int_equal(script_n_requests(server), 1);
}

/* ---- others on the loop ---- */

static void on_time(struct loop_timer *t)
{
    loop_quit(t->loop, 0);
}

static void ended_from_outside(void **state)
{
    struct loop_timer timer = {0};

    (void) state;
    script_say(server, SCRIPT_STALL);
    start();
    assert_int_equal(loop_timer_start(&timer, loop, 20000, on_time), 0);
    assert_fails(get_directory(), -EINTR, FAILURE_LOCAL, "ended");
    assert_fails(get_directory(), -EINTR, FAILURE_LOCAL, "");
    assert_int_equal(acme_client_wait(client, 1), -EINTR);
    loop_timer_done(&timer);
}

static void waits(void **state)
{
    (void) state;
    say_directory();
    start();
    assert_int_equal(acme_client_wait(client, 1), 0);
    assert_int_equal(get_directory(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(says_who_asks),
        TEST(is_no_directory),
        TEST(is_too_big),
        TEST(is_no_web_server),
        TEST(redirects_are_followed),
        TEST(but_not_for_ever),
        TEST(those_of_signed_requests_are_not),
        TEST(nonces_are_kept),
        TEST(the_nonce_of_the_refusal),
        TEST(a_nonce_that_is_never_good),
        TEST(no_nonce_at_all),
        TEST(trouble_passes),
        TEST(trouble_stays),
        TEST(trouble_for_long),
        TEST(an_answer_that_is_cut),
        TEST(no_answer),
        TEST(an_answer_that_does_not_come),
        TEST(nobody_is_there),
        TEST(rate_limits),
        TEST(a_lost_answer),
        TEST(a_lost_answer_with_a_location),
        TEST(trouble_is_repeated_all_the_same),
        TEST(an_answer_without_a_location),
        TEST(a_clock_that_is_wrong),
        TEST(a_document_from_a_cache),
        TEST(expired_at_the_server),
        TEST(expired_by_our_clock_alone),
        TEST(not_valid_yet_by_our_clock),
        TEST(for_another_name),
        TEST(by_nobody_we_trust),
        TEST(no_file_of_roots),
        TEST(from_https_to_http),
        TEST(urls_without_tls),
        TEST(ended_from_outside),
        TEST(waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
