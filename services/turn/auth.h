/* auth.h: time-limited long-term credentials (RFC 8489 section 9.2): the user name is
 * "<expiry in Unix seconds>:<anything>", its password comes from a secret (secrets.h).
 * No state: what a stranger sends costs a few hashes. Each thread has its own.
 *
 * With sha256, what RFC 8489 added is on: a nonce cookie, PASSWORD-ALGORITHMS in challenges,
 * MESSAGE-INTEGRITY-SHA256, and USERHASH if there is a table of user names. Without it the server
 * is one of RFC 5389, whose challenges are short enough to be no weapon. */
#pragma once

#include "codec/stun.h"
#include "turn/nonce.h"
#include "turn/quota.h"
#include "turn/secrets.h"
#include "turn/stats.h"
#include "turn/userhash.h"

#define AUTH_KEY_MAX SHA256_SIZE

/* What messages of a user are signed with; both kinds come from the same password. */
struct auth_key {
    uint32_t epoch; /* of the secrets */
    uint8_t len;    /* 16: MD5, 32: SHA-256 */
    uint8_t bytes[AUTH_KEY_MAX];
};

struct auth {
    struct secrets secrets;
    struct nonces nonces;
    const char *realm;                /* borrowed */
    struct quota *quota;              /* whose credentials were revoked; borrowed; NULL: nobody's */
    struct userhash_table *usernames; /* borrowed; NULL: no USERHASH */
    bool sha256;
};

enum auth_verdict {
    AUTH_OK,
    AUTH_EXPIRED,   /* all right, but the user name's time is over */
    AUTH_REVOKED,   /* all right, but its participant is gone */
    AUTH_NONE,      /* no integrity attribute, the usual first request */
    AUTH_MALFORMED, /* attributes are missing, or do not go together */
    AUTH_WRONG,     /* no user name of ours, or not its key */
    AUTH_STALE,     /* right key, but the nonce is not ours or too old */
    N_AUTH_VERDICTS,
};

/* How each verdict but AUTH_OK is answered, counted and logged. */
struct auth_refusal {
    unsigned code; /* of the answer */
    enum turn_stat stat;
    const char *why; /* for the log; NULL: not worth a line */
};
extern const struct auth_refusal auth_refusals[N_AUTH_VERDICTS];

/* A request whose sender is to be known. */
struct auth_request {
    const struct stun *msg;
    const struct addr *client;
    uint64_t now_ms;  /* monotonic */
    uint64_t wall_ms; /* since 1970 */

    /* Who made the allocation of this flow: no key is derived again for him. NULL: there is none.
     * known_name may be anything then. */
    const struct auth_key *known_key;
    struct bytes known_name;
};

/* Who sent it, as far as that is proved. Not to be copied: name may be a view of found. */
struct auth_user {
    struct bytes name; /* or of the message */
    struct auth_key key;
    bool sha256; /* answers carry MESSAGE-INTEGRITY-SHA256 */
    uint8_t found[TURN_NAME_MAX];
};

/* realm must outlive it, secret is copied. Threads of one server have one nonce_key. -ENOMEM. */
int auth_init(struct auth *a, const char *secret, const char *realm,
              const uint8_t nonce_key[static NONCE_KEY_SIZE]);

/* Turns SHA-256 on; usernames (NULL: no USERHASH) must outlive it. nonce_key as in auth_init().
 * -ENOMEM: do not go on with it. */
int auth_use_sha256(struct auth *a, struct userhash_table *usernames,
                    const uint8_t nonce_key[static NONCE_KEY_SIZE]);

/* Takes over the secrets, with which those that it has are wiped; *fresh has none then. */
void auth_take_secrets(struct auth *a, struct secrets *fresh);

/* Wipes. May be called on zeroed memory. */
void auth_done(struct auth *a);

/* ret_user is set with AUTH_OK, AUTH_EXPIRED, AUTH_REVOKED and AUTH_STALE. */
enum auth_verdict auth_check(const struct auth *a, const struct auth_request *rq,
                             struct auth_user *ret_user);

/* Without sha256: takes out of the message what the codec knows, but such a server does not. What
 * has to be comprehended becomes unknown. Comes before everything else. */
void auth_hide_unsupported(const struct auth *a, struct stun *m);

/* Does the message claim to come from a user? */
static inline bool auth_is_signed(const struct stun *m)
{
    return m->integrity.p || m->integrity_sha256.p;
}

/* REALM, NONCE and, with sha256, PASSWORD-ALGORITHMS, for 401 and 438. */
void auth_put_challenge(const struct auth *a, const struct addr *client, uint64_t now_ms,
                        struct wr *w);

/* The integrity attribute that this user's answers have. */
void auth_put_integrity(const struct auth_user *user, struct wr *w);
