/* What is rendered must be read back by libconfig exactly as it was meant. */
#include "installed_kit.h"

#include "apply/render.h"

#include <libconfig.h>

static const char *no_value(const char *key, void *arg)
{
    (void) key;
    (void) arg;
    return NULL;
}

typedef void render_fn(struct wr *w, const struct settings *s, const struct places *p);

/* Takes s. */
static void read_back_with(render_fn *fn, const struct places *p, struct settings *s, config_t *ret)
{
    char text[8192];
    struct wr w = wr_init(text, sizeof(text) - 1);
    size_t len = 0;

    fn(&w, s, p);
    assert_int_equal(wr_finish(&w, &len), 0);
    text[len] = '\0';
    settings_free(s);
    config_init(ret);
    if (config_read_string(ret, text) != CONFIG_TRUE)
        fail_msg("line %d: %s\n%s", config_error_line(ret), config_error_text(ret), text);
}

/* As `visavis dev` without any setting. */
static void read_back(render_fn *fn, const struct places *p, config_t *ret)
{
    struct settings *s = NULL;

    assert_int_equal(settings_load(SETTINGS_DEV, no_value, NULL, kit_on_problem, NULL, &s), 0);
    read_back_with(fn, p, s, ret);
}

static const struct places places = {
    .public_url = "http://localhost:4443",
    .openvidu_url = "http://127.0.0.1:4443",
    .control_socket = "/run/x/media.sock",
    .call_pages = "/a \"quoted\\ folder\"\n/call",
    .turn_secret = "s3cret",
    .turn_ip = "192.0.2.1",
    .turn_port = 3479,
    .signaling_listen = {"tcp:127.0.0.1:4443", "tcp:[::1]:4443"},
    .call_listen = {"tcp:127.0.0.1:5442"},
    .turn_listen = {"udp:[::]:3479"},
};

static void assert_text(config_t *c, const char *path, const char *wanted)
{
    const char *text = NULL;

    assert_int_equal(config_lookup_string(c, path, &text), CONFIG_TRUE);
    assert_string_equal(text, wanted);
}

static void assert_number(config_t *c, const char *path, int wanted)
{
    int n = 0;

    assert_int_equal(config_lookup_int(c, path, &n), CONFIG_TRUE);
    assert_int_equal(n, wanted);
}

static void test_signaling(void **state)
{
    config_t c;
    config_setting_t *listen;

    (void) state;
    read_back(render_signaling, &places, &c);
    assert_text(&c, "secret", "MY_SECRET");
    assert_text(&c, "media_server", "kurento");
    assert_text(&c, "turn_secret", "s3cret");
    assert_number(&c, "coturn_port", 3479);
    listen = config_lookup(&c, "listen");
    assert_non_null(listen);
    assert_int_equal(config_setting_length(listen), 2);
    assert_string_equal(config_setting_get_string_elem(listen, 1), "tcp:[::1]:4443");
    config_destroy(&c);
}

static void test_signaling_limits(void **state)
{
    static const struct {
        const char *key;
        int value;
    } limits[] = {
        {"max_sessions", 10000},       {"max_connections", 5000},
        {"max_participants", 1000},    {"max_clients", 10000},
        {"max_waiting", 1000},         {"max_http", 4096},
        {"max_per_address", 256},      {"max_participants_per_address", 256},
        {"max_queued_requests", 256},  {"max_messages_per_s", 200},
        {"max_data_bytes", 10000},     {"max_unread_kib", 1024},
        {"max_unread_total_mib", 256},
    };
    config_t c;

    (void) state;
    read_back(render_signaling, &places, &c);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        assert_number(&c, limits[i].key, limits[i].value);
    config_destroy(&c);
}

static void test_media_and_turn(void **state)
{
    config_t c;

    (void) state;
    read_back(render_media, &places, &c);
    assert_text(&c, "control", "/run/x/media.sock");
    assert_number(&c, "port", 40000);
    config_destroy(&c);
    read_back(render_turn, &places, &c);
    assert_text(&c, "secret", "s3cret");
    assert_number(&c, "relay_min", 57001);
    config_destroy(&c);
}

static void test_text_is_quoted(void **state)
{
    config_t c;

    (void) state;
    read_back(render_call, &places, &c);
    assert_text(&c, "pages", places.call_pages);
    config_destroy(&c);
}

