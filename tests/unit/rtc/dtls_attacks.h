/* dtls_attacks.h: datagrams that a stranger may send to a DTLS server in the hope to end a
 * handshake that is not his (the ClientHello race), each in one or two parts. */
#pragma once

#include "base/buf.h"
#include "base/rnd.h"

#include <assert.h>

#define ATTACKS_MAX 32
#define ATTACK_SIZE 1500

struct attack {
    const char *name;
    struct {
        size_t len;
        uint8_t data[ATTACK_SIZE];
    } parts[2];
};

enum { ATTACK_CCS = 20, ATTACK_ALERT = 21, ATTACK_HANDSHAKE = 22, ATTACK_DATA = 23 };
enum { ATTACK_HELLO = 1, ATTACK_CERTIFICATE = 11, ATTACK_FINISHED = 20 };

#define ATTACK_OUR_SUITE 0xc02b
#define ATTACK_NULL_SUITE 0xc006 /* TLS_ECDHE_ECDSA_WITH_NULL_SHA */

static inline void attack_put_record(struct wr *w, unsigned type, unsigned epoch, struct bytes body)
{
    wr_u8(w, (uint8_t) type);
    wr_u16(w, 0xfefd);
    wr_u16(w, (uint16_t) epoch);
    wr_u16(w, 0);
    wr_u32(w, rnd_u32() & 0xffff);
    wr_u16(w, (uint16_t) body.len);
    wr_bytes(w, body);
}

struct attack_fragment {
    unsigned type, seq;
    uint32_t message_len, at;
    struct bytes part;
};

static inline void attack_put_fragment(struct wr *w, const struct attack_fragment *f)
{
    uint8_t body[ATTACK_SIZE];
    struct wr b = wr_init(body, sizeof(body));

    wr_u8(&b, (uint8_t) f->type);
    wr_u24(&b, f->message_len);
    wr_u16(&b, (uint16_t) f->seq);
    wr_u24(&b, f->at);
    wr_u24(&b, (uint32_t) f->part.len);
    wr_bytes(&b, f->part);
    attack_put_record(w, ATTACK_HANDSHAKE, 0, bytes_of(body, wr_len(&b)));
}

/* A hello's body: one suite, and extensions that are n_junk bytes without sense. */
static inline size_t attack_hello(uint8_t *buf, size_t cap, uint16_t suite, size_t n_junk)
{
    struct wr w = wr_init(buf, cap);

    wr_u16(&w, 0xfefd);
    for (unsigned i = 0; i < 8; i++)
        wr_u32(&w, rnd_u32());
    wr_u16(&w, 0); /* neither session id nor cookie */
    wr_u16(&w, 2);
    wr_u16(&w, suite);
    wr_u16(&w, 0x0100); /* no compression */
    wr_u16(&w, (uint16_t) n_junk);
    for (size_t i = 0; i < n_junk; i++)
        wr_u8(&w, 0xff);
    assert(!w.failed);
    return wr_len(&w);
}

static inline void attack_part(struct attack *a, unsigned part, const struct wr *w)
{
    assert(!w->failed);
    a->parts[part].len = wr_len(w);
}

static inline struct wr attack_writer(struct attack *a, unsigned part)
{
    return wr_init(a->parts[part].data, ATTACK_SIZE);
}

/* One whole message in one record. */
static inline void attack_message(struct attack *a, const char *name, unsigned type, unsigned seq,
                                  struct bytes body)
{
    struct attack_fragment f = {type, seq, (uint32_t) body.len, 0, body};
    struct wr w = attack_writer(a, 0);

    a->name = name;
    attack_put_fragment(&w, &f);
    attack_part(a, 0, &w);
}

/* Two fragments, each in a datagram. */
static inline void attack_halves(struct attack *a, const char *name,
                                 const struct attack_fragment *first,
                                 const struct attack_fragment *second)
{
    struct wr w = attack_writer(a, 0);

    a->name = name;
    attack_put_fragment(&w, first);
    attack_part(a, 0, &w);
    w = attack_writer(a, 1);
    attack_put_fragment(&w, second);
    attack_part(a, 1, &w);
}

static inline void attack_record(struct attack *a, const char *name, unsigned type, unsigned epoch,
                                 struct bytes body)
{
    struct wr w = attack_writer(a, 0);

    a->name = name;
    attack_put_record(&w, type, epoch, body);
    attack_part(a, 0, &w);
}

