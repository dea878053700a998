#include "rtc/rtp_gcm.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint8_t hex_digit(char c)
{
    return (uint8_t) (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static size_t from_hex(const char *text, uint8_t *ret)
{
    size_t n = 0;

    for (; *text; text += 2)
        ret[n++] = (uint8_t) (hex_digit(text[0]) << 4 | hex_digit(text[1]));
    return n;
}

/* RFC 3711 appendix B.3. */
static void derives_keys(void **state)
{
    static const struct {
        enum rtp_kdf_label label;
        const char *key;
    } vectors[] = {
        {RTP_KDF_RTP_CIPHER, "C61E7A93744F39EE10734AFE3FF7A087"},
        {RTP_KDF_RTP_SALT, "30CBBC08863D8C85D49DB34A9AE1"},
        {RTP_KDF_RTP_AUTH, "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCE"
                           "E049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC25"
                           "6D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2DC68"},
    };
    uint8_t master_key[16], master_salt[14], want[96], got[96];

    (void) state;
    from_hex("E1F97A0D3E018BE0D64FA32C06DE4139", master_key);
    from_hex("0EC675AD498AFEEBB6960B3AABE6", master_salt);
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        size_t len = from_hex(vectors[i].key, want);

        assert_int_equal(rtp_kdf(master_key, master_salt, vectors[i].label, got, len), 0);
        assert_memory_equal(got, want, len);
    }
}

/* RFC 7714 section 16.1.1: "Gallia est omnis divisa in partes tres", salt "Quid pro quo". */
static const char plain_hex[] =
    "8040f17b8041f8d35501a0b2"
    "47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573";
static const char sealed_hex[] =
    "8040f17b8041f8d35501a0b2"
    "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
    "899d7f27beb16a9152cf765ee4390cce";

static struct rtp_gcm *rfc_gcm(bool seals)
{
    struct rtp_gcm *g;
    uint8_t key[16], salt[12];

    from_hex("000102030405060708090a0b0c0d0e0f", key);
    from_hex("517569642070726f2071756f", salt);
    assert_int_equal(rtp_gcm_new(key, salt, seals, &g), 0);
    return g;
}

static void seals_and_opens_the_rfcs_rtp(void **state)
{
    struct rtp_gcm *out = rfc_gcm(true);
    struct rtp_gcm *in = rfc_gcm(false);
    uint8_t plain[64], want[96], got[96];
    size_t len = from_hex(plain_hex, plain) - 12;
    struct rtp_gcm_packet p = {0x5501a0b2, 0xf17b, bytes_of(plain, 12), bytes_of(NULL, 0)};
    struct rtp_gcm_packet next = {0x5501a0b2, 0x1f17b, bytes_of(plain, 12), bytes_of(NULL, 0)};

    (void) state;
    assert_int_equal(from_hex(sealed_hex, want), 12 + len + RTP_GCM_TAG_SIZE);
    for (int i = 0; i < 2; i++) { /* the state of one packet does not reach the next */
        assert_int_equal(rtp_gcm_seal(out, &p, bytes_of(plain + 12, len), got), 0);
        assert_memory_equal(got, want + 12, len + RTP_GCM_TAG_SIZE);
        assert_int_equal(rtp_gcm_open(in, &next, got, len), -EBADMSG);
        memcpy(got, want + 12, len + RTP_GCM_TAG_SIZE);
        assert_int_equal(rtp_gcm_open(in, &p, got, len), 0);
        assert_memory_equal(got, plain + 12, len);
        assert_int_equal(rtp_gcm_seal(out, &next, bytes_of(plain + 12, len), got), 0);
        assert_memory_not_equal(got, want + 12, len);
    }
    memcpy(got, plain + 12, len); /* in place */
    assert_int_equal(rtp_gcm_seal(out, &p, bytes_of(got, len), got), 0);
    assert_memory_equal(got, want + 12, len + RTP_GCM_TAG_SIZE);
    rtp_gcm_free(out);
    rtp_gcm_free(in);
}

/* RFC 7714 section 16.1.3: the whole packet as associated data, nothing encrypted. */
static void tags_a_packet_without_payload(void **state)
{
    struct rtp_gcm *out = rfc_gcm(true);
    struct rtp_gcm *in = rfc_gcm(false);
    uint8_t plain[64], want[32], got[32];
    size_t len = from_hex(plain_hex, plain);
    struct rtp_gcm_packet p = {0x5501a0b2, 0xf17b, bytes_of(plain, len), bytes_of(NULL, 0)};

    (void) state;
    from_hex("22493f82d2bce397e9d79e3b19aa4216", want);
    assert_int_equal(rtp_gcm_seal(out, &p, bytes_of(NULL, 0), got), 0);
    assert_memory_equal(got, want, RTP_GCM_TAG_SIZE);
    assert_int_equal(rtp_gcm_open(in, &p, got, 0), 0);
    got[15] ^= 1;
    assert_int_equal(rtp_gcm_open(in, &p, got, 0), -EBADMSG);
    rtp_gcm_free(out);
    rtp_gcm_free(in);
}

/* RFC 7714 section 17.1: index 0x5d4 with the E bit. */
static void seals_and_opens_the_rfcs_rtcp(void **state)
{
    struct rtp_gcm *out = rfc_gcm(true);
    struct rtp_gcm *in = rfc_gcm(false);
    uint8_t plain[64], want[96], got[96], trailer[4];
    size_t len = from_hex("81c8000d4d6172734e5450314e545032525450200000042a0000e930"
                          "4c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
                          plain) -
                 8;
    struct rtp_gcm_packet p = {0x4d617273, 0x5d4, bytes_of(plain, 8), bytes_of(trailer, 4)};

    (void) state;
    from_hex("800005d4", trailer);
    from_hex("81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda"
             "4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4",
             want);
    assert_int_equal(rtp_gcm_seal(out, &p, bytes_of(plain + 8, len), got), 0);
    assert_memory_equal(got, want + 8, len + RTP_GCM_TAG_SIZE);
    assert_int_equal(rtp_gcm_open(in, &p, got, len), 0);
    assert_memory_equal(got, plain + 8, len);
    trailer[0] ^= 0x80;
    memcpy(got, want + 8, len + RTP_GCM_TAG_SIZE);
    assert_int_equal(rtp_gcm_open(in, &p, got, len), -EBADMSG);
    rtp_gcm_free(out);
    rtp_gcm_free(in);
}

static void refuses_impossible_lengths(void **state)
{
    static uint8_t text[UINT16_MAX + 1 + RTP_GCM_TAG_SIZE];
    struct rtp_gcm_packet p = {1, 1, bytes_of("header", 6), bytes_of(NULL, 0)};
    struct rtp_gcm *out = rfc_gcm(true);

    (void) state;
    assert_int_equal(rtp_gcm_seal(out, &p, bytes_of(text, UINT16_MAX + 1), text), -EIO);
    assert_int_equal(rtp_gcm_seal(out, &p, bytes_of(text, UINT16_MAX), text), 0);
    assert_int_equal(rtp_gcm_open(out, &p, text, UINT16_MAX + 1), -EBADMSG);
    rtp_gcm_free(out);
    assert_null(rtp_gcm_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_keys),
        cmocka_unit_test(seals_and_opens_the_rfcs_rtp),
        cmocka_unit_test(tags_a_packet_without_payload),
        cmocka_unit_test(seals_and_opens_the_rfcs_rtcp),
        cmocka_unit_test(refuses_impossible_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
