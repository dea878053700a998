/* Records: each to a text and back, and what is no record. */
#include "tests/unit/signaling/app_kit.h"

#include "signaling/record.h"
#include "signaling/shapes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct session *s;
static struct connection *publisher, *viewer, *pending;
static struct stream *published;
static struct subscription *view;
static struct channel a, b;

static struct connection *join(struct channel *ch, const char *data)
{
    struct connection *c = app_kit_connection(s);

    channel_open(ch);
    assert_int_equal(connection_activate(c, data, "Firefox", "192.0.2.7"), 0);
    client_joined(ch->base.client, c);
    return c;
}

static int setup(void **state)
{
    (void) state;
    app_kit_start();
    s = app_kit_session("S");
    s->options.media_node = json_pack("{s:s}", "id", "m");
    s->options.unforced = true;
    publisher = join(&a, "d\xc3\xa9j\xc3\xa0 \"vu\"\n");
    publisher->options.kurento = json_pack("{s:i}", "videoMaxRecvBandwidth", 5);
    strcpy(publisher->turn.username, "1:abc");
    viewer = join(&b, "");
    pending = app_kit_connection(s);
    published = stream_new(publisher->id, "SCREEN");
    published->has_video = published->audio_active = published->other_codec = true;
    published->frame_rate = json_real(29.5);
    assert_int_equal(stream_set_dimensions(published, "{\"width\":1}"), 0);
    stream_attach(published, publisher);
    view = subscription_make(published, viewer);
    view->watched = true;
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    channel_done(&a);
    channel_done(&b);
    app_kit_stop();
    return 0;
}

static void expect_text(char *got, const char *expected)
{
    assert_string_equal(got, expected);
    free(got);
}

static void test_session(void **state)
{
    char *text = record_of_session(s);
    struct session *back;

    (void) state;
    assert_int_equal(record_to_session(s->unique_id, bytes_str(text), &back), 0);
    expect_text(record_of_session(back), text);
    assert_string_equal(back->unique_id, s->unique_id);
    assert_true(back->active && back->options.unforced);
    session_free(back);
    assert_int_equal(record_to_session("S_1", bytes_str(text), &back), -EBADMSG);
    free(text);
}

static void test_connections(void **state)
{
    struct connection *all[] = {publisher, viewer, pending};
    struct client_record client;
    struct connection *back;

    (void) state;
    for (size_t i = 0; i < 3; i++) {
        char *text = record_of_connection(all[i]);

        assert_int_equal(record_to_connection(all[i]->id, bytes_str(text), &back, &client), 0);
        assert_string_equal(client.id, all[i]->client ? all[i]->client->id : "");
        back->client = all[i]->client;
        expect_text(record_of_connection(back), text);
        back->client = NULL;
        assert_string_equal(back->turn.credential, "");
        connection_free(back);
        free(text);
    }
}

static void test_stream(void **state)
{
    char *text = record_of_stream(published);
    struct stream_record back;

    (void) state;
    assert_int_equal(record_to_stream(published->id, bytes_str(text), &back), 0);
    assert_string_equal(back.connection, publisher->id);
    back.stream->publisher = publisher;
    expect_text(record_of_stream(back.stream), text);
    back.stream->publisher = NULL;
    stream_free(back.stream);
    assert_int_equal(record_to_stream("str_CAM_ABCD_con_other", bytes_str(text), &back), -EBADMSG);
    assert_int_equal(record_to_stream(publisher->id, bytes_str(text), &back), -EBADMSG);
    free(text);
}

static void test_subscription(void **state)
{
    char *text = record_of_subscription(view);
    struct subscription_record back;
    char id[SUBSCRIBER_ID_SIZE];

    (void) state;
    subscriber_id(viewer->id, published->id, id);
    assert_int_equal(record_to_subscription(id, bytes_str(text), &back), 0);
    assert_string_equal(back.connection, viewer->id);
    assert_string_equal(back.stream, published->id);
    assert_string_equal(back.publisher, publisher->id);
    assert_int_equal(back.created_ms, view->created_ms);
    assert_int_equal(back.order, view->order);
    assert_true(back.watched);
    assert_int_equal(record_to_subscription(published->id, bytes_str(text), &back), -EBADMSG);
    free(text);
}

