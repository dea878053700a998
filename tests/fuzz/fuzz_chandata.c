/* Any bytes as TURN channel data; what was read is written back as it was. */
#include "codec/stun.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[CHANDATA_HEADER_SIZE + UINT16_MAX];
    struct bytes payload;
    uint16_t channel;
    size_t len;

    if (chandata_decode(bytes_of(data, size), &channel, &payload) < 0)
        return 0;
    if (chandata_encode(buf, sizeof(buf), channel, payload, &len) < 0 || len > size ||
        memcmp(buf, data, len) != 0)
        abort();
    return 0;
}
