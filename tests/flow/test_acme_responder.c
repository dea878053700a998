/* The responders, as a CA meets them: by HTTP, by TLS, and by TLS behind a real nginx. */
#include "acme/alpn.h"
#include "acme/responder.h"
#include "acme/tls_probe.h"
#include "acme/tls_stream.h"
#include "http/http.h"
#include "tests/lib/ask.h"
#include "tests/lib/child.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TOKEN "DGyRejmCefe7v4NfDGDKfA"
#define PROOF TOKEN ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
#define LIMIT_US 20000000ULL
#define ALPN_ACME                                                                                  \
    "\x0a"                                                                                         \
    "acme-tls/1"
#define ALPN_H2 "\x02h2"

static struct loop *loop;
static struct responder *responder;
static struct acme_id host, ipv4;

static int set_up(void **state)
{
    (void) state;
    assert_int_equal(acme_id_parse("media.example.test", &host), 0);
    assert_int_equal(acme_id_parse("192.0.2.7", &ipv4), 0);
    return loop_new(&loop);
}

static int tear_down(void **state)
{
    (void) state;
    responder = responder_free(responder);
    loop = loop_free(loop);
    return 0;
}

static struct acme_proof proof_of(enum acme_challenge_type type, const struct acme_id *id)
{
    return (struct acme_proof){.type = type, .id = id, .token = TOKEN, .key_authorization = PROOF};
}

static void begin(enum responder_kind kind)
{
    assert_int_equal(responder_new(loop, kind, &responder), 0);
    assert_int_equal(responder_listen(responder, 0), 0);
    assert_int_not_equal(responder_port(responder), 0);
}

static void on_too_late(struct loop_timer *t)
{
    (void) t;
    fail_msg("nothing came");
}

static void run(void)
{
    struct loop_timer limit = {0};

    assert_int_equal(loop_timer_start(&limit, loop, LIMIT_US, on_too_late), 0);
    assert_int_equal(loop_run(loop), 0);
    loop_timer_done(&limit);
}

/* ---- HTTP ---- */

struct answers {
    unsigned n, wanted;
    int error;
    unsigned status;
    char body[512];
};

static void on_answer(const struct http_response *rs, void *arg)
{
    struct answers *a = arg;

    a->error = rs->error;
    a->status = rs->status;
    snprintf(a->body, sizeof(a->body), "%.*s", (int) rs->body.len, (const char *) rs->body.p);
    if (++a->n == a->wanted)
        loop_quit(loop, 0);
}

/* The same request several times at once; of the last answer. */
static struct answers get(const char *method, const char *at, const char *path, unsigned n)
{
    struct answers a = {.wanted = n};
    struct http *http;
    char url[1024];

    assert_int_equal(http_new(loop, &http), 0);
    snprintf(url, sizeof(url), "http://%s:%u%s", at, responder_port(responder), path);
    for (unsigned i = 0; i < n; i++) {
        struct http_request rq = {.method = method, .url = url, .body = bytes_str("x")};

        assert_int_equal(http_start(http, &rq, on_answer, &a, NULL), 0);
    }
    run();
    http_free(http);
    return a;
}

#define PATH "/.well-known/acme-challenge/"

static void shows_by_http(void **state)
{
    struct acme_proof p = proof_of(CHALLENGE_HTTP_01, &host);
    struct answers a;

    (void) state;
    begin(RESPONDER_HTTP);
    a = get("GET", "127.0.0.1", PATH TOKEN, 1);
    assert_int_equal(a.status, 404);
    assert_int_equal(responder_add(responder, &p), 0);
    assert_int_equal(responder_add(responder, &p), 0);
    a = get("GET", "127.0.0.1", PATH TOKEN, 3);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, PROOF);
    assert_int_equal(responder_shown(responder), 3);
    a = get("GET", "[::1]", PATH TOKEN, 1);
    assert_int_equal(a.status, 200);
    a = get("HEAD", "127.0.0.1", PATH TOKEN, 1);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "");
    responder_remove(responder, &p);
    a = get("GET", "127.0.0.1", PATH TOKEN, 1);
    assert_int_equal(a.status, 404);
}

static void says_nothing_else_by_http(void **state)
{
    static const char *const paths[] = {"/",
                                        PATH,
                                        PATH TOKEN "x",
                                        PATH TOKEN "/x",
                                        "/" TOKEN,
                                        PATH "../" TOKEN,
                                        "/.well-known/" TOKEN,
                                        "/a" PATH TOKEN};
    struct acme_proof p = proof_of(CHALLENGE_HTTP_01, &host);
    struct answers a;

    (void) state;
    begin(RESPONDER_HTTP);
    assert_int_equal(responder_add(responder, &p), 0);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        a = get("GET", "127.0.0.1", paths[i], 1);
        assert_int_equal(a.status, 404);
        assert_null(strstr(a.body, TOKEN));
    }
    a = get("POST", "127.0.0.1", PATH TOKEN, 1);
    assert_int_equal(a.status, 404);
    assert_int_equal(responder_shown(responder), 0);
}

