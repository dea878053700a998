/* Our own client against real signaling and media daemons. */
#include "probe/probe.h"
#include "probe/reasons.h"
#include "tests/lib/free_port.h"
#include "tests/lib/media_daemon.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define SECRET "MY_SECRET"

static struct {
    struct child *media, *signaling;
    char url[64];
    struct loop *loop;
} t;

/* Of the datagrams of media that this program receives the first ones are lost, and one of so many;
 * 0: none. They come to our participants alone: the daemons are others. */
static unsigned drop_one_of, drop_first;

int recvmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags, struct timespec *timeout)
{
    static unsigned counted;
    int got = (int) syscall(SYS_recvmmsg, fd, messages, n, flags, timeout);

    for (int i = 0; i < got; i++) {
        const uint8_t *data = messages[i].msg_hdr.msg_iov->iov_base;
        bool media = messages[i].msg_len > 1 && data[0] >> 6 == 2 &&
                     !rtp_is_rtcp(bytes_of(data, messages[i].msg_len));

        if (!media)
            continue;
        if (drop_first > 0 || (drop_one_of && ++counted % drop_one_of == 0))
            messages[i].msg_len = 0;
        drop_first -= drop_first > 0;
    }
    return got;
}

static void start_signaling(const char *media_server, const char *control)
{
    uint16_t port = free_port();

    snprintf(t.url, sizeof(t.url), "http://127.0.0.1:%u", port);
    assert_int_equal(child_new("visavis-signaling", &t.signaling), 0);
    assert_int_equal(child_write(t.signaling, "config",
                                 "listen = [\"tcp:127.0.0.1:%u\"];\npublic_url = \"%s\";\n"
                                 "secret = \"" SECRET "\";\nmedia_control = \"%s\";\n"
                                 "media_server = \"%s\";\n",
                                 port, t.url, control, media_server),
                     0);
    assert_int_equal(child_start_daemon(t.signaling, "visavis-signaling"), 0);
}

static void start_media(char control[static CHILD_PATH_SIZE])
{
    assert_int_equal(media_daemon_new(&t.media, 1, "log_level = \"debug\";\n"), 0);
    assert_int_equal(media_daemon_start(t.media), 0);
    child_path(t.media, "control", control);
}

static int setup_as(const char *media_server)
{
    char control[CHILD_PATH_SIZE];

    start_media(control);
    start_signaling(media_server, control);
    return loop_new(&t.loop);
}

static int setup(void **state)
{
    (void) state;
    return setup_as("kurento");
}

static int setup_offering(void **state)
{
    (void) state;
    return setup_as("mediasoup");
}

static int setup_without_media(void **state)
{
    (void) state;
    start_signaling("kurento", "/nowhere/control");
    return loop_new(&t.loop);
}

static int teardown(void **state)
{
    (void) state;
    t.signaling = child_free(t.signaling);
    t.media = child_free(t.media);
    t.loop = loop_free(t.loop);
    return 0;
}

static struct probe_config config(bool light)
{
    return (struct probe_config){.url = t.url,
                                 .secret = SECRET,
                                 .publishers = 1,
                                 .subscribers = 1,
                                 .duration_s = 1,
                                 .light = light,
                                 .audio = true,
                                 .video = true,
                                 .video_kbit_s = 300,
                                 .frames_s = 15};
}

static int run(const struct probe_config *c, struct probe **ret_p)
{
    assert_int_equal(probe_new(t.loop, c, ret_p), 0);
    return probe_run(*ret_p);
}

static void assert_media(struct probe *p, size_t wanted)
{
    const struct probe_subscription *all;
    size_t n = probe_subscriptions(p, &all);

    assert_int_equal(n, wanted);
    for (size_t i = 0; i < n; i++) {
        assert_true(all[i].has_path);
        assert_true(all[i].connected_us > 0 && all[i].first_packet_us > 0);
        for (unsigned kind = 0; kind < RTC_KINDS; kind++) {
            assert_true(all[i].meters[kind].packets > 0);
            assert_true(all[i].meters[kind].n_delays == all[i].meters[kind].packets);
        }
    }
}

static void assert_works(const struct probe_config *c)
{
    struct probe *p;

    if (run(c, &p) != 0)
        for (unsigned i = 0; i < N_PROBE_STEPS; i++)
            if (probe_step(p, (enum probe_step) i)->verdict == PROBE_FAILED)
                fail_msg("%s: %s", probe_step_name((enum probe_step) i),
                         probe_step(p, (enum probe_step) i)->message);
    assert_media(p, (size_t) c->publishers * c->subscribers);
    probe_free(p);
}

static void assert_fails(const struct probe_config *c, enum probe_step step, const char *reason)
{
    struct probe *p;

    assert_int_equal(run(c, &p), -ENOTCONN);
    assert_int_equal(probe_step(p, step)->verdict, PROBE_FAILED);
    assert_string_equal(probe_step(p, step)->reason, reason);
    for (unsigned i = step + 1; i < N_PROBE_STEPS; i++)
        assert_int_equal(probe_step(p, (enum probe_step) i)->verdict, PROBE_NOT_RUN);
    probe_free(p);
}

static void a_call_works(void **state)
{
    struct probe_config light = config(true), full = config(false);

    (void) state;
    assert_works(&light);
    assert_works(&full);
}

