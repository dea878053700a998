#include "acme/jws.h"

#include "acme/base64url.h"
#include "base/crypto.h"
#include "certs/key.h"

#include <errno.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define URL "https://ca.example/acme/new-account"
#define NEW_ORDER "https://ca.example/acme/new-order"
#define ACCOUNT "https://ca.example/acme/acct/1"

/* RFC 7515 appendix A.3. */
static const char rfc_key[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n"
                              "H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n"
                              "7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n"
                              "-----END PRIVATE KEY-----\n";
#define RFC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define RFC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define RFC_THUMBPRINT "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"
#define RFC_INPUT                                                                                  \
    "eyJhbGciOiJFUzI1NiJ9."                                                                        \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"
#define RFC_SIGNATURE                                                                              \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

/* Keys of which a coordinate begins with a byte of zeros. */
static const struct {
    const char *pem, *x, *y, *thumbprint;
} short_keys[] = {
    {"-----BEGIN PRIVATE KEY-----\n"
     "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQglJ3Hhx8TM0/LCqC4\n"
     "Wv5zveU48ocFUC2jF3+jsyqWHBihRANCAAQAM2mylk2V6hJfPFIwC3fwyFrHuERz\n"
     "OlLrQ8WkbBQGb+CORMMZx/y7uykQkobUIiPFxTc72Xf0J8P4nPwEQGK2\n"
     "-----END PRIVATE KEY-----\n",
     "ADNpspZNleoSXzxSMAt38Mhax7hEczpS60PFpGwUBm8", "4I5EwxnH_Lu7KRCShtQiI8XFNzvZd_Qnw_ic_ARAYrY",
     "_Gvz1G96eAEtYUnwxvHCNpao06MlW6J8x7OmhHIkj1g"},
    {"-----BEGIN PRIVATE KEY-----\n"
     "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghI2FyIEac0Jg1Rit\n"
     "bv7N5HCvAE3M9QRyhQu7AvYk+qShRANCAAT4/9NpodhB4iwfyGHfT2Bs6qh+LcLR\n"
     "aEornFcaTQH4fwCrHd6GQlNOTiFv2yCynHSbLaPJe5xXXOdHAfgQH2mB\n"
     "-----END PRIVATE KEY-----\n",
     "-P_TaaHYQeIsH8hh309gbOqofi3C0WhKK5xXGk0B-H8", "AKsd3oZCU05OIW_bILKcdJsto8l7nFdc50cB-BAfaYE",
     "k55hM4rNwIDnnFgntHC9jTtAFKfbTz5lsg3H51M_CwE"},
};

static EVP_PKEY *key_of(const char *pem)
{
    EVP_PKEY *key = key_from_pem(bytes_str(pem));

    assert_non_null(key);
    return key;
}

/* ---- looking at what was made ---- */

/* Both signatures are taken as R and S of 32 bytes each. */
static bool verifies(EVP_PKEY *key, const char *input, const char *signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    ECDSA_SIG *sig = ECDSA_SIG_new();
    uint8_t raw[64], *der = NULL;
    size_t len;
    int der_len;
    bool ok;

    assert_int_equal(base64url_decode(bytes_str(signature), raw, sizeof(raw), &len), 0);
    assert_int_equal(len, sizeof(raw));
    ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL));
    der_len = i2d_ECDSA_SIG(sig, &der);
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    ok = EVP_DigestVerify(ctx, der, (size_t) der_len, (const uint8_t *) input, strlen(input)) == 1;
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(ctx);
    return ok;
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    if (!text)
        fail_msg("no text '%s'", name);
    return text;
}

/* A flattened JWS has these three members alone (RFC 7515 section 7.2.2), and its text is compact
 * JSON. */
static json_t *read_jws(const char *text)
{
    json_t *jws = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(jws);
    assert_int_equal(json_object_size(jws), 3);
    member(jws, "protected");
    member(jws, "payload");
    member(jws, "signature");
    return jws;
}

static void assert_decoded(const json_t *jws, const char *name, const char *expected)
{
    char text[2048];
    size_t len;

    assert_int_equal(
        base64url_decode(bytes_str(member(jws, name)), (uint8_t *) text, sizeof(text) - 1, &len),
        0);
    text[len] = '\0';
    assert_string_equal(text, expected);
}

