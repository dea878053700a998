/* ice_lite.h: the lite agent of one transport (RFC 8445 section 2.5; consent: RFC 7675).
 *
 * Only answers. Any authenticated check opens the pair that it came on; a nomination moves the
 * sending side there. No sockets, no clock: bytes and times come in, bytes go out.
 *
 * A check proves that the peer made it, not where it came from: MESSAGE-INTEGRITY does not cover
 * the source address, and who sees a check may send it again from elsewhere. SRTP cannot be sent
 * again, its receiver knows what it had. So a nomination holds until media says otherwise: while
 * none has come by the pair where we send, any that comes by another moves us there, and for a
 * while after that nominations of pairs by which no media ever came count for nothing.
 *
 * What remains needs checks of our own, which a lite agent does not send: the peer itself can have
 * what is meant for it sent to another's address, by checks (and media) that seem to come from
 * there, and one who has kept checks of a peer that is silent can have them counted as its
 * consent. What they get is encrypted. */
#pragma once

#include "media/tuple.h"

#include "codec/stun.h"

#define ICE_UFRAG_SIZE 16 /* with NUL; unique on its worker */
#define ICE_PWD_SIZE 28
#define ICE_PAIR_MAX 8 /* of one transport: browsers check each of theirs with each of ours */
#define ICE_RECENT_MAX 12 /* checks of a pair that are known again: 30 s of Chromium's */
#define ICE_CONSENT_MS 30000
#define ICE_RESPONSE_MAX 160

/* Where we send is left for another pair on which something comes, when nothing has come there for
 * so long. Chromium checks the pair that it uses every 2.5 s; Firefox only every 5 s, but no other.
 */
#define ICE_SILENCE_MS 3000

/* So long nominations are doubted after one that media has contradicted. */
#define ICE_DOUBT_MS 30000

/* A pair that a check has proven. */
struct ice_pair {
    struct tuple tuple; /* not set: a free place */
    uint32_t priority;  /* of the remote one, as the check says (RFC 8445 section 7.3.1.3) */
    uint64_t checked_ms;
    uint64_t heard_ms;   /* a check, or media */
    bool proven;         /* media has come by it */
    unsigned nomination; /* the how many-th of all it was; 0: it has not been nominated */
    unsigned n_recent;   /* all that came; the latest are in recent[] */
    uint64_t recent[ICE_RECENT_MAX]; /* their transaction ids, made shorter */
};

struct ice_lite {
    char ufrag[ICE_UFRAG_SIZE];
    char pwd[ICE_PWD_SIZE];
    struct ice_pair pairs[ICE_PAIR_MAX]; /* each stays in its place */
    struct ice_pair *selected;           /* where we send; NULL: there is no pair */
    bool nominated;                      /* it was chosen by the peer, not merely the first */
    bool confirmed;                      /* media has come by it since then */
    unsigned n_nominations;
    uint64_t doubt_until_ms; /* nominations need media */
};

/* Draws ufrag and password. It must not move. */
void ice_lite_init(struct ice_lite *ice);

/* The transport's part of USERNAME: what stands before the colon. Empty when there is none. */
struct bytes ice_lite_local_ufrag(const struct stun *m);

enum ice_verdict {
    ICE_IGNORED,  /* not ours, or not authentic: silence */
    ICE_REFUSED,  /* answer with the error in the response */
    ICE_ANSWERED, /* a good check of a known pair */
    ICE_OPENED,   /* a good check of a new one */
};

struct ice_result {
    enum ice_verdict verdict;
    struct ice_pair *pair; /* of a good check */
    bool selected_moved;   /* ice->selected is another than before */
    struct tuple evicted;  /* what made room for the new pair; not set: nothing */
    uint8_t response[ICE_RESPONSE_MAX];
    size_t response_len; /* 0: nothing to send */
};

/* A decoded binding request that came by this tuple. */
void ice_lite_on_check(struct ice_lite *ice, const struct stun *m, const struct tuple *tuple,
                       uint64_t now_ms, struct ice_result *ret);

/* NULL: no check has opened it. */
struct ice_pair *ice_lite_find(struct ice_lite *ice, const struct tuple *tuple);

/* Of ice_lite_heard(): media comes by another pair than the selected one. */
bool ice_lite_follow_media(struct ice_lite *ice, struct ice_pair *pair, uint64_t now_ms);

/* Authentic media (SRTP, SRTCP) came by this pair. True: ice->selected is another than before. */
static inline bool ice_lite_heard(struct ice_lite *ice, struct ice_pair *pair, uint64_t now_ms)
{
    pair->heard_ms = now_ms;
    pair->proven = true;
    if (pair != ice->selected)
        return ice_lite_follow_media(ice, pair, now_ms);
    ice->confirmed = true;
    return false;
}

/* The pair is gone. True: ice->selected is another than before: the one heard last, or NULL. */
bool ice_lite_forget(struct ice_lite *ice, struct ice_pair *pair);

/* Milliseconds until consent to send by the selected pair ends; 0: it has ended (or never was). */
uint64_t ice_lite_consent_left_ms(const struct ice_lite *ice, uint64_t now_ms);
