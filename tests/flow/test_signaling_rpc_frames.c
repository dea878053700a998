/* What a WebSocket may bring to the signaling daemon that is no proper request: every kind has its
 * answer, or its close code, and nobody else notices. */
#include "signaling_rows.h"

#define MESSAGE_MAX 65536

enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, FIN = 0x80 };

static struct kit *kit;
static struct peer *witness; /* in the same session all the time */

static int setup(void **state)
{
    (void) state;
    kit = kit_start("max_queued_requests = 8;\nmax_messages_per_s = 1000;\n");
    kit_make_session(kit, "S");
    witness = peer_join(kit, "S", "SUBSCRIBER", NULL);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    peer_do(witness, "echo", NULL);
    peer_close(witness);
    kit_stop(kit);
    return 0;
}

/* ---- section 1.2: texts ---- */

/* A good id is given back, a bad one is null; "" as the answer means silence. */
static void test_framing(void **state)
{
    static const struct {
        const char *place, *text, *answer;
    } rows[] = {
#define PARSE_ERROR "{\"id\":null,\"error\":{\"code\":-32700}}"
#define INVALID "{\"id\":null,\"error\":{\"code\":-32600}}"
        {"empty", "", PARSE_ERROR},
        {"blank", "  \n ", PARSE_ERROR},
        {"no JSON", "nonsense", PARSE_ERROR},
        {"cut short", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi", PARSE_ERROR},
        {"two at once", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}{}", PARSE_ERROR},
        {"a key twice", "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}", PARSE_ERROR},
        {"a NUL", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\\u0000ng\"}", PARSE_ERROR},
        {"half a surrogate pair", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\\ud800\"}",
         PARSE_ERROR},
        {"a number", "1", INVALID},
        {"a string", "\"ping\"", INVALID},
        {"null", "null", INVALID},
        {"no member", "{}", INVALID},
        {"a batch", "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", INVALID},
        {"an empty batch", "[]", INVALID},
        {"no version", "{\"id\":1,\"method\":\"ping\"}", "{\"id\":1,\"error\":{\"code\":-32600}}"},
        {"another version", "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}",
         "{\"id\":1,\"error\":{\"code\":-32600}}"},
        {"a version that is a number", "{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}",
         "{\"id\":1,\"error\":{\"code\":-32600}}"},
        {"no method", "{\"jsonrpc\":\"2.0\",\"id\":1}", "{\"id\":1,\"error\":{\"code\":-32600}}"},
        {"method \"\"", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}",
         "{\"id\":1,\"error\":{\"code\":-32600}}"},
        {"a method that is a list", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":[\"ping\"]}",
         "{\"id\":1,\"error\":{\"code\":-32600}}"},
        {"params that are a list",
         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[5000]}",
         "{\"id\":1,\"error\":{\"code\":-32600}}"},
        {"params that are a string",
         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":\"x\"}",
         "{\"id\":1,\"error\":{\"code\":-32600}}"},
        {"params null", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":null}",
         "{\"id\":1,\"result\":{\"value\":\"pong\"}}"},
        {"result and error", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{\"code\":1}}",
         "{\"id\":1,\"error\":{\"code\":-32600}}"},
        {"a request with a result",
         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"result\":{}}",
         "{\"id\":1,\"error\":{\"code\":-32600}}"},
        {"a response", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", ""},
        {"an error response", "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":5}}", ""},
        {"a notification", "{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}", ""},
        {"a notification that nobody knows", "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}", ""},
        {"id 0", "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"ping\"}", "{\"id\":0}"},
        {"a negative id", "{\"jsonrpc\":\"2.0\",\"id\":-7,\"method\":\"ping\"}", "{\"id\":-7}"},
        {"the largest id", "{\"jsonrpc\":\"2.0\",\"id\":9223372036854775807,\"method\":\"ping\"}",
         "{\"id\":9223372036854775807}"},
        {"a larger id", "{\"jsonrpc\":\"2.0\",\"id\":9223372036854775808,\"method\":\"ping\"}",
         PARSE_ERROR},
        {"an id that is a string", "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"}",
         "{\"id\":\"a\"}"},
        {"an id with a fraction", "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", INVALID},
        {"id null", "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", INVALID},
        {"id true", "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"ping\"}", INVALID},
        {"an id that is an object", "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", INVALID},
        {"more members", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"data\":[1]}",
         "{\"id\":1,\"result\":{\"value\":\"pong\"}}"},
    };
    struct peer *p = peer_open(kit);

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *expected = json_loads(rows[i].answer, 0, NULL), *answer;

        peer_send_text(p, rows[i].text);
        if (!expected) {
            peer_expect_silence(p);
            continue;
        }
        answer = peer_read(p);
        if (!answer || !includes(answer, expected))
            fail_msg("%s: %s", rows[i].place, json_dumps(answer, 0));
        assert_string_equal(string_of(answer, "jsonrpc"), "2.0");
        json_decref(answer);
        json_decref(expected);
    }
    peer_close(p);
}