/* ---- TLS ---- */

struct client {
    struct loop_io io;
    struct tls_stream tls;
    const char *prefix; /* sent before TLS, byte by byte */
    size_t prefix_len;
    int fd, result;
    bool done;
};

struct hello {
    const char *name; /* NULL: no SNI */
    const char *alpn; /* NULL: none */
    int max_version;  /* 0: any */
    const char *prefix;
    size_t prefix_len;
};

static void on_ready(struct loop_io *io, uint32_t revents)
{
    struct client *c = container_of(io, struct client, io);
    uint32_t events = EPOLLIN;

    (void) revents;
    if (c->prefix_len && send(c->fd, c->prefix, 1, MSG_NOSIGNAL) == 1) {
        c->prefix++;
        c->prefix_len--;
        return;
    }
    c->result = c->prefix_len ? -errno : tls_stream_handshake(&c->tls, c->fd, &events);
    if (c->result == 0) {
        assert_int_equal(loop_io_set_events(io, events), 0);
        return;
    }
    c->done = true;
    loop_quit(loop, 0);
}

/* What a handshake comes to: "" or what was refused; the certificate in *ret_cert. */
static const char *shake_hands(int fd, const struct hello *h, X509 **ret_cert)
{
    struct client c = {.fd = fd, .prefix = h->prefix, .prefix_len = h->prefix_len};
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    const char *why;

    assert_non_null(ctx);
    SSL_CTX_set_security_level(ctx, 0);
    assert_int_equal(SSL_CTX_set_min_proto_version(ctx, 0), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, h->max_version), 1);
    assert_int_equal(tls_stream_init(&c.tls, ctx, false), 0);
    if (h->name)
        assert_int_equal(SSL_set_tlsext_host_name(c.tls.ssl, h->name), 1);
    if (h->alpn)
        assert_int_equal(
            SSL_set_alpn_protos(c.tls.ssl, (const uint8_t *) h->alpn, (unsigned) strlen(h->alpn)),
            0);
    assert_int_equal(loop_io_start(&c.io, loop, fd, EPOLLOUT, on_ready), 0);
    run();
    loop_io_stop(&c.io);
    if (ret_cert)
        *ret_cert = c.result == 1 ? SSL_get1_peer_certificate(c.tls.ssl) : NULL;
    why = c.result == 1 ? "" : c.tls.why ? c.tls.why : strerror(-c.result);
    tls_stream_done(&c.tls);
    SSL_CTX_free(ctx);
    close(fd);
    return why;
}

static int connect_to(uint16_t port)
{
    int fd = ask_connect_tcp(port);

    assert_true(fd >= 0);
    return fd;
}

static void expect_proof(int fd, const struct hello *h, const struct acme_id *id)
{
    X509 *cert;

    assert_string_equal(shake_hands(fd, h, &cert), "");
    assert_non_null(cert);
    assert_true(acme_alpn_proves(cert, id, PROOF));
    X509_free(cert);
}

static void begin_tls(void)
{
    struct acme_proof p = proof_of(CHALLENGE_TLS_ALPN_01, &host);
    struct acme_proof q = proof_of(CHALLENGE_TLS_ALPN_01, &ipv4);

    begin(RESPONDER_TLS_ALPN);
    assert_int_equal(responder_add(responder, &p), 0);
    assert_int_equal(responder_add(responder, &q), 0);
}

static void shows_by_tls(void **state)
{
    static const struct hello by_host = {.name = "MEDIA.example.test", .alpn = ALPN_ACME};
    static const struct hello by_ip = {.name = "7.2.0.192.in-addr.arpa", .alpn = ALPN_ACME};
    static const struct hello old = {
        .name = "media.example.test", .alpn = ALPN_H2 ALPN_ACME, .max_version = TLS1_2_VERSION};

    (void) state;
    begin_tls();
    expect_proof(connect_to(responder_port(responder)), &by_host, &host);
    expect_proof(connect_to(responder_port(responder)), &by_ip, &ipv4);
    expect_proof(connect_to(responder_port(responder)), &old, &host);
    assert_int_equal(responder_shown(responder), 3);
}

