#include "base/buf.h"
#include "base/rnd.h"
#include "rtc/srtp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define SSRC 0x11223344u
#define CAP 2048

static const enum srtp_profile_id profiles[] = {
    SRTP_ID_AEAD_AES_128_GCM,
    SRTP_ID_AES128_CM_SHA1_80,
};

/* Our end and the peer's: what one sends with, the other receives with. */
struct ends {
    struct srtp_transport *us, *peer;
    size_t tag;
};

static void ends_init(struct ends *e, enum srtp_profile_id profile)
{
    bool gcm = profile == SRTP_ID_AEAD_AES_128_GCM;
    struct dtls_keys keys = {.profile = profile, .salt_len = gcm ? 12 : 14};
    struct dtls_keys swapped;

    rnd_bytes(keys.client_key, sizeof(keys.client_key));
    rnd_bytes(keys.server_key, sizeof(keys.server_key));
    rnd_bytes(keys.client_salt, keys.salt_len);
    rnd_bytes(keys.server_salt, keys.salt_len);
    swapped = keys;
    memcpy(swapped.client_key, keys.server_key, sizeof(keys.client_key));
    memcpy(swapped.server_key, keys.client_key, sizeof(keys.client_key));
    memcpy(swapped.client_salt, keys.server_salt, sizeof(keys.client_salt));
    memcpy(swapped.server_salt, keys.client_salt, sizeof(keys.client_salt));
    e->tag = gcm ? 16 : 10;
    assert_int_equal(srtp_transport_new(&keys, &e->us), 0);
    assert_int_equal(srtp_transport_new(&swapped, &e->peer), 0);
    assert_int_equal(srtp_transport_profile(e->us), profile);
}

static void ends_done(struct ends *e)
{
    srtp_transport_free(e->us);
    srtp_transport_free(e->peer);
}

/* A packet with so many CSRCs, words of extension (-1: none) and payload bytes; returns the length
 * of its header. */
static size_t make_rtp(uint8_t *buf, uint32_t ssrc, uint16_t seq, uint8_t n_csrc, int ext_words,
                       size_t payload_len, size_t *ret_len)
{
    struct wr w = wr_init(buf, CAP);
    size_t header_len;

    wr_u8(&w, (uint8_t) (0x80 | (ext_words >= 0 ? 0x10 : 0) | n_csrc));
    wr_u8(&w, 96);
    wr_u16(&w, seq);
    wr_u32(&w, rnd_u32());
    wr_u32(&w, ssrc);
    wr_zero(&w, 4 * (size_t) n_csrc);
    if (ext_words >= 0) {
        wr_u16(&w, 0xbede);
        wr_u16(&w, (uint16_t) ext_words);
        wr_zero(&w, 4 * (size_t) ext_words);
    }
    header_len = wr_len(&w);
    for (size_t i = 0; i < payload_len; i++)
        wr_u8(&w, (uint8_t) (i * 7 + seq));
    assert_int_equal(wr_finish(&w, ret_len), 0);
    return header_len;
}

/* Protects a plain packet of this sequence number into out. */
static int send_seq(struct srtp_sender *st, uint32_t ssrc, uint16_t seq, uint8_t *out, size_t *len)
{
    uint8_t plain[CAP];
    size_t header_len = make_rtp(plain, ssrc, seq, 0, -1, 50, len);

    return srtp_sender_protect(st, bytes_of(plain, *len), header_len, out, CAP, len);
}

/* ---- round trips ---- */

