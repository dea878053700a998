#include "acme/jws.h"

#include "acme/base64url.h"
#include "base/crypto.h"
#include "certs/key.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#define P256_SIZE 32
#define ES256_SIZE (2 * P256_SIZE)
#define ES256_DER_MAX 72 /* SEQUENCE of two INTEGERs, each with a byte for the sign */

static bool is_p256(const EVP_PKEY *key)
{
    char text[KEY_TEXT_MAX];

    return key && strcmp(key_describe(key, text), "P-256") == 0;
}

/* ---- keys as JSON ---- */

static bool coordinate(const EVP_PKEY *key, const char *param,
                       char text[static BASE64URL_SIZE(P256_SIZE)])
{
    uint8_t raw[P256_SIZE];
    BIGNUM *n = NULL;
    bool ok = EVP_PKEY_get_bn_param(key, param, &n) && BN_bn2binpad(n, raw, P256_SIZE) == P256_SIZE;

    BN_free(n);
    return ok && base64url_encode(bytes_of(raw, sizeof(raw)), text, BASE64URL_SIZE(P256_SIZE)) == 0;
}

json_t *jwk_of(const EVP_PKEY *key)
{
    char x[BASE64URL_SIZE(P256_SIZE)], y[BASE64URL_SIZE(P256_SIZE)];
    bool ok = is_p256(key) && coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, x) &&
              coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, y);

    ERR_clear_error();
    return ok ? json_pack("{s:s, s:s, s:s, s:s}", "crv", "P-256", "kty", "EC", "x", x, "y", y)
              : NULL;
}

int jwk_thumbprint(const EVP_PKEY *key, char ret[static JWK_THUMBPRINT_SIZE])
{
    uint8_t hash[SHA256_SIZE];
    json_t *jwk = jwk_of(key);
    char *text = jwk ? json_dumps(jwk, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    int r = is_p256(key) ? -ENOMEM : -EINVAL;

    if (text)
        r = sha256((const struct bytes[]){bytes_str(text)}, 1, hash);
    if (r == 0)
        r = base64url_encode(bytes_of(hash, sizeof(hash)), ret, JWK_THUMBPRINT_SIZE);
    free(text);
    json_decref(jwk);
    return r;
}

/* ---- signatures ---- */

/* R and S (RFC 7518 section 3.4) of what ECDSA gives as DER. */
static bool es256_of_der(const uint8_t *der, size_t len, uint8_t ret[static ES256_SIZE])
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long) len);
    bool ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret, P256_SIZE) == P256_SIZE &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret + P256_SIZE, P256_SIZE) == P256_SIZE;

    ECDSA_SIG_free(sig);
    return ok;
}

static int es256(const EVP_PKEY *key, struct bytes in, uint8_t ret[static ES256_SIZE])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[ES256_DER_MAX];
    size_t len = sizeof(der);
    /* OpenSSL counts a reference to the key meanwhile, so it is not const to it. */
    bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, (EVP_PKEY *) key) == 1 &&
              EVP_DigestSign(ctx, der, &len, in.p, in.len) == 1 && es256_of_der(der, len, ret);

    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok ? 0 : -ENOMEM;
}

/* ---- the object ---- */

/* What is signed (RFC 7515 section 5.1): both parts in base64url with a dot between them. NULL
 * without memory. */
static char *signing_input(const json_t *header, const char *payload)
{
    char *text = json_dumps(header, JSON_COMPACT);
    struct bytes parts[] = {bytes_str(text), bytes_str(payload)};
    size_t size = BASE64URL_SIZE(parts[0].len) + BASE64URL_SIZE(parts[1].len);
    char *input = text ? malloc(size) : NULL;

    if (input) {
        size_t dot;

        base64url_encode(parts[0], input, size);
        dot = strlen(input);
        input[dot] = '.';
        base64url_encode(parts[1], input + dot + 1, size - dot - 1);
    }
    free(text);
    return input;
}

