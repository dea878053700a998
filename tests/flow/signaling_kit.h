/* signaling_kit.h: the real signaling daemon as a child on Unix sockets, with a played media
 * daemon, and HTTP and WebSocket clients that block. */
#pragma once

#include "signaling_media.h"

#define KIT_AUTH "Authorization: Basic T1BFTlZJRFVBUFA6TVlfU0VDUkVU\r\n"

/* ---- the daemon ---- */

static void kit_exec(const struct kit *k)
{
    char program[4096], config[128];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 64);
    char *slash;

    program[len > 0 ? len : 0] = '\0';
    for (int i = 0; i < 3 && (slash = strrchr(program, '/')); i++)
        *slash = '\0';
    strcat(program, "/bin/visavis-signaling");
    snprintf(config, sizeof(config), "%s/signaling.cfg", k->dir);
    execl(program, program, "--config", config, (char *) NULL);
    _exit(127);
}

static bool kit_is_up(const struct kit *k)
{
    for (int i = 0; i < KIT_PATIENCE_MS / 10; i++) {
        int fd = kit_connect(k->api);

        if (fd >= 0) {
            close(fd);
            return true;
        }
        usleep(10000);
    }
    return false;
}

/* settings: more lines of the configuration. */
static void kit_write_config(const struct kit *k, const char *secret, const char *settings)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/signaling.cfg", k->dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f,
            "listen = [\"unix:%s\"];\npublic_url = \"https://calls.example.org:4443\";\n"
            "secret = \"%s\";\nmedia_control = \"%s\";\n%s",
            k->api, secret, k->control, settings);
    fclose(f);
}

static struct kit *kit_start(const char *settings)
{
    struct kit *k = calloc(1, sizeof(*k));

    strcpy(k->dir, "/tmp/visavis-signaling-XXXXXX");
    assert_non_null(mkdtemp(k->dir));
    snprintf(k->api, sizeof(k->api), "%s/api", k->dir);
    snprintf(k->control, sizeof(k->control), "%s/media", k->dir);
    media_start(k);
    kit_write_config(k, "MY_SECRET", settings);
    k->pid = fork();
    if (k->pid == 0)
        kit_exec(k);
    assert_true(kit_is_up(k));
    json_decref(kit_call(k, "sync", 0));
    return k;
}

