/* What the nginx files say; that nginx takes them and does it is for tests/system/nginx.sh. */
#include "nginx/site.h"
#include "nginx/site_rules.h"
#include "nginx/site_text.h"
#include "settings_kit.h"

#include <errno.h>
#include <netinet/in.h>

static char text[SITE_TEXT_MAX];

static struct nginx_facts facts(void)
{
    return (struct nginx_facts){.installed = true,
                                .has_stream = true,
                                .has_http2 = true,
                                .has_status = true,
                                .ipv6 = true,
                                .version = 1022001};
}

static void site(const char *env, enum proxy_layout layout, const struct nginx_facts *f)
{
    struct settings *s = settings_of(env);
    struct wr w = wr_init(text, sizeof(text) - 1);
    size_t len = 0;

    render_site(&w, s, layout, f);
    assert_int_equal(wr_finish(&w, &len), 0);
    text[len] = '\0';
    settings_free(s);
}

static bool has(const char *part)
{
    return strstr(text, part) != NULL;
}

#define assert_has(part)                                                                           \
    do {                                                                                           \
        if (!has(part))                                                                            \
            fail_msg("not there: %s\n%s", part, text);                                             \
    } while (0)

#define assert_has_not(part)                                                                       \
    do {                                                                                           \
        if (has(part))                                                                             \
            fail_msg("there: %s\n%s", part, text);                                                 \
    } while (0)

static void test_site_layout(void **state)
{
    struct nginx_facts f = facts();

    (void) state;
    site("", PROXY_SITE, &f);
    assert_has("    listen 443 ssl http2 default_server;\n"
               "    listen [::]:443 ssl http2 default_server;\n"
               "    server_name \"meet.example.org\";\n");
    assert_has("    listen 80 default_server;\n    listen [::]:80 default_server;\n");
    assert_has("return 301 \"https://meet.example.org$request_uri\";");
    assert_has("ssl_certificate \"/var/lib/visavis/certs/live/fullchain.pem\";");
    assert_has("ssl_protocols \"TLSv1.2\" \"TLSv1.3\";");
    assert_has("server \"unix:/run/visavis/signaling.sock\";");
    assert_has("client_max_body_size \"200M\";");
    assert_has("location ^~ /_visavis/recordings/ {\n        internal;\n"
               "        alias \"/var/lib/visavis/recordings/\";\n"
               "        disable_symlinks on \"from=/var/lib/visavis/recordings/\";");
    assert_has("alias \"/var/lib/visavis/custom-layout/\";");
    assert_has("include \"/etc/visavis/nginx.d/*.conf\";");
    assert_has_not("proxy_protocol");
    assert_has_not("allow 10");
    assert_has_not("X-Frame-Options");
    assert_has_not("ssl_stapling");
    assert_has_not("www.");
}

static void test_front_layout(void **state)
{
    struct nginx_facts f = facts();

    (void) state;
    site("", PROXY_FRONT, &f);
    assert_has("listen \"unix:/run/visavis/nginx/https.sock\" ssl http2 proxy_protocol "
               "default_server;");
    assert_has("set_real_ip_from unix:;\n    real_ip_header proxy_protocol;");
    assert_has_not("listen 443");
    assert_has("listen 80 default_server;");
}

static void stream(const char *env)
{
    struct nginx_facts f = facts();
    struct settings *s = settings_of(env);
    struct wr w = wr_init(text, sizeof(text) - 1);
    size_t len = 0;

    render_stream(&w, s, &f);
    assert_int_equal(wr_finish(&w, &len), 0);
    text[len] = '\0';
    settings_free(s);
}

static void test_stream(void **state)
{
    (void) state;
    stream("HTTPS_PORT=8443\n");
    assert_has("listen 8443 so_keepalive=on;");
    assert_has("listen [::]:8443 so_keepalive=on;");
    assert_has("        default \"unix:/run/visavis/nginx/https.sock\";\n"
               "        \"acme-tls/1\" \"unix:/run/visavis/nginx/acme.sock\";\n");
    assert_has("ssl_preread on;");
    assert_has("proxy_protocol on;");
    assert_has_not("turn");
    assert_has_not("$visavis_no_alpn");
}

