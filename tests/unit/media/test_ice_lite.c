#include "media/ice_lite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static uint8_t tid[STUN_TID_SIZE] = "transaction"; /* of the next check */

static struct addr address(unsigned i)
{
    char text[32];
    struct addr a;

    snprintf(text, sizeof(text), "192.0.2.%u", i);
    assert_int_equal(addr_parse_ip(text, (uint16_t) (5000 + i), &a), 0);
    return a;
}

static struct tuple tuple_from(unsigned i)
{
    return (struct tuple){.remote = address(i), .local = address(200)};
}

/* Is this where we send? */
static bool sends_to(const struct ice_lite *ice, unsigned i)
{
    struct tuple tuple = tuple_from(i);

    return ice->selected && tuple_eq(&ice->selected->tuple, &tuple);
}

static unsigned count_pairs(const struct ice_lite *ice)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ICE_PAIR_MAX; i++)
        n += tuple_is_set(&ice->pairs[i].tuple);
    return n;
}

enum { PLAIN = 0, NOMINATES = 1, CONTROLLED = 2, WRONG_KEY = 4, NO_KEY = 8, UNKNOWN = 16 };

struct check {
    uint8_t bytes[256];
    struct stun m;
};

static void make_check(const struct ice_lite *ice, const char *ufrag, unsigned how, struct check *c)
{
    struct wr w = wr_init(c->bytes, sizeof(c->bytes));
    char username[64];
    size_t len;

    snprintf(username, sizeof(username), "%s:peer", ufrag);
    stun_begin(&w, STUN_REQUEST, STUN_BINDING, tid);
    stun_put_bytes(&w, STUN_ATTR_USERNAME, bytes_str(username));
    stun_put_u64(&w, how & CONTROLLED ? STUN_ATTR_ICE_CONTROLLED : STUN_ATTR_ICE_CONTROLLING, 7);
    if (how & NOMINATES)
        stun_put_bytes(&w, STUN_ATTR_USE_CANDIDATE, bytes_str(""));
    if (how & UNKNOWN)
        stun_put_u32(&w, (enum stun_attr) 0x7001, 0);
    if (!(how & NO_KEY))
        stun_put_integrity(&w, bytes_str(how & WRONG_KEY ? "wrong" : ice->pwd));
    stun_put_fingerprint(&w);
    assert_int_equal(stun_finish(&w, &len), 0);
    assert_int_equal(stun_decode(bytes_of(c->bytes, len), &c->m), 0);
}

static struct ice_result again_from(struct ice_lite *ice, const struct check *c, unsigned from,
                                    uint64_t now_ms)
{
    struct tuple tuple = tuple_from(from);
    struct ice_result r;

    ice_lite_on_check(ice, &c->m, &tuple, now_ms, &r);
    return r;
}

static struct ice_result check_from(struct ice_lite *ice, unsigned from, unsigned how,
                                    uint64_t now_ms)
{
    struct check c;

    tid[0]++;
    make_check(ice, ice->ufrag, how, &c);
    return again_from(ice, &c, from, now_ms);
}

/* True: we send to another place than before. */
static bool media_from(struct ice_lite *ice, unsigned from, uint64_t now_ms)
{
    struct tuple tuple = tuple_from(from);

    return ice_lite_heard(ice, ice_lite_find(ice, &tuple), now_ms);
}

static void assert_response(const struct ice_lite *ice, const struct ice_result *r,
                            enum stun_class class, unsigned code)
{
    struct stun m;

    assert_int_equal(stun_decode(bytes_of(r->response, r->response_len), &m), 0);
    assert_int_equal(m.class, class);
    assert_memory_equal(m.tid, tid, sizeof(tid));
    assert_true(stun_integrity_ok(&m, bytes_str(ice->pwd)) && m.fingerprint_ok);
    assert_int_equal(m.error_code, code);
}

static void a_check_opens_and_is_answered(void **state)
{
    struct addr from = address(1);
    struct ice_result r;
    struct ice_lite ice;
    struct stun m;

    (void) state;
    ice_lite_init(&ice);
    assert_null(ice.selected);
    r = check_from(&ice, 1, PLAIN, 10);
    assert_int_equal(r.verdict, ICE_OPENED);
    assert_true(r.selected_moved);
    assert_false(ice.nominated);
    assert_response(&ice, &r, STUN_SUCCESS, 0);
    assert_int_equal(stun_decode(bytes_of(r.response, r.response_len), &m), 0);
    assert_true(addr_eq(&m.xor_mapped, &from));
    assert_true(sends_to(&ice, 1));
    assert_int_equal(check_from(&ice, 1, PLAIN, 20).verdict, ICE_ANSWERED);
}

