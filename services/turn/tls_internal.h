/* tls_internal.h: what tls.c and dtls_session.c have of OpenSSL in a context; not for anybody
 * else. */
#pragma once

#include "turn/tls_context.h"

#include <openssl/ssl.h>

/* For one connection more. Borrowed. */
SSL_CTX *tls_context_stream(const struct tls_context *c);
SSL_CTX *tls_context_datagram(const struct tls_context *c);
