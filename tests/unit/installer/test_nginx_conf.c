/* nginx's grammar and `listen`, and what is found in configurations of other people. */
#include "files/files.h"
#include "nginx/nginx_listen.h"
#include "nginx/nginx_scan.h"
#include "nginx/nginx_walk.h"
#include "settings_kit.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- grammar ---- */

struct seen {
    char text[4096];
};

static bool note(const struct nginx_statement *st, void *arg)
{
    struct seen *s = arg;
    size_t at = strlen(s->text);

    at += (size_t) snprintf(s->text + at, sizeof(s->text) - at, "%u", st->line);
    for (size_t i = 0; i < st->n_words; i++)
        at += (size_t) snprintf(s->text + at, sizeof(s->text) - at, "<%s>", st->words[i]);
    snprintf(s->text + at, sizeof(s->text) - at, "%s",
             st->n_words == 0 ? "} "
             : st->opens      ? "{ "
                              : "; ");
    return true;
}

static int parse(const char *text, struct seen *ret, unsigned *line)
{
    memset(ret, 0, sizeof(*ret));
    *line = 0;
    return nginx_parse(bytes_str(text), note, ret, line);
}

static void test_grammar(void **state)
{
    static const struct {
        const char *text, *seen;
    } cases[] = {
        {"", ""},
        {"user www-data;", "1<user><www-data>; "},
        {"a\n b # c; d\n;e;", "1<a><b>; 3<e>; "},
        {"http{server{listen 80;}}", "1<http>{ 1<server>{ 1<listen><80>; 1} 1} "},
        {"a \"b; {\" 'c \\' d' '';", "1<a><b; {><c ' d><>; "},
        {"a b\\;c \\$ \"\\n\\d\";", "1<a><b\\;c><\\$><\n\\d>; "},
        {"a ${b}c$ {d;}", "1<a><${b}c$>{ 1<d>; 1} "},
        {"\xef\xbb\xbf"
         "a;\r\nb;",
         "1<a>; 2<b>; "},
        {"content_by_lua_block { if x then y({}) end; }\na;", "1<content_by_lua_block>; 2<a>; "},
    };
    struct seen s;
    unsigned line;

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(parse(cases[i].text, &s, &line), 0);
        assert_string_equal(s.text, cases[i].seen);
    }
    assert_int_equal(parse("if ($a = \"b\") { c; }", &s, &line), 0);
    assert_string_equal(s.text, "1<if><($a><=><b><)>{ 1<c>; 1} ");
}

static void test_malformed(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
    } cases[] = {
        {"a", 1},
        {"a b\n", 2},
        {"a {", 1},
        {"}", 1},
        {"a;\n}\n", 2},
        {";", 1},
        {"{ a; }", 1},
        {"a \"b", 1},
        {"a 'b'c;", 1},
        {"a {\nb\n}", 3},
        {"x_by_lua_block {", 1},
    };
    struct seen s;
    unsigned line;

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(parse(cases[i].text, &s, &line), -EBADMSG);
        assert_int_equal(line, cases[i].line);
    }
}

/* ---- listen ---- */

static int listen_parse(const char *words, bool in_stream, struct nginx_listen *ret);

struct one {
    struct nginx_listen *ret;
    bool in_stream;
    int r;
};

static bool parse_one(const struct nginx_statement *st, void *arg)
{
    struct one *o = arg;

    o->r = nginx_listen_parse(st, o->in_stream, o->ret);
    return true;
}

static int listen_parse(const char *words, bool in_stream, struct nginx_listen *ret)
{
    struct one o = {.ret = ret, .in_stream = in_stream, .r = -ENODATA};
    char text[256];
    unsigned line;

    snprintf(text, sizeof(text), "listen %s;", words);
    assert_int_equal(nginx_parse(bytes_str(text), parse_one, &o, &line), 0);
    return o.r;
}

