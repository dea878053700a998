#include "probe/reasons.h"

#include <errno.h>

#define NO_MEDIA_NODE 204 /* of the protocol */

static const char *reason_of_tls(enum http_tls tls)
{
    switch (tls) {
    case HTTP_TLS_EXPIRED:
        return REASON_TLS_EXPIRED;
    case HTTP_TLS_NOT_YET_VALID:
        return REASON_TLS_EARLY;
    case HTTP_TLS_UNKNOWN_ISSUER:
        return REASON_TLS_ISSUER;
    case HTTP_TLS_OTHER_NAME:
        return REASON_TLS_NAME;
    default:
        return REASON_TLS;
    }
}

const char *reason_of_error(int error, enum http_tls tls)
{
    switch (error) {
    case -EHOSTUNREACH:
        return REASON_NAME;
    case -ECONNREFUSED:
    case -ENETUNREACH:
        return REASON_REFUSED;
    case -ETIMEDOUT:
        return REASON_TIMEOUT;
    case -EPROTO:
        return reason_of_tls(tls);
    case -ECONNRESET:
    case -EIO:
    case -ESHUTDOWN:
    case -ECONNABORTED:
        return REASON_LOST;
    case -EBADMSG:
    case -EFBIG:
        return REASON_PROTOCOL;
    case -EACCES:
        return REASON_SECRET;
    case -EREMOTEIO:
        return REASON_STATUS;
    default:
        return REASON_LOCAL;
    }
}

const char *reason_of_participant(const struct participant_error *e)
{
    if (e->error == -EREMOTEIO)
        return e->code == NO_MEDIA_NODE ? REASON_NO_MEDIA_NODE : REASON_RPC;
    if (e->error == -EBADMSG && e->code > 0)
        return REASON_STATUS;
    return reason_of_error(e->error, e->tls);
}

const char *reason_of_stream(enum participant_stream_state failed_in,
                             const struct participant_error *e)
{
    switch (failed_in) {
    case PARTICIPANT_STREAM_CHECKING:
        return REASON_ICE;
    case PARTICIPANT_STREAM_HANDSHAKE:
        return REASON_DTLS;
    case PARTICIPANT_STREAM_CONNECTED:
        return REASON_LOST;
    default:
        return e->error == -ENOENT ? REASON_NOT_OFFERED : reason_of_participant(e);
    }
}

const char *reason_of_relay(const struct turn_check_result *r)
{
    if (r->step == TURN_CHECK_ALLOCATE && r->error == -EACCES && r->code == 401)
        return REASON_CREDENTIALS;
    if (r->code > 0)
        return REASON_TURN;
    return reason_of_error(r->error, r->tls);
}
