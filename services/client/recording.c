#include "client/recording.h"

#include "codec/rtp.h"
#include "files/files.h"

#include <errno.h>
#include <stdlib.h>

#define IVF_HEADER 32
#define IVF_FRAME 12
#define DUMP_HEADER 16 /* behind the line of text */
#define DUMP_PACKET 8
#define DUMP_LINE_MAX 128

struct recording {
    uint8_t *data;
    size_t len;
    size_t start, at; /* of the first, of the next one */
    bool is_dump;
    uint64_t unit_num, unit_den; /* of IVF: seconds of one unit of time */
    uint64_t first;              /* time of the first, in the file's unit */
    uint32_t ssrc, last_ts;      /* of a dump: the stream, and its last packet */
    bool begun;
};

static uint64_t little(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;

    while (n-- > 0)
        v = v << 8 | p[n];
    return v;
}

/* ---- IVF: "DKIF" version (2) header (2) fourcc (4) width (2) height (2) rate (4) scale (4) ...
 * ---- */

static int open_ivf(struct recording *r)
{
    size_t header;

    if (r->len < IVF_HEADER)
        return -EBADMSG;
    header = (size_t) little(r->data + 6, 2);
    if (memcmp(r->data + 8, "VP80", 4) != 0)
        return -ENOTSUP;
    r->unit_den = little(r->data + 16, 4);
    r->unit_num = little(r->data + 20, 4);
    if (header < IVF_HEADER || header > r->len || r->unit_den == 0 || r->unit_num == 0)
        return -EBADMSG;
    r->start = header;
    return 0;
}

/* size (4) time (8) picture */
static bool next_picture(struct recording *r, struct recorded *ret)
{
    const uint8_t *p = r->data + r->at;
    size_t size;
    uint64_t time;

    if (r->len - r->at < IVF_FRAME)
        return false;
    size = (size_t) little(p, 4);
    time = little(p + 4, 8);
    if (size > r->len - r->at - IVF_FRAME)
        return false;
    if (!r->begun)
        r->first = time;
    r->begun = true;
    r->at += IVF_FRAME + size;
    *ret = (struct recorded){.data = bytes_of(p + IVF_FRAME, size)};
    if (time > r->first && (time - r->first) < UINT64_MAX / 1000000 / r->unit_num)
        ret->at_us = (time - r->first) * r->unit_num * 1000000 / r->unit_den;
    return true;
}

/* ---- rtpdump ---- */

static int open_dump(struct recording *r)
{
    const uint8_t *end = memchr(r->data, '\n', r->len < DUMP_LINE_MAX ? r->len : DUMP_LINE_MAX);

    if (!end || (size_t) (r->data + r->len - end) < 1 + DUMP_HEADER)
        return -EBADMSG;
    r->is_dump = true;
    r->start = (size_t) (end - r->data) + 1 + DUMP_HEADER;
    return 0;
}

/* length with this head (2) of the packet, 0: RTCP (2) offset in ms (4) packet, perhaps cut */
static bool next_packet(struct recording *r, struct recorded *ret)
{
    while (r->len - r->at >= DUMP_PACKET) {
        struct rd head = rd_init(bytes_of(r->data + r->at, DUMP_PACKET));
        size_t len = rd_u16(&head), packet_len = rd_u16(&head);
        uint64_t time = rd_u32(&head);
        struct rtp rtp;

        if (len < DUMP_PACKET || len > r->len - r->at)
            return false;
        head = rd_init(bytes_of(r->data + r->at + DUMP_PACKET, len - DUMP_PACKET));
        r->at += len;
        if (packet_len == 0 || rtp_decode(rd_bytes(&head, packet_len), &rtp) < 0 ||
            (r->begun && rtp.ssrc != r->ssrc) || rtp.payload.len == 0)
            continue;
        *ret = (struct recorded){.is_packet = true, .marker = rtp.marker, .data = rtp.payload};
        if (r->begun)
            ret->ts_step = rtp.ts - r->last_ts;
        else
            r->first = time;
        r->begun = true;
        r->ssrc = rtp.ssrc;
        r->last_ts = rtp.ts;
        ret->at_us = time > r->first ? (time - r->first) * 1000 : 0;
        return true;
    }
    return false;
}

/* ---- both ---- */

bool recording_next(struct recording *r, struct recorded *ret)
{
    bool more = r->is_dump ? next_packet(r, ret) : next_picture(r, ret);

    if (!more) {
        r->at = r->start;
        r->begun = false;
    }
    return more;
}

static int start(struct recording *r)
{
    struct recorded first;
    int n = -EBADMSG;

    if (bytes_starts_with(bytes_of(r->data, r->len), "DKIF"))
        n = open_ivf(r);
    else if (bytes_starts_with(bytes_of(r->data, r->len), "#!rtpplay1.0 "))
        n = open_dump(r);
    r->at = r->start;
    if (n == 0 && !recording_next(r, &first))
        n = -EBADMSG; /* nothing in it */
    r->at = r->start;
    r->begun = false;
    return n;
}

static int adopt(uint8_t *data, size_t len, struct recording **ret_r)
{
    struct recording *r = calloc(1, sizeof(*r));
    int n;

    if (!r) {
        free(data);
        return -ENOMEM;
    }
    r->data = data;
    r->len = len;
    n = start(r);
    if (n < 0)
        recording_free(r);
    else
        *ret_r = r;
    return n;
}

int recording_open(const char *path, struct recording **ret_r)
{
    char *content;
    size_t len;
    int r = file_read(path, RECORDING_MAX, &content, &len);

    return r < 0 ? r : adopt((uint8_t *) content, len, ret_r);
}

int recording_parse(struct bytes content, struct recording **ret_r)
{
    uint8_t *copy = malloc(content.len + 1);

    if (!copy)
        return -ENOMEM;
    if (content.len > 0)
        memcpy(copy, content.p, content.len);
    return adopt(copy, content.len, ret_r);
}

struct recording *recording_free(struct recording *r)
{
    if (!r)
        return NULL;
    free(r->data);
    free(r);
    return NULL;
}
