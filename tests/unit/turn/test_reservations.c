#include "turn/reservations.h"

#include "net/udp_socket.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define USER bytes_str("9999999999:u")

static struct quota *quota;
static struct reservations *kept;

static int setup(void **state)
{
    (void) state;
    assert_int_equal(quota_new(2000, 1500, &quota), 0);
    assert_int_equal(reservations_new(quota, &kept), 0);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    kept = reservations_free(kept);
    assert_int_equal(quota_count(quota), 0);
    quota_free(quota);
    return 0;
}

static int open_socket(struct addr *ret_bound)
{
    struct addr any;
    int fd;

    assert_int_equal(addr_parse_ip("127.0.0.1", 0, &any), 0);
    fd = udp_socket_open(&any, 0);
    assert_true(fd >= 0);
    assert_int_equal(addr_of_socket(fd, ret_bound), 0);
    return fd;
}

static bool is_free(const struct addr *a)
{
    int fd = udp_socket_open(a, 0);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void keep(uint64_t now_ms, struct addr *ret_bound, uint8_t ret_token[static 8])
{
    int fd = open_socket(ret_bound);

    assert_int_equal(reservations_put(kept, USER, fd, ret_bound, now_ms, ret_token), 0);
}

static void test_given_once(void **state)
{
    struct reservation r;
    struct addr bound;
    uint8_t token[8];

    (void) state;
    keep(1000, &bound, token);
    assert_int_equal(quota_count(quota), 1);
    assert_int_equal(reservations_take(kept, token, USER, 1000, &r), 0);
    assert_true(addr_eq(&r.bound, &bound));
    assert_int_equal(reservations_take(kept, token, USER, 1000, &r), -ENOENT);
    assert_int_equal(quota_count(quota), 1); /* its place goes along */
    assert_false(is_free(&bound));
    close(r.fd);
    quota_give(quota, r.quota_user);
}

static void test_right_token_and_user(void **state)
{
    struct reservation r;
    struct addr bound;
    uint8_t token[8];

    (void) state;
    keep(1000, &bound, token);
    token[7] ^= 1;
    assert_int_equal(reservations_take(kept, token, USER, 1000, &r), -ENOENT);
    token[7] ^= 1;
    assert_int_equal(reservations_take(kept, token, bytes_str("9999999999:v"), 1000, &r), -ENOENT);
    assert_int_equal(reservations_take(kept, token, USER, 1000, &r), 0);
    close(r.fd);
    quota_give(quota, r.quota_user);
}

static void test_time(void **state)
{
    struct reservation r;
    struct addr bound;
    uint8_t token[8];

    (void) state;
    keep(1000, &bound, token);
    reservations_expire(kept, 1000 + RESERVATION_LIFETIME_MS - 1);
    assert_false(is_free(&bound));
    assert_int_equal(reservations_take(kept, token, USER, 1000 + RESERVATION_LIFETIME_MS, &r),
                     -ENOENT);
    assert_true(is_free(&bound));
    assert_int_equal(quota_count(quota), 0);

    keep(1000, &bound, token);
    reservations_expire(kept, 1000 + RESERVATION_LIFETIME_MS);
    assert_true(is_free(&bound));
}

static void test_limits(void **state)
{
    static uint8_t tokens[RESERVATIONS_MAX][8];
    struct addr bound;
    uint8_t token[8];
    int fd = open_socket(&bound);

    (void) state;
    for (size_t i = 0; i < RESERVATIONS_MAX; i++) {
        assert_int_equal(reservations_put(kept, USER, dup(fd), &bound, i, tokens[i]), 0);
        for (size_t k = 0; k < i; k += 100)
            assert_memory_not_equal(tokens[i], tokens[k], 8);
    }
    assert_int_equal(reservations_put(kept, USER, fd, &bound, 0, token), -ENOSPC);
    /* One is over: there is room. */
    assert_int_equal(reservations_put(kept, USER, dup(fd), &bound, RESERVATION_LIFETIME_MS, token),
                     0);
    close(fd);
}

static void test_quota(void **state)
{
    struct addr bound;
    uint8_t token[8];
    int fd = open_socket(&bound);

    (void) state;
    quota_set_limits(quota, 2000, 1);
    assert_int_equal(reservations_put(kept, USER, dup(fd), &bound, 0, token), 0);
    assert_int_equal(reservations_put(kept, USER, fd, &bound, 0, token), -EDQUOT);
    close(fd); /* it was not taken over */
}

#define kept_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        kept_test(test_given_once), kept_test(test_right_token_and_user),
        kept_test(test_time),       kept_test(test_limits),
        kept_test(test_quota),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
