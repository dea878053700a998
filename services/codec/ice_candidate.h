/* ice_candidate.h: one ICE candidate as SDP and trickled messages write it (RFC 8839 section 5.1,
 * of TCP: RFC 6544 section 4.5):
 *
 *   1 1 udp 2130706431 192.0.2.1 40000 typ host
 *   2 1 tcp 1518280447 192.0.2.1 9 typ srflx raddr 10.0.0.4 rport 9 tcptype active
 *
 * The text is what stands behind "candidate:". */
#pragma once

#include "base/addr.h"
#include "base/buf.h"

#define ICE_FOUNDATION_SIZE 33      /* with NUL */
#define ICE_CANDIDATE_TEXT_SIZE 256 /* room for what ice_candidate_put() writes, and a NUL */
#define ICE_TCP_ACTIVE_PORT 9       /* stands for the port that an active candidate has not */

enum ice_type { ICE_HOST, ICE_SRFLX, ICE_PRFLX, ICE_RELAY };
enum ice_protocol { ICE_UDP, ICE_TCP_ACTIVE, ICE_TCP_PASSIVE, ICE_TCP_SO };

struct ice_candidate {
    char foundation[ICE_FOUNDATION_SIZE];
    uint8_t component; /* 1: RTP */
    enum ice_protocol protocol;
    enum ice_type type;
    uint32_t priority;
    struct addr addr;
    struct addr related; /* family 0: none */
};

/* -EBADMSG: malformed, or a word too long. -EAFNOSUPPORT: well-formed as far as it was read, but
 * the address is a name ("….local", mDNS), or the protocol or type is unknown (RFC 8839: such are
 * to be ignored). *ret is untouched then. */
int ice_candidate_decode(struct bytes text, struct ice_candidate *ret);

void ice_candidate_put(const struct ice_candidate *c, struct wr *w);

/* "host", "srflx", "prflx", "relay" */
const char *ice_type_name(enum ice_type type);
