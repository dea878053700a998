#include "call/ticket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static bool is_valid(const struct ticket_key *k, const char *text, uint64_t now_s)
{
    return ticket_is_valid(k, bytes_str(text), now_s);
}

static void a_ticket_is_good_until_it_expires(void **state)
{
    struct ticket_key k;
    char t[TICKET_SIZE];

    (void) state;
    assert_int_equal(ticket_key_init(&k, "secret", "user", "admin"), 0);
    assert_int_equal(ticket_make(&k, 1000, t), 0);
    assert_true(is_valid(&k, t, 0));
    assert_true(is_valid(&k, t, 999));
    assert_false(is_valid(&k, t, 1000));
}

static void another_key_does_not_fit(void **state)
{
    static const char *const others[][3] = {
        {"Secret", "user", "admin"}, {"secret", "admin", "admin"}, {"secret", "user", "boss"}};
    struct ticket_key k, other;
    char t[TICKET_SIZE];

    (void) state;
    assert_int_equal(ticket_key_init(&k, "secret", "user", "admin"), 0);
    assert_int_equal(ticket_make(&k, 1000, t), 0);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(ticket_key_init(&other, others[i][0], others[i][1], others[i][2]), 0);
        assert_false(is_valid(&other, t, 1));
    }
}

static void nothing_else_is_a_ticket(void **state)
{
    static const char *const wrong[] = {"", ".", "1000", "1000.", "x.y", "99999999999999999999.x"};
    struct ticket_key k;
    char t[TICKET_SIZE];

    (void) state;
    assert_int_equal(ticket_key_init(&k, "secret", "user", "admin"), 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(is_valid(&k, wrong[i], 1));
    assert_int_equal(ticket_make(&k, 1000, t), 0);
    t[0] = '9'; /* a later end */
    assert_false(is_valid(&k, t, 1));
    assert_int_equal(ticket_make(&k, 1000, t), 0);
    assert_false(ticket_is_valid(&k, bytes_of(t, strlen(t) - 1), 1));
    for (size_t i = 5; i < strlen(t); i++) {
        char kept = t[i];

        t[i] = kept == 'A' ? 'B' : 'A';
        assert_false(is_valid(&k, t, 1));
        t[i] = kept;
    }
    assert_true(is_valid(&k, t, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_is_good_until_it_expires),
        cmocka_unit_test(another_key_does_not_fit),
        cmocka_unit_test(nothing_else_is_a_ticket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