static void a_nomination_moves_the_sending_side(void **state)
{
    struct ice_result r;
    struct ice_lite ice;

    (void) state;
    ice_lite_init(&ice);
    check_from(&ice, 1, PLAIN, 10);
    r = check_from(&ice, 2, PLAIN, 11);
    assert_int_equal(r.verdict, ICE_OPENED);
    assert_false(r.selected_moved);
    assert_true(sends_to(&ice, 1));
    r = check_from(&ice, 2, NOMINATES, 12);
    assert_true(r.selected_moved && ice.nominated);
    assert_true(sends_to(&ice, 2));
    assert_false(check_from(&ice, 1, PLAIN, 13).selected_moved);
    assert_true(sends_to(&ice, 2));
}

static void what_is_not_authentic_meets_silence(void **state)
{
    struct tuple tuple = tuple_from(1);
    struct ice_result r;
    struct ice_lite ice;
    struct check c;

    (void) state;
    ice_lite_init(&ice);
    r = check_from(&ice, 1, WRONG_KEY | NOMINATES, 10);
    assert_int_equal(r.verdict, ICE_IGNORED);
    assert_int_equal(r.response_len, 0);
    r = check_from(&ice, 1, NO_KEY, 10);
    assert_int_equal(r.verdict, ICE_IGNORED);
    make_check(&ice, "another", PLAIN, &c);
    ice_lite_on_check(&ice, &c.m, &tuple, 10, &r);
    assert_int_equal(r.verdict, ICE_IGNORED);
    make_check(&ice, ice.ufrag, PLAIN, &c);
    c.m.class = STUN_SUCCESS;
    ice_lite_on_check(&ice, &c.m, &tuple, 10, &r);
    assert_int_equal(r.verdict, ICE_IGNORED);
    assert_int_equal(count_pairs(&ice), 0);
}

static void refusals(void **state)
{
    struct ice_result r;
    struct ice_lite ice;

    (void) state;
    ice_lite_init(&ice);
    r = check_from(&ice, 1, CONTROLLED, 10);
    assert_int_equal(r.verdict, ICE_REFUSED);
    assert_response(&ice, &r, STUN_ERROR, 487);
    r = check_from(&ice, 1, UNKNOWN, 10);
    assert_response(&ice, &r, STUN_ERROR, 420);
    assert_int_equal(count_pairs(&ice), 0);
}

static void the_longest_unheard_pair_makes_room(void **state)
{
    struct tuple third = tuple_from(3);
    struct ice_result r;
    struct ice_lite ice;

    (void) state;
    ice_lite_init(&ice);
    for (unsigned i = 1; i <= ICE_PAIR_MAX; i++) {
        r = check_from(&ice, i, i == 1 ? NOMINATES : PLAIN, i);
        assert_false(tuple_is_set(&r.evicted));
    }
    (void) media_from(&ice, 1, 49);
    (void) media_from(&ice, 2, 50);
    r = check_from(&ice, 100, PLAIN, 100);
    assert_int_equal(r.verdict, ICE_OPENED);
    assert_true(tuple_eq(&r.evicted, &third)); /* the first is selected */
    assert_int_equal(count_pairs(&ice), ICE_PAIR_MAX);
}

/* A connection would be closed for that, and come again. */
static void datagrams_make_room_before_connections(void **state)
{
    struct tuple second = tuple_from(2), connection = tuple_from(50);
    struct ice_result r;
    struct ice_lite ice;
    struct check c;

    (void) state;
    ice_lite_init(&ice);
    connection.way = (struct way *) (void *) &c;
    check_from(&ice, 1, NOMINATES, 1);
    make_check(&ice, ice.ufrag, PLAIN, &c);
    ice_lite_on_check(&ice, &c.m, &connection, 2, &r);
    for (unsigned i = 2; i < ICE_PAIR_MAX; i++)
        check_from(&ice, i, PLAIN, 1 + i);
    r = check_from(&ice, 100, PLAIN, 100);
    assert_true(tuple_eq(&r.evicted, &second));
}

static void pairs_differ_by_either_address_and_by_the_way(void **state)
{
    struct tuple tuple = tuple_from(1), other_local = tuple, other_way = tuple;
    struct ice_result r;
    struct ice_lite ice;
    struct check c;

    (void) state;
    ice_lite_init(&ice);
    make_check(&ice, ice.ufrag, PLAIN, &c);
    other_local.local = address(201);
    other_way.way = (struct way *) (void *) &c;
    ice_lite_on_check(&ice, &c.m, &tuple, 1, &r);
    assert_int_equal(r.verdict, ICE_OPENED);
    ice_lite_on_check(&ice, &c.m, &other_local, 2, &r);
    assert_int_equal(r.verdict, ICE_OPENED);
    ice_lite_on_check(&ice, &c.m, &other_way, 3, &r);
    assert_int_equal(r.verdict, ICE_OPENED);
    ice_lite_on_check(&ice, &c.m, &tuple, 4, &r);
    assert_int_equal(r.verdict, ICE_ANSWERED);
    assert_int_equal(count_pairs(&ice), 3);
}

