/* base64url.h: RFC 4648 section 5 without padding, as all of JOSE has it (RFC 7515 section 2). */
#pragma once

#include "base/bytes.h"

/* Characters for len bytes, with the NUL. */
#define BASE64URL_SIZE(len) (((len) *4 + 2) / 3 + 1)

/* With a NUL. -ENOSPC. */
int base64url_encode(struct bytes in, char *buf, size_t cap);

/* Refuses padding, other characters and bits that are left over: -EBADMSG; -ENOSPC. */
int base64url_decode(struct bytes in, uint8_t *buf, size_t cap, size_t *ret_len);
