/* What each type takes and what it refuses. */
#include "env_kit.h"

#include "host/paths.h"

struct wrong {
    const char *text, *what;
};

static void refuse_all(enum setting id, const struct wrong *wrong)
{
    char example[320];

    for (; wrong->text; wrong++)
        kit_refused(setting_def(id)->key, wrong->text, wrong->what, example);
}

#define REFUSED(id, ...) refuse_all(id, (struct wrong[]){__VA_ARGS__, {NULL, NULL}})

static void expect_warning(enum setting id, const char *value, const char *what)
{
    const char *key = setting_def(id)->key;
    char line[1024];
    struct kit k;

    snprintf(line, sizeof(line), "%s%s=%s\n",
             id == SET_OPENVIDU_SECRET ? "DOMAIN_OR_PUBLIC_IP=a.example\n" : KIT_BASE, key, value);
    k = kit_load(line);
    assert_non_null(k.s);
    kit_expect(&k, key, SETTING_WARNING, what);
    assert_int_equal(problems_n(k.p), 1);
    kit_done(&k);
}

static void test_secret(void **state)
{
    char longest[258];

    (void) state;
    kit_taken(SET_OPENVIDU_SECRET, "0123456789abc_-X", "0123456789abc_-X");
    REFUSED(SET_OPENVIDU_SECRET, {"with blank here", "is no letter"},
            {"0123456789abcdefX!", "is no letter"}, {"p\xc3\xa4sswort12345678", "is no letter"});
    memset(longest, 'a', 256);
    longest[0] = 'b';
    longest[256] = '\0';
    kit_taken(SET_OPENVIDU_SECRET, longest, longest);
    longest[256] = 'a';
    longest[257] = '\0';
    REFUSED(SET_OPENVIDU_SECRET, {longest, "longer than 256"});
}

static void test_weak_secrets(void **state)
{
    (void) state;
    expect_warning(SET_OPENVIDU_SECRET, "MY_SECRET", "documentation");
    expect_warning(SET_OPENVIDU_SECRET, "my_secret", "documentation");
    expect_warning(SET_OPENVIDU_SECRET, "changeme", "documentation");
    expect_warning(SET_OPENVIDU_SECRET, setting_def(SET_OPENVIDU_SECRET)->example, "documentation");
    expect_warning(SET_OPENVIDU_SECRET, "aaaaaaaaaaaaaaaaaaaaaaaa", "one character");
    expect_warning(SET_OPENVIDU_SECRET, "0123456789abcde", "15 characters");
    expect_warning(SET_CALL_SECRET, "hello", "5 characters");
    expect_warning(SET_COTURN_SHARED_SECRET_KEY, "hello", "5 characters");
}

static void test_passwords(void **state)
{
    (void) state;
    kit_taken(SET_CALL_SECRET, "a phrase of w\xc3\xb6rds: \"fine\"",
              "a phrase of w\xc3\xb6rds: \"fine\"");
    kit_taken(SET_COTURN_SHARED_SECRET_KEY, "any/thing+but=blanks", "any/thing+but=blanks");
    REFUSED(SET_COTURN_SHARED_SECRET_KEY, {"0123456789 abcdefg", "has a blank"});
    REFUSED(SET_CALL_SECRET, {"0123456789abcde\x7f", "control character"},
            {"0123456789abcde\xff", "no UTF-8"});
    kit_taken(SET_CALL_USER, "J\xc3\xb6rg", "J\xc3\xb6rg");
    REFUSED(SET_CALL_USER, {"a:b", "colon"});
}

static void test_email(void **state)
{
    (void) state;
    kit_taken(SET_LETSENCRYPT_EMAIL, "admin@example.org", "admin@example.org");
    kit_taken(SET_LETSENCRYPT_EMAIL, "a.b+c@x-y.example", "a.b+c@x-y.example");
    kit_taken(SET_LETSENCRYPT_EMAIL, "user@example.com", ""); /* the original's placeholder */
    REFUSED(SET_LETSENCRYPT_EMAIL, {"admin", "no e-mail"}, {"@a.example", "no e-mail"},
            {"a@b", "no e-mail"}, {"a b@c.example", "no e-mail"}, {"a@b@c.example", "no e-mail"},
            {"a@-c.example", "no e-mail"}, {"\"a\"@c.example", "no e-mail"});
}