/* A peer that does not nominate again, and of whom nothing comes where we send any more. */
static void the_pair_that_still_works_is_followed(void **state)
{
    struct ice_lite ice;

    (void) state;
    ice_lite_init(&ice);
    check_from(&ice, 1, NOMINATES, 1000);
    assert_false(check_from(&ice, 2, PLAIN, 999 + ICE_SILENCE_MS).selected_moved);
    ice.selected->heard_ms = 5000; /* media */
    assert_false(check_from(&ice, 2, PLAIN, 4999 + ICE_SILENCE_MS).selected_moved);
    assert_true(check_from(&ice, 2, PLAIN, 5000 + ICE_SILENCE_MS).selected_moved);
    assert_true(sends_to(&ice, 2));
    assert_false(ice.nominated);
}

/* One whose NAT gives it another address, and that checks seldom. */
static void media_is_followed(void **state)
{
    struct ice_lite ice;

    (void) state;
    ice_lite_init(&ice);
    check_from(&ice, 1, NOMINATES, 1000);
    check_from(&ice, 2, PLAIN, 1500);
    assert_false(media_from(&ice, 1, 2000));
    assert_false(media_from(&ice, 2, 1999 + ICE_SILENCE_MS));
    assert_true(sends_to(&ice, 1));
    assert_true(media_from(&ice, 2, 2000 + ICE_SILENCE_MS));
    assert_true(sends_to(&ice, 2));
    assert_true(media_from(&ice, 1, 2100 + ICE_SILENCE_MS)); /* that is the nominated one */
    assert_false(media_from(&ice, 2, 2200 + ICE_SILENCE_MS));
    assert_true(sends_to(&ice, 1));
}

/* Packets of the old address are still under way when the new one is nominated. */
static void a_move_is_not_undone_by_what_was_under_way(void **state)
{
    struct ice_lite ice;

    (void) state;
    ice_lite_init(&ice);
    check_from(&ice, 1, NOMINATES, 1000);
    media_from(&ice, 1, 1100);
    assert_true(check_from(&ice, 2, NOMINATES, 2000).selected_moved);
    assert_true(media_from(&ice, 1, 2001)); /* of the peer's two words it is the later … */
    assert_true(media_from(&ice, 2, 2002)); /* … until there is media from there as well */
    assert_false(media_from(&ice, 1, 2003));
    assert_true(sends_to(&ice, 2));
    assert_true(check_from(&ice, 1, NOMINATES, 2500).selected_moved); /* and back again */
    assert_true(sends_to(&ice, 1));
}

/* ---- checks that are sent again by somebody who saw them ---- */

static void a_repeated_check_moves_nothing_and_renews_nothing(void **state)
{
    struct ice_result r;
    struct ice_lite ice;
    struct check c;

    (void) state;
    ice_lite_init(&ice);
    make_check(&ice, ice.ufrag, NOMINATES, &c);
    again_from(&ice, &c, 1, 1000);
    r = again_from(&ice, &c, 9, 1100);
    assert_int_equal(r.verdict, ICE_OPENED); /* a NAT may have done that */
    assert_response(&ice, &r, STUN_SUCCESS, 0);
    assert_false(r.selected_moved);
    assert_false(again_from(&ice, &c, 9, 1100 + 2 * ICE_SILENCE_MS).selected_moved);
    assert_true(sends_to(&ice, 1));
    assert_int_equal(again_from(&ice, &c, 1, 20000).verdict, ICE_ANSWERED);
    assert_int_equal(ice_lite_consent_left_ms(&ice, 1000 + ICE_CONSENT_MS), 0);
}

static void checks_are_known_again_for_a_while(void **state)
{
    struct ice_lite ice;
    struct check c;

    (void) state;
    ice_lite_init(&ice);
    make_check(&ice, ice.ufrag, NOMINATES, &c);
    again_from(&ice, &c, 1, 1000);
    for (unsigned i = 1; i < ICE_RECENT_MAX; i++) {
        check_from(&ice, 1, PLAIN, 1000 + i);
        assert_false(again_from(&ice, &c, 9, 1000 + i).selected_moved);
    }
    check_from(&ice, 1, PLAIN, 1100);
    assert_true(again_from(&ice, &c, 9, 1100).selected_moved);
}

