/* A server that is taken has a host and a port, and credentials if and only if it is for TURN. */
#include "codec/ice_server.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = bytes_dup_str(bytes_of(data, size));
    struct ice_server s;
    const char *why = NULL;

    if (!text)
        return 0;
    if (ice_server_parse(text, &s, &why) == 0) {
        bool pair = s.username.p && s.credential.p;

        if (s.url.host.len == 0 || s.url.host.len > ICE_HOST_MAX || s.url.port == 0 || why ||
            (s.url.addr.family != 0 && s.url.addr.port != s.url.port) ||
            s.url.is_turn != (s.secret.len > 0 || pair))
            abort();
    } else if (!why) {
        abort();
    }
    free(text);
    return 0;
}
