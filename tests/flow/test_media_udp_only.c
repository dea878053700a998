/* Without media over TCP (setting MEDIA_ICE_TCP). */
#define MEDIA_KIT_SETTINGS "ice_tcp = false;\n"
#include "media_kit.h"

static void no_candidate_is_of_tcp(void **state)
{
    struct wc *pub = connected_publisher();
    json_t *r = call("describe", json_pack("{s:s, s:s}", "room", "r", "stream", "s"));
    const char *sdp = json_string_value(json_object_get(r, "localSdp"));

    (void) state;
    assert_non_null(strstr(sdp, " udp "));
    assert_null(strstr(sdp, " tcp "));
    assert_null(strstr(sdp, "tcptype"));
    json_decref(r);
    wc_free(pub);
}

static void nobody_listens(void **state)
{
    struct wc *pub = connected_publisher();
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(&pub->server, &sa);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void) state;
    assert_int_equal(connect(fd, (struct sockaddr *) &sa, len), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
    wc_free(pub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(no_candidate_is_of_tcp, close_room),
        cmocka_unit_test_teardown(nobody_listens, close_room),
    };

    return cmocka_run_group_tests(tests, setup_daemon, stop_daemon);
}
