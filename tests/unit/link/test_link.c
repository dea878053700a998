/* Two links over a socket pair, or one and a peer that misbehaves byte by byte. */
#include "base/bytes.h"
#include "link/link.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;
static struct link *a, *b; /* b answers */
static int raw = -1;       /* the other end of a, when there is no b */
static struct link_request *kept;
static char trace[8192];

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *fmt, ...)
{
    size_t n = strlen(trace);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(trace + n, sizeof(trace) - n, fmt, ap);
    va_end(ap);
}

static void note_json(json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("-");

    note("%.60s;", text);
    free(text);
}

static void on_request(struct link *k, const char *method, json_t *params, struct link_request *rq,
                       void *arg)
{
    (void) arg;
    note("%s ", method);
    if (strcmp(method, "echo") == 0) {
        link_reply(rq, json_incref(params));
    } else if (strcmp(method, "fail") == 0) {
        link_reply_error(rq, 105, "no such stream");
    } else if (strcmp(method, "badtext") == 0) {
        link_reply_error(rq, 106, "\xff\xfe");
    } else if (strcmp(method, "empty") == 0) {
        link_reply(rq, NULL);
    } else if (strcmp(method, "huge") == 0) {
        char *text = malloc(LINK_MESSAGE_MAX + 1);

        memset(text, 'x', LINK_MESSAGE_MAX);
        text[LINK_MESSAGE_MAX] = '\0';
        link_reply(rq, json_string(text));
        free(text);
    } else if (strcmp(method, "die") == 0) {
        b = link_free(k);
        link_reply(rq, json_true());
    } else if (!kept) {
        kept = rq;
    } else {
        link_reply(rq, NULL);
    }
}

static void on_notification(struct link *k, const char *method, json_t *params, void *arg)
{
    (void) k;
    (void) arg;
    note("%s:", method);
    note_json(params);
    if (strcmp(method, "quit") == 0)
        loop_quit(loop, 0);
}

static void on_closed(struct link *k, int error, void *arg)
{
    (void) k;
    note("%s closed %s;", (const char *) arg, strerrorname_np(-error));
    loop_quit(loop, 0);
}

static const struct link_handlers handlers = {on_request, on_notification, on_closed};
static const struct link_handlers no_handlers;

static void on_answer(const struct link_answer *answer, void *arg)
{
    if (arg)
        note("%s=", (const char *) arg);
    if (answer->error == -EREMOTEIO)
        note("%d %s;", answer->code, answer->message);
    else if (answer->error)
        note("%s;", strerrorname_np(-answer->error));
    else
        note_json(answer->result);
}

static void on_last_answer(const struct link_answer *answer, void *arg)
{
    on_answer(answer, arg);
    loop_quit(loop, 0);
}

static int call_within(struct link *k, const char *method, json_t *params, uint64_t timeout_ms,
                       link_answer_fn *fn, const char *tag)
{
    return link_call(k, method, params, timeout_ms, fn, (void *) tag);
}

static int call(const char *method, json_t *params, link_answer_fn *fn, const char *tag)
{
    return call_within(a, method, params, 60000, fn, tag);
}

static int new_link(int fd, const struct link_handlers *h, const char *name, struct link **ret)
{
    return link_new(loop, fd, h, (void *) name, ret);
}

static int make_pair(int fds[2])
{
    trace[0] = '\0';
    kept = NULL;
    if (loop_new(&loop) < 0)
        return -1;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds);
}

static int setup(void **state)
{
    int fds[2];

    (void) state;
    if (make_pair(fds) < 0 || new_link(fds[0], &handlers, "a", &a) < 0)
        return -1;
    return new_link(fds[1], &handlers, "b", &b);
}

static int setup_raw(void **state)
{
    int fds[2];

    (void) state;
    b = NULL;
    if (make_pair(fds) < 0)
        return -1;
    raw = fds[1];
    return new_link(fds[0], &handlers, "a", &a);
}

static int teardown(void **state)
{
    (void) state;
    a = link_free(a);
    b = link_free(b);
    if (kept)
        link_reply(kept, NULL);
    if (raw >= 0)
        close(raw);
    raw = -1;
    loop = loop_free(loop);
    return 0;
}

/* ---- the common case ---- */