static void kit_stop(struct kit *k)
{
    char path[128];
    int status;

    kill(k->pid, SIGTERM);
    assert_int_equal(waitpid(k->pid, &status, 0), k->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    shutdown(k->listener, SHUT_RDWR);
    pthread_join(k->thread, NULL);
    close(k->listener);
    snprintf(path, sizeof(path), "%s/signaling.cfg", k->dir);
    unlink(path);
    unlink(k->api);
    unlink(k->control);
    rmdir(k->dir);
    json_decref(k->calls);
    json_decref(k->missing);
    json_decref(k->held);
    free(k);
}

/* ---- HTTP ---- */

/* The status; *ret_body (may be NULL) gets the JSON body or NULL, *ret_head the head's text. */
static unsigned kit_request(struct kit *k, const char *method, const char *path,
                            const char *headers, const char *body, json_t **ret_body,
                            char ret_head[static 2048])
{
    static char answer[1u << 20];
    int fd = kit_connect(k->api);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char *request, *end;
    size_t got = 0;
    ssize_t n = 1;
    int len;

    assert_true(fd >= 0);
    len = asprintf(&request,
                   "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %zu"
                   "\r\n\r\n%s",
                   method, path, headers, strlen(body), body);
    assert_true(len > 0 && kit_write(fd, request, (size_t) len));
    free(request);
    while (n > 0 && poll(&p, 1, KIT_PATIENCE_MS) > 0) {
        n = read(fd, answer + got, sizeof(answer) - 1 - got);
        got += n > 0 ? (size_t) n : 0;
    }
    close(fd);
    answer[got] = '\0';
    end = strstr(answer, "\r\n\r\n");
    assert_non_null(end);
    *end = '\0';
    snprintf(ret_head, 2048, "%.2000s", answer);
    if (ret_body)
        *ret_body = json_loads(end + 4, JSON_DECODE_ANY, NULL);
    return (unsigned) strtoul(answer + 9, NULL, 10);
}

/* An authorized request; *ret_body may be NULL. */
static unsigned kit_rest(struct kit *k, const char *method, const char *path, const char *body,
                         json_t **ret_body)
{
    char head[2048];
    char target[512];

    snprintf(target, sizeof(target), "/openvidu/api/%s", path);
    return kit_request(k, method, target,
                       *body ? KIT_AUTH "Content-Type: application/json\r\n" : KIT_AUTH, body,
                       ret_body, head);
}

static void kit_make_session(struct kit *k, const char *id)
{
    char body[128];

    snprintf(body, sizeof(body), "{\"customSessionId\":\"%s\"}", id);
    assert_int_equal(kit_rest(k, "POST", "sessions", body, NULL), 200);
}

/* The token of a new connection; free() it. */
static char *kit_make_token(struct kit *k, const char *session, const char *body)
{
    char path[256], *token;
    json_t *j;

    snprintf(path, sizeof(path), "sessions/%s/connection", session);
    assert_int_equal(kit_rest(k, "POST", path, body, &j), 200);
    token = strdup(json_string_value(json_object_get(j, "token")));
    json_decref(j);
    return token;
}

/* ---- WebSocket clients ---- */

struct peer {
    struct kit *kit;
    int fd;
    int next_id;
    json_t *notices; /* read while waiting for an answer */
    char id[128];    /* the connection id, after joining */
    char rpc_id[32];
    unsigned close_code;
    char close_reason[128];
    unsigned n_pongs;
};

static struct peer *peer_open(struct kit *k)
{
    static const char hello[] =
        "GET /openvidu?sessionId=x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "X-Real-IP: 203.0.113.9\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct peer *p = calloc(1, sizeof(*p));
    char tail[4] = "", byte = 0, status[13] = "";
    size_t n = 0;

    p->kit = k;
    p->notices = json_array();
    p->fd = kit_connect(k->api);
    assert_true(p->fd >= 0 && kit_write(p->fd, hello, sizeof(hello) - 1));
    while (memcmp(tail, "\r\n\r\n", 4) != 0) {
        assert_true(kit_read(p->fd, &byte, 1, KIT_PATIENCE_MS));
        memmove(tail, tail + 1, 3);
        tail[3] = byte;
        if (n < sizeof(status) - 1)
            status[n++] = byte;
    }
    assert_string_equal(status, "HTTP/1.1 101");
    return p;
}

static void peer_close(struct peer *p)
{
    close(p->fd);
    json_decref(p->notices);
    free(p);
}

/* A frame whose first byte is this. */
static void peer_send_part(struct peer *p, unsigned first, const void *data, size_t len)
{
    uint8_t *frame = malloc(len + 14);
    size_t n = 0;

    frame[n++] = (uint8_t) first;
    if (len < 126) {
        frame[n++] = (uint8_t) (0x80 | len);
    } else {
        bool wide = len > UINT16_MAX;

        frame[n++] = wide ? 0x80 | 127 : 0x80 | 126;
        for (int shift = wide ? 56 : 8; shift >= 0; shift -= 8)
            frame[n++] = (uint8_t) ((uint64_t) len >> shift);
    }
    memset(frame + n, 0, 4); /* a mask of zeros */
    n += 4;
    memcpy(frame + n, data, len);
    (void) kit_write(p->fd, frame, n + len);
    free(frame);
}

static void peer_send_frame(struct peer *p, uint8_t opcode, const void *data, size_t len)
{
    peer_send_part(p, 0x80u | opcode, data, len);
}

static void peer_send_text(struct peer *p, const char *text)
{
    peer_send_frame(p, 1, text, strlen(text));
}

/* The next frame; its payload, free() it. NULL: the connection has ended. */
static char *peer_read_frame(struct peer *p, unsigned *ret_opcode, size_t *ret_len)
{
    uint8_t head[10];
    uint64_t len;
    char *text;

    if (!kit_read(p->fd, head, 2, KIT_PATIENCE_MS))
        return NULL;
    len = head[1] & 0x7f;
    if (len >= 126) {
        size_t n = len == 126 ? 2 : 8;

        assert_true(kit_read(p->fd, head + 2, n, KIT_PATIENCE_MS));
        len = 0;
        for (size_t i = 0; i < n; i++)
            len = len << 8 | head[2 + i];
    }
    text = calloc(1, len + 1);
    assert_true(kit_read(p->fd, text, len, KIT_PATIENCE_MS));
    *ret_opcode = head[0] & 0x0f;
    *ret_len = len;
    return text;
}

/* The next message, or NULL when the server has closed (close_code and close_reason tell how). */
static json_t *peer_read(struct peer *p)
{
    unsigned opcode = 0;
    size_t len = 0;
    json_t *j;
    char *text = peer_read_frame(p, &opcode, &len);

    while (text && opcode == 10) {
        p->n_pongs++;
        free(text);
        text = peer_read_frame(p, &opcode, &len);
    }
    if (text && opcode == 8) {
        p->close_code = 1005; /* none */
        if (len >= 2)
            p->close_code = (unsigned) ((uint8_t) text[0] << 8 | (uint8_t) text[1]);
        snprintf(p->close_reason, sizeof(p->close_reason), "%s", len > 2 ? text + 2 : "");
        free(text);
        return NULL;
    }
    j = text ? json_loads(text, 0, NULL) : NULL;
    if (text)
        assert_non_null(j);
    free(text);
    return j;
}

static int peer_send(struct peer *p, const char *method, json_t *params)
{
    json_t *m = json_pack("{s:s,s:s,s:o?,s:i}", "jsonrpc", "2.0", "method", method, "params",
                          params, "id", p->next_id);
    char *text = json_dumps(m, JSON_COMPACT);

    peer_send_text(p, text);
    free(text);
    json_decref(m);
    return p->next_id++;
}

/* The whole answer; notifications that come before it are kept. */
static json_t *peer_answer(struct peer *p, int id)
{
    json_t *j;

    while ((j = peer_read(p))) {
        if (!json_object_get(j, "method")) {
            assert_int_equal(json_integer_value(json_object_get(j, "id")), id);
            assert_string_equal(json_string_value(json_object_get(j, "jsonrpc")), "2.0");
            return j;
        }
        assert_null(json_object_get(j, "id"));
        json_array_append_new(p->notices, j);
    }
    fail_msg("closed instead of an answer");
    return NULL;
}

/* The result; fails on an error. Steals params. */
static json_t *peer_call(struct peer *p, const char *method, json_t *params)
{
    json_t *answer = peer_answer(p, peer_send(p, method, params));
    json_t *result = json_incref(json_object_get(answer, "result"));

    if (!result)
        fail_msg("%s: %s", method, json_dumps(answer, 0));
    json_decref(answer);
    return result;
}

static void peer_do(struct peer *p, const char *method, json_t *params)
{
    json_decref(peer_call(p, method, params));
}

/* The error's code; fails on a result. *ret_text may be NULL; free() it. */
static int peer_fails(struct peer *p, const char *method, json_t *params, char **ret_text)
{
    json_t *answer = peer_answer(p, peer_send(p, method, params));
    json_t *error = json_object_get(answer, "error");
    int code = (int) json_integer_value(json_object_get(error, "code"));

    assert_non_null(error);
    assert_null(json_object_get(answer, "result"));
    if (ret_text)
        *ret_text = strdup(json_string_value(json_object_get(error, "message")));
    json_decref(answer);
    return code;
}

/* The next notification must be this one; its params, a new reference. */
static json_t *peer_notice(struct peer *p, const char *method)
{
    json_t *j =
        json_array_size(p->notices) ? json_incref(json_array_get(p->notices, 0)) : peer_read(p);
    json_t *params;

    if (json_array_size(p->notices))
        json_array_remove(p->notices, 0);
    assert_non_null(j);
    assert_string_equal(json_string_value(json_object_get(j, "method")), method);
    params = json_incref(json_object_get(j, "params"));
    json_decref(j);
    return params;
}

/* A notification with this member; the value is a string. */
static void peer_expect(struct peer *p, const char *method, const char *key, const char *value)
{
    json_t *params = peer_notice(p, method);

    assert_string_equal(json_string_value(json_object_get(params, key)), value);
    json_decref(params);
}

/* Everything that was sent to p before now has arrived, and was nothing. */
static void peer_expect_silence(struct peer *p)
{
    peer_do(p, "ping", NULL);
    assert_int_equal(json_array_size(p->notices), 0);
}

static json_t *join_params(const char *session, const char *token, const char *data)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:b}", "token", token, "session", session,
                     "platform", "Test 1.0", "sdkVersion", "2.32.1", "metadata", data, "secret", "",
                     "recorder", 0, "stt", 0);
}

