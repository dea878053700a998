/* Our SRTP against libsrtp2's at the other end, for both profiles. */
#include "base/buf.h"
#include "base/rnd.h"
#include "rtc/srtp.h"

#include <errno.h>
#include <setjmp.h>
#include <srtp2/srtp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SSRC 0x11223344u
#define CAP 2048
#define PACKETS 400

struct ends {
    struct srtp_transport *us;
    srtp_t peer_in, peer_out;
};

static srtp_t peer_session(srtp_ssrc_type_t direction, enum srtp_profile_id profile,
                           const uint8_t *key, const uint8_t *salt, size_t salt_len)
{
    uint8_t master[30];
    srtp_policy_t policy = {.ssrc.type = direction, .key = master, .window_size = 512};
    srtp_t s;

    memcpy(master, key, 16);
    memcpy(master + 16, salt, salt_len);
    if (profile == SRTP_ID_AEAD_AES_128_GCM) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    } else {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
    }
    assert_int_equal(srtp_create(&s, &policy), srtp_err_status_ok);
    return s;
}

static void ends_init(struct ends *e, enum srtp_profile_id profile)
{
    struct dtls_keys keys = {
        .profile = profile,
        .salt_len = profile == SRTP_ID_AEAD_AES_128_GCM ? 12 : 14,
    };

    rnd_bytes(keys.client_key, sizeof(keys.client_key));
    rnd_bytes(keys.server_key, sizeof(keys.server_key));
    rnd_bytes(keys.client_salt, keys.salt_len);
    rnd_bytes(keys.server_salt, keys.salt_len);
    assert_int_equal(srtp_transport_new(&keys, &e->us), 0);
    e->peer_in =
        peer_session(ssrc_any_inbound, profile, keys.server_key, keys.server_salt, keys.salt_len);
    e->peer_out =
        peer_session(ssrc_any_outbound, profile, keys.client_key, keys.client_salt, keys.salt_len);
}

static void ends_done(struct ends *e)
{
    srtp_transport_free(e->us);
    srtp_dealloc(e->peer_in);
    srtp_dealloc(e->peer_out);
}

/* CSRCs, an extension and a payload, each of random length; returns the header's. */
static size_t make_rtp(uint8_t buf[static CAP], uint32_t ssrc, uint16_t seq, size_t *ret_len)
{
    struct wr w = wr_init(buf, CAP);
    uint8_t n_csrc = rnd_u32() % 16;
    uint16_t ext_words = rnd_u32() % 5;
    size_t header_len;

    wr_u8(&w, (uint8_t) (0x80 | (ext_words ? 0x10 : 0) | n_csrc));
    wr_u8(&w, 96);
    wr_u16(&w, seq);
    wr_u32(&w, rnd_u32());
    wr_u32(&w, ssrc);
    wr_zero(&w, 4 * (size_t) n_csrc);
    if (ext_words) {
        wr_u16(&w, 0xbede);
        wr_u16(&w, ext_words);
        wr_zero(&w, 4 * (size_t) ext_words);
    }
    header_len = wr_len(&w);
    rnd_bytes(wr_reserve(&w, 1100), 1100);
    *ret_len = header_len + rnd_u32() % 1100;
    return header_len;
}

/* Neighbours change places, some are lost: the order in which n packets arrive. */
static size_t shuffle(size_t *order)
{
    size_t n = 0;

    for (size_t i = 0; i < PACKETS; i++)
        if (rnd_u32() % 8)
            order[n++] = i;
    for (size_t i = 0; i + 1 < n; i++) {
        size_t k = i + rnd_u32() % 2;
        size_t kept = order[i];

        order[i] = order[k];
        order[k] = kept;
    }
    return n;
}

static uint8_t plain[PACKETS][CAP], sealed[PACKETS][CAP];
static size_t plain_len[PACKETS], sealed_len[PACKETS];
static uint64_t index_of[PACKETS]; /* ROC << 16 | SEQ */

/* Is packet k too late for a window of 512? *highest is that of the packets so far. */
static bool is_late(size_t k, uint64_t *highest)
{
    if (index_of[k] > *highest)
        *highest = index_of[k];
    return *highest - index_of[k] >= 512;
}

/* In one piece, or from its parts. */
static int protect(struct srtp_sender *st, size_t i, size_t header_len)
{
    struct bytes whole = bytes_of(plain[i], plain_len[i]);

    if (i % 2)
        return srtp_sender_protect(st, whole, header_len, sealed[i], CAP, &sealed_len[i]);
    memcpy(sealed[i], plain[i], header_len);
    return srtp_sender_seal(st, sealed[i], CAP, header_len,
                            bytes_of(whole.p + header_len, whole.len - header_len), 0,
                            &sealed_len[i]);
}