/* Through one packet, whatever its shape; in place or into another buffer. */
static void round_trip(struct ends *e, struct srtp_sender *st, uint32_t ssrc, uint16_t seq,
                       bool in_place)
{
    uint8_t plain[CAP], copy[CAP], out[CAP];
    uint8_t *dst = in_place ? plain : out;
    int ext_words = (int) (rnd_u32() % 6) - 1;
    size_t len, header_len, sent;

    header_len = make_rtp(plain, ssrc, seq, rnd_u32() % 4, ext_words, rnd_u32() % 1200, &len);
    memcpy(copy, plain, len);
    memset(out, 0xaa, sizeof(out));
    assert_int_equal(
        srtp_sender_protect(st, bytes_of(plain, len), header_len, dst, len + e->tag, &sent), 0);
    assert_int_equal(sent, len + e->tag);
    if (!in_place) {
        assert_memory_equal(plain, copy, len);
        assert_int_equal(out[sent], 0xaa);
    }
    assert_memory_equal(dst, copy, header_len);
    if (len - header_len >= 8)
        assert_memory_not_equal(dst + header_len, copy + header_len, len - header_len);
    assert_int_equal(srtp_transport_unprotect(e->peer, dst, &sent), 0);
    assert_int_equal(sent, len);
    assert_memory_equal(dst, copy, len);
}

static void round_trips_over_the_wrap(void **state)
{
    (void) state;
    for (size_t i = 0; i < 2; i++) {
        struct srtp_sender *st;
        struct ends e;
        uint16_t seq = 30000;

        ends_init(&e, profiles[i]);
        assert_int_equal(srtp_transport_add_sender(e.us, SSRC, &st), 0);
        for (int n = 0; n < 600; n++) { /* about nine times round */
            round_trip(&e, st, SSRC, seq, n % 2);
            seq = (uint16_t) (seq + 1 + rnd_u32() % 2000);
        }
        ends_done(&e);
    }
}

static void headers_alone_are_protected(void **state)
{
    uint8_t plain[CAP], out[CAP];
    size_t len, header_len;

    (void) state;
    for (size_t i = 0; i < 2; i++) {
        struct srtp_sender *st;
        struct ends e;

        ends_init(&e, profiles[i]);
        assert_int_equal(srtp_transport_add_sender(e.us, SSRC, &st), 0);
        header_len = make_rtp(plain, SSRC, 1, 15, 3, 0, &len);
        assert_int_equal(header_len, len);
        assert_int_equal(srtp_sender_protect(st, bytes_of(plain, len), header_len, out, CAP, &len),
                         0);
        assert_int_equal(srtp_transport_unprotect(e.peer, out, &len), 0);
        assert_memory_equal(out, plain, header_len);
        ends_done(&e);
    }
}

/* ---- the nonce rule ---- */

static void never_uses_an_index_twice(void **state)
{
    static const uint16_t refused[] = {1000, 1000 - 512, 0, 1000 + 32768, 1000 + 40000, 65535};
    uint8_t plain[CAP], out[CAP], untouched[CAP];

    (void) state;
    memset(untouched, 0x55, sizeof(untouched));
    for (size_t i = 0; i < 2; i++) {
        struct srtp_sender *st;
        struct ends e;
        size_t len, sent;

        ends_init(&e, profiles[i]);
        assert_int_equal(srtp_transport_add_sender(e.us, SSRC, &st), 0);
        assert_int_equal(send_seq(st, SSRC, 1000, out, &len), 0);
        for (size_t k = 0; k < sizeof(refused) / sizeof(refused[0]); k++) {
            size_t header_len = make_rtp(plain, SSRC, refused[k], 0, -1, 50, &len);

            sent = 77;
            memset(out, 0x55, sizeof(out));
            assert_int_equal(
                srtp_sender_protect(st, bytes_of(plain, len), header_len, out, CAP, &sent),
                -EALREADY);
            assert_memory_equal(out, untouched, sizeof(out));
            assert_int_equal(sent, 77);
        }
        assert_int_equal(send_seq(st, SSRC, 1000 + 32767, out, &len), 0); /* as far as it goes */
        assert_int_equal(send_seq(st, SSRC, 60000, out, &len), 0);
        assert_int_equal(send_seq(st, SSRC, 5, out, &len), 0); /* wraps */
        assert_int_equal(send_seq(st, SSRC, 60001, out, &len), -EALREADY);
        assert_int_equal(send_seq(st, SSRC, 5, out, &len), -EALREADY);
        assert_int_equal(send_seq(st, SSRC, 6, out, &len), 0);
        ends_done(&e);
    }
}

