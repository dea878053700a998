/* Certificates from a real CA: names and addresses, both challenges, nonces that it refuses,
 * chains, and orders that another run takes up. */
#include "acme_kit.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

/* ---- the CA as it may be ---- */

static int quiet(void **state)
{
    static const struct pebble_config c = {.blocked = "blocked.example.test", .alternates = 2};

    (void) state;
    return kit_start(&c);
}

static int nonces_5(void **state)
{
    static const struct pebble_config c = {.nonce_reject = 5};

    (void) state;
    return kit_start(&c);
}

static int nonces_90(void **state)
{
    static const struct pebble_config c = {.nonce_reject = 90};

    (void) state;
    return kit_start(&c);
}

static int reuse_100(void **state)
{
    static const struct pebble_config c = {.authz_reuse = 100};

    (void) state;
    return kit_start(&c);
}

/* ---- certificates ---- */

static void names_and_addresses(void **state)
{
    static const char *const names[] = {"media.example.test", "127.0.0.1", "::1",
                                        "call.example.test", NULL};

    (void) state;
    want(names);
    assert_issues();
}

static void by_tls_alpn(void **state)
{
    static const char *const names[] = {"media.example.test", "127.0.0.1", NULL};
    enum acme_challenge_type type;
    struct pair pair;

    (void) state;
    want(names);
    assert_done(ensure_account());
    kit.issue.account_key = kit.account.key;
    kit.issue.types[0] = CHALLENGE_TLS_ALPN_01;
    kit.issue.n_types = 1;
    assert_done(issue_run(kit.client, &kit.issue, &pair, &type, &kit.failure));
    assert_int_equal(type, CHALLENGE_TLS_ALPN_01);
    assert_int_equal(responder_shown(kit.http), 0);
    pair_done(&pair);
}

static void every_kind_of_key(void **state)
{
    char text[KEY_TEXT_MAX];
    struct pair pair;

    (void) state;
    kit.issue.key_type = ACME_KEY_P384;
    assert_done(issue_all(&pair));
    assert_string_equal(key_describe(pair.key, text), "P-384");
    pair_done(&pair);
    /* The order under way is for a key of another kind. */
    kit.issue.key_type = ACME_KEY_RSA2048;
    assert_done(issue_all(&pair));
    assert_string_equal(key_describe(pair.key, text), "RSA 2048");
    pair_done(&pair);
}

static void twice(void **state)
{
    (void) state;
    assert_issues();
    assert_issues();
    assert_int_equal(times_told("The order is "), 2);
}

/* The second order finds its authorisation valid already. */
static void authorizations_that_are_valid(void **state)
{
    unsigned shown;

    (void) state;
    assert_issues();
    shown = responder_shown(kit.http);
    assert_true(shown > 0);
    assert_issues();
    assert_int_equal(responder_shown(kit.http), shown);
}

static void without_a_vault(void **state)
{
    struct pair pair;

    (void) state;
    kit.issue.vault = NULL;
    assert_done(issue_all(&pair));
    pair_done(&pair);
}

/* ---- refusals ---- */

static void blocked_name(void **state)
{
    static const char *const names[] = {"blocked.example.test", NULL};
    struct vault_order order;
    struct pair pair;

    (void) state;
    want(names);
    assert_int_equal(issue_all(&pair), -EPROTO);
    assert_int_equal(kit.failure.kind, FAILURE_REFUSED);
    assert_int_equal(kit.failure.step, STEP_ORDER);
    assert_int_equal(kit.failure.problem.type, PROBLEM_REJECTED_IDENTIFIER);
    /* Its key is for the next one. */
    assert_int_equal(vault_load_order(&kit.vault, &kit.issue.ids, &order), 0);
    assert_string_equal(order.url, "");
    vault_order_done(&order);
}

static int present_nothing(void *arg, const struct acme_proof *proof, struct acme_failure *f)
{
    (void) arg;
    (void) proof;
    (void) f;
    kit.n_up++;
    return 0;
}