static void test_addresses(void **state)
{
    char example[320];

    (void) state;
    kit_taken(SET_COTURN_IP, "auto-ipv6", "auto-ipv6");
    kit_taken(SET_COTURN_IP, "203.0.113.5", "203.0.113.5");
    kit_taken(SET_PROXY_PUBLIC_IP, "2001:db8::5", "2001:db8::5");
    kit_taken(SET_COTURN_IP, "turn.example.org", "turn.example.org");
    REFUSED(SET_COTURN_IP, {"auto", "neither auto-ipv4"}, {"auto-ipv5", "neither auto-ipv4"},
            {"203.0.113.5:3478", "has a port"}, {"0.0.0.0", "no address"});
    kit_refused("COTURN_IP", "203.0.113.5:3478", "has a port", example);
    assert_string_equal(example, "203.0.113.5");
}

static void test_choices(void **state)
{
    char example[320];

    (void) state;
    kit_taken(SET_STREAMS_FORCED_VIDEO_CODEC, "H264", "H264");
    kit_refused("OPENVIDU_STREAMS_FORCED_VIDEO_CODEC", "h264", "letter case", example);
    assert_string_equal(example, "H264");
    REFUSED(SET_STREAMS_FORCED_VIDEO_CODEC, {"AV1", "is none"});
    REFUSED(SET_CALL_PRIVATE_ACCESS, {"true", "is none"}, {"enabled", "letter case"});
}

static void test_paths(void **state)
{
    struct kit k;
    char path[PATH_MAX];

    (void) state;
    kit_taken(SET_RECORDING_PATH, "/srv/rec", "/srv/rec");
    kit_taken(SET_RECORDING_PATH, "/srv/rec//", "/srv/rec");
    kit_taken(SET_RECORDING_PATH, "/srv/\xc3\xa4/x..y", "/srv/\xc3\xa4/x..y");
    REFUSED(SET_RECORDING_PATH, {"rec", "no absolute path"}, {"/", "root folder"},
            {"/srv/../etc", "\"..\""}, {"/srv/..", "\"..\""}, {"/srv/./x", "\".\""},
            {"/srv//x", "empty part"}, {"/srv/a b", "blank"}, {"/srv/$x", "has a blank or one of"},
            {"/srv/%h", "has a blank or one of"}, {"/srv/a;b", "has a blank or one of"},
            {"/etc/x", "folder of the system"}, {"/usr", "folder of the system"},
            {"/proc/1", "folder of the system"}, {"/home/x", "see nothing"},
            {"/tmp", "see nothing"}, {"/var/lib/visavis", "its own files"},
            {"/var/lib/visavis/certs", "its own files"}, {"/var/lib", "its own files"});
    kit_taken(SET_RECORDING_PATH, "/etcetera", "/etcetera");
    kit_taken(SET_RECORDING_PATH, "/var/lib/visavis2", "/var/lib/visavis2");
    k = kit_load_more("OPENVIDU_CDR_PATH=/srv/cdr");
    assert_string_equal(settings_path(k.s, SET_CDR_PATH, path), "/srv/cdr");
    kit_done(&k);
}

/* The original's default places mean ours, which are those of the list of paths. */
static void test_paths_of_the_original(void **state)
{
    static const struct {
        enum setting id;
        const char *old;
        enum path place;
    } places[] = {
        {SET_RECORDING_PATH, "/opt/openvidu/recordings", PATH_RECORDINGS},
        {SET_CDR_PATH, "/opt/openvidu/cdr/", PATH_CDR},
        {SET_RECORDING_CUSTOM_LAYOUT, "/opt/openvidu/custom-layout", PATH_LAYOUTS},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        kit_taken(places[i].id, places[i].old, path_of(places[i].place));
        kit_taken(places[i].id, "", path_of(places[i].place));
        kit_taken(places[i].id, path_of(places[i].place), path_of(places[i].place));
    }
    kit_taken(SET_RECORDING_PATH, "/opt/openvidu/cdr", "/opt/openvidu/cdr");
}