static inline size_t attack_hellos(struct attack *a)
{
    uint8_t null[200], junk[400], empty[200];
    size_t null_len = attack_hello(null, sizeof(null), ATTACK_NULL_SUITE, 0);
    size_t junk_len = attack_hello(junk, sizeof(junk), ATTACK_OUR_SUITE, 64);
    size_t empty_len = attack_hello(empty, sizeof(empty), ATTACK_OUR_SUITE, 0);
    size_t n = 0;

    attack_message(&a[n++], "a null cipher", ATTACK_HELLO, 0, bytes_of(null, null_len));
    attack_message(&a[n++], "extensions without sense", ATTACK_HELLO, 0, bytes_of(junk, junk_len));
    attack_message(&a[n++], "no extensions", ATTACK_HELLO, 0, bytes_of(empty, empty_len));
    attack_message(&a[n++], "cut short", ATTACK_HELLO, 0, bytes_of(junk, 40));
    attack_message(&a[n++], "out of its place", ATTACK_HELLO, 1, bytes_of(junk, junk_len));
    junk[0] = 3; /* TLS 1.2's version */
    attack_message(&a[n++], "another protocol", ATTACK_HELLO, 0, bytes_of(junk, junk_len));
    return n;
}

static inline size_t attack_fragments(struct attack *a)
{
    uint8_t hello[1400];
    uint32_t len = (uint32_t) attack_hello(hello, sizeof(hello), ATTACK_OUR_SUITE, 1000);
    struct attack_fragment start = {ATTACK_HELLO, 0, len, 0, bytes_of(hello, 600)}, f;
    size_t n = 0;

    f = (struct attack_fragment){ATTACK_HELLO, 0, len, 300, bytes_of(hello, len - 300)};
    attack_halves(&a[n++], "fragments that overlap", &start, &f);
    f = (struct attack_fragment){ATTACK_HELLO, 0, len + 200, 600, bytes_of(hello, 600)};
    attack_halves(&a[n++], "fragments of two lengths", &start, &f);
    f = (struct attack_fragment){ATTACK_HELLO, 0, len, len - 10, bytes_of(hello, 600)};
    attack_halves(&a[n++], "a fragment past the end", &start, &f);
    f = (struct attack_fragment){ATTACK_HELLO, 0, len, 600, bytes_of(NULL, 0)};
    attack_halves(&a[n++], "an empty fragment", &start, &f);
    f = (struct attack_fragment){ATTACK_HELLO, 0, 0, 0, bytes_of(NULL, 0)};
    attack_halves(&a[n++], "empty messages", &f, &f);
    f = (struct attack_fragment){ATTACK_HELLO, 0, 0xffffff, 0, bytes_of(hello, 600)};
    attack_halves(&a[n++], "a message of 16 MB", &f, &f);
    f = (struct attack_fragment){ATTACK_CERTIFICATE, 9, 16000, 0, bytes_of(hello, 600)};
    attack_halves(&a[n++], "a message to come", &f, &f);
    attack_message(&a[n++], "an early end", ATTACK_FINISHED, 4, bytes_of(hello, 12));
    attack_message(&a[n++], "a server's hello", 2, 0, bytes_of(hello, 80));
    return n;
}

static inline size_t attack_records(struct attack *a)
{
    static const uint8_t fatal[] = {2, 40}, close[] = {1, 0}, ccs[] = {1};
    uint8_t junk[ATTACK_SIZE];
    size_t n = 0;

    rnd_bytes(junk, sizeof(junk));
    attack_record(&a[n++], "a fatal alert", ATTACK_ALERT, 0, bytes_of(fatal, 2));
    attack_record(&a[n++], "close_notify", ATTACK_ALERT, 0, bytes_of(close, 2));
    attack_record(&a[n++], "a fatal alert of the next epoch", ATTACK_ALERT, 1, bytes_of(fatal, 2));
    attack_record(&a[n++], "an early change of ciphers", ATTACK_CCS, 0, bytes_of(ccs, 1));
    attack_record(&a[n++], "data in the clear", ATTACK_DATA, 0, bytes_of(junk, 100));
    attack_record(&a[n++], "an empty record", ATTACK_HANDSHAKE, 0, bytes_of(NULL, 0));
    attack_record(&a[n++], "a far epoch", ATTACK_HANDSHAKE, 7, bytes_of(junk, 100));
    attack_record(&a[n++], "noise in a record", ATTACK_HANDSHAKE, 0, bytes_of(junk, 200));
    attack_record(&a[n], "a record past the datagram", ATTACK_HANDSHAKE, 0, bytes_of(junk, 200));
    a[n++].parts[0].len -= 50;
    a[n].name = "noise";
    memcpy(a[n].parts[0].data, junk, sizeof(junk));
    a[n].parts[0].data[0] = 22;
    a[n++].parts[0].len = sizeof(junk);
    return n;
}

/* All of them; returns how many. */
static inline size_t attacks_make(struct attack ret[static ATTACKS_MAX])
{
    size_t n;

    memset(ret, 0, ATTACKS_MAX * sizeof(ret[0]));
    n = attack_hellos(ret);
    n += attack_fragments(ret + n);
    n += attack_records(ret + n);
    assert(n <= ATTACKS_MAX);
    return n;
}