static void test_listen(void **state)
{
    static const struct {
        const char *words, *addr;
        uint16_t last;
    } cases[] = {
        {"443 ssl", "0.0.0.0:443", 443},      {"*:443", "0.0.0.0:443", 443},
        {"[::]:443 ssl", "[::]:443", 443},    {"[2001:db8::1]", "[2001:db8::1]:80", 80},
        {"192.0.2.1", "192.0.2.1:80", 80},    {"192.0.2.1:8080", "192.0.2.1:8080", 8080},
        {"localhost:81", "127.0.0.1:81", 81}, {"8000-8010", "0.0.0.0:8000", 8010},
    };
    struct nginx_listen l;

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[ADDR_TEXT_SIZE];

        assert_int_equal(listen_parse(cases[i].words, false, &l), 0);
        assert_string_equal(addr_format(&l.addr, text), cases[i].addr);
        assert_int_equal(l.last_port, cases[i].last);
    }
    assert_int_equal(listen_parse("443 default_server ssl http2", false, &l), 0);
    assert_true(l.is_default && l.http2 && !l.is_udp && !l.is_unix);
    assert_int_equal(listen_parse("unix:/run/x.sock", false, &l), 0);
    assert_true(l.is_unix);
    assert_false(nginx_listen_has_port(&l, 0));
    assert_int_equal(listen_parse("example.org", false, &l), 0);
    assert_int_equal(l.addr.family, 0);
    assert_true(nginx_listen_has_port(&l, 80));
    assert_int_equal(listen_parse("53 udp", true, &l), 0);
    assert_false(nginx_listen_has_port(&l, 53));
    assert_int_equal(listen_parse("example.org", true, &l), -EBADMSG);
    assert_int_equal(listen_parse("example.org:", false, &l), -EBADMSG);
    assert_int_equal(listen_parse("[::1", false, &l), -EBADMSG);
    assert_int_equal(listen_parse("a:99999", false, &l), -EBADMSG);
    assert_int_equal(listen_parse("9-8", true, &l), -EBADMSG);
}

static void test_collisions(void **state)
{
    static const struct {
        const char *a, *b;
        bool collide;
    } cases[] = {
        {"443", "443", true},
        {"443", "192.0.2.1:443", true},
        {"443", "[::]:443", false},
        {"192.0.2.1:443", "192.0.2.2:443", false},
        {"443", "444", false},
        {"440-450", "443", true},
        {"443", "443 udp", false},
        {"unix:/a", "443", false},
        {"example.org:443", "443", true},
    };
    struct nginx_listen a, b;

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(listen_parse(cases[i].a, true, &a), 0);
        assert_int_equal(listen_parse(cases[i].b, true, &b), 0);
        assert_int_equal(nginx_listen_collides(&a, &b), cases[i].collide);
        assert_int_equal(nginx_listen_collides(&b, &a), cases[i].collide);
    }
}

/* ---- nginx -V ---- */

static void test_build(void **state)
{
    struct nginx_build b;

    (void) state;
    nginx_build_parse("nginx version: nginx/1.22.1\nbuilt with OpenSSL\nconfigure arguments: "
                      "--conf-path=/etc/nginx/nginx.conf --pid-path=/run/nginx.pid "
                      "--with-http_realip_module --with-http_v2_module "
                      "--with-http_stub_status_module --with-stream_ssl_preread_module "
                      "--with-stream=dynamic\n",
                      &b);
    assert_int_equal(b.version, 1022001);
    assert_true(b.stream_dynamic && !b.stream && b.preread && b.realip && b.http2 && b.status);
    assert_string_equal(b.conf, "/etc/nginx/nginx.conf");
    assert_string_equal(b.pid, "/run/nginx.pid");
    nginx_build_parse("nginx version: openresty/1.25.3.1\nconfigure arguments: --with-stream "
                      "--with-stream_ssl_module\n",
                      &b);
    assert_int_equal(b.version, 1025003);
    assert_true(b.stream && !b.stream_dynamic && !b.preread && !b.http2);
    nginx_build_parse("nothing of the kind", &b);
    assert_int_equal(b.version, 0);
}

/* ---- foreign configurations ---- */

static char root[64];

static int make_root(void **state)
{
    (void) state;
    snprintf(root, sizeof(root), "/tmp/visavis-test-XXXXXX");
    return mkdtemp(root) && setenv("VISAVIS_ROOT", root, 1) == 0 ? 0 : -1;
}

static int remove_root(void **state)
{
    (void) state;
    unsetenv("VISAVIS_ROOT");
    return dir_remove(root);
}

