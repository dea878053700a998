/* Asking the media daemon about endpoints: how many at a time, and what becomes of what is not
 * answered. */
#include "app_kit.h"

#include "signaling/endpoints.h"
#include "signaling/shapes.h"
#include "signaling/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WINDOW 32 /* as endpoints.c has it */

static json_t *facts; /* of the last gathering that ended */
static unsigned n_ended;

static int setup(void **state)
{
    (void) state;
    app_kit_start();
    n_ended = 0;
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    app_kit_stop();
    json_decref(facts);
    facts = NULL;
    return 0;
}

static void on_facts(json_t *got, void *arg)
{
    (void) arg;
    json_decref(facts);
    facts = got;
    n_ended++;
}

/* n who publish and watch all that were there before: n + n * (n - 1) / 2 endpoints. */
static struct session *crowd(const char *id, size_t n)
{
    struct session *s = app_kit_session(id);
    struct connection *c, *before;

    for (size_t i = 0; i < n; i++) {
        c = app_kit_connection(s);
        assert_int_equal(connection_activate(c, "", "p", ""), 0);
        stream_attach(stream_new(c->id, "CAMERA"), c);
        list_for_each (before, &s->participants, node) {
            if (before != c)
                assert_non_null(subscription_make(before->stream, c));
        }
    }
    return s;
}

/* Answers open call i; {"remoteSdp": the endpoint's name} when there is no error. */
static void answer(size_t i, int error)
{
    json_t *params = kit_calls[i].params;
    json_t *name = json_object_get(params, "stream");
    struct link_answer a = {.error = error, .code = 105, .message = "no"};

    if (!name)
        name = json_object_get(params, "subscriber");
    if (!error)
        a.result = json_pack("{s:O}", "remoteSdp", name);
    kit_calls[i].fn(&a, kit_calls[i].arg);
    kit_calls[i].fn = NULL;
    json_decref(a.result);
}

static size_t n_facts(const struct session *s)
{
    return json_object_size(json_object_get(facts, s->unique_id));
}

static void test_nothing_to_ask(void **state)
{
    struct session *s = app_kit_session("S");

    (void) state;
    assert_int_equal(endpoints_ask(&app, s, on_facts, NULL), 0);
    assert_int_equal(n_ended, 1);
    assert_int_equal(json_object_size(facts), 0);
    assert_int_equal(endpoints_ask(&app, NULL, on_facts, NULL), 0);
    assert_int_equal(n_ended, 2);
}

static void test_a_few_at_a_time(void **state)
{
    struct session *s = crowd("S", 8);
    struct connection *c;

    (void) state;
    crowd("T", 2);
    assert_int_equal(endpoints_ask(&app, s, on_facts, NULL), 0);
    assert_int_equal(kit_n_calls, WINDOW);
    assert_string_equal(kit_calls[0].method, "describe");
    for (size_t i = 0; i < 36; i++) {
        assert_int_equal(n_ended, 0);
        answer(i, 0);
    }
    assert_int_equal(n_ended, 1);
    assert_int_equal(kit_n_calls, 36); /* and none of T */
    assert_int_equal(n_facts(s), 36);
    c = list_first(&s->participants, struct connection, node);
    assert_string_equal(
        json_string_value(json_object_get(
            json_object_get(json_object_get(facts, s->unique_id), c->stream->id), "remoteSdp")),
        c->stream->id);
}

static void test_all_sessions(void **state)
{
    struct session *s = crowd("S", 2), *t = crowd("T", 3);

    (void) state;
    assert_int_equal(endpoints_ask(&app, NULL, on_facts, NULL), 0);
    assert_int_equal(kit_n_calls, 9);
    for (size_t i = 0; i < 9; i++)
        answer(i, 0);
    assert_int_equal(n_ended, 1);
    assert_int_equal(n_facts(s), 3);
    assert_int_equal(n_facts(t), 6);
}

static void test_what_has_just_gone_is_left_out(void **state)
{
    struct session *s = crowd("S", 2);

    (void) state;
    assert_int_equal(endpoints_ask(&app, s, on_facts, NULL), 0);
    answer(0, 0);
    answer(1, -EREMOTEIO);
    answer(2, 0);
    assert_int_equal(n_ended, 1);
    assert_int_equal(n_facts(s), 2);
}

