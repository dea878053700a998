/* tls_context.h: a certificate with its key, ready to serve TLS and DTLS. It never changes, so the
 * threads share one; a connection goes on with the one that it began with. */
#pragma once

#include <stddef.h>

struct tls_context;

#define TLS_CONTEXT_WHY_SIZE 512

/* Reads PEM files: the certificate with its chain, and its key, which must not need a password.
 * On failure why is a sentence about it; -EINVAL: a file cannot be used, or they do not belong
 * together; -ENOMEM; errors of reading. The caller has the first reference. */
int tls_context_new(const char *certificate, const char *key, struct tls_context **ret_context,
                    char why[static TLS_CONTEXT_WHY_SIZE]);

/* NULL is fine; returns it. Any thread may call. */
struct tls_context *tls_context_ref(struct tls_context *c);

/* NULL is fine; returns NULL. Any thread may call. */
struct tls_context *tls_context_unref(struct tls_context *c);