static void refuses_by_tls(void **state)
{
    static const struct {
        struct hello hello;
        const char *why;
    } rows[] = {
        {{.name = "media.example.test"}, "no application protocol"},
        {{.name = "media.example.test", .alpn = ALPN_H2}, "no application protocol"},
        {{.name = "media.example.test",
          .alpn = "\x0a"
                  "acme-tls/2"},
         "no application protocol"},
        {{.alpn = ALPN_ACME}, "unrecognized name"},
        {{.name = "other.example.test", .alpn = ALPN_ACME}, "unrecognized name"},
        {{.name = "media.example.test", .alpn = ALPN_ACME, .max_version = TLS1_1_VERSION},
         "protocol version"},
    };

    (void) state;
    begin_tls();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *why = shake_hands(connect_to(responder_port(responder)), &rows[i].hello, NULL);

        if (!strstr(why, rows[i].why))
            fail_msg("row %zu: %s", i, why);
    }
    assert_int_equal(responder_shown(responder), 0);
}

static void no_tls_at_all(void **state)
{
    static const struct hello h = {.name = "media.example.test",
                                   .alpn = ALPN_ACME,
                                   .prefix = "GET / HTTP/1.1\r\n\r\n",
                                   .prefix_len = 18};

    (void) state;
    begin_tls();
    assert_string_not_equal(shake_hands(connect_to(responder_port(responder)), &h, NULL), "");
}

/* ---- those who hold on to connections ---- */

static void crowd(void **state)
{
    static const struct hello h = {.name = "media.example.test", .alpn = ALPN_ACME};
    int fds[RESPONDER_CONNECTIONS_MAX + 10];

    (void) state;
    begin_tls();
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        fds[i] = connect_to(responder_port(responder));
        assert_int_equal(send(fds[i], "\x16\x03", 2, MSG_NOSIGNAL), 2);
    }
    expect_proof(connect_to(responder_port(responder)), &h, &host);
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        close(fds[i]);
    expect_proof(connect_to(responder_port(responder)), &h, &host);
}

static void on_end(struct loop_io *io, uint32_t revents)
{
    char c;

    (void) revents;
    assert_int_equal(recv(io->fd, &c, 1, 0), 0);
    loop_io_stop(io);
    loop_quit(loop, 0);
}

static void slow_clients_are_cut(void **state)
{
    struct loop_io io;
    int fd;

    (void) state;
    begin_tls();
    fd = connect_to(responder_port(responder));
    assert_int_equal(send(fd, "\x16", 1, MSG_NOSIGNAL), 1);
    assert_int_equal(loop_io_start(&io, loop, fd, EPOLLIN, on_end), 0);
    run();
    close(fd);
}

/* ---- behind a proxy ---- */

#define V1 "PROXY TCP4 203.0.113.5 192.0.2.1 40000 443\r\n"
#define V2 "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\5\xc0\0\2\1\x9c\x40\1\xbb"

