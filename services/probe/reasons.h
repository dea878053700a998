/* reasons.h: why a step failed, in one word each that stays the same for ever: those who run the
 * probe tell people what to do about it. */
#pragma once

#include "client/participant.h"
#include "client/turn_check.h"

#define REASON_NAME "name"               /* the host's name is not found */
#define REASON_REFUSED "refused"         /* nobody listens there, or there is no way */
#define REASON_TIMEOUT "timeout"         /* no answer */
#define REASON_LOST "lost"               /* the connection ended */
#define REASON_PROTOCOL "protocol"       /* something else answers */
#define REASON_TLS_EXPIRED "tls-expired" /* the certificate; or a clock is wrong */
#define REASON_TLS_EARLY "tls-early"
#define REASON_TLS_ISSUER "tls-issuer" /* of a CA that is not trusted */
#define REASON_TLS_NAME "tls-name"     /* for another name */
#define REASON_TLS "tls"
#define REASON_SECRET "secret" /* OPENVIDU_SECRET is another one */
#define REASON_STATUS "status" /* another HTTP status, in the code */
#define REASON_RPC "rpc"       /* refused by signaling, with its code */
#define REASON_NO_MEDIA_NODE "no-media-node"
#define REASON_NO_RELAY "no-relay"       /* the server offers no TURN of this kind */
#define REASON_CREDENTIALS "credentials" /* TURN refuses those that signaling gave */
#define REASON_TURN "turn"               /* it refuses otherwise, with its code */
#define REASON_NOT_OFFERED "not-offered" /* no media address for this path */
#define REASON_ICE "ice"           /* no check is answered: packets do not get there, or back */
#define REASON_DTLS "dtls"         /* there and back they get, but there is no handshake */
#define REASON_NO_MEDIA "no-media" /* connected, and nothing comes */
#define REASON_LOCAL "local"       /* of this machine: memory, files */

const char *reason_of_error(int error, enum http_tls tls);
const char *reason_of_participant(const struct participant_error *e);
const char *reason_of_stream(enum participant_stream_state failed_in,
                             const struct participant_error *e);
const char *reason_of_relay(const struct turn_check_result *r);