static void libsrtp_reads_ours(void **state)
{
    const struct ends *e = *state;
    struct srtp_sender *st;
    size_t order[PACKETS];
    uint64_t index = 20000;
    uint64_t highest = 0;
    size_t n;

    assert_int_equal(srtp_transport_add_sender(e->us, SSRC, &st), 0);
    for (size_t i = 0; i < PACKETS; i++) { /* about six times round */
        size_t header_len = make_rtp(plain[i], SSRC, (uint16_t) index, &plain_len[i]);

        index_of[i] = index;
        index += 1 + rnd_u32() % 2000;
        assert_int_equal(protect(st, i, header_len), 0);
    }
    n = shuffle(order);
    for (size_t i = 0; i < n; i++) {
        uint8_t *packet = sealed[order[i]];
        int len = (int) sealed_len[order[i]];
        srtp_err_status_t status = srtp_unprotect(e->peer_in, packet, &len);

        if (is_late(order[i], &highest)) {
            assert_int_equal(status, srtp_err_status_replay_old);
            continue;
        }
        assert_int_equal(status, srtp_err_status_ok);
        assert_int_equal(len, plain_len[order[i]]);
        assert_memory_equal(packet, plain[order[i]], plain_len[order[i]]);
    }
}

static void we_read_libsrtps(void **state)
{
    const struct ends *e = *state;
    size_t order[PACKETS];
    uint64_t index = 20000;
    uint64_t highest = 0;
    size_t n;

    for (size_t i = 0; i < PACKETS; i++) {
        int len;

        make_rtp(plain[i], SSRC, (uint16_t) index, &plain_len[i]);
        index_of[i] = index;
        index += 1 + rnd_u32() % 800;
        memcpy(sealed[i], plain[i], plain_len[i]);
        len = (int) plain_len[i];
        assert_int_equal(srtp_protect(e->peer_out, sealed[i], &len), srtp_err_status_ok);
        sealed_len[i] = (size_t) len;
    }
    n = shuffle(order);
    for (size_t i = 0; i < n; i++) {
        uint8_t *packet = sealed[order[i]];
        size_t len = sealed_len[order[i]];
        uint8_t again[CAP];

        memcpy(again, packet, len);
        if (is_late(order[i], &highest)) {
            assert_int_equal(srtp_transport_unprotect(e->us, packet, &len), -EALREADY);
            continue;
        }
        assert_int_equal(srtp_transport_unprotect(e->us, packet, &len), 0);
        assert_int_equal(len, plain_len[order[i]]);
        assert_memory_equal(packet, plain[order[i]], len);
        len = sealed_len[order[i]];
        assert_int_equal(srtp_transport_unprotect(e->us, again, &len), -EALREADY);
    }
}

/* Receiver reports of two SSRCs, as long as they come. */
static void rtcp_goes_both_ways(void **state)
{
    const struct ends *e = *state;

    for (uint32_t i = 0; i < 300; i++) {
        uint8_t packet[CAP], copy[CAP];
        size_t len = 8 + 4 * (size_t) (rnd_u32() % 100);
        struct wr w = wr_init(packet, sizeof(packet));
        size_t n = len;
        int peer_n = (int) len;

        rnd_bytes(packet, sizeof(packet));
        wr_u16(&w, 0x80c9);
        wr_u16(&w, (uint16_t) (len / 4 - 1));
        wr_u32(&w, SSRC + i % 2);
        memcpy(copy, packet, len);
        assert_int_equal(srtp_transport_protect_rtcp(e->us, packet, &n, CAP), 0);
        peer_n = (int) n;
        assert_int_equal(srtp_unprotect_rtcp(e->peer_in, packet, &peer_n), srtp_err_status_ok);
        assert_int_equal(peer_n, len);
        assert_memory_equal(packet, copy, len);

        assert_int_equal(srtp_protect_rtcp(e->peer_out, packet, &peer_n), srtp_err_status_ok);
        n = (size_t) peer_n;
        assert_int_equal(srtp_transport_unprotect_rtcp(e->us, packet, &n), 0);
        assert_int_equal(n, len);
        assert_memory_equal(packet, copy, len);
    }
}

static int start(void **state)
{
    (void) state;
    return srtp_transport_global_init();
}

static struct ends ends;

static int with_gcm(void **state)
{
    ends_init(&ends, SRTP_ID_AEAD_AES_128_GCM);
    *state = &ends;
    return 0;
}

static int with_cm(void **state)
{
    ends_init(&ends, SRTP_ID_AES128_CM_SHA1_80);
    *state = &ends;
    return 0;
}

static int done(void **state)
{
    ends_done(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(libsrtp_reads_ours, with_gcm, done),
        cmocka_unit_test_setup_teardown(we_read_libsrtps, with_gcm, done),
        cmocka_unit_test_setup_teardown(rtcp_goes_both_ways, with_gcm, done),
        cmocka_unit_test_setup_teardown(libsrtp_reads_ours, with_cm, done),
        cmocka_unit_test_setup_teardown(we_read_libsrtps, with_cm, done),
        cmocka_unit_test_setup_teardown(rtcp_goes_both_ways, with_cm, done),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
