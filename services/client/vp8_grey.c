#include "client/vp8_grey.h"

struct bytes vp8_grey(bool key_frame)
{
    static const uint8_t key[] = {0x10, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01};
    static const uint8_t delta[] = {0x11, 0x00, 0x00};

    return key_frame ? bytes_of(key, sizeof(key)) : bytes_of(delta, sizeof(delta));
}