static const struct places installed = {
    .public_url = "https://a.example.org",
    .openvidu_url = "http://127.0.0.1:5443",
    .control_socket = "/run/visavis/media.sock",
    .call_pages = "/usr/share/visavis/call",
    .turn_secret = "s3cret",
    .turn_ip = "203.0.113.5",
    .turn_external_ip = "203.0.113.5",
    .turn_port = 3478,
    .turn_api = "/run/visavis/turn.sock",
    .turn_certificate = "/certs/fullchain.pem",
    .turn_certificate_key = "/certs/privkey.pem",
    .turn_web_listen = "/run/visavis/nginx/turn.sock",
    .turn_web_backend = "/run/visavis/turn/site.sock",
    .turn_metrics = "/run/visavis/metrics/turn.prom",
    .turn_listen = {"udp:0.0.0.0:3478", "tcp:0.0.0.0:3478", "tls:0.0.0.0:5349"},
    .turns_url = "turns:a.example.org:443?transport=tcp",
    .selfsigned_mark = "/certs/ca.crt",
    .turn_threads = 4,
    .recordings = "/srv/rec",
    .layouts = "/srv/lay",
    .cdr = "/srv/cdr",
    .accel = true,
    .store = "redis://:p\"w@10.0.0.9",
    .store_prefix = "visavis:a.example.org",
    .call_login = true,
};

static void assert_bool(config_t *c, const char *path, bool wanted)
{
    int b = -1;

    assert_int_equal(config_lookup_bool(c, path, &b), CONFIG_TRUE);
    assert_int_equal(b, wanted);
}

