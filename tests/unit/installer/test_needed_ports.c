#include "doctor/needed_ports.h"
#include "tests/unit/installer/settings_kit.h"

#include <sys/socket.h>

/* "tcp 443 nginx", a line each; a '*' marks what must be reached from outside. */
static void assert_ports(const char *env, const char *expected)
{
    struct needed_port list[NEEDED_PORTS_MAX];
    struct settings *s = settings_of(env);
    size_t n = needed_ports(s, list), len = 0;
    char text[2048] = "";

    for (size_t i = 0; i < n; i++) {
        len += (size_t) snprintf(text + len, sizeof(text) - len, "%s%s %u",
                                 list[i].from_outside ? "*" : "",
                                 list[i].type == SOCK_STREAM ? "tcp" : "udp", list[i].first);
        if (list[i].last != list[i].first)
            len += (size_t) snprintf(text + len, sizeof(text) - len, "-%u", list[i].last);
        len += (size_t) snprintf(text + len, sizeof(text) - len, " %s\n", list[i].program);
        assert_true(list[i].listened);
        assert_non_null(list[i].what);
        assert_int_equal(list[i].web, strcmp(list[i].program, "nginx") == 0);
    }
    assert_string_equal(text, expected);
    settings_free(s);
}

#define TURN                                                                                       \
    "*udp 3478 visavis-turn\n*tcp 3478 visavis-turn\n*tcp 5349 visavis-turn\n"                     \
    "*udp 5349 visavis-turn\n"

static void those_of_an_ordinary_server(void **state)
{
    (void) state;
    assert_ports("CERTIFICATE_TYPE=selfsigned\nMEDIA_WORKERS=1\n",
                 "*tcp 443 nginx\n*tcp 80 nginx\ntcp 5443 visavis-signaling\n"
                 "tcp 5446 visavis-signaling\n"
                 "tcp 5442 visavis-call\n" TURN "*udp 40000 visavis-media\n"
                 "*tcp 40000 visavis-media\n");
}

static void settings_choose(void **state)
{
    (void) state;
    assert_ports("CERTIFICATE_TYPE=selfsigned\nMEDIA_WORKERS=4\nPROXY=external\nCALL_APP=off\n"
                 "MEDIA_ICE_TCP=false\nMEDIA_PORT=41000\nMETRICS_PORT=9090\nTURN_TLS_PORT=0\n",
                 "tcp 5443 visavis-signaling\ntcp 9090 visavis-signaling\n"
                 "*udp 3478 visavis-turn\n*tcp 3478 visavis-turn\n"
                 "*udp 41000-41003 visavis-media\n");
}

/* It goes to clients by TCP, and they do not come. */
static void media_that_finds_its_ways(void **state)
{
    (void) state;
    assert_ports("CERTIFICATE_TYPE=selfsigned\nMEDIA_WORKERS=1\nMEDIA_ICE=agent\n"
                 "PROXY=external\nCALL_APP=off\n",
                 "tcp 5443 visavis-signaling\ntcp 5446 visavis-signaling\n" TURN
                 "*udp 40000 visavis-media\n");
}

static void what_http_is_for(void **state)
{
    static const struct {
        const char *env;
        bool ca;
    } rows[] = {
        {"CERTIFICATE_TYPE=selfsigned\n", false},
        {"CERTIFICATE_TYPE=letsencrypt\nLETSENCRYPT_EMAIL=a@b.example\n", true},
        {"CERTIFICATE_TYPE=letsencrypt\nLETSENCRYPT_EMAIL=a@b.example\n"
         "ACME_CHALLENGE=tls-alpn-01\n",
         false},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct needed_port list[NEEDED_PORTS_MAX];
        struct settings *s = settings_of(rows[i].env);

        (void) needed_ports(s, list);
        assert_string_equal(list[1].key, "HTTP_PORT");
        assert_int_equal(strstr(list[1].what, "certificate authority") != NULL, rows[i].ca);
        settings_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_of_an_ordinary_server),
        cmocka_unit_test(settings_choose),
        cmocka_unit_test(media_that_finds_its_ways),
        cmocka_unit_test(what_http_is_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
