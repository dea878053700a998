/* incoming.h: a packet's way from a publisher's transport to forward.h.
 *
 * RTP: found its track by payload type, a retransmission (RFC 4588) made the packet that it
 * repeats, counted, kept for those who ask again, given on; what is missing is noted, and the
 * publisher's feedback is sent when it is due. RTCP: sender reports (RFC 3550) and the echo of our
 * times (RFC 3611 section 4.5). What cannot be read is dropped without a word.
 *
 * Nothing here allocates. Called on the publisher's worker; now_us is that worker's time. */
#pragma once

#include "media/publisher.h"

/* One packet, decrypted; a retransmission is changed in place. */
void incoming_rtp(struct publisher *p, uint8_t *packet, size_t len, uint64_t now_us);

/* One packet of a mirror: as the stream's own publisher kept it, so never a retransmission. */
void incoming_mirrored(struct publisher *p, struct bytes packet, uint64_t now_us);

/* One that had been kept there for a while: it is only kept here, too. */
void incoming_replayed(struct publisher *p, struct bytes packet, uint64_t now_us);

void incoming_rtcp(struct publisher *p, struct bytes compound, uint64_t now_us);
