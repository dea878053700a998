/* web_token.h: the small grammars inside header values (RFC 9110). Pure. */
#pragma once

#include "base/bytes.h"

/* A header's name, a method. */
bool web_token_is_token(const char *s);

/* No control characters but TAB: a line break would forge a header. */
bool web_token_is_field_value(const char *s);

/* Is item, without regard to case, in this comma-separated list? */
bool web_token_in_list(const char *list, const char *item);

/* If-None-Match (RFC 9110 section 13.1.2): "*", or a list with that entity tag (with its quotes).
 */
bool web_token_matches_etag(const char *if_none_match, const char *etag);

/* The value of a cookie in a Cookie header (RFC 6265 section 4.2), the first of that name. */
bool web_token_cookie(const char *header, const char *name, struct bytes *ret);

/* "Basic ..." with exactly these; compared in constant time. */
bool web_token_is_basic_auth(const char *authorization, const char *user, const char *password);

/* Of Sec-WebSocket-Key: 16 bytes in base64. */
bool web_token_is_websocket_key(const char *key);
