/* stun_hash.h: what the integrity attributes and FINGERPRINT are computed over (RFC 8489
 * sections 14.5 to 14.7): the message before the attribute, with a header length as if the
 * attribute were the last. Shared by the decoder and the encoder. */
#pragma once

#include "base/bytes.h"
#include "base/crypto.h"

#define STUN_ATTR_HEADER_SIZE 4
#define STUN_INTEGRITY_SIZE SHA1_SIZE
#define STUN_FINGERPRINT_SIZE 4

/* before: from the header up to the attribute; at least a header. -ENOMEM. */
int stun_hash_integrity(struct bytes before, struct bytes key, uint8_t ret[static SHA1_SIZE]);

/* size: of the attribute's value, which may be a part of the hash. */
int stun_hash_integrity_sha256(struct bytes before, size_t size, struct bytes key,
                               uint8_t ret[static SHA256_SIZE]);

uint32_t stun_hash_fingerprint(struct bytes before);