static void calls_are_answered(void **state)
{
    (void) state;
    assert_int_equal(call("echo", json_pack("{s:i}", "x", 5), on_answer, "1"), 0);
    assert_int_equal(call("fail", NULL, on_answer, "2"), 0);
    assert_int_equal(call("empty", json_array(), on_answer, "3"), 0);
    assert_int_equal(call("badtext", NULL, on_answer, "4"), 0);
    assert_int_equal(call("huge", NULL, on_last_answer, "5"), 0);
    loop_run(loop);
    assert_string_equal(trace, "echo fail empty badtext huge 1={\"x\":5};2=105 no such stream;3={};"
                               "4=106 the error has no text that can be sent;"
                               "5=-32603 the answer is too large;");
}

static void notifications_keep_their_order(void **state)
{
    (void) state;
    assert_int_equal(link_notify(a, "one", json_pack("[i]", 1)), 0);
    assert_int_equal(link_notify(a, "two", NULL), 0);
    assert_int_equal(link_notify(a, "quit", json_object()), 0);
    loop_run(loop);
    assert_string_equal(trace, "one:[1];two:-;quit:{};");
}

static void both_ends_call(void **state)
{
    (void) state;
    assert_int_equal(call("keep", NULL, on_last_answer, "a"), 0);
    assert_int_equal(call_within(b, "echo", json_pack("[s]", "hi"), 60000, on_last_answer, "b"), 0);
    loop_run(loop);
    assert_non_null(kept);
    link_reply(kept, json_integer(9));
    kept = NULL;
    loop_run(loop);
    assert_non_null(strstr(trace, "b=[\"hi\"];"));
    assert_non_null(strstr(trace, "a=9;"));
}

static void large_messages_pass(void **state)
{
    char *text = malloc(LINK_MESSAGE_MAX);
    json_t *params;

    (void) state;
    memset(text, 'x', LINK_MESSAGE_MAX - 1);
    text[LINK_MESSAGE_MAX - 1] = '\0';
    params = json_pack("[s]", text);
    assert_int_equal(call("echo", params, on_answer, "big"), -EMSGSIZE);
    text[LINK_MESSAGE_MAX - 200] = '\0';
    for (int i = 0; i < 5; i++)
        assert_int_equal(call("empty", json_pack("[s]", text), on_answer, NULL), 0);
    assert_int_equal(call("echo", json_pack("[s]", text), on_last_answer, "big"), 0);
    loop_run(loop);
    assert_non_null(strstr(trace, "big=[\"xxxxx"));
    free(text);
}

static void without_handlers_requests_are_refused(void **state)
{
    int fds[2];

    (void) state;
    assert_int_equal(make_pair(fds), 0);
    assert_int_equal(new_link(fds[0], &handlers, "a", &a), 0);
    assert_int_equal(new_link(fds[1], &no_handlers, NULL, &b), 0);
    assert_int_equal(link_notify(a, "ignored", NULL), 0);
    assert_int_equal(call("x", NULL, on_last_answer, "x"), 0);
    loop_run(loop);
    assert_string_equal(trace, "x=-32601 no such method;");
}

/* ---- ends ---- */

static void silent_peer_times_out(void **state)
{
    (void) state;
    assert_int_equal(call_within(a, "x", NULL, 20, on_last_answer, "20"), 0);
    assert_int_equal(call_within(a, "x", NULL, UINT64_MAX, on_answer, "max"), 0);
    assert_int_equal(call_within(a, "x", NULL, 0, on_answer, "0"), 0);
    assert_int_equal(call_within(a, "x", NULL, 10, on_answer, "10"), 0);
    loop_run(loop);
    assert_string_equal(trace, "0=ETIMEDOUT;10=ETIMEDOUT;20=ETIMEDOUT;");
    a = link_free(a);
    assert_string_equal(trace, "0=ETIMEDOUT;10=ETIMEDOUT;20=ETIMEDOUT;max=ECONNRESET;");
}

static void peer_death_ends_calls_then_tells(void **state)
{
    (void) state;
    assert_int_equal(call("keep", NULL, on_answer, "1"), 0);
    assert_int_equal(call("die", NULL, on_answer, "2"), 0);
    loop_run(loop);
    assert_null(b);
    assert_string_equal(trace, "keep die 1=ECONNRESET;2=ECONNRESET;a closed ECONNRESET;");
    assert_int_equal(call("x", json_object(), on_answer, "3"), -ENOTCONN);
    assert_int_equal(link_notify(a, "x", json_object()), -ENOTCONN);
    link_reply(kept, json_true()); /* of a link that is gone */
    kept = NULL;
}

