#include "ice_agent/internal.h"

#include <errno.h>

#define COMPONENT NICE_COMPONENT_TYPE_RTP

void nice_from_addr(const struct addr *from, NiceAddress *ret)
{
    struct sockaddr_storage sa;

    (void) addr_to_sockaddr(from, &sa);
    nice_address_init(ret);
    nice_address_set_from_sockaddr(ret, (const struct sockaddr *) &sa);
}

int nice_to_addr(const NiceAddress *from, struct addr *ret)
{
    struct sockaddr_storage sa = {.ss_family = AF_UNSPEC};

    if (!nice_address_is_valid(from))
        return -EAFNOSUPPORT;
    nice_address_copy_to_sockaddr(from, (struct sockaddr *) &sa);
    return addr_from_sockaddr((const struct sockaddr *) &sa, sizeof(sa), ret);
}

static const enum sdp_protocol protocols[] = {
    [NICE_CANDIDATE_TRANSPORT_UDP] = SDP_UDP,
    [NICE_CANDIDATE_TRANSPORT_TCP_ACTIVE] = SDP_TCP_ACTIVE,
    [NICE_CANDIDATE_TRANSPORT_TCP_PASSIVE] = SDP_TCP_PASSIVE,
    [NICE_CANDIDATE_TRANSPORT_TCP_SO] = SDP_TCP_SO,
};

static const NiceCandidateTransport transports[] = {
    [SDP_UDP] = NICE_CANDIDATE_TRANSPORT_UDP,
    [SDP_TCP_ACTIVE] = NICE_CANDIDATE_TRANSPORT_TCP_ACTIVE,
    [SDP_TCP_PASSIVE] = NICE_CANDIDATE_TRANSPORT_TCP_PASSIVE,
    [SDP_TCP_SO] = NICE_CANDIDATE_TRANSPORT_TCP_SO,
};

static const enum sdp_candidate_type types[] = {
    [NICE_CANDIDATE_TYPE_HOST] = SDP_HOST,
    [NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE] = SDP_SRFLX,
    [NICE_CANDIDATE_TYPE_PEER_REFLEXIVE] = SDP_PRFLX,
    [NICE_CANDIDATE_TYPE_RELAYED] = SDP_RELAY,
};

static const NiceCandidateType nice_types[] = {
    [SDP_HOST] = NICE_CANDIDATE_TYPE_HOST,
    [SDP_SRFLX] = NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE,
    [SDP_PRFLX] = NICE_CANDIDATE_TYPE_PEER_REFLEXIVE,
    [SDP_RELAY] = NICE_CANDIDATE_TYPE_RELAYED,
};

int nice_to_candidate(const NiceCandidate *from, struct sdp_candidate *ret)
{
    struct sdp_candidate c = {
        .component = COMPONENT,
        .protocol = protocols[from->transport],
        .type = types[from->type],
        .priority = from->priority,
    };
    int r = nice_to_addr(&from->addr, &c.addr);

    if (r < 0)
        return r;
    memcpy(c.foundation, from->foundation, sizeof(c.foundation));
    c.foundation[sizeof(c.foundation) - 1] = '\0';
    if (c.addr.port == 0)
        c.addr.port = SDP_TCP_ACTIVE_PORT;
    if (c.type != SDP_HOST && nice_to_addr(&from->base_addr, &c.related) == 0 &&
        c.related.port == 0)
        c.related.port = SDP_TCP_ACTIVE_PORT;
    *ret = c;
    return 0;
}

NiceCandidate *nice_from_candidate(const struct sdp_candidate *from, guint stream)
{
    NiceCandidate *c = nice_candidate_new(nice_types[from->type]);

    c->transport = transports[from->protocol];
    c->stream_id = stream;
    c->component_id = COMPONENT;
    c->priority = from->priority;
    g_strlcpy(c->foundation, from->foundation, sizeof(c->foundation));
    nice_from_addr(&from->addr, &c->addr);
    if (from->related.family != 0)
        nice_from_addr(&from->related, &c->base_addr);
    return c;
}
