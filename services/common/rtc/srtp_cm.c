#include "rtc/srtp_cm.h"

#include "base/crypto.h"
#include "rtc/srtp_replay.h"

#include <errno.h>
#include <srtp2/srtp.h>
#include <stdlib.h>

struct srtp_cm {
    srtp_t in;
    srtp_t out;
    size_t n_in;
    uint32_t in_ssrcs[SRTP_IN_SSRC_MAX];
};

int srtp_cm_global_init(void)
{
    return srtp_init() == srtp_err_status_ok ? 0 : -EIO;
}

static int from_libsrtp(srtp_err_status_t status)
{
    switch (status) {
    case srtp_err_status_ok:
        return 0;
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
        return -EALREADY;
    case srtp_err_status_alloc_fail:
    case srtp_err_status_init_fail:
        return -ENOMEM;
    default:
        return -EBADMSG;
    }
}

static int new_session(srtp_ssrc_type_t direction, const uint8_t key[static DTLS_KEY_MAX],
                       const uint8_t salt[static DTLS_SALT_MAX], srtp_t *ret)
{
    uint8_t master[DTLS_KEY_MAX + DTLS_SALT_MAX];
    srtp_policy_t policy = {
        .ssrc.type = direction,
        .key = master,
        .window_size = SRTP_REPLAY_WINDOW,
    };
    int r;

    memcpy(master, key, DTLS_KEY_MAX);
    memcpy(master + DTLS_KEY_MAX, salt, DTLS_SALT_MAX);
    srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
    srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
    r = from_libsrtp(srtp_create(ret, &policy));
    secret_wipe(master, sizeof(master));
    return r;
}

int srtp_cm_new(const struct dtls_keys *keys, struct srtp_cm **ret_c)
{
    struct srtp_cm *c = calloc(1, sizeof(*c));
    int r = -ENOMEM;

    if (!c ||
        (r = new_session(ssrc_any_inbound, keys->client_key, keys->client_salt, &c->in)) < 0 ||
        (r = new_session(ssrc_any_outbound, keys->server_key, keys->server_salt, &c->out)) < 0) {
        srtp_cm_free(c);
        return r;
    }
    *ret_c = c;
    return 0;
}

struct srtp_cm *srtp_cm_free(struct srtp_cm *c)
{
    if (!c)
        return NULL;
    if (c->in)
        srtp_dealloc(c->in);
    if (c->out)
        srtp_dealloc(c->out);
    free(c);
    return NULL;
}

int srtp_cm_protect(struct srtp_cm *c, uint8_t *packet, size_t len)
{
    int n = (int) len;

    return srtp_protect(c->out, packet, &n) == srtp_err_status_ok ? 0 : -EIO;
}

int srtp_cm_protect_rtcp(struct srtp_cm *c, uint8_t *buf, size_t *len)
{
    int n = (int) *len;

    if (srtp_protect_rtcp(c->out, buf, &n) != srtp_err_status_ok)
        return -EIO;
    *len = (size_t) n;
    return 0;
}

static bool knows_ssrc(const struct srtp_cm *c, uint32_t ssrc)
{
    for (size_t i = 0; i < c->n_in; i++)
        if (c->in_ssrcs[i] == ssrc)
            return true;
    return false;
}

/* libsrtp makes a stream for an SSRC once its first packet has proved authentic. So a stranger
 * costs nothing, and the peer itself is held to SRTP_IN_SSRC_MAX of them. */
static int unprotect(struct srtp_cm *c, srtp_err_status_t fn(srtp_t, void *, int *), uint32_t ssrc,
                     uint8_t *packet, size_t *len)
{
    bool known = knows_ssrc(c, ssrc);
    int n = (int) *len;
    int r;

    if (!known && c->n_in == SRTP_IN_SSRC_MAX)
        return -ENOSPC;
    r = from_libsrtp(fn(c->in, packet, &n));
    if (r < 0)
        return r;
    if (!known)
        c->in_ssrcs[c->n_in++] = ssrc;
    *len = (size_t) n;
    return 0;
}

int srtp_cm_unprotect(struct srtp_cm *c, uint32_t ssrc, uint8_t *packet, size_t *len)
{
    return unprotect(c, srtp_unprotect, ssrc, packet, len);
}

int srtp_cm_unprotect_rtcp(struct srtp_cm *c, uint32_t ssrc, uint8_t *packet, size_t *len)
{
    return unprotect(c, srtp_unprotect_rtcp, ssrc, packet, len);
}