/* With a certificate that TURN's clients take. */
static void test_stream_with_turn(void **state)
{
    (void) state;
    stream("CERTIFICATE_TYPE=owncert\n");
    assert_has("    map $ssl_preread_protocol $visavis_no_alpn {\n"
               "        default \"unix:/run/visavis/nginx/turn.sock\";\n"
               "        \"\" \"unix:/run/visavis/nginx/https.sock\";\n"
               "    }\n");
    assert_has("        default \"unix:/run/visavis/nginx/https.sock\";\n"
               "        \"acme-tls/1\" \"unix:/run/visavis/nginx/acme.sock\";\n"
               "        \"~(^|,)stun\\.(turn|nat-discovery)(,|$)\" "
               "\"unix:/run/visavis/nginx/turn.sock\";\n"
               "        \"\" $visavis_no_alpn;\n");
    stream("CERTIFICATE_TYPE=letsencrypt\n");
    assert_has("$visavis_no_alpn");
    stream("CERTIFICATE_TYPE=letsencrypt\nTURN_ON_HTTPS_PORT=false\n");
    assert_has_not("$visavis_no_alpn");
}

/* The same site for HTTP clients that TURN hands back. */
static void test_site_behind_turn(void **state)
{
    static const char listen[] = "    listen \"unix:/run/visavis/turn/site.sock\" proxy_protocol";
    struct nginx_facts f = facts();
    const char *second;

    (void) state;
    site("CERTIFICATE_TYPE=owncert\n", PROXY_FRONT, &f);
    assert_has("    listen \"unix:/run/visavis/turn/site.sock\" proxy_protocol default_server;\n");
    site("CERTIFICATE_TYPE=owncert\nREDIRECT_WWW=true\n", PROXY_FRONT, &f);
    second = strstr(strstr(text, listen) + 1, listen); /* www. as well */
    assert_non_null(second);
    assert_int_equal(second[strlen(listen)], ';');
    site("CERTIFICATE_TYPE=owncert\n", PROXY_SITE, &f);
    assert_has_not("site.sock");
    site("CERTIFICATE_TYPE=selfsigned\n", PROXY_FRONT, &f);
    assert_has_not("site.sock");
    site("CERTIFICATE_TYPE=owncert\nTURN_ON_HTTPS_PORT=false\n", PROXY_FRONT, &f);
    assert_has_not("site.sock");
}

static void test_among_others(void **state)
{
    struct nginx_facts f = facts();

    (void) state;
    f.https_shared = f.http_default_taken = true;
    f.ipv6 = false;
    site("", PROXY_SITE, &f);
    assert_has_not("default_server");
    assert_has_not("http2");
    assert_has_not("[::]");
    assert_has_not("[::1]");
    assert_has("    listen 443 ssl;\n");
    f.https_http2 = true;
    site("", PROXY_SITE, &f);
    assert_has("    listen 443 ssl http2;\n");
}

static void test_versions(void **state)
{
    struct nginx_facts f = facts();

    (void) state;
    f.version = 1025001;
    site("", PROXY_SITE, &f);
    assert_has("listen 443 ssl default_server;");
    assert_has("    http2 on;\n");
    f.has_http2 = f.has_status = false;
    site("", PROXY_SITE, &f);
    assert_has_not("http2");
    assert_has_not("stub_status");
}

static void test_ports_and_names(void **state)
{
    struct nginx_facts f = facts();
    char env[512];

    (void) state;
    site("HTTPS_PORT=8443\nHTTP_PORT=8080\nREDIRECT_WWW=true\n", PROXY_SITE, &f);
    assert_has("listen 8080 default_server;");
    assert_has("return 301 \"https://meet.example.org:8443$request_uri\";");
    assert_has("server_name \"www.meet.example.org\";");
    assert_has("listen [::]:8443 ssl http2;\n");
    site("DOMAIN_OR_PUBLIC_IP=2001:db8::1\nREDIRECT_WWW=true\n", PROXY_SITE, &f);
    assert_has("server_name \"[2001:db8::1]\";");
    assert_has("\"https://[2001:db8::1]$request_uri\"");
    assert_has_not("www.");
    snprintf(env, sizeof(env), "DOMAIN_OR_PUBLIC_IP=%.50s.%.50s.example.org\n",
             "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee",
             "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee");
    site(env, PROXY_SITE, &f);
    assert_has("server_name \"~^aaaaaaaaaabbbb");
    assert_has("eeee[.]example[.]org$\";");
}

static void test_headers(void **state)
{
    struct nginx_facts f = facts();

    (void) state;
    site("", PROXY_SITE, &f);
    assert_has_not("Strict-Transport-Security");
    assert_has("location = /openvidu/ca.crt {");
    site("CERTIFICATE_TYPE=owncert\nXFRAME_SAMEORIGIN=true\n", PROXY_SITE, &f);
    assert_has("add_header Strict-Transport-Security \"max-age=63072000\" always;");
    assert_has("add_header X-Frame-Options SAMEORIGIN always;");
    assert_has_not("ca.crt");
    f.ocsp = true;
    site("CERTIFICATE_TYPE=owncert\n", PROXY_SITE, &f);
    assert_has("ssl_stapling on;");
}

