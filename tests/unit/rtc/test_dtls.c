#include "base/rnd.h"
#include "tests/unit/rtc/dtls_pair.h"

#include <errno.h>
#include <openssl/srtp.h>

#define MS UINT64_C(1000)
#define BOTH_PROFILES "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM"

static void assert_same_keys(struct pair *p, enum srtp_profile_id profile, size_t salt_len)
{
    struct dtls_keys keys;
    uint8_t m[2 * (16 + 14)];
    size_t len = 2 * (16 + salt_len);

    assert_int_equal(dtls_export_keys(p->server, &keys), 0);
    assert_int_equal(keys.profile, profile);
    assert_int_equal(keys.salt_len, salt_len);
    assert_int_equal(
        SSL_export_keying_material(p->client.ssl, m, len, "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0),
        1);
    assert_memory_equal(keys.client_key, m, 16);
    assert_memory_equal(keys.server_key, m + 16, 16);
    assert_memory_equal(keys.client_salt, m + 32, salt_len);
    assert_memory_equal(keys.server_salt, m + 32 + salt_len, salt_len);
}

static void prefers_gcm(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, true);

    (void) state;
    assert_int_equal(run(p), DTLS_CONNECTED);
    assert_client_connected(p);
    assert_string_equal(dtls_error(p->server), "");
    assert_string_equal(SSL_get_selected_srtp_profile(p->client.ssl)->name,
                        "SRTP_AEAD_AES_128_GCM");
    assert_string_equal(SSL_get_cipher(p->client.ssl), "ECDHE-ECDSA-AES128-GCM-SHA256");
    assert_same_keys(p, SRTP_ID_AEAD_AES_128_GCM, 12);
    assert_in_range(p->largest, 1, 1200);
    assert_true(dtls_next_timeout_us(p->server) == UINT64_MAX);
    pair_free(p);
}

static void takes_cm_alone(void **state)
{
    struct pair *p = pair_new("SRTP_AES128_CM_SHA1_80", true);

    (void) state;
    assert_int_equal(run(p), DTLS_CONNECTED);
    assert_same_keys(p, SRTP_ID_AES128_CM_SHA1_80, 14);
    pair_free(p);
}

static void tells_fingerprints(void **state)
{
    static const struct {
        const char *name;
        const EVP_MD *(*md)(void);
    } hashes[] = {{"sha-256", EVP_sha256}, {"SHA-384", EVP_sha384}, {"sha-512", EVP_sha512}};
    struct pair *p = pair_new(BOTH_PROFILES, true);
    struct pair *other = pair_new(BOTH_PROFILES, true);
    uint8_t got[64], want[64];
    char text[DTLS_FINGERPRINT_TEXT_SIZE + 1];
    unsigned want_len;
    size_t len;
    X509 *cert;

    (void) state;
    assert_int_equal(dtls_peer_fingerprint(p->server, bytes_str("sha-256"), got, 64, &len),
                     -ENOTCONN);
    assert_int_equal(run(p), DTLS_CONNECTED);
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        struct bytes name = bytes_str(hashes[i].name);

        assert_int_equal(dtls_peer_fingerprint(p->server, name, got, 64, &len), 0);
        X509_digest(p->client.cert, hashes[i].md(), want, &want_len);
        assert_int_equal(len, want_len);
        assert_memory_equal(got, want, len);
        assert_int_equal(dtls_peer_fingerprint(p->server, name, got, want_len - 1, &len), -ENOSPC);
    }
    X509_digest(other->client.cert, EVP_sha512(), want, &want_len);
    assert_memory_not_equal(got, want, want_len);
    assert_int_equal(dtls_peer_fingerprint(p->server, bytes_str("sha-1"), got, 64, &len), -ENOTSUP);

    cert = SSL_get1_peer_certificate(p->client.ssl);
    X509_digest(cert, EVP_sha256(), want, &want_len);
    for (size_t i = 0; i < want_len; i++)
        snprintf(text + 3 * i, 4, "%02X:", want[i]);
    text[95] = '\0';
    assert_string_equal(dtls_identity_fingerprint(p->id), text);
    assert_string_not_equal(dtls_identity_fingerprint(other->id), text);
    X509_free(cert);
    pair_free(other);
    pair_free(p);
}

