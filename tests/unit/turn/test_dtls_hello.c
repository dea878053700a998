#include "rtc/dtls_link.h"
#include "turn/dtls_hello.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS 1000000u

/* Offsets in a hello of below. */
#define EPOCH_AT 3
#define SEQUENCE_AT 5
#define LENGTH_AT 11
#define TYPE_AT 13
#define OFFSET_AT 19
#define RANDOM_AT 27
#define SESSION_ID_AT 59
#define COOKIE_AT 60

static struct hmac *key;
static struct addr client;

static int setup(void **state)
{
    (void) state;
    assert_int_equal(hmac_new(HMAC_SHA256, bytes_str("key"), &key), 0);
    assert_int_equal(addr_parse_ip("192.0.2.1", 4000, &client), 0);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    hmac_free(key);
    return 0;
}

struct datagram {
    uint8_t bytes[256];
    size_t len;
};

static void put(struct datagram *d, const void *p, size_t len)
{
    assert_true(len <= sizeof(d->bytes) - d->len);
    memcpy(d->bytes + d->len, p, len);
    d->len += len;
}

static struct datagram hello_with(struct bytes cookie)
{
    struct datagram d = {.len = 0};
    uint8_t body = (uint8_t) (2 + 32 + 1 + 1 + cookie.len + 6), cookie_len = (uint8_t) cookie.len;

    put(&d, "\x16\xfe\xff\0\0\0\0\0\0\0\x07\0", 12);
    put(&d, &(uint8_t){(uint8_t) (12 + body)}, 1);
    put(&d, "\x01\0\0", 3);
    put(&d, &body, 1);
    put(&d, "\0\0\0\0\0\0\0", 7);
    put(&d, &body, 1);
    put(&d,
        "\xfe\xfd"
        "0123456789abcdef0123456789abcdef",
        34);
    put(&d, "\0", 1);
    put(&d, &cookie_len, 1);
    if (cookie.len)
        put(&d, cookie.p, cookie.len);
    put(&d, "\0\x02\xc0\x2b\x01\0", 6);
    return d;
}

static struct bytes view(const struct datagram *d)
{
    return bytes_of(d->bytes, d->len);
}

/* Of a heap copy of the exact size. */
static int parse(const struct datagram *d, struct dtls_hello *ret)
{
    uint8_t *copy = malloc(d->len + 1);
    struct dtls_hello ignored;
    int r;

    assert_non_null(copy);
    memcpy(copy, d->bytes, d->len);
    r = dtls_hello_parse(bytes_of(copy, d->len), &ignored);
    free(copy);
    assert_int_equal(dtls_hello_parse(view(d), ret), r);
    return r;
}

static void test_parse(void **state)
{
    struct datagram d = hello_with(bytes_str("cookie"));
    struct dtls_hello h;

    (void) state;
    assert_true(dtls_is_record(view(&d)));
    assert_true(dtls_is_in_clear(view(&d)));
    assert_int_equal(dtls_count_encrypted(view(&d)), 0);
    assert_int_equal(parse(&d, &h), 0);
    assert_true(bytes_eq(h.sequence, bytes_of("\0\0\0\0\0\x07", 6)));
    assert_true(bytes_eq(h.random, bytes_str("0123456789abcdef0123456789abcdef")));
    assert_int_equal(h.session_id.len, 0);
    assert_true(bytes_eq_str(h.cookie, "cookie"));
}

static void test_not_a_hello(void **state)
{
    static const struct {
        const char *what;
        size_t at;
        uint8_t value;
    } rows[] = {
        {"an alert", 0, 21},
        {"another protocol", 1, 3},
        {"encrypted", EPOCH_AT + 1, 1},
        {"a server's", TYPE_AT, 2},
        {"a later fragment", OFFSET_AT + 2, 1},
        {"the first fragment", OFFSET_AT + 5, 1},
        {"a record past the end", LENGTH_AT, 1},
        {"a session id past the end", SESSION_ID_AT, 200},
        {"a cookie past the end", COOKIE_AT, 200},
        {"nothing behind the cookie", COOKIE_AT, 12},
    };
    struct dtls_hello h;

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct datagram d = hello_with(bytes_str("cookie"));

        d.bytes[rows[i].at] = rows[i].value;
        if (parse(&d, &h) != -EBADMSG)
            fail_msg("taken for a hello: %s", rows[i].what);
    }
    for (struct datagram d = hello_with(bytes_str("cookie")); d.len-- > 0;)
        assert_int_equal(parse(&d, &h), -EBADMSG);
}