/* A publisher's packet that came late goes out late, once, and the receiver can open it. */
static void late_packets_go_out_once(void **state)
{
    static const uint16_t seqs[] = {100, 103, 101, 102, 65000, 64999, 3, 65535, 2};
    uint8_t out[CAP];

    (void) state;
    for (size_t i = 0; i < 2; i++) {
        struct srtp_sender *st;
        struct ends e;
        size_t len;

        ends_init(&e, profiles[i]);
        assert_int_equal(srtp_transport_add_sender(e.us, SSRC, &st), 0);
        for (size_t k = 0; k < sizeof(seqs) / sizeof(seqs[0]); k++) {
            if (seqs[k] == 65000) /* in steps that a receiver can follow */
                assert_int_equal(send_seq(st, SSRC, 32800, out, &len), 0);
            assert_int_equal(send_seq(st, SSRC, seqs[k], out, &len), 0);
            assert_int_equal(srtp_transport_unprotect(e.peer, out, &len), 0);
            assert_int_equal(send_seq(st, SSRC, seqs[k], out, &len), -EALREADY);
        }
        ends_done(&e);
    }
}

/* Refused for its buffer, a packet has not used up its index; nothing was encrypted. */
static void refusals_keep_the_index(void **state)
{
    uint8_t plain[CAP], out[CAP];
    size_t len, header_len, sent;

    (void) state;
    for (size_t i = 0; i < 2; i++) {
        struct srtp_sender *st;
        struct ends e;

        ends_init(&e, profiles[i]);
        assert_int_equal(srtp_transport_add_sender(e.us, SSRC, &st), 0);
        header_len = make_rtp(plain, SSRC, 7, 1, 1, 50, &len);
        assert_int_equal(
            srtp_sender_protect(st, bytes_of(plain, len), header_len, out, len + e.tag - 1, &sent),
            -ENOSPC);
        for (size_t wrong = 0; wrong <= len; wrong++)
            if (wrong != header_len)
                assert_int_equal(
                    srtp_sender_protect(st, bytes_of(plain, len), wrong, out, CAP, &sent), -EINVAL);
        for (size_t cut = 0; cut < header_len; cut++)
            assert_int_equal(srtp_sender_protect(st, bytes_of(plain, cut), cut, out, CAP, &sent),
                             -EINVAL);
        plain[11] ^= 1; /* another SSRC */
        assert_int_equal(srtp_sender_protect(st, bytes_of(plain, len), header_len, out, CAP, &sent),
                         -EINVAL);
        plain[11] ^= 1;
        assert_int_equal(srtp_sender_protect(st, bytes_of(plain, len), header_len, out, CAP, &sent),
                         0);
        ends_done(&e);
    }
}

static void ssrcs_are_independent(void **state)
{
    (void) state;
    for (size_t i = 0; i < 2; i++) {
        struct srtp_sender *st[SRTP_SSRC_MAX], *more;
        struct ends e;

        ends_init(&e, profiles[i]);
        for (uint32_t k = 0; k < SRTP_SSRC_MAX; k++) {
            assert_int_equal(srtp_transport_add_sender(e.us, SSRC + k, &st[k]), 0);
            assert_int_equal(srtp_transport_add_sender(e.us, SSRC + k, &more), -EEXIST);
        }
        assert_int_equal(srtp_transport_add_sender(e.us, 1, &more), -ENOSPC);
        for (uint32_t k = 0; k < SRTP_IN_SSRC_MAX; k++)
            for (uint16_t seq = 500; seq < 510; seq++)
                round_trip(&e, st[k], SSRC + k, (uint16_t) (seq * (k + 1)), seq % 2);
        ends_done(&e);
    }
}

