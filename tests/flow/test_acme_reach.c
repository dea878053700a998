/* Is this machine reached as a CA will try to? In a network of its own: a DNS server of the tests'
 * CA, web servers at addresses that are of this machine and at such that are not, real ports. */
#include "reach_kit.h"

#include "acme/alpn.h"
#include "acme/responder.h"
#include "tests/lib/ask.h"
#include "tests/lib/child.h"
#include "tests/lib/mock_dns.h"
#include "tests/lib/private_net.h"
#include "web/web.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TOKEN "DGyRejmCefe7v4NfDGDKfA"
#define PROOF TOKEN ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
#define PATH "/.well-known/acme-challenge/" TOKEN
#define OWN NET_OWN
#define OWN6 NET_OWN6
#define ELSE NET_ELSE
#define NOWHERE NET_NOWHERE

/* ---- web servers ---- */

struct site {
    struct web *web;
    unsigned status;
    const char *body, *server, *location;
    unsigned seen;
};

static struct loop *loop;

static void on_request(struct web_request *rq, void *arg)
{
    struct site *s = arg;
    bool ours = strcmp(web_path(rq), PATH) == 0;

    s->seen++;
    if (s->server)
        assert_int_equal(web_reply_header(rq, "Server", s->server), 0);
    if (s->location)
        assert_int_equal(web_reply_header(rq, "Location", s->location), 0);
    web_reply(rq, ours || s->location ? s->status : 404, "text/plain", bytes_str(s->body));
}

static void serve(struct site *s, const char *at)
{
    struct addr a;
    int fd;

    assert_int_equal(addr_parse(at, &a), 0);
    fd = web_listen_tcp(&a);
    assert_true(fd >= 0);
    if (!s->web)
        assert_int_equal(web_new(loop, NULL, on_request, s, &s->web), 0);
    assert_int_equal(web_add_listener(s->web, fd, false), 0);
}

/* ---- the looks ---- */

static int set_up(void **state)
{
    (void) state;
    if (!alone)
        return 0;
    remarks[0] = '\0';
    failure = (struct acme_failure){0};
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(acme_id_parse(NAME, &id), 0);
    config = (struct reach_config){.loop = loop,
                                   .resolver = &resolver,
                                   .user_agent = "visavis/test",
                                   .http_port = 80,
                                   .https_port = 443,
                                   .remark = on_remark};
    return 0;
}

static int tear_down(void **state)
{
    (void) state;
    loop = loop_free(loop);
    return 0;
}

static struct acme_proof proof_of(enum acme_challenge_type type)
{
    return (struct acme_proof){.type = type, .id = &id, .token = TOKEN, .key_authorization = PROOF};
}

static int look_http(void)
{
    struct acme_proof p = proof_of(CHALLENGE_HTTP_01);

    return reach_http(&config, &p, &failure);
}

static int look_tls(void)
{
    struct acme_proof p = proof_of(CHALLENGE_TLS_ALPN_01);

    return reach_tls_alpn(&config, &p, &failure);
}

/* ---- names ---- */

static void names_without_addresses(void **state)
{
    struct addr list[REACH_ADDRESSES_MAX];
    size_t n;

    NEEDS_NETWORK();
    mock_dns_point(NAME, NULL, NULL);
    assert_int_equal(reach_resolve(&config, &id, list, &n, &failure), -ENOENT);
    expect(NAME " has no A and no AAAA record (asked 127.0.0.1:8053)");
    expect("Add an A record of " NAME " with " OWN ", and an AAAA record with " OWN6);
    assert_int_equal(failure.kind, FAILURE_SELF_CHECK);
    assert_int_equal(look_http(), -ENOENT);

    mock_dns_fail(NAME, true);
    assert_int_equal(look_http(), -EREMOTEIO);
    expect("SERVFAIL");
    mock_dns_fail(NAME, false);

    mock_dns_point(NAME, OWN, OWN6);
    assert_int_equal(reach_resolve(&config, &id, list, &n, &failure), 0);
    assert_int_equal(n, 2);
    assert_int_equal(list[0].family, AF_INET6);

    assert_int_equal(acme_id_parse("192.0.2.7", &id), 0);
    assert_int_equal(reach_resolve(&config, &id, list, &n, &failure), 0);
    assert_int_equal(n, 1);
}

static void dns_that_does_not_answer(void **state)
{
    struct dns_servers nobody;

    NEEDS_NETWORK();
    assert_int_equal(dns_servers_of("127.0.0.1:9", &nobody), 0);
    config.resolver = &nobody;
    assert_int_equal(look_http(), 0);
    expect_remark("the DNS server (127.0.0.1:9) does not answer for " NAME);
    assert_int_equal(reach_caa(&config, &id, (const char[1][256]){"ca.test"}, 1, &failure), 0);
    expect_remark("does not tell the CAA records of " NAME);
}

