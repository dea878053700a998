#include "rtc/rtp_gcm.h"

#include "base/buf.h"
#include "base/crypto.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define CACHE_LINE 64
#define CONTEXT_SIZE 1152 /* about, of OpenSSL 3's context and key */

struct rtp_gcm {
    EVP_CIPHER_CTX *ctx;
    uint8_t salt[RTP_GCM_SALT_SIZE];
};

/* The key stream of AES in counter mode, from the salt with the label added in its eighth byte:
 *   x = (label << 48) XOR master_salt (112 bits);  IV = x * 2^16 */
int rtp_kdf(const uint8_t master_key[static RTP_GCM_KEY_SIZE],
            const uint8_t salt[static RTP_KDF_SALT_SIZE], enum rtp_kdf_label label, uint8_t *ret,
            size_t len)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t iv[16] = {0};
    int n = 0;
    bool ok;

    memcpy(iv, salt, RTP_KDF_SALT_SIZE);
    iv[7] ^= (uint8_t) label;
    memset(ret, 0, len);
    ok = ctx && len <= INT_MAX &&
         EVP_EncryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, master_key, iv) &&
         EVP_EncryptUpdate(ctx, ret, &n, ret, (int) len);
    EVP_CIPHER_CTX_free(ctx);
    ERR_clear_error();
    return ok ? 0 : -ENOMEM;
}

int rtp_gcm_new(const uint8_t key[static RTP_GCM_KEY_SIZE],
                const uint8_t salt[static RTP_GCM_SALT_SIZE], bool seals, struct rtp_gcm **ret_g)
{
    struct rtp_gcm *g = calloc(1, sizeof(*g));

    if (!g || !(g->ctx = EVP_CIPHER_CTX_new()) ||
        !EVP_CipherInit_ex(g->ctx, EVP_aes_128_gcm(), NULL, key, NULL, seals)) {
        ERR_clear_error();
        rtp_gcm_free(g);
        return -ENOMEM;
    }
    memcpy(g->salt, salt, sizeof(g->salt));
    *ret_g = g;
    return 0;
}

struct rtp_gcm *rtp_gcm_free(struct rtp_gcm *g)
{
    if (!g)
        return NULL;
    EVP_CIPHER_CTX_free(g->ctx);
    secret_wipe(g, sizeof(*g));
    free(g);
    return NULL;
}

/* RFC 7714 sections 8.1 and 9.1; RTCP's index has 31 bits, which fill as many zeros in front.
 *    0  0  0  1  2  3  4  5  6  7  8  9 10 11
 *   00 00|    SSRC   |    ROC    | SEQ |        XOR salt */
static void make_iv(const uint8_t salt[static RTP_GCM_SALT_SIZE], const struct rtp_gcm_packet *p,
                    uint8_t iv[static RTP_GCM_SALT_SIZE])
{
    struct wr w = wr_init(iv, RTP_GCM_SALT_SIZE);

    wr_u16(&w, 0);
    wr_u32(&w, p->ssrc);
    wr_u32(&w, (uint32_t) (p->index >> 16));
    wr_u16(&w, (uint16_t) p->index);
    for (size_t i = 0; i < RTP_GCM_SALT_SIZE; i++)
        iv[i] ^= salt[i];
}

/* Up to the last step. A part without bytes is left out: OpenSSL would read its NULL as "finish".
 */
static bool run(struct rtp_gcm *g, const struct rtp_gcm_packet *p, struct bytes text, uint8_t *dst)
{
    uint8_t iv[RTP_GCM_SALT_SIZE];
    int n = 0;

    make_iv(g->salt, p, iv);
    return EVP_CipherInit_ex(g->ctx, NULL, NULL, NULL, iv, -1) &&
           EVP_CipherUpdate(g->ctx, NULL, &n, p->header.p, (int) p->header.len) &&
           (p->trailer.len == 0 ||
            EVP_CipherUpdate(g->ctx, NULL, &n, p->trailer.p, (int) p->trailer.len)) &&
           (text.len == 0 || EVP_CipherUpdate(g->ctx, dst, &n, text.p, (int) text.len));
}

static bool too_long(const struct rtp_gcm_packet *p, size_t len)
{
    return len > UINT16_MAX || p->header.len > UINT16_MAX || p->trailer.len > UINT16_MAX;
}

int rtp_gcm_seal(struct rtp_gcm *g, const struct rtp_gcm_packet *p, struct bytes text, uint8_t *dst)
{
    uint8_t *tag = dst + text.len;
    int n = 0;

    if (!too_long(p, text.len) && run(g, p, text, dst) && EVP_CipherFinal_ex(g->ctx, tag, &n) &&
        EVP_CIPHER_CTX_ctrl(g->ctx, EVP_CTRL_AEAD_GET_TAG, RTP_GCM_TAG_SIZE, tag))
        return 0;
    ERR_clear_error();
    return -EIO;
}

int rtp_gcm_open(struct rtp_gcm *g, const struct rtp_gcm_packet *p, uint8_t *text, size_t len)
{
    uint8_t *tag = text + len;
    int n = 0;

    if (!too_long(p, len) && run(g, p, bytes_of(text, len), text) &&
        EVP_CIPHER_CTX_ctrl(g->ctx, EVP_CTRL_AEAD_SET_TAG, RTP_GCM_TAG_SIZE, tag) &&
        EVP_CipherFinal_ex(g->ctx, tag, &n) > 0)
        return 0;
    ERR_clear_error();
    return -EBADMSG;
}

/* OpenSSL keeps the expanded key apart from its context, where it does not tell; made one after the
 * other, they are usually neighbours. */
void rtp_gcm_fetch(const struct rtp_gcm *g, unsigned step)
{
    if (step == 0) {
        __builtin_prefetch(g);
        return;
    }
    for (size_t at = 0; at < CONTEXT_SIZE; at += CACHE_LINE)
        __builtin_prefetch((const char *) g->ctx + at);
}
