#include "media/speakers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LOUD 25
#define NORMAL 40
#define NOISE 70
#define SILENT 127
#define N 4
#define TICKS_OF_A_SECOND (1000 / SPEAKERS_TICK_MS)

static struct speakers all;
static struct speaker people[N];

static int setup(void **state)
{
    (void) state;
    speakers_init(&all);
    for (unsigned i = 0; i < N; i++)
        speakers_add(&all, &people[i]);
    return 0;
}

/* A packet each 20 ms of everybody, at these levels. Returns how often the order changed. */
static unsigned talk(unsigned ticks, const uint8_t levels[static N])
{
    unsigned changes = 0;

    while (ticks-- > 0) {
        for (unsigned i = 0; i < N; i++) {
            for (unsigned packet = 0; packet < SPEAKERS_TICK_MS / 20; packet++)
                speaker_heard(&people[i], levels[i]);
        }
        changes += speakers_tick(&all);
    }
    return changes;
}

static void assert_order(unsigned a, unsigned b, unsigned c, unsigned d)
{
    const unsigned expected[N] = {a, b, c, d};
    struct speaker *sp;
    unsigned i = 0;

    list_for_each (sp, &all.order, node)
        assert_ptr_equal(sp, &people[expected[i++]]);
    assert_int_equal(i, N);
}

static const uint8_t silence[N] = {SILENT, SILENT, SILENT, SILENT};

static void who_speaks_goes_to_the_front_and_stays_there(void **state)
{
    (void) state;
    assert_int_equal(talk(TICKS_OF_A_SECOND, silence), 0);
    talk(2 * TICKS_OF_A_SECOND, (uint8_t[]){SILENT, SILENT, NORMAL, SILENT});
    assert_order(2, 0, 1, 3);
    assert_int_equal(talk(10 * TICKS_OF_A_SECOND, silence), 0);
    assert_order(2, 0, 1, 3);
    talk(2 * TICKS_OF_A_SECOND, (uint8_t[]){SILENT, SILENT, SILENT, NORMAL});
    assert_order(3, 2, 0, 1);
}

static void a_cough_does_not_count(void **state)
{
    (void) state;
    assert_int_equal(talk(1, (uint8_t[]){SILENT, SILENT, SILENT, LOUD}), 0);
    assert_int_equal(talk(5 * TICKS_OF_A_SECOND, silence), 0);
    assert_order(0, 1, 2, 3);
}

static void noise_is_silence(void **state)
{
    (void) state;
    assert_int_equal(talk(10 * TICKS_OF_A_SECOND, (uint8_t[]){SILENT, SILENT, NOISE, NOISE}), 0);
    assert_order(0, 1, 2, 3);
}

static void two_at_once_do_not_take_turns(void **state)
{
    (void) state;
    talk(5 * TICKS_OF_A_SECOND, (uint8_t[]){SILENT, SILENT, NORMAL, NORMAL});
    assert_order(2, 3, 0, 1);
    for (unsigned i = 0; i < 50; i++) {
        uint8_t a = (uint8_t) (NORMAL + i % 4), b = (uint8_t) (NORMAL + 3 - i % 4);

        assert_int_equal(talk(1, (uint8_t[]){SILENT, SILENT, a, b}), 0);
    }
}

static void the_louder_of_two_comes_first(void **state)
{
    (void) state;
    talk(5 * TICKS_OF_A_SECOND, (uint8_t[]){SILENT, SILENT, NORMAL, SILENT});
    talk(5 * TICKS_OF_A_SECOND, (uint8_t[]){SILENT, SILENT, NORMAL, LOUD});
    assert_order(3, 2, 0, 1);
}

static void without_packets_one_is_silent(void **state)
{
    (void) state;
    talk(3 * TICKS_OF_A_SECOND, (uint8_t[]){LOUD, SILENT, SILENT, SILENT});
    for (unsigned i = 0; i < 5 * TICKS_OF_A_SECOND; i++)
        speakers_tick(&all);
    talk(3 * TICKS_OF_A_SECOND, (uint8_t[]){SILENT, NORMAL, SILENT, SILENT});
    assert_order(1, 0, 2, 3); /* much less loud than the first one was */
}

static void one_may_leave(void **state)
{
    struct speaker *sp;
    unsigned n = 0;

    (void) state;
    speakers_remove(&people[1]);
    speakers_remove(&people[1]);
    talk(2 * TICKS_OF_A_SECOND, (uint8_t[]){SILENT, LOUD, SILENT, NORMAL});
    list_for_each (sp, &all.order, node) {
        assert_ptr_not_equal(sp, &people[1]);
        n++;
    }
    assert_int_equal(n, N - 1);
    assert_ptr_equal(list_first(&all.order, struct speaker, node), &people[3]);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_speaks_goes_to_the_front_and_stays_there),
        TEST(a_cough_does_not_count),
        TEST(noise_is_silence),
        TEST(two_at_once_do_not_take_turns),
        TEST(the_louder_of_two_comes_first),
        TEST(without_packets_one_is_silent),
        TEST(one_may_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
