/* rtcp_write.h: the frame of an RTCP packet, shared by its writers; not for others. */
#pragma once

#include "codec/rtcp.h"

/* The four-byte header; returns where it stands. */
size_t rtcp_begin(struct wr *w, unsigned count, enum rtcp_type type);

/* The header with the two SSRCs of a feedback packet. */
size_t rtcp_begin_feedback(struct wr *w, unsigned fmt, enum rtcp_type type, uint32_t ssrc,
                           uint32_t media_ssrc);

/* Pads to a whole word, with the P bit, and sets the length. */
void rtcp_end(struct wr *w, size_t at);