static void refuses_without_srtp(void **state)
{
    static const char *const none[] = {NULL, "SRTP_AES128_CM_SHA1_32"};
    struct dtls_keys keys;

    (void) state;
    for (size_t i = 0; i < 2; i++) {
        struct pair *p = pair_new(none[i], true);

        assert_int_equal(run(p), DTLS_FAILED);
        assert_string_equal(dtls_error(p->server), "no SRTP profile in common");
        assert_int_equal(dtls_export_keys(p->server, &keys), -ENOTCONN);
        pair_free(p);
    }
}

static void requires_a_certificate(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, false);

    (void) state;
    assert_int_equal(run(p), DTLS_FAILED);
    assert_string_equal(dtls_error(p->server), "peer did not return a certificate");
    pair_free(p);
}

/* As one of the hellos that are not the client's might. */
static void ignores_dtls_1_0(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, true);

    (void) state;
    SSL_set_security_level(p->client.ssl, 0);
    SSL_set_max_proto_version(p->client.ssl, DTLS1_VERSION);
    SSL_set_cipher_list(p->client.ssl, "ALL:@SECLEVEL=0");
    assert_int_equal(run(p), DTLS_HANDSHAKE);
    assert_int_equal(p->largest, 0);
    pair_free(p);
}

static void repeats_a_lost_flight(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, true);
    static const unsigned waits_ms[] = {100, 200, 400, 800, 1600, 3000, 3000};

    (void) state;
    assert_true(dtls_next_timeout_us(p->server) == UINT64_MAX);
    client_step(&p->client);
    assert_int_equal(deliver_to_server(p), DTLS_HANDSHAKE);
    for (size_t i = 0; i < sizeof(waits_ms) / sizeof(waits_ms[0]); i++) {
        assert_true(p->to_client.n > 0);
        p->to_client.n = 0; /* lost */
        assert_int_equal(dtls_next_timeout_us(p->server), waits_ms[i] * MS);
        advance(waits_ms[i] * MS / 2);
        assert_int_equal(dtls_timeout(p->server), DTLS_HANDSHAKE);
        assert_int_equal(p->to_client.n, 0); /* too early */
        advance(waits_ms[i] * MS / 2);
        assert_int_equal(dtls_next_timeout_us(p->server), 0);
        assert_int_equal(dtls_timeout(p->server), DTLS_HANDSHAKE);
    }
    assert_int_equal(run(p), DTLS_CONNECTED);
    assert_client_connected(p);
    pair_free(p);
}

static void repeats_the_last_flight_when_asked(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, true);

    (void) state;
    client_step(&p->client);
    deliver_to_server(p);
    deliver_to_client(p);
    assert_int_equal(deliver_to_server(p), DTLS_CONNECTED);
    assert_true(p->to_client.n > 0);
    for (int i = 0; i < 3; i++) {
        p->to_client.n = 0; /* lost */
        assert_int_equal(deliver_to_server(p), DTLS_CONNECTED);
        assert_false(SSL_is_init_finished(p->client.ssl));
        advance(400 * MS);
        assert_int_equal(DTLSv1_handle_timeout(p->client.ssl), 1);
        assert_true(p->to_server.n > 0);
        assert_int_equal(deliver_to_server(p), DTLS_CONNECTED);
        assert_true(p->to_client.n > 0);
    }
    deliver_to_client(p);
    assert_client_connected(p);
    assert_same_keys(p, SRTP_ID_AEAD_AES_128_GCM, 12);
    pair_free(p);
}

/* Browsers' hellos carry a post-quantum share and take two datagrams; here it is ALPN. */
static void make_long_hello(struct pair *p)
{
    uint8_t alpn[1300];

    for (size_t at = 0; at < sizeof(alpn); at += 130) {
        alpn[at] = 129;
        memset(alpn + at + 1, 'a', 129);
    }
    assert_int_equal(SSL_set_alpn_protos(p->client.ssl, alpn, sizeof(alpn)), 0);
    client_step(&p->client);
    assert_int_equal(p->to_server.n, 2);
}

static void joins_a_split_hello(void **state)
{
    (void) state;
    for (int reorder = 0; reorder < 2; reorder++) {
        struct pair *p = pair_new(BOTH_PROFILES, true);

        make_long_hello(p);
        for (size_t i = 0; i < 2; i++) {
            size_t which = reorder ? 1 - i : i;

            assert_int_equal(p->to_client.n, 0);
            dtls_input(p->server, bytes_of(p->to_server.data[which], p->to_server.len[which]));
        }
        assert_true(p->to_client.n > 0);
        p->to_server.n = 0;
        assert_int_equal(run(p), DTLS_CONNECTED);
        assert_client_connected(p);
        pair_free(p);
    }
}