static void test_deprecated(void **state)
{
    static const char *const routes[] = {"~ ^/api(",           "~ ^/config(",
                                         "~ ^/cdr(",           "~ ^/info(",
                                         "~ ^/recordings(",    "~ ^/accept-certificate(",
                                         "^~ /layouts/custom/"};
    struct nginx_facts f = facts();

    (void) state;
    site("", PROXY_SITE, &f);
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        assert_has_not(routes[i]);
    site("SUPPORT_DEPRECATED_API=true\n", PROXY_SITE, &f);
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        assert_has(routes[i]);
    /* The first regular expression that fits is taken. */
    assert_true(strstr(text, "~ ^/api(") < strstr(text, "~ /openvidu$"));
}

static void test_folders(void **state)
{
    struct nginx_facts f = facts();

    (void) state;
    site("OPENVIDU_RECORDING_PATH=/srv/a/\nOPENVIDU_RECORDING_CUSTOM_LAYOUT=/srv/layouts\n",
         PROXY_SITE, &f);
    assert_has("alias \"/srv/a/\";");
    assert_has("alias \"/srv/layouts/\";");
    assert_has("geo $visavis_dollar {\n    default \"$\";\n}\n");
}

/* ---- quoting ---- */

static void test_words(void **state)
{
    struct wr w = wr_init(text, sizeof(text) - 1);
    size_t len = 0;

    (void) state;
    site_put_words(&w, "  a b;\tc{} \"$\\ ");
    wr_str(&w, "\n");
    site_put_literal(&w, "$a\"");
    assert_int_equal(wr_finish(&w, &len), 0);
    text[len] = '\0';
    assert_string_equal(text, " \"a\" \"b;\" \"c{}\" \"\\\"$\\\\\"\n\"${visavis_dollar}a\\\"\"");
}

/* ---- lists ---- */

static void net(struct nginx_facts *f, const char *cidr)
{
    assert_int_equal(allow_net_parse(bytes_str(cidr), &f->networks[f->n_networks++]), 0);
}

static void guards(const char *env, struct site_guards *ret)
{
    struct nginx_facts f = facts();
    struct settings *s = settings_of(env);

    net(&f, "10.1.2.0/24");
    assert_int_equal(addr_parse_ip("203.0.113.9", 0, &f.public_ip), 0);
    site_guards(s, &f, ret);
    settings_free(s);
}

static void assert_list(const struct allow_list *l, const char *wanted)
{
    char all[1024] = "", one[ALLOW_NET_TEXT_SIZE];

    for (size_t i = 0; i < l->n; i++)
        snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s ",
                 allow_net_format(&l->nets[i], one));
    assert_string_equal(all, wanted);
}

#define AUTOMATIC "127.0.0.1 ::1 10.1.2.0/24 203.0.113.9 "

static void test_guards(void **state)
{
    struct site_guards g;

    (void) state;
    guards("", &g);
    assert_list(&g.lists[GUARD_DASHBOARD], "");
    assert_list(&g.lists[GUARD_RESTAPI], "");
    guards("ALLOWED_ACCESS_TO_DASHBOARD=198.51.100.7\n", &g);
    assert_list(&g.lists[GUARD_DASHBOARD], AUTOMATIC "198.51.100.7 ");
    assert_list(&g.lists[GUARD_RESTAPI], "");
    guards("ALLOWED_ACCESS_TO_RESTAPI=2001:db8::/32\n", &g);
    assert_list(&g.lists[GUARD_DASHBOARD], "");
    assert_list(&g.lists[GUARD_RESTAPI], AUTOMATIC "2001:db8::/32 ");
    guards("ALLOWED_ACCESS_TO_DASHBOARD=198.51.100.7\nALLOWED_ACCESS_TO_RESTAPI=198.51.100.70, "
           "198.51.100.7\n",
           &g);
    assert_list(&g.lists[GUARD_DASHBOARD], AUTOMATIC "198.51.100.7 ");
    assert_list(&g.lists[GUARD_RESTAPI], AUTOMATIC "198.51.100.70 198.51.100.7 ");
}

static void test_guarded_locations(void **state)
{
    struct nginx_facts f = facts();

    (void) state;
    site("ALLOWED_ACCESS_TO_DASHBOARD=198.51.100.7\n", PROXY_SITE, &f);
    assert_has("location ~ ^/dashboard(?:/|$) {\n        allow 127.0.0.1;\n        allow ::1;\n"
               "        allow 198.51.100.7;\n        deny all;\n");
    assert_has("location ~ ^/openvidu/info(?:/|$) {\n        allow 127.0.0.1;");
    assert_has("location ~ ^/openvidu/api(?:/|$) {\n        proxy_pass");
    assert_has("location ~ ^/openvidu/recordings(?:/|$) {\n        proxy_pass");
}

