/* What strangers send from the right address ends no handshake, nor what follows it. */
#include "tests/unit/rtc/dtls_attacks.h"
#include "tests/unit/rtc/dtls_pair.h"

#include <errno.h>
#include <openssl/srtp.h>
#include <stdio.h>

#define MS UINT64_C(1000)
#define PROFILES "SRTP_AEAD_AES_128_GCM"

static struct attack attacks[ATTACKS_MAX];
static size_t n_attacks;

static void send_part(struct pair *p, const struct attack *a, unsigned part)
{
    if (a->parts[part].len > 0)
        dtls_input(p->server, bytes_of(a->parts[part].data, a->parts[part].len));
}

static void strike(struct pair *p, const struct attack *a)
{
    send_part(p, a, 0);
    send_part(p, a, 1);
}

/* As the client says it again, when its own was spoilt. */
static enum dtls_state run_patiently(struct pair *p)
{
    for (unsigned i = 0; i < 5 && run(p) == DTLS_HANDSHAKE; i++) {
        advance(2000 * MS);
        (void) DTLSv1_handle_timeout(p->client.ssl);
    }
    return dtls_state(p->server);
}

static void assert_connected(struct pair *p, const char *name)
{
    struct dtls_keys keys;

    if (run_patiently(p) != DTLS_CONNECTED || dtls_export_keys(p->server, &keys) < 0)
        fail_msg("%s: %s", name, dtls_error(p->server));
    assert_client_connected(p);
}

static void before_the_handshake(void **state)
{
    (void) state;
    for (size_t i = 0; i < n_attacks; i++) {
        struct pair *p = pair_new(PROFILES, true);

        for (unsigned k = 0; k < 20; k++)
            strike(p, &attacks[i]);
        assert_int_equal(dtls_state(p->server), DTLS_HANDSHAKE);
        assert_int_equal(p->to_client.n, 0); /* an alert would end the client's side */
        assert_connected(p, attacks[i].name);
        pair_free(p);
    }
}

static void between_the_parts_of_a_hello(void **state)
{
    uint8_t alpn[1300];

    (void) state;
    for (size_t at = 0; at < sizeof(alpn); at += 130) {
        alpn[at] = 129;
        memset(alpn + at + 1, 'a', 129);
    }
    for (size_t i = 0; i < n_attacks; i++) {
        struct pair *p = pair_new(PROFILES, true);

        assert_int_equal(SSL_set_alpn_protos(p->client.ssl, alpn, sizeof(alpn)), 0);
        client_step(&p->client);
        assert_int_equal(p->to_server.n, 2);
        dtls_input(p->server, bytes_of(p->to_server.data[0], p->to_server.len[0]));
        strike(p, &attacks[i]);
        dtls_input(p->server, bytes_of(p->to_server.data[1], p->to_server.len[1]));
        strike(p, &attacks[i]);
        p->to_server.n = 0;
        assert_connected(p, attacks[i].name);
        pair_free(p);
    }
}

static void during_the_handshake(void **state)
{
    (void) state;
    for (size_t i = 0; i < n_attacks; i++) {
        struct pair *p = pair_new(PROFILES, true);

        client_step(&p->client);
        deliver_to_server(p);
        assert_true(p->to_client.n > 0);
        strike(p, &attacks[i]);
        deliver_to_client(p);
        strike(p, &attacks[i]);
        assert_connected(p, attacks[i].name);
        pair_free(p);
    }
}

static void after_the_handshake(void **state)
{
    (void) state;
    for (size_t i = 0; i < n_attacks; i++) {
        struct pair *p = pair_new(PROFILES, true);
        struct dtls_keys before, after;

        assert_int_equal(run(p), DTLS_CONNECTED);
        assert_int_equal(dtls_export_keys(p->server, &before), 0);
        for (unsigned k = 0; k < 20; k++)
            strike(p, &attacks[i]);
        assert_int_equal(p->to_client.n, 0);
        assert_int_equal(dtls_export_keys(p->server, &after), 0);
        assert_memory_equal(&before, &after, sizeof(before));
        assert_int_equal(SSL_shutdown(p->client.ssl), 0); /* what the client says is still heard */
        assert_int_equal(deliver_to_server(p), DTLS_CLOSED);
        pair_free(p);
    }
}