static void test_urls(void **state)
{
    (void) state;
    kit_taken(SET_WEBHOOK_ENDPOINT, "https://app.example.org/events",
              "https://app.example.org/events");
    kit_taken(SET_WEBHOOK_ENDPOINT, "http://u:p@[::1]:8080?x=y", "http://u:p@[::1]:8080?x=y");
    kit_taken(SET_WEBHOOK_ENDPOINT, "http://localhost", "http://localhost");
    REFUSED(SET_WEBHOOK_ENDPOINT, {"app.example.org", "does not begin"},
            {"ftp://a", "does not begin"}, {"http://", "no host name"},
            {"http:///x", "no host name"}, {"http://u@:80/", "no host name"},
            {"http://a:0/", "wrong port"}, {"http://a:65536", "wrong port"},
            {"http://a:b/", "wrong port"}, {"http://a b/", "character"},
            {"http://a_b/", "wrong host name"}, {"http://[::1/", "IPv6"},
            {"http://[::1]x/", "IPv6"}, {"http://[a.b.c.]/", "wrong host name"},
            {"http://a/\"x\"", "character"});
    kit_taken(SET_REDIS_URL, "redis://:secret@10.0.0.9:6379/0", "redis://:secret@10.0.0.9:6379/0");
    kit_taken(SET_REDIS_URL, "unix:///run/redis.sock", "unix:///run/redis.sock");
    REFUSED(SET_REDIS_URL, {"http://a", "does not begin"}, {"unix://run", "absolute path"},
            {"rediss://10.0.0.9", "asks for TLS"}, {"redis://secret@10.0.0.9", "PASSWORD"},
            {"redis://10.0.0.9/x", "database"});
}

static void test_what_nginx_reads(void **state)
{
    (void) state;
    kit_taken(SET_CLIENT_MAX_BODY_SIZE, "0", "0");
    kit_taken(SET_CLIENT_MAX_BODY_SIZE, "12k", "12k");
    REFUSED(SET_CLIENT_MAX_BODY_SIZE, {"12 M", "no size"}, {"12MB", "no size"}, {"M", "no size"},
            {"-1", "no size"}, {"1234567890", "no size"}, {"1m; x", "no size"});
    kit_taken(SET_HTTPS_PROTOCOLS, "TLSv1.3", "TLSv1.3");
    REFUSED(SET_HTTPS_PROTOCOLS, {"SSLv3", "no version"}, {"TLSv1.2,TLSv1.3", "no version"},
            {"TLSv1.3; x", "no version"});
    expect_warning(SET_HTTPS_PROTOCOLS, "TLSv1.1 TLSv1.2", "TLSv1.1, which is broken");
    kit_taken(SET_HTTPS_CIPHERS, "HIGH:!aNULL:@STRENGTH", "HIGH:!aNULL:@STRENGTH");
    REFUSED(SET_HTTPS_CIPHERS, {"HIGH;x", "character"}, {"'HIGH'x", "character"},
            {"HIGH x", "character"}, {"$x", "character"}, {"a{b", "character"});
    kit_taken(SET_HTTPS_HSTS, "max-age=0", "max-age=0");
    kit_taken(SET_HTTPS_HSTS, "Max-Age=1; includeSubDomains;preload",
              "Max-Age=1; includeSubDomains;preload");
    REFUSED(SET_HTTPS_HSTS, {"63072000", "has a part"}, {"max-age=", "has a part"},
            {"max-age=1x", "has a part"}, {"includeSubDomains", "has no max-age"},
            {"max-age=1;max-age=2", "twice"}, {"max-age=1;preload;preload", "twice"},
            {"max-age=1;", "has a part"}, {"max-age=1\" x", "has a part"},
            {"max-age=1; $x", "has a part"}, {"max-age=12345678901", "has a part"});
}

static void test_allow_lists(void **state)
{
    char many[3000] = "";

    (void) state;
    kit_taken(SET_ALLOWED_ACCESS_TO_RESTAPI, "198.51.100.7,10.0.0.0/8 ,  2001:db8::/32,",
              "198.51.100.7, 10.0.0.0/8, 2001:db8::/32");
    REFUSED(SET_ALLOWED_ACCESS_TO_RESTAPI, {"999.1.1.1", "no network: 999.1.1.1"},
            {"10.0.0.0/33", "no network"}, {"::/129", "no network"}, {"10.0.0.0/", "no network"},
            {"10.0.0.0/x", "no network"}, {"10.0.0.0/8 10.1.1.1", "no network"},
            {"localhost", "no network"}, {"10.0.0", "no network"},
            {"::ffff:10.0.0.0/104", "no network"});
    expect_warning(SET_ALLOWED_ACCESS_TO_DASHBOARD, "10.0.0.1/8", "do not count: 10.0.0.1/8");
    for (int i = 0; i < 101; i++)
        sprintf(many + strlen(many), "10.0.0.%d,", i);
    REFUSED(SET_ALLOWED_ACCESS_TO_DASHBOARD, {many, "more than 100"});
}

