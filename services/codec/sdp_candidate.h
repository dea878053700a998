/* sdp_candidate.h: one ICE candidate as SDP and trickled messages write it (RFC 8839 section 5.1,
 * of TCP: RFC 6544 section 4.5):
 *
 *   1 1 udp 2130706431 192.0.2.1 40000 typ host
 *   2 1 tcp 1518280447 192.0.2.1 9 typ srflx raddr 10.0.0.4 rport 9 tcptype active
 *
 * Browsers add "ufrag WORD" to what they trickle. The text is what stands behind "candidate:". */
#pragma once

#include "base/addr.h"
#include "base/buf.h"

#define SDP_FOUNDATION_SIZE 33      /* with NUL */
#define SDP_CANDIDATE_TEXT_SIZE 256 /* room for what sdp_candidate_put() writes, and a NUL */
#define SDP_TCP_ACTIVE_PORT 9       /* stands for the port that an active candidate has not */

enum sdp_candidate_type { SDP_HOST, SDP_SRFLX, SDP_PRFLX, SDP_RELAY };
enum sdp_protocol { SDP_UDP, SDP_TCP_ACTIVE, SDP_TCP_PASSIVE, SDP_TCP_SO };

struct sdp_candidate {
    char foundation[SDP_FOUNDATION_SIZE];
    uint8_t component; /* 1: RTP */
    enum sdp_protocol protocol;
    enum sdp_candidate_type type;
    uint32_t priority;
    struct addr addr;
    struct addr related; /* family 0: none */
    struct bytes ufrag;  /* whose it is, a view of the text; empty: not said */
};

/* -EBADMSG: malformed, or a word too long. -EAFNOSUPPORT: well-formed as far as it was read, but
 * the address is a name ("….local", mDNS), or the protocol or type is unknown (RFC 8839: such are
 * to be ignored). *ret is untouched then. */
int sdp_candidate_decode(struct bytes text, struct sdp_candidate *ret);

void sdp_candidate_put(const struct sdp_candidate *c, struct wr *w);

/* "host", "srflx", "prflx", "relay" */
const char *sdp_candidate_type_name(enum sdp_candidate_type type);