static void test_nets(void **state)
{
    static const char *const bad[] = {"",        "x",          "10.0.0.0/33", "10.0.0.0/",
                                      "/8",      "10.0.0",     "::1/129",     "10.0.0.1/-1",
                                      "a.b.c.d", "10.0.0.1 2", "fe80::1%lo"};
    struct allow_list l = {.n = 0};
    struct allow_net n;

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(allow_net_parse(bytes_str(bad[i]), &n), -EBADMSG);
    /* Bits behind the prefix go, a wider network takes the narrower ones in. */
    assert_int_equal(allow_net_parse(bytes_str(" 10.1.2.3/9 "), &n), 0);
    assert_int_equal(allow_list_add(&l, &n), 0);
    assert_int_equal(allow_net_parse(bytes_str("2001:db8:ffff::1/33"), &n), 0);
    assert_int_equal(allow_list_add(&l, &n), 0);
    assert_list(&l, "10.0.0.0/9 2001:db8:8000::/33 ");
    assert_int_equal(allow_net_parse(bytes_str("10.127.255.255"), &n), 0);
    assert_int_equal(allow_list_add(&l, &n), 0);
    assert_int_equal(l.n, 2);
    assert_int_equal(allow_net_parse(bytes_str("10.0.0.0/8"), &n), 0);
    assert_int_equal(allow_list_add(&l, &n), 0);
    assert_list(&l, "2001:db8:8000::/33 10.0.0.0/8 ");
    assert_int_equal(allow_net_parse(bytes_str("::ffff:192.0.2.1"), &n), 0);
    assert_int_equal(n.addr.family, AF_INET);
    l.n = 0;
    for (unsigned i = 0; i < ALLOW_LIST_MAX; i++) {
        n.addr.ip[2] = (uint8_t) (i >> 7);
        n.addr.ip[3] = (uint8_t) (i * 2);
        assert_int_equal(allow_list_add(&l, &n), 0);
    }
    n.addr.ip[0] = 1;
    assert_int_equal(allow_list_add(&l, &n), -ENOSPC);
}

/* ---- other web servers ---- */

static int snippet(const char *env, const char *server)
{
    struct nginx_facts f = facts();
    struct settings *s = settings_of(env);
    struct wr w = wr_init(text, sizeof(text) - 1);
    size_t len = 0;
    int r = render_snippet(&w, s, &f, server);

    assert_int_equal(wr_finish(&w, &len), 0);
    text[len] = '\0';
    settings_free(s);
    return r;
}

static void test_snippets(void **state)
{
    (void) state;
    for (size_t i = 0; site_snippet_names[i]; i++) {
        assert_int_equal(snippet("ALLOWED_ACCESS_TO_RESTAPI=192.0.2.7\n", site_snippet_names[i]),
                         0);
        assert_has("/run/visavis/signaling.sock");
        assert_has("192.0.2.7");
        assert_has("visavis-proxy");
        assert_has_not("Written by visavis");
        assert_has_not("/_visavis/recordings/");
        assert_has_not("Strict-Transport-Security");
        assert_int_equal(snippet("CERTIFICATE_TYPE=owncert\n", site_snippet_names[i]), 0);
        assert_has("Strict-Transport-Security");
    }
    assert_int_equal(snippet("CLIENT_MAX_BODY_SIZE=0\n", "apache"), 0);
    assert_has_not("R=413");
    assert_int_equal(snippet("", "lighttpd"), -ENOENT);
    assert_string_equal(text, "");
}

static void test_sizes(void **state)
{
    (void) state;
    assert_int_equal(site_size_bytes("0"), 0);
    assert_int_equal(site_size_bytes("12"), 12);
    assert_int_equal(site_size_bytes("2k"), 2048);
    assert_int_equal(site_size_bytes("200M"), 200 << 20);
    assert_int_equal(site_size_bytes("1g"), 1 << 30);
    assert_int_equal(site_size_bytes("99999999999999999999g"), 0);
}

static void test_no_room(void **state)
{
    struct nginx_facts f = facts();
    struct settings *s = settings_of("");
    struct wr w = wr_init(text, 1000);
    size_t len = 0;

    (void) state;
    render_site(&w, s, PROXY_SITE, &f);
    assert_int_equal(wr_finish(&w, &len), -ENOSPC);
    settings_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_site_layout),
        cmocka_unit_test(test_front_layout),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_stream_with_turn),
        cmocka_unit_test(test_site_behind_turn),
        cmocka_unit_test(test_among_others),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_ports_and_names),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_deprecated),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_guards),
        cmocka_unit_test(test_guarded_locations),
        cmocka_unit_test(test_nets),
        cmocka_unit_test(test_snippets),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
