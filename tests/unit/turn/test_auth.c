/* Who may come in, and how the others are answered: RFC 8489 section 9.2.4 row by row. */
#include "turn/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS 5000
#define WALL_MS 1700000000000u
#define LATER "1700000001:abcdefgh"
#define OVER "1700000000:abcdefgh"
#define REVOKED "1700000009:gone"
#define STRANGER "1700000001:nobody-told"
#define REALM "visavis"
#define SECRET "s3cret"

#define SHA STUN_ALGORITHM_SHA256
#define MD5 STUN_ALGORITHM_MD5
#define ALL SHA MD5

static const uint8_t nonce_key[NONCE_KEY_SIZE] = {1};
static const uint8_t tid[STUN_TID_SIZE];

/* One of RFC 5389, one of RFC 8489, one of that without user names. */
static struct auth plain, full, nameless;
static struct quota *quota;
static struct userhash_table *usernames;
static struct addr client;
static char plain_nonce[NONCE_MAX + 1], nonce[NONCE_MAX + 1];

/* What a request has; what is 0 is left out. */
struct ask {
    const char *secret;      /* the password's */
    const char *user, *hash; /* USERNAME; USERHASH of this name */
    const char *realm, *nonce;
    const char *algorithm, *algorithms; /* of 4 and 8 bytes */
    enum { UNSIGNED, SHA1_ONLY, SHA256_ONLY, BOTH, TRUNCATED } integrity;
    enum { MD5_KEY, SHA256_KEY } key;
};

