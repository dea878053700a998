/* policy.h: makes the peer policy (peers.h) of what it consists of, and again when one of these
 * changes: the settings, the lists of all media daemons, the addresses of this machine. On the main
 * thread. */
#pragma once

#include "loop/loop.h"
#include "turn/config.h"
#include "turn/peers.h"

struct policy;

/* A new policy; borrowed. A negative errno: it could not be put in force. */
typedef int policy_fn(struct peers *peers, void *arg);

/* fn is told the first one at once. config must outlive it. Failures are logged. */
int policy_new(struct loop *l, const struct turn_config *config, policy_fn *fn, void *arg,
               struct policy **ret_policy);

/* The live values of the configuration have changed. */
int policy_reloaded(struct policy *p);

/* NULL is fine; returns NULL. */
struct policy *policy_free(struct policy *p);