/* One that was kept for long enough moves us, once and until the next packet. */
static void media_says_where_the_peer_is(void **state)
{
    struct ice_lite ice;

    (void) state;
    ice_lite_init(&ice);
    check_from(&ice, 1, NOMINATES, 1000);
    media_from(&ice, 1, 1100);
    assert_true(check_from(&ice, 9, NOMINATES, 2000).selected_moved);
    assert_true(media_from(&ice, 1, 2020));
    assert_true(sends_to(&ice, 1));
    for (uint64_t ms = 2100; ms < 2100 + 2 * ICE_DOUBT_MS; ms += 100) {
        assert_false(check_from(&ice, 9, NOMINATES, ms).selected_moved);
        check_from(&ice, 1, PLAIN, ms);
    }
    check_from(&ice, 2, NOMINATES, 2100 + 2 * ICE_DOUBT_MS); /* the peer itself moves … */
    assert_true(sends_to(&ice, 1));
    assert_true(media_from(&ice, 2, 2120 + 2 * ICE_DOUBT_MS));
    assert_true(sends_to(&ice, 2));
}

/* … or has nothing to send, and is not heard any more where it was. */
static void doubt_ends_with_silence(void **state)
{
    struct ice_lite ice;

    (void) state;
    ice_lite_init(&ice);
    check_from(&ice, 1, NOMINATES, 1000);
    media_from(&ice, 1, 1100);
    check_from(&ice, 9, NOMINATES, 2000);
    media_from(&ice, 1, 2020);
    assert_false(check_from(&ice, 2, NOMINATES, 2019 + ICE_SILENCE_MS).selected_moved);
    assert_true(check_from(&ice, 2, NOMINATES, 2020 + ICE_SILENCE_MS).selected_moved);
    assert_true(sends_to(&ice, 2));
}

static void a_pair_that_is_gone(void **state)
{
    struct ice_lite ice;

    (void) state;
    ice_lite_init(&ice);
    check_from(&ice, 1, PLAIN, 10);
    check_from(&ice, 2, PLAIN, 20);
    check_from(&ice, 3, NOMINATES, 15);
    assert_false(ice_lite_forget(&ice, &ice.pairs[0]));
    assert_true(ice_lite_forget(&ice, ice.selected));
    assert_true(sends_to(&ice, 2));
    assert_true(ice_lite_forget(&ice, ice.selected));
    assert_null(ice.selected);
    assert_int_equal(ice_lite_consent_left_ms(&ice, 21), 0);
    assert_true(check_from(&ice, 1, PLAIN, 30).selected_moved);
}

static void consent_runs_out(void **state)
{
    struct ice_lite ice;

    (void) state;
    ice_lite_init(&ice);
    assert_int_equal(ice_lite_consent_left_ms(&ice, 5), 0);
    check_from(&ice, 1, PLAIN, 1000);
    assert_int_equal(ice_lite_consent_left_ms(&ice, 1000), ICE_CONSENT_MS);
    check_from(&ice, 1, PLAIN, 2000);
    assert_int_equal(ice_lite_consent_left_ms(&ice, 31000), 1000);
    assert_int_equal(ice_lite_consent_left_ms(&ice, 32000), 0);
}

/* It is for the pair where we send; when it has ended, a check of another pair will do. */
static void consent_is_of_the_selected_pair(void **state)
{
    struct ice_lite ice;
    uint64_t ms;

    (void) state;
    ice_lite_init(&ice);
    check_from(&ice, 1, NOMINATES, 1000);
    check_from(&ice, 2, PLAIN, 1000);
    for (ms = 2000; ms < 1000 + ICE_CONSENT_MS; ms += 1000) {
        media_from(&ice, 1, ms);
        assert_false(check_from(&ice, 2, PLAIN, ms).selected_moved);
        assert_int_equal(ice_lite_consent_left_ms(&ice, ms), 1000 + ICE_CONSENT_MS - ms);
    }
    assert_int_equal(ice_lite_consent_left_ms(&ice, ms), 0);
    assert_true(check_from(&ice, 2, PLAIN, ms).selected_moved);
    assert_int_equal(ice_lite_consent_left_ms(&ice, ms), ICE_CONSENT_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_opens_and_is_answered),
        cmocka_unit_test(a_nomination_moves_the_sending_side),
        cmocka_unit_test(what_is_not_authentic_meets_silence),
        cmocka_unit_test(refusals),
        cmocka_unit_test(the_longest_unheard_pair_makes_room),
        cmocka_unit_test(datagrams_make_room_before_connections),
        cmocka_unit_test(pairs_differ_by_either_address_and_by_the_way),
        cmocka_unit_test(the_pair_that_still_works_is_followed),
        cmocka_unit_test(media_is_followed),
        cmocka_unit_test(a_move_is_not_undone_by_what_was_under_way),
        cmocka_unit_test(a_repeated_check_moves_nothing_and_renews_nothing),
        cmocka_unit_test(checks_are_known_again_for_a_while),
        cmocka_unit_test(media_says_where_the_peer_is),
        cmocka_unit_test(doubt_ends_with_silence),
        cmocka_unit_test(a_pair_that_is_gone),
        cmocka_unit_test(consent_runs_out),
        cmocka_unit_test(consent_is_of_the_selected_pair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
