/* A datagram in place of an SRTP or SRTCP packet: first byte says which profile and which kind; or
 * a packet in the clear, which comes back from the other end as it was, whatever its length. */
#include "codec/rtp.h"
#include "rtc/srtp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct srtp_transport *transport(bool gcm)
{
    static struct srtp_transport *made[2];
    static const struct dtls_keys keys[2] = {
        {.profile = SRTP_ID_AES128_CM_SHA1_80, .salt_len = 14},
        {.profile = SRTP_ID_AEAD_AES_128_GCM, .salt_len = 12},
    };

    if (!made[0] &&
        (srtp_transport_global_init() < 0 || srtp_transport_new(&keys[0], &made[0]) < 0 ||
         srtp_transport_new(&keys[1], &made[1]) < 0))
        abort();
    return made[gcm];
}

/* Sealed by one end and opened by the other. Fresh ends, so that any index will do. */
static void there_and_back(bool gcm, bool rtcp, struct bytes plain)
{
    struct dtls_keys keys = {.profile = gcm ? SRTP_ID_AEAD_AES_128_GCM : SRTP_ID_AES128_CM_SHA1_80,
                             .salt_len = gcm ? 12 : 14};
    size_t cap = plain.len + SRTP_OVERHEAD_MAX, len = plain.len;
    struct srtp_transport *from, *to;
    struct srtp_sender *st;
    uint8_t *buf = malloc(cap);
    struct rtp h;
    int r = -EBADMSG;

    if (!buf || srtp_transport_new(&keys, &from) < 0 || srtp_transport_new(&keys, &to) < 0)
        abort();
    memcpy(buf, plain.p, plain.len);
    if (rtcp)
        r = srtp_transport_protect_rtcp(from, buf, &len, cap);
    else if (rtp_decode(plain, &h) == 0 && srtp_transport_add_sender(from, h.ssrc, &st) == 0)
        r = srtp_sender_protect(st, plain, h.header_len, buf, cap, &len);
    if (r == 0 && (rtcp ? srtp_transport_unprotect_rtcp(to, buf, &len)
                        : srtp_transport_unprotect(to, buf, &len)) < 0)
        abort();
    if (r == 0 && !bytes_eq(bytes_of(buf, len), plain))
        abort();
    srtp_transport_free(from);
    srtp_transport_free(to);
    free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct srtp_transport *s;
    uint8_t *packet;
    size_t len = size - 1;
    int r;

    if (size == 0)
        return 0;
    s = transport(data[0] & 1);
    if (data[0] & 4) {
        there_and_back(data[0] & 1, data[0] & 2, bytes_of(data + 1, len));
        return 0;
    }
    packet = malloc(size);
    if (!packet)
        return 0;
    memcpy(packet, data + 1, len);
    r = data[0] & 2 ? srtp_transport_unprotect_rtcp(s, packet, &len)
                    : srtp_transport_unprotect(s, packet, &len);
    if (r == 0 ? len >= size - 1 : len != size - 1)
        abort();
    free(packet);
    return 0;
}
