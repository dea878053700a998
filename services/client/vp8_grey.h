/* vp8_grey.h: a VP8 picture (RFC 6386) of 160 by 120 grey points, as a key frame and as one in
 * which nothing has changed since. Its tokens' partition is empty and never read, so bytes may
 * follow. */
#pragma once

#include "base/bytes.h"

#define VP8_GREY_WIDTH 160
#define VP8_GREY_HEIGHT 120

struct bytes vp8_grey(bool key_frame);
