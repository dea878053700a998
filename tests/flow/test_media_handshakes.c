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

#define TEST(name) cmocka_unit_test_teardown(name, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_hello_race_is_won_by_the_client),
    };

    return cmocka_run_group_tests(tests, setup_worker, teardown_worker);
}
