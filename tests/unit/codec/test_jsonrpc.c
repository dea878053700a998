#include "codec/jsonrpc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int read_text(const char *text, struct jsonrpc *ret)
{
    return jsonrpc_read(bytes_str(text), 65536, ret);
}

/* Is this text no message? It is ended here. */
static void assert_refused(const char *text, int error)
{
    struct jsonrpc m = {.root = NULL};

    assert_int_equal(read_text(text, &m), error);
    assert_null(m.method);
    assert_null(m.params);
    jsonrpc_done(&m);
}

static void assert_text(char *text, const char *want)
{
    json_t *a = json_loads(text, 0, NULL);
    json_t *b = json_loads(want, 0, NULL);

    assert_non_null(a);
    assert_non_null(b);
    if (!json_equal(a, b))
        fail_msg("%s is not %s", text, want);
    json_decref(a);
    json_decref(b);
    free(text);
}

static void test_request(void **state)
{
    (void) state;
    struct jsonrpc m;

    assert_int_equal(read_text("{\"jsonrpc\":\"2.0\",\"method\":\"joinRoom\","
                               "\"params\":{\"token\":\"t\"},\"id\":1}",
                               &m),
                     0);
    assert_int_equal(m.kind, JSONRPC_REQUEST);
    assert_string_equal(m.method, "joinRoom");
    assert_int_equal(json_integer_value(m.id), 1);
    assert_string_equal(json_string_value(json_object_get(m.params, "token")), "t");
    jsonrpc_done(&m);
    assert_null(m.root);

    assert_int_equal(
        read_text("{\"id\":\"a\",\"method\":\"x\",\"params\":null,\"jsonrpc\":\"2.0\"}", &m), 0);
    assert_int_equal(m.kind, JSONRPC_REQUEST);
    assert_string_equal(json_string_value(m.id), "a");
    assert_null(m.params);
    jsonrpc_done(&m);
}

static void test_notification(void **state)
{
    (void) state;
    struct jsonrpc m;

    assert_int_equal(read_text("{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{}}", &m), 0);
    assert_int_equal(m.kind, JSONRPC_NOTIFICATION);
    assert_null(m.id);
    assert_non_null(m.params);
    jsonrpc_done(&m);
}

static void test_responses(void **state)
{
    (void) state;
    struct jsonrpc m;

    assert_int_equal(read_text("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":null}", &m), 0);
    assert_int_equal(m.kind, JSONRPC_RESULT);
    assert_true(json_is_null(m.result));
    jsonrpc_done(&m);

    assert_int_equal(read_text("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":401,"
                               "\"message\":\"no\"}}",
                               &m),
                     0);
    assert_int_equal(m.kind, JSONRPC_ERROR);
    assert_int_equal(m.code, 401);
    assert_string_equal(m.message, "no");
    jsonrpc_done(&m);

    assert_int_equal(read_text("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-1}}", &m), 0);
    assert_int_equal(m.kind, JSONRPC_ERROR);
    assert_null(m.id);
    assert_string_equal(m.message, "");
    jsonrpc_done(&m);
}

static void test_not_json(void **state)
{
    (void) state;

    assert_refused("", -EBADMSG);
    assert_refused("{", -EBADMSG);
    assert_refused("{}x", -EBADMSG);
    assert_refused("{\"method\":\"a\",\"method\":\"b\"}", -EBADMSG);
    assert_refused("{\"jsonrpc\":\"2.0\",\"method\":\"a\\u0000b\"}", -EBADMSG);
    assert_refused("{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}", -EBADMSG);
}

static void test_no_message(void **state)
{
    (void) state;

    assert_refused("[]", -EPROTO);
    assert_refused("3", -EPROTO);
    assert_refused("{}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\"}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"1.0\",\"method\":\"x\",\"id\":1}", -EPROTO);
    assert_refused("{\"jsonrpc\":2.0,\"method\":\"x\",\"id\":1}", -EPROTO);
    assert_refused("{\"method\":\"x\",\"id\":1}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"method\":\"\",\"id\":1}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"method\":5,\"id\":1}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":null}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":1.5}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":{}}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":[1]}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":\"p\"}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":1,\"result\":1}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":null}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":null}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"result\":1}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":1}}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":4294967296}}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":\"x\"}}", -EPROTO);
    assert_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":2}}", -EPROTO);
}

