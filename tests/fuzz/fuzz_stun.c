/* Any bytes as a STUN message: views stay inside, walking ends, what was read can be written. */
#include "codec/stun.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_view(const struct stun *m, struct bytes v)
{
    if (v.p && (v.p < m->raw.p || v.len > (size_t) (m->raw.p + m->raw.len - v.p)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct addr peer;
    unsigned n = 0;
    size_t pos = 0;
    struct stun m;

    if (stun_decode(bytes_of(data, size), &m) < 0)
        return 0;
    check_view(&m, m.username);
    check_view(&m, m.nonce);
    check_view(&m, m.data);
    check_view(&m, m.integrity_sha256);
    check_view(&m, m.error_reason);
    stun_integrity_ok(&m, bytes_str("key"));
    while (stun_next_peer(&m, &pos, &peer)) {
        n++;
        if (peer.family != AF_INET && peer.family != AF_INET6)
            abort();
    }
    if (n != m.n_peers)
        abort();
    return 0;
}
