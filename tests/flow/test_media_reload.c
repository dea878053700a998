/* The media daemon on a control socket that it inherits; its configuration read again while media
 * flows. */
#include "media_kit.h"

#include "tests/lib/ask.h"
#include "tests/lib/free_port.h"

#include <signal.h>

#define PATIENCE_MS 20000

static uint16_t port_;

static void write_settings(const char *more)
{
    assert_int_equal(child_write(daemon_, "config",
                                 "control = \"/nonexistent/socket\";\nport = %u;\n%s", port_, more),
                     0);
}

static int setup(void **state)
{
    char path[CHILD_PATH_SIZE];
    int fd;

    (void) state;
    port_ = free_port_run(2);
    assert_int_equal(child_new("visavis-media", &daemon_), 0);
    fd = ask_listen_unix(child_path(daemon_, "control", path));
    assert_true(fd >= 0);
    assert_int_equal(child_give_socket(daemon_, fd, "media"), 0);
    write_settings("workers = 2;\n");
    begin_daemon();
    close(fd);
    return 0;
}

static int teardown(void **state)
{
    unlink(socket_path); /* who made it does so */
    return stop_daemon(state);
}

static void reload(const char *more)
{
    write_settings(more);
    assert_int_equal(kill(child_pid(daemon_), SIGHUP), 0);
    assert_int_equal(child_wait_ready(daemon_, PATIENCE_MS), 0);
}

/* Waits until the list of addresses is told that has this one, or has it not. */
static void expect_peer(const char *ip, bool wanted)
{
    json_t *m, *p;
    bool found;
    size_t i;

    while ((m = read_message(control_fd, WC_WAIT_MS))) {
        const char *method = json_string_value(json_object_get(m, "method"));

        found = false;
        json_array_foreach (json_object_get(json_object_get(m, "params"), "peers"), i, p)
            found = found || strcmp(json_string_value(json_object_get(p, "ip")), ip) == 0;
        if (method && strcmp(method, "peers") == 0 && found == wanted) {
            json_decref(m);
            return;
        }
        json_decref(m);
    }
    fail_msg("%s is%s among the addresses", ip, wanted ? " not" : "");
}

static void media_flows_on(void **state)
{
    struct wc *pub = connected_publisher(), *sub = connected_subscriber("a");
    uint8_t buf[2048];
    struct rtp p;

    (void) state;
    for (unsigned i = 0; i < 100; i++) {
        reload(i % 2 ? "public_name = \"203.0.113.7\";\nlog_level = \"debug\";\n"
                     : "public_ips = [\"203.0.113.8\", \"203.0.113.9\"];\nworkers = 1;\n");
        send_video(pub, (uint16_t) (100 + i), true);
        assert_true(wc_receive_rtp(sub, WC_WAIT_MS, buf, sizeof(buf), &p));
        assert_payload(&p, key_frame, sizeof(key_frame));
    }
    assert_true(child_has_logged(daemon_, "workers has changed"));
    assert_false(child_has_logged(daemon_, "not used"));
    wc_free(pub);
    wc_free(sub);
}

static void new_addresses_are_announced(void **state)
{
    (void) state;
    reload("public_ips = [\"203.0.113.8\"];\n");
    expect_peer("203.0.113.8", true);
    reload("public_name = \"203.0.113.7\";\n");
    expect_peer("203.0.113.7", true);
    /* A name that cannot be looked up, or not soon; then none. */
    reload("public_name = \"no.such.host.invalid\";\n");
    reload("");
    expect_peer("203.0.113.7", false);
}

static void a_wrong_file_changes_nothing(void **state)
{
    (void) state;
    write_settings("public_ips = [\"nonsense\"];\n");
    assert_int_equal(kill(child_pid(daemon_), SIGHUP), 0);
    assert_int_equal(child_wait_told(daemon_, "STATUS=0 rooms, 0 transports; the new configuration",
                                     PATIENCE_MS),
                     0);
    assert_int_equal(child_wait_ready(daemon_, PATIENCE_MS), 0);
    wc_free(connected_publisher());
}

/* What has been refused is not, once there may be more; what is there stays when there may be less.
 */
static void limits_change_at_once(void **state)
{
    struct wc *c = wc_new();
    char *offer = publisher_offer(c, "sendonly");

    (void) state;
    reload("max_streams = 1;\nmax_subscribers = 1;\n");
    call_and_forget("publish", publish_params("s", offer));
    assert_int_equal(call_error("publish", publish_params("t", offer)), 303);
    call_and_forget("offer", subscriber_params("a"));
    assert_int_equal(call_error("offer", subscriber_params("b")), 303);
    reload("max_streams = 2;\nmax_subscribers = 2;\n");
    call_and_forget("publish", publish_params("t", offer));
    call_and_forget("offer", subscriber_params("b"));
    reload("max_rooms = 1;\nmax_streams = 1;\n");
    call_and_forget("publish", publish_params("t", offer));
    assert_int_equal(call_error("publish", publish_params("u", offer)), 303);
    assert_int_equal(call_error("publish", json_pack("{s:s, s:s, s:s}", "room", "q", "stream", "s",
                                                     "offer", offer)),
                     303);
    assert_true(child_has_logged(daemon_, "MEDIA_MAX_PUBLISHERS"));
    assert_true(child_has_logged(daemon_, "MEDIA_MAX_ROOMS"));
    free(offer);
    wc_free(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(media_flows_on),
        TEST(new_addresses_are_announced),
        TEST(a_wrong_file_changes_nothing),
        TEST(limits_change_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
