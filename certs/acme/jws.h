/* jws.h: signed requests (RFC 7515, flattened JSON; RFC 8555 section 6.2). Pure but for the
 * signature's own randomness. */
#pragma once

#include "base/bytes.h"

#include <jansson.h>
#include <openssl/types.h>

/* The public key as JWK (RFC 7517); P-256 alone. NULL without memory, or for another key. */
json_t *jwk_of(const EVP_PKEY *key);

/* RFC 7638, SHA-256, base64url. -EINVAL: no P-256 key. */
#define JWK_THUMBPRINT_SIZE 44
int jwk_thumbprint(const EVP_PKEY *key, char ret[static JWK_THUMBPRINT_SIZE]);

struct jws_header {
    const char *nonce; /* NULL: none (inner objects) */
    const char *url;
    const char *kid; /* the account's URL; NULL: the key itself, as jwk */
};

/* ES256 over the payload, "" for POST-as-GET. free() it. -ENOMEM, -EINVAL: no P-256 key. */
int jws_sign(const EVP_PKEY *key, const struct jws_header *h, const char *payload, char **ret_text);

/* The object of externalAccountBinding (RFC 8555 section 7.3.4): the account's key, signed by HS256
 * with the key that the CA gave. -ENOMEM, -EINVAL. */
int jws_bind_external(const EVP_PKEY *account_key, const char *url, const char *kid,
                      struct bytes mac_key, json_t **ret);

/* The payload of a key change (RFC 8555 section 7.3.5): an inner JWS signed by the new key. */
int jws_key_change(const EVP_PKEY *old_key, const EVP_PKEY *new_key, const char *account,
                   const char *url, char **ret_text);

/* token "." thumbprint (RFC 8555 section 8.1). -ENOSPC. */
#define ACME_TOKEN_MAX 256
#define ACME_KEY_AUTHORIZATION_SIZE (ACME_TOKEN_MAX + 1 + JWK_THUMBPRINT_SIZE)
int jws_key_authorization(const char *token, const EVP_PKEY *account_key,
                          char ret[static ACME_KEY_AUTHORIZATION_SIZE]);
