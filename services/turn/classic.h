/* classic.h: Binding requests as RFC 3489 had them, without magic cookie. libnice still asks so for
 * its address, and with it whatever is made of it; RFC 5389 section 12.2 says how to answer. */
#pragma once

#include "turn/turn.h"

/* False: it is no such request. Otherwise it was answered, or passed over. */
bool classic_on_datagram(struct turn *t, const struct flow *flow, struct bytes datagram);
