/* ws_accept.h: the answer to a Sec-WebSocket-Key (RFC 6455 section 4.2.2), for both ends. */
#pragma once

#include "base/crypto.h"

#define WS_ACCEPT_SIZE BASE64_SIZE(SHA1_SIZE)

/* -ENOMEM. */
int ws_accept(const char *key, char ret[static WS_ACCEPT_SIZE]);
