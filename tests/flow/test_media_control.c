/* The media daemon answers the control link, and admits the right peers. */
#include "media_kit.h"

/* Server offers; DTLS is done before the answer is known. */
static void media_waits_for_the_fingerprint(void **state)
{
    struct wc *pub = connected_publisher(), *sub = wc_new();
    json_t *r = call("offer", subscriber_params("a"));
    struct wc_numbers numbers = {0};
    uint8_t buf[2048];
    struct rtp p;
    char *answer;

    (void) state;
    wc_take(sub, json_string_value(json_object_get(r, "offer")));
    numbers.opus = wc_remote.media[0].codecs[0].pt;
    numbers.vp8 = wc_remote.media[1].codecs[0].pt;
    numbers.rtx = sdp_find_rtx(&wc_remote.media[1], (uint8_t) numbers.vp8)->pt;
    numbers.level = numbers.orientation = 9;
    wc_connect(sub);
    send_video(pub, 1, false);
    expect_nothing(sub);

    answer = wc_describe(sub, &numbers, "active", "recvonly", 0, 0);
    call_and_forget("answer",
                    json_pack("{s:s, s:s, s:s}", "room", "r", "subscriber", "a", "answer", answer));
    expect_state("subscriber", "a", "connected");
    expect_pli(pub);
    send_video(pub, 2, true);
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    assert_int_equal(p.pt, numbers.vp8);
    assert_int_equal(call_error("answer", json_pack("{s:s, s:s, s:s}", "room", "r", "subscriber",
                                                    "a", "answer", answer)),
                     303);
    json_decref(r);
    free(answer);
    wc_free(pub);
    wc_free(sub);
}

static void a_wrong_fingerprint_gets_no_media(void **state)
{
    struct wc *pub = connected_publisher(), *sub = wc_new();
    uint8_t digit = sub->fingerprint[0] == 'A' ? 'B' : 'A';
    json_t *params = subscriber_params("a"), *r;
    char *offer;

    (void) state;
    sub->fingerprint[0] = (char) digit;
    offer = subscriber_offer(sub);
    json_object_set_new(params, "offer", json_string(offer));
    r = call("subscribe", params);
    wc_take(sub, json_string_value(json_object_get(r, "answer")));
    wc_connect(sub);
    expect_state("subscriber", "a", "failed");
    send_video(pub, 1, true);
    expect_nothing(sub);
    json_decref(r);
    free(offer);
    wc_free(pub);
    wc_free(sub);
}

static void strangers_are_met_with_silence(void **state)
{
    struct wc *pub = publish("sendonly", false);
    uint8_t buf[2048];
    size_t len;

    (void) state;
    assert_false(wc_check(pub, "wrong-password-of-the-peer", true, WC_QUIET_MS));
    for (unsigned i = 0; i < 64; i++) {
        rnd_bytes(buf, 200);
        buf[0] = (uint8_t) (4 * i);
        (void) !send(pub->fd, buf, 1 + rnd_u32() % 200, 0);
    }
    assert_false(wc_receive(pub, WC_QUIET_MS, buf, sizeof(buf), &len));
    assert_false(wc_handshake(pub, WC_QUIET_MS)); /* no check has opened the address yet */
    assert_true(wc_check(pub, pub->remote_pwd, false, WC_WAIT_MS));
    assert_true(wc_check(pub, pub->remote_pwd, true, WC_WAIT_MS));
    wc_free(pub);
}

static void wrong_requests_get_their_codes(void **state)
{
    struct wc *c = wc_new();
    char *offer = publisher_offer(c, "sendonly");
    json_t *params = publish_params("s", offer);

    (void) state;
    assert_int_equal(call_error("dance", json_object()), -32601);
    assert_int_equal(call_error("publish", json_pack("{s:s}", "room", "r")), -32602);
    assert_int_equal(call_error("publish", publish_params("../s", offer)), -32602);
    assert_int_equal(call_error("publish", publish_params("s", "v=0\r\n")), 302);
    assert_int_equal(call_error("offer", subscriber_params("a")), 105);
    json_object_set_new(params, "forcedCodec", json_string("H264"));
    assert_int_equal(call_error("publish", params), 800);
    call_and_forget("unpublish", json_pack("{s:s, s:s}", "room", "r", "stream", "s"));
    call_and_forget("unsubscribe", json_pack("{s:s, s:s}", "room", "r", "subscriber", "a"));
    free(offer);
    wc_free(c);
}

