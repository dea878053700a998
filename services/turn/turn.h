/* turn.h: the TURN server of one thread (RFC 8656): what its modules share, and the entry for
 * datagrams of clients. Sockets of clients are not its business: they come as flows.
 *
 *   UDP         listener                 --.
 *   TCP, TLS    tcp --> conn (wire, tls)   |               .--> methods, allocate: requests
 *   web port    web --> conn (wire, tls)   +--> dispatch --+
 *   DTLS        dtls_server, _session    --'               '--> forward: data <--> relay <--> peers
 *
 * Who speaks HTTP at the web port goes from conn to pass, and by it to the site.
 *
 * The way back to a client is its flow's transport (flow.h): the listener, connection or session it
 * came by. Before a method is called, dispatch asks ratelimit, auth and nonce; before a packet
 * passes, forward asks perm, chan and peers.
 *
 * Threads: each has a worker, and by it one of these with all that follows; its sockets share the
 * ports (SO_REUSEPORT), so a client stays with its thread and packets meet no lock. The main thread
 * has what main.c starts: server (the workers' threads; they are told news by a mailbox), policy
 * (makes peers of what control hears from the media daemons), api (signaling), metrics, web. Shared
 * are quota, reservations and userhash, with a lock each, and peers and tls_context, which never
 * change.
 *
 * Owners: the server has the workers, quota, reservations and userhash; a worker has listeners,
 * conns, passes, dtls_server and turn; turn has the table of allocations; an allocation has its
 * relays, permissions and channels, and ends with its connection or session. */
#pragma once

#include "base/log.h"
#include "net/udp_in.h"
#include "net/udp_out.h"
#include "turn/alloc.h"
#include "turn/auth.h"
#include "turn/config.h"
#include "turn/handshakes.h"
#include "turn/peers.h"
#include "turn/ratelimit.h"
#include "turn/stats.h"
#include "turn/tls_context.h"

/* Called by turn_flush(): sends what it has gathered. In turn's list while it lives. */
struct turn_flusher {
    struct list node;
    void (*fn)(struct turn_flusher *f);
};

struct turn {
    const struct turn_config *config;
    const struct auth *auth;
    struct tls_context *tls;      /* for new connections; NULL: no certificate yet. A reference */
    struct peers *peers;          /* a reference of its own; NULL: nobody may be reached */
    struct addr external_ip;      /* as clients are told; of config, which another thread changes */
    struct addr alternate_server; /* likewise; family 0: new clients are welcome here */
    uint64_t user_kbps;           /* likewise; 0: no limit */
    struct reservations *reservations; /* of all threads; NULL: none can be made */
    struct ratelimit *logins, *bindings;
    struct handshakes handshakes; /* of streams and of DTLS together */
    struct alloc_table *allocs;
    struct loop_set *set; /* of the descriptors of relays and clients: each of its rounds begins
                             with turn_tick() and ends with turn_flush() */
    struct udp_in *in;    /* what was received, until the flush */
    struct udp_out *out;  /* what is to be sent, until the flush */
    struct addr own_ip4;  /* for a client of the other family; family 0: none */
    struct addr own_ip6;
    uint64_t now_ms,
        wall_ms; /* as of the last turn_tick(): clocks are read once for many packets */
    struct list flushers;
    struct stats stats;
    uint32_t last_tid; /* of our indications; they have no answers to be told apart by it */
    struct log_limit log_refused, log_failed;
};

/* config, auth and quota must outlive it. */
int turn_init(struct turn *t, struct loop *l, const struct turn_config *config,
              const struct auth *auth, struct quota *quota);

/* Takes over the reference; from now on this is the policy. */
void turn_set_peers(struct turn *t, struct peers *peers);

/* Ends all allocations. May be called on zeroed memory. */
void turn_done(struct turn *t);

/* Reads the clocks. Whoever receives calls it once before a batch of packets; handlers of the set
 * need not. */
void turn_tick(struct turn *t);

/* What was sent by relays and UDP listeners leaves now. Whoever received a batch of packets calls
 * it before their memory is used again; handlers of the set need not if it lives until the end of
 * the round. */
void turn_flush(struct turn *t);

/* For handlers of the set: receives from a UDP socket; turn->in has the packets. How many messages
 * came; a failure is the loss of what it was about. */
unsigned turn_receive(struct turn *t, int fd);

/* A message of a client: STUN or channel data; anything else is dropped, and counted. */
void turn_on_datagram(struct turn *t, const struct flow *flow, struct bytes datagram);

/* Where to bind a relay of this family (AF_INET, AF_INET6) for a client that sent to local:
 * relay_ip, else local itself, else an address of this machine. -EAFNOSUPPORT. */
int turn_relay_ip(const struct turn *t, const struct addr *local, int family, struct addr *ret);
