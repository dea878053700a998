/* forward.h: the packets' way between clients and peers. Nothing here allocates or answers: what
 * may not pass is dropped. */
#pragma once

#include "turn/turn.h"

/* A Send indication (RFC 8656 section 11.2). */
void forward_send(struct turn *t, const struct flow *flow, const struct stun *m);

/* A ChannelData message (section 12.6). */
void forward_chandata(struct turn *t, const struct flow *flow, struct bytes datagram);

/* A datagram at a relay (sections 11.3, 12.7): the handler of the relays of allocations. */
void forward_peer_data(struct relay *r, const struct addr *from, struct bytes data);

/* An error that the network tells (section 11.5): the other handler of these relays. */
void forward_peer_error(struct relay *r, const struct icmp_error *e);
