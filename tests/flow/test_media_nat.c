/* The media daemon behind a 1:1 NAT that does not lead packets back in: clients outside reach it by
 * its public address, over UDP and TCP. */
#include "media_kit.h"

#include "tests/lib/nat_net.h"

#define OTHER_PUBLIC_IP "203.0.113.77"

static bool possible;

static int setup(void **state)
{
    (void) state;
    possible = nat_net_make() && nat_net_enter(NAT_INSIDE);
    if (!possible)
        return 0;
    assert_int_equal(media_daemon_new(&daemon_, 1, "public_ips = [\"%s/%s\", \"%s/10.0.0.5\"];\n",
                                      NAT_PUBLIC_IP, NAT_INSIDE_IP, OTHER_PUBLIC_IP),
                     0);
    begin_daemon();
    assert_true(nat_net_enter(NAT_OUTSIDE));
    dial_by.ip = NAT_PUBLIC_IP;
    return 0;
}

static int teardown(void **state)
{
    return possible ? stop_daemon(state) : 0;
}

/* Neither what only those inside can reach, nor what leads to another machine of the list. */
static void only_the_public_address_is_told(void)
{
    json_t *r = call("describe", json_pack("{s:s, s:s}", "room", "r", "stream", "s"));
    const char *sdp = json_string_value(json_object_get(r, "localSdp"));

    assert_non_null(strstr(sdp, NAT_PUBLIC_IP));
    assert_null(strstr(sdp, NAT_INSIDE_IP));
    assert_null(strstr(sdp, OTHER_PUBLIC_IP));
    json_decref(r);
}

static void media_flows(bool publisher_tcp, bool subscriber_tcp)
{
    struct wc *pub, *sub;
    uint8_t buf[2048];
    struct rtp p;

    if (!possible)
        skip();
    dial_by.tcp = publisher_tcp;
    pub = connected_publisher();
    only_the_public_address_is_told();
    dial_by.tcp = subscriber_tcp;
    sub = connected_subscriber("a");
    for (uint16_t seq = 1; seq <= 50; seq++) {
        send_video(pub, seq, seq == 1);
        assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    }
    wc_free(pub);
    wc_free(sub);
}

static void by_udp(void **state)
{
    (void) state;
    media_flows(false, false);
}

static void by_tcp(void **state)
{
    (void) state;
    media_flows(true, true);
}

static int close_room_if_possible(void **state)
{
    return possible ? close_room(state) : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(by_udp, close_room_if_possible),
        cmocka_unit_test_teardown(by_tcp, close_room_if_possible),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