/* ---- http-01 ---- */

static void fine_by_http(void **state)
{
    struct site own = {.status = 200, .body = PROOF "\r\n"};

    NEEDS_NETWORK();
    serve(&own, OWN ":80");
    serve(&own, "[" OWN6 "]:80");
    mock_dns_point(NAME, OWN, OWN6);
    assert_int_equal(look_http(), 0);
    assert_int_equal(own.seen, 2);
    assert_string_equal(remarks, "");

    assert_int_equal(acme_id_parse(OWN6, &id), 0);
    assert_int_equal(look_http(), 0);
    assert_int_equal(acme_id_parse(OWN, &id), 0);
    assert_int_equal(look_http(), 0);
    assert_int_equal(own.seen, 4);
    web_free(own.web);
}

static void nothing_listens(void **state)
{
    struct site own = {.status = 200, .body = PROOF};

    NEEDS_NETWORK();
    serve(&own, OWN ":80");
    mock_dns_point(NAME, OWN, OWN6);
    config.own_http_port = 8080;
    assert_int_equal(look_http(), -EHOSTUNREACH);
    expect("self-check (AAAA " OWN6
           " port 80): connection refused, though it is an address of this "
           "machine");
    expect("visavis doctor");
    expect("HTTP_PORT is 8080, but a CA comes to port 80 alone: set HTTP_PORT=80");
    web_free(own.web);

    config.own_http_port = 80;
    assert_int_equal(look_http(), -EHOSTUNREACH);
    expect("; and A " OWN " port 80: connection refused");
    assert_null(strstr(text, "HTTP_PORT"));
}

/* From behind address translation that is no proof. */
static void no_way_to_another(void **state)
{
    NEEDS_NETWORK();
    mock_dns_point(NAME, NOWHERE, NULL);
    assert_int_equal(look_http(), 0);
    expect_remark("A " NOWHERE
                  " port 80: there is no way there from this machine; it is not an address of");
    expect_remark("change the A record of " NAME " from " NOWHERE " to " OWN "; if it does, let");
    mock_dns_point(NAME, ELSE, NULL); /* answers with a refusal */
    assert_int_equal(look_http(), 0);
    expect_remark("A " ELSE " port 80: connection refused; it is not");
}

static void another_server(void **state)
{
    struct site other = {.status = 404, .body = "none", .server = "Apache/2.4 (Debian)"};

    NEEDS_NETWORK();
    serve(&other, ELSE ":80");
    mock_dns_point(NAME, ELSE, NULL);
    assert_int_equal(look_http(), -EHOSTUNREACH);
    expect("(A " ELSE " port 80): status 404 came instead of the proof, from `Server: Apache/2.4 "
           "(Debian)`; it is not an address of this machine: another server answers there");
    expect("change the A record of " NAME " from " ELSE " to " OWN);

    other.status = 200;
    other.body = "<html>\x1b[31mwelcome";
    assert_int_equal(look_http(), -EHOSTUNREACH);
    expect("\"<html>?[31mwelcome\" came instead of the proof");
    /* A proof that is right proves that this is us, whoever is before it. */
    other.body = PROOF;
    assert_int_equal(look_http(), 0);

    assert_int_equal(acme_id_parse(ELSE, &id), 0);
    other.body = "";
    assert_int_equal(look_http(), -EHOSTUNREACH);
    expect("DOMAIN_OR_PUBLIC_IP");
    web_free(other.web);
}

static void own_server_with_another_answer(void **state)
{
    struct site own = {.status = 403, .body = "no", .server = "nginx"};

    NEEDS_NETWORK();
    serve(&own, OWN ":80");
    mock_dns_point(NAME, OWN, NULL);
    assert_int_equal(look_http(), -EHOSTUNREACH);
    expect("status 403 came instead of the proof, from `Server: nginx`. This machine's own web "
           "server answers something else");
    web_free(own.web);
}

/* ---- redirects ---- */