static bool is_signed_by(const json_t *jws, EVP_PKEY *key)
{
    char input[4096];

    snprintf(input, sizeof(input), "%s.%s", member(jws, "protected"), member(jws, "payload"));
    return verifies(key, input, member(jws, "signature"));
}

#define JWK(x, y) "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" x "\",\"y\":\"" y "\"}"

/* ---- keys ---- */

static void the_verifier_knows_the_rfc(void **state)
{
    EVP_PKEY *key = key_of(rfc_key);

    (void) state;
    assert_true(verifies(key, RFC_INPUT, RFC_SIGNATURE));
    assert_false(verifies(key, "e" RFC_INPUT, RFC_SIGNATURE));
    EVP_PKEY_free(key);
}

static void keys_are_jwk(void **state)
{
    EVP_PKEY *key = key_of(rfc_key);
    json_t *jwk = jwk_of(key);
    char *text, thumbprint[JWK_THUMBPRINT_SIZE];

    (void) state;
    assert_non_null(jwk);
    text = json_dumps(jwk, JSON_COMPACT);
    assert_string_equal(text, JWK(RFC_X, RFC_Y)); /* the private part is not there */
    assert_int_equal(jwk_thumbprint(key, thumbprint), 0);
    assert_string_equal(thumbprint, RFC_THUMBPRINT);
    free(text);
    json_decref(jwk);
    EVP_PKEY_free(key);
}

static void coordinates_keep_their_zeros(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof(short_keys) / sizeof(*short_keys); i++) {
        EVP_PKEY *key = key_of(short_keys[i].pem);
        json_t *jwk = jwk_of(key);
        char thumbprint[JWK_THUMBPRINT_SIZE];

        assert_string_equal(member(jwk, "x"), short_keys[i].x);
        assert_string_equal(member(jwk, "y"), short_keys[i].y);
        assert_int_equal(jwk_thumbprint(key, thumbprint), 0);
        assert_string_equal(thumbprint, short_keys[i].thumbprint);
        json_decref(jwk);
        EVP_PKEY_free(key);
    }
}

static void other_keys_are_refused(void **state)
{
    enum { N_OTHER_KEYS = 4 };
    EVP_PKEY *keys[N_OTHER_KEYS] = {EVP_EC_gen("P-384"), EVP_RSA_gen(2048), EVP_EC_gen("secp256k1"),
                                    NULL};
    EVP_PKEY *good = key_of(rfc_key);
    struct jws_header h = {.nonce = "n", .url = URL};
    char thumbprint[JWK_THUMBPRINT_SIZE], authorization[ACME_KEY_AUTHORIZATION_SIZE], *text;
    json_t *object;

    (void) state;
    for (size_t i = 0; i < N_OTHER_KEYS; i++) {
        EVP_PKEY *key = keys[i];

        assert_null(jwk_of(key));
        assert_int_equal(jwk_thumbprint(key, thumbprint), -EINVAL);
        assert_int_equal(jws_sign(key, &h, "", &text), -EINVAL);
        assert_int_equal(jws_bind_external(key, URL, "kid", bytes_str("secret"), &object), -EINVAL);
        assert_int_equal(jws_key_change(key, good, ACCOUNT, URL, &text), -EINVAL);
        assert_int_equal(jws_key_change(good, key, ACCOUNT, URL, &text), -EINVAL);
        assert_int_equal(jws_key_authorization("t", key, authorization), -EINVAL);
        EVP_PKEY_free(key);
    }
    assert_int_equal(jws_bind_external(good, URL, "kid", bytes_str(""), &object), -EINVAL);
    EVP_PKEY_free(good);
}

/* ---- requests ---- */

static void signs_with_the_key_itself(void **state)
{
    EVP_PKEY *key = key_of(rfc_key);
    struct jws_header h = {.nonce = "6S8IqOGY7eL2lsGoTZYifg", .url = URL};
    char *text;
    json_t *jws;

    (void) state;
    assert_int_equal(jws_sign(key, &h, "{\"termsOfServiceAgreed\":true}", &text), 0);
    jws = read_jws(text);
    assert_decoded(jws, "protected",
                   "{\"alg\":\"ES256\",\"nonce\":\"6S8IqOGY7eL2lsGoTZYifg\",\"url\":\"" URL
                   "\",\"jwk\":" JWK(RFC_X, RFC_Y) "}");
    assert_decoded(jws, "payload", "{\"termsOfServiceAgreed\":true}");
    assert_true(is_signed_by(jws, key));
    json_decref(jws);
    free(text);
    EVP_PKEY_free(key);
}