/* One payload for two destinations, with padding for one of them. */
static void a_packet_from_its_parts(void **state)
{
    static const uint8_t paddings[] = {0, 1, 16, 37, 255};
    uint8_t plain[CAP], out[CAP];
    size_t len, header_len, sent;

    (void) state;
    for (size_t i = 0; i < 2; i++) {
        struct srtp_sender *st;
        struct ends e;

        ends_init(&e, profiles[i]);
        assert_int_equal(srtp_transport_add_sender(e.us, SSRC, &st), 0);
        for (uint16_t k = 0; k < 5 * 40; k++) {
            uint8_t padding = paddings[k % 5];
            size_t payload_len = k / 5 ? rnd_u32() % 1000 : 0;
            struct bytes payload;

            header_len = make_rtp(plain, SSRC, k, k % 3, 1, payload_len, &len);
            payload = bytes_of(plain + header_len, payload_len);
            memset(out, 0xaa, sizeof(out));
            memcpy(out, plain, header_len);
            assert_int_equal(srtp_sender_seal(st, out, len + padding + e.tag - 1, header_len,
                                              payload, padding, &sent),
                             -ENOSPC);
            assert_int_equal(srtp_sender_seal(st, out, len + padding + e.tag, header_len, payload,
                                              padding, &sent),
                             0);
            assert_int_equal(sent, len + padding + e.tag);
            assert_int_equal(out[sent], 0xaa);
            assert_int_equal(srtp_transport_unprotect(e.peer, out, &sent), 0);
            assert_int_equal(sent, len + padding);
            assert_memory_equal(out, plain, len);
            for (size_t at = len; at + 1 < sent; at++)
                assert_int_equal(out[at], 0);
            if (padding > 0)
                assert_int_equal(out[sent - 1], padding);
            assert_int_equal(srtp_sender_seal(st, out, CAP, header_len, payload, padding, &sent),
                             -EALREADY);
        }
        assert_int_equal(
            srtp_sender_seal(st, out, CAP, header_len - 1, bytes_of(plain, 10), 0, &sent), -EINVAL);
        ends_done(&e);
    }
}

/* ---- receiving ---- */

static void detects_tampering(void **state)
{
    uint8_t plain[CAP], sealed[CAP], bad[CAP];

    (void) state;
    for (size_t i = 0; i < 2; i++) {
        struct srtp_sender *st;
        struct ends e;
        size_t len, sealed_len;
        size_t header_len = make_rtp(plain, SSRC, 9, 2, 2, 60, &len);

        ends_init(&e, profiles[i]);
        assert_int_equal(srtp_transport_add_sender(e.us, SSRC, &st), 0);
        assert_int_equal(
            srtp_sender_protect(st, bytes_of(plain, len), header_len, sealed, CAP, &sealed_len), 0);
        for (size_t at = 0; at < 8 * sealed_len; at++) { /* each bit of header, payload and tag */
            size_t n = sealed_len;

            memcpy(bad, sealed, sealed_len);
            bad[at / 8] ^= (uint8_t) (1 << at % 8);
            assert_int_equal(srtp_transport_unprotect(e.peer, bad, &n), -EBADMSG);
            assert_int_equal(n, sealed_len);
        }
        for (size_t n = 0; n < sealed_len; n++) { /* cut short; an exact copy shows overreads */
            uint8_t *cut = malloc(n + 1);
            size_t got = n;

            assert_non_null(cut);
            memcpy(cut, sealed, n);
            assert_int_equal(srtp_transport_unprotect(e.peer, cut, &got), -EBADMSG);
            free(cut);
        }
        assert_int_equal(srtp_transport_unprotect(e.peer, sealed, &sealed_len), 0);
        ends_done(&e);
    }
}

