/* ws_client.h: a WebSocket client of the server of web_harness.h, frame by frame. */
#pragma once

#include "web_harness.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define HANDSHAKE(path)                                                                            \
    "GET " path " HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\n"                      \
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n"

enum { CONT = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10, FIN = 0x80 };

static struct answer a;

static int setup(void **state)
{
    (void) state;
    server_start(NULL);
    return 0;
}

static int setup_small(void **state)
{
    static const struct web_limits limits = {
        .websockets = 2, .ws_message_bytes = 1000, .ws_queue_bytes = 100000, .per_address = 2};

    (void) state;
    server_start(&limits);
    return 0;
}

/* ---- a client's frames ---- */

static size_t frame_head(uint8_t *p, unsigned first, size_t len, unsigned mask_bit)
{
    p[0] = (uint8_t) first;
    if (len < 126) {
        p[1] = (uint8_t) (mask_bit | len);
        return 2;
    }
    p[1] = (uint8_t) (mask_bit | 126);
    p[2] = (uint8_t) (len >> 8);
    p[3] = (uint8_t) len;
    return 4;
}

/* Masked, as RFC 6455 wants it from a client; at most 65,535 bytes. Returns the frame's length. */
static size_t make_frame(uint8_t *buf, unsigned first, const void *data, size_t len)
{
    static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    size_t n = frame_head(buf, first, len, 0x80);

    memcpy(buf + n, mask, 4);
    n += 4;
    for (size_t i = 0; i < len; i++)
        buf[n++] = ((const uint8_t *) data)[i] ^ mask[i % 4];
    return n;
}

static void put_frame(int fd, unsigned first, const void *data, size_t len)
{
    static uint8_t buf[70000];

    put(fd, buf, make_frame(buf, first, data, len));
}

static void put_text(int fd, const char *text)
{
    put_frame(fd, FIN | TEXT, text, strlen(text));
}

static void put_close(int fd, unsigned code, const char *reason)
{
    uint8_t data[125] = {(uint8_t) (code >> 8), (uint8_t) code};

    memcpy(data + 2, reason, strlen(reason));
    put_frame(fd, FIN | CLOSE, data, 2 + strlen(reason));
}

struct frame {
    int opcode; /* -1: the connection ended */
    bool fin;
    size_t len;
    unsigned code; /* of a close */
    char data[70000];
};

static struct frame f;

static void get_frame(int fd)
{
    uint8_t head[4];

    f.opcode = -1;
    if (get(fd, head, 2) != 2)
        return;
    /* A server does not mask (section 5.1). */
    assert_int_equal(head[1] & 0x80, 0);
    f.opcode = head[0] & 15;
    f.fin = head[0] & FIN;
    f.len = head[1];
    if (f.len == 126) {
        assert_int_equal(get(fd, head, 2), 2);
        f.len = (size_t) head[0] << 8 | head[1];
    }
    assert_true(f.len < sizeof(f.data));
    assert_int_equal(get(fd, f.data, f.len), f.len);
    f.data[f.len] = '\0';
    if (f.opcode == CLOSE && f.len >= 2)
        f.code = (unsigned) (uint8_t) f.data[0] << 8 | (uint8_t) f.data[1];
}

static void expect_text(int fd, const char *text)
{
    get_frame(fd);
    assert_int_equal(f.opcode, TEXT);
    assert_true(f.fin);
    assert_string_equal(f.data, text);
}

/* The server's close frame; it has then nothing more to say. */
static void expect_close(int fd, unsigned code)
{
    f.code = 0;
    get_frame(fd);
    assert_int_equal(f.opcode, CLOSE);
    assert_int_equal(f.code, code);
    assert_true(at_end(fd));
}

/* Until the server has told its owner what it should. */
static void expect_told(const char *text)
{
    do
        ask_path("/closed", &a);
    while (a.len < strlen(text));
    assert_string_equal(a.body, text);
}

static void shake_hands(int fd, const char *headers)
{
    puts_to(fd, HANDSHAKE("/ws"));
    puts_to(fd, headers);
    puts_to(fd, "\r\n");
    get_answer(fd, &a);
}

static int ws_dial(void)
{
    int fd = dial();

    shake_hands(fd, "");
    assert_int_equal(a.status, 101);
    return fd;
}
