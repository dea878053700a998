#include "acme/chain.h"

#include "ca_kit.h"

#include <errno.h>
#include <limits.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

/* root -> upper -> lower -> leaf; and upper again, signed by another root */
struct world {
    struct kit_ca root, other_root, upper, lower, stranger;
    X509 *upper_crossed;
    EVP_PKEY *key;
    X509 *leaf;
    struct acme_ids ids;
    struct pair pair;
    char why[CHAIN_WHY_SIZE];
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    if (!w)
        return -1;
    w->root = kit_ca("Root X1", NULL);
    w->other_root = kit_ca("Old Root", NULL);
    w->upper = kit_ca("Upper", &w->root);
    w->upper_crossed = kit_ca_cert("Upper", w->upper.key, &w->other_root);
    w->lower = kit_ca("Lower E7", &w->upper);
    w->stranger = kit_ca("Lower E7", NULL); /* of the same name as the issuer, with another key */
    w->key = key_new();
    w->leaf = kit_leaf(w->key, &w->lower, (struct kit_leaf){.san = "DNS:a.org"});
    w->ids = IDS("a.org");
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    pair_done(&w->pair);
    kit_ca_done(&w->root);
    kit_ca_done(&w->other_root);
    kit_ca_done(&w->upper);
    kit_ca_done(&w->lower);
    kit_ca_done(&w->stranger);
    X509_free(w->upper_crossed);
    X509_free(w->leaf);
    EVP_PKEY_free(w->key);
    free(w);
    return 0;
}

static int read_text(struct world *w, const char *text, size_t len)
{
    pair_done(&w->pair);
    w->why[0] = '\0';
    return chain_read(bytes_of(text, len), w->key, &w->ids, &w->pair, w->why, sizeof(w->why));
}

/* What the CA sends. */
static int read_certs(struct world *w, X509 *const *list)
{
    size_t n = 0;
    char *text;
    int r;

    while (list[n])
        n++;
    text = pem_write_certs(list, n);
    r = read_text(w, text, strlen(text));
    free(text);
    return r;
}

#define READ(w, ...) read_certs(w, (X509 *const[]){__VA_ARGS__, NULL})

static void assert_chain(const struct world *w, X509 *const *list)
{
    size_t n = 0;

    for (; list[n]; n++) {
        assert_true(n < w->pair.n);
        assert_int_equal(X509_cmp(w->pair.chain[n], list[n]), 0);
    }
    assert_int_equal(w->pair.n, n);
    assert_ptr_equal(w->pair.key, w->key);
    assert_null(w->pair.ca);
}

#define CHAIN(w, ...) assert_chain(w, (X509 *const[]){__VA_ARGS__, NULL})

static void assert_why(const struct world *w, int r, const char *text)
{
    assert_int_equal(r, -EINVAL);
    if (!strstr(w->why, text))
        fail_msg("'%s' is not in: %s", text, w->why);
    assert_int_equal(w->pair.n, 0);
    assert_null(w->pair.key);
}

/* ---- order ---- */

static void takes_a_chain_as_it_should_be(void **state)
{
    struct world *w = *state;

    assert_int_equal(READ(w, w->leaf, w->lower.cert, w->upper.cert), 0);
    CHAIN(w, w->leaf, w->lower.cert, w->upper.cert);
    assert_int_equal(READ(w, w->leaf, w->lower.cert), 0);
    CHAIN(w, w->leaf, w->lower.cert);
}

static void takes_a_leaf_alone(void **state)
{
    struct world *w = *state;

    assert_int_equal(READ(w, w->leaf), 0);
    CHAIN(w, w->leaf);
}

static void puts_it_in_order(void **state)
{
    struct world *w = *state;

    assert_int_equal(READ(w, w->upper.cert, w->lower.cert, w->leaf), 0);
    CHAIN(w, w->leaf, w->lower.cert, w->upper.cert);
}

static void leaves_out_what_does_not_belong_to_it(void **state)
{
    struct world *w = *state;

    assert_int_equal(READ(w, w->other_root.cert, w->leaf, w->leaf, w->stranger.cert, w->lower.cert),
                     0);
    CHAIN(w, w->leaf, w->lower.cert);
}

static void leaves_out_the_root(void **state)
{
    struct world *w = *state;
    struct kit_leaf l = {.san = "DNS:a.org"};
    X509 *leaf = kit_leaf(w->key, &w->root, l);

    assert_int_equal(READ(w, w->leaf, w->lower.cert, w->upper.cert, w->root.cert), 0);
    CHAIN(w, w->leaf, w->lower.cert, w->upper.cert);
    assert_int_equal(READ(w, leaf, w->root.cert), 0);
    CHAIN(w, leaf);
    X509_free(leaf);
}

