#include "acme/dns_message.h"

#include "base/buf.h"

#include <ctype.h>
#include <stdio.h>

#define CLASS_IN 1
#define TYPE_OPT 41
#define WIRE_NAME_MAX 255
#define LABEL_MAX 63
#define ALIASES_MAX 16 /* CNAMEs in a row */

/* ---- names ---- */

static char shown(uint8_t c)
{
    if (c == '-' || c == '_' || c == '*' || c == '/')
        return (char) c;
    return isalnum(c) && c < 0x80 ? (char) tolower(c) : '?';
}

/* A name at the cursor, with the pointers of its compression (RFC 1035 section 4.1.4), each of
 * which must lead to before the part that it ends. So it comes to an end. */
static void read_name(struct rd *r, struct bytes message, char ret[static DNS_NAME_SIZE])
{
    struct rd at = *r;
    bool jumped = false;
    size_t len = 0, start = (size_t) (r->p - message.p);

    for (;;) {
        uint8_t n = rd_u8(&at);
        struct bytes label;

        if ((n & 0xc0) == 0xc0) {
            size_t to = (size_t) (n & 0x3f) << 8 | rd_u8(&at);

            if (!jumped)
                *r = at;
            jumped = true;
            if (at.failed || to >= start)
                break;
            start = to;
            at = rd_init(bytes_of(message.p + to, message.len - to));
            continue;
        }
        label = rd_bytes(&at, n);
        if (at.failed || n > LABEL_MAX || len + n + 1 > WIRE_NAME_MAX - 1)
            break;
        if (n == 0) {
            if (len == 0)
                ret[len++] = '.';
            ret[len] = '\0';
            if (!jumped)
                *r = at;
            return;
        }
        if (len > 0)
            ret[len++] = '.';
        for (size_t i = 0; i < n; i++)
            ret[len++] = shown(label.p[i]);
    }
    r->failed = true;
    ret[0] = '\0';
}

static void write_name(struct wr *w, const char *name)
{
    size_t start = wr_len(w);

    while (*name && strcmp(name, ".") != 0) {
        size_t n = strcspn(name, ".");

        if (n == 0 || n > LABEL_MAX) {
            w->failed = true;
            return;
        }
        wr_u8(w, (uint8_t) n);
        wr_bytes(w, bytes_of(name, n));
        name += n;
        if (*name == '.')
            name++;
    }
    wr_u8(w, 0);
    if (wr_len(w) - start > WIRE_NAME_MAX)
        w->failed = true;
}

static size_t len_of(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && name[len - 1] == '.' ? len - 1 : len;
}

bool dns_name_is_within(const char *name, const char *zone)
{
    size_t n = len_of(name), z = len_of(zone);

    if (n < z || (n > z && z > 0 && name[n - z - 1] != '.'))
        return false;
    return strncasecmp(name + n - z, zone, z) == 0;
}

const char *dns_name_parent(const char *name)
{
    const char *dot = strchr(name, '.');

    return dot && dot[1] ? dot + 1 : NULL;
}

/* ---- questions ---- */

/* The header (RFC 1035 section 4.1.1): id, flags, then how many questions, answers, authorities and
 * additional records follow. */
int dns_query_build(uint16_t id, const char *name, enum dns_type type, bool edns,
                    uint8_t buf[static DNS_QUERY_SIZE], size_t *ret_len)
{
    /* The root's name, type, payload size, flags, length of the data. */
    static const uint8_t opt[] = {
        0, 0, TYPE_OPT, DNS_UDP_PAYLOAD >> 8, DNS_UDP_PAYLOAD & 255, 0, 0, 0, 0, 0, 0};
    /* Recursion desired; one question; is there an additional record? */
    const uint8_t head[] = {(uint8_t) (id >> 8), (uint8_t) id, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, edns};
    const uint8_t end[] = {(uint8_t) (type >> 8), (uint8_t) type, 0, CLASS_IN};
    struct wr w = wr_init(buf, DNS_QUERY_SIZE);

    wr_bytes(&w, bytes_of(head, sizeof(head)));
    write_name(&w, name);
    wr_bytes(&w, bytes_of(end, sizeof(end)));
    if (edns)
        wr_bytes(&w, bytes_of(opt, sizeof(opt)));
    return wr_finish(&w, ret_len) < 0 ? -EINVAL : 0;
}

/* ---- answers ---- */

struct counts {
    uint16_t questions, answers, authorities;
};

static void read_head(struct rd *r, struct bytes message, struct dns_head *h, struct counts *n)
{
    *h = (struct dns_head){.id = rd_u16(r)};
    h->flags = rd_u16(r);
    n->questions = rd_u16(r);
    n->answers = rd_u16(r);
    n->authorities = rd_u16(r);
    rd_skip(r, 2);
    if (n->questions > 1)
        r->failed = true;
    if (n->questions == 1) {
        read_name(r, message, h->question);
        h->type = rd_u16(r);
        if (rd_u16(r) != CLASS_IN)
            r->failed = true;
    }
}

int dns_head_parse(struct bytes message, struct dns_head *ret)
{
    struct rd r = rd_init(message);
    struct dns_head h;
    struct counts n;

    read_head(&r, message, &h, &n);
    if (r.failed)
        return -EBADMSG;
    *ret = h;
    return 0;
}

struct raw_record {
    char owner[DNS_NAME_SIZE];
    uint16_t type, class;
    struct rd data; /* within the message: names in it may point back */
};

