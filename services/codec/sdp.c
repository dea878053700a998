#include "codec/sdp.h"

const struct sdp_codec *sdp_find_codec(const struct sdp_media *m, uint8_t pt)
{
    for (unsigned i = 0; i < m->n_codecs; i++)
        if (m->codecs[i].pt == pt)
            return &m->codecs[i];
    return NULL;
}

const struct sdp_codec *sdp_find_rtx(const struct sdp_media *m, uint8_t pt)
{
    for (unsigned i = 0; i < m->n_codecs; i++) {
        const struct sdp_codec *c = &m->codecs[i];
        uint64_t apt;

        if (bytes_caseeq_str(c->name, "rtx") &&
            bytes_to_u64(sdp_fmtp_param(c->fmtp, "apt"), 127, &apt) == 0 && apt == pt)
            return c;
    }
    return NULL;
}

bool sdp_codec_has_fb(const struct sdp_codec *c, const char *fb)
{
    for (unsigned i = 0; i < c->n_fb; i++)
        if (bytes_eq_str(c->fb[i], fb))
            return true;
    return false;
}

struct bytes sdp_fmtp_param(struct bytes fmtp, const char *name)
{
    const uint8_t *p = fmtp.p, *end = fmtp.len ? fmtp.p + fmtp.len : p;

    while (p < end) {
        const uint8_t *semi = memchr(p, ';', (size_t) (end - p));
        const uint8_t *stop = semi ? semi : end, *equals;

        while (p < stop && *p == ' ')
            p++;
        equals = p < stop ? memchr(p, '=', (size_t) (stop - p)) : NULL;
        if (bytes_caseeq_str(bytes_of(p, (size_t) ((equals ? equals : stop) - p)), name)) {
            const uint8_t *value = equals ? equals + 1 : stop;

            while (stop > value && stop[-1] == ' ')
                stop--;
            return bytes_of(value, (size_t) (stop - value));
        }
        p = semi ? semi + 1 : end;
    }
    return bytes_str(NULL);
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sdp_fingerprint_bytes(const struct sdp_fingerprint *f, uint8_t *ret, size_t cap,
                          size_t *ret_len)
{
    struct bytes v = f->value;
    size_t n = (v.len + 1) / 3;

    if (v.len % 3 != 2 || n > cap)
        return -EBADMSG;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(v.p[3 * i]), low = hex_digit(v.p[3 * i + 1]);

        if (high < 0 || low < 0 || (i + 1 < n && v.p[3 * i + 2] != ':'))
            return -EBADMSG;
        ret[i] = (uint8_t) (high << 4 | low);
    }
    *ret_len = n;
    return 0;
}

enum sdp_direction sdp_direction_reversed(enum sdp_direction d)
{
    switch (d) {
    case SDP_SENDONLY:
        return SDP_RECVONLY;
    case SDP_RECVONLY:
        return SDP_SENDONLY;
    default:
        return d;
    }
}

const char *sdp_direction_name(enum sdp_direction d)
{
    static const char *const names[] = {
        [SDP_SENDRECV] = "sendrecv",
        [SDP_SENDONLY] = "sendonly",
        [SDP_RECVONLY] = "recvonly",
        [SDP_INACTIVE] = "inactive",
    };

    return names[d];
}
