/* What tests of ACME share: a real CA, a vault in a folder of its own, responders, and a client
 * that issues through them. */
#pragma once

#include "acme/account.h"
#include "acme/issue.h"
#include "acme/responder.h"
#include "certs/key.h"
#include "files/files.h"
#include "tests/lib/pebble.h"

#include <errno.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
    struct loop *loop;
    struct pebble *pebble;
    struct responder *http, *tls;
    struct acme_client *client;
    char folder[64];
    struct vault vault;
    struct account_config account_config;
    struct vault_account account;
    struct issue_config issue;
    struct acme_failure failure;
    char told[16384];
    unsigned n_told;
    unsigned stop_at; /* the loop is ended at that line; 0: never */
    unsigned n_up;    /* proofs */
} kit;

/* ---- what is told ---- */

static void on_told(const char *text, void *arg)
{
    size_t len = strlen(kit.told);

    (void) arg;
    snprintf(kit.told + len, sizeof(kit.told) - len, "%s\n", text);
    if (++kit.n_told == kit.stop_at)
        loop_quit(kit.loop, 0);
}

static inline bool was_told(const char *text)
{
    return strstr(kit.told, text) != NULL;
}

static inline unsigned times_told(const char *text)
{
    unsigned n = 0;

    for (const char *at = kit.told; (at = strstr(at, text)); at++)
        n++;
    return n;
}

static inline void forget_told(void)
{
    kit.told[0] = '\0';
    kit.n_told = 0;
}

/* ---- challengers ---- */

static bool can_anything(void *arg, const struct acme_id *id, char *why, size_t why_size)
{
    (void) arg;
    (void) why;
    (void) why_size;
    return !id->is_wildcard;
}

static int present(void *arg, const struct acme_proof *proof, struct acme_failure *f)
{
    int r = responder_add(*(struct responder **) arg, proof);

    kit.n_up++;
    return r < 0 ? failure_set(f, FAILURE_LOCAL, STEP_CHALLENGE, r, "", "no room") : 0;
}

static void withdraw(void *arg, const struct acme_proof *proof)
{
    kit.n_up--;
    responder_remove(*(struct responder **) arg, proof);
}

static const struct acme_challenger by_http = {.type = CHALLENGE_HTTP_01,
                                               .can = can_anything,
                                               .present = present,
                                               .withdraw = withdraw,
                                               .arg = &kit.http};
static const struct acme_challenger by_tls = {.type = CHALLENGE_TLS_ALPN_01,
                                              .can = can_anything,
                                              .present = present,
                                              .withdraw = withdraw,
                                              .arg = &kit.tls};
static const struct acme_challenger *const both[] = {&by_http, &by_tls, NULL};

/* ---- the client ---- */

/* As another run of the program would begin. */
static inline void new_client(void)
{
    const struct acme_client_config c = {.loop = kit.loop,
                                         .directory = pebble_directory(kit.pebble),
                                         .ca_file = pebble_ca_file(kit.pebble),
                                         .user_agent = "visavis-test/1",
                                         .retry_ms = 1};

    acme_client_free(kit.client);
    assert_int_equal(acme_client_new(&c, &kit.client), 0);
}

/* Fails with the words of the failure. */
static inline void assert_done(int r)
{
    char text[4096];

    if (r < 0)
        print_error("%d: %s\n%s", r, failure_text(&kit.failure, text, sizeof(text)), kit.told);
    assert_int_equal(r, 0);
}

static inline int ensure_account(void)
{
    vault_account_done(&kit.account);
    memset(&kit.account, 0, sizeof(kit.account));
    memset(&kit.failure, 0, sizeof(kit.failure));
    return account_ensure(kit.client, &kit.vault, &kit.account_config, &kit.account, &kit.failure);
}

static inline void want(const char *const *names)
{
    const char *bad;

    assert_int_equal(acme_ids_parse(names, &kit.issue.ids, &bad), 0);
}

static inline int issue(struct pair *ret)
{
    enum acme_challenge_type type;
    int r;

    memset(&kit.failure, 0, sizeof(kit.failure));
    kit.issue.account_key = kit.account.key;
    r = issue_run(kit.client, &kit.issue, ret, &type, &kit.failure);
    assert_int_equal(kit.n_up, 0);
    return r;
}

/* Account and certificate, by a client of its own. */
static inline int issue_all(struct pair *ret)
{
    int r;

    new_client();
    r = ensure_account();
    return r < 0 ? r : issue(ret);
}

static inline void assert_issues(void)
{
    struct pair pair;

    assert_done(issue_all(&pair));
    assert_true(pair.n > 1);
    assert_int_equal(EVP_PKEY_eq(pair.key, X509_get0_pubkey(pair.chain[0])), 1);
    pair_done(&pair);
    assert_int_equal(vault_drop_order(&kit.vault, &kit.issue.ids), 0);
}

/* ---- setup ---- */

static inline int kit_start(const struct pebble_config *c)
{
    static const char *const names[] = {"media.example.test", NULL};

    signal(SIGPIPE, SIG_IGN);
    memset(&kit, 0, sizeof(kit));
    strcpy(kit.folder, "/tmp/visavis-test-XXXXXX");
    assert_non_null(mkdtemp(kit.folder));
    assert_int_equal(pebble_start(c, &kit.pebble), 0);
    assert_int_equal(loop_new(&kit.loop), 0);
    assert_int_equal(responder_new(kit.loop, RESPONDER_HTTP, &kit.http), 0);
    assert_int_equal(responder_listen(kit.http, pebble_http_port(kit.pebble)), 0);
    assert_int_equal(responder_new(kit.loop, RESPONDER_TLS_ALPN, &kit.tls), 0);
    assert_int_equal(responder_listen(kit.tls, pebble_tls_port(kit.pebble)), 0);
    assert_int_equal(vault_open(kit.folder, 0, NULL, NULL, &kit.vault), 0);
    kit.account_config = (struct account_config){.directory = pebble_directory(kit.pebble),
                                                 .email = "admin@example.test",
                                                 .eab_kid = c->eab_kid,
                                                 .eab_key = c->eab_key,
                                                 .tell = on_told};
    kit.issue = (struct issue_config){.directory = pebble_directory(kit.pebble),
                                      .types = {CHALLENGE_HTTP_01, CHALLENGE_TLS_ALPN_01},
                                      .n_types = 2,
                                      .challengers = both,
                                      .vault = &kit.vault,
                                      .tell = on_told};
    want(names);
    new_client();
    return 0;
}

static inline int kit_stop(void **state)
{
    (void) state;
    kit.client = acme_client_free(kit.client);
    vault_account_done(&kit.account);
    vault_close(&kit.vault);
    kit.http = responder_free(kit.http);
    kit.tls = responder_free(kit.tls);
    kit.pebble = pebble_free(kit.pebble);
    kit.loop = loop_free(kit.loop);
    return dir_remove(kit.folder);
}
