/* ice_server.h: STUN and TURN servers as settings and clients are told of them: a URL (RFC 7064,
 * RFC 7065), and for TURN credentials or a shared secret that makes some. As one line of text:
 *
 *   url=stun:192.0.2.1:3478
 *   url=turn:[2001:db8::1]:3478?transport=tcp,username=...,credential=...
 *   url=turns:turn.example.org,staticAuthSecret=...
 *
 * Pure. Views last as long as what was parsed. What is wrong is said in words that go on from "a
 * server that ..." (static). */
#pragma once

#include "base/addr.h"

#define ICE_HOST_MAX 253 /* of a DNS name */

enum ice_transport { ICE_TRANSPORT_ANY, ICE_TRANSPORT_UDP, ICE_TRANSPORT_TCP };

struct ice_url {
    bool is_turn, is_tls;
    enum ice_transport transport; /* "?transport=", which turn: and turns: may have */
    struct bytes host;            /* a name of letters, digits and '-' in labels, or an IP without
                                     its brackets */
    uint16_t port;                /* 3478 and for TLS 5349, unless it says another */
    struct addr addr;             /* host and port, or family 0 when the host is a name */
};

struct ice_server {
    struct ice_url url;
    struct bytes url_text;
    struct bytes username, credential, secret; /* p is NULL where it was not given */
};

/* Each -EBADMSG, and *ret_why. */
int ice_url_parse(struct bytes text, struct ice_url *ret, const char **ret_why);

/* The line above, its parts in any order; a part without a value is none. */
int ice_server_parse(const char *text, struct ice_server *ret, const char **ret_why);

/* Of url_text, username, credential and secret, which the caller has set. Sets the rest. */
int ice_server_check(struct ice_server *s, const char **ret_why);

/* Why the full ICE agent of ours cannot use it: it neither looks up names nor speaks TLS. NULL: it
 * can. */
const char *ice_server_agent_problem(const struct ice_server *s);
