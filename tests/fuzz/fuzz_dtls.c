/* Datagrams from a stranger to a DTLS server: each a 16-bit length and its bytes; the top bit in
 * place of a length asks for the timer. */
#include "base/buf.h"
#include "rtc/dtls.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_send(struct bytes datagram, void *arg)
{
    (void) arg;
    if (datagram.len == 0 || datagram.len > 1200)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dtls_identity *id;
    struct rd r = rd_init(bytes_of(data, size));
    struct dtls *d;

    if ((!id && dtls_identity_new(&id) < 0) || dtls_new(id, on_send, NULL, &d) < 0)
        abort();
    while (rd_left(&r) >= 2) {
        uint16_t len = rd_u16(&r);

        if (len & 0x8000)
            dtls_timeout(d);
        else
            dtls_input(d, rd_bytes(&r, len < rd_left(&r) ? len : rd_left(&r)));
    }
    if (dtls_state(d) == DTLS_CONNECTED) /* no input knows our key */
        abort();
    dtls_close(d);
    dtls_free(d);
    return 0;
}
