#include "rtc/rtp_gcm.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/crypto.h"

struct rtp_gcm {
    EVP_CIPHER_CTX *ctx;
    uint8_t salt[RTP_GCM_SALT_SIZE];
};

/* The key stream of AES in counter mode, from the salt with the label added in its eighth byte:
 *   x = (label << 48) XOR master_salt (112 bits);  IV = x * 2^16 */
int rtp_kdf(const uint8_t master_key[static RTP_GCM_KEY_SIZE],
            const uint8_t salt[static RTP_KDF_SALT_SIZE], uint8_t label, uint8_t *ret, size_t len)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t iv[16] = {0};
    int n = 0;
    bool ok;

    memcpy(iv, salt, RTP_KDF_SALT_SIZE);
    iv[7] ^= label;
    memset(ret, 0, len);
    ok = ctx && len <= INT_MAX &&
         EVP_EncryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, master_key, iv) &&
         EVP_EncryptUpdate(ctx, ret, &n, ret, (int) len);
    EVP_CIPHER_CTX_free(ctx);
    ERR_clear_error();
    return ok ? 0 : -ENOMEM;
}

int rtp_gcm_new(const uint8_t key[static RTP_GCM_KEY_SIZE],
                const uint8_t salt[static RTP_GCM_SALT_SIZE], struct rtp_gcm **ret_g)
{
    struct rtp_gcm *g = calloc(1, sizeof(*g));

    if (!g || !(g->ctx = EVP_CIPHER_CTX_new()) ||
        !EVP_EncryptInit_ex(g->ctx, EVP_aes_128_gcm(), NULL, key, NULL)) {
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

/* RFC 7714 section 8.1:
 *    0  0  0  1  2  3  4  5  6  7  8  9
 *   00 00|    SSRC   |    ROC    | SEQ  XOR salt */
static void make_iv(const uint8_t salt[static RTP_GCM_SALT_SIZE], uint32_t ssrc, uint64_t index,
                    uint8_t iv[static RTP_GCM_SALT_SIZE])
{
    struct wr w = wr_init(iv, RTP_GCM_SALT_SIZE);

    wr_u16(&w, 0);
    wr_u32(&w, ssrc);
    wr_u32(&w, (uint32_t) (index >> 16));
    wr_u16(&w, (uint16_t) index);
    for (size_t i = 0; i < RTP_GCM_SALT_SIZE; i++)
        iv[i] ^= salt[i];
}

int rtp_gcm_seal(struct rtp_gcm *g, uint32_t ssrc, uint64_t index, struct bytes plain,
                 size_t header_len, uint8_t *dst)
{
    uint8_t iv[RTP_GCM_SALT_SIZE];
    int payload_len = (int) (plain.len - header_len);
    int n = 0;

    if (plain.len > UINT16_MAX || header_len > plain.len)
        return -EIO;
    make_iv(g->salt, ssrc, index, iv);
    if (dst != plain.p)
        memcpy(dst, plain.p, header_len);
    if (EVP_EncryptInit_ex(g->ctx, NULL, NULL, NULL, iv) &&
        EVP_EncryptUpdate(g->ctx, NULL, &n, plain.p, (int) header_len) &&
        (payload_len == 0 ||
         EVP_EncryptUpdate(g->ctx, dst + header_len, &n, plain.p + header_len, payload_len)) &&
        EVP_EncryptFinal_ex(g->ctx, dst + plain.len, &n) &&
        EVP_CIPHER_CTX_ctrl(g->ctx, EVP_CTRL_AEAD_GET_TAG, RTP_GCM_TAG_SIZE, dst + plain.len))
        return 0;
    ERR_clear_error();
    return -EIO;
}
