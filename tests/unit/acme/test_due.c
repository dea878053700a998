#include "acme/due.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY 86400L
#define NOW 1800000000L

static struct acme_state fresh(void)
{
    struct acme_state s;

    state_init(&s);
    return s;
}

static struct due_pair pair_of(int64_t begin, int64_t life)
{
    return (struct due_pair){.exists = true,
                             .covers = true,
                             .not_before_s = begin,
                             .not_after_s = begin + life,
                             .ari_id = "aa.bb"};
}

/* A window of that pair, and the moment in it. */
static struct acme_state with_ari(int64_t start, int64_t end, int64_t selected)
{
    struct acme_state s = fresh();

    snprintf(s.ari.id, sizeof(s.ari.id), "aa.bb");
    s.ari.info = (struct acme_renewal_info){.start_s = start, .end_s = end};
    s.ari.selected_s = selected;
    return s;
}

/* Not due a second before that, and due from then on; and so says the timer. */
static void first_due(const struct due_pair *p, const struct acme_state *s, int64_t at,
                      enum due_reason reason)
{
    assert_int_equal(due_renewal_s(p, s), at);
    assert_int_equal(due_renewal(p, s, at - 1), DUE_NOT);
    assert_int_equal(due_renewal(p, s, at), reason);
    assert_int_equal(due_renewal(p, s, p->not_after_s - 1), reason);
    assert_int_equal(due_renewal(p, s, p->not_after_s), DUE_EXPIRED);
}

static void by_age(void **state)
{
    static const struct {
        int64_t life, due;
    } cases[] = {
        {90 * DAY, 60 * DAY},
        {47 * DAY, 47 * DAY * 2 / 3 + 0},
        {398 * DAY, 22924800},
        {10 * DAY, 576000},
        {10 * DAY - 1, 5 * DAY - 1},
        {6 * DAY, 3 * DAY},
        {160 * 3600, 288000},
        {20, 10},
        {3, 1},
        {10 * DAY + 1, 576001},
    };
    struct acme_state s = fresh();

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct due_pair p = pair_of(NOW, cases[i].life);

        first_due(&p, &s, NOW + cases[i].due, DUE_AGE);
        assert_int_equal(due_next_s(&p, &s, NOW), NOW + cases[i].due);
        assert_int_equal(due_next_s(&p, &s, NOW + cases[i].life), NOW + cases[i].life);
    }
}

static void without_a_pair_that_will_do(void **state)
{
    struct acme_state s = fresh();
    struct due_pair p = {.exists = false}, other = pair_of(NOW, 90 * DAY),
                    revoked = pair_of(NOW, 90 * DAY);

    (void) state;
    other.covers = false;
    assert_int_equal(due_renewal(&p, &s, NOW), DUE_NO_PAIR);
    assert_int_equal(due_renewal(&other, &s, NOW), DUE_OTHER_NAMES);
    revoked.revoked = true;
    assert_int_equal(due_renewal(&revoked, &s, NOW), DUE_REVOKED);
    assert_int_equal(due_renewal_s(&p, &s), INT64_MIN);
    assert_int_equal(due_renewal_s(&other, &s), INT64_MIN);
    assert_int_equal(due_renewal_s(&revoked, &s), INT64_MIN);
    assert_int_equal(due_next_s(&revoked, &s, NOW), NOW);
    assert_int_equal(due_next_s(&p, &s, NOW), NOW);
    assert_int_equal(due_next_s(&other, &s, NOW), NOW);
    /* one that ends before it begins is over, and none is late or overflows */
    p = pair_of(NOW, -5);
    assert_int_equal(due_renewal(&p, &s, NOW - 1), DUE_EXPIRED);
    assert_int_equal(due_renewal_s(&p, &s), INT64_MIN);
}

static void not_yet_valid(void **state)
{
    struct acme_state s = fresh();
    struct due_pair p = pair_of(NOW, 90 * DAY);

    (void) state;
    assert_int_equal(due_renewal(&p, &s, NOW - 3600), DUE_NOT); /* clocks differ */
    assert_int_equal(due_renewal(&p, &s, NOW - 3601), DUE_NOT_YET_VALID);
    assert_int_equal(due_renewal(&p, &s, NOW - 365 * DAY), DUE_NOT_YET_VALID);
    assert_int_equal(due_renewal(&p, &s, INT64_MIN), DUE_NOT_YET_VALID);
    /* each hour, not all the time */
    assert_int_equal(due_next_s(&p, &s, NOW - 365 * DAY), NOW - 365 * DAY + 3600);
    assert_int_equal(due_next_s(&p, &s, NOW - 3700), NOW - 100);
    assert_false(due_is_late(p.not_before_s, p.not_after_s, NOW - 365 * DAY));
}

