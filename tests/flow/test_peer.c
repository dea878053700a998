/* Played browsers against the real media daemon: what a publisher sends arrives, and what a
 * subscriber says comes back. */
#include "tests/lib/media_client.h"
#include "tests/lib/media_daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define STEP_US 5000
#define PATIENCE_US 10000000
#define ROOM "ses_room"
#define STREAM "str_one"

struct kit {
    struct child *daemon;
    struct loop *loop;
    struct rtc_hub *hub;
    struct media_client *client;
    struct rtc_peer *publisher, *subscriber;
    struct loop_timer step, deadline;
    bool (*done)(struct kit *k);
    uint32_t ts;
    uint64_t key_frames;
};

static int setup(void **state)
{
    struct kit *k = calloc(1, sizeof(*k));
    char path[CHILD_PATH_SIZE];

    assert_non_null(k);
    assert_int_equal(media_daemon_new(&k->daemon, 1, "log_level = \"debug\";\n"), 0);
    assert_int_equal(media_daemon_start(k->daemon), 0);
    child_path(k->daemon, "control", path);
    assert_int_equal(loop_new(&k->loop), 0);
    assert_int_equal(rtc_hub_new(k->loop, &k->hub), 0);
    assert_int_equal(media_client_new(k->loop, path, NULL, NULL, &k->client), 0);
    *state = k;
    return 0;
}

static int teardown(void **state)
{
    struct kit *k = *state;

    rtc_peer_free(k->publisher);
    rtc_peer_free(k->subscriber);
    loop_timer_done(&k->step);
    loop_timer_done(&k->deadline);
    media_client_free(k->client);
    rtc_hub_free(k->hub);
    loop_free(k->loop);
    child_free(k->daemon);
    free(k);
    return 0;
}

static struct rtc_peer *make_peer(struct kit *k, enum sdp_direction d, const char *profiles)
{
    struct rtc_peer_config c = {.direction = d, .audio = true, .video = true, .profiles = profiles};
    struct rtc_peer *p;

    assert_int_equal(rtc_peer_new(k->hub, &c, &p), 0);
    return p;
}

/* A picture, a key frame when one was asked for, and a bit of sound. The picture has VP8's payload
 * descriptor (RFC 7741) with S, then P. */
static void send_media(struct kit *k)
{
    uint64_t asked = rtc_peer_counters(k->publisher)->pli;
    uint8_t picture[1000] = {0x10, asked == k->key_frames}, sound[80] = {0x78};
    struct rtc_packet video = {SDP_VIDEO, true, k->ts, bytes_of(picture, sizeof(picture))};
    struct rtc_packet audio = {SDP_AUDIO, false, k->ts, bytes_of(sound, sizeof(sound))};

    k->key_frames = asked;
    k->ts += 900;
    if (rtc_peer_state(k->publisher) != RTC_CONNECTED)
        return;
    assert_int_equal(rtc_peer_send(k->publisher, &video), 0);
    assert_int_equal(rtc_peer_send(k->publisher, &audio), 0);
    if (k->ts % (20 * 900) == 0)
        assert_int_equal(rtc_peer_send_report(k->publisher), 0);
}

static void on_step(struct loop_timer *t)
{
    struct kit *k = container_of(t, struct kit, step);

    send_media(k);
    if (k->done(k))
        loop_quit(k->loop, 0);
    else
        loop_timer_start(t, k->loop, STEP_US, on_step);
}

static void on_deadline(struct loop_timer *t)
{
    loop_quit(container_of(t, struct kit, deadline)->loop, 1);
}

/* The publisher sends until it is done. */
static void run_until(struct kit *k, bool (*done)(struct kit *k))
{
    k->done = done;
    assert_int_equal(loop_timer_start(&k->step, k->loop, STEP_US, on_step), 0);
    assert_int_equal(loop_timer_start(&k->deadline, k->loop, PATIENCE_US, on_deadline), 0);
    if (loop_run(k->loop) != 0)
        fail_msg("publisher: state %d %s; subscriber: state %d %s", rtc_peer_state(k->publisher),
                 rtc_peer_error(k->publisher), rtc_peer_state(k->subscriber),
                 rtc_peer_error(k->subscriber));
    loop_timer_stop(&k->step);
    loop_timer_stop(&k->deadline);
}

static bool media_arrived(struct kit *k)
{
    const struct rtc_counters *c = rtc_peer_counters(k->subscriber);

    return c->stream[SDP_AUDIO].packets_in >= 20 && c->stream[SDP_VIDEO].packets_in >= 20 &&
           c->sr >= 1; /* made of the publisher's */
}

