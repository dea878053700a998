#include "codec/rtp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is decoded can be written again and means the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[8192];
    struct rtp_ext exts[RTP_EXT_MAX], e;
    size_t n = 0, pos = 0, len;
    struct wr w = wr_init(buf, sizeof(buf));
    struct rtp p, again;

    (void) rtp_is_rtcp(bytes_of(data, size));
    if (size == 0 || rtp_decode(bytes_of(data, size), &p) < 0)
        return 0;
    while (n < RTP_EXT_MAX && rtp_next_ext(&p, &pos, &e))
        exts[n++] = e;
    for (int codec = RTP_CODEC_OTHER; codec <= RTP_CODEC_RED; codec++)
        (void) rtp_starts_key_frame((enum rtp_codec) codec, p.payload);
    if (rtp_red_primary(p.payload).len > p.payload.len)
        abort();

    rtp_put_header(&w, &p, exts, n, false);
    if (wr_finish(&w, &len) < 0 || rtp_decode(bytes_of(buf, len), &again) < 0)
        abort();
    if (again.seq != p.seq || again.ssrc != p.ssrc || !bytes_eq(again.csrc, p.csrc))
        abort();
    for (size_t i = 0; i < n; i++) {
        if (rtp_find_ext(&again, exts[i].id).p == NULL)
            abort();
    }
    return 0;
}