static int setup(void **state)
{
    static const char *const names[] = {LATER, OVER, REVOKED};

    (void) state;
    assert_int_equal(addr_parse_ip("192.0.2.1", 4000, &client), 0);
    assert_int_equal(quota_new(8, 8, &quota), 0);
    assert_int_equal(userhash_table_new(8, REALM, &usernames), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(userhash_put(usernames, bytes_str(names[i]), 0), 0);
    quota_revoke(quota, bytes_str(REVOKED), WALL_MS);
    assert_int_equal(auth_init(&plain, SECRET, REALM, nonce_key), 0);
    assert_int_equal(auth_init(&full, SECRET, REALM, nonce_key), 0);
    assert_int_equal(auth_use_sha256(&full, usernames, nonce_key), 0);
    assert_int_equal(auth_init(&nameless, SECRET, REALM, nonce_key), 0);
    assert_int_equal(auth_use_sha256(&nameless, NULL, nonce_key), 0);
    plain.quota = full.quota = nameless.quota = quota;
    nonce_make(&plain.nonces, &client, NOW_MS, plain_nonce);
    nonce_make(&full.nonces, &client, NOW_MS, nonce);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    auth_done(&plain);
    auth_done(&full);
    auth_done(&nameless);
    userhash_table_free(usernames);
    quota_free(quota);
    return 0;
}

/* What a client holds: the password that signaling gave it, made to a key. */
static struct auth_key client_key(const struct ask *ask)
{
    struct bytes u = bytes_str(ask->user ? ask->user : ask->hash ? ask->hash : "");
    struct bytes realm = bytes_str(ask->realm ? ask->realm : "");
    struct auth_key key = {.len = ask->key == MD5_KEY ? 16 : 32};
    uint8_t mac[SHA1_SIZE];
    char password[BASE64_SIZE(SHA1_SIZE)];

    assert_int_equal(hmac_sha1(bytes_str(ask->secret), &u, 1, mac), 0);
    assert_int_equal(base64_encode(bytes_of(mac, sizeof(mac)), password, sizeof(password)), 0);
    if (ask->key == MD5_KEY)
        assert_int_equal(stun_long_term_key(u, realm, bytes_str(password), key.bytes), 0);
    else
        assert_int_equal(stun_long_term_key_sha256(u, realm, bytes_str(password), key.bytes), 0);
    return key;
}

static void put_text(struct wr *w, enum stun_attr type, const char *text)
{
    if (text)
        stun_put_bytes(w, type, bytes_str(text));
}

static void sign(struct wr *w, const struct ask *ask)
{
    struct auth_key key = client_key(ask);
    struct bytes k = bytes_of(key.bytes, key.len);

    if (ask->integrity == SHA1_ONLY || ask->integrity == BOTH)
        stun_put_integrity(w, k);
    if (ask->integrity == SHA256_ONLY || ask->integrity == BOTH)
        stun_put_integrity_sha256(w, k, SHA256_SIZE);
    if (ask->integrity == TRUNCATED)
        stun_put_integrity_sha256(w, k, STUN_SHA256_MIN);
}

/* Good until the next call. */
static struct stun message_of(const struct ask *ask)
{
    static uint8_t buf[1024];
    struct wr w = wr_init(buf, sizeof(buf));
    uint8_t hash[STUN_USERHASH_SIZE];
    struct stun m;
    size_t len;

    stun_begin(&w, STUN_REQUEST, STUN_ALLOCATE, tid);
    put_text(&w, STUN_ATTR_USERNAME, ask->user);
    if (ask->hash) {
        assert_int_equal(stun_userhash(bytes_str(ask->hash), bytes_str(REALM), hash), 0);
        stun_put_bytes(&w, STUN_ATTR_USERHASH, bytes_of(hash, sizeof(hash)));
    }
    put_text(&w, STUN_ATTR_REALM, ask->realm);
    put_text(&w, STUN_ATTR_NONCE, ask->nonce);
    if (ask->algorithms)
        stun_put_bytes(&w, STUN_ATTR_PASSWORD_ALGORITHMS, bytes_of(ask->algorithms, 8));
    if (ask->algorithm)
        stun_put_bytes(&w, STUN_ATTR_PASSWORD_ALGORITHM, bytes_of(ask->algorithm, 4));
    if (ask->integrity != UNSIGNED)
        sign(&w, ask);
    assert_int_equal(stun_finish(&w, &len), 0);
    assert_int_equal(stun_decode(bytes_of(buf, len), &m), 0);
    return m;
}

static enum auth_verdict check_for(const struct auth *a, const struct ask *ask,
                                   const struct auth_key *known_key, const char *known_name,
                                   struct auth_user *ret_user)
{
    struct stun m = message_of(ask);
    const struct auth_request rq = {
        .msg = &m,
        .client = &client,
        .now_ms = NOW_MS,
        .wall_ms = WALL_MS,
        .known_key = known_key,
        .known_name = bytes_str(known_name),
    };

    auth_hide_unsupported(a, &m);
    return auth_check(a, &rq, ret_user);
}

static enum auth_verdict check(const struct auth *a, const struct ask *ask)
{
    struct auth_user user;

    return check_for(a, ask, NULL, NULL, &user);
}

/* ---- the rows ---- */

struct row {
    const char *what;
    struct ask ask;
    enum auth_verdict verdict;
    bool sha256; /* in the answer */
};

static void check_rows(const struct auth *a, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct row *row = &rows[i];
        struct auth_key key;
        struct auth_user user;
        enum auth_verdict v = check_for(a, &row->ask, NULL, NULL, &user);

        if (v != row->verdict)
            fail_msg("%s: verdict %d, not %d", row->what, v, row->verdict);
        if (v != AUTH_OK && v != AUTH_EXPIRED && v != AUTH_REVOKED && v != AUTH_STALE)
            continue;
        key = client_key(&row->ask);
        if (user.sha256 != row->sha256 || user.key.len != key.len ||
            memcmp(user.key.bytes, key.bytes, key.len) != 0)
            fail_msg("%s: answered with another key or attribute", row->what);
        assert_true(bytes_eq_str(user.name, row->ask.user ? row->ask.user : row->ask.hash));
    }
}