static void by_ari(void **state)
{
    struct due_pair p = pair_of(NOW, 90 * DAY);
    struct acme_state s = with_ari(NOW + 50 * DAY, NOW + 55 * DAY, NOW + 52 * DAY);

    (void) state;
    first_due(&p, &s, NOW + 52 * DAY, DUE_ARI);
    s = with_ari(NOW + 62 * DAY, NOW + 64 * DAY, NOW + 63 * DAY); /* later than by age */
    first_due(&p, &s, NOW + 63 * DAY, DUE_ARI);
    s = with_ari(NOW - 20 * DAY, NOW - 10 * DAY, NOW + DAY); /* over when it was drawn: at once */
    first_due(&p, &s, NOW + DAY, DUE_ARI);
}

/* What a CA says must not let the site run out of its certificate. */
static void by_a_window_far_off(void **state)
{
    struct due_pair p = pair_of(NOW, 90 * DAY);
    struct acme_state s = with_ari(NOW + 89 * DAY, NOW + 500 * DAY, NOW + 300 * DAY);

    (void) state;
    first_due(&p, &s, NOW + 75 * DAY, DUE_AGE);
    assert_false(due_is_late(p.not_before_s, p.not_after_s, NOW + 75 * DAY - 1));
    assert_true(due_is_late(p.not_before_s, p.not_after_s, NOW + 75 * DAY));
    s = with_ari(INT64_MAX - 1, INT64_MAX, INT64_MAX);
    first_due(&p, &s, NOW + 75 * DAY, DUE_AGE);
    p = pair_of(NOW, 20);
    first_due(&p, &s, NOW + 15, DUE_AGE);
}

/* A new pair whose window is over already is not replaced within the hour. */
static void windows_that_are_always_over(void **state)
{
    struct due_pair p = pair_of(NOW, 90 * DAY);
    struct acme_state s = with_ari(NOW - 20 * DAY, NOW - 10 * DAY, NOW + 5);

    (void) state;
    s.success_s = NOW + 3;
    first_due(&p, &s, NOW + 3 + 3600, DUE_ARI);
    p = pair_of(NOW, 20);
    first_due(&p, &s, NOW + 5, DUE_ARI);
    s.success_s = NOW + 4;
    first_due(&p, &s, NOW + 6, DUE_ARI);
    s.success_s = NOW + 500 * DAY; /* by a wrong clock */
    first_due(&p, &s, NOW + 5, DUE_ARI);
}

static void windows_that_do_not_count(void **state)
{
    struct due_pair p = pair_of(NOW, 90 * DAY);
    struct acme_state s = with_ari(NOW + 50 * DAY, NOW + 55 * DAY, NOW + 52 * DAY);

    (void) state;
    p.ari_id = "aa.cc"; /* of another certificate */
    first_due(&p, &s, NOW + 60 * DAY, DUE_AGE);
    p.ari_id = "";
    first_due(&p, &s, NOW + 60 * DAY, DUE_AGE);
    p.ari_id = NULL;
    first_due(&p, &s, NOW + 60 * DAY, DUE_AGE);
    p.ari_id = "aa.bb";
    s.ari.selected_s = 0; /* nothing drawn */
    first_due(&p, &s, NOW + 60 * DAY, DUE_AGE);
    s = with_ari(NOW, NOW, NOW);
    first_due(&p, &s, NOW + 60 * DAY, DUE_AGE);
    s = fresh();
    s.ari.selected_s = NOW;
    p.ari_id = "";
    first_due(&p, &s, NOW + 60 * DAY, DUE_AGE);
}

static void draws(void **state)
{
    struct acme_renewal_info i = {.start_s = NOW, .end_s = NOW + 100};

    (void) state;
    assert_int_equal(due_draw(&i, 0, 0), NOW);
    assert_int_equal(due_draw(&i, UINT32_MAX, 0), NOW + 99);
    assert_int_equal(due_draw(&i, UINT32_MAX / 2, 0), NOW + 49);
    assert_int_equal(due_draw(&i, 0, NOW + 99), NOW); /* past, though the window is not */
    assert_int_equal(due_draw(&i, 0, NOW + 100), NOW + 100);
    assert_int_equal(due_draw(&i, 7, NOW + 1000), NOW + 1000);
    i = (struct acme_renewal_info){.start_s = NOW, .end_s = NOW};
    assert_int_equal(due_draw(&i, 7, 5), 5);
    i = (struct acme_renewal_info){.start_s = INT64_MIN, .end_s = INT64_MAX};
    assert_int_equal(due_draw(&i, 0, 0), INT64_MIN);
    assert_true(due_draw(&i, UINT32_MAX, 0) > INT64_MAX - (INT64_C(1) << 33));
    assert_int_equal(due_draw(&i, UINT32_C(1) << 31, 0) / 4, 0); /* the middle */
}