/* A new client in a session; *ret_result (may be NULL) gets the result. */
static struct peer *peer_join(struct kit *k, const char *session, const char *role,
                              json_t **ret_result)
{
    char body[64];
    struct peer *p = peer_open(k);
    char *token;
    json_t *r;

    snprintf(body, sizeof(body), "{\"role\":\"%s\"}", role);
    token = kit_make_token(k, session, body);
    r = peer_call(p, "joinRoom", join_params(session, token, ""));
    snprintf(p->id, sizeof(p->id), "%s", json_string_value(json_object_get(r, "id")));
    snprintf(p->rpc_id, sizeof(p->rpc_id), "%s",
             json_string_value(json_object_get(r, "sessionId")));
    if (ret_result)
        *ret_result = json_incref(r);
    json_decref(r);
    free(token);
    return p;
}

/* Publishes; the result is a new reference. */
static json_t *peer_publish(struct peer *p, const char *offer)
{
    return peer_call(p, "publishVideo",
                     json_pack("{s:s,s:b,s:b,s:b,s:b,s:b,s:s,s:i,s:s}", "sdpOffer", offer,
                               "doLoopback", 0, "hasAudio", 1, "hasVideo", 1, "audioActive", 1,
                               "videoActive", 1, "typeOfVideo", "CAMERA", "frameRate", 30,
                               "videoDimensions", "{\"width\":640,\"height\":480}"));
}

/* ---- JSON ---- */

static const char *string_of(json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));

    return s ? s : "(none)";
}

/* Exactly these keys, in this order. */
static void expect_keys(json_t *j, const char *keys)
{
    char text[1024] = "";
    const char *key;
    json_t *v;

    json_object_foreach (j, key, v) {
        size_t len = strlen(text);

        snprintf(text + len, sizeof(text) - len, "%s%s", len ? " " : "", key);
    }
    assert_string_equal(text, keys);
}