/* Whatever kind of record: each member is needed unless it may be absent, and of its type. */
static void spoil(const char *text, const char *const optional[], int (*read)(struct bytes text))
{
    json_t *whole = json_loads(text, 0, NULL), *part;
    const char *key;
    json_t *v;

    assert_int_equal(read(bytes_str(text)), 0);
    json_object_foreach (whole, key, v) {
        bool may_be_absent = false;
        char *spoilt;

        for (size_t i = 0; optional[i]; i++)
            may_be_absent = may_be_absent || strcmp(optional[i], key) == 0;
        part = json_copy(whole);
        json_object_del(part, key);
        spoilt = json_dumps(part, 0);
        if (read(bytes_str(spoilt)) != (may_be_absent ? 0 : -EBADMSG))
            fail_msg("without %s", key);
        free(spoilt);
        json_object_set_new(part, key, json_null());
        spoilt = json_dumps(part, 0);
        if (read(bytes_str(spoilt)) != -EBADMSG)
            fail_msg("with %s null", key);
        free(spoilt);
        json_decref(part);
    }
    json_decref(whole);
}

static int read_session(struct bytes text)
{
    struct session *back;
    int error = record_to_session(s->unique_id, text, &back);

    if (!error)
        session_free(back);
    return error;
}

static int read_publisher(struct bytes text)
{
    struct client_record client;
    struct connection *back;
    int error = record_to_connection(publisher->id, text, &back, &client);

    if (!error)
        connection_free(back);
    return error;
}

static int read_stream(struct bytes text)
{
    struct stream_record back;
    int error = record_to_stream(published->id, text, &back);

    if (!error)
        stream_free(back.stream);
    return error;
}

static int read_view(struct bytes text)
{
    struct subscription_record back;
    char id[SUBSCRIBER_ID_SIZE];

    subscriber_id(viewer->id, published->id, id);
    return record_to_subscription(id, text, &back);
}

static void test_spoilt(void **state)
{
    static const char *const of_session[] = {"mediaNode", NULL};
    static const char *const of_connection[] = {"token", "kurento", NULL};
    static const char *const of_stream[] = {"typeOfVideo", "videoDimensions", "frameRate", NULL};
    static const char *const of_view[] = {NULL};
    char *texts[] = {record_of_session(s), record_of_connection(publisher),
                     record_of_stream(published), record_of_subscription(view)};

    (void) state;
    spoil(texts[0], of_session, read_session);
    spoil(texts[1], of_connection, read_publisher);
    spoil(texts[2], of_stream, read_stream);
    spoil(texts[3], of_view, read_view);
    for (size_t i = 0; i < 4; i++)
        free(texts[i]);
}

static void test_strange_texts(void **state)
{
    static const char *const texts[] = {"", "null", "[]", "{}", "{\"version\":", "nonsense"};
    struct client_record client;
    struct connection *c;
    struct session *back;
    char *big = malloc(RECORD_MAX + 1), *text = record_of_session(s), *at;

    (void) state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(read_session(bytes_str(texts[i])), -EBADMSG);
        assert_int_equal(read_publisher(bytes_str(texts[i])), -EBADMSG);
        assert_int_equal(read_stream(bytes_str(texts[i])), -EBADMSG);
        assert_int_equal(read_view(bytes_str(texts[i])), -EBADMSG);
    }
    at = strstr(text, "\"version\":1");
    assert_non_null(at);
    at[strlen("\"version\":")] = '2';
    assert_int_equal(record_to_session(s->unique_id, bytes_str(text), &back), -EPROTONOSUPPORT);
    free(text);
    memset(big, ' ', RECORD_MAX + 1);
    text = record_of_connection(publisher);
    memcpy(big, text, strlen(text));
    assert_int_equal(read_publisher(bytes_of(big, RECORD_MAX)), 0);
    assert_int_equal(read_publisher(bytes_of(big, RECORD_MAX + 1)), -EBADMSG);
    assert_int_equal(record_to_connection("con x", bytes_str(text), &c, &client), -EBADMSG);
    assert_int_equal(record_to_connection("", bytes_str(text), &c, &client), -EBADMSG);
    free(text);
    free(big);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_session),      TEST(test_connections), TEST(test_stream),
        TEST(test_subscription), TEST(test_spoilt),      TEST(test_strange_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
