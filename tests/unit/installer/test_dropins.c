#include "installed_kit.h"

#include "apply/dropins.h"
#include "host/paths.h"

#include <errno.h>
#include <unistd.h>

static const char *text_of(enum dropin d, const char *env)
{
    static char text[8192];
    struct wr w = wr_init(text, sizeof(text) - 1);
    struct settings *s = kit_settings(env);
    size_t len = 0;

    render_dropin(&w, d, s);
    assert_int_equal(wr_finish(&w, &len), 0);
    text[len] = '\0';
    settings_free(s);
    return text;
}

static void none_is_needed_usually(void **state)
{
    (void) state;
    for (enum dropin d = 0; d < N_DROPINS; d++)
        assert_string_equal(text_of(d, ""), "");
    assert_string_equal(text_of(DROPIN_SIGNALING,
                                "OPENVIDU_RECORDING_PATH=/opt/openvidu/recordings\n"
                                "OPENVIDU_CDR_PATH=/opt/openvidu/cdr\n"),
                        "");
    assert_string_equal(text_of(DROPIN_TURN, "COTURN_PORT=1024\n"), "");
    assert_string_equal(text_of(DROPIN_SIGNALING_SOCKET, "SERVER_PORT=5443\n"), "");
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no %s in:\n%s", part, text);
}

static void folders_of_the_operator(void **state)
{
    const char *text = text_of(DROPIN_SIGNALING, "OPENVIDU_RECORDING_PATH=/srv/a-b\n"
                                                 "OPENVIDU_CDR_PATH=/srv/cdr\n"
                                                 "METRICS_PORT=0\n");

    (void) state;
    assert_has(text, "[Service]\n");
    assert_has(text, "ReadWritePaths=-/srv/a-b\n");
    assert_has(text, "ReadWritePaths=-/srv/cdr\n");
    assert_null(strstr(strstr(text, "[Service]") + 1, "[Service]"));
}

static void ports(void **state)
{
    (void) state;
    assert_has(text_of(DROPIN_TURN, "COTURN_PORT=443\nHTTPS_PORT=8443\n"),
               "AmbientCapabilities=CAP_NET_BIND_SERVICE\n");
    assert_string_equal(strstr(text_of(DROPIN_SIGNALING, "METRICS_PORT=9446\n"), "[Service]\n"),
                        "[Service]\nSocketBindAllow=\nSocketBindAllow=tcp:9446\n");
    assert_string_equal(strstr(text_of(DROPIN_SIGNALING, "METRICS_PORT=0\n"), "[Service]\n"),
                        "[Service]\nSocketBindAllow=\n");
    assert_has(text_of(DROPIN_SIGNALING_SOCKET, "SERVER_PORT=6443\n"),
               "[Socket]\nListenStream=\nListenStream=127.0.0.1:6443\n"
               "ListenStream=[::1]:6443\n");
}

static void put_and_taken_away(void **state)
{
    char folder[PATH_MAX], other[PATH_MAX];
    struct bytes text = bytes_str("[Service]\n");

    (void) state;
    path_join(folder, PATH_SYSTEMD, "visavis-turn.service.d");
    path_join(other, PATH_SYSTEMD, "visavis-turn.service.d/mine.conf");
    assert_true(dropin_is(DROPIN_TURN, bytes_str("")));
    assert_int_equal(dropin_put(DROPIN_TURN, bytes_str("")), 0);
    assert_int_equal(dropin_put(DROPIN_TURN, text), 0);
    assert_true(dropin_is(DROPIN_TURN, text));
    assert_false(dropin_is(DROPIN_TURN, bytes_str("")));
    assert_false(dropin_is(DROPIN_TURN, bytes_str("[Service]\n\n")));
    assert_int_equal(dropin_put(DROPIN_TURN, bytes_str("")), 0);
    assert_true(dropin_is(DROPIN_TURN, bytes_str("")));
    assert_false(file_exists(folder));
    /* what the operator has there stays */
    assert_int_equal(dropin_put(DROPIN_TURN, text), 0);
    assert_int_equal(symlink("/dev/null", other), 0);
    assert_int_equal(dropin_put(DROPIN_TURN, bytes_str("")), 0);
    assert_true(file_exists(other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_is_needed_usually),
        cmocka_unit_test(folders_of_the_operator),
        cmocka_unit_test(ports),
        cmocka_unit_test_setup_teardown(put_and_taken_away, kit_set_up, kit_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
