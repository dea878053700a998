#include "settings/punycode.h"

#include <ctype.h>

#define LABEL_MAX 63

/* RFC 3492 section 5 */
enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, INITIAL_BIAS = 72, INITIAL_N = 0x80 };

static uint32_t lower(uint32_t c)
{
    if (c < 0x80)
        return (uint32_t) tolower((int) c);
    if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9) ||
        (c >= 0x410 && c <= 0x42f))
        return c + 0x20;
    if (c >= 0x400 && c <= 0x40f)
        return c + 0x50;
    return c;
}

/* One label as code points. Returns how many; -EBADMSG. */
static int decode_utf8(struct bytes label, uint32_t points[static LABEL_MAX])
{
    int n = 0;

    for (size_t i = 0; i < label.len; n++) {
        uint8_t lead = label.p[i++];
        unsigned more = lead < 0x80       ? 0
                        : lead >> 5 == 6  ? 1
                        : lead >> 4 == 14 ? 2
                        : lead >> 3 == 30 ? 3
                                          : 9;
        uint32_t c = more == 0 ? lead : lead & (0x3fU >> more);

        if (n == LABEL_MAX || more > label.len - i)
            return -EBADMSG;
        for (; more > 0; more--) {
            if ((label.p[i] & 0xc0) != 0x80)
                return -EBADMSG;
            c = c << 6 | (label.p[i++] & 0x3f);
        }
        points[n] = lower(c);
    }
    return n;
}

/* RFC 3492 section 6.1 */
static uint32_t adapt(uint32_t delta, uint32_t n, bool first)
{
    uint32_t k = 0;

    delta = first ? delta / DAMP : delta / 2;
    for (delta += delta / n; delta > ((BASE - TMIN) * TMAX) / 2; k += BASE)
        delta /= BASE - TMIN;
    return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static void put_digit(struct wr *w, uint32_t digit)
{
    wr_u8(w, (uint8_t) (digit < 26 ? 'a' + digit : '0' + digit - 26));
}

static void put_delta(struct wr *w, uint32_t q, uint32_t bias)
{
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;

        if (q < t)
            break;
        put_digit(w, t + (q - t) % (BASE - t));
        q = (q - t) / (BASE - t);
    }
    put_digit(w, q);
}

/* RFC 3492 section 6.3. Labels are short, so nothing overflows. */
static void put_encoded(struct wr *w, const uint32_t *points, uint32_t len)
{
    uint32_t n = INITIAL_N, delta = 0, bias = INITIAL_BIAS, basic = 0, done;

    wr_str(w, "xn--");
    for (uint32_t i = 0; i < len; i++)
        if (points[i] < INITIAL_N) {
            wr_u8(w, (uint8_t) points[i]);
            basic++;
        }
    if (basic > 0)
        wr_u8(w, '-');
    for (done = basic; done < len; delta++, n++) {
        uint32_t next = UINT32_MAX;

        for (uint32_t i = 0; i < len; i++)
            if (points[i] >= n && points[i] < next)
                next = points[i];
        delta += (next - n) * (done + 1);
        n = next;
        for (uint32_t i = 0; i < len; i++) {
            delta += points[i] < n;
            if (points[i] != n)
                continue;
            put_delta(w, delta, bias);
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
    }
}

static int put_label(struct wr *w, struct bytes label)
{
    uint32_t points[LABEL_MAX];
    size_t before = wr_len(w);
    bool ascii = true;
    int n = decode_utf8(label, points);

    if (n < 0)
        return n;
    for (int i = 0; i < n; i++)
        ascii &= points[i] < INITIAL_N;
    if (!ascii)
        put_encoded(w, points, (uint32_t) n);
    else
        for (int i = 0; i < n; i++)
            wr_u8(w, (uint8_t) points[i]);
    return wr_len(w) - before > LABEL_MAX ? -EBADMSG : 0;
}

int punycode_host(const char *name, char *buf, size_t cap)
{
    struct wr w = wr_init(buf, cap);
    size_t len;

    for (;;) {
        size_t label = strcspn(name, ".");
        int r = put_label(&w, bytes_of(name, label));

        if (r < 0)
            return r;
        if (!name[label])
            break;
        wr_u8(&w, '.');
        name += label + 1;
    }
    wr_u8(&w, 0);
    return wr_finish(&w, &len);
}
