#include "base/crypto.h"

#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

/* Looking up an algorithm by its name, and making a context for it, cost more than hashing a STUN
 * message. So algorithms are looked up once in a process, and each thread keeps its contexts. */
enum algorithm { MD5, SHA1, SHA256, N_ALGORITHMS };

static const struct {
    const char *name;
    size_t size;
} algorithms[N_ALGORITHMS] = {
    [MD5] = {"MD5", MD5_SIZE},
    [SHA1] = {"SHA1", SHA1_SIZE},
    [SHA256] = {"SHA256", SHA256_SIZE},
};

struct contexts {
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *hmacs[N_ALGORITHMS];
};

static _Thread_local struct contexts *thread_contexts;
static pthread_key_t contexts_key; /* frees them when their thread ends */
static pthread_once_t contexts_once = PTHREAD_ONCE_INIT;
static EVP_MD *fetched[N_ALGORITHMS];
static EVP_MAC *fetched_hmac;

static void contexts_free(void *arg)
{
    struct contexts *c = arg;

    for (size_t i = 0; i < N_ALGORITHMS; i++)
        EVP_MAC_CTX_free(c->hmacs[i]);
    EVP_MD_CTX_free(c->digest);
    free(c);
}

static void fetch_all(void)
{
    for (size_t i = 0; i < N_ALGORITHMS; i++)
        fetched[i] = EVP_MD_fetch(NULL, algorithms[i].name, NULL);
    fetched_hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (pthread_key_create(&contexts_key, contexts_free) != 0)
        abort();
}

/* NULL without memory. */
static struct contexts *contexts(void)
{
    struct contexts *c = thread_contexts;

    if (c)
        return c;
    pthread_once(&contexts_once, fetch_all);
    c = calloc(1, sizeof(*c));
    if (c && (!(c->digest = EVP_MD_CTX_new()) || pthread_setspecific(contexts_key, c) != 0)) {
        contexts_free(c);
        return NULL;
    }
    thread_contexts = c;
    return c;
}

static int digest(enum algorithm a, const struct bytes *parts, size_t n, uint8_t *ret)
{
    struct contexts *c = contexts();
    bool ok = c && fetched[a] && EVP_DigestInit_ex2(c->digest, fetched[a], NULL);

    for (size_t i = 0; ok && i < n; i++)
        ok = parts[i].len == 0 || EVP_DigestUpdate(c->digest, parts[i].p, parts[i].len);
    return ok && EVP_DigestFinal_ex(c->digest, ret, NULL) ? 0 : -ENOMEM;
}

int md5(const struct bytes *parts, size_t n, uint8_t ret[static MD5_SIZE])
{
    return digest(MD5, parts, n, ret);
}

int sha1(const struct bytes *parts, size_t n, uint8_t ret[static SHA1_SIZE])
{
    return digest(SHA1, parts, n, ret);
}

int sha256(const struct bytes *parts, size_t n, uint8_t ret[static SHA256_SIZE])
{
    return digest(SHA256, parts, n, ret);
}

static EVP_MAC_CTX *new_hmac_context(enum algorithm a)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *) algorithms[a].name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *ctx = fetched_hmac ? EVP_MAC_CTX_new(fetched_hmac) : NULL;

    if (ctx && EVP_MAC_CTX_set_params(ctx, params))
        return ctx;
    EVP_MAC_CTX_free(ctx);
    return NULL;
}

/* A NULL key means "keep the one before" to OpenSSL; an empty one still needs an address. */
static bool set_key(EVP_MAC_CTX *ctx, struct bytes key)
{
    return EVP_MAC_init(ctx, key.len ? key.p : (const uint8_t *) "", key.len, NULL);
}

/* The key has been set. */
static int finish_hmac(EVP_MAC_CTX *ctx, enum algorithm a, const struct bytes *parts, size_t n,
                       uint8_t *ret)
{
    bool ok = true;
    size_t len;

    for (size_t i = 0; ok && i < n; i++)
        ok = parts[i].len == 0 || EVP_MAC_update(ctx, parts[i].p, parts[i].len);
    return ok && EVP_MAC_final(ctx, ret, &len, algorithms[a].size) ? 0 : -ENOMEM;
}

static int hmac(enum algorithm a, struct bytes key, const struct bytes *parts, size_t n,
                uint8_t *ret)
{
    struct contexts *c = contexts();

    if (c && !c->hmacs[a])
        c->hmacs[a] = new_hmac_context(a);
    if (!c || !c->hmacs[a] || !set_key(c->hmacs[a], key))
        return -ENOMEM;
    return finish_hmac(c->hmacs[a], a, parts, n, ret);
}

int hmac_sha1(struct bytes key, const struct bytes *parts, size_t n, uint8_t ret[static SHA1_SIZE])
{
    return hmac(SHA1, key, parts, n, ret);
}

int hmac_sha256(struct bytes key, const struct bytes *parts, size_t n,
                uint8_t ret[static SHA256_SIZE])
{
    return hmac(SHA256, key, parts, n, ret);
}

struct hmac {
    enum algorithm algorithm;
    EVP_MAC_CTX *ctx;
};

int hmac_new(enum hmac_hash hash, struct bytes key, struct hmac **ret_hmac)
{
    struct hmac *h = calloc(1, sizeof(*h));

    if (!h || !contexts()) {
        free(h);
        return -ENOMEM;
    }
    h->algorithm = hash == HMAC_SHA1 ? SHA1 : SHA256;
    h->ctx = new_hmac_context(h->algorithm);
    if (!h->ctx || !set_key(h->ctx, key)) {
        hmac_free(h);
        return -ENOMEM;
    }
    *ret_hmac = h;
    return 0;
}

struct hmac *hmac_free(struct hmac *h)
{
    if (h)
        EVP_MAC_CTX_free(h->ctx);
    free(h);
    return NULL;
}

int hmac_sum(struct hmac *h, const struct bytes *parts, size_t n, uint8_t *ret)
{
    if (!EVP_MAC_init(h->ctx, NULL, 0, NULL))
        return -ENOMEM;
    return finish_hmac(h->ctx, h->algorithm, parts, n, ret);
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