static void test_sessions_end_meanwhile(void **state)
{
    struct session *s = crowd("S", 2);

    (void) state;
    assert_int_equal(endpoints_ask(&app, NULL, on_facts, NULL), 0);
    session_free(s);
    for (size_t i = 0; i < 3; i++)
        answer(i, 0);
    assert_int_equal(n_ended, 1);
}

static void test_the_link_breaks(void **state)
{
    struct session *s = crowd("S", 9); /* 45 */

    (void) state;
    assert_int_equal(endpoints_ask(&app, s, on_facts, NULL), 0);
    answer(0, 0);
    assert_int_equal(kit_n_calls, WINDOW + 1);
    for (size_t i = 1; i < WINDOW + 1; i++)
        answer(i, -ECONNRESET);
    assert_int_equal(kit_n_calls, WINDOW + 1); /* no more are asked */
    assert_int_equal(n_ended, 1);
    assert_int_equal(n_facts(s), 1);
}

static void test_no_media_daemon(void **state)
{
    struct session *s = crowd("S", 2);

    (void) state;
    kit_media_ready = false;
    assert_int_equal(endpoints_ask(&app, s, on_facts, NULL), 0);
    assert_int_equal(n_ended, 1);
    assert_int_equal(json_object_size(facts), 0);
}

static void test_too_many_ask(void **state)
{
    struct session *s = crowd("S", 1);

    (void) state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(endpoints_ask(&app, s, on_facts, NULL), 0);
    assert_int_equal(endpoints_ask(&app, s, on_facts, NULL), -EBUSY);
    answer(0, 0);
    assert_int_equal(n_ended, 1);
    assert_int_equal(endpoints_ask(&app, s, on_facts, NULL), 0);
    for (size_t i = 1; i < 5; i++)
        answer(i, 0);
    assert_int_equal(n_ended, 5);
}

/* ---- their shape ---- */

static json_t *stats_of(json_t *described, const struct blob *trickled)
{
    json_t *endpoints = json_pack("{s:{s:o}}", "room", "endpoint", described);
    struct shape_options o = {.webrtc_stats = true, .endpoints = endpoints};
    json_t *j = json_object();

    shape_add_stats(j, &o, "room", "endpoint", trickled);
    json_decref(endpoints);
    return j;
}

static const char *text_of(json_t *j, const char *key)
{
    return json_string_value(json_object_get(j, key));
}

#define SEEN "candidate:1 1 udp 5 192.0.2.7 40001 typ prflx"
#define TOLD "candidate:9 1 udp 7 192.0.2.7 40001 typ srflx raddr 10.0.0.1 rport 5"

static void test_the_selected_candidate(void **state)
{
    struct blob trickled = trickle_init();
    json_t *j;

    (void) state;
    trickle_add(&trickled, "candidate:9 1 udp 7 192.0.2.7 40002 typ host", "0", 0);
    j = stats_of(json_pack("{s:s}", "remoteCandidate", SEEN), &trickled);
    assert_string_equal(text_of(j, "remoteCandidate"), SEEN);
    assert_int_equal(json_array_size(json_object_get(j, "clientIceCandidates")), 1);
    json_decref(j);
    trickle_add(&trickled, TOLD, "0", 0);
    j = stats_of(json_pack("{s:s}", "remoteCandidate", SEEN), &trickled);
    assert_string_equal(text_of(j, "remoteCandidate"), TOLD);
    json_decref(j);
    blob_clear(&trickled);

    /* told in the SDP */
    j = stats_of(json_pack("{s:s,s:[{s:s}]}", "remoteCandidate", SEEN, "clientCandidates",
                           "candidate", TOLD),
                 &trickled);
    assert_string_equal(text_of(j, "remoteCandidate"), TOLD);
    json_decref(j);

    /* nothing that a client could not read */
    j = stats_of(json_pack("{s:s}", "remoteCandidate", "nonsense"), &trickled);
    assert_true(json_is_null(json_object_get(j, "remoteCandidate")));
    json_decref(j);
    j = stats_of(json_object(), &trickled);
    assert_true(json_is_null(json_object_get(j, "remoteCandidate")));
    assert_true(json_is_null(json_object_get(j, "remoteSdp")));
    assert_int_equal(json_array_size(json_object_get(j, "events")), 0);
    assert_true(json_is_null(json_object_get(j, "stats")));
    json_decref(j);
    j = stats_of(json_pack("{s:{s:i}}", "figures", "rttMs", 21), &trickled);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "stats"), "rttMs")), 21);
    json_decref(j);
}