static void signs_for_an_account(void **state)
{
    EVP_PKEY *key = key_of(rfc_key), *other = key_of(short_keys[0].pem);
    struct jws_header h = {.nonce = "n", .url = NEW_ORDER, .kid = ACCOUNT};
    char *text;
    json_t *jws;

    (void) state;
    assert_int_equal(jws_sign(key, &h, "", &text), 0); /* POST-as-GET */
    jws = read_jws(text);
    assert_decoded(jws, "protected",
                   "{\"alg\":\"ES256\",\"nonce\":\"n\",\"url\":\"" NEW_ORDER "\",\"kid\":\"" ACCOUNT
                   "\"}");
    assert_string_equal(member(jws, "payload"), "");
    assert_true(is_signed_by(jws, key));
    assert_false(is_signed_by(jws, other));
    json_decref(jws);
    free(text);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

/* Every 128th signature has a number that is shorter than 32 bytes. */
static void signatures_keep_their_length(void **state)
{
    EVP_PKEY *key = key_of(rfc_key);
    struct jws_header h = {.nonce = "n", .url = NEW_ORDER, .kid = ACCOUNT};
    unsigned n_short = 0;

    (void) state;
    for (unsigned i = 0; i < 4000 && n_short < 4; i++) {
        uint8_t raw[64];
        size_t len;
        char *text;
        json_t *jws;

        assert_int_equal(jws_sign(key, &h, "{}", &text), 0);
        jws = read_jws(text);
        assert_int_equal(
            base64url_decode(bytes_str(member(jws, "signature")), raw, sizeof(raw), &len), 0);
        assert_int_equal(len, sizeof(raw));
        if (raw[0] == 0 || raw[32] == 0) {
            assert_true(is_signed_by(jws, key));
            n_short++;
        }
        json_decref(jws);
        free(text);
    }
    assert_int_equal(n_short, 4);
    EVP_PKEY_free(key);
}

/* A quote in a text that the CA sent cannot become a member of the header. */
static void texts_are_quoted(void **state)
{
    EVP_PKEY *key = key_of(rfc_key);
    struct jws_header h = {.nonce = "n\",\"alg\":\"none", .url = NEW_ORDER, .kid = ACCOUNT};
    char *text;
    json_t *jws;

    (void) state;
    assert_int_equal(jws_sign(key, &h, "", &text), 0);
    jws = read_jws(text);
    assert_decoded(
        jws, "protected",
        "{\"alg\":\"ES256\",\"nonce\":\"n\\\",\\\"alg\\\":\\\"none\",\"url\":\"" NEW_ORDER
        "\",\"kid\":\"" ACCOUNT "\"}");
    json_decref(jws);
    free(text);
    EVP_PKEY_free(key);
}

/* The key of RFC 7515 appendix A.1. */
static void binds_an_external_account(void **state)
{
    static const char secret[] = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iP"
                                 "S4hcgUuTwjAzZr1Z9CAow";
    EVP_PKEY *key = key_of(rfc_key);
    uint8_t mac_key[64];
    size_t len;
    json_t *jws;

    (void) state;
    assert_int_equal(base64url_decode(bytes_str(secret), mac_key, sizeof(mac_key), &len), 0);
    assert_int_equal(jws_bind_external(key, URL, "kid-1", bytes_of(mac_key, len), &jws), 0);
    assert_int_equal(json_object_size(jws), 3);
    assert_decoded(jws, "protected", "{\"alg\":\"HS256\",\"kid\":\"kid-1\",\"url\":\"" URL "\"}");
    assert_decoded(jws, "payload", JWK(RFC_X, RFC_Y));
    assert_string_equal(member(jws, "signature"), "MSHslYR3EgmsLOlc7dZ46NfwBJ23DWpm00rSqHI_G9Q");
    json_decref(jws);
    EVP_PKEY_free(key);
}

static void changes_the_key(void **state)
{
    EVP_PKEY *key = key_of(rfc_key), *new_key = key_of(short_keys[1].pem);
    char *text;
    json_t *jws;

    (void) state;
    assert_int_equal(jws_key_change(key, new_key, ACCOUNT, "https://ca.example/key", &text), 0);
    jws = read_jws(text);
    assert_decoded(jws, "protected",
                   "{\"alg\":\"ES256\",\"url\":\"https://ca.example/key\",\"jwk\":" JWK(
                       "-P_TaaHYQeIsH8hh309gbOqofi3C0WhKK5xXGk0B-H8",
                       "AKsd3oZCU05OIW_bILKcdJsto8l7nFdc50cB-BAfaYE") "}");
    assert_decoded(jws, "payload",
                   "{\"account\":\"" ACCOUNT "\",\"oldKey\":" JWK(RFC_X, RFC_Y) "}");
    assert_true(is_signed_by(jws, new_key));
    json_decref(jws);
    free(text);
    EVP_PKEY_free(key);
    EVP_PKEY_free(new_key);
}

static void authorizes_by_key(void **state)
{
    EVP_PKEY *key = key_of(rfc_key);
    char text[ACME_KEY_AUTHORIZATION_SIZE], token[ACME_TOKEN_MAX + 2];

    (void) state;
    assert_int_equal(jws_key_authorization("DGyRejmCefe7v4NfDGDKfA", key, text), 0);
    assert_string_equal(text, "DGyRejmCefe7v4NfDGDKfA." RFC_THUMBPRINT);
    memset(token, 'a', sizeof(token));
    token[ACME_TOKEN_MAX + 1] = '\0';
    assert_int_equal(jws_key_authorization(token, key, text), -ENOSPC);
    token[ACME_TOKEN_MAX] = '\0';
    assert_int_equal(jws_key_authorization(token, key, text), 0);
    assert_int_equal(strlen(text), ACME_KEY_AUTHORIZATION_SIZE - 1);
    EVP_PKEY_free(key);
}

/* ---- without memory ---- */

static unsigned allocations_left;

static void *starving_malloc(size_t size)
{
    return allocations_left && allocations_left-- ? malloc(size) : NULL;
}

static int make_sign(const EVP_PKEY *key)
{
    struct jws_header h = {.nonce = "n", .url = URL};
    char *text;
    int r = jws_sign(key, &h, "{}", &text);

    if (r == 0)
        free(text);
    return r;
}

static int make_binding(const EVP_PKEY *key)
{
    json_t *object;
    int r = jws_bind_external(key, URL, "kid", bytes_str("secret"), &object);

    if (r == 0)
        json_decref(object);
    return r;
}

static int make_key_change(const EVP_PKEY *key)
{
    char *text;
    int r = jws_key_change(key, key, ACCOUNT, URL, &text);

    if (r == 0)
        free(text);
    return r;
}

static int make_thumbprint(const EVP_PKEY *key)
{
    char text[JWK_THUMBPRINT_SIZE];

    return jwk_thumbprint(key, text);
}

static void each_allocation_may_fail(void **state)
{
    static int (*const makers[])(const EVP_PKEY *) = {make_sign, make_binding, make_key_change,
                                                      make_thumbprint};
    EVP_PKEY *key = key_of(rfc_key);

    (void) state;
    json_set_alloc_funcs(starving_malloc, free);
    for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++) {
        unsigned n = 0;
        int r;

        while (allocations_left = n, (r = makers[i](key)) != 0 && n < 1000) {
            assert_int_equal(r, -ENOMEM);
            n++;
        }
        assert_int_equal(r, 0);
        assert_true(n > 5);
    }
    json_set_alloc_funcs(malloc, free);
    EVP_PKEY_free(key);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verifier_knows_the_rfc),
        cmocka_unit_test(keys_are_jwk),
        cmocka_unit_test(coordinates_keep_their_zeros),
        cmocka_unit_test(other_keys_are_refused),
        cmocka_unit_test(signs_with_the_key_itself),
        cmocka_unit_test(signs_for_an_account),
        cmocka_unit_test(signatures_keep_their_length),
        cmocka_unit_test(texts_are_quoted),
        cmocka_unit_test(binds_an_external_account),
        cmocka_unit_test(changes_the_key),
        cmocka_unit_test(authorizes_by_key),
        cmocka_unit_test(each_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
