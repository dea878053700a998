/* What tests of ACME against a server that errs share: what it says, and what came of it. */
#pragma once

#include "acme/client.h"
#include "certs/key.h"
#include "tests/lib/child.h"
#include "tests/lib/script.h"

#include <errno.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct loop *loop;
static struct script *server;
static struct acme_client *client;
static struct tls_identity identity;
static EVP_PKEY *key;
static struct acme_failure failure;
static char base[64];

/* ---- what the server says ---- */

/* An answer: "200 OK", further fields each with its line end, the body. */
static inline void say(const char *status, const char *fields, const char *body)
{
    char text[8192];

    snprintf(text, sizeof(text),
             "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status, fields,
             strlen(body), body);
    script_say(server, text);
}

#define JSON "Content-Type: application/json\r\n"
#define PROBLEM "Content-Type: application/problem+json\r\n"
#define BAD_NONCE "{\"type\":\"urn:ietf:params:acme:error:badNonce\",\"detail\":\"used\"}"
#define LIMITED                                                                                    \
    "{\"type\":\"urn:ietf:params:acme:error:rateLimited\",\"detail\":\"too many certificates\"}"

static inline const char *directory_text(void)
{
    static char text[512];

    snprintf(text, sizeof(text),
             "{\"newNonce\":\"%s/nonce\",\"newAccount\":\"%s/account\",\"newOrder\":\"%s/order\","
             "\"revokeCert\":\"%s/revoke\",\"keyChange\":\"%s/key\"}",
             base, base, base, base, base);
    return text;
}

static inline void say_directory(void)
{
    say("200 OK", JSON, directory_text());
}

static inline void say_nonce(const char *nonce)
{
    char field[128];

    snprintf(field, sizeof(field), "Replay-Nonce: %s\r\n", nonce);
    say("200 OK", field, "");
}

/* What nearly all of the answers to signed requests are preceded by. */
static inline void say_begin(void)
{
    say_directory();
    say_nonce("first");
}

/* ---- the client ---- */

static inline const char *url(const char *path)
{
    static char text[128];

    snprintf(text, sizeof(text), "%s%s", base, path);
    return text;
}

static inline void start_at(const char *directory, const char *ca_file, unsigned timeout_ms)
{
    const struct acme_client_config c = {.loop = loop,
                                         .directory = directory,
                                         .ca_file = ca_file,
                                         .user_agent = "visavis-test/1",
                                         .key = key,
                                         .timeout_ms = timeout_ms,
                                         .retry_ms = 1};

    assert_int_equal(script_start(server), 0);
    assert_int_equal(acme_client_new(&c, &client), 0);
}

static inline void start(void)
{
    start_at(url("/dir"), NULL, 0);
}

static inline int setup(void **state)
{
    (void) state;
    signal(SIGPIPE, SIG_IGN);
    memset(&failure, 0, sizeof(failure));
    key = key_new();
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(script_new(&server), 0);
    snprintf(base, sizeof(base), "http://127.0.0.1:%u", script_port(server));
    return 0;
}

static inline int teardown(void **state)
{
    (void) state;
    client = acme_client_free(client);
    server = script_free(server);
    loop = loop_free(loop);
    EVP_PKEY_free(key);
    tls_identity_done(&identity);
    return 0;
}

/* ---- what came of it ---- */

static inline bool is_told(const char *text)
{
    return strstr(failure.what, text) || strstr(failure.next, text) || strstr(failure.where, text);
}

static inline void assert_fails(int r, int error, enum acme_failure_kind kind, const char *text)
{
    if (r != error || failure.kind != kind || !is_told(text))
        print_error("%d: %s (%s): %s. %s\n", r, acme_failure_names[failure.kind], failure.where,
                    failure.what, failure.next);
    assert_int_equal(r, error);
    assert_int_equal(failure.kind, kind);
    assert_true(is_told(text));
}

static inline void assert_asked(unsigned n, const char *begin)
{
    char *text = script_request(server, n);

    assert_non_null(text);
    assert_memory_equal(text, begin, strlen(begin));
    free(text);
}