static void repeated_halves_of_a_hello_do_no_harm(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, true);

    (void) state;
    make_long_hello(p);
    for (int i = 0; i < 20; i++)
        dtls_input(p->server, bytes_of(p->to_server.data[0], p->to_server.len[0]));
    assert_int_equal(p->to_client.n, 0);
    assert_int_equal(run(p), DTLS_CONNECTED);
    pair_free(p);
}

static void feed_garbage(struct pair *p)
{
    for (size_t i = 0; i < 200; i++) {
        uint8_t junk[300];
        size_t len = rnd_u32() % sizeof(junk);

        rnd_bytes(junk, sizeof(junk));
        if (i % 2) { /* looks like a record: random type, our version, some epoch */
            junk[0] = (uint8_t) (20 + i % 6);
            junk[1] = 0xfe;
            junk[2] = 0xfd;
            junk[3] = 0;
            junk[4] = (uint8_t) (1 + i % 2);
        }
        dtls_input(p->server, bytes_of(junk, len));
    }
    dtls_input(p->server, bytes_of(NULL, 0));
}

static void survives_garbage(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, true);

    (void) state;
    feed_garbage(p);
    assert_int_equal(dtls_state(p->server), DTLS_HANDSHAKE);
    pair_free(p);

    p = pair_new(BOTH_PROFILES, true);
    assert_int_equal(run(p), DTLS_CONNECTED);
    feed_garbage(p);
    assert_int_equal(dtls_state(p->server), DTLS_CONNECTED);
    assert_int_equal(p->to_client.n, 0);
    assert_same_keys(p, SRTP_ID_AEAD_AES_128_GCM, 12);
    pair_free(p);
}

/* n empty records that claim to be encrypted. */
static void send_early(struct pair *p, size_t n)
{
    static const uint8_t early[13] = {23, 0xfe, 0xfd, 0, 1};
    uint8_t many[33 * sizeof(early)];

    for (size_t i = 0; i < n; i++)
        memcpy(many + i * sizeof(early), early, sizeof(early));
    dtls_input(p->server, bytes_of(many, n * sizeof(early)));
}

static void limits_early_records(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, true);

    (void) state;
    client_step(&p->client);
    deliver_to_server(p);
    deliver_to_client(p);
    send_early(p, 32);
    assert_true(p->to_server.n > 0);
    assert_int_equal(deliver_to_server(p), DTLS_HANDSHAKE); /* the Finished is one too many */
    assert_int_equal(p->to_client.n, 0);
    advance(200000);
    dtls_timeout(p->server); /* the flight that they are to answer comes again, and so may they */
    (void) DTLSv1_handle_timeout(p->client.ssl);
    assert_int_equal(run(p), DTLS_CONNECTED);
    pair_free(p);

    p = pair_new(BOTH_PROFILES, true);
    client_step(&p->client);
    deliver_to_server(p);
    deliver_to_client(p);
    send_early(p, 33); /* too many at once are passed over, and take nothing from the client's */
    assert_int_equal(run(p), DTLS_CONNECTED);
    pair_free(p);
}

static void drops_application_data(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, true);
    char text[100] = "not for us";

    (void) state;
    assert_int_equal(run(p), DTLS_CONNECTED);
    for (int i = 0; i < 10; i++)
        assert_int_equal(SSL_write(p->client.ssl, text, sizeof(text)), sizeof(text));
    assert_int_equal(deliver_to_server(p), DTLS_CONNECTED);
    assert_int_equal(p->to_client.n, 0);
    pair_free(p);
}

static void refuses_renegotiation(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, true);
    struct dtls_keys before, after;

    (void) state;
    assert_int_equal(run(p), DTLS_CONNECTED);
    assert_int_equal(dtls_export_keys(p->server, &before), 0);
    SSL_renegotiate(p->client.ssl);
    SSL_do_handshake(p->client.ssl);
    assert_true(p->to_server.n > 0);
    assert_int_equal(deliver_to_server(p), DTLS_CONNECTED);
    assert_in_range(p->to_client.n, 1, 1); /* an alert, no flight */
    assert_in_range(p->to_client.len[0], 1, 60);
    assert_int_equal(dtls_export_keys(p->server, &after), 0);
    assert_memory_equal(&before, &after, sizeof(before));
    pair_free(p);
}