static void test_refusal_can_be_answered(void **state)
{
    (void) state;
    struct jsonrpc m;

    assert_int_equal(read_text("{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":[],\"id\":4}", &m),
                     -EPROTO);
    assert_text(jsonrpc_error_text(m.id, JSONRPC_INVALID_REQUEST, "no"),
                "{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":{\"code\":-32600,\"message\":\"no\"}}");
    jsonrpc_done(&m);
}

static void test_limits(void **state)
{
    (void) state;
    char text[1024] = "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{\"a\":";
    size_t start = strlen(text);
    struct jsonrpc m;

    for (unsigned depth = JSONRPC_DEPTH_MAX - 2; depth <= JSONRPC_DEPTH_MAX - 1; depth++) {
        memset(text + start, '[', depth);
        memset(text + start + depth, ']', depth);
        strcpy(text + start + 2 * (size_t) depth, "}}");
        if (depth + 2 <= JSONRPC_DEPTH_MAX) {
            assert_int_equal(read_text(text, &m), 0);
            jsonrpc_done(&m);
        } else {
            assert_int_equal(read_text(text, &m), -EBADMSG);
        }
    }
    /* Brackets in strings do not count, whatever is escaped there. */
    strcpy(text, "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{\"a\":\"\\\\\\\"");
    memset(text + strlen(text), '{', 100);
    strcat(text, "\"}}");
    assert_int_equal(read_text(text, &m), 0);
    jsonrpc_done(&m);

    assert_int_equal(jsonrpc_read(bytes_str("{\"jsonrpc\":\"2.0\",\"method\":\"x\"}"), 29, &m),
                     -E2BIG);
    assert_int_equal(jsonrpc_read(bytes_str("{\"jsonrpc\":\"2.0\",\"method\":\"x\"}"), 30, &m), 0);
    jsonrpc_done(&m);
    memset(text, 0, sizeof(text));
    strcpy(text, "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":\"");
    memset(text + strlen(text), 'i', JSONRPC_ID_MAX + 1);
    strcat(text, "\"}");
    assert_int_equal(read_text(text, &m), -EPROTO);
    assert_null(m.id);
    jsonrpc_done(&m);
}

/* Small values take much more memory than text. */
static void test_number_of_values(void **state)
{
    char text[8192];
    struct jsonrpc m;

    (void) state;
    for (size_t n = JSONRPC_VALUES_MAX - 4; n <= JSONRPC_VALUES_MAX - 3; n++) {
        /* two objects, an array, two commas between members */
        size_t len =
            (size_t) sprintf(text, "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{\"a\":[0");

        for (size_t i = 1; i < n; i++)
            len += (size_t) sprintf(text + len, ",0");
        sprintf(text + len, "]}}");
        if (n == JSONRPC_VALUES_MAX - 4) {
            assert_int_equal(read_text(text, &m), 0);
            jsonrpc_done(&m);
        } else {
            assert_int_equal(read_text(text, &m), -EBADMSG);
        }
    }
    /* commas in texts do not count */
    strcpy(text, "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{\"a\":\"");
    for (size_t i = strlen(text), end = i + 2 * JSONRPC_VALUES_MAX; i < end; i++)
        memcpy(text + i, ",", 2);
    strcat(text, "\"}}");
    assert_int_equal(read_text(text, &m), 0);
    jsonrpc_done(&m);
}

static void test_texts(void **state)
{
    (void) state;
    json_t *id = json_integer(1);
    json_t *name = json_string("n");

    assert_text(jsonrpc_result_text(id, json_pack("{s:s}", "value", "pong")),
                "{\"id\":1,\"result\":{\"value\":\"pong\"},\"jsonrpc\":\"2.0\"}");
    assert_text(jsonrpc_result_text(name, NULL),
                "{\"id\":\"n\",\"result\":{},\"jsonrpc\":\"2.0\"}");
    assert_text(jsonrpc_error_text(id, 401, "Token is not valid. Code: 401"),
                "{\"id\":1,\"error\":{\"code\":401,\"message\":\"Token is not valid. Code: 401\"},"
                "\"jsonrpc\":\"2.0\"}");
    assert_text(jsonrpc_error_text(NULL, -32700, ""),
                "{\"id\":null,\"error\":{\"code\":-32700,\"message\":\"\"},\"jsonrpc\":\"2.0\"}");
    assert_text(jsonrpc_notification_text("left", json_pack("{s:i}", "a", 1)),
                "{\"method\":\"left\",\"params\":{\"a\":1},\"jsonrpc\":\"2.0\"}");
    assert_text(jsonrpc_request_text(9, "hello", NULL),
                "{\"id\":9,\"method\":\"hello\",\"params\":{},\"jsonrpc\":\"2.0\"}");
    json_decref(id);
    json_decref(name);
}

static void test_nulls_are_left_out(void **state)
{
    (void) state;
    json_t *shared =
        json_pack("{s:n, s:{s:n, s:i}, s:[n, {s:n}]}", "a", "b", "c", "d", 1, "e", "f");
    json_t *id = json_integer(1);

    assert_text(jsonrpc_result_text(id, json_incref(shared)),
                "{\"id\":1,\"result\":{\"b\":{\"d\":1},\"e\":[null,{}]},\"jsonrpc\":\"2.0\"}");
    assert_true(json_is_null(json_object_get(shared, "a")));
    assert_int_equal(json_object_size(json_object_get(shared, "b")), 2);
    assert_text(jsonrpc_notification_text("x", shared),
                "{\"method\":\"x\",\"params\":{\"b\":{\"d\":1},\"e\":[null,{}]},"
                "\"jsonrpc\":\"2.0\"}");
    json_decref(id);
}

static void test_texts_that_fail(void **state)
{
    (void) state;
    json_t *id = json_integer(1);

    assert_null(jsonrpc_error_text(id, 1, "\xff"));
    assert_null(jsonrpc_error_text(id, 1, NULL));
    assert_null(jsonrpc_notification_text(NULL, json_object())); /* params is consumed */
    assert_null(jsonrpc_request_text(1, "\xff", json_object()));
    assert_null(jsonrpc_result_text(NULL, json_object()));
    json_decref(id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),         cmocka_unit_test(test_notification),
        cmocka_unit_test(test_responses),       cmocka_unit_test(test_not_json),
        cmocka_unit_test(test_no_message),      cmocka_unit_test(test_refusal_can_be_answered),
        cmocka_unit_test(test_limits),          cmocka_unit_test(test_number_of_values),
        cmocka_unit_test(test_texts),           cmocka_unit_test(test_nulls_are_left_out),
        cmocka_unit_test(test_texts_that_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
