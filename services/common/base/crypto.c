#include "base/crypto.h"

#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

static int digest(const EVP_MD *md, const struct bytes *parts, size_t n, uint8_t *ret)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, md, NULL);

    for (size_t i = 0; ok && i < n; i++)
        ok = parts[i].len == 0 || EVP_DigestUpdate(ctx, parts[i].p, parts[i].len);
    ok = ok && EVP_DigestFinal_ex(ctx, ret, NULL);
    EVP_MD_CTX_free(ctx);
    return ok ? 0 : -ENOMEM;
}

int md5(const struct bytes *parts, size_t n, uint8_t ret[static MD5_SIZE])
{
    return digest(EVP_md5(), parts, n, ret);
}

int sha1(const struct bytes *parts, size_t n, uint8_t ret[static SHA1_SIZE])
{
    return digest(EVP_sha1(), parts, n, ret);
}

int sha256(const struct bytes *parts, size_t n, uint8_t ret[static SHA256_SIZE])
{
    return digest(EVP_sha256(), parts, n, ret);
}

/* Looking up an algorithm by name costs more than hashing a STUN message, so each digest has a
 * context that is set up once and copied for each use. The first thread to come makes it. */
static EVP_MAC_CTX *hmac_template(const char *digest_name, EVP_MAC_CTX **cached)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *) digest_name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *ctx = __atomic_load_n(cached, __ATOMIC_ACQUIRE);
    EVP_MAC_CTX *none = NULL;
    EVP_MAC *mac;

    if (ctx)
        return ctx;
    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac); /* the context holds its own reference */
    if (!ctx || !EVP_MAC_CTX_set_params(ctx, params)) {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }
    if (!__atomic_compare_exchange_n(cached, &none, ctx, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        EVP_MAC_CTX_free(ctx);
        ctx = none;
    }
    return ctx;
}

static int hmac(const EVP_MAC_CTX *template, struct bytes key, const struct bytes *parts, size_t n,
                uint8_t *ret, size_t size)
{
    EVP_MAC_CTX *ctx = template ? EVP_MAC_CTX_dup(template) : NULL;
    /* A NULL key means "keep the old one" to OpenSSL; an empty one still needs an address. */
    const uint8_t *k = key.len ? key.p : (const uint8_t *) "";
    bool ok = ctx && EVP_MAC_init(ctx, k, key.len, NULL);
    size_t len;

    for (size_t i = 0; ok && i < n; i++)
        ok = parts[i].len == 0 || EVP_MAC_update(ctx, parts[i].p, parts[i].len);
    ok = ok && EVP_MAC_final(ctx, ret, &len, size);
    EVP_MAC_CTX_free(ctx);
    return ok ? 0 : -ENOMEM;
}

int hmac_sha1(struct bytes key, const struct bytes *parts, size_t n, uint8_t ret[static SHA1_SIZE])
{
    static EVP_MAC_CTX *cached;

    return hmac(hmac_template("SHA1", &cached), key, parts, n, ret, SHA1_SIZE);
}

int hmac_sha256(struct bytes key, const struct bytes *parts, size_t n,
                uint8_t ret[static SHA256_SIZE])
{
    static EVP_MAC_CTX *cached;

    return hmac(hmac_template("SHA256", &cached), key, parts, n, ret, SHA256_SIZE);
}

int secret_stretch(struct bytes secret, struct bytes salt, unsigned rounds,
                   uint8_t ret[static SHA256_SIZE])
{
    const char *text = secret.len ? (const char *) secret.p : "";

    if (secret.len > INT_MAX || salt.len > INT_MAX || rounds == 0 || rounds > INT_MAX)
        return -EINVAL;
    return PKCS5_PBKDF2_HMAC(text, (int) secret.len, salt.p, (int) salt.len, (int) rounds,
                             EVP_sha256(), SHA256_SIZE, ret) == 1
               ? 0
               : -ENOMEM;
}

bool secret_eq(struct bytes a, struct bytes b)
{
    return a.len == b.len && CRYPTO_memcmp(a.p, b.p, a.len) == 0;
}

void secret_wipe(void *p, size_t len)
{
    OPENSSL_cleanse(p, len);
}

int base64_encode(struct bytes in, char *buf, size_t cap)
{
    if (in.len > INT_MAX / 2 || cap < BASE64_SIZE(in.len))
        return -ENOSPC;
    EVP_EncodeBlock((unsigned char *) buf, in.p, (int) in.len);
    return 0;
}

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_decode(struct bytes in, uint8_t *buf, size_t cap, size_t *ret_len)
{
    size_t pad = 0;
    size_t n = 0;

    if (in.len % 4 != 0)
        return -EBADMSG;
    while (pad < 2 && pad < in.len && in.p[in.len - 1 - pad] == '=')
        pad++;
    if (in.len / 4 * 3 - pad > cap)
        return -ENOSPC;
    for (size_t at = 0; at < in.len; at += 4) {
        size_t n_pad = at + 4 == in.len ? pad : 0;
        uint32_t v = 0;

        for (size_t i = 0; i < 4; i++) {
            int six = i < 4 - n_pad ? base64_value(in.p[at + i]) : 0;

            if (six < 0)
                return -EBADMSG;
            v = v << 6 | (uint32_t) six;
        }
        if (v & ((1u << (8 * n_pad)) - 1))
            return -EBADMSG; /* bits behind the end: two texts for the same bytes */
        for (size_t i = 0; i < 3 - n_pad; i++)
            buf[n++] = (uint8_t) (v >> (16 - 8 * i));
    }
    *ret_len = n;
    return 0;
}

const char *crypto_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}
