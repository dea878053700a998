#include "installed_kit.h"

#include "apply/places.h"

static struct network lan(bool ipv6)
{
    struct network n = {.ipv6 = ipv6};

    assert_int_equal(addr_parse_ip("192.168.1.4", 0, &n.local[n.n_local++]), 0);
    if (ipv6)
        assert_int_equal(addr_parse_ip("2001:db8::4", 0, &n.local[n.n_local++]), 0);
    return n;
}

static struct turn_ip told; /* of the last call */
static bool on_web_port;

static struct places places(const char *env, bool ipv6, const char *turn_ip,
                            struct places_texts *texts)
{
    struct settings *s = kit_settings(env);
    struct network n = lan(ipv6);
    struct installation in = {
        .settings = s,
        .network = &n,
        .turn_ip = &told,
        .turn_secret = "s3cret",
        .call_pages = "/usr/share/visavis/call",
        .cores = 4,
        .nginx = true,
        .turn_on_web_port = on_web_port,
    };
    struct places p;

    snprintf(told.text, sizeof(told.text), "%s", turn_ip);
    places_of(&in, texts, &p);
    settings_free(s);
    return p;
}

static void assert_list(const char *const *list, const char *const *wanted)
{
    for (; *wanted; wanted++, list++) {
        assert_non_null(*list);
        assert_string_equal(*list, *wanted);
    }
    assert_null(*list);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void usual(void **state)
{
    struct places_texts *t = malloc(sizeof(*t));
    struct places p;

    (void) state;
    assert_non_null(t);
    p = places("", true, "192.168.1.4", t);
    assert_string_equal(p.public_url, "https://a.example.org");
    assert_string_equal(p.openvidu_url, "http://127.0.0.1:5443");
    assert_string_equal(p.control_socket, "/run/visavis/media.sock");
    assert_string_equal(p.recordings, "/var/lib/visavis/recordings");
    assert_string_equal(p.layouts, "/var/lib/visavis/custom-layout");
    assert_list(p.signaling_listen,
                LIST("unix:/run/visavis/signaling.sock", "tcp:127.0.0.1:5443", "tcp:[::1]:5443"));
    assert_list(p.metrics_listen, LIST("tcp:127.0.0.1:5446", "tcp:[::1]:5446"));
    assert_list(p.call_listen, LIST("tcp:127.0.0.1:5442", "tcp:[::1]:5442"));
    assert_list(p.turn_listen,
                LIST("udp:0.0.0.0:3478", "udp:[::]:3478", "tcp:0.0.0.0:3478", "tcp:[::]:3478",
                     "tls:0.0.0.0:5349", "tls:[::]:5349", "dtls:0.0.0.0:5349", "dtls:[::]:5349"));
    assert_null(p.turn_external_ip); /* it is ours */
    assert_string_equal(p.turn_api, "/run/visavis/turn.sock");
    assert_string_equal(p.turn_certificate, "/var/lib/visavis/certs/live/fullchain.pem");
    assert_string_equal(p.turn_certificate_key, "/var/lib/visavis/certs/live/privkey.pem");
    assert_string_equal(p.turn_web_listen, "/run/visavis/nginx/turn.sock");
    assert_string_equal(p.turn_web_backend, "/run/visavis/turn/site.sock");
    assert_string_equal(p.turn_metrics, "/run/visavis/metrics/turn.prom");
    assert_string_equal(p.store, "unix:/run/visavis/redis/redis.sock");
    assert_null(p.store_prefix); /* it is ours alone */
    assert_null(p.turns_url);    /* its certificate is self-signed */
    assert_null(p.selfsigned_mark);
    assert_true(p.accel && p.call_login);
    assert_int_equal(p.turn_threads, 4);
    free(t);
}

static void otherwise(void **state)
{
    struct places_texts *t = malloc(sizeof(*t));
    struct places p;

    (void) state;
    assert_non_null(t);
    p = places("SERVER_PORT=6443\nHTTPS_PORT=8443\nCOTURN_PORT=443\n"
               "OPENVIDU_RECORDING_PATH=/srv/rec\nOPENVIDU_RECORDING_CUSTOM_LAYOUT=/srv/lay\n",
               false, "203.0.113.5", t);
    assert_string_equal(p.public_url, "https://a.example.org:8443");
    assert_string_equal(p.openvidu_url, "http://127.0.0.1:6443");
    assert_string_equal(p.recordings, "/srv/rec");
    assert_string_equal(p.layouts, "/srv/lay");
    assert_list(p.signaling_listen, LIST("unix:/run/visavis/signaling.sock", "tcp:127.0.0.1:6443"));
    assert_list(p.call_listen, LIST("tcp:127.0.0.1:5442"));
    assert_list(p.turn_listen, LIST("udp:0.0.0.0:443", "tcp:0.0.0.0:443", "tls:0.0.0.0:5349",
                                    "dtls:0.0.0.0:5349"));
    assert_string_equal(p.turn_external_ip, "203.0.113.5");
    assert_list(p.metrics_listen, LIST("tcp:127.0.0.1:5446"));
    p = places("REDIS_URL=redis://:pw@10.0.0.9/2\n", true, "203.0.113.5", t);
    assert_string_equal(p.store, "redis://:pw@10.0.0.9/2");
    assert_string_equal(p.store_prefix, "visavis:a.example.org");
    p = places("METRICS_PORT=0\n", true, "203.0.113.5", t);
    assert_list(p.metrics_listen, ((const char *const[]){NULL}));
    p = places("COTURN_INTERNAL_RELAY=true\n", false, "203.0.113.5", t);
    assert_null(p.turn_external_ip);
    p = places("", false, "turn.example.org", t);
    assert_null(p.turn_external_ip);
    free(t);
}

static void assert_turns(const char *env, bool web_port, const char *wanted)
{
    struct places_texts *t = malloc(sizeof(*t));
    struct places p;

    assert_non_null(t);
    on_web_port = web_port;
    p = places(env, false, "203.0.113.5", t);
    on_web_port = false;
    if (!wanted) {
        assert_null(p.turns_url);
    } else {
        assert_string_equal(p.turns_url, wanted);
        assert_string_equal(p.selfsigned_mark, "/var/lib/visavis/certs/live/ca.crt");
    }
    free(t);
}

/* The name of the certificate, never COTURN_IP. */
static void turns(void **state)
{
    (void) state;
    assert_turns("CERTIFICATE_TYPE=owncert\nCOTURN_IP=203.0.113.9\n", false,
                 "turns:a.example.org:5349?transport=tcp");
    assert_turns("CERTIFICATE_TYPE=letsencrypt\nTURN_TLS_PORT=5350\n", false,
                 "turns:a.example.org:5350?transport=tcp");
    assert_turns("CERTIFICATE_TYPE=letsencrypt\n", true, "turns:a.example.org:443?transport=tcp");
    assert_turns("CERTIFICATE_TYPE=letsencrypt\nHTTPS_PORT=8443\nTURN_TLS_PORT=0\n", true,
                 "turns:a.example.org:8443?transport=tcp");
    assert_turns("CERTIFICATE_TYPE=owncert\nDOMAIN_OR_PUBLIC_IP=2001:db8::5\n", true,
                 "turns:[2001:db8::5]:443?transport=tcp");
    assert_turns("CERTIFICATE_TYPE=owncert\nTURN_TLS_PORT=0\n", false, NULL);
    assert_turns("CERTIFICATE_TYPE=selfsigned\n", true, NULL);
}

static void assert_names(const char *env, const struct network *n, const char *const *wanted)
{
    struct settings *s = kit_settings(env);
    struct place_names *names = malloc(sizeof(*names));

    assert_non_null(names);
    places_names(s, n, names);
    assert_list(names->list, wanted);
    settings_free(s);
    free(names);
}

static void names(void **state)
{
    struct network n = lan(true), ipv6_only = lan(true), many = {.ipv6 = false};

    (void) state;
    assert_names("", &n, LIST("a.example.org", "localhost", "192.168.1.4"));
    assert_names("REDIRECT_WWW=true\n", &n,
                 LIST("a.example.org", "www.a.example.org", "localhost", "192.168.1.4"));
    assert_names("CERTIFICATE_TYPE=owncert\nREDIRECT_WWW=true\n", &n,
                 LIST("a.example.org", "www.a.example.org"));
    assert_names("CERTIFICATE_NAMES=*.b.example,c.example,a.example.org\n", &n,
                 LIST("a.example.org", "c.example", "localhost", "192.168.1.4"));
    assert_names("CERTIFICATE_TYPE=owncert\nCERTIFICATE_NAMES=c.example\n", &n,
                 LIST("a.example.org"));
    assert_names("CERTIFICATE_TYPE=letsencrypt\nREDIRECT_WWW=true\n"
                 "CERTIFICATE_NAMES=*.b.example,203.0.113.5\n",
                 &n, LIST("a.example.org", "www.a.example.org", "*.b.example", "203.0.113.5"));
    ipv6_only.local[0] = ipv6_only.local[1];
    assert_names("", &ipv6_only, LIST("a.example.org", "localhost", "2001:db8::4"));
    for (int i = 0; i < NETWORK_LOCAL_MAX; i++) {
        char ip[32];

        snprintf(ip, sizeof(ip), "10.0.0.%d", i);
        assert_int_equal(addr_parse_ip(ip, 0, &many.local[many.n_local++]), 0);
    }
    assert_names("", &many,
                 LIST("a.example.org", "localhost", "10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3",
                      "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8", "10.0.0.9",
                      "10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.13"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual),
        cmocka_unit_test(otherwise),
        cmocka_unit_test(turns),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
