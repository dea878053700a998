#include "media/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct config config = {.max_transports = 100,
                                     .max_rooms = 101,
                                     .max_streams = 102,
                                     .max_subscribers = 103,
                                     .max_room_transports = 104,
                                     .max_send_mbits = 105,
                                     .max_agents = 106};

static void each_says_how_much_and_what_raises_it(void **state)
{
    static const struct {
        enum limit which;
        const char *number, *key;
    } rows[] = {
        {LIMIT_TRANSPORTS, " 100 ", "MEDIA_MAX_TRANSPORTS"},
        {LIMIT_ROOMS, " 101 ", "MEDIA_MAX_ROOMS"},
        {LIMIT_PUBLISHERS, " 102 ", "MEDIA_MAX_PUBLISHERS"},
        {LIMIT_SUBSCRIBERS, " 103 ", "MEDIA_MAX_SUBSCRIBERS"},
        {LIMIT_ROOM_TRANSPORTS, " 104 ", "MEDIA_MAX_ROOM_TRANSPORTS"},
        {LIMIT_AGENTS, " 106 ", "MEDIA_MAX_AGENTS"},
        {LIMIT_SEND_RATE, " 105 ", "MEDIA_MAX_SEND_BANDWIDTH"},
    };
    char text[192];

    (void) state;
    assert_int_equal(sizeof(rows) / sizeof(rows[0]), N_LIMITS - 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        limit_text(rows[i].which, &config, text, sizeof(text));
        assert_non_null(strstr(text, rows[i].number));
        assert_non_null(strstr(text, rows[i].key));
        assert_string_equal(limit_key(rows[i].which), rows[i].key);
    }
}

static void they_are_counted(void **state)
{
    struct limits l = {0};

    (void) state;
    log_init("test", LOG_LEVEL_ERROR);
    limits_struck(&l, LIMIT_ROOMS, &config, "r");
    limits_struck(&l, LIMIT_ROOMS, &config, "q");
    limits_struck(&l, LIMIT_TRANSPORTS, &config, "r");
    assert_int_equal(l.refused[LIMIT_ROOMS], 2);
    assert_int_equal(l.refused[LIMIT_TRANSPORTS], 1);
    assert_int_equal(l.refused[LIMIT_PUBLISHERS], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_says_how_much_and_what_raises_it),
        cmocka_unit_test(they_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