/* Every second of a window is as likely as any other. */
static void draws_evenly(void **state)
{
    struct acme_renewal_info i = {.start_s = NOW, .end_s = NOW + 10};
    unsigned hits[10] = {0};

    (void) state;
    for (uint64_t random = 0; random <= UINT32_MAX; random += 42949)
        hits[due_draw(&i, (uint32_t) random, 0) - NOW]++;
    for (size_t k = 0; k < 10; k++)
        assert_in_range(hits[k], 9990, 10010);
}

static void tries(void **state)
{
    static const int64_t distances[] = {0, 60, 600, 6000, DAY, DAY, DAY};
    struct acme_state s = fresh();

    (void) state;
    assert_int_equal(due_retry_s(&s, 0, NOW), 0);
    s.attempt_s = NOW;
    for (unsigned n = 0; n < 7; n++) {
        s.failures = n;
        assert_int_equal(due_retry_s(&s, 0, NOW), n ? NOW + distances[n] : 0);
        assert_int_equal(due_retry_s(&s, 90 * DAY, NOW + 77), n ? NOW + distances[n] : 0);
    }
    s.failures = UINT32_MAX;
    assert_int_equal(due_retry_s(&s, 0, NOW), NOW + DAY);
}

static void tries_for_a_short_life(void **state)
{
    struct acme_state s = fresh();

    (void) state;
    s.attempt_s = NOW;
    s.failures = 9;
    assert_int_equal(due_retry_s(&s, 6 * DAY, NOW), NOW + 51840);
    assert_int_equal(due_retry_s(&s, 3600, NOW), NOW + 360);
    assert_int_equal(due_retry_s(&s, 20, NOW), NOW + 2);
    assert_int_equal(due_retry_s(&s, 5, NOW), NOW + 1);
    s.failures = 1;
    assert_int_equal(due_retry_s(&s, 3600, NOW), NOW + 60);
    assert_int_equal(due_retry_s(&s, 20, NOW), NOW + 2);
}

static void tries_as_the_ca_allows(void **state)
{
    struct acme_state s = fresh();

    (void) state;
    s.attempt_s = NOW;
    s.failures = 1;
    s.not_before_s = NOW + 5000;
    assert_int_equal(due_retry_s(&s, 0, NOW), NOW + 5000);
    assert_int_equal(due_retry_s(&s, 20, NOW), NOW + 5000);
    s.not_before_s = NOW + 5;
    assert_int_equal(due_retry_s(&s, 0, NOW), NOW + 60);
    s.failures = 0;
    assert_int_equal(due_retry_s(&s, 0, NOW), NOW + 5);
    s.not_before_s = NOW + 3650 * DAY; /* no CA means that */
    assert_int_equal(due_retry_s(&s, 0, NOW), NOW + 14 * DAY);
    s.not_before_s = INT64_MAX;
    s.attempt_s = INT64_MAX;
    assert_int_equal(due_retry_s(&s, 0, INT64_MAX), INT64_MAX);
}

/* The clock was ahead when it was written: nothing waits for that time to come. */
static void tries_after_a_wrong_clock(void **state)
{
    struct acme_state s = fresh();

    (void) state;
    s.failures = 4;
    s.attempt_s = NOW + 365 * DAY;
    s.not_before_s = NOW + 366 * DAY;
    assert_int_equal(due_retry_s(&s, 0, NOW), 0);
    s.attempt_s = NOW + 5; /* stepped back a little */
    s.not_before_s = 0;
    assert_int_equal(due_retry_s(&s, 0, NOW), NOW + 5 + DAY);
    s.attempt_s = NOW + DAY;
    assert_int_equal(due_retry_s(&s, 0, NOW), NOW + 2 * DAY);
    s.attempt_s = NOW + DAY + 1;
    assert_int_equal(due_retry_s(&s, 0, NOW), 0);
    s.attempt_s = NOW - 3650 * DAY; /* it was behind, or nobody tried for long */
    assert_true(due_retry_s(&s, 0, NOW) < NOW);
    s.attempt_s = INT64_MAX;
    assert_int_equal(due_retry_s(&s, 0, INT64_MIN), 0);
    s.attempt_s = INT64_MIN;
    assert_int_equal(due_retry_s(&s, 0, INT64_MAX), 0);
}

