/* media_control.h: the signaling daemon's end of the media daemon's control socket
 * (link/media_api.h), blocking. */
#pragma once

#include "webrtc_client.h"

#include <jansson.h>
#include <sys/un.h>

static char socket_path[108];
static int control_fd = -1;
static int next_id;
static json_t *notes; /* notifications that came while something else was awaited */

static inline int connect_control(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(to.sun_path, sizeof(to.sun_path), "%s", socket_path);
    for (unsigned i = 0; i < 500; i++) {
        if (connect(fd, (struct sockaddr *) &to, sizeof(to)) == 0)
            return fd;
        usleep(20000);
    }
    fail_msg("the daemon does not listen");
    return -1;
}

static inline json_t *read_message(int fd, int wait_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    uint8_t head[4];
    size_t len, at = 0;
    json_t *m;
    char *text;

    if (poll(&p, 1, wait_ms) != 1 || recv(fd, head, 4, MSG_WAITALL) != 4)
        return NULL;
    len = (size_t) head[0] << 24 | (size_t) head[1] << 16 | (size_t) head[2] << 8 | head[3];
    text = malloc(len);
    assert_non_null(text);
    while (at < len) {
        ssize_t n = recv(fd, text + at, len - at, 0);

        assert_true(n > 0);
        at += (size_t) n;
    }
    m = json_loadb(text, len, 0, NULL);
    free(text);
    assert_non_null(m);
    return m;
}

static inline void write_message(int fd, json_t *m)
{
    char *text = json_dumps(m, JSON_COMPACT);
    size_t len = strlen(text);
    uint8_t head[4] = {(uint8_t) (len >> 24), (uint8_t) (len >> 16), (uint8_t) (len >> 8),
                       (uint8_t) len};

    assert_int_equal(send(fd, head, 4, MSG_NOSIGNAL), 4);
    assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t) len);
    free(text);
    json_decref(m);
}

/* The whole answer. */
static inline json_t *call_on(int fd, const char *method, json_t *params)
{
    int id = ++next_id;
    json_t *m;

    write_message(fd, json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", id, "method",
                                method, "params", params));
    while ((m = read_message(fd, WC_WAIT_MS))) {
        if (json_integer_value(json_object_get(m, "id")) == id)
            return m;
        json_array_append_new(notes, m);
    }
    fail_msg("no answer to %s", method);
    return NULL;
}

static inline json_t *call(const char *method, json_t *params)
{
    json_t *m = call_on(control_fd, method, params);
    json_t *result = json_incref(json_object_get(m, "result"));

    if (!result)
        print_message("%s: %s\n", method, json_dumps(json_object_get(m, "error"), 0));
    assert_non_null(result);
    json_decref(m);
    return result;
}

static inline void call_and_forget(const char *method, json_t *params)
{
    json_decref(call(method, params));
}

static inline json_int_t call_error(const char *method, json_t *params)
{
    json_t *m = call_on(control_fd, method, params);
    json_int_t code = json_integer_value(json_object_get(json_object_get(m, "error"), "code"));

    json_decref(m);
    return code;
}

static inline bool is_note(const json_t *m, const char *key, const char *id, const char *state)
{
    json_t *params = json_object_get(m, "params");
    const char *of = json_string_value(json_object_get(params, key));
    const char *is = json_string_value(json_object_get(params, "state"));

    return of && is && strcmp(of, id) == 0 && strcmp(is, state) == 0;
}

/* Waits until a transport's state is told. */
static inline void expect_state(const char *key, const char *id, const char *state)
{
    json_t *m;
    size_t i;

    json_array_foreach (notes, i, m) {
        if (is_note(m, key, id, state)) {
            json_array_remove(notes, i);
            return;
        }
    }
    while ((m = read_message(control_fd, WC_WAIT_MS))) {
        bool found = is_note(m, key, id, state);

        json_decref(m);
        if (found)
            return;
    }
    fail_msg("%s %s did not become %s", key, id, state);
}

static inline void say_hello(void)
{
    control_fd = connect_control();
    call_and_forget("hello", json_pack("{s:s, s:s}", "client", "signaling", "instance", "t"));
    call_and_forget("sync", json_pack("{s:{}}", "rooms"));
}

static inline void control_begin(const char *path)
{
    snprintf(socket_path, sizeof(socket_path), "%s", path);
    notes = json_array();
    say_hello();
}

static inline void control_end(void)
{
    close(control_fd);
    json_decref(notes);
}
