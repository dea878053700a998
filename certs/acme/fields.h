/* fields.h: header fields that ACME leans on. Pure. */
#pragma once

#include "base/bytes.h"

/* Seconds to wait from now by Retry-After (RFC 9110 section 10.2.3): a number, or one of the three
 * forms of HTTP-date; a date that is past gives 0. -EBADMSG. */
int field_retry_after(const char *value, int64_t now_s, int64_t *ret_s);

/* An HTTP-date. -EBADMSG. */
int field_date(const char *value, int64_t *ret_s);

/* The target of the n-th (from 0) link with that relation in one value of Link (RFC 8288), which
 * may hold several; relative ones against base. -ENOENT; -ENOSPC. */
int field_link(const char *value, const char *rel, size_t n, const char *base, char *buf,
               size_t cap);

/* Is it a nonce: base64url characters, not empty (RFC 8555 section 6.5.1)? */
bool field_is_nonce(const char *value);