static void limits_are_errors(void **state)
{
    static const char *const streams[] = {"s1", "s2", "s3"};
    struct wc *c = wc_new();
    char *offer = publisher_offer(c, "sendonly");

    (void) state;
    for (unsigned i = 0; i < 3; i++)
        call_and_forget("publish", publish_params(streams[i], offer));
    assert_int_equal(call_error("publish", publish_params("s4", offer)), 303);
    call_and_forget("unpublish", json_pack("{s:s, s:s}", "room", "r", "stream", "s1"));
    call_and_forget("publish", publish_params("s", offer));
    call_and_forget("offer", subscriber_params("a"));
    call_and_forget("offer", subscriber_params("b"));
    call_and_forget("offer", subscriber_params("b"));
    assert_int_equal(call_error("offer", subscriber_params("c")), 303);
    free(offer);
    wc_free(c);
}

static void hello_comes_first(void **state)
{
    int fd = connect_control();
    json_t *m = call_on(fd, "stats", json_object());
    json_t *peers;

    (void) state;
    assert_int_equal(json_integer_value(json_object_get(json_object_get(m, "error"), "code")),
                     -32600);
    json_decref(m);
    m = call_on(fd, "hello", json_pack("{s:s, s:s}", "client", "turn", "instance", "u"));
    peers = json_object_get(json_object_get(m, "result"), "peers");
    assert_true(json_array_size(peers) >= 2); /* loopback, two workers */
    assert_true(json_integer_value(json_object_get(json_array_get(peers, 0), "port")) >= 1024);
    json_decref(m);
    m = call_on(fd, "stats", json_object());
    assert_int_equal(json_integer_value(json_object_get(json_object_get(m, "error"), "code")),
                     -32600);
    json_decref(m);
    close(fd);
}

static void sync_compares_inventories(void **state)
{
    struct wc *c = publish("sendonly", false);
    json_t *r, *missing;

    (void) state;
    call_and_forget("offer", subscriber_params("a"));
    r = call("sync", json_pack("{s:{s:{s:[s,s], s:[]}, s:{s:[s]}}}", "rooms", "r", "streams", "s",
                               "t", "subscribers", "q", "streams", "u"));
    missing = json_object_get(r, "missing");
    assert_int_equal(json_object_size(missing), 2);
    assert_string_equal(json_string_value(json_array_get(
                            json_object_get(json_object_get(missing, "r"), "streams"), 0)),
                        "t");
    json_decref(r);
    r = call("stats", json_pack("{s:s}", "room", "r"));
    assert_int_equal(json_array_size(json_object_get(r, "transports")), 1); /* "a" was dropped */
    assert_int_equal(json_integer_value(json_object_get(r, "rooms")), 1);
    assert_int_equal(json_array_size(json_object_get(r, "workers")), 2);
    json_decref(r);
    call_and_forget("sync", json_pack("{s:{}}", "rooms"));
    r = call("stats", json_object());
    assert_int_equal(json_array_size(json_object_get(r, "transports")), 0);
    json_decref(r);
    wc_free(c);
}

/* {rooms: {room: {streams: [..], subscribers: [..]}}, more} */
static json_t *sync_part(const char *text, bool more)
{
    json_t *rooms = json_loads(text, 0, NULL);

    assert_non_null(rooms);
    return json_pack("{s:o, s:b}", "rooms", rooms, "more", more);
}