static void timers(void **state)
{
    struct due_pair p = pair_of(NOW, 90 * DAY);
    struct acme_state s = with_ari(NOW + 50 * DAY, NOW + 55 * DAY, NOW + 52 * DAY);

    (void) state;
    s.ari.fetch_next_s = NOW + 6 * 3600;
    assert_int_equal(due_next_s(&p, &s, NOW), NOW + 6 * 3600);
    s.ari.fetch_next_s = NOW + 100 * DAY; /* a day at most */
    assert_int_equal(due_next_s(&p, &s, NOW), NOW + DAY);
    assert_int_equal(due_next_s(&p, &s, NOW + 52 * DAY - 5), NOW + 52 * DAY);
    s.ari.fetch_next_s = NOW - 5;
    assert_int_equal(due_next_s(&p, &s, NOW), NOW);
    p.ari_id = "new"; /* nothing is known of the new one */
    s.ari.fetch_next_s = NOW + 3600;
    assert_int_equal(due_next_s(&p, &s, NOW), NOW);

    /* after failures not before the next try */
    s = fresh();
    s.failures = 2;
    s.attempt_s = NOW + 61 * DAY;
    assert_int_equal(due_next_s(&p, &s, NOW + 61 * DAY), NOW + 61 * DAY + 600);
    assert_int_equal(due_next_s(&p, &s, NOW + 62 * DAY), NOW + 62 * DAY);
    p.exists = false;
    assert_int_equal(due_next_s(&p, &s, NOW + 61 * DAY), NOW + 61 * DAY + 600);
}

static void late(void **state)
{
    (void) state;
    assert_false(due_is_late(NOW, NOW + 90 * DAY, NOW + 75 * DAY - 1));
    assert_true(due_is_late(NOW, NOW + 90 * DAY, NOW + 75 * DAY));
    assert_false(due_is_late(NOW, NOW + 6 * DAY, NOW + 4 * DAY + DAY / 2 - 1));
    assert_true(due_is_late(NOW, NOW + 6 * DAY, NOW + 4 * DAY + DAY / 2));
    assert_true(due_is_late(NOW, NOW + 20, NOW + 15));
    assert_true(due_is_late(NOW, NOW + 20, NOW + 1000));
    assert_true(due_is_late(NOW, NOW - 20, NOW));
    assert_false(due_is_late(NOW, NOW - 20, NOW - 1));
}

/* Whatever the numbers, nothing overflows and the timer is not in the past. */
static void at_the_edges(void **state)
{
    static const int64_t edges[] = {INT64_MIN, INT64_MIN + 1, -1,       0, 1,
                                    NOW,       INT64_MAX - 1, INT64_MAX};
    size_t n = sizeof(edges) / sizeof(*edges);

    (void) state;
    for (size_t i = 0; i < n * n * n * n; i++) {
        int64_t a = edges[i % n], b = edges[i / n % n], c = edges[i / n / n % n],
                now = edges[i / n / n / n];
        struct due_pair p = {.exists = true, .covers = true, .not_before_s = a, .not_after_s = b};
        struct acme_state s = with_ari(b, c, a);

        p.ari_id = i % 2 ? "aa.bb" : "";
        s.attempt_s = c;
        s.success_s = c;
        s.not_before_s = b;
        s.ari.fetch_next_s = c;
        s.failures = (unsigned) i % 6;
        assert_true(due_next_s(&p, &s, now) >= now);
        assert_true(due_retry_s(&s, b, now) >= 0);
        assert_in_range(due_renewal(&p, &s, now), DUE_NOT, N_DUE_REASONS - 1);
        if (due_renewal(&p, &s, now) != DUE_NOT_YET_VALID && now < b)
            assert_int_equal(due_renewal(&p, &s, now) != DUE_NOT, now >= due_renewal_s(&p, &s));
        due_draw(&s.ari.info, (uint32_t) i, now);
        due_is_late(a, b, now);
    }
}

static void names(void **state)
{
    (void) state;
    for (size_t i = 0; i < N_DUE_REASONS; i++)
        assert_non_null(due_reason_names[i]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_age),
        cmocka_unit_test(without_a_pair_that_will_do),
        cmocka_unit_test(not_yet_valid),
        cmocka_unit_test(by_ari),
        cmocka_unit_test(by_a_window_far_off),
        cmocka_unit_test(windows_that_are_always_over),
        cmocka_unit_test(windows_that_do_not_count),
        cmocka_unit_test(draws),
        cmocka_unit_test(draws_evenly),
        cmocka_unit_test(tries),
        cmocka_unit_test(tries_for_a_short_life),
        cmocka_unit_test(tries_as_the_ca_allows),
        cmocka_unit_test(tries_after_a_wrong_clock),
        cmocka_unit_test(timers),
        cmocka_unit_test(late),
        cmocka_unit_test(at_the_edges),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