static json_t *flattened(const char *input, struct bytes signature)
{
    const char *dot = strchr(input, '.');
    char text[BASE64URL_SIZE(ES256_SIZE)];

    if (base64url_encode(signature, text, sizeof(text)) < 0)
        return NULL;
    return json_pack("{s:s%, s:s, s:s}", "protected", input, (size_t) (dot - input), "payload",
                     dot + 1, "signature", text);
}

/* Takes over header, which may be NULL: no memory. */
static int sign(const EVP_PKEY *key, json_t *header, const char *payload, json_t **ret)
{
    char *input = header ? signing_input(header, payload) : NULL;
    uint8_t signature[ES256_SIZE];
    json_t *jws = NULL;

    if (input && es256(key, bytes_str(input), signature) == 0)
        jws = flattened(input, bytes_of(signature, sizeof(signature)));
    free(input);
    json_decref(header);
    if (!jws)
        return -ENOMEM;
    *ret = jws;
    return 0;
}

/* Takes over object. */
static int to_text(json_t *object, char **ret_text)
{
    char *text = json_dumps(object, JSON_COMPACT);

    json_decref(object);
    if (!text)
        return -ENOMEM;
    *ret_text = text;
    return 0;
}

int jws_sign(const EVP_PKEY *key, const struct jws_header *h, const char *payload, char **ret_text)
{
    json_t *header, *jws;
    int r;

    if (!is_p256(key))
        return -EINVAL;
    header = json_pack("{s:s, s:s*, s:s, s:s*, s:o*}", "alg", "ES256", "nonce", h->nonce, "url",
                       h->url, "kid", h->kid, "jwk", h->kid ? NULL : jwk_of(key));
    if (header && !h->kid && !json_object_get(header, "jwk")) {
        json_decref(header);
        return -ENOMEM;
    }
    r = sign(key, header, payload, &jws);
    return r < 0 ? r : to_text(jws, ret_text);
}

int jws_bind_external(const EVP_PKEY *account_key, const char *url, const char *kid,
                      struct bytes mac_key, json_t **ret)
{
    json_t *header, *jwk, *jws = NULL;
    char *payload, *input = NULL;
    uint8_t mac[SHA256_SIZE];
    struct bytes in;

    if (!is_p256(account_key) || mac_key.len == 0)
        return -EINVAL;
    header = json_pack("{s:s, s:s, s:s}", "alg", "HS256", "kid", kid, "url", url);
    jwk = jwk_of(account_key);
    payload = jwk ? json_dumps(jwk, JSON_COMPACT) : NULL;
    if (header && payload)
        input = signing_input(header, payload);
    in = bytes_str(input);
    if (input && hmac_sha256(mac_key, &in, 1, mac) == 0)
        jws = flattened(input, bytes_of(mac, sizeof(mac)));
    free(input);
    free(payload);
    json_decref(jwk);
    json_decref(header);
    if (!jws)
        return -ENOMEM;
    *ret = jws;
    return 0;
}

int jws_key_change(const EVP_PKEY *old_key, const EVP_PKEY *new_key, const char *account,
                   const char *url, char **ret_text)
{
    json_t *payload, *old_jwk;
    char *text = NULL;
    int r = -ENOMEM;

    if (!is_p256(old_key) || !is_p256(new_key))
        return -EINVAL;
    old_jwk = jwk_of(old_key);
    payload = old_jwk ? json_pack("{s:s, s:O}", "account", account, "oldKey", old_jwk) : NULL;
    if (payload)
        text = json_dumps(payload, JSON_COMPACT);
    if (text)
        r = jws_sign(new_key, &(struct jws_header){.url = url}, text, ret_text);
    free(text);
    json_decref(payload);
    json_decref(old_jwk);
    return r;
}

int jws_key_authorization(const char *token, const EVP_PKEY *account_key,
                          char ret[static ACME_KEY_AUTHORIZATION_SIZE])
{
    char thumbprint[JWK_THUMBPRINT_SIZE];
    int r;

    if (strlen(token) > ACME_TOKEN_MAX)
        return -ENOSPC;
    r = jwk_thumbprint(account_key, thumbprint);
    if (r == 0)
        snprintf(ret, ACME_KEY_AUTHORIZATION_SIZE, "%s.%s", token, thumbprint);
    return r;
}
