/* recording.h: media from a file, to be sent: VP8 pictures of an IVF file, or the RTP packets of
 * one stream in an rtpdump file ("#!rtpplay1.0", as rtptools and Wireshark write it), whose
 * payloads are sent as they are. The whole file is in memory. */
#pragma once

#include "base/bytes.h"

#define RECORDING_MAX (64u << 20)

struct recording;

/* -EBADMSG: neither of the two, or damaged; -ENOTSUP: another codec than VP8; -EFBIG, -ENOENT... */
int recording_open(const char *path, struct recording **ret_r);
int recording_parse(struct bytes content, struct recording **ret_r); /* takes a copy */
struct recording *recording_free(struct recording *r); /* NULL is fine; returns NULL */

struct recorded {
    uint64_t at_us;   /* since the first one */
    uint32_t ts_step; /* of packets: in units of their clock, since the one before */
    bool is_packet;   /* an RTP payload; else a picture */
    bool marker;      /* of packets */
    struct bytes data;
};

/* The next one; false at the end: then it begins anew. */
bool recording_next(struct recording *r, struct recorded *ret);