static void put(const char *name, const char *text)
{
    char path[256], dir[256];
    FILE *f;

    snprintf(path, sizeof(path), "%s%s", root, name);
    snprintf(dir, sizeof(dir), "%.*s", (int) (strrchr(path, '/') - path), path);
    assert_int_equal(dir_make(dir, NULL), 0);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static const char debian[] = "user www-data;\n"
                             "pid /run/nginx.pid;\n"
                             "include modules-enabled/*.conf;\n"
                             "events {\n"
                             "    worker_connections 768;\n"
                             "}\n"
                             "http {\n"
                             "    include conf.d/*.conf;\n"
                             "    include sites-enabled/*;\n"
                             "}\n";

static const struct nginx_build debian_build = {
    .version = 1022001, .stream = false, .stream_dynamic = true, .preread = true, .realip = true};

static void scan(const char *env, struct nginx_facts *f)
{
    struct settings *s = settings_of(env);
    char pid[PATH_MAX] = "";

    memset(f, 0, sizeof(*f));
    f->installed = true;
    snprintf(f->conf, sizeof(f->conf), "%s/etc/nginx/nginx.conf", root);
    nginx_scan(s, &debian_build, f, pid);
    settings_free(s);
}

static const char *in_root(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s%s", root, name);
    return path;
}

static void test_debian(void **state)
{
    struct nginx_facts f;

    (void) state;
    put("/etc/nginx/nginx.conf", debian);
    put("/etc/nginx/sites-enabled/default",
        "server { listen 80 default_server; listen [::]:80 default_server; server_name _; }");
    scan("", &f);
    assert_string_equal(f.site_link, in_root("/etc/nginx/sites-enabled/visavis.conf"));
    assert_string_equal(f.stream_link,
                        in_root("/etc/nginx/modules-enabled/90-visavis-stream.conf"));
    assert_false(f.conf_d || f.https_shared || f.has_stream);
    assert_true(f.http_default_taken);
    assert_int_equal(f.worker_connections, 768);
    assert_string_equal(f.worker_connections_at, in_root("/etc/nginx/nginx.conf:5"));
    put("/etc/nginx/modules-enabled/50-mod-stream.conf",
        "load_module modules/ngx_stream_module.so;");
    scan("", &f);
    assert_true(f.has_stream);
}

static void test_ours_does_not_count(void **state)
{
    struct nginx_facts f;
    char path[PATH_MAX];

    (void) state;
    put("/etc/nginx/nginx.conf", debian);
    put("/var/lib/visavis/conf/1/nginx-site.conf",
        "server { listen 443 ssl; server_name meet.example.org; }");
    put("/etc/nginx/sites-enabled/a", "");
    assert_int_equal(symlink("1", in_root("/var/lib/visavis/conf/current")), 0);
    snprintf(path, sizeof(path), "%s/var/lib/visavis/conf/current/nginx-site.conf", root);
    assert_int_equal(symlink(path, in_root("/etc/nginx/sites-enabled/visavis.conf")), 0);
    scan("", &f);
    assert_false(f.https_shared);
    assert_string_equal(f.name_taken_by, "");
    put("/etc/nginx/sites-enabled/b",
        "\nserver { listen 443 ssl http2; server_name a Meet.Example.Org; }");
    scan("", &f);
    assert_true(f.https_shared && f.https_http2);
    assert_string_equal(f.https_shared_by, in_root("/etc/nginx/sites-enabled/b:2"));
    assert_string_equal(f.name_taken_by, in_root("/etc/nginx/sites-enabled/b:2"));
    scan("HTTPS_PORT=8443\n", &f);
    assert_false(f.https_shared);
}

static void test_others(void **state)
{
    struct nginx_facts f;

    (void) state;
    put("/etc/nginx/nginx.conf", "include /nowhere/*.conf;\n"
                                 "stream { server { listen 127.0.0.1:443; } }\n"
                                 "http { include conf.d/*.conf; }\n"
                                 "events { }\n");
    put("/etc/nginx/conf.d/a.conf", "server { include conf.d/a.inc; }\n");
    put("/etc/nginx/conf.d/a.inc", "server_name x;\n");
    scan("", &f);
    assert_string_equal(f.site_link, in_root("/etc/nginx/conf.d/visavis.conf"));
    assert_string_equal(f.stream_link, "");
    assert_true(f.conf_d && f.http_default_taken); /* no `listen` is port 80 */
    assert_string_equal(f.stream_block_at, in_root("/etc/nginx/nginx.conf:2"));
    assert_string_equal(f.port_in_stream_at, in_root("/etc/nginx/nginx.conf:2"));
}

static void test_loops_and_noise(void **state)
{
    struct nginx_facts f;

    (void) state;
    put("/etc/nginx/nginx.conf", "http { include nginx.conf; include conf.d/*; }");
    put("/etc/nginx/conf.d/broken", "server { listen 443; location / {");
    put("/etc/nginx/conf.d/good", "server { listen 443; }");
    scan("", &f);
    assert_string_equal(f.https_shared_by, in_root("/etc/nginx/conf.d/good:1"));
    assert_int_equal(remove(in_root("/etc/nginx/nginx.conf")), 0);
    scan("", &f);
    assert_string_equal(f.site_link, "");
}

/* ---- the choice ---- */

static int choose(const char *env, const struct nginx_facts *f, enum proxy_layout *layout,
                  char why[static 1024])
{
    struct settings *s = settings_of(env);
    int r = nginx_choose(s, f, layout, why, 1024);

    settings_free(s);
    return r;
}

static struct nginx_facts good_facts(void)
{
    return (struct nginx_facts){.installed = true,
                                .has_stream = true,
                                .conf = "/etc/nginx/nginx.conf",
                                .site_link = "/etc/nginx/sites-enabled/visavis.conf",
                                .stream_link = "/etc/nginx/modules-enabled/90-visavis-stream.conf"};
}

static void test_choice(void **state)
{
    struct nginx_facts f = good_facts(), none = {.installed = false};
    enum proxy_layout layout = PROXY_SITE;
    char why[1024];

    (void) state;
    assert_int_equal(choose("", &f, &layout, why), 0);
    assert_int_equal(layout, PROXY_FRONT);
    assert_string_equal(why, "");
    assert_int_equal(choose("PROXY=site\n", &f, &layout, why), 0);
    assert_int_equal(layout, PROXY_SITE);
    assert_int_equal(choose("PROXY=external\n", &none, &layout, why), 0);
    assert_int_equal(layout, PROXY_EXTERNAL);
    assert_int_equal(choose("", &none, &layout, why), -EINVAL);
    assert_non_null(strstr(why, "not installed"));
}

static void test_choice_of_shared(void **state)
{
    struct nginx_facts f = good_facts();
    enum proxy_layout layout = PROXY_FRONT;
    char why[1024];

    (void) state;
    f.https_shared = true;
    strcpy(f.https_shared_by, "/etc/nginx/sites-enabled/shop:3");
    assert_int_equal(choose("", &f, &layout, why), 0);
    assert_int_equal(layout, PROXY_SITE);
    assert_non_null(strstr(why, "shop:3"));
    assert_int_equal(choose("PROXY=front\n", &f, &layout, why), -EINVAL);
    assert_non_null(strstr(why, "PROXY=front cannot be"));
    assert_int_equal(choose("DOMAIN_OR_PUBLIC_IP=192.0.2.1\n", &f, &layout, why), -EINVAL);
    assert_non_null(strstr(why, "certificate"));
}

static void test_choice_that_cannot_be(void **state)
{
    static const struct {
        size_t field;
        const char *word;
        bool in_site; /* keeps the site layout from being as well */
    } cases[] = {
        {offsetof(struct nginx_facts, broken), "wrong already", true},
        {offsetof(struct nginx_facts, name_taken_by), "another site", true},
        {offsetof(struct nginx_facts, port_in_stream_at), "stream server", true},
        {offsetof(struct nginx_facts, stream_block_at), "only one", false},
    };
    struct nginx_facts f;
    enum proxy_layout layout;
    char why[1024];

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f = good_facts();
        strcpy((char *) &f + cases[i].field, "/etc/nginx/x:7");
        assert_int_equal(choose("PROXY=front\n", &f, &layout, why), -EINVAL);
        assert_non_null(strstr(why, "/etc/nginx/x:7"));
        assert_non_null(strstr(why, cases[i].word));
        assert_int_equal(choose("PROXY=site\n", &f, &layout, why), cases[i].in_site ? -EINVAL : 0);
        assert_int_equal(choose("", &f, &layout, why), cases[i].in_site ? -EINVAL : 0);
    }
    f = good_facts();
    f.has_stream = false;
    assert_int_equal(choose("", &f, &layout, why), 0);
    assert_non_null(strstr(why, "libnginx-mod-stream"));
    f = good_facts();
    f.site_link[0] = '\0';
    assert_int_equal(choose("", &f, &layout, why), -EINVAL);
    f = good_facts();
    f.stream_link[0] = '\0';
    assert_int_equal(choose("", &f, &layout, why), 0);
    assert_int_equal(layout, PROXY_SITE);
}