static void all_watch_all(void **state)
{
    struct probe_config c = config(true);

    (void) state;
    c.publishers = 2;
    c.subscribers = 3;
    assert_works(&c);
}

static void all_who_publish_meet(void **state)
{
    struct probe_config c = config(true);
    struct probe *p;

    (void) state;
    c.publishers = 4;
    c.subscribers = 0;
    c.meet = true;
    assert_int_equal(run(&c, &p), 0);
    assert_media(p, 4 * 3);
    probe_free(p);
}

static void nobody_need_watch(void **state)
{
    struct probe_config c = config(true);

    (void) state;
    c.subscribers = 0;
    assert_works(&c);
}

static void a_session_of_others_stays(void **state)
{
    struct probe_config c = config(true);

    (void) state;
    c.session = "the_daily";
    assert_works(&c);
    assert_works(&c);
}

static void one_kind_alone(void **state)
{
    struct probe_config c = config(true);
    const struct probe_subscription *all;
    struct probe *p;

    (void) state;
    c.video = false;
    assert_int_equal(run(&c, &p), 0);
    assert_int_equal(probe_subscriptions(p, &all), 1);
    assert_true(all[0].meters[SDP_AUDIO].packets > 0);
    assert_true(all[0].meters[SDP_VIDEO].packets == 0);
    probe_free(p);
}

/* A tenth is lost on the way; nearly all of it comes when it is asked for. */
static void lost_packets_come_again(void **state)
{
    struct probe_config c = config(true);
    const struct probe_subscription *all;
    const struct meter *m;
    struct probe *p;

    (void) state;
    c.duration_s = 3;
    drop_one_of = 10;
    assert_int_equal(run(&c, &p), 0);
    drop_one_of = 0;
    assert_int_equal(probe_subscriptions(p, &all), 1);
    m = &all[0].meters[SDP_VIDEO];
    assert_true(m->repeated > 0);
    assert_true(meter_lost_at_first(m) == meter_lost(m) + m->repeated);
    assert_true(meter_lost(m) < m->repeated);
    assert_true(all[0].meters[SDP_AUDIO].repeated == 0);
    assert_true(meter_lost(&all[0].meters[SDP_AUDIO]) > 0); /* sound is not asked for again */
    probe_free(p);
}

/* The packets since the last key frame are the first that it gets; those of the key frame are lost,
 * and nobody knows what came before. */
static void who_begins_late_asks_for_a_key_frame(void **state)
{
    struct probe_config c = config(true);
    const struct probe_subscription *all;
    const struct probe_publisher *publishers;
    struct probe *p;

    (void) state;
    c.audio = false;
    c.duration_s = 2;
    drop_first = 4; /* a picture has three packets */
    assert_int_equal(run(&c, &p), 0);
    assert_int_equal(drop_first, 0);
    assert_int_equal(probe_subscriptions(p, &all), 1);
    assert_true(all[0].meters[SDP_VIDEO].packets > 0);
    assert_int_equal(probe_publishers(p, &publishers), 1);
    assert_true(publishers[0].counters.pli + publishers[0].counters.fir > 0);
    probe_free(p);
}

static void what_fails_is_named(void **state)
{
    struct probe_config c = config(true);

    (void) state;
    c.secret = "another";
    assert_fails(&c, PROBE_REST, REASON_SECRET);
    c = config(true);
    c.session = "not/an id";
    assert_fails(&c, PROBE_REST, REASON_STATUS);
    c = config(false);
    c.path = CLIENT_PATH_TURN_TCP;
    assert_fails(&c, PROBE_RELAY, REASON_NO_RELAY);
    c = config(false);
    assert_int_equal(addr_parse_ip("192.0.2.99", 0, &c.only), 0);
    assert_fails(&c, PROBE_PUBLISH, REASON_NOT_OFFERED);
    c = config(true);
    c.video_file = "/nowhere/a.ivf";
    assert_fails(&c, PROBE_PUBLISH, REASON_LOCAL);
}

static void no_media_node(void **state)
{
    struct probe_config c = config(true);
    struct probe *p;

    (void) state;
    assert_int_equal(run(&c, &p), -ENOTCONN);
    assert_int_equal(probe_step(p, PROBE_ECHO)->verdict, PROBE_NOT_RUN);
    assert_int_equal(probe_step(p, PROBE_JOIN)->verdict, PROBE_FAILED);
    assert_string_equal(probe_step(p, PROBE_JOIN)->reason, REASON_NO_MEDIA_NODE);
    probe_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_works, setup, teardown),
        cmocka_unit_test_setup_teardown(a_call_works, setup_offering, teardown),
        cmocka_unit_test_setup_teardown(all_watch_all, setup, teardown),
        cmocka_unit_test_setup_teardown(all_who_publish_meet, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_need_watch, setup, teardown),
        cmocka_unit_test_setup_teardown(a_session_of_others_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(one_kind_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_packets_come_again, setup, teardown),
        cmocka_unit_test_setup_teardown(who_begins_late_asks_for_a_key_frame, setup, teardown),
        cmocka_unit_test_setup_teardown(what_fails_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(no_media_node, setup_without_media, teardown),
    };

    return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
