/* A server that is taken has an address with a port, and credentials if it is a TURN server. */
#include "media/ice_servers.h"

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
        if (s.addr.family == 0 || s.addr.port == 0 || why ||
            s.is_turn != (s.secret.len > 0 || s.credential.len > 0))
            abort();
    } else if (!why) {
        abort();
    }
    free(text);
    return 0;
}