static void read_record(struct rd *r, struct bytes message, struct raw_record *ret)
{
    size_t len;
    struct bytes data;

    read_name(r, message, ret->owner);
    ret->type = rd_u16(r);
    ret->class = rd_u16(r);
    rd_skip(r, 4); /* TTL */
    len = rd_u16(r);
    data = rd_bytes(r, len);
    ret->data = rd_init(data);
}

static void put_text(char *ret, size_t cap, size_t *len, struct bytes b)
{
    for (size_t i = 0; i < b.len && *len + 1 < cap; i++)
        ret[(*len)++] = b.p[i] >= 0x20 && b.p[i] < 0x7f ? (char) b.p[i] : '?';
    ret[*len] = '\0';
}

static void read_strings(struct rd *r, struct dns_record *ret)
{
    size_t len = 0;

    while (rd_left(r) > 0) {
        size_t n = rd_u8(r);

        put_text(ret->text, sizeof(ret->text), &len, rd_bytes(r, n));
    }
}

/* RFC 8659 section 4.1: flags, length of the tag, tag, value. */
static void read_caa(struct rd *r, struct dns_record *ret)
{
    uint8_t flags = rd_u8(r);
    size_t n = rd_u8(r), len = 0;
    struct bytes tag = rd_bytes(r, n);

    ret->critical = (flags & 0x80) != 0;
    if (n == 0)
        r->failed = true;
    put_text(ret->tag, sizeof(ret->tag), &len, tag);
    for (char *c = ret->tag; *c; c++)
        *c = (char) tolower((unsigned char) *c);
    len = 0;
    put_text(ret->text, sizeof(ret->text), &len, rd_bytes(r, rd_left(r)));
}

static void read_address(struct rd *r, int family, struct addr *ret)
{
    struct bytes ip = rd_bytes(r, family == AF_INET ? 4 : 16);

    *ret = (struct addr){.family = (uint16_t) family};
    if (ip.len)
        memcpy(ret->ip, ip.p, ip.len);
}

/* The content of a record of a type that we know. */
static int read_data(struct bytes message, const struct raw_record *raw, struct dns_record *ret)
{
    struct rd r = raw->data;

    *ret = (struct dns_record){.type = (enum dns_type) raw->type};
    switch (ret->type) {
    case DNS_A:
        read_address(&r, AF_INET, &ret->address);
        break;
    case DNS_AAAA:
        read_address(&r, AF_INET6, &ret->address);
        break;
    case DNS_NS:
    case DNS_CNAME:
        read_name(&r, message, ret->text);
        break;
    case DNS_SOA:
        memcpy(ret->text, raw->owner, sizeof(raw->owner));
        break;
    case DNS_TXT:
        read_strings(&r, ret);
        break;
    case DNS_CAA:
        read_caa(&r, ret);
        break;
    }
    return rd_finish(&r);
}

/* The answers of the name and type; *ret_next: what the name is an alias of, "" for none. */
static int collect(struct rd r, size_t n, struct bytes message, const char *name,
                   enum dns_type type, struct dns_answer *a, char ret_next[static DNS_NAME_SIZE])
{
    ret_next[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        struct raw_record raw;
        struct dns_record record;

        read_record(&r, message, &raw);
        if (r.failed)
            return -EBADMSG;
        if (raw.class != CLASS_IN || strcmp(raw.owner, name) != 0 ||
            (raw.type != type && raw.type != DNS_CNAME))
            continue;
        if (read_data(message, &raw, &record) < 0)
            return -EBADMSG;
        if (raw.type != type)
            memcpy(ret_next, record.text, DNS_NAME_SIZE);
        else if (a->n < DNS_ANSWERS_MAX)
            a->list[a->n++] = record;
    }
    return 0;
}

static int skip_records(struct rd *r, size_t n, struct bytes message)
{
    struct raw_record raw;

    while (n-- > 0 && !r->failed)
        read_record(r, message, &raw);
    return rd_finish(r);
}

/* The zone that says so, of an answer without records (RFC 2308 section 2). One that does not have
 * the name within is no zone of its. */
static int find_zone(struct rd r, size_t n, struct bytes message, struct dns_answer *a)
{
    struct raw_record raw;

    while (n-- > 0) {
        read_record(&r, message, &raw);
        if (r.failed)
            return -EBADMSG;
        if (raw.type == DNS_SOA && raw.class == CLASS_IN && dns_name_is_within(a->name, raw.owner))
            memcpy(a->owner, raw.owner, sizeof(a->owner));
    }
    return 0;
}

int dns_parse(struct bytes message, enum dns_type type, struct dns_answer *ret)
{
    struct rd r = rd_init(message);
    struct dns_answer a = {0};
    char next[DNS_NAME_SIZE];
    struct dns_head h;
    struct counts n;
    struct rd after;

    read_head(&r, message, &h, &n);
    if (r.failed || !dns_head_is_answer(&h) || (h.question[0] && h.type != type))
        return -EBADMSG;
    a.rcode = h.flags & 15;
    a.authoritative = (h.flags & 0x0400) != 0;
    memcpy(a.name, h.question, sizeof(a.name));
    after = r;
    if (skip_records(&after, n.answers, message) < 0)
        return -EBADMSG;
    for (int i = 0; i < ALIASES_MAX && a.n == 0; i++) {
        if (collect(r, n.answers, message, a.name, type, &a, next) < 0)
            return -EBADMSG;
        if (a.n > 0 || !*next)
            break;
        memcpy(a.name, next, sizeof(a.name));
    }
    if (type == DNS_SOA && a.n > 0)
        memcpy(a.owner, a.list[0].text, sizeof(a.owner));
    else if (find_zone(after, n.authorities, message, &a) < 0)
        return -EBADMSG;
    *ret = a;
    return 0;
}
