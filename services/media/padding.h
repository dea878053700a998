/* padding.h: how much RTP padding (RFC 3550 section 5.1) makes the packets of a frame equal in
 * size. Encoders cut a frame into parts that differ by a byte or two, header extensions come with
 * the first or the last: but what is to leave as segments of one message (UDP_SEGMENT) must have
 * one size, only the last may be shorter. Pure. */
#pragma once

#include <stdint.h>

#define PADDING_SHARE 32 /* of a packet's size, at most: 3 % more bytes for a third of the time */

/* sizes of n packets in a row, at most 8,000 bytes each; ret_padding[i] is to be added to the
 * i-th. */
void padding_plan(const uint16_t *sizes, unsigned n, uint8_t *ret_padding);
