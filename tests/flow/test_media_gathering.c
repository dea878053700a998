/* Requests that wait for candidates: of a TURN server that answers when the test wants it to, if at
 * all. */
#include "media_kit.h"

#define MAX_AGENTS 2
#define WORKERS 3        /* a room stays on one, which may have all the agents */
#define PATIENT_MS 60000 /* nothing here takes so long */
#define HASTY_MS 100
#define TRIES 500
#define TRY_US 20000
#define CANDIDATE "candidate:1 1 udp 2130706431 127.0.0.1 9 typ host"

static int silent_fd = -1; /* the TURN server */
static unsigned turn_port;

static int setup_with(int gathering_ms)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sin);

    silent_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(silent_fd, (struct sockaddr *) &sin, len), 0);
    assert_int_equal(getsockname(silent_fd, (struct sockaddr *) &sin, &len), 0);
    turn_port = ntohs(sin.sin_port);
    assert_int_equal(media_daemon_new(&daemon_, WORKERS,
                                      "ice = \"agent\";\nmax_agents = %d;\ngathering_ms = %d;\n"
                                      "ice_servers = [\"url=turn:127.0.0.1:%u,username=u,"
                                      "credential=p\"];\n",
                                      MAX_AGENTS, gathering_ms, turn_port),
                     0);
    begin_daemon();
    return 0;
}

static int setup(void **state)
{
    (void) state;
    return setup_with(PATIENT_MS);
}

static int setup_hasty(void **state)
{
    (void) state;
    return setup_with(HASTY_MS);
}

static int teardown(void **state)
{
    close(silent_fd);
    return stop_daemon(state);
}

/* ---- the TURN server ---- */

/* One request is answered: there is no relay to be had (RFC 8656 section 7.2). */
static void refuse_relay(void)
{
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    uint8_t buf[2048], answer[200];
    struct wr w = wr_init(answer, sizeof(answer));
    size_t answer_len;
    struct stun m;
    ssize_t n = recvfrom(silent_fd, buf, sizeof(buf), 0, (struct sockaddr *) &from, &len);

    assert_true(n > 0);
    assert_int_equal(stun_decode(bytes_of(buf, (size_t) n), &m), 0);
    stun_begin(&w, STUN_ERROR, m.method, m.tid);
    stun_put_error(&w, 403, "");
    assert_int_equal(stun_finish(&w, &answer_len), 0);
    (void) !sendto(silent_fd, answer, answer_len, 0, (struct sockaddr *) &from, len);
}

/* All of them, until the daemon says something. */
static void refuse_relays(void)
{
    struct pollfd p[] = {{.fd = control_fd, .events = POLLIN}, {.fd = silent_fd, .events = POLLIN}};

    do {
        if (poll(p, 2, WC_WAIT_MS) <= 0)
            fail_msg("the gathering does not end");
        if (p[1].revents)
            refuse_relay();
    } while (!p[0].revents);
}

/* ---- requests ---- */

static int begin(const char *method, json_t *params)
{
    int id = ++next_id;

    write_message(control_fd, json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", id,
                                        "method", method, "params", params));
    return id;
}

/* The answer that comes next. */
static json_t *next_answer(void)
{
    json_t *m;

    while ((m = read_message(control_fd, WC_WAIT_MS)) && !json_object_get(m, "id"))
        json_decref(m);
    assert_non_null(m);
    return m;
}

static int id_of(const json_t *answer)
{
    return (int) json_integer_value(json_object_get(answer, "id"));
}

/* The answer that comes next, which must be that of this call: a result, or NULL for an error. */
static json_t *expect_answer(int id)
{
    json_t *m = next_answer(), *result;

    assert_int_equal(id_of(m), id);
    result = json_incref(json_object_get(m, "result"));
    json_decref(m);
    return result;
}

static void expect_refusal(int id)
{
    assert_null(expect_answer(id));
}

static void expect_success(int id)
{
    json_t *result = expect_answer(id);

    assert_non_null(result);
    json_decref(result);
}

static int begin_publish(const char *stream)
{
    struct wc *c = wc_new();
    char *offer = publisher_offer(c, "sendonly");
    int id = begin("publish", publish_params(stream, offer));

    free(offer);
    wc_free(c);
    return id;
}

/* Of one that waits now: agents of requests before may be about to go, and count until then. */
static int begin_waiting(const char *stream)
{
    for (unsigned i = 0; i < TRIES; i++) {
        int publish = begin_publish(stream), stats = begin("stats", json_object());
        json_t *first = next_answer(), *error = json_object_get(first, "error");
        bool waits = id_of(first) == stats;

        if (!waits) {
            assert_int_equal(id_of(first), publish);
            assert_non_null(
                strstr(json_string_value(json_object_get(error, "message")), "MEDIA_MAX_AGENTS"));
            expect_success(stats);
            usleep(TRY_US);
        }
        json_decref(first);
        if (waits)
            return publish;
    }
    fail_msg("the agents of requests before are still there");
    return 0;
}

static json_t *of_stream(const char *stream)
{
    return json_pack("{s:s, s:s}", "room", "r", "stream", stream);
}