static void begin_unix(const struct child *c, const char *name, char path[static CHILD_PATH_SIZE])
{
    static const struct file_access access = {0660, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
    struct acme_proof p = proof_of(CHALLENGE_TLS_ALPN_01, &host);
    struct stat st;

    child_path(c, name, path);
    assert_int_equal(responder_new(loop, RESPONDER_TLS_ALPN, &responder), 0);
    assert_int_equal(responder_listen_unix(responder, path, &access), 0);
    assert_int_equal(responder_add(responder, &p), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
}

static void proxy_headers(void **state)
{
    static const struct hello v1 = {"media.example.test", ALPN_ACME, 0, V1, sizeof(V1) - 1};
    static const struct hello v2 = {"media.example.test", ALPN_ACME, 0, V2, sizeof(V2) - 1};
    static const struct hello none = {"media.example.test", ALPN_ACME, 0, NULL, 0};
    static const struct hello bad = {"media.example.test", ALPN_ACME, 0, "PROXY TCP4 x\r\n", 14};
    static const struct file_access access = {0600, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
    char path[CHILD_PATH_SIZE];
    struct child *c;

    (void) state;
    assert_int_equal(child_new("responder", &c), 0);
    begin_unix(c, "acme.sock", path);
    expect_proof(ask_connect_unix(path), &v1, &host);
    expect_proof(ask_connect_unix(path), &v2, &host);
    assert_string_not_equal(shake_hands(ask_connect_unix(path), &none, NULL), "");
    assert_string_not_equal(shake_hands(ask_connect_unix(path), &bad, NULL), "");
    assert_int_equal(responder_shown(responder), 2);
    assert_int_equal(responder_listen_unix(responder, path, &access), -EALREADY);

    /* What a run that was killed left is replaced; in the end nothing is left. */
    responder = responder_free(responder);
    assert_false(file_exists(path));
    close(ask_listen_unix(path));
    begin_unix(c, "acme.sock", path);
    expect_proof(ask_connect_unix(path), &v1, &host);
    responder = responder_free(responder);
    assert_false(file_exists(path));

    assert_int_equal(responder_new(loop, RESPONDER_HTTP, &responder), 0);
    assert_int_equal(responder_listen_unix(responder, path, &access), -ENOTSUP);
    child_free(c);
}

/* The layout `front`: what offers acme-tls/1 comes to us, everything else to the site. */
static void behind_nginx(void **state)
{
    static const struct hello acme = {.name = "media.example.test", .alpn = ALPN_ACME};
    static const struct hello acme12 = {
        .name = "media.example.test", .alpn = ALPN_ACME, .max_version = TLS1_2_VERSION};
    static const struct hello site = {.name = "media.example.test", .alpn = ALPN_H2};
    static char program[] = "/usr/sbin/nginx", flag[] = "-c", errors[] = "-e";
    char path[CHILD_PATH_SIZE], conf[CHILD_PATH_SIZE], log[CHILD_PATH_SIZE];
    char other[CHILD_PATH_SIZE];
    char *argv[] = {program, flag, conf, errors, log, NULL};
    struct responder *ours;
    struct child *c;
    uint16_t port;
    int fd;

    (void) state;
    assert_return_code(access(program, X_OK), errno); /* the package nginx */
    fd = ask_listen_tcp(&port);
    close(fd);
    assert_int_equal(child_new("nginx", &c), 0);
    begin_unix(c, "acme.sock", path);
    ours = responder;
    begin_unix(c, "site.sock", other);
    child_path(c, "nginx.conf", conf);
    child_path(c, "error.log", log);
    assert_int_equal(
        child_write(c, "nginx.conf",
                    "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
                    "user root;\nworker_processes 1;\ndaemon off;\npid %s.pid;\nevents {}\n"
                    "stream {\n"
                    "    map $ssl_preread_alpn_protocols $visavis_web {\n"
                    "        default unix:%s;\n"
                    "        acme-tls/1 unix:%s;\n"
                    "    }\n"
                    "    server {\n"
                    "        listen 127.0.0.1:%u so_keepalive=on;\n"
                    "        ssl_preread on;\n        preread_timeout 10s;\n"
                    "        proxy_pass $visavis_web;\n        proxy_protocol on;\n"
                    "        proxy_connect_timeout 5s;\n        proxy_timeout 1d;\n"
                    "        tcp_nodelay on;\n"
                    "    }\n}\n",
                    conf, other, path, port),
        0);
    assert_int_equal(child_start(c, argv), 0);
    for (int i = 0; i < 100 && (fd = ask_connect_tcp(port)) < 0; i++)
        usleep(50000);
    close(fd);
    expect_proof(connect_to(port), &acme, &host);
    expect_proof(connect_to(port), &acme12, &host); /* the server knows first that it is done */
    assert_true(responder_shown(ours) > 0);
    assert_int_equal(responder_shown(responder), 0);
    assert_non_null(strstr(shake_hands(connect_to(port), &site, NULL), "no application protocol"));
    /* No order is under way: the door is shut, and nothing else is served there. */
    responder_free(ours);
    assert_string_not_equal(shake_hands(connect_to(port), &acme, NULL), "");
    assert_int_equal(responder_shown(responder), 0);
    child_free(c);
}

/* ---- limits and errors ---- */

static void limits(void **state)
{
    struct acme_proof p = proof_of(CHALLENGE_HTTP_01, &host), other;
    struct responder *second;
    char token[32];

    (void) state;
    begin(RESPONDER_HTTP);
    assert_int_equal(responder_new(loop, RESPONDER_TLS_ALPN, &second), 0);
    assert_int_equal(responder_listen(second, responder_port(responder)), -EADDRINUSE);
    assert_int_equal(responder_add(second, &p), -EINVAL);
    responder_free(second);
    p.token = token;
    for (int i = 0; i < RESPONDER_PROOFS_MAX; i++) {
        snprintf(token, sizeof(token), "t%d", i);
        assert_int_equal(responder_add(responder, &p), 0);
    }
    other = proof_of(CHALLENGE_HTTP_01, &host);
    assert_int_equal(responder_add(responder, &other), -ENOSPC);
    responder_remove(responder, &p);
    assert_int_equal(responder_add(responder, &other), 0);
    assert_null(responder_free(NULL));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(shows_by_http),        TEST(says_nothing_else_by_http),
        TEST(shows_by_tls),         TEST(refuses_by_tls),
        TEST(no_tls_at_all),        TEST(crowd),
        TEST(slow_clients_are_cut), TEST(proxy_headers),
        TEST(behind_nginx),         TEST(limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
