/* Media goes to nobody who does not want it any more (RFC 7675). */
#include "media_scene.h"

static void expect_media(struct scene *s, bool wanted)
{
    uint8_t buf[2048];
    struct rtp p;

    send_next(s);
    deliver();
    assert_int_equal(wc_receive_rtp(s->sub, 50, buf, sizeof(buf), &p), wanted);
}

static void check_at(const struct wc *c, const struct addr *from, uint64_t now_us)
{
    uint8_t buf[200];
    size_t len = make_check(c->remote_ufrag, c->remote_pwd, STUN_REQUEST, buf);

    worker->now_us = now_us;
    inject(from, buf, len);
}

static void without_consent_nothing_is_sent(void **state)
{
    const struct transport *t;
    uint64_t now_us, sent;
    struct scene s;

    (void) state;
    begin(&s);
    t = the_subscriber("a")->transport;
    now_us = clock_us();
    for (unsigned i = 0; i < 4; i++) { /* both keep it up */
        let_pass(&now_us, 20);
        check_at(s.sub, &s.sub_at, now_us);
        check_at(s.pub, &s.pub_at, now_us);
        assert_int_equal(t->state, TRANSPORT_CONNECTED);
    }
    for (unsigned i = 0; i < 2; i++) { /* now the publisher alone */
        let_pass(&now_us, 14);
        check_at(s.pub, &s.pub_at, now_us);
        assert_int_equal(t->state, TRANSPORT_CONNECTED);
    }
    let_pass(&now_us, 6); /* 34 s: looked at each 2 s */
    assert_int_equal(t->state, TRANSPORT_DISCONNECTED);
    assert_int_equal(the_publisher("s")->transport->state, TRANSPORT_CONNECTED);
    sent = t->packets_out;
    clock_fake(UINT64_MAX);
    expect_media(&s, false);
    assert_int_equal(t->packets_out, sent);
    end(&s);
}

/* It goes on when checks come again. */
static void consent_comes_back(void **state)
{
    struct scene s;
    uint64_t now_us;

    (void) state;
    begin(&s);
    now_us = clock_us();
    let_pass(&now_us, 33);
    assert_int_equal(the_subscriber("a")->transport->state, TRANSPORT_DISCONNECTED);
    assert_int_equal(the_publisher("s")->transport->state, TRANSPORT_DISCONNECTED);
    check_at(s.pub, &s.pub_at, now_us);
    check_at(s.sub, &s.sub_at, now_us);
    assert_int_equal(the_subscriber("a")->transport->state, TRANSPORT_CONNECTED);
    clock_fake(UINT64_MAX);
    expect_media(&s, true);
    end(&s);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_consent_nothing_is_sent),
        TEST(consent_comes_back),
    };

    return cmocka_run_group_tests(tests, setup_worker, teardown_worker);
}