/* 32 levels are read, 33 are not; 60,000 are no more trouble. */
static void test_nesting(void **state)
{
    static const struct {
        size_t depth; /* of lists in params, which are the second level */
        bool fine;
    } rows[] = {{30, true}, {31, false}, {2100, false}, {30000, false}};
    struct peer *p = peer_open(kit);
    char *text = malloc(MESSAGE_MAX);

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = (size_t) sprintf(
            text, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"x\":");
        json_t *answer;

        memset(text + n, '[', rows[i].depth);
        memset(text + n + rows[i].depth, ']', rows[i].depth);
        strcpy(text + n + 2 * rows[i].depth, "}}");
        peer_send_text(p, text);
        answer = peer_read(p);
        assert_true(rows[i].fine == !json_object_get(answer, "error"));
        json_decref(answer);
    }
    free(text);
    peer_close(p);
}

/* A signal of 60,000 bytes goes to everybody; the message's limit is 64 KiB, to the byte. */
static void test_sizes(void **state)
{
    struct peer *p = peer_join(kit, "S", "PUBLISHER", NULL);
    char *text = malloc(MESSAGE_MAX + 2), *data;
    json_t *r;
    size_t n;

    (void) state;
    json_decref(peer_notice(witness, "participantJoined"));
    memset(text, 'x', MESSAGE_MAX);
    text[60000] = '\0';
    r = json_pack("{s:s}", "data", text);
    data = json_dumps(r, 0);
    json_decref(r);
    peer_do(p, "sendMessage", json_pack("{s:s}", "message", data));
    free(data);
    for (int i = 0; i < 2; i++) {
        r = peer_notice(i ? witness : p, "sendMessage");
        assert_int_equal(json_string_length(json_object_get(r, "data")), 60000);
        json_decref(r);
    }
    n = (size_t) sprintf(text, "{\"jsonrpc\":\"2.0\",\"id\":77,\"method\":\"echo\",\"x\":\"");
    memset(text + n, 'x', MESSAGE_MAX + 1 - n);
    memcpy(text + MESSAGE_MAX - 2, "\"}", 3);
    peer_send_text(p, text);
    r = peer_read(p);
    assert_int_equal(json_integer_value(json_object_get(r, "id")), 77);
    assert_non_null(json_object_get(r, "result"));
    json_decref(r);
    memcpy(text + MESSAGE_MAX - 2, "x\"}", 4);
    peer_send_text(p, text);
    assert_null(peer_read(p));
    assert_int_equal(p->close_code, 1009);
    free(text);
    peer_close(p);
}

/* ---- frames ---- */

static void test_fragments(void **state)
{
    static const char text[] = "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\",\"params\":{}}";
    struct peer *p = peer_join(kit, "S", "PUBLISHER", NULL);
    json_t *r;

    (void) state;
    json_decref(peer_notice(witness, "participantJoined"));
    /* one byte each, with pings between */
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        unsigned first = i == 0 ? TEXT : 0;

        if (i % 10 == 3)
            peer_send_part(p, FIN | PING, "hello", 5);
        peer_send_part(p, i == sizeof(text) - 2 ? FIN | first : first, text + i, 1);
    }
    r = peer_read(p);
    assert_int_equal(json_integer_value(json_object_get(r, "id")), 5);
    assert_true(p->n_pongs > 0);
    json_decref(r);
    peer_close(p);
}

