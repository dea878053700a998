/* What is rendered must be read back by libconfig exactly as it was meant. */
#include "installer/render.h"

#include <libconfig.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *no_value(const char *key, void *arg)
{
    (void) key;
    (void) arg;
    return NULL;
}

static void no_problem(const struct setting_problem *p, void *arg)
{
    (void) arg;
    fail_msg("%s", p->key);
}

typedef void render_fn(struct wr *w, const struct settings *s, const struct places *p);

static void read_back(render_fn *fn, const struct places *p, config_t *ret)
{
    struct settings *s = NULL;
    char text[8192];
    struct wr w = wr_init(text, sizeof(text) - 1);
    size_t len = 0;

    assert_int_equal(settings_load(SETTINGS_DEV, no_value, NULL, no_problem, NULL, &s), 0);
    fn(&w, s, p);
    assert_int_equal(wr_finish(&w, &len), 0);
    text[len] = '\0';
    settings_free(s);
    config_init(ret);
    if (config_read_string(ret, text) != CONFIG_TRUE)
        fail_msg("line %d: %s\n%s", config_error_line(ret), config_error_text(ret), text);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signaling),
        cmocka_unit_test(test_media_and_turn),
        cmocka_unit_test(test_text_is_quoted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