/* Nothing is dropped before the last part, and nothing at all when one of them is wrong. */
static void sync_comes_in_parts(void **state)
{
    struct wc *c = publish("sendonly", false);
    json_t *r, *missing;
    int fd;

    (void) state;
    call_and_forget("offer", subscriber_params("a"));
    call_and_forget("offer", subscriber_params("b"));
    r = call(
        "sync",
        sync_part("{\"r\":{\"subscribers\":[\"a\",\"q\"]},\"x\":{\"streams\":[\"y\"]}}", true));
    missing = json_object_get(r, "missing");
    assert_int_equal(json_object_size(missing), 2);
    assert_int_equal(json_array_size(json_object_get(json_object_get(missing, "r"), "subscribers")),
                     1);
    json_decref(r);
    assert_int_equal(n_transports(), 3);
    r = call("sync", sync_part("{\"r\":{\"streams\":[\"s\"]}}", false));
    assert_int_equal(json_object_size(json_object_get(r, "missing")), 0);
    json_decref(r);
    assert_int_equal(n_transports(), 2); /* "b" was in no part */

    call_and_forget("sync", sync_part("{}", true));
    assert_int_equal(call_error("sync", sync_part("{\"r\":[]}", true)), -32602);
    assert_int_equal(call_error("sync", sync_part("{}", true)), 303);
    assert_int_equal(call_error("sync", sync_part("{}", false)), 303);
    assert_int_equal(n_transports(), 2);

    /* the link ends in between */
    call_and_forget("sync", sync_part("{}", true));
    fd = control_fd;
    control_fd = connect_control();
    call_and_forget("hello", json_pack("{s:s, s:s}", "client", "signaling", "instance", "w"));
    close(fd);
    assert_int_equal(n_transports(), 2);
    call_and_forget("sync", sync_part("{}", false));
    assert_int_equal(n_transports(), 0);
    wc_free(c);
}

static void a_new_signaling_peer_replaces_the_old(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    int old = control_fd;
    uint8_t buf[2048];
    struct rtp p;
    char byte;

    (void) state;
    control_fd = connect_control();
    call_and_forget("hello", json_pack("{s:s, s:s}", "client", "signaling", "instance", "v"));
    assert_int_equal(recv(old, &byte, 1, 0), 0);
    close(old);
    call_and_forget("sync", json_pack("{s:{s:{s:[s], s:[s]}}}", "rooms", "r", "streams", "s",
                                      "subscribers", "a"));
    send_video(pub, 1, true); /* media did not notice */
    assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
    wc_free(pub);
    wc_free(sub);
}

static const char *text_of(json_t *j, const char *key)
{
    return json_string_value(json_object_get(j, key));
}

/* "candidate:N 1 udp N IP PORT typ TYPE" of the loopback */
static bool is_candidate(const char *text, const char *type, unsigned *ret_port)
{
    char ip[64], kind[16];

    return text &&
           sscanf(text, "candidate:%*u 1 udp %*u %63s %u typ %15s", ip, ret_port, kind) == 3 &&
           strcmp(ip, "127.0.0.1") == 0 && strcmp(kind, type) == 0;
}

static void an_endpoint_is_described(void **state)
{
    struct wc *pub = connected_publisher();
    json_t *r = call("describe", json_pack("{s:s, s:s}", "room", "r", "stream", "s")), *events;
    unsigned port, other;

    (void) state;
    assert_memory_equal(text_of(r, "remoteSdp"), "v=0\r\n", 5);
    assert_non_null(strstr(text_of(r, "remoteSdp"), "a=sendonly"));
    assert_non_null(strstr(text_of(r, "localSdp"), "a=recvonly"));
    assert_true(is_candidate(text_of(r, "remoteCandidate"), "prflx", &port));
    assert_true(is_candidate(text_of(r, "localCandidate"), "host", &other));
    assert_true(port != 0 && other != 0 && port != other);
    assert_true(json_array_size(json_object_get(r, "serverCandidates")) > 0);
    events = json_object_get(r, "events");
    assert_int_equal(json_array_size(events), 2);
    assert_string_equal(text_of(json_array_get(events, 0), "type"), "connecting");
    assert_string_equal(text_of(json_array_get(events, 1), "type"), "connected");
    assert_true(json_integer_value(json_object_get(json_array_get(events, 1), "timestamp")) >=
                json_integer_value(json_object_get(json_array_get(events, 0), "timestamp")));
    json_decref(r);

    assert_int_equal(call_error("describe", json_pack("{s:s, s:s}", "room", "r", "stream", "x")),
                     105);
    assert_int_equal(call_error("describe", json_pack("{s:s, s:s}", "room", "x", "stream", "s")),
                     105);
    assert_int_equal(
        call_error("describe", json_pack("{s:s, s:s}", "room", "r", "subscriber", "a")), 105);
    wc_free(pub);
}

