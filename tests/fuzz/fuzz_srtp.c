/* A datagram in place of an SRTP or SRTCP packet: first byte says which profile and which kind. */
#include "rtc/srtp.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct srtp_transport *s;
    uint8_t *packet;
    size_t len = size - 1;
    int r;

    if (size == 0 || !(packet = malloc(size)))
        return 0;
    memcpy(packet, data + 1, len);
    s = transport(data[0] & 1);
    r = data[0] & 2 ? srtp_transport_unprotect_rtcp(s, packet, &len)
                    : srtp_transport_unprotect(s, packet, &len);
    if (r == 0 ? len >= size - 1 : len != size - 1)
        abort();
    free(packet);
    return 0;
}
