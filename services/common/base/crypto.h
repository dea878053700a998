/* crypto.h: hashes, comparison of secrets, base64. */
#pragma once

#include "base/bytes.h"

#define MD5_SIZE 16
#define SHA1_SIZE 20
#define SHA256_SIZE 32

/* The hash runs over the parts in order, as if they were one. They fail only without memory. */
int md5(const struct bytes *parts, size_t n, uint8_t ret[static MD5_SIZE]);
int sha1(const struct bytes *parts, size_t n, uint8_t ret[static SHA1_SIZE]);
int sha256(const struct bytes *parts, size_t n, uint8_t ret[static SHA256_SIZE]);
int hmac_sha1(struct bytes key, const struct bytes *parts, size_t n, uint8_t ret[static SHA1_SIZE]);
int hmac_sha256(struct bytes key, const struct bytes *parts, size_t n,
                uint8_t ret[static SHA256_SIZE]);

/* HMAC under a key that is used often: the key's share of the work is done once. One thread. */
struct hmac;
enum hmac_hash { HMAC_SHA1, HMAC_SHA256 };

/* -ENOMEM. */
int hmac_new(enum hmac_hash hash, struct bytes key, struct hmac **ret_hmac);

/* Wipes the key. NULL is fine; returns NULL. */
struct hmac *hmac_free(struct hmac *h);

/* As long as the hash. -ENOMEM. */
int hmac_sum(struct hmac *h, const struct bytes *parts, size_t n, uint8_t *ret);

/* A key from a secret that people may have chosen: each guess at it costs rounds hashes
 * (PBKDF2-HMAC-SHA256, RFC 8018). -ENOMEM. */
int secret_stretch(struct bytes secret, struct bytes salt, unsigned rounds,
                   uint8_t ret[static SHA256_SIZE]);

/* Time depends on the lengths alone. */
bool secret_eq(struct bytes a, struct bytes b);

/* Overwrites; the compiler may not leave it out. */
void secret_wipe(void *p, size_t len);

/* Characters that base64 of len bytes takes, with padding and the NUL. */
#define BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)

/* RFC 4648 section 4, with padding and a NUL. -ENOSPC. */
int base64_encode(struct bytes in, char *buf, size_t cap);

/* Refuses anything but the canonical form with padding: -EBADMSG; -ENOSPC. */
int base64_decode(struct bytes in, uint8_t *buf, size_t cap, size_t *ret_len);

/* Of the library behind all this: "3.0.17". */
const char *crypto_version(void);