/* Records that are shorter than what encryption adds, and longer ones: nothing is said to any of
 * them, and whoever lost our last flight still gets it. */
static void short_records_are_met_with_silence(void **state)
{
    struct pair *p = pair_new(PROFILES, true);
    uint8_t junk[64], datagram[ATTACK_SIZE];

    (void) state;
    memset(junk, 'j', sizeof(junk));
    while (dtls_state(p->server) != DTLS_CONNECTED) {
        client_step(&p->client);
        deliver_to_server(p);
        if (dtls_state(p->server) != DTLS_CONNECTED)
            deliver_to_client(p);
    }
    p->to_client.n = 0; /* lost */
    for (unsigned type = ATTACK_CCS; type <= ATTACK_DATA; type++) {
        for (size_t len = 0; len <= sizeof(junk); len++) {
            struct wr w = wr_init(datagram, sizeof(datagram));

            attack_put_record(&w, type, 1, bytes_of(junk, len));
            dtls_input(p->server, bytes_of(datagram, wr_len(&w)));
            assert_int_equal(p->to_client.n, 0);
        }
    }
    advance(2000 * MS);
    assert_int_equal(DTLSv1_handle_timeout(p->client.ssl), 1);
    assert_int_equal(run(p), DTLS_CONNECTED);
    assert_client_connected(p);
    pair_free(p);
}

/* All of them one after the other, some of them hellos that begin well. */
static void all_at_once(void **state)
{
    struct pair *p = pair_new(PROFILES, true);

    (void) state;
    for (size_t k = 0; k < 10 * n_attacks; k++)
        strike(p, &attacks[k % n_attacks]);
    assert_connected(p, "all");
    for (size_t k = 0; k < 10 * n_attacks; k++)
        strike(p, &attacks[k % n_attacks]);
    assert_int_equal(dtls_state(p->server), DTLS_CONNECTED);
    pair_free(p);
}

/* Attempts have an end, and the handshake its deadline: the reason of the last one is told then. */
static void attempts_are_limited(void **state)
{
    struct pair *p = pair_new(PROFILES, true);
    const struct attack *junk = &attacks[1];

    (void) state;
    assert_string_equal(junk->name, "extensions without sense");
    for (unsigned k = 0; k < 600; k++)
        strike(p, junk);
    assert_int_equal(run(p), DTLS_HANDSHAKE);
    assert_int_equal(p->largest, 0); /* nothing passes any more */
    advance(dtls_next_timeout_us(p->server));
    assert_int_equal(dtls_timeout(p->server), DTLS_FAILED);
    assert_non_null(strstr(dtls_error(p->server), "handshake timed out: "));
    pair_free(p);
}

/* Halves of hellos without end fill the bound again and again; the client's own still fits. */
static void handshake_bytes_are_limited(void **state)
{
    struct attack_fragment f = {ATTACK_HELLO, 0, 1400, 700, bytes_of(NULL, 0)};
    struct pair *p = pair_new(PROFILES, true);
    uint8_t half[700], datagram[ATTACK_SIZE];

    (void) state;
    memset(half, 'h', sizeof(half));
    f.part = bytes_of(half, sizeof(half));
    for (unsigned k = 0; k < 1000; k++) {
        struct wr w = wr_init(datagram, sizeof(datagram));

        attack_put_fragment(&w, &f);
        dtls_input(p->server, bytes_of(datagram, wr_len(&w)));
    }
    assert_connected(p, "halves");
    pair_free(p);
}

static int setup(void **state)
{
    (void) state;
    n_attacks = attacks_make(attacks);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_handshake),
        cmocka_unit_test(between_the_parts_of_a_hello),
        cmocka_unit_test(during_the_handshake),
        cmocka_unit_test(after_the_handshake),
        cmocka_unit_test(short_records_are_met_with_silence),
        cmocka_unit_test(all_at_once),
        cmocka_unit_test(attempts_are_limited),
        cmocka_unit_test(handshake_bytes_are_limited),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