static void free_sends_what_was_queued(void **state)
{
    (void) state;
    assert_int_equal(link_notify(a, "last", NULL), 0);
    a = link_free(a);
    loop_run(loop);
    assert_string_equal(trace, "last:-;b closed ECONNRESET;");
}

/* What the peer said before it went is heard, although it can be told nothing any more. */
static void last_words_are_heard(void **state)
{
    (void) state;
    assert_int_equal(link_notify(a, "never", NULL), 0);
    assert_int_equal(link_notify(b, "last", NULL), 0);
    assert_int_equal(link_notify(b, "words", NULL), 0);
    b = link_free(b);
    loop_run(loop);
    assert_string_equal(trace, "last:-;words:-;a closed ECONNRESET;");
}

static void on_answer_free(const struct link_answer *answer, void *arg)
{
    on_answer(answer, arg);
    a = link_free(a);
    loop_quit(loop, 0);
}

/* The link frees itself in the first continuation: the second runs inside that, and once. */
static void continuation_may_free(void **state)
{
    (void) state;
    assert_int_equal(call("empty", NULL, on_answer_free, "1"), 0);
    assert_int_equal(call("empty", NULL, on_answer_free, "2"), 0);
    loop_run(loop);
    assert_null(a);
    assert_string_equal(trace, "empty empty 1={};2=ECONNRESET;");
}

static void timeout_may_free(void **state)
{
    (void) state;
    assert_int_equal(call_within(a, "x", NULL, 0, on_answer_free, "1"), 0);
    assert_int_equal(call_within(a, "x", NULL, 0, on_answer_free, "2"), 0);
    loop_run(loop);
    assert_string_equal(trace, "1=ETIMEDOUT;2=ECONNRESET;");
}

/* ---- hostile bytes ---- */

static void send_raw(const char *header, const char *text)
{
    size_t len = strlen(text);
    uint8_t auto_header[4] = {0, 0, (uint8_t) (len >> 8), (uint8_t) len};

    assert_int_equal(write(raw, header ? header : (const char *) auto_header, 4), 4);
    assert_int_equal(write(raw, text, len), len);
}

static void wrong_bytes_end_the_link(void **state)
{
    static const struct {
        const char *header, *text, *error;
    } cases[] = {
        {"\0\0\0\0", "", "EMSGSIZE"},
        {"\0\x10\0\1", "", "EMSGSIZE"},
        {"\xff\xff\xff\xff", "{", "EMSGSIZE"},
        {NULL, "{", "EBADMSG"},
        {NULL, "{} {}", "EBADMSG"},
        {NULL, "[]", "EBADMSG"},
        {NULL, "{\"method\":\"x\"}", "EBADMSG"},
        {NULL, "{\"jsonrpc\":\"1.0\",\"method\":\"x\"}", "EBADMSG"},
        {NULL, "{\"jsonrpc\":\"2.0\",\"method\":5}", "EBADMSG"},
        {NULL, "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":5}", "EBADMSG"},
        {NULL, "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":null}", "EBADMSG"},
        {NULL, "{\"jsonrpc\":\"2.0\",\"id\":1}", "EBADMSG"},
        {NULL, "{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":1}", "EBADMSG"},
        {NULL, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1}}", "EBADMSG"},
        {NULL, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":9999999999,\"message\":\"\"}}",
         "EBADMSG"},
        {NULL, "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":1,\"method\":\"x\"}", "EBADMSG"},
        {NULL, "{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}", "EBADMSG"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char expected[64];

        assert_int_equal(setup_raw(state), 0);
        assert_int_equal(call("x", NULL, on_answer, "c"), 0);
        send_raw(cases[i].header, cases[i].text);
        loop_run(loop);
        snprintf(expected, sizeof(expected), "c=ECONNRESET;a closed %s;", cases[i].error);
        assert_string_equal(trace, expected);
        teardown(state);
    }
}

static void on_turn_over(struct loop_defer *d)
{
    loop_quit(d->loop, 0);
}

/* Deferred work runs behind the events at hand. */
static void turn_once(void)
{
    struct loop_defer d;

    loop_defer_init(&d, loop, on_turn_over);
    loop_defer_arm(&d);
    loop_run(loop);
    loop_defer_done(&d);
}