static void test_records(void **state)
{
    struct datagram d = hello_with(bytes_of(NULL, 0)), two = d;

    (void) state;
    put(&two, d.bytes, d.len);
    two.bytes[d.len + EPOCH_AT + 1] = 1;
    assert_true(dtls_is_in_clear(view(&two)));
    assert_int_equal(dtls_count_encrypted(view(&two)), 1);
    two.bytes[EPOCH_AT + 1] = 1;
    assert_false(dtls_is_in_clear(view(&two)));
    assert_int_equal(dtls_count_encrypted(view(&two)), 2);
    two.len--;
    assert_int_equal(dtls_count_encrypted(view(&two)), 1);
    d.bytes[0] = 19;
    assert_false(dtls_is_record(view(&d)));
    d.bytes[0] = 64;
    assert_false(dtls_is_record(view(&d)));
    assert_false(dtls_is_record(bytes_of(NULL, 0)));
}

/* The cookie that a HelloVerifyRequest for this hello has. */
static struct bytes cookie_for(const struct datagram *d, uint8_t answer[static DTLS_VERIFY_SIZE])
{
    struct dtls_hello h;
    size_t len;

    assert_int_equal(parse(d, &h), 0);
    assert_int_equal(dtls_hello_verify(&h, key, &client, NOW_MS, answer, DTLS_VERIFY_SIZE, &len),
                     0);
    assert_int_equal(len, DTLS_VERIFY_SIZE);
    return bytes_of(answer + 28, 20);
}

static bool is_proven(const struct datagram *d, const struct addr *from, uint64_t now_ms)
{
    struct dtls_hello h;

    assert_int_equal(parse(d, &h), 0);
    return dtls_hello_is_proven(&h, key, from, now_ms);
}

/* RFC 6347 section 4.2.1: version 1.0, and the record's sequence number of the hello. */
static void test_verify_request(void **state)
{
    struct datagram d = hello_with(bytes_of(NULL, 0));
    uint8_t answer[DTLS_VERIFY_SIZE];
    struct dtls_hello h;
    size_t len;

    (void) state;
    (void) cookie_for(&d, answer);
    assert_memory_equal(answer, "\x16\xfe\xff\0\0\0\0\0\0\0\x07\0\x23", 13);
    assert_memory_equal(answer + 13, "\x03\0\0\x17\0\0\0\0\0\0\0\x17\xfe\xff\x14", 15);
    assert_true(sizeof(answer) < d.len);
    assert_int_equal(parse(&d, &h), 0);
    assert_int_equal(
        dtls_hello_verify(&h, key, &client, NOW_MS, answer, DTLS_VERIFY_SIZE - 1, &len), -ENOSPC);
}

static void test_cookie(void **state)
{
    struct datagram first = hello_with(bytes_of(NULL, 0)), second, other;
    struct addr elsewhere = client;
    uint8_t answer[DTLS_VERIFY_SIZE];

    (void) state;
    second = hello_with(cookie_for(&first, answer));
    assert_false(is_proven(&first, &client, NOW_MS));
    assert_true(is_proven(&second, &client, NOW_MS));
    assert_true(is_proven(&second, &client, NOW_MS + DTLS_COOKIE_LIFETIME_S * 1000));
    assert_false(is_proven(&second, &client, NOW_MS + DTLS_COOKIE_LIFETIME_S * 1000 + 1000));
    assert_false(is_proven(&second, &client, NOW_MS - 1000));
    elsewhere.port++;
    assert_false(is_proven(&second, &elsewhere, NOW_MS));
    other = second;
    other.bytes[RANDOM_AT] ^= 1;
    assert_false(is_proven(&other, &client, NOW_MS));
    for (size_t i = 0; i < 20; i++) {
        other = second;
        other.bytes[COOKIE_AT + 1 + i] ^= 1;
        assert_false(is_proven(&other, &client, NOW_MS));
    }
    other = hello_with(bytes_of(answer + 28, 19));
    assert_false(is_proven(&other, &client, NOW_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),   cmocka_unit_test(test_not_a_hello),
        cmocka_unit_test(test_records), cmocka_unit_test(test_verify_request),
        cmocka_unit_test(test_cookie),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
