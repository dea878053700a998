/* What the media daemon is told that it should have, and what becomes of what it has not. */
#include "app_kit.h"

#include "link/link.h"
#include "signaling/media_sync.h"
#include "signaling/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define N_MAX 150

static struct channel channels[N_MAX];
static struct connection *members[N_MAX];

static int setup(void **state)
{
    (void) state;
    app_kit_start();
    app.config.max_participants = N_MAX;
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    app_kit_stop();
    return 0;
}

/* n members of a new session, who all publish, and watch all that are there. */
static struct session *fill_session(const char *id, size_t n)
{
    struct session *s = app_kit_session(id);

    for (size_t i = 0; i < n; i++) {
        members[i] = app_kit_connection(s);
        assert_int_equal(connection_activate(members[i], "", "p", ""), 0);
        stream_attach(stream_new(members[i]->id, "CAMERA"), members[i]);
        for (size_t j = 0; j <= i; j++)
            assert_non_null(subscription_make(members[j]->stream, members[i]));
    }
    return s;
}

static size_t count(json_t *part, const struct session *s, const char *key)
{
    return json_array_size(json_object_get(json_object_get(part, s->unique_id), key));
}

static void test_small(void **state)
{
    struct session *s = fill_session("S", 2);
    json_t *parts, *part;

    (void) state;
    (void) app_kit_session("nobody-came");
    parts = media_sync_handlers.inventory(&app);
    assert_int_equal(json_array_size(parts), 1);
    part = json_array_get(parts, 0);
    assert_int_equal(json_object_size(part), 1);
    assert_int_equal(count(part, s, "streams"), 2);
    assert_int_equal(count(part, s, "subscribers"), 3);
    json_decref(parts);
}

static void test_empty(void **state)
{
    json_t *parts = media_sync_handlers.inventory(&app);

    (void) state;
    assert_int_equal(json_array_size(parts), 1);
    assert_int_equal(json_object_size(json_array_get(parts, 0)), 0);
    json_decref(parts);
}

/* Each part is a message, and together they are all of it. */
static void test_large(void **state)
{
    struct session *s = fill_session("S", N_MAX), *t = fill_session("T", N_MAX);
    size_t n_streams = 0, n_subscribers = 0, i;
    json_t *parts, *part;

    (void) state;
    parts = media_sync_handlers.inventory(&app);
    assert_true(json_array_size(parts) >= 2);
    json_array_foreach (parts, i, part) {
        char *text = json_dumps(part, JSON_COMPACT);

        assert_true(strlen(text) < LINK_MESSAGE_MAX / 4 * 3);
        free(text);
        n_streams += count(part, s, "streams") + count(part, t, "streams");
        n_subscribers += count(part, s, "subscribers") + count(part, t, "subscribers");
    }
    assert_int_equal(n_streams, 2 * N_MAX);
    assert_int_equal(n_subscribers, N_MAX * (N_MAX + 1));
    json_decref(parts);
}

/* Sessions without a stream are many names. */
static void test_many_sessions(void **state)
{
    json_t *parts;

    (void) state;
    sessions_done(&app.sessions);
    assert_int_equal(sessions_init(&app.sessions, 10000), 0);
    for (int i = 0; i < 8000; i++) {
        char id[16];

        snprintf(id, sizeof(id), "s%d", i);
        app_kit_session(id)->active = true;
    }
    parts = media_sync_handlers.inventory(&app);
    assert_true(json_array_size(parts) >= 2);
    assert_int_equal(json_object_size(json_array_get(parts, 0)) +
                         json_object_size(json_array_get(parts, 1)),
                     8000);
    json_decref(parts);
}

static void test_missing(void **state)
{
    struct session *s = fill_session("S", 3);
    char name[SUBSCRIBER_ID_SIZE];
    json_t *missing;

    (void) state;
    channel_open(&channels[0]);
    client_joined(channels[0].base.client, members[0]);
    subscriber_id(members[2]->id, members[0]->stream->id, name);
    missing = json_pack("{s:{s:[s,s],s:[s,i]},s:{}}", s->unique_id, "streams",
                        members[1]->stream->id, "none", "subscribers", name, 5, "another");
    media_sync_handlers.on_missing(missing, &app);
    assert_non_null(members[0]->stream);
    assert_null(members[1]->stream);
    assert_null(subscription_find(members[0]->stream, members[2]));
    assert_non_null(subscription_find(members[0]->stream, members[1]));
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(channels[0].got, 0), "method")),
        "participantUnpublished");
    json_decref(missing);
    channel_done(&channels[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_empty),         TEST(test_small),   TEST(test_large),
        TEST(test_many_sessions), TEST(test_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