static void keeps_a_crossed_one(void **state)
{
    struct world *w = *state;

    assert_int_equal(READ(w, w->leaf, w->lower.cert, w->upper_crossed, w->other_root.cert), 0);
    CHAIN(w, w->leaf, w->lower.cert, w->upper_crossed);
}

/* A CA's new key, signed by its old one, under the same name. */
static void keeps_a_change_of_keys(void **state)
{
    struct world *w = *state;
    struct kit_ca renewed = {.key = key_new()};
    X509 *leaf;

    renewed.cert = kit_ca_cert("Root X1", renewed.key, &w->root);
    leaf = kit_leaf(w->key, &renewed, (struct kit_leaf){.san = "DNS:a.org"});
    assert_int_equal(READ(w, leaf, renewed.cert, w->root.cert), 0);
    CHAIN(w, leaf, renewed.cert);
    assert_true(chain_is_preferred(&w->pair, "Root X1", NULL));
    X509_free(leaf);
    kit_ca_done(&renewed);
}

static void needs_the_issuer_when_others_are_sent(void **state)
{
    struct world *w = *state;

    assert_why(w, READ(w, w->leaf, w->upper.cert), "is of the issuer 'CN=Lower E7'");
    assert_why(w, READ(w, w->leaf, w->stranger.cert), "is of the issuer 'CN=Lower E7'");
}

/* ---- what was asked for ---- */

static void needs_our_key(void **state)
{
    struct world *w = *state;
    EVP_PKEY *other = key_new();
    X509 *leaf = kit_leaf(other, &w->lower, (struct kit_leaf){.san = "DNS:b.org"});

    assert_why(w, READ(w, leaf, w->lower.cert),
               "for the key of this order; the first is for: b.org");
    assert_why(w, READ(w, w->lower.cert), "the first is for: nothing");
    X509_free(leaf);
    EVP_PKEY_free(other);
}