/* An answer to nothing is ignored (it may be late), and a message may come byte by byte. */
static void bytes_may_trickle(void **state)
{
    static const char text[] = "{\"jsonrpc\":\"2.0\",\"method\":\"quit\"}";

    (void) state;
    send_raw(NULL, "{\"jsonrpc\":\"2.0\",\"id\":77,\"result\":1}");
    assert_int_equal(write(raw, "\0\0", 2), 2);
    turn_once();
    assert_int_equal(write(raw, (char[]){0, sizeof(text) - 1}, 2), 2);
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        assert_string_equal(trace, "");
        assert_int_equal(write(raw, text + i, 1), 1);
        turn_once();
    }
    assert_string_equal(trace, "quit:-;");
}

#define REQUESTS_MAX 4096

static struct link_request *hoard[REQUESTS_MAX];
static unsigned n_hoard;

static void on_hoard(struct link *k, const char *method, json_t *params, struct link_request *rq,
                     void *arg)
{
    (void) k;
    (void) method;
    (void) params;
    (void) arg;
    assert_true(n_hoard < REQUESTS_MAX);
    hoard[n_hoard++] = rq;
}

static void unanswered_requests_are_limited(void **state)
{
    const struct link_handlers hoarding = {.on_request = on_hoard};
    int fds[2];

    (void) state;
    assert_int_equal(make_pair(fds), 0);
    n_hoard = 0;
    assert_int_equal(new_link(fds[0], &handlers, "a", &a), 0);
    assert_int_equal(new_link(fds[1], &hoarding, NULL, &b), 0);
    for (int i = 0; i < REQUESTS_MAX; i++)
        assert_int_equal(call("x", NULL, on_answer, "in"), 0);
    assert_int_equal(call("x", NULL, on_last_answer, "over"), 0);
    loop_run(loop);
    assert_int_equal(n_hoard, REQUESTS_MAX);
    assert_string_equal(trace, "over=-32000 too many unanswered requests;");
    link_reply(hoard[0], NULL); /* makes room for one more */
    hoard[0] = hoard[--n_hoard];
    assert_int_equal(call("x", NULL, on_answer, "in"), 0);
    turn_once();
    turn_once();
    turn_once();
    assert_int_equal(n_hoard, REQUESTS_MAX);
    a = link_free(a);
    b = link_free(b);
    while (n_hoard > 0)
        link_reply(hoard[--n_hoard], NULL);
}

/* A peer that reads nothing: the queue has a limit, the link ends, every call is ended once. */
static void slow_reader_is_cut_off(void **state)
{
    char *text = malloc(500001);
    int n = 0;
    int n_ended = 0;
    int r;

    (void) state;
    memset(text, 'x', 500000);
    text[500000] = '\0';
    while ((r = call("x", json_pack("[s]", text), on_answer, NULL)) == 0)
        n++;
    assert_int_equal(r, -ENOBUFS);
    assert_int_equal(n, LINK_QUEUE_MAX / 500046);
    assert_string_equal(trace, ""); /* nobody is told inside link_call() */
    loop_run(loop);
    for (const char *p = trace; (p = strstr(p, "ECONNRESET;")); p++)
        n_ended++;
    assert_int_equal(n_ended, n);
    assert_non_null(strstr(trace, "a closed ENOBUFS;"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(calls_are_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(notifications_keep_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(both_ends_call, setup, teardown),
        cmocka_unit_test_setup_teardown(large_messages_pass, setup, teardown),
        cmocka_unit_test_teardown(without_handlers_requests_are_refused, teardown),
        cmocka_unit_test_setup_teardown(silent_peer_times_out, setup_raw, teardown),
        cmocka_unit_test_setup_teardown(peer_death_ends_calls_then_tells, setup, teardown),
        cmocka_unit_test_setup_teardown(free_sends_what_was_queued, setup, teardown),
        cmocka_unit_test_setup_teardown(last_words_are_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(continuation_may_free, setup, teardown),
        cmocka_unit_test_setup_teardown(timeout_may_free, setup_raw, teardown),
        cmocka_unit_test(wrong_bytes_end_the_link),
        cmocka_unit_test_setup_teardown(bytes_may_trickle, setup_raw, teardown),
        cmocka_unit_test_teardown(unanswered_requests_are_limited, teardown),
        cmocka_unit_test_setup_teardown(slow_reader_is_cut_off, setup_raw, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
