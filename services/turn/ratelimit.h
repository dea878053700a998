/* ratelimit.h: how much strangers may get from us. Of one thread; what each is asked costs a hash
 * and a look at one number, nothing is allocated, and who asks leaves nothing behind but that
 * number.
 *
 * Token buckets, one for each network: the /24 of IPv4, the /48 of IPv6, which is what a site has
 * and a flood of answers would hurt. The buckets are a table of fixed size, found by a keyed hash:
 * networks that meet in one share it, and nobody outside knows which do. Who has shown that he gets
 * what is sent to his address (a valid nonce, TCP, TLS, DTLS) is counted apart from who may have
 * made the address up, so that the forger cannot lock the network out that he pretends to be.
 *
 * The buckets are large, since hundreds may stand behind one NAT and log in at the same moment: a
 * browser in a room of ten asks some thirty times. They fill slowly, since a forger fills the
 * victim's line at that rate for as long as he likes; a client that got no answer asks again for
 * 39 s (RFC 8489 section 6.2.1). All networks together have a bucket as well, for floods from
 * addresses that are made up at random. Loopback has none: nobody outside can pretend to be there.
 */
#pragma once

#include "base/addr.h"

struct ratelimit;

struct ratelimit_rule {
    unsigned per_second, burst; /* of one network */
    unsigned total_per_second;  /* of all; its burst is one second's */
};

/* Challenges and refusals of the long-term credential mechanism: about 100 bytes each with their
 * headers, so one network gets no more than 160 kbit/s of them; in all 5 % of a core. */
extern const struct ratelimit_rule ratelimit_logins;

/* Binding answers: keepalives and candidates of all browsers behind the NAT; 60 bytes, no hashes.
 */
extern const struct ratelimit_rule ratelimit_bindings;

/* n_threads: that share the rule, each with a limit of its own: the kernel spreads clients evenly
 * over them. -ENOMEM. */
int ratelimit_new(const struct ratelimit_rule *rule, unsigned n_threads,
                  struct ratelimit **ret_limit);

/* NULL is fine; returns NULL. */
struct ratelimit *ratelimit_free(struct ratelimit *l);

/* False: too much. proven: the client got what was sent to this address. */
bool ratelimit_take(struct ratelimit *l, const struct addr *client, bool proven, uint64_t now_ms);

/* As if ratelimit_take() had not been called. */
void ratelimit_give(struct ratelimit *l, const struct addr *client, bool proven);

/* ---- one bucket ---- */

/* The time at which it is full again; zeroed memory is full (the "generic cell rate algorithm"). */
struct bucket {
    uint64_t full_us;
};

/* cost_us: after which one token comes back; burst: how many there are. */
bool bucket_take(struct bucket *b, uint32_t cost_us, uint32_t burst, uint64_t now_ms);
