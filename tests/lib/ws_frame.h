/* ws_frame.h: the client's end of WebSocket frames (RFC 6455) for loads: masked ones out, and of
 * those that come in no more than the beginning is kept. No I/O. */
#pragma once

#include "base/bytes.h"

#define WS_FRAME_KEPT 192
#define WS_FRAME_HEAD_MAX 14

enum { WS_FRAME_TEXT = 1, WS_FRAME_CLOSE = 8 };

/* to has room for len + WS_FRAME_HEAD_MAX; returns the frame's length. len: below 65,536. */
size_t ws_frame_make(uint8_t *to, unsigned opcode, const void *data, size_t len);

/* begin: the first bytes of a payload of len bytes. */
typedef void ws_frame_fn(unsigned opcode, struct bytes begin, uint64_t len, void *arg);

/* Zeroed at the beginning of a connection. */
struct ws_reader {
    uint8_t head[WS_FRAME_HEAD_MAX];
    size_t head_len;
    uint64_t len, left; /* of the payload; left: to come */
    uint8_t kept[WS_FRAME_KEPT];
    size_t n_kept;
};

/* Calls fn for each frame of the server's that is whole now. fn may zero *r to stop it. */
void ws_reader_feed(struct ws_reader *r, struct bytes b, ws_frame_fn *fn, void *arg);