static void assert_items(config_t *c, const char *path, const char *const *wanted)
{
    config_setting_t *list = config_lookup(c, path);
    int i = 0;

    assert_non_null(list);
    for (; wanted[i]; i++) {
        const char *item = config_setting_get_string_elem(list, i);

        assert_non_null(item);
        assert_string_equal(item, wanted[i]);
    }
    assert_int_equal(config_setting_length(list), i);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_installed_signaling(void **state)
{
    config_t c;

    (void) state;
    read_back_with(
        render_signaling, &installed,
        kit_settings("OPENVIDU_RECORDING_PUBLIC_ACCESS=true\nSUPPORT_DEPRECATED_API=true\n"
                     "OPENVIDU_WEBRTC_ICE_SERVERS=[\"url=stun:stun.example.org:3478\","
                     "\"url=turn:turn.example.org,username=u,credential=c\"]\n"),
        &c);
    assert_text(&c, "store", installed.store);
    assert_text(&c, "store_prefix", installed.store_prefix);
    assert_text(&c, "secret", "a-long-enough-secret");
    assert_text(&c, "recordings_path", "/srv/rec");
    assert_text(&c, "layouts_path", "/srv/lay");
    assert_bool(&c, "recordings_public", true);
    assert_bool(&c, "deprecated_api", true);
    assert_bool(&c, "accel", true);
    assert_text(&c, "turn_api", "/run/visavis/turn.sock");
    assert_text(&c, "turns_url", "turns:a.example.org:443?transport=tcp");
    assert_text(&c, "selfsigned_mark", "/certs/ca.crt");
    assert_items(&c, "ice_servers",
                 LIST("url=stun:stun.example.org:3478",
                      "url=turn:turn.example.org,username=u,credential=c"));
    config_destroy(&c);
}

/* The switches are in the keys that they switch. */
static void test_events(void **state)
{
    static const char on[] = "OPENVIDU_CDR=true\nOPENVIDU_WEBHOOK=true\n"
                             "OPENVIDU_WEBHOOK_ENDPOINT=https://u:p@hooks.example.org/x?y\n"
                             "OPENVIDU_WEBHOOK_HEADERS=[\"A: b, \\\"c\\\"\"]\n"
                             "OPENVIDU_WEBHOOK_EVENTS=[sessionCreated, signalSent]\n";
    static const char off[] = "OPENVIDU_WEBHOOK_ENDPOINT=https://hooks.example.org/\n";
    config_t c;

    (void) state;
    read_back_with(render_signaling, &installed, kit_settings(on), &c);
    assert_text(&c, "cdr_path", "/srv/cdr");
    assert_text(&c, "webhook_endpoint", "https://u:p@hooks.example.org/x?y");
    assert_items(&c, "webhook_headers", LIST("A: b, \"c\""));
    assert_items(&c, "webhook_events", LIST("sessionCreated", "signalSent"));
    config_destroy(&c);
    read_back_with(render_signaling, &installed, kit_settings(off), &c);
    assert_text(&c, "cdr_path", "");
    assert_text(&c, "webhook_endpoint", "");
    config_destroy(&c);
}

static void test_installed_media(void **state)
{
    config_t c;

    (void) state;
    read_back_with(render_media, &installed,
                   kit_settings("MEDIA_NODES_PUBLIC_IPS=[\"10.0.0.5:203.0.113.5\","
                                "\"[fd00::5]:[2001:db8::5]\"]\nMEDIA_ICE_TCP=false\n"),
                   &c);
    assert_bool(&c, "ice_tcp", false);
    assert_items(&c, "public_ips", LIST("203.0.113.5/10.0.0.5", "2001:db8::5/fd00::5"));
    assert_text(&c, "public_name", "a.example.org");
    assert_text(&c, "ice", "lite");
    config_destroy(&c);
    read_back_with(render_media, &installed,
                   kit_settings("MEDIA_ICE=agent\nMEDIA_ICE_SERVERS=[\"url=stun:192.0.2.7\","
                                "\"url=turn:[2001:db8::7]:3478,username=u,credential=c\"]\n"),
                   &c);
    assert_text(&c, "ice", "agent");
    assert_items(&c, "ice_servers",
                 LIST("url=stun:192.0.2.7", "url=turn:[2001:db8::7]:3478,username=u,credential=c"));
    config_destroy(&c);
}

static void test_installed_turn(void **state)
{
    config_t c;

    (void) state;
    read_back_with(render_turn, &installed, kit_settings(""), &c);
    assert_text(&c, "external_ip", "203.0.113.5");
    assert_number(&c, "threads", 4);
    assert_items(&c, "listen", LIST("udp:0.0.0.0:3478", "tcp:0.0.0.0:3478", "tls:0.0.0.0:5349"));
    assert_items(&c, "media", LIST("/run/visavis/media.sock"));
    assert_text(&c, "peers", "media");
    assert_items(&c, "allowed_peers", LIST(NULL));
    assert_items(&c, "denied_peers", LIST(NULL));
    assert_bool(&c, "internal_relay", false);
    assert_number(&c, "user_quota", 200);
    assert_number(&c, "total_quota", 8000);
    assert_number(&c, "user_kbps", 0);
    assert_null(config_lookup(&c, "alternate_server"));
    assert_text(&c, "api", "/run/visavis/turn.sock");
    assert_text(&c, "certificate", "/certs/fullchain.pem");
    assert_text(&c, "certificate_key", "/certs/privkey.pem");
    assert_text(&c, "web_listen", "/run/visavis/nginx/turn.sock");
    assert_text(&c, "web_backend", "/run/visavis/turn/site.sock");
    assert_items(&c, "old_secrets", LIST(NULL));
    assert_bool(&c, "sha256", false);
    assert_text(&c, "metrics", "/run/visavis/metrics/turn.prom");
    config_destroy(&c);
}

static void test_turn_of_the_operator(void **state)
{
    config_t c;

    (void) state;
    read_back_with(render_turn, &installed,
                   kit_settings("TURN_PEERS=public\nTURN_ALLOWED_PEERS=10.1.2.3:5000, 10.2.0.0/16\n"
                                "TURN_DENIED_PEERS=203.0.113.0/24\nCOTURN_INTERNAL_RELAY=true\n"
                                "TURN_OLD_SECRETS=an-older-secret-01,an-old-secret-\"02\"\n"
                                "TURN_USER_QUOTA=10\nTURN_TOTAL_QUOTA=100\n"
                                "TURN_USER_BANDWIDTH=4000\nTURN_SHA256=true\n"
                                "TURN_ALTERNATE_SERVER=[2001:db8::6]:3478\n"),
                   &c);
    assert_text(&c, "peers", "public");
    assert_items(&c, "allowed_peers", LIST("10.1.2.3:5000", "10.2.0.0/16"));
    assert_items(&c, "denied_peers", LIST("203.0.113.0/24"));
    assert_bool(&c, "internal_relay", true);
    assert_number(&c, "user_quota", 10);
    assert_number(&c, "total_quota", 100);
    assert_items(&c, "old_secrets", LIST("an-older-secret-01", "an-old-secret-\"02\""));
    assert_bool(&c, "sha256", true);
    assert_number(&c, "user_kbps", 4000);
    assert_text(&c, "alternate_server", "[2001:db8::6]:3478");
    config_destroy(&c);
}

static void test_installed_call(void **state)
{
    struct places in_dev = installed;
    config_t c;

    (void) state;
    read_back_with(render_call, &installed, kit_settings(""), &c);
    assert_bool(&c, "private_access", true);
    assert_bool(&c, "recording", true);
    assert_text(&c, "user", "admin");
    assert_text(&c, "secret", "a-long-enough-secret");
    assert_text(&c, "admin_secret", "a-long-enough-secret");
    config_destroy(&c);
    read_back_with(render_call, &installed,
                   kit_settings("CALL_PRIVATE_ACCESS=DISABLED\nCALL_RECORDING=DISABLED\n"
                                "CALL_USER=me\nCALL_SECRET=one-for-the-visitors\n"
                                "CALL_ADMIN_SECRET=one-for-the-admin\n"),
                   &c);
    assert_bool(&c, "private_access", false);
    assert_bool(&c, "recording", false);
    assert_text(&c, "user", "me");
    assert_text(&c, "secret", "one-for-the-visitors");
    assert_text(&c, "admin_secret", "one-for-the-admin");
    config_destroy(&c);
    in_dev.call_login = false;
    read_back_with(render_call, &in_dev, kit_settings(""), &c);
    assert_bool(&c, "private_access", false);
    config_destroy(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signaling),
        cmocka_unit_test(test_media_and_turn),
        cmocka_unit_test(test_signaling_limits),
        cmocka_unit_test(test_text_is_quoted),
        cmocka_unit_test(test_installed_signaling),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_installed_media),
        cmocka_unit_test(test_installed_turn),
        cmocka_unit_test(test_turn_of_the_operator),
        cmocka_unit_test(test_installed_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
