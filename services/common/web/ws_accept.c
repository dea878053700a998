#include "web/ws_accept.h"

int ws_accept(const char *key, char ret[static WS_ACCEPT_SIZE])
{
    struct bytes parts[] = {
        bytes_str(key),
        bytes_str("258EAFA5-E914-47DA-95CA-C5AB0DC85B11"),
    };
    uint8_t hash[SHA1_SIZE];
    int r = sha1(parts, 2, hash);

    return r < 0 ? r : base64_encode(bytes_of(hash, sizeof(hash)), ret, WS_ACCEPT_SIZE);
}