/* The next order, made without the type that failed, passes. */
static void proof_that_is_not_found(void **state)
{
    static struct acme_challenger nothing;
    static const struct acme_challenger *const list[] = {&nothing, &by_tls, NULL};
    bool cannot[ACME_IDS_MAX][N_CHALLENGE_TYPES] = {{false}};
    struct vault_order order;
    struct pair pair;

    (void) state;
    nothing = by_http;
    nothing.present = present_nothing;
    kit.issue.challengers = list;
    kit.issue.cannot = cannot;
    assert_int_equal(issue_all(&pair), -EPROTO);
    assert_int_equal(kit.failure.kind, FAILURE_VALIDATION);
    assert_true(cannot[0][CHALLENGE_HTTP_01]);
    assert_false(cannot[0][CHALLENGE_TLS_ALPN_01]);
    assert_int_equal(vault_load_order(&kit.vault, &kit.issue.ids, &order), -ENOENT);
    assert_done(issue_all(&pair));
    pair_done(&pair);
}

static int present_fails(void *arg, const struct acme_proof *proof, struct acme_failure *f)
{
    (void) arg;
    (void) proof;
    kit.n_up++;
    return failure_set(f, FAILURE_LOCAL, STEP_CHALLENGE, -EACCES, "", "the folder is closed");
}

/* What is no fault of the CA leaves the order for the next run. */
static void proof_that_cannot_be_put_up(void **state)
{
    static struct acme_challenger broken;
    static const struct acme_challenger *const list[] = {&broken, NULL};
    struct pair pair;

    (void) state;
    broken = by_http;
    broken.present = present_fails;
    kit.issue.challengers = list;
    assert_int_equal(issue_all(&pair), -EPROTO);
    assert_string_equal(kit.failure.what, "the folder is closed");
    kit.issue.challengers = both;
    assert_done(issue_all(&pair));
    assert_int_equal(times_told("The order is "), 1);
    pair_done(&pair);
}

/* ---- chains ---- */