static void refuses_replays(void **state)
{
    uint8_t sealed[3][CAP], copy[CAP];
    size_t len[3], n;

    (void) state;
    for (size_t i = 0; i < 2; i++) {
        static const uint16_t seqs[] = {100, 101, 2000};
        struct srtp_sender *st;
        struct ends e;

        ends_init(&e, profiles[i]);
        assert_int_equal(srtp_transport_add_sender(e.us, SSRC, &st), 0);
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(send_seq(st, SSRC, seqs[k], sealed[k], &len[k]), 0);
        for (size_t k = 0; k < 2; k++) { /* out of order is fine, twice is not */
            memcpy(copy, sealed[1 - k], CAP);
            n = len[1 - k];
            assert_int_equal(srtp_transport_unprotect(e.peer, copy, &n), 0);
            memcpy(copy, sealed[1 - k], CAP);
            n = len[1 - k];
            assert_int_equal(srtp_transport_unprotect(e.peer, copy, &n), -EALREADY);
        }
        n = len[2];
        assert_int_equal(srtp_transport_unprotect(e.peer, sealed[2], &n), 0);
        n = len[0];
        assert_int_equal(srtp_transport_unprotect(e.peer, sealed[0], &n), -EALREADY); /* too old */
        ends_done(&e);
    }
}

/* Forged packets take no place; the peer's own are counted, RTCP with RTP. */
static void limits_the_peers_ssrcs(void **state)
{
    uint8_t out[CAP], rtcp[CAP];
    size_t len;

    (void) state;
    for (size_t i = 0; i < 2; i++) {
        struct srtp_sender *st[SRTP_IN_SSRC_MAX + 1];
        struct ends e;

        ends_init(&e, profiles[i]);
        for (uint32_t k = 0; k <= SRTP_IN_SSRC_MAX; k++) {
            assert_int_equal(srtp_transport_add_sender(e.us, SSRC + k, &st[k]), 0);
            assert_int_equal(send_seq(st[k], SSRC + k, 1, out, &len), 0);
            out[11] ^= 0x80;
            assert_int_equal(srtp_transport_unprotect(e.peer, out, &len),
                             k < SRTP_IN_SSRC_MAX ? -EBADMSG : -ENOSPC);
            out[11] ^= 0x80;
            if (profiles[i] == SRTP_ID_AEAD_AES_128_GCM && k < SRTP_IN_SSRC_MAX)
                assert_int_equal(send_seq(st[k], SSRC + k, 2, out, &len), 0); /* was decrypted */
            if (k < SRTP_IN_SSRC_MAX)
                assert_int_equal(srtp_transport_unprotect(e.peer, out, &len), 0);
        }
        assert_int_equal(send_seq(st[0], SSRC, 3, out, &len), 0);
        assert_int_equal(srtp_transport_unprotect(e.peer, out, &len), 0);

        memset(rtcp, 0, sizeof(rtcp));
        memcpy(rtcp, (const uint8_t[]){0x80, 201, 0, 1, 9, 9, 9, 9}, 8);
        len = 8;
        assert_int_equal(srtp_transport_protect_rtcp(e.us, rtcp, &len, CAP), 0);
        assert_int_equal(srtp_transport_unprotect_rtcp(e.peer, rtcp, &len), -ENOSPC);
        ends_done(&e);
    }
}

/* ---- RTCP ---- */

static size_t make_rtcp(uint8_t *buf, uint8_t words)
{
    rnd_bytes(buf, 4 * (size_t) words + 4);
    buf[0] = 0x80;
    buf[1] = 201;
    buf[2] = 0;
    buf[3] = words;
    buf[4] = 0;
    return 4 * (size_t) words + 4;
}

