#include "rtc/dtls_link.h"

#include "base/buf.h"
#include "rtc/bio_method.h"

#include <errno.h>

#define LINK_MTU 1200 /* of the handshake's datagrams; data is as long as it is */

/* What encryption adds to a record at least: RFC 7905; RFC 5288, with its explicit nonce. */
#define CHACHA20_POLY1305_OVERHEAD 16
#define AES_GCM_OVERHEAD 24

/* ---- records of DTLS 1.2 (RFC 6347 section 4.1) ---- */

/* type (1) version (2) epoch (2) sequence number (6) length (2) fragment
 * Those of a later epoch than the first are encrypted. False: it is cut off. */
static bool next_record(struct rd *r, bool *ret_encrypted, struct bytes *ret_fragment)
{
    rd_skip(r, 3);
    *ret_encrypted = rd_u16(r) != 0;
    rd_skip(r, 6);
    *ret_fragment = rd_bytes(r, rd_u16(r));
    return !r->failed;
}

unsigned dtls_count_encrypted(struct bytes datagram)
{
    struct rd r = rd_init(datagram);
    struct bytes fragment;
    bool encrypted;
    unsigned n = 0;

    while (rd_left(&r) > 0 && next_record(&r, &encrypted, &fragment))
        n += encrypted;
    return n;
}

static size_t overhead(const SSL *ssl)
{
    const SSL_CIPHER *c = SSL_get_current_cipher(ssl);

    return c && SSL_CIPHER_get_cipher_nid(c) == NID_chacha20_poly1305 ? CHACHA20_POLY1305_OVERHEAD
                                                                      : AES_GCM_OVERHEAD;
}

/* One such record drops the whole datagram: nobody in earnest sends it. */
static bool has_too_short(const SSL *ssl, struct bytes datagram)
{
    struct rd r = rd_init(datagram);
    struct bytes fragment;
    bool encrypted;

    while (rd_left(&r) > 0 && next_record(&r, &encrypted, &fragment)) {
        if (encrypted && fragment.len < overhead(ssl))
            return true;
    }
    return false;
}

/* ---- the BIO: one read or write is one datagram ---- */

static int on_write(BIO *bio, const char *data, int len)
{
    const struct dtls_link *k = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (len > 0)
        k->send(bytes_of(data, (size_t) len), k->arg);
    return len;
}

static int on_read(BIO *bio, char *buf, int cap)
{
    struct dtls_link *k = BIO_get_data(bio);
    size_t len = k->in.len < (size_t) cap ? k->in.len : (size_t) cap;

    BIO_clear_retry_flags(bio);
    if (len == 0 || has_too_short(k->ssl, k->in)) {
        k->in = bytes_of(NULL, 0);
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(buf, k->in.p, len);
    if (!k->peeks)
        k->in = bytes_of(NULL, 0);
    return (int) len;
}

static long on_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    struct dtls_link *k = BIO_get_data(bio);

    (void) ptr;
    switch (cmd) {
    case BIO_CTRL_DGRAM_SET_PEEK_MODE:
        k->peeks = num != 0;
        return 1;
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_PENDING:
        return k ? (long) k->in.len : 0;
    default:
        return 0; /* also for the MTU's overhead: LINK_MTU counts our bytes alone */
    }
}

static const BIO_METHOD *own_method(void)
{
    static const struct bio_functions functions = {"datagrams", on_write, on_read, on_ctrl};
    static BIO_METHOD *cached;

    return bio_method(&functions, &cached);
}

/* First with 0, then with what it said before. */
static unsigned on_timer(SSL *ssl, unsigned before_us)
{
    const struct dtls_link *k = BIO_get_data(SSL_get_rbio(ssl));

    if (before_us == 0)
        return k->first_timeout_us;
    return before_us < k->last_timeout_us / 2 ? 2 * before_us : k->last_timeout_us;
}

int dtls_link_attach(struct dtls_link *k, SSL *ssl)
{
    const BIO_METHOD *method = own_method();
    BIO *bio = method ? BIO_new(method) : NULL;

    if (!bio)
        return -ENOMEM;
    k->ssl = ssl;
    k->early_left = k->early_max;
    BIO_set_data(bio, k);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio); /* takes the one reference for both */
    SSL_set_accept_state(ssl);
    DTLS_set_link_mtu(ssl, LINK_MTU);
    DTLS_set_timer_cb(ssl, on_timer);
    return 0;
}

bool dtls_link_allows(struct dtls_link *k, struct bytes datagram)
{
    unsigned n = dtls_count_encrypted(datagram);

    if (n > k->early_left)
        return false;
    k->early_left -= n;
    return true;
}

int dtls_link_timeout(struct dtls_link *k, SSL *ssl)
{
    int r = DTLSv1_handle_timeout(ssl);

    if (r > 0)
        k->early_left = k->early_max;
    return r < 0 ? -ETIMEDOUT : 0;
}
