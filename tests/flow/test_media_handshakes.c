/* Handshakes with a worker: no stranger's hello ends a session, whenever it comes, and a client
 * that has missed the end of one gets it again. */
#include "media_worker_kit.h"

#include "tests/unit/rtc/dtls_attacks.h"

/* ---- the ClientHello race ---- */

enum stage { BEFORE_THE_CHECK, BEFORE_THE_HANDSHAKE, DURING_THE_HANDSHAKE, AFTERWARDS, N_STAGES };

static struct attack attacks_[ATTACKS_MAX];
static size_t n_attacks;

static void strike(const struct attack *a, const struct wc *c, int other_fd)
{
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned part = 0; part < 2 && a->parts[part].len > 0; part++) {
            send_from(c->fd, a->parts[part].data, a->parts[part].len);
            send_from(other_fd, a->parts[part].data, a->parts[part].len);
        }
    }
    deliver();
}

/* Says its hello again, sooner than OpenSSL would by itself. */
static bool handshake_patiently(struct wc *c)
{
    for (unsigned i = 0; i < 30; i++) {
        uint8_t buf[2048];
        size_t len;

        if (SSL_do_handshake(c->ssl) == 1) {
            wc_export_keys(c);
            return true;
        }
        if (wc_receive(c, 200, buf, sizeof(buf), &len)) {
            if (buf[0] >= 20 && buf[0] < 64)
                BIO_write(SSL_get_rbio(c->ssl), buf, (int) len);
        } else {
            (void) DTLSv1_handle_timeout(c->ssl);
        }
    }
    return false;
}

/* Flight one and its answer; the client has not said the rest. */
static void half_a_handshake(struct wc *c)
{
    (void) SSL_do_handshake(c->ssl);
    deliver();
}

static void race(const struct attack *a, enum stage stage)
{
    struct wc *c = publish("s");
    const struct transport *t = the_publisher("s")->transport;
    int other_fd = stranger(c);

    if (stage == BEFORE_THE_CHECK)
        strike(a, c, other_fd);
    assert_true(wc_check(c, c->remote_pwd, true, WC_WAIT_MS));
    if (stage == BEFORE_THE_HANDSHAKE)
        strike(a, c, other_fd);
    if (stage == DURING_THE_HANDSHAKE) {
        half_a_handshake(c);
        strike(a, c, other_fd);
    }
    if (!handshake_patiently(c))
        fail_msg("%s, stage %d: the session has ended", a->name, (int) stage);
    for (unsigned i = 0; i < WC_WAIT_MS && t->state == TRANSPORT_CONNECTING; i++)
        pump();
    if (stage == AFTERWARDS)
        strike(a, c, other_fd);
    if (t->state != TRANSPORT_CONNECTED)
        fail_msg("%s, stage %d: %s", a->name, (int) stage, transport_state_name(t->state));
    send_video(c, 1, true);
    deliver();
    assert_int_equal(t->packets_in, 1);
    close(other_fd);
    wc_free(c);
    close_room_of();
}

static void the_hello_race_is_won_by_the_client(void **state)
{
    (void) state;
    n_attacks = attacks_make(attacks_);
    for (size_t i = 0; i < n_attacks; i++) {
        for (unsigned stage = 0; stage < N_STAGES; stage++)
            race(&attacks_[i], (enum stage) stage);
    }
}

/* ---- the end of a handshake ---- */

static unsigned soon(SSL *ssl, unsigned us)
{
    (void) ssl, (void) us;
    return 100000; /* µs; but longer than the server needs */
}

/* The client does not get the server's last flight. */
static void miss_the_end(struct wc *c, const struct transport *t)
{
    uint8_t buf[2048];
    size_t len = 0;

    DTLS_set_timer_cb(c->ssl, soon);
    while (t->state != TRANSPORT_CONNECTED) {
        assert_int_not_equal(SSL_do_handshake(c->ssl), 1);
        deliver();
        if (t->state == TRANSPORT_CONNECTED)
            break;
        assert_true(wc_receive(c, WC_WAIT_MS, buf, sizeof(buf), &len));
        BIO_write(SSL_get_rbio(c->ssl), buf, (int) len);
    }
    while (wc_receive(c, 0, buf, sizeof(buf), &len))
        ;
}

/* Its last flight. */
static void say_again(struct wc *c)
{
    int r = 0;

    for (unsigned i = 0; i < WC_WAIT_MS && r == 0; i++) {
        pump();
        r = DTLSv1_handle_timeout(c->ssl);
    }
    assert_int_equal(r, 1);
    deliver();
}

static void the_end_is_said_again(void **state)
{
    struct wc *c = publish("s");
    const struct transport *t = the_publisher("s")->transport;
    uint64_t now_us = clock_us();
    uint8_t buf[2048];
    size_t len;

    (void) state;
    assert_true(wc_check(c, c->remote_pwd, true, WC_WAIT_MS));
    miss_the_end(c, t);
    let_pass(&now_us, 9);
    say_again(c);
    assert_true(wc_receive(c, WC_WAIT_MS, buf, sizeof(buf), &len)); /* and is lost */
    while (wc_receive(c, 0, buf, sizeof(buf), &len))
        ;
    let_pass(&now_us, 9); /* it counts from what came last */
    assert_non_null(t->dtls);
    say_again(c);
    assert_true(wc_handshake(c, WC_WAIT_MS));
    send_video(c, 1, true);
    deliver();
    assert_int_equal(t->packets_in, 1);

    let_pass(&now_us, 9);
    assert_non_null(t->dtls);
    let_pass(&now_us, 2);
    assert_null(t->dtls);
    send_from(c->fd, "\x16\xfe\xfd", 3); /* nothing begins anew */
    send_video(c, 2, false);
    deliver();
    assert_null(t->dtls);
    assert_int_equal(t->state, TRANSPORT_CONNECTED);
    assert_int_equal(t->packets_in, 2);
    wc_free(c);
}

static int end(void **state)
{
    clock_fake(UINT64_MAX);
    return close_room(state);
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_hello_race_is_won_by_the_client),
        TEST(the_end_is_said_again),
    };

    return cmocka_run_group_tests(tests, setup_worker, teardown_worker);
}
