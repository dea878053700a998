/* Any bytes as a STUN message: views stay inside, walking ends, what was read can be written. */
#include "codec/stun.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(const struct stun *m, struct bytes v)
{
    return !v.p || (v.p >= m->raw.p && v.len <= (size_t) (m->raw.p + m->raw.len - v.p));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct addr peer;
    unsigned n = 0;
    size_t pos = 0;
    struct stun m;

    if (stun_decode(bytes_of(data, size), &m) < 0)
        return 0;
    if (!is_inside(&m, m.username) || !is_inside(&m, m.nonce) || !is_inside(&m, m.data) ||
        !is_inside(&m, m.integrity_sha256) || !is_inside(&m, m.error_reason) ||
        !is_inside(&m, m.password_algorithm) || !is_inside(&m, m.password_algorithms))
        abort();
    stun_integrity_ok(&m, bytes_str("key"));
    stun_integrity_sha256_ok(&m, bytes_str("key"));
    while (stun_next_peer(&m, &pos, &peer)) {
        n++;
        if (peer.family != AF_INET && peer.family != AF_INET6)
            abort();
    }
    if (n != m.n_peers)
        abort();
    return 0;
}