static void redirects(void **state)
{
    struct site own = {.status = 302, .body = ""}, other = {.status = 200, .body = PROOF};

    NEEDS_NETWORK();
    serve(&own, OWN ":80");
    serve(&other, ELSE ":80");
    mock_dns_point(NAME, OWN, NULL);
    mock_dns_point("other.example.test", ELSE, NULL);

    own.location = "http://other.example.test" PATH;
    assert_int_equal(look_http(), 0);
    assert_int_equal(other.seen, 1);
    own.location = "http://" ELSE PATH;
    assert_int_equal(look_http(), 0);
    mock_dns_point("other.example.test", ELSE, "2001:db8:9::1"); /* no way there */
    own.location = "http://other.example.test" PATH;
    assert_int_equal(look_http(), 0);
    assert_int_equal(other.seen, 3);

    own.location = "https://" NAME PATH;
    assert_int_equal(look_http(), -EHOSTUNREACH);
    expect("redirected to https://" NAME PATH " (" OWN ":443), there connection refused");

    own.location = "http://nobody.example.test" PATH;
    assert_int_equal(look_http(), -EHOSTUNREACH);
    expect("redirected to http://nobody.example.test" PATH ": nobody.example.test has no A and no "
           "AAAA record");

    own.location = "http://" NAME ":8080" PATH;
    assert_int_equal(look_http(), -EHOSTUNREACH);
    expect("a CA comes to the ports 80 and 443 alone");
    own.location = "ftp://" NAME PATH;
    assert_int_equal(look_http(), -EHOSTUNREACH);
    expect("a CA follows http:// and https:// alone");
    own.location = "http://a b" PATH;
    assert_int_equal(look_http(), -EHOSTUNREACH);

    own.location = NULL;
    assert_int_equal(look_http(), -EHOSTUNREACH);
    expect("the answer does not say where to");

    own.location = PATH;
    own.seen = 0;
    assert_int_equal(look_http(), -EHOSTUNREACH);
    expect("a CA follows ten redirects at most");
    assert_int_equal(own.seen, 11);

    other.status = 404;
    other.server = "lighttpd";
    own.location = "http://other.example.test" PATH;
    assert_int_equal(look_http(), -EHOSTUNREACH);
    expect("redirected to http://other.example.test" PATH " (" ELSE ":80), there status 404 came "
           "instead of the proof, from `Server: lighttpd`");
    expect("change the A record of other.example.test from " ELSE);
    web_free(own.web);
    web_free(other.web);
}

/* A real web server that sends everybody to https, with whatever certificate. */
/* Nobody outside has us ask a service of this machine, or of its network. */
static void redirects_inwards(void **state)
{
    static const char *const places[] = {"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]",
                                         "169.254.169.254", "10.0.0.1"};
    struct site own = {.status = 302, .body = ""}, inner = {.status = 200, .body = PROOF};
    char location[128];

    NEEDS_NETWORK();
    serve(&own, OWN ":80");
    serve(&inner, "127.0.0.1:80");
    mock_dns_point(NAME, OWN, NULL);
    mock_dns_point("inner.example.test", "127.0.0.1", NULL);
    own.location = location;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(location, sizeof(location), "http://%s" PATH, places[i]);
        assert_int_equal(look_http(), -EHOSTUNREACH);
        expect("that no CA can come to");
    }
    own.location = "http://inner.example.test" PATH;
    assert_int_equal(look_http(), 0);
    expect_remark("that no CA can come to");
    assert_int_equal(inner.seen, 0);
    web_free(own.web);
    web_free(inner.web);
}

static void redirect_to_https(void **state)
{
    static char program[] = "/usr/sbin/nginx", flag[] = "-c", errors[] = "-e";
    char conf[CHILD_PATH_SIZE], log[CHILD_PATH_SIZE], pem[CHILD_PATH_SIZE], command[1024];
    char *argv[] = {program, flag, conf, errors, log, NULL};
    struct child *c;
    int fd = -1;

    NEEDS_NETWORK();
    assert_return_code(access(program, X_OK), errno); /* the package nginx */
    assert_int_equal(child_new("nginx", &c), 0);
    child_path(c, "nginx.conf", conf);
    child_path(c, "error.log", log);
    child_path(c, "site.pem", pem);
    snprintf(command, sizeof(command),
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "
             "/CN=site.test -keyout %s -out %s.crt 2>/dev/null && cat %s.crt >>%s",
             pem, pem, pem, pem);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): of the test's own paths */
    assert_int_equal(
        child_write(c, "nginx.conf",
                    "user root;\nworker_processes 1;\ndaemon off;\npid %s.pid;\nevents {}\n"
                    "http {\n  access_log off;\n"
                    "  server { listen 0.0.0.0:80; return 301 https://$host$request_uri; }\n"
                    "  server { listen 0.0.0.0:443 ssl; ssl_certificate %s;\n"
                    "    ssl_certificate_key %s;\n"
                    "    location = " PATH " { return 200 " PROOF "; }\n  }\n}\n",
                    conf, pem, pem),
        0);
    assert_int_equal(child_start(c, argv), 0);
    for (int i = 0; i < 200 && (fd = ask_connect_tcp(443)) < 0; i++)
        usleep(50000);
    close(fd);
    mock_dns_point(NAME, OWN, NULL);
    assert_int_equal(look_http(), 0);
    assert_string_equal(remarks, "");

    assert_int_equal(look_tls(), -EHOSTUNREACH);
    expect("(A " OWN " port 443): a server answers that refuses the protocol acme-tls/1");
    expect("PROXY=front");
    mock_dns_point(NAME, ELSE, NULL);
    assert_int_equal(look_tls(), -EHOSTUNREACH);
    expect("another server answers there");
    child_free(c);
}

