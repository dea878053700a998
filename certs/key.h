/* key.h: private keys. */
#pragma once

#include "base/bytes.h"

#include <openssl/types.h>

#define KEY_TEXT_MAX 32

/* A new P-256 key; NULL without memory. */
EVP_PKEY *key_new(void);

/* PKCS #8 as PEM text, without a password. Wipe and free() it. NULL without memory. */
char *key_to_pem(const EVP_PKEY *key);

/* The key of a text that we wrote; NULL when it is none. */
EVP_PKEY *key_from_pem(struct bytes pem);

/* "P-256", "RSA 2048", "Ed25519"; returns text. */
const char *key_describe(const EVP_PKEY *key, char text[static KEY_TEXT_MAX]);

/* Do browsers take it, and this system's OpenSSL: RSA of 2048 bits or more, P-256, P-384, P-521? */
bool key_is_usable(const EVP_PKEY *key);

/* Wipes and frees a text of key_to_pem(). Returns NULL. */
char *key_free_pem(char *pem);