static void needs_each_identifier(void **state)
{
    static const struct {
        const char *san, *ids[4], *missing; /* NULL: it is good */
    } cases[] = {
        {"DNS:a.org,DNS:b.org", {"a.org", "b.org"}, NULL},
        {"DNS:a.org", {"a.org", "b.org"}, "is not for b.org but for: a.org"},
        {"DNS:A.ORG", {"a.org"}, NULL},
        {NULL, {"a.org"}, "is not for a.org but for: nothing"},
        {"DNS:*.a.org", {"*.a.org"}, NULL},
        {"DNS:*.a.org,DNS:a.org", {"*.a.org", "a.org"}, NULL},
        {"DNS:*.a.org", {"*.a.org", "a.org"}, "is not for a.org but for: *.a.org"},
        {"DNS:www.a.org", {"*.a.org"}, "is not for *.a.org but for: www.a.org"},
        {"DNS:*.org", {"*.a.org"}, "is not for *.a.org"},
        {"IP:192.0.2.1", {"192.0.2.1"}, NULL},
        {"IP:192.0.2.1", {"192.0.2.2"}, "is not for 192.0.2.2 but for: 192.0.2.1"},
        {"DNS:192.0.2.1", {"192.0.2.1"}, "is not for 192.0.2.1"},
        {"IP:2001:db8::1,DNS:a.org", {"a.org", "2001:db8::1"}, NULL},
        {"DNS:a.org", {"a.org", "2001:db8::1"}, "is not for 2001:db8::1"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        X509 *leaf = kit_leaf(w->key, &w->lower, (struct kit_leaf){.san = cases[i].san});
        int r;

        w->ids = kit_ids(cases[i].ids);
        r = READ(w, leaf, w->lower.cert);
        if (cases[i].missing)
            assert_why(w, r, cases[i].missing);
        else
            assert_int_equal(r, 0);
        X509_free(leaf);
    }
}

static void looks_at_the_dates_without_a_clock(void **state)
{
    static const struct {
        int64_t begin_s, end_s;
        const char *why;
    } cases[] = {
        {KIT_BEGIN, KIT_BEGIN + 20, NULL},
        {1000, 2000, NULL}, /* over, or not begun: not our business */
        {INT64_C(32503680000), INT64_C(32503680001), NULL},
        {KIT_BEGIN, KIT_BEGIN, "ends before it begins"},
        {KIT_END, KIT_BEGIN, "ends before it begins: from 2027-01-15 to 2026-09-21"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct kit_leaf l = {"DNS:a.org", NULL, cases[i].begin_s, cases[i].end_s};
        X509 *leaf = kit_leaf(w->key, &w->lower, l);
        int r = READ(w, leaf, w->lower.cert);

        if (cases[i].why)
            assert_why(w, r, cases[i].why);
        else
            assert_int_equal(r, 0);
        X509_free(leaf);
    }
}

static void is_for_servers(void **state)
{
    struct world *w = *state;
    struct kit_leaf l = {.san = "DNS:a.org", .purpose = "clientAuth"};
    X509 *leaf = kit_leaf(w->key, &w->lower, l);

    assert_why(w, READ(w, leaf, w->lower.cert), "not meant for TLS servers");
    X509_free(leaf);
    l.purpose = "clientAuth,serverAuth";
    leaf = kit_leaf(w->key, &w->lower, l);
    assert_int_equal(READ(w, leaf, w->lower.cert), 0);
    X509_free(leaf);
}

/* ---- other texts ---- */

static void knows_what_is_no_chain(void **state)
{
    static const char key[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    static const char damaged[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    static const char rude[] = "-----BEGIN \x1b[31m-----\nAAAA\n-----END \x1b[31m-----\n";
    struct world *w = *state;

    assert_why(w, read_text(w, "", 0), "an empty text");
    assert_why(w, read_text(w, " \r\n", 3), "an empty text");
    assert_why(w, read_text(w, "<html>", 6), "no line '-----BEGIN CERTIFICATE-----'");
    assert_why(w, read_text(w, key, strlen(key)), "a block 'PRIVATE KEY' where certificates");
    assert_why(w, read_text(w, damaged, strlen(damaged)), "block number 1 of the chain");
    assert_why(w, read_text(w, rude, strlen(rude)), "a block '?[31m'");
}

static void takes_nothing_but_certificates(void **state)
{
    struct world *w = *state;
    X509 *const list[] = {w->leaf, w->lower.cert};
    char *certs = pem_write_certs(list, 2), *key = key_to_pem(w->key), *text;

    assert_true(asprintf(&text, "%s%s", certs, key) > 0);
    assert_why(w, read_text(w, text, strlen(text)), "a block 'PRIVATE KEY'");
    free(text);
    assert_true(asprintf(&text, "text before\n%s", certs) > 0);
    assert_int_equal(read_text(w, text, strlen(text)), 0);
    for (size_t len = 1; len < strlen(certs); len += 7) /* cut anywhere */
        assert_true(read_text(w, certs, len) == -EINVAL || w->pair.n == 1);
    free(text);
    free(certs);
    key_free_pem(key);
}

static void takes_no_binary_form(void **state)
{
    struct world *w = *state;
    uint8_t *der = NULL;
    int len = i2d_X509(w->leaf, &der);

    assert_why(w, read_text(w, (const char *) der, (size_t) len), "binary form");
    OPENSSL_free(der);
}

static void has_limits(void **state)
{
    struct world *w = *state;
    X509 *list[PEM_CERTS_MAX + 2] = {w->leaf};
    char *huge = calloc(1, PEM_FILE_MAX + 1);

    for (size_t i = 1; i < PEM_CERTS_MAX; i++)
        list[i] = w->lower.cert;
    assert_int_equal(read_certs(w, list), 0);
    CHAIN(w, w->leaf, w->lower.cert);
    list[PEM_CERTS_MAX] = w->lower.cert;
    assert_why(w, read_certs(w, list), "more than 16 certificates");
    assert_why(w, read_text(w, huge, PEM_FILE_MAX + 1), "more than 262144 bytes");
    free(huge);
}

/* A chain of as many as are taken. */
static void takes_a_long_chain(void **state)
{
    struct world *w = *state;
    struct kit_ca cas[PEM_CERTS_MAX];
    X509 *list[PEM_CERTS_MAX + 1] = {NULL}, *leaf;

    cas[0] = kit_ca("0", &w->root);
    for (size_t i = 1; i < PEM_CERTS_MAX - 1; i++) {
        char cn[8];

        snprintf(cn, sizeof(cn), "%zu", i);
        cas[i] = kit_ca(cn, &cas[i - 1]);
    }
    leaf = kit_leaf(w->key, &cas[PEM_CERTS_MAX - 2], (struct kit_leaf){.san = "DNS:a.org"});
    list[0] = leaf;
    for (size_t i = 1; i < PEM_CERTS_MAX; i++)
        list[i] = cas[PEM_CERTS_MAX - 1 - i].cert;
    assert_int_equal(read_certs(w, list), 0);
    assert_chain(w, list);
    for (size_t i = 0; i < PEM_CERTS_MAX - 1; i++)
        kit_ca_done(&cas[i]);
    X509_free(leaf);
}

static void why_fits_in_any_buffer(void **state)
{
    struct world *w = *state;
    char tiny[4] = "???";

    assert_int_equal(chain_read(bytes_str(""), w->key, &w->ids, &w->pair, tiny, sizeof(tiny)),
                     -EINVAL);
    assert_string_equal(tiny, "the");
    assert_int_equal(chain_read(bytes_str(""), w->key, &w->ids, &w->pair, NULL, 0), -EINVAL);
}

/* ---- the preferred one ---- */

static const char *fingerprint(const X509 *cert, const char *between, char *text)
{
    uint8_t raw[32];
    unsigned len = sizeof(raw);

    assert_int_equal(X509_digest(cert, EVP_sha256(), raw, &len), 1);
    for (size_t i = 0, at = 0; i < sizeof(raw); i++)
        at += (size_t) sprintf(text + at, "%s%02X", i ? between : "", raw[i]);
    return text;
}

static void write_roots(X509 *const *list, size_t n, char path[static 32])
{
    char *text = pem_write_certs(list, n);
    int fd;

    strcpy(path, "/tmp/test_chain_XXXXXX"); /* NOLINT: it fits */
    fd = mkstemp(path);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    free(text);
}

static void prefers_by_issuer(void **state)
{
    struct world *w = *state;

    assert_int_equal(READ(w, w->leaf, w->lower.cert, w->upper.cert), 0);
    assert_true(chain_is_preferred(&w->pair, "Root X1", NULL));
    assert_true(chain_is_preferred(&w->pair, "root x1", NULL));
    assert_true(chain_is_preferred(&w->pair, "Upper", NULL));
    assert_true(chain_is_preferred(&w->pair, "Lower E7", NULL));
    assert_false(chain_is_preferred(&w->pair, "Old Root", NULL));
    assert_false(chain_is_preferred(&w->pair, "Root", NULL));
    assert_false(chain_is_preferred(&w->pair, "leaf", NULL)); /* a subject */
    assert_false(chain_is_preferred(&w->pair, "", NULL));
    assert_int_equal(READ(w, w->leaf, w->lower.cert, w->upper_crossed), 0);
    assert_true(chain_is_preferred(&w->pair, "Old Root", NULL));
    assert_false(chain_is_preferred(&w->pair, "Root X1", NULL));
}

static void prefers_by_fingerprint_of_the_root(void **state)
{
    struct world *w = *state;
    struct kit_ca namesake = kit_ca("Root X1", NULL);
    char roots[32], others[32], text[128];

    write_roots((X509 *const[]){namesake.cert, w->other_root.cert, w->root.cert}, 3, roots);
    write_roots((X509 *const[]){namesake.cert}, 1, others);
    assert_int_equal(READ(w, w->leaf, w->lower.cert, w->upper.cert), 0);
    assert_true(chain_is_preferred(&w->pair, fingerprint(w->root.cert, "", text), roots));
    assert_true(chain_is_preferred(&w->pair, fingerprint(w->root.cert, ":", text), roots));
    for (char *p = text; *p; p++)
        *p = (char) (*p >= 'A' && *p <= 'F' ? *p + 32 : *p);
    assert_true(chain_is_preferred(&w->pair, text, roots));
    assert_false(chain_is_preferred(&w->pair, text, others));
    assert_false(chain_is_preferred(&w->pair, text, NULL));
    assert_false(chain_is_preferred(&w->pair, text, "/nonexistent/roots.pem"));
    text[strlen(text) - 1] = '\0';
    assert_false(chain_is_preferred(&w->pair, text, roots));
    assert_false(chain_is_preferred(&w->pair, fingerprint(namesake.cert, "", text), roots));
    assert_false(chain_is_preferred(&w->pair, fingerprint(w->other_root.cert, "", text), roots));
    assert_false(chain_is_preferred(&w->pair, fingerprint(w->leaf, "", text), roots));
    assert_true(chain_is_preferred(&w->pair, fingerprint(w->upper.cert, "", text), roots));
    unlink(roots);
    unlink(others);
    kit_ca_done(&namesake);
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(takes_a_chain_as_it_should_be),
        WORLD_TEST(takes_a_leaf_alone),
        WORLD_TEST(puts_it_in_order),
        WORLD_TEST(leaves_out_what_does_not_belong_to_it),
        WORLD_TEST(leaves_out_the_root),
        WORLD_TEST(keeps_a_crossed_one),
        WORLD_TEST(keeps_a_change_of_keys),
        WORLD_TEST(needs_the_issuer_when_others_are_sent),
        WORLD_TEST(needs_our_key),
        WORLD_TEST(needs_each_identifier),
        WORLD_TEST(looks_at_the_dates_without_a_clock),
        WORLD_TEST(is_for_servers),
        WORLD_TEST(knows_what_is_no_chain),
        WORLD_TEST(takes_nothing_but_certificates),
        WORLD_TEST(takes_no_binary_form),
        WORLD_TEST(has_limits),
        WORLD_TEST(takes_a_long_chain),
        WORLD_TEST(why_fits_in_any_buffer),
        WORLD_TEST(prefers_by_issuer),
        WORLD_TEST(prefers_by_fingerprint_of_the_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