/* RFC 6455's rules, and text alone: the close code tells which was broken. */
static void test_broken_frames(void **state)
{
    static const struct {
        const char *what;
        unsigned first[2]; /* of one frame or two */
        const char *data;
        size_t len;
        unsigned code;
    } rows[] = {
        {"binary", {FIN | BINARY}, "{}", 2, 1003},
        {"an empty binary", {FIN | BINARY}, "", 0, 1003},
        {"a binary that begins", {BINARY}, "{}", 2, 1003},
        {"no UTF-8", {FIN | TEXT}, "{\"a\":\"\xff\"}", 9, 1007},
        {"UTF-8 too long", {FIN | TEXT}, "\"\xc0\xaf\"", 4, 1007},
        {"half a character", {FIN | TEXT}, "\"\xe2\x82", 3, 1007},
        {"a surrogate", {FIN | TEXT}, "\"\xed\xa0\x80\"", 5, 1007},
        {"a reserved bit", {FIN | 0x40 | TEXT}, "{}", 2, 1002},
        {"a reserved opcode", {FIN | 3}, "{}", 2, 1002},
        {"a continuation of nothing", {FIN}, "{}", 2, 1002},
        {"a second beginning", {TEXT, TEXT}, "{}", 2, 1002},
        {"a ping in pieces", {PING}, "x", 1, 1005},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct peer *p = peer_join(kit, "S", "PUBLISHER", NULL);

        json_decref(peer_notice(witness, "participantJoined"));
        for (size_t j = 0; j < 2 && rows[i].first[j]; j++)
            peer_send_part(p, rows[i].first[j], rows[i].data, rows[i].len);
        if (peer_read(p) || p->close_code != rows[i].code)
            fail_msg("%s: closed with %u", rows[i].what, p->close_code);
        peer_close(p);
        /* it could still come back: the others are told after the grace period */
        peer_expect_silence(witness);
    }
}

static void test_close_frames(void **state)
{
    static const struct {
        const char *payload;
        size_t len;
        unsigned code; /* that comes back */
    } rows[] = {{"\x03\xe8", 2, 1000}, {"\x10\x06", 2, 4102}, {"\x03", 1, 1002}};

    (void) state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct peer *p = peer_open(kit);

        peer_do(p, "ping", NULL);
        peer_send_part(p, FIN | CLOSE, rows[i].payload, rows[i].len);
        assert_null(peer_read(p));
        assert_int_equal(p->close_code, rows[i].code);
        peer_close(p);
    }
}

/* ---- floods ---- */

/* Requests that can be done at once are done, in their order, however many come. */
static void test_many_requests(void **state)
{
    enum { N = 3000 };
    struct peer *p = peer_join(kit, "S", "PUBLISHER", NULL);
    int first = p->next_id;

    (void) state;
    json_decref(peer_notice(witness, "participantJoined"));
    for (int i = 0; i < N; i++)
        (void) peer_send(p, i % 3 ? "echo" : "ping", NULL);
    for (int i = 0; i < N; i++)
        json_decref(peer_answer(p, first + i));
    peer_close(p);
}

/* Those that have to wait are few; who sends more is cut off, and may come back. */
static void test_too_many_requests(void **state)
{
    struct peer *p = peer_join(kit, "S", "PUBLISHER", NULL), *again = peer_open(kit);

    (void) state;
    json_decref(peer_notice(witness, "participantJoined"));
    (void) peer_send(p, "publishVideo", json_pack("{s:s}", "sdpOffer", "slow"));
    json_decref(kit_call(kit, "publish", 0));
    for (int i = 0; i < 8; i++)
        (void) peer_send(p, "echo", NULL);
    json_decref(peer_answer(p, peer_send(p, "ping", NULL)));
    (void) peer_send(p, "echo", NULL);
    assert_null(peer_read(p));
    assert_int_equal(p->close_code, 1008);
    assert_string_equal(p->close_reason, "Too many requests");
    peer_expect_silence(witness);
    peer_do(again, "connect", json_pack("{s:s}", "sessionId", p->rpc_id));
    kit_release(kit);
    peer_expect(witness, "participantPublished", "id", p->id);
    peer_do(again, "echo", NULL);
    peer_close(p);
    peer_close(again);
}

#define FLOW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW(test_framing),       FLOW(test_nesting),           FLOW(test_sizes),
        FLOW(test_fragments),     FLOW(test_broken_frames),     FLOW(test_close_frames),
        FLOW(test_many_requests), FLOW(test_too_many_requests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