static void test_advice(void **state)
{
    struct nginx_facts f = good_facts();
    struct settings *s = settings_of("");
    char text[1024];

    (void) state;
    f.worker_connections = 768;
    strcpy(f.worker_connections_at, "/etc/nginx/nginx.conf:8");
    assert_true(nginx_advise_connections(s, &f, PROXY_FRONT, text, sizeof(text)));
    assert_non_null(strstr(text, "about 192 browsers"));
    assert_non_null(strstr(text, "nginx.conf:8"));
    assert_true(nginx_advise_connections(s, &f, PROXY_SITE, text, sizeof(text)));
    assert_non_null(strstr(text, "about 384 browsers"));
    assert_false(nginx_advise_connections(s, &f, PROXY_EXTERNAL, text, sizeof(text)));
    f.worker_connections = 10240;
    assert_false(nginx_advise_connections(s, &f, PROXY_FRONT, text, sizeof(text)));
    assert_string_equal(text, "");
    settings_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_listen),
        cmocka_unit_test(test_collisions),
        cmocka_unit_test(test_build),
        cmocka_unit_test_setup_teardown(test_debian, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_ours_does_not_count, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_others, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_loops_and_noise, make_root, remove_root),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_choice_of_shared),
        cmocka_unit_test(test_choice_that_cannot_be),
        cmocka_unit_test(test_advice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