static X509 *read_certificate(const char *text)
{
    BIO *bio = BIO_new_mem_buf(text, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(cert);
    return cert;
}

static void write_file(const char *path, const char *text)
{
    const struct file_access access = {0600, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};

    assert_int_equal(file_write(path, bytes_str(text), &access), 0);
}

/* Is the chain's last certificate signed by that root of the CA? */
static bool ends_in(const struct pair *p, unsigned n)
{
    char *text = pebble_root(kit.pebble, n);
    X509 *root = read_certificate(text);
    bool yes = X509_verify(p->chain[p->n - 1], X509_get0_pubkey(root)) == 1;

    X509_free(root);
    free(text);
    return yes;
}

static void assert_ends_in(unsigned n)
{
    struct pair pair;

    assert_done(issue_all(&pair));
    assert_true(ends_in(&pair, n));
    assert_false(ends_in(&pair, 0));
    pair_done(&pair);
}

static void the_preferred_chain(void **state)
{
    char roots[128], name[128], fingerprint[2 * EVP_MAX_MD_SIZE + 1];
    char *text = pebble_root(kit.pebble, 2);
    X509 *root = read_certificate(text);
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned len;

    (void) state;
    assert_true(X509_NAME_get_text_by_NID(X509_get_subject_name(root), NID_commonName, name,
                                          sizeof(name)) > 0);
    kit.issue.preferred_chain = name;
    assert_ends_in(2);
    snprintf(roots, sizeof(roots), "%s/roots.pem", kit.folder);
    write_file(roots, text);
    assert_int_equal(X509_digest(root, EVP_sha256(), hash, &len), 1);
    for (unsigned i = 0; i < len; i++)
        snprintf(fingerprint + (size_t) 2 * i, 3, "%02x", hash[i]);
    kit.issue.preferred_chain = fingerprint;
    kit.issue.roots_file = roots;
    assert_ends_in(2);
    X509_free(root);
    free(text);
}

static void a_preferred_chain_that_is_not_there(void **state)
{
    struct pair pair;

    (void) state;
    kit.issue.preferred_chain = "No Such Root";
    assert_done(issue_all(&pair));
    assert_true(ends_in(&pair, 0));
    assert_true(was_told("No Such Root"));
    pair_done(&pair);
}

/* ---- other runs ---- */

/* At each line that is told the run ends, and another begins. */
static void goes_on_after_each_step(void **state)
{
    unsigned stop_at = 1;
    struct pair pair;
    int r;

    (void) state;
    do {
        forget_told();
        kit.stop_at = stop_at++;
        r = issue_all(&pair);
        if (r < 0) {
            assert_int_equal(r, -EINTR);
            kit.stop_at = 0;
            assert_done(issue_all(&pair));
            assert_int_equal(times_told("The order is "), 1);
        }
        assert_int_equal(vault_drop_order(&kit.vault, &kit.issue.ids), 0);
        pair_done(&pair);
    } while (r < 0);
    /* The order, the proof, the certificate: each was the end. So were the CA's look and the
     * finalisation, unless the CA was done with them before it was asked. */
    assert_true(stop_at > 4);
}

static void the_key_of_an_order_that_was_about_to_begin(void **state)
{
    struct vault_order order = {.key = key_new()};
    EVP_PKEY *key = order.key;
    struct pair pair;

    (void) state;
    snprintf(order.directory, sizeof(order.directory), "%s", kit.issue.directory);
    assert_int_equal(vault_put_order(&kit.vault, &kit.issue.ids, &order), 0);
    assert_done(issue_all(&pair));
    assert_int_equal(EVP_PKEY_eq(pair.key, key), 1);
    pair_done(&pair);
    vault_order_done(&order);
}

/* The pair was stored, and then the run was killed. */
static void an_order_whose_pair_is_in_use(void **state)
{
    struct pair first, second;

    (void) state;
    assert_done(issue_all(&first));
    assert_int_equal(vault_put_pair(&kit.vault, &kit.issue.ids, &first, kit.issue.directory), 0);
    assert_done(issue_all(&second));
    assert_int_equal(EVP_PKEY_eq(first.key, second.key), 0);
    assert_int_equal(times_told("The order is "), 2);
    pair_done(&first);
    pair_done(&second);
}

static void an_order_that_the_ca_forgot(void **state)
{
    struct pair pair;

    (void) state;
    kit.stop_at = 2;
    assert_int_equal(issue_all(&pair), -EINTR);
    kit.stop_at = 0;
    assert_int_equal(pebble_forget(kit.pebble), 0);
    assert_done(issue_all(&pair));
    assert_true(was_told("is of no use any more"));
    assert_int_equal(times_told("The order is "), 2);
    pair_done(&pair);
}

static void an_order_at_another_ca(void **state)
{
    struct vault_order order = {.key = key_new(),
                                .directory = "https://ca.example/dir",
                                .url = "https://ca.example/order/1"};
    struct pair pair;

    (void) state;
    assert_int_equal(vault_put_order(&kit.vault, &kit.issue.ids, &order), 0);
    assert_done(issue_all(&pair));
    assert_int_equal(EVP_PKEY_eq(pair.key, order.key), 0);
    pair_done(&pair);
    vault_order_done(&order);
}

#define TEST(name, ca) cmocka_unit_test_setup_teardown(name, ca, kit_stop)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(names_and_addresses, quiet),
        TEST(names_and_addresses, nonces_5),
        TEST(names_and_addresses, nonces_90),
        TEST(names_and_addresses, reuse_100),
        TEST(by_tls_alpn, quiet),
        TEST(every_kind_of_key, quiet),
        TEST(twice, quiet),
        TEST(authorizations_that_are_valid, reuse_100),
        TEST(without_a_vault, quiet),
        TEST(blocked_name, quiet),
        TEST(proof_that_is_not_found, quiet),
        TEST(proof_that_cannot_be_put_up, quiet),
        TEST(the_preferred_chain, quiet),
        TEST(a_preferred_chain_that_is_not_there, quiet),
        TEST(goes_on_after_each_step, quiet),
        TEST(goes_on_after_each_step, nonces_90),
        TEST(the_key_of_an_order_that_was_about_to_begin, quiet),
        TEST(an_order_whose_pair_is_in_use, quiet),
        TEST(an_order_that_the_ca_forgot, quiet),
        TEST(an_order_at_another_ca, quiet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