static void the_description_grows_with_the_negotiation(void **state)
{
    struct wc *pub = connected_publisher(), *sub = wc_new();
    struct wc_numbers numbers = {.level = 9, .orientation = 9};
    json_t *r, *offer = call("offer", subscriber_params("a"));
    char *answer;

    (void) state;
    r = call("describe", json_pack("{s:s, s:s}", "room", "r", "subscriber", "a"));
    assert_string_equal(text_of(r, "localSdp"), text_of(offer, "offer"));
    assert_true(json_is_null(json_object_get(r, "remoteSdp")));
    assert_true(json_is_null(json_object_get(r, "localCandidate")));
    assert_true(json_is_null(json_object_get(r, "remoteCandidate")));
    assert_int_equal(json_array_size(json_object_get(r, "clientCandidates")), 0);
    json_decref(r);
    wc_take(sub, text_of(offer, "offer"));
    numbers.opus = wc_remote.media[0].codecs[0].pt;
    numbers.vp8 = wc_remote.media[1].codecs[0].pt;
    numbers.rtx = sdp_find_rtx(&wc_remote.media[1], (uint8_t) numbers.vp8)->pt;
    answer = wc_describe(sub, &numbers, "active", "recvonly", 0, 0);
    call_and_forget("answer",
                    json_pack("{s:s, s:s, s:s}", "room", "r", "subscriber", "a", "answer", answer));
    r = call("describe", json_pack("{s:s, s:s}", "room", "r", "subscriber", "a"));
    assert_string_equal(text_of(r, "remoteSdp"), answer);
    assert_string_equal(text_of(r, "localSdp"), text_of(offer, "offer"));
    json_decref(r);
    json_decref(offer);
    free(answer);
    wc_free(pub);
    wc_free(sub);
}

static void a_long_offer_is_not_kept(void **state)
{
    struct wc *pub = wc_new();
    char *offer = publisher_offer(pub, "sendonly");
    size_t len = strlen(offer);
    char *longer = malloc(len + 17000);
    json_t *r;

    (void) state;
    memcpy(longer, offer, len);
    memset(longer + len, 'x', 16990);
    memcpy(longer + len, "a=x:", 4);
    memcpy(longer + len + 16990, "\r\n", 3);
    call_and_forget("publish", publish_params("s", longer));
    r = call("describe", json_pack("{s:s, s:s}", "room", "r", "stream", "s"));
    assert_true(json_is_null(json_object_get(r, "remoteSdp")));
    assert_non_null(text_of(r, "localSdp"));
    json_decref(r);
    call_and_forget("publish", publish_params("s", offer)); /* the transport is another one */
    r = call("describe", json_pack("{s:s, s:s}", "room", "r", "stream", "s"));
    assert_string_equal(text_of(r, "remoteSdp"), offer);
    json_decref(r);
    free(longer);
    free(offer);
    wc_free(pub);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(media_waits_for_the_fingerprint),
        TEST(a_wrong_fingerprint_gets_no_media),
        TEST(strangers_are_met_with_silence),
        TEST(wrong_requests_get_their_codes),
        TEST(limits_are_errors),
        TEST(hello_comes_first),
        TEST(sync_compares_inventories),
        TEST(sync_comes_in_parts),
        TEST(a_new_signaling_peer_replaces_the_old),
        TEST(an_endpoint_is_described),
        TEST(the_description_grows_with_the_negotiation),
        TEST(a_long_offer_is_not_kept),
    };

    return cmocka_run_group_tests(tests, setup_daemon, stop_daemon);
}
