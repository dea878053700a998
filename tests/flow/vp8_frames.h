/* vp8_frames.h: what begins like pictures of VP8, payload descriptor (RFC 7741) and all. */
#pragma once

#include <stdint.h>

static const uint8_t key_frame[] = {0x10, 0x00, 0x00, 0x00, 0x9d, 0x01, 0x2a, 'k'};
static const uint8_t delta_frame[] = {0x10, 0x01, 0x00, 0x00, 'd', 'e', 'l', 't', 'a'};