static void test_pairs_of_addresses(void **state)
{
    struct addr inside, outside;
    char text[ADDR_TEXT_SIZE];

    (void) state;
    kit_taken(SET_MEDIA_NODES_PUBLIC_IPS, "[10.0.0.5:203.0.113.5]", "[\"10.0.0.5:203.0.113.5\"]");
    kit_taken(SET_MEDIA_NODES_PUBLIC_IPS, "[\"[fd00::5]:[2001:db8::5]\"]",
              "[\"[fd00::5]:[2001:db8::5]\"]");
    REFUSED(SET_MEDIA_NODES_PUBLIC_IPS, {"[10.0.0.5]", "no pair"}, {"[10.0.0.5:x]", "no pair"},
            {"[10.0.0.5:1.2.3.4:5]", "no pair"}, {"[10.0.0.5:\"1.2.3.4\"", "lacks the closing ]"},
            {"[\"10.0.0.5:[2001:db8::5]\"]", "IPv4 and an IPv6"}, {"[\"[fd00::5\"]", "no pair"},
            {"[\"fd00::5:1.2.3.4\"]", "no pair"});
    assert_int_equal(setting_pair_parse("[fd00::5]:[2001:db8::5]", &inside, &outside), 0);
    assert_string_equal(addr_format_ip(&inside, text), "fd00::5");
    assert_string_equal(addr_format_ip(&outside, text), "2001:db8::5");
}

static void test_ice_servers(void **state)
{
    (void) state;
    kit_taken(SET_WEBRTC_ICE_SERVERS,
              "[\"url=stun:stun.example.org:3478\", \"url=turn:[2001:db8::1]:3478?transport=tcp,"
              "username=u,credential=c=d\",'url=turns:a.example,staticAuthSecret=s']",
              "[\"url=stun:stun.example.org:3478\",\"url=turn:[2001:db8::1]:3478?transport=tcp,"
              "username=u,credential=c=d\",\"url=turns:a.example,staticAuthSecret=s\"]");
    REFUSED(SET_WEBRTC_ICE_SERVERS, {"[\"url=turn:a.b\"]", "need either"},
            {"[\"url=turn:a.b,username=u\"]", "need either"},
            {"[\"url=turn:a.b,username=u,credential=c,staticAuthSecret=s\"]", "beside"},
            {"[\"url=turn:a.b,username=u,staticAuthSecret=s\"]", "beside staticAuthSecret"},
            {"[\"url=stun:a.b,username=u\"]", "take no credentials"},
            {"[\"url=http://a.b\"]", "none of stun:"}, {"[\"username=u\"]", "has no url"},
            {"[\"url=stun:a.b?transport=udp\"]", "for turn alone"},
            {"[\"url=turn:a.b?transport=tls,staticAuthSecret=s\"]", "?transport=udp"},
            {"[\"url=stun:\"]", "proper host name"}, {"[\"url=stun:a_b\"]", "proper host name"},
            {"[\"url=stun:a:99999\"]", "proper host name"},
            {"[\"urls=stun:a\"]", "a part that is none"}, {"[\"url=stun:a,\"]", "a part that is"},
            {"[url=turn:a.b,username=u,credential=c]", "cut at its commas"},
            {"[url=stun:a.b,username=u]", "cut at its commas"});
}

static void test_headers(void **state)
{
    (void) state;
    kit_taken(SET_WEBHOOK_HEADERS, "[\"Authorization: Basic YWJj\",\"X-A:  b\"]",
              "[\"Authorization: Basic YWJj\",\"X-A:  b\"]");
    REFUSED(SET_WEBHOOK_HEADERS, {"[\"Authorization\"]", "number 1"},
            {"[\"A: b\",\"C:d\"]", "number 2"}, {"[\"A: \"]", "no \"Name: value\""},
            {"[\": x\"]", "wrong name"}, {"[\"A B: x\"]", "wrong name"});
}

static void test_lists_keep_their_secrets_hidden(void **state)
{
    (void) state;
    assert_true(setting_is_hidden(setting_def(SET_WEBHOOK_HEADERS)));
    assert_true(setting_is_hidden(setting_def(SET_WEBRTC_ICE_SERVERS)));
    assert_true(setting_is_hidden(setting_def(SET_REDIS_URL)));
    assert_true(setting_is_hidden(setting_def(SET_CALL_ADMIN_SECRET)));
    assert_false(setting_is_hidden(setting_def(SET_CALL_USER)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_weak_secrets),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_email),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_paths_of_the_original),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_what_nginx_reads),
        cmocka_unit_test(test_allow_lists),
        cmocka_unit_test(test_pairs_of_addresses),
        cmocka_unit_test(test_ice_servers),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_lists_keep_their_secrets_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
