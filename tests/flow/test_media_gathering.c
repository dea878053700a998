/* Requests that wait for candidates: with a TURN server that never answers, they do so until their
 * time is over, and may be taken back meanwhile. */
#include "media_kit.h"

#include "tests/lib/child.h"

#define MAX_AGENTS 2
#define CANDIDATE "candidate:1 1 udp 2130706431 127.0.0.1 9 typ host"

static struct child *daemon_;
static int silent_fd; /* the TURN server */

static int setup(void **state)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sin);
    char path[CHILD_PATH_SIZE];

    (void) state;
    assert_int_equal(srtp_transport_global_init(), 0);
    notes = json_array();
    silent_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(silent_fd, (struct sockaddr *) &sin, len), 0);
    assert_int_equal(getsockname(silent_fd, (struct sockaddr *) &sin, &len), 0);
    assert_int_equal(child_new("visavis-media", &daemon_), 0);
    snprintf(socket_path, sizeof(socket_path), "%s", child_path(daemon_, "control", path));
    assert_int_equal(child_write(daemon_, "config",
                                 "control = \"%s\";\nport = %u;\nport_search = true;\n"
                                 "workers = 1;\nice = \"agent\";\nmax_agents = %d;\n"
                                 "ice_servers = [\"url=turn:127.0.0.1:%u,username=u,"
                                 "credential=p\"];\n",
                                 socket_path, 20000 + rnd_u32() % 9000, MAX_AGENTS,
                                 ntohs(sin.sin_port)),
                     0);
    assert_int_equal(child_start_daemon(daemon_, "visavis-media"), 0);
    say_hello();
    return 0;
}

static int teardown(void **state)
{
    int r = child_stop(daemon_);

    (void) state;
    close(control_fd);
    close(silent_fd);
    daemon_ = child_free(daemon_);
    json_decref(notes);
    return r;
}

static int begin(const char *method, json_t *params)
{
    int id = ++next_id;

    write_message(control_fd, json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", id,
                                        "method", method, "params", params));
    return id;
}

/* The answer that comes next, which must be that of this call: a result, or NULL for an error. */
static json_t *expect_answer(int id)
{
    json_t *m, *result;

    while ((m = read_message(control_fd, WC_WAIT_MS)) && !json_object_get(m, "id"))
        json_decref(m);
    assert_non_null(m);
    assert_int_equal(json_integer_value(json_object_get(m, "id")), id);
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
    char *offer = wc_describe(c, &alice, "actpass", "sendonly", AUDIO_SSRC, VIDEO_SSRC);
    int id = begin("publish", publish_params(stream, offer));

    free(offer);
    wc_free(c);
    return id;
}

static json_t *of_stream(const char *stream)
{
    return json_pack("{s:s, s:s}", "room", "r", "stream", stream);
}

/* Until the agents of tests before have gone. */
static void await_agents(void)
{
    json_t *result;

    do {
        result = expect_answer(begin_publish("probe"));
        expect_success(begin("unpublish", of_stream("probe")));
    } while (!result);
    json_decref(result);
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
    assert_true(child_has_logged(daemon_, "did not answer within"));
    json_decref(result);
    call_and_forget("unpublish", of_stream("s"));
    await_agents();
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
    call_and_forget("unpublish", of_stream("s"));
    await_agents();
}

static void taken_back(void **state)
{
    int publish, other;

    (void) state;
    publish = begin_publish("s");
    other = begin("unpublish", of_stream("s"));
    expect_refusal(publish);
    expect_success(other);
    await_agents();

    publish = begin_publish("s");
    other = begin("closeRoom", json_pack("{s:s}", "room", "r"));
    expect_refusal(publish);
    expect_success(other);
    await_agents();

    publish = begin_publish("s");
    other = begin_publish("s"); /* a client that tries again */
    expect_refusal(publish);
    expect_success(other);
    call_and_forget("closeRoom", json_pack("{s:s}", "room", "r"));
    await_agents();

    publish = begin_publish("s");
    other = begin("sync", json_pack("{s:{}}", "rooms"));
    expect_refusal(publish);
    expect_success(other);
    await_agents();
}

static void others_do_not_wait(void **state)
{
    int publish = begin_publish("s");

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
    expect_success(publish);
    expect_success(begin("trickle", json_pack("{s:s, s:s, s:s}", "room", "r", "stream", "s",
                                              "candidate", CANDIDATE)));
    call_and_forget("closeRoom", json_pack("{s:s}", "room", "r"));
    await_agents();
}

static void no_more_than_allowed(void **state)
{
    int publish[MAX_AGENTS], one_more;
    const char *const names[MAX_AGENTS] = {"a", "b"};

    (void) state;
    await_agents();
    for (unsigned i = 0; i < MAX_AGENTS; i++)
        publish[i] = begin_publish(names[i]);
    one_more = begin_publish("c");
    expect_refusal(one_more);
    for (unsigned i = 0; i < MAX_AGENTS; i++)
        expect_success(publish[i]);
    call_and_forget("closeRoom", json_pack("{s:s}", "room", "r"));
    await_agents();
}

static void the_daemon_ends_meanwhile(void **state)
{
    int publish = begin_publish("s");

    (void) state;
    expect_success(begin("stats", json_object())); /* it has come */
    assert_int_equal(child_stop(daemon_), 0);
    (void) publish;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_with_what_is_there),
        cmocka_unit_test(its_credentials_open_no_other_door),
        cmocka_unit_test(taken_back),
        cmocka_unit_test(others_do_not_wait),
        cmocka_unit_test(no_more_than_allowed),
        cmocka_unit_test(the_daemon_ends_meanwhile),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