static void hears_close_notify(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, true);

    (void) state;
    assert_int_equal(run(p), DTLS_CONNECTED);
    assert_int_equal(SSL_shutdown(p->client.ssl), 0);
    assert_int_equal(deliver_to_server(p), DTLS_CLOSED);
    deliver_to_client(p);
    assert_int_equal(SSL_shutdown(p->client.ssl), 1); /* ours came back */
    dtls_close(p->server);
    assert_int_equal(p->to_client.n, 0);
    assert_int_equal(dtls_state(p->server), DTLS_CLOSED);
    pair_free(p);
}

static void sends_close_notify(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, true);

    (void) state;
    assert_int_equal(run(p), DTLS_CONNECTED);
    dtls_close(p->server);
    assert_int_equal(dtls_state(p->server), DTLS_CLOSED);
    assert_int_equal(p->to_client.n, 1);
    deliver_to_client(p);
    assert_int_equal(SSL_get_shutdown(p->client.ssl), SSL_RECEIVED_SHUTDOWN);
    pair_free(p);
}

static void closes_before_the_handshake(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, true);

    (void) state;
    dtls_close(p->server);
    assert_int_equal(run(p), DTLS_CLOSED);
    assert_int_equal(p->largest, 0);
    pair_free(p);
}

static void gives_up_after_30_s(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, true);
    uint64_t start = now_us;

    (void) state;
    client_step(&p->client);
    deliver_to_server(p);
    while (dtls_state(p->server) == DTLS_HANDSHAKE) {
        assert_true(dtls_next_timeout_us(p->server) <= 3000 * MS);
        p->to_client.n = 0;
        advance(dtls_next_timeout_us(p->server));
        dtls_timeout(p->server);
    }
    assert_int_equal(dtls_state(p->server), DTLS_FAILED);
    assert_string_equal(dtls_error(p->server), "handshake timed out");
    assert_in_range(now_us - start, 25000 * MS, 30000 * MS);
    pair_free(p);

    /* Half a hello starts no timer of OpenSSL's. */
    p = pair_new(BOTH_PROFILES, true);
    make_long_hello(p);
    dtls_input(p->server, bytes_of(p->to_server.data[0], p->to_server.len[0]));
    assert_int_equal(dtls_next_timeout_us(p->server), 30000 * MS);
    advance(30000 * MS);
    assert_int_equal(dtls_next_timeout_us(p->server), 0);
    assert_int_equal(dtls_timeout(p->server), DTLS_FAILED);
    assert_string_equal(dtls_error(p->server), "handshake timed out");
    pair_free(p);
}

static void one_identity_serves_many(void **state)
{
    struct pair *p = pair_new(BOTH_PROFILES, true);
    struct dtls_keys first, second;

    (void) state;
    assert_int_equal(run(p), DTLS_CONNECTED);
    assert_int_equal(dtls_export_keys(p->server, &first), 0);
    client_done(&p->client);
    client_init(&p->client, BOTH_PROFILES, true, &p->to_server);
    p->server = dtls_free(p->server);
    assert_int_equal(dtls_new(p->id, on_send, p, &p->server), 0);
    assert_int_equal(run(p), DTLS_CONNECTED);
    assert_int_equal(dtls_export_keys(p->server, &second), 0);
    assert_memory_not_equal(first.server_key, second.server_key, DTLS_KEY_MAX);
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefers_gcm),
        cmocka_unit_test(takes_cm_alone),
        cmocka_unit_test(tells_fingerprints),
        cmocka_unit_test(refuses_without_srtp),
        cmocka_unit_test(requires_a_certificate),
        cmocka_unit_test(ignores_dtls_1_0),
        cmocka_unit_test(repeats_a_lost_flight),
        cmocka_unit_test(repeats_the_last_flight_when_asked),
        cmocka_unit_test(joins_a_split_hello),
        cmocka_unit_test(repeated_halves_of_a_hello_do_no_harm),
        cmocka_unit_test(survives_garbage),
        cmocka_unit_test(limits_early_records),
        cmocka_unit_test(drops_application_data),
        cmocka_unit_test(refuses_renegotiation),
        cmocka_unit_test(hears_close_notify),
        cmocka_unit_test(sends_close_notify),
        cmocka_unit_test(closes_before_the_handshake),
        cmocka_unit_test(gives_up_after_30_s),
        cmocka_unit_test(one_identity_serves_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
