/* ice_lite.h: the lite agent of one transport (RFC 8445 section 2.5; consent: RFC 7675).
 *
 * Only answers. Any authenticated check opens the pair that it came on; a nomination moves the
 * sending side there. No sockets, no clock: bytes and times come in, bytes go out. */
#pragma once

#include "media/tuple.h"

#include "codec/stun.h"

#define ICE_UFRAG_SIZE 16 /* with NUL; unique on its worker */
#define ICE_PWD_SIZE 28
#define ICE_PAIR_MAX 8 /* of one transport: browsers check each of theirs with each of ours */
#define ICE_CONSENT_MS 30000
#define ICE_RESPONSE_MAX 160

/* Where we send is left for another pair on which something comes, when nothing has come there for
 * so long. Chromium checks the pair that it uses every 2.5 s; Firefox only every 5 s, but no other.
 */
#define ICE_SILENCE_MS 3000

/* A pair that a check has proven. */
struct ice_pair {
    struct tuple tuple; /* not set: a free place */
    uint32_t priority;  /* of the remote one, as the check says (RFC 8445 section 7.3.1.3) */
    uint64_t checked_ms;
    uint64_t heard_ms; /* a check, or another authentic packet */
};

struct ice_lite {
    char ufrag[ICE_UFRAG_SIZE];
    char pwd[ICE_PWD_SIZE];
    struct ice_pair pairs[ICE_PAIR_MAX]; /* each stays in its place */
    struct ice_pair *selected;           /* where we send; NULL: there is no pair */
    bool nominated;                      /* it was chosen by the peer, not merely the first */
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

/* An authentic packet came on this pair. True: ice->selected is another than before. */
static inline bool ice_lite_heard(struct ice_lite *ice, struct ice_pair *pair, uint64_t now_ms)
{
    pair->heard_ms = now_ms;
    if (pair == ice->selected || now_ms < ice->selected->heard_ms + ICE_SILENCE_MS)
        return false;
    ice->selected = pair;
    ice->nominated = false;
    return true;
}

/* The pair is gone. True: ice->selected is another than before: the one heard last, or NULL. */
bool ice_lite_forget(struct ice_lite *ice, struct ice_pair *pair);

/* Milliseconds until consent ends; 0: it has ended (or never was). */
uint64_t ice_lite_consent_left_ms(const struct ice_lite *ice, uint64_t now_ms);
