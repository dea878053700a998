/* The input as offer and as answer; the length chooses what we support. All we say can be read. */
#include "media/negotiate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char buf[1 << 20];

static void check_text(int r, const size_t *len)
{
    static struct sdp s;

    if (r == 0 && sdp_decode(bytes_of(buf, *len), &s, NULL) < 0)
        abort();
}

static void check_candidates(struct bytes text)
{
    struct sdp_candidate c[4];
    bool end;
    size_t n = neg_candidates(text, c, 4, &end);

    for (size_t i = 0; i < n; i++) {
        if (c[i].addr.family == 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const codecs[] = {NULL, "VP8", NULL, "H264"};
    static struct neg_peer pub, sub, offered;
    struct neg_local l = {.ufrag = "ufra", .pwd = "p", .fingerprint = "00:11", .cname = "c"};
    struct bytes text = bytes_of(data, size);
    struct neg_error e;
    struct neg_map map;
    size_t len = 0;

    l.rtx = l.twcc = l.remb = l.abs_send_time = size & 4;
    l.loopback = size & 8;
    l.msid = "m";
    l.send[SDP_AUDIO].ssrc = 7, l.send[SDP_VIDEO].ssrc = 8;
    l.forced_codec = codecs[size & 3];
    check_text(neg_publish(&l, text, &pub, buf, sizeof(buf), &len, &e), &len);
    check_text(neg_subscribe(&l, &pub, text, &sub, buf, sizeof(buf), &len, &e), &len);
    check_text(neg_offer(&l, &pub, &offered, buf, sizeof(buf), &len, &e), &len);
    (void) neg_accept(&offered, text, &sub, &e);
    check_candidates(text);
    for (unsigned k = 0; k < NEG_KINDS; k++)
        neg_map(&pub.media[k], &sub.media[k], &map);
    return 0;
}