/* With the url of the server and the name of the setting, and no credentials. */
static void assert_told_of_server(const char *what)
{
    char text[128];

    snprintf(text, sizeof(text), "MEDIA_ICE_SERVERS: turn:127.0.0.1:%u %s", turn_port, what);
    if (!child_has_logged(daemon_, text))
        fail_msg("not logged: %s", text);
}

static void goes_on_with_what_is_there(void **state)
{
    json_t *result = expect_answer(begin_publish("s"));
    const char *sdp = json_string_value(json_object_get(result, "answer"));

    (void) state;
    assert_non_null(sdp);
    assert_non_null(strstr(sdp, "typ host"));
    assert_null(strstr(sdp, "typ relay"));
    assert_null(strstr(sdp, "a=ice-lite"));
    assert_told_of_server("did not answer within");
    json_decref(result);
}

/* An agent has sockets of its own: what comes to the worker's is not for it. */
static void its_credentials_open_no_other_door(void **state)
{
    json_t *result = expect_answer(begin_publish("s")), *stats = call("stats", json_object());
    json_t *w = json_array_get(json_object_get(stats, "workers"), 0);
    struct wc *c = wc_new();
    const struct sdp_media *m = &wc_remote.media[0];

    (void) state;
    assert_int_equal(sdp_decode(bytes_str(json_string_value(json_object_get(result, "answer"))),
                                &wc_remote, NULL),
                     0);
    snprintf(c->remote_ufrag, sizeof(c->remote_ufrag), "%.*s", (int) m->ufrag.len, m->ufrag.p);
    snprintf(c->remote_pwd, sizeof(c->remote_pwd), "%.*s", (int) m->pwd.len, m->pwd.p);
    assert_int_equal(addr_parse_ip("127.0.0.1",
                                   (uint16_t) json_integer_value(json_object_get(w, "port")),
                                   &c->server),
                     0);
    wc_dial(c, &c->server, false);
    assert_false(wc_check(c, c->remote_pwd, true, WC_QUIET_MS));
    json_decref(stats);
    json_decref(result);
    wc_free(c);
}

static void taken_back(void **state)
{
    int publish = begin_waiting("s"), other;

    (void) state;
    other = begin_publish("s"); /* a client that tries again */
    expect_refusal(publish);
    publish = other;
    other = begin("unpublish", of_stream("s"));
    expect_refusal(publish);
    expect_success(other);

    publish = begin_waiting("s");
    other = begin("closeRoom", json_pack("{s:s}", "room", "r"));
    expect_refusal(publish);
    expect_success(other);

    publish = begin_waiting("s");
    other = begin("sync", json_pack("{s:{}}", "rooms"));
    expect_refusal(publish);
    expect_success(other);

    (void) begin_waiting("s"); /* no agent of theirs is left */
    (void) begin_waiting("t");
}

static void others_do_not_wait(void **state)
{
    int publish = begin_waiting("s");

    (void) state;
    expect_success(begin("stats", json_object()));
    expect_success(begin("trickle", json_pack("{s:s, s:s, s:s}", "room", "r", "stream", "s",
                                              "candidate", CANDIDATE)));
    expect_success(begin("trickle", json_pack("{s:s, s:s, s:s}", "room", "r", "stream", "s",
                                              "candidate", "nonsense")));
    expect_success(begin("trickle", json_pack("{s:s, s:s, s:s}", "room", "r", "subscriber",
                                              "nobody", "candidate", CANDIDATE)));
    expect_success(begin("unpublish", of_stream("another")));
    expect_refusal(begin("describe", of_stream("s")));
    refuse_relays();
    expect_success(publish);
    expect_success(begin("trickle", json_pack("{s:s, s:s, s:s}", "room", "r", "stream", "s",
                                              "candidate", CANDIDATE)));
    assert_false(child_has_logged(daemon_, "did not answer within"));
    assert_told_of_server("gave no candidate");
}

static void no_more_than_allowed(void **state)
{
    int publish[MAX_AGENTS];
    const char *const names[MAX_AGENTS] = {"a", "b"};

    (void) state;
    for (unsigned i = 0; i < MAX_AGENTS; i++)
        publish[i] = begin_publish(names[i]);
    expect_refusal(begin_publish("c"));
    for (unsigned i = 0; i < MAX_AGENTS; i++) { /* in any order */
        json_t *m;

        refuse_relays();
        m = next_answer();
        assert_non_null(json_object_get(m, "result"));
        assert_true(id_of(m) == publish[0] || id_of(m) == publish[1]);
        json_decref(m);
    }
    expect_refusal(begin_publish("c")); /* they are in use */
    call_and_forget("closeRoom", json_pack("{s:s}", "room", "r"));
    for (unsigned i = 0; i < MAX_AGENTS; i++)
        (void) begin_waiting(names[i]);
}

static void the_daemon_ends_meanwhile(void **state)
{
    (void) state;
    (void) begin_waiting("s");
    assert_int_equal(child_stop(daemon_), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(goes_on_with_what_is_there, setup_hasty, teardown),
        cmocka_unit_test_setup_teardown(its_credentials_open_no_other_door, setup_hasty, teardown),
        TEST(taken_back),
        TEST(others_do_not_wait),
        TEST(no_more_than_allowed),
        TEST(the_daemon_ends_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