static void connect_pair(struct kit *k, const char *profiles)
{
    k->publisher = make_peer(k, SDP_SENDONLY, profiles);
    k->subscriber = make_peer(k, SDP_RECVONLY, profiles);
    assert_int_equal(media_client_publish(k->client, ROOM, STREAM, k->publisher), 0);
    assert_int_equal(
        media_client_subscribe(k->client, ROOM, STREAM, "con_b_str_one", k->subscriber), 0);
    run_until(k, media_arrived);
}

static void assert_profile(struct kit *k, const char *profile)
{
    json_t *stats;

    assert_int_equal(media_client_stats(k->client, &stats), 0);
    assert_int_equal(json_array_size(json_object_get(stats, "transports")), 2);
    for (size_t i = 0; i < 2; i++) {
        json_t *transport = json_array_get(json_object_get(stats, "transports"), i);

        assert_string_equal(json_string_value(json_object_get(transport, "profile")), profile);
    }
    json_decref(stats);
}

static void test_media_arrives_under_gcm(void **state)
{
    struct kit *k = *state;
    const struct rtc_counters *c;

    connect_pair(k, NULL);
    c = rtc_peer_counters(k->subscriber);
    assert_int_equal(c->refused, 0);
    assert_int_equal(c->stream[SDP_VIDEO].payload_bytes_in, 1000 * c->stream[SDP_VIDEO].packets_in);
    assert_true(rtc_peer_counters(k->publisher)->pli >= 1); /* for the new subscriber */
    assert_profile(k, "SRTP_AEAD_AES_128_GCM");
}

static void test_media_arrives_under_cm(void **state)
{
    struct kit *k = *state;

    connect_pair(k, "SRTP_AES128_CM_SHA1_80");
    assert_int_equal(rtc_peer_counters(k->subscriber)->refused, 0);
    assert_profile(k, "SRTP_AES128_CM_SHA1_80");
}

static void test_the_daemon_may_offer(void **state)
{
    struct kit *k = *state;

    k->publisher = make_peer(k, SDP_SENDONLY, NULL);
    k->subscriber = make_peer(k, SDP_RECVONLY, NULL);
    assert_int_equal(media_client_publish(k->client, ROOM, STREAM, k->publisher), 0);
    assert_int_equal(
        media_client_subscribe_offered(k->client, ROOM, STREAM, "con_b_str_one", k->subscriber), 0);
    run_until(k, media_arrived);
}

static bool got_rtx(struct kit *k)
{
    return rtc_peer_counters(k->subscriber)->stream[SDP_VIDEO].rtx_in >= 2;
}

static void test_nack_brings_retransmissions(void **state)
{
    struct kit *k = *state;
    uint16_t seqs[2];

    connect_pair(k, NULL);
    seqs[1] = (uint16_t) rtc_peer_counters(k->subscriber)->stream[SDP_VIDEO].seq_in;
    seqs[0] = (uint16_t) (seqs[1] - 3);
    assert_int_equal(rtc_peer_send_nack(k->subscriber, SDP_VIDEO, seqs, 2), 0);
    run_until(k, got_rtx);
}

static uint64_t plis_before;

static bool got_another_pli(struct kit *k)
{
    assert_int_equal(rtc_peer_send_pli(k->subscriber), 0);
    return rtc_peer_counters(k->publisher)->pli > plis_before;
}

static void test_pli_reaches_the_publisher(void **state)
{
    struct kit *k = *state;

    connect_pair(k, NULL);
    plis_before = rtc_peer_counters(k->publisher)->pli;
    run_until(k, got_another_pli);
}

static bool subscriber_closed(struct kit *k)
{
    return rtc_peer_state(k->subscriber) == RTC_CLOSED;
}

static void test_unsubscribing_says_goodbye(void **state)
{
    struct kit *k = *state;

    connect_pair(k, NULL);
    assert_int_equal(media_client_unsubscribe(k->client, ROOM, "con_b_str_one"), 0);
    run_until(k, subscriber_closed);
    assert_int_equal(media_client_close_room(k->client, ROOM), 0);
}

static void test_a_refusal_has_its_code(void **state)
{
    struct kit *k = *state;

    k->subscriber = make_peer(k, SDP_RECVONLY, NULL);
    assert_int_equal(media_client_subscribe(k->client, ROOM, "str_none", "x", k->subscriber),
                     -EREMOTEIO);
    assert_int_equal(media_client_error_code(k->client), 105);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_media_arrives_under_gcm, setup, teardown),
        cmocka_unit_test_setup_teardown(test_media_arrives_under_cm, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_daemon_may_offer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nack_brings_retransmissions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pli_reaches_the_publisher, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unsubscribing_says_goodbye, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_refusal_has_its_code, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