static void test_without_sha256(void **state)
{
    const char *const n = plain_nonce;
    const struct row rows[] = {
        {"right", {SECRET, LATER, NULL, REALM, n, NULL, NULL, SHA1_ONLY, MD5_KEY}, AUTH_OK, false},
        {"a time alone",
         {SECRET, "1700000001", NULL, REALM, n, .integrity = SHA1_ONLY},
         AUTH_OK,
         false},
        {"over", {SECRET, OVER, NULL, REALM, n, .integrity = SHA1_ONLY}, AUTH_EXPIRED, false},
        {"long over", {SECRET, "0:a", NULL, REALM, n, .integrity = SHA1_ONLY}, AUTH_EXPIRED, false},
        {"revoked", {SECRET, REVOKED, NULL, REALM, n, .integrity = SHA1_ONLY}, AUTH_REVOKED, false},
        /* first check: no integrity */
        {"nothing", {.secret = NULL}, AUTH_NONE, false},
        {"unsigned", {NULL, LATER, NULL, REALM, .nonce = n}, AUTH_NONE, false},
        {"SHA-256 alone",
         {SECRET, LATER, NULL, REALM, n, .integrity = SHA256_ONLY},
         AUTH_NONE,
         false},
        /* second: something is missing */
        {"no user", {SECRET, NULL, NULL, REALM, n, .integrity = SHA1_ONLY}, AUTH_MALFORMED, false},
        {"user hash",
         {SECRET, NULL, LATER, REALM, n, .integrity = SHA1_ONLY},
         AUTH_MALFORMED,
         false},
        {"no realm", {SECRET, LATER, NULL, NULL, n, .integrity = SHA1_ONLY}, AUTH_MALFORMED, false},
        {"no nonce",
         {SECRET, LATER, NULL, REALM, NULL, .integrity = SHA1_ONLY},
         AUTH_MALFORMED,
         false},
        /* what would be the third does not count here */
        {"both integrities", {SECRET, LATER, NULL, REALM, n, .integrity = BOTH}, AUTH_OK, false},
        {"algorithms",
         {SECRET, LATER, NULL, REALM, n, SHA, MD5 SHA, .integrity = SHA1_ONLY},
         AUTH_OK,
         false},
        {"a cookie",
         {SECRET, LATER, NULL, REALM, nonce, SHA, ALL, .integrity = SHA1_ONLY},
         AUTH_STALE,
         false},
        /* fourth and fifth: the user, the key */
        {"wrong secret",
         {"wrong", LATER, NULL, REALM, n, .integrity = SHA1_ONLY},
         AUTH_WRONG,
         false},
        {"wrong, over", {"wrong", OVER, NULL, REALM, n, .integrity = SHA1_ONLY}, AUTH_WRONG, false},
        {"wrong, revoked",
         {"wrong", REVOKED, NULL, REALM, n, .integrity = SHA1_ONLY},
         AUTH_WRONG,
         false},
        {"wrong, stale",
         {"wrong", LATER, NULL, REALM, "x", .integrity = SHA1_ONLY},
         AUTH_WRONG,
         false},
        {"SHA-256 key",
         {SECRET, LATER, NULL, REALM, n, SHA, ALL, SHA1_ONLY, SHA256_KEY},
         AUTH_WRONG,
         false},
        {"elsewhere",
         {SECRET, LATER, NULL, "elsewhere", n, .integrity = SHA1_ONLY},
         AUTH_WRONG,
         false},
        /* sixth: the nonce */
        {"stale", {SECRET, LATER, NULL, REALM, "x", .integrity = SHA1_ONLY}, AUTH_STALE, false},
        {"stale, over", {SECRET, OVER, NULL, REALM, "", .integrity = SHA1_ONLY}, AUTH_STALE, false},
    };

    (void) state;
    check_rows(&plain, rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_with_sha256(void **state)
{
    const char *const n = nonce;
    char forged[NONCE_MAX + 1];
    const struct row rows[] = {
        {"right",
         {SECRET, LATER, NULL, REALM, n, SHA, ALL, SHA256_ONLY, SHA256_KEY},
         AUTH_OK,
         true},
        {"hidden name",
         {SECRET, NULL, LATER, REALM, n, SHA, ALL, SHA256_ONLY, SHA256_KEY},
         AUTH_OK,
         true},
        {"MD5 chosen",
         {SECRET, LATER, NULL, REALM, n, MD5, ALL, SHA256_ONLY, MD5_KEY},
         AUTH_OK,
         true},
        {"both integrities",
         {SECRET, LATER, NULL, REALM, n, SHA, ALL, BOTH, SHA256_KEY},
         AUTH_OK,
         true},
        {"SHA-1 under a SHA-256 key",
         {SECRET, LATER, NULL, REALM, n, SHA, ALL, SHA1_ONLY, SHA256_KEY},
         AUTH_OK,
         true},
        {"RFC 5389", {SECRET, LATER, NULL, REALM, n, .integrity = SHA1_ONLY}, AUTH_OK, false},
        {"as though MD5",
         {SECRET, LATER, NULL, REALM, n, .integrity = SHA256_ONLY},
         AUTH_OK,
         false},
        {"over",
         {SECRET, NULL, OVER, REALM, n, SHA, ALL, SHA256_ONLY, SHA256_KEY},
         AUTH_EXPIRED,
         true},
        {"revoked",
         {SECRET, NULL, REVOKED, REALM, n, SHA, ALL, SHA256_ONLY, SHA256_KEY},
         AUTH_REVOKED,
         true},
        /* first check: no integrity */
        {"nothing", {.secret = NULL}, AUTH_NONE, false},
        {"unsigned", {NULL, LATER, NULL, REALM, n, SHA, .algorithms = ALL}, AUTH_NONE, false},
        /* second: something is missing */
        {"no user",
         {SECRET, NULL, NULL, REALM, n, SHA, ALL, SHA256_ONLY, SHA256_KEY},
         AUTH_MALFORMED,
         false},
        {"name and hash",
         {SECRET, LATER, LATER, REALM, n, SHA, ALL, SHA256_ONLY, SHA256_KEY},
         AUTH_MALFORMED,
         false},
        {"no realm",
         {SECRET, LATER, NULL, NULL, n, SHA, ALL, SHA256_ONLY, SHA256_KEY},
         AUTH_MALFORMED,
         false},
        {"no nonce",
         {SECRET, LATER, NULL, REALM, NULL, SHA, ALL, SHA256_ONLY, SHA256_KEY},
         AUTH_MALFORMED,
         false},
        /* third: the algorithms, as they were sent with the nonce */
        {"algorithm alone",
         {SECRET, LATER, NULL, REALM, n, SHA, NULL, SHA256_ONLY, SHA256_KEY},
         AUTH_MALFORMED,
         false},
        {"algorithms alone",
         {SECRET, LATER, NULL, REALM, n, NULL, ALL, SHA256_ONLY, MD5_KEY},
         AUTH_MALFORMED,
         false},
        {"the other order",
         {SECRET, LATER, NULL, REALM, n, MD5, MD5 SHA, SHA256_ONLY, MD5_KEY},
         AUTH_MALFORMED,
         false},
        {"the stronger taken out",
         {SECRET, LATER, NULL, REALM, n, MD5, MD5 MD5, .integrity = SHA1_ONLY},
         AUTH_MALFORMED,
         false},
        {"an unknown one",
         {SECRET, LATER, NULL, REALM, n, "\0\3\0\0", ALL, SHA256_ONLY, MD5_KEY},
         AUTH_MALFORMED,
         false},
        {"before the key",
         {"wrong", LATER, NULL, REALM, n, SHA, NULL, SHA256_ONLY, SHA256_KEY},
         AUTH_MALFORMED,
         false},
        /* fourth: the user */
        {"a hash of nobody",
         {SECRET, NULL, STRANGER, REALM, n, SHA, ALL, SHA256_ONLY, SHA256_KEY},
         AUTH_WRONG,
         false},
        {"no time",
         {SECRET, "alice", NULL, REALM, n, SHA, ALL, SHA256_ONLY, SHA256_KEY},
         AUTH_WRONG,
         false},
        {"elsewhere",
         {SECRET, LATER, NULL, "elsewhere", n, SHA, ALL, SHA256_ONLY, SHA256_KEY},
         AUTH_WRONG,
         false},
        /* fifth: the key; a cut hash is not allowed in TURN */
        {"wrong secret",
         {"wrong", LATER, NULL, REALM, n, SHA, ALL, SHA256_ONLY, SHA256_KEY},
         AUTH_WRONG,
         false},
        {"the weaker key",
         {SECRET, LATER, NULL, REALM, n, SHA, ALL, SHA256_ONLY, MD5_KEY},
         AUTH_WRONG,
         false},
        {"the other key",
         {SECRET, LATER, NULL, REALM, n, MD5, ALL, SHA256_ONLY, SHA256_KEY},
         AUTH_WRONG,
         false},
        {"truncated",
         {SECRET, LATER, NULL, REALM, n, SHA, ALL, TRUNCATED, SHA256_KEY},
         AUTH_WRONG,
         false},
        /* sixth: the nonce, to which the cookie belongs (section 9.2.1) */
        {"stale",
         {SECRET, LATER, NULL, REALM, "obMatJos2wAAA", SHA, ALL, SHA256_ONLY, SHA256_KEY},
         AUTH_STALE,
         true},
        {"no cookie",
         {SECRET, LATER, NULL, REALM, plain_nonce, NULL, NULL, .integrity = SHA1_ONLY},
         AUTH_STALE,
         false},
        {"cookie taken out",
         {SECRET, LATER, NULL, REALM, n + NONCE_COOKIE_SIZE, NULL, NULL, .integrity = SHA1_ONLY},
         AUTH_STALE,
         false},
        {"features taken out",
         {SECRET, LATER, NULL, REALM, forged, NULL, NULL, .integrity = SHA1_ONLY},
         AUTH_STALE,
         false},
    };

    (void) state;
    strcpy(forged, nonce);
    memcpy(forged + strlen("obMatJos2"), "AAAA", 4);
    check_rows(&full, rows, sizeof(rows) / sizeof(rows[0]));
}

/* Without names that were told, no hash is known, and none is asked for. */
static void test_no_usernames(void **state)
{
    char own[NONCE_MAX + 1];
    struct ask ask = {SECRET, NULL, LATER, REALM, own, SHA, ALL, SHA256_ONLY, SHA256_KEY};

    (void) state;
    nonce_make(&nameless.nonces, &client, NOW_MS, own);
    assert_int_equal(nonce_features(bytes_str(own)), NONCE_PASSWORD_ALGORITHMS);
    assert_int_equal(nonce_features(bytes_str(nonce)),
                     NONCE_PASSWORD_ALGORITHMS | NONCE_USERNAME_ANONYMITY);
    assert_int_equal(check(&nameless, &ask), AUTH_WRONG);
    ask.user = LATER;
    ask.hash = NULL;
    assert_int_equal(check(&nameless, &ask), AUTH_OK);
}

static void test_malformed_user_names(void **state)
{
    static const char *const users[] = {"",
                                        ":",
                                        "alice",
                                        "alice:1700000001",
                                        "1700000001x:a",
                                        "-1:a",
                                        "+1700000001:a",
                                        "0x6553f101:a",
                                        "99999999999999999999:a",
                                        " 1700000001:a"};

    (void) state;
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        struct ask ask = {SECRET, users[i], NULL, REALM, plain_nonce, .integrity = SHA1_ONLY};

        assert_int_equal(check(&plain, &ask), AUTH_WRONG);
    }
}

/* Each secret's credentials come in, with their own key, as long as it is good (secrets.h). */
static void test_several_secrets(void **state)
{
    static const char *const old[] = {"first", "second"};
    static const char *const good[] = {"third", "first", "second", SECRET};

    (void) state;
    assert_int_equal(secrets_set(&plain.secrets, "third", old, 2, WALL_MS), 0);
    for (size_t i = 0; i < 4; i++) {
        struct ask ask = {good[i], LATER, NULL, REALM, plain_nonce, .integrity = SHA1_ONLY};
        struct auth_key key = client_key(&ask);
        struct auth_user user;

        assert_int_equal(check_for(&plain, &ask, NULL, NULL, &user), AUTH_OK);
        assert_memory_equal(user.key.bytes, key.bytes, key.len);
    }
    struct ask ask = {"fourth", LATER, NULL, REALM, plain_nonce, .integrity = SHA1_ONLY};

    assert_int_equal(check(&plain, &ask), AUTH_WRONG);
    assert_int_equal(secrets_set(&plain.secrets, "third", old, 1, WALL_MS), 0);
    ask.secret = "second";
    assert_int_equal(check(&plain, &ask), AUTH_WRONG);
}

/* The owner of an allocation is known by its key, but only he, by his name, and as long as all
 * secrets are good that were so when the key was made. */
static void test_known_key(void **state)
{
    struct ask ask = {SECRET, LATER, NULL, REALM, plain_nonce, .integrity = SHA1_ONLY};
    struct ask other = {SECRET, LATER "2", NULL, REALM, plain_nonce, .integrity = SHA1_ONLY};
    struct auth_user owner, user;

    (void) state;
    assert_int_equal(check_for(&plain, &ask, NULL, NULL, &owner), AUTH_OK);
    assert_int_equal(check_for(&plain, &ask, &owner.key, LATER, &user), AUTH_OK);
    assert_memory_equal(&user.key, &owner.key, sizeof(owner.key));
    assert_int_equal(check_for(&plain, &other, &owner.key, LATER, &user), AUTH_OK);
    assert_memory_not_equal(user.key.bytes, owner.key.bytes, owner.key.len);

    /* A key that no secret gives: is it taken as it is? */
    ask.secret = "made up";
    owner.key = client_key(&ask);
    owner.key.epoch = plain.secrets.epoch;
    assert_int_equal(check_for(&plain, &ask, &owner.key, LATER, &user), AUTH_OK);
    assert_int_equal(check_for(&plain, &ask, &owner.key, LATER "2", &user), AUTH_WRONG);
    other.secret = "made up";
    assert_int_equal(check_for(&plain, &other, &owner.key, LATER, &user), AUTH_WRONG);

    assert_int_equal(secrets_set(&plain.secrets, "another", NULL, 0, WALL_MS), 0);
    assert_int_equal(check_for(&plain, &ask, &owner.key, LATER, &user), AUTH_WRONG);
    ask.secret = SECRET;
    assert_int_equal(check_for(&plain, &ask, &owner.key, LATER, &user), AUTH_OK);
}

/* A key of one kind is no key of the other, though the user is the same. */
static void test_known_key_of_another_kind(void **state)
{
    struct ask md5 = {SECRET, LATER, NULL, REALM, nonce, .integrity = SHA1_ONLY};
    struct ask sha = {SECRET, LATER, NULL, REALM, nonce, SHA, ALL, SHA256_ONLY, SHA256_KEY};
    struct auth_user owner, user;

    (void) state;
    assert_int_equal(check_for(&full, &md5, NULL, NULL, &owner), AUTH_OK);
    assert_int_equal(check_for(&full, &sha, &owner.key, LATER, &user), AUTH_OK);
    assert_int_equal(user.key.len, 32);
    assert_int_equal(check_for(&full, &md5, &user.key, LATER, &owner), AUTH_OK);
    assert_int_equal(owner.key.len, 16);
}

/* RFC 5389 knows neither attribute: they are told as not understood. */
static void test_hidden(void **state)
{
    struct ask ask = {SECRET, LATER, LATER, REALM, nonce, SHA, ALL, BOTH, SHA256_KEY};
    struct stun m = message_of(&ask);

    (void) state;
    auth_hide_unsupported(&full, &m);
    assert_true(m.n_unknown == 0 && m.userhash.p && m.password_algorithm.p &&
                m.password_algorithms.p && m.integrity_sha256.p);
    auth_hide_unsupported(&plain, &m);
    assert_int_equal(m.n_unknown, 2);
    assert_int_equal(m.unknown[0], STUN_ATTR_PASSWORD_ALGORITHM);
    assert_int_equal(m.unknown[1], STUN_ATTR_USERHASH);
    assert_true(!m.userhash.p && !m.password_algorithm.p && !m.password_algorithms.p &&
                !m.integrity_sha256.p && m.integrity.p);
    m = message_of(&ask);
    m.n_unknown = STUN_UNKNOWN_MAX;
    auth_hide_unsupported(&plain, &m);
    assert_int_equal(m.n_unknown, STUN_UNKNOWN_MAX);
}

static struct stun challenge(const struct auth *a)
{
    static uint8_t buf[256];
    struct wr w = wr_init(buf, sizeof(buf));
    struct stun m;
    size_t len;

    stun_begin(&w, STUN_ERROR, STUN_ALLOCATE, tid);
    stun_put_error(&w, 401, "");
    auth_put_challenge(a, &client, NOW_MS, &w);
    assert_int_equal(stun_finish(&w, &len), 0);
    assert_int_equal(stun_decode(bytes_of(buf, len), &m), 0);
    return m;
}

static void test_challenge(void **state)
{
    struct stun m = challenge(&plain);

    (void) state;
    assert_true(bytes_eq_str(m.realm, REALM));
    assert_true(bytes_eq_str(m.nonce, plain_nonce));
    assert_null(m.password_algorithms.p);
    assert_int_equal(m.raw.len, 68);
    m = challenge(&full);
    assert_true(bytes_eq_str(m.realm, REALM));
    assert_true(bytes_eq_str(m.nonce, nonce));
    assert_true(bytes_eq(m.password_algorithms, bytes_of(ALL, 8)));
}

static void test_answers(void **state)
{
    for (unsigned i = 0; i < 2; i++) {
        struct auth_user user = {.sha256 = i, .key = {.len = i ? 32 : 16, .bytes = {1, 2, 3}}};
        struct bytes key = bytes_of(user.key.bytes, user.key.len);
        uint8_t buf[128];
        struct wr w = wr_init(buf, sizeof(buf));
        struct stun m;
        size_t len;

        stun_begin(&w, STUN_SUCCESS, STUN_REFRESH, tid);
        auth_put_integrity(&user, &w);
        assert_int_equal(stun_finish(&w, &len), 0);
        assert_int_equal(stun_decode(bytes_of(buf, len), &m), 0);
        assert_int_equal(stun_integrity_ok(&m, key), !i);
        assert_int_equal(stun_integrity_sha256_ok(&m, key), i);
    }
    (void) state;
}

/* Each verdict has an answer, a number to count, and words where somebody is to be looked at. */
static void test_refusals(void **state)
{
    static const struct {
        enum auth_verdict verdict;
        unsigned code;
        enum turn_stat stat;
        bool is_logged;
    } want[] = {
        {AUTH_NONE, 401, STAT_REFUSED_UNKNOWN, false},
        {AUTH_MALFORMED, 400, STAT_REFUSED_OTHER, false},
        {AUTH_WRONG, 401, STAT_REFUSED_PASSWORD, true},
        {AUTH_STALE, 438, STAT_REFUSED_STALE, false},
        {AUTH_EXPIRED, 401, STAT_REFUSED_EXPIRED, true},
        {AUTH_REVOKED, 401, STAT_REFUSED_EXPIRED, true},
    };

    (void) state;
    assert_int_equal(sizeof(want) / sizeof(want[0]), N_AUTH_VERDICTS - 1);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        const struct auth_refusal *r = &auth_refusals[want[i].verdict];

        assert_int_equal(r->code, want[i].code);
        assert_int_equal(r->stat, want[i].stat);
        assert_int_equal(r->why != NULL, want[i].is_logged);
    }
}

#define auth_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        auth_test(test_without_sha256),
        auth_test(test_with_sha256),
        auth_test(test_no_usernames),
        auth_test(test_malformed_user_names),
        auth_test(test_several_secrets),
        auth_test(test_known_key),
        auth_test(test_known_key_of_another_kind),
        auth_test(test_hidden),
        auth_test(test_challenge),
        auth_test(test_answers),
        auth_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
