#include "media/methods.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* The parameter that is refused, "" when none is; takes params. */
static const char *refused(const char *method, json_t *params)
{
    struct message *m = NULL;
    const char *what = "";

    assert_non_null(method_find(method));
    if (method_parse(method_find(method), params, &m, &what) == 0)
        message_free(m);
    json_decref(params);
    return what;
}

static void a_whole_publish(void **state)
{
    json_t *params = json_pack("{s:s, s:s, s:s, s:b, s:s, s:i, s:n}", "room", "ses_A", "stream",
                               "str_CAM_x~1", "offer", "v=0", "loopback", 1, "forcedCodec", "VP8",
                               "maxRecvKbps", 1000, "minRecvKbps");

    const char *what;
    struct message *m;

    (void) state;
    assert_int_equal(method_parse(method_find("publish"), params, &m, &what), 0);
    assert_int_equal(m->type, COMMAND_PUBLISH);
    assert_string_equal(m->room, "ses_A");
    assert_string_equal(m->stream, "str_CAM_x~1");
    assert_string_equal(m->sdp, "v=0");
    assert_string_equal(m->forced_codec, "VP8");
    assert_true(m->loopback);
    assert_int_equal(m->max_recv_kbps, 1000);
    assert_int_equal(m->min_recv_kbps, 0);
    assert_string_equal(m->whose.join, "");
    message_free(m);
    json_object_set_new(params, "join", json_string("Ab12Cd34"));
    json_object_set_new(params, "connection", json_string("con_A"));
    assert_int_equal(method_parse(method_find("publish"), params, &m, &what), 0);
    assert_string_equal(m->whose.join, "Ab12Cd34");
    assert_string_equal(m->whose.connection, "con_A");
    message_free(m);
    json_decref(params);
}

static void every_wrong_parameter_is_named(void **state)
{
    char longest[300];

    (void) state;
    memset(longest, 'a', sizeof(longest));
    longest[255] = '\0';
    assert_string_equal(refused("closeRoom", json_pack("{s:s}", "room", longest)), "");
    longest[255] = 'a';
    longest[256] = '\0';
    assert_string_equal(refused("closeRoom", json_pack("{s:s}", "room", longest)), "room");
    assert_string_equal(refused("closeRoom", json_pack("{s:s}", "room", "")), "room");
    assert_string_equal(refused("closeRoom", json_pack("{s:s}", "room", "a/b")), "room");
    assert_string_equal(refused("closeRoom", json_pack("{s:i}", "room", 1)), "room");
    assert_string_equal(refused("closeRoom", json_array()), "room");
    assert_string_equal(refused("unpublish", json_pack("{s:s}", "room", "r")), "stream");
    assert_string_equal(refused("unsubscribe", json_pack("{s:s}", "room", "r")), "subscriber");
    assert_string_equal(
        refused("offer", json_pack("{s:s, s:s, s:s, s:s}", "room", "r", "stream", "s", "subscriber",
                                   "x", "join", "12345678901234567")),
        "join");
    assert_string_equal(refused("offer", json_pack("{s:s, s:s, s:s, s:i}", "room", "r", "stream",
                                                   "s", "subscriber", "x", "connection", 1)),
                        "connection");
    assert_string_equal(refused("describe", json_pack("{s:s}", "room", "r")), "stream");
    assert_string_equal(refused("describe", json_pack("{s:s, s:s}", "room", "r", "stream", "s")),
                        "");
    assert_string_equal(
        refused("describe", json_pack("{s:s, s:s}", "room", "r", "subscriber", "s")), "");
    assert_string_equal(refused("describe", json_pack("{s:s, s:i, s:s}", "room", "r", "subscriber",
                                                      1, "stream", "s")),
                        "subscriber");
    assert_string_equal(refused("publish", json_pack("{s:s, s:s}", "room", "r", "stream", "s")),
                        "offer");
    assert_string_equal(refused("answer", json_pack("{s:s, s:s, s:i}", "room", "r", "subscriber",
                                                    "s", "answer", 5)),
                        "answer");
    assert_string_equal(refused("offer", json_pack("{s:s, s:s, s:s, s:s}", "room", "r", "stream",
                                                   "s", "subscriber", "x", "forcedCodec", "AV1")),
                        "forcedCodec");
    assert_string_equal(refused("publish", json_pack("{s:s, s:s, s:s, s:i}", "room", "r", "stream",
                                                     "s", "offer", "v=0", "loopback", 1)),
                        "loopback");
    assert_string_equal(refused("publish", json_pack("{s:s, s:s, s:s, s:i}", "room", "r", "stream",
                                                     "s", "offer", "v=0", "maxRecvKbps", -1)),
                        "maxRecvKbps");
    assert_string_equal(refused("publish", json_pack("{s:s, s:s, s:s, s:s}", "room", "r", "stream",
                                                     "s", "offer", "v=0", "minRecvKbps", "x")),
                        "minRecvKbps");
    assert_string_equal(refused("offer", json_pack("{s:s, s:s, s:s, s:f}", "room", "r", "stream",
                                                   "s", "subscriber", "x", "maxSendKbps", 1.5)),
                        "maxSendKbps");
    assert_string_equal(refused("offer", json_pack("{s:s, s:s, s:s, s:i}", "room", "r", "stream",
                                                   "s", "subscriber", "x", "minSendKbps", 1000001)),
                        "minSendKbps");
}

static void the_longest_sdp(void **state)
{
    char *text = malloc(65538);
    json_t *fits, *exceeds;

    (void) state;
    assert_non_null(text);
    memset(text, 'x', 65537);
    text[65536] = '\0';
    fits = json_pack("{s:s, s:s, s:s}", "room", "r", "stream", "s", "offer", text);
    text[65536] = 'x';
    text[65537] = '\0';
    exceeds = json_pack("{s:s, s:s, s:s}", "room", "r", "stream", "s", "offer", text);
    assert_string_equal(refused("publish", fits), "");
    assert_string_equal(refused("publish", exceeds), "offer");
    free(text);
}

static bool rooms_ok(const char *text)
{
    json_t *rooms = json_loads(text, 0, NULL);
    bool ok = method_sync_rooms_ok(rooms);

    json_decref(rooms);
    return ok;
}

static void rooms_of_sync(void **state)
{
    (void) state;
    assert_true(rooms_ok("{}"));
    assert_true(rooms_ok("{\"r\":{}}"));
    assert_true(rooms_ok("{\"r\":{\"streams\":[\"a\"],\"subscribers\":[]}}"));
    assert_false(rooms_ok("[]"));
    assert_false(rooms_ok("{\"r\":[]}"));
    assert_false(rooms_ok("{\"r\":{\"streams\":{}}}"));
    assert_false(rooms_ok("{\"r\":{\"streams\":[1]}}"));
    assert_false(rooms_ok("{\"r\":{\"subscribers\":[\"a b\"]}}"));
    assert_false(method_sync_rooms_ok(NULL));
}

static void unknown_methods(void **state)
{
    (void) state;
    assert_null(method_find("hello"));
    assert_null(method_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_publish), cmocka_unit_test(every_wrong_parameter_is_named),
        cmocka_unit_test(the_longest_sdp), cmocka_unit_test(rooms_of_sync),
        cmocka_unit_test(unknown_methods),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
