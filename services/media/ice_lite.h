/* ice_lite.h: the lite agent of one transport (RFC 8445 section 2.5; consent: RFC 7675).
 *
 * Only answers. Any authenticated check opens the address it came from; a nomination moves the
 * sending side there. No sockets, no clock: bytes and times come in, bytes go out. */
#pragma once

#include "codec/stun.h"

#define ICE_UFRAG_SIZE 16 /* with NUL; unique on its worker */
#define ICE_PWD_SIZE 28
#define ICE_ADDRESS_MAX                                                                            \
    6 /* addresses that one transport keeps open: Chromium checks each interface */
#define ICE_CONSENT_MS 30000
#define ICE_RESPONSE_MAX 160

/* An address pair that a check has proven. */
struct ice_address {
    struct addr remote, local;
    uint32_t priority; /* of the remote one, as the check says (RFC 8445 section 7.3.1.3) */
    uint64_t checked_ms;
};

struct ice_lite {
    char ufrag[ICE_UFRAG_SIZE];
    char pwd[ICE_PWD_SIZE];
    struct ice_address addresses[ICE_ADDRESS_MAX];
    unsigned n_addresses;
    struct addr selected; /* remote address where we send; family 0: none yet */
    bool nominated;       /* it was chosen by the peer, not merely the first */
};

/* Draws ufrag and password. */
void ice_lite_init(struct ice_lite *ice);

/* The transport's part of USERNAME: what stands before the colon. Empty when there is none. */
struct bytes ice_lite_local_ufrag(const struct stun *m);

enum ice_verdict {
    ICE_IGNORED,  /* not ours, or not authentic: silence */
    ICE_REFUSED,  /* answer with the error in the response */
    ICE_ANSWERED, /* a good check of a known address */
    ICE_OPENED,   /* a good check of a new one */
};

struct ice_result {
    enum ice_verdict verdict;
    bool selected_moved; /* ice->selected is another than before */
    struct addr evicted; /* the address that made room for the new one; family 0: none */
    uint8_t response[ICE_RESPONSE_MAX];
    size_t response_len; /* 0: nothing to send */
};

/* A decoded binding request that came on this address pair. */
void ice_lite_on_check(struct ice_lite *ice, const struct stun *m, const struct addr *remote,
                       const struct addr *local, uint64_t now_ms, struct ice_result *ret);

/* The pair of the selected address; NULL before the first check. */
const struct ice_address *ice_lite_selected(const struct ice_lite *ice);

/* Milliseconds until consent ends; 0: it has ended (or never was). */
uint64_t ice_lite_consent_left_ms(const struct ice_lite *ice, uint64_t now_ms);