static void test_trickled_candidates(void **state)
{
    struct blob t = trickle_init();
    char longest[600];
    json_t *list = json_array();

    (void) state;
    trickle_put(&t, list);
    assert_int_equal(json_array_size(list), 0);
    trickle_add(&t, "", "0", 0);               /* the end of candidates */
    trickle_add(&t, "no candidate", "0", 0);   /* … */
    trickle_add(&t, "candidate:1\n1", "0", 0); /* lines are ours */
    trickle_add(&t, "candidate:1", "", 0);     /* without a mid */
    trickle_add(&t, "candidate:1", "a b", 0);  /* no token */
    trickle_add(&t, "candidate:1", "0", -1);   /* no m-line */
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    memcpy(longest, "candidate:", 10);
    trickle_add(&t, longest, "0", 0);
    assert_int_equal(t.len, 0);
    trickle_add(&t, "candidate:1 1 udp", "audio", 0);
    trickle_add(&t, "candidate:2", "1", 1);
    trickle_put(&t, list);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(text_of(json_array_get(list, 0), "candidate"), "candidate:1 1 udp");
    assert_string_equal(text_of(json_array_get(list, 0), "sdpMid"), "audio");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 1), "sdpMLineIndex")),
                     1);
    for (int i = 0; i < 1000; i++)
        trickle_add(&t, "candidate:1 1 udp 2113937151 192.0.2.1 40000 typ host", "0", 0);
    assert_true(t.len <= 4096);
    json_decref(list);
    blob_clear(&t);
}

static void assert_blob(const struct blob *b, const char *expected)
{
    assert_int_equal(b->len, strlen(expected));
    if (b->len > 0)
        assert_memory_equal(b->p, expected, b->len);
}

static void append_text(const char *candidate, void *arg)
{
    strcat(arg, candidate);
    strcat(arg, ";");
}

static void test_early_candidates(void **state)
{
    struct blob early = trickle_init(), to = trickle_init();
    char text[64] = "", longest[200];

    (void) state;
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    trickle_early_add(&early, "", "candidate:1", "0", 0);
    trickle_early_add(&early, "a b", "candidate:1", "0", 0);
    trickle_early_add(&early, longest, "candidate:1", "0", 0);
    trickle_early_add(&early, "con_A", "", "0", 0);
    assert_int_equal(early.len, 0);
    trickle_early_copy(&early, "con_A", &to);
    trickle_early_remove(&early, "con_A");

    trickle_early_add(&early, "con_A", "candidate:1", "0", 0);
    trickle_early_add(&early, "con_AB", "candidate:2", "0", 0);
    trickle_early_add(&early, "con_A", "candidate:3", "1", 1);
    trickle_early_copy(&early, "con_A", &to);
    assert_blob(&to, "0 0 candidate:1\n1 1 candidate:3\n");
    trickle_each(&to, append_text, text);
    assert_string_equal(text, "candidate:1;candidate:3;");
    trickle_early_remove(&early, "con_A");
    assert_blob(&early, "con_AB 0 0 candidate:2\n");
    trickle_early_remove(&early, "con_AB");
    assert_int_equal(early.len, 0);
    blob_clear(&early);
    blob_clear(&to);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_nothing_to_ask),
        UNIT(test_a_few_at_a_time),
        UNIT(test_all_sessions),
        UNIT(test_what_has_just_gone_is_left_out),
        UNIT(test_sessions_end_meanwhile),
        UNIT(test_the_link_breaks),
        UNIT(test_no_media_daemon),
        UNIT(test_too_many_ask),
        cmocka_unit_test(test_the_selected_candidate),
        cmocka_unit_test(test_trickled_candidates),
        cmocka_unit_test(test_early_candidates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
