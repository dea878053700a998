/* dtls_internal.h: what dtls.c needs of an identity. Not for others: it shows OpenSSL's types. */
#pragma once

#include "rtc/dtls.h"

#include <openssl/ssl.h>

/* A connection object under the identity's certificate and settings; NULL without memory. */
SSL *dtls_identity_new_ssl(const struct dtls_identity *id);