static void rtcp_both_ways(void **state)
{
    uint8_t plain[CAP], buf[CAP], bad[CAP];

    (void) state;
    for (size_t i = 0; i < 2; i++) {
        struct ends e;

        ends_init(&e, profiles[i]);
        for (int n = 0; n < 40; n++) {
            struct srtp_transport *from = n % 2 ? e.us : e.peer;
            struct srtp_transport *to = n % 2 ? e.peer : e.us;
            size_t plain_len = make_rtcp(plain, (uint8_t) (1 + n));
            size_t len = plain_len;
            size_t sealed_len;

            plain[7] = (uint8_t) (n % 2);
            memset(plain + 4, 0, 3);
            memcpy(buf, plain, len);
            assert_int_equal(srtp_transport_protect_rtcp(from, buf, &len, len + e.tag + 3),
                             -ENOSPC);
            assert_int_equal(len, plain_len);
            assert_int_equal(srtp_transport_protect_rtcp(from, buf, &len, len + e.tag + 4), 0);
            assert_int_equal(len, plain_len + e.tag + 4);
            sealed_len = len;
            for (size_t at = 0; at < sealed_len; at++) {
                memcpy(bad, buf, sealed_len);
                bad[at] ^= 0x10;
                /* A changed index may be one that came before, which is looked at first. */
                assert_in_range(-srtp_transport_unprotect_rtcp(to, bad, &len), EBADMSG, EALREADY);
                len = at;
                memcpy(bad, buf, sealed_len);
                assert_int_equal(srtp_transport_unprotect_rtcp(to, bad, &len), -EBADMSG);
                len = sealed_len;
            }
            memcpy(bad, buf, sealed_len);
            assert_int_equal(srtp_transport_unprotect_rtcp(to, buf, &len), 0);
            assert_int_equal(len, plain_len);
            assert_memory_equal(buf, plain, plain_len);
            len = sealed_len;
            assert_int_equal(srtp_transport_unprotect_rtcp(to, bad, &len), -EALREADY);
        }
        ends_done(&e);
    }
}

static void refuses_short_rtcp_and_bad_keys(void **state)
{
    struct dtls_keys keys = {.profile = SRTP_ID_NONE, .salt_len = 12};
    struct srtp_transport *s = NULL;
    uint8_t buf[CAP] = {0x80, 201, 0, 1};
    struct ends e;
    size_t len = 7;

    (void) state;
    ends_init(&e, SRTP_ID_AEAD_AES_128_GCM);
    assert_int_equal(srtp_transport_protect_rtcp(e.us, buf, &len, CAP), -EINVAL);
    ends_done(&e);
    assert_int_equal(srtp_transport_new(&keys, &s), -EINVAL);
    keys.profile = SRTP_ID_AES128_CM_SHA1_80;
    assert_int_equal(srtp_transport_new(&keys, &s), -EINVAL); /* a salt of the other profile */
    keys.profile = SRTP_ID_AEAD_AES_128_GCM;
    keys.salt_len = 14;
    assert_int_equal(srtp_transport_new(&keys, &s), -EINVAL);
    assert_null(s);
    assert_null(srtp_transport_free(NULL));
    assert_string_equal(srtp_profile_id_name(SRTP_ID_AEAD_AES_128_GCM), "SRTP_AEAD_AES_128_GCM");
    assert_string_equal(srtp_profile_id_name(SRTP_ID_AES128_CM_SHA1_80), "SRTP_AES128_CM_SHA1_80");
    assert_string_equal(srtp_profile_id_name(SRTP_ID_NONE), "none");
}

static int start_libsrtp(void **state)
{
    (void) state;
    return srtp_transport_global_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips_over_the_wrap),
        cmocka_unit_test(headers_alone_are_protected),
        cmocka_unit_test(never_uses_an_index_twice),
        cmocka_unit_test(late_packets_go_out_once),
        cmocka_unit_test(refusals_keep_the_index),
        cmocka_unit_test(ssrcs_are_independent),
        cmocka_unit_test(a_packet_from_its_parts),
        cmocka_unit_test(detects_tampering),
        cmocka_unit_test(refuses_replays),
        cmocka_unit_test(limits_the_peers_ssrcs),
        cmocka_unit_test(rtcp_both_ways),
        cmocka_unit_test(refuses_short_rtcp_and_bad_keys),
    };

    return cmocka_run_group_tests(tests, start_libsrtp, NULL);
}