/* What answers, but not by HTTP. */
static int talk_nonsense(void *arg)
{
    static const char nonsense[] = "220 mail.example.test ESMTP\r\n";
    int fd = *(int *) arg;

    for (;;) {
        int client = accept(fd, NULL, NULL);
        char c[512];

        if (client < 0)
            return 1;
        if (recv(client, c, sizeof(c), 0) > 0)
            (void) send(client, nonsense, sizeof(nonsense) - 1, MSG_NOSIGNAL);
        close(client);
    }
}

static void no_http_at_all(void **state)
{
    struct child *c;
    uint16_t port;
    int fd;

    NEEDS_NETWORK();
    fd = ask_listen_tcp(&port);
    assert_true(fd >= 0);
    assert_int_equal(child_new("nonsense", &c), 0);
    assert_int_equal(child_fork(c, talk_nonsense, &fd), 0);
    close(fd);
    mock_dns_point(NAME, "127.0.0.1", NULL);
    config.http_port = config.https_port = port;
    assert_int_equal(look_http(), -EHOSTUNREACH);
    expect("no HTTP answer came");
    assert_int_equal(look_tls(), -EHOSTUNREACH);
    expect("refuses the protocol acme-tls/1");
    assert_int_not_equal(child_pid(c), 0);
    (void) kill(child_pid(c), SIGKILL);
    child_free(c);
}

/* ---- tls-alpn-01 ---- */

static void by_tls(void **state)
{
    struct acme_proof p = proof_of(CHALLENGE_TLS_ALPN_01);
    struct responder *r;

    NEEDS_NETWORK();
    mock_dns_point(NAME, OWN, OWN6);
    assert_int_equal(look_tls(), -EHOSTUNREACH);
    expect("(AAAA " OWN6 " port 443): connection refused, though it is an address of this machine");

    assert_int_equal(responder_new(loop, RESPONDER_TLS_ALPN, &r), 0);
    assert_int_equal(responder_listen(r, 443), 0);
    assert_int_equal(responder_add(r, &p), 0);
    assert_int_equal(look_tls(), 0);
    assert_int_equal(acme_id_parse(OWN, &id), 0);
    assert_int_equal(look_tls(), -EHOSTUNREACH); /* it has no proof of that */
    expect("(" OWN " port 443)");
    assert_int_equal(acme_id_parse(NAME, &id), 0);
    responder_remove(r, &p);
    p.key_authorization = "of another order";
    assert_int_equal(responder_add(r, &p), 0);
    assert_int_equal(look_tls(), -EHOSTUNREACH);
    expect("a server of acme-tls/1 answers with another proof than ours");
    responder_free(r);

    mock_dns_point(NAME, NOWHERE, NULL);
    assert_int_equal(look_tls(), 0);
    expect_remark("A " NOWHERE " port 443");
}

/* ---- when the run is ended meanwhile ---- */

static void on_moment(struct loop_timer *t)
{
    loop_quit(t->loop, 0);
}

static void interrupted(void **state)
{
    struct loop_timer t = {0};
    struct child *c;
    uint16_t port;
    int fd;

    NEEDS_NETWORK();
    assert_int_equal(child_new("silent", &c), 0);
    fd = ask_listen_tcp(&port); /* takes connections and says nothing */
    mock_dns_point(NAME, "127.0.0.1", NULL);
    config.http_port = config.https_port = port;
    assert_int_equal(loop_timer_start(&t, loop, 100000, on_moment), 0);
    assert_int_equal(look_http(), -EINTR);
    assert_int_equal(loop_timer_start(&t, loop, 100000, on_moment), 0);
    assert_int_equal(look_tls(), -EINTR);
    loop_timer_done(&t);
    close(fd);
    child_free(c);
}

static int start(void **state)
{
    (void) state;
    if (alone)
        dns = mock_dns_start();
    return dns_servers_of(MOCK_DNS, &resolver);
}

static int stop(void **state)
{
    (void) state;
    dns = child_free(dns);
    return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(names_without_addresses),
        TEST(dns_that_does_not_answer),
        TEST(fine_by_http),
        TEST(nothing_listens),
        TEST(no_way_to_another),
        TEST(another_server),
        TEST(own_server_with_another_answer),
        TEST(redirects),
        TEST(redirects_inwards),
        TEST(redirect_to_https),
        TEST(no_http_at_all),
        TEST(by_tls),
        TEST(interrupted),
    };

    alone = mock_dns_is_there() && private_net_enter();
    return cmocka_run_group_tests(tests, start, stop);
}
