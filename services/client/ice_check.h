/* ice_check.h: connectivity checks towards a lite server over UDP (RFC 8445 as the controlling end
 * with one pair): the loopback address among its candidates if there is one, else the first. A
 * socket each, hundreds on one loop. */
#pragma once

#include "client/ice.h"
#include "loop/loop.h"

#define ICE_RECEIVE_BATCH 32
#define ICE_DATAGRAM_MAX 2048

/* What the checkers of a loop share. */
struct ice_check_hub;
int ice_check_hub_new(struct loop *l, struct ice_check_hub **ret_h);
struct ice_check_hub *ice_check_hub_free(struct ice_check_hub *h); /* after its checkers */

int ice_check_new(struct ice_check_hub *h, const struct ice_handlers *handlers, void *arg,
                  struct ice **ret_i);
