#include "call/ticket.h"

#include "base/buf.h"

#include <inttypes.h>

#define STRETCH_ROUNDS 20000
#define SALT_MAX 512
#define EXPIRY_MAX_S 99999999999u

int ticket_key_init(struct ticket_key *ret, const char *secret, const char *purpose,
                    const char *user)
{
    uint8_t salt[SALT_MAX];
    struct wr w = wr_init(salt, sizeof(salt));
    size_t len;
    int r;

    wr_str(&w, purpose);
    wr_u8(&w, 0);
    wr_str(&w, user);
    r = wr_finish(&w, &len);
    return r < 0
               ? r
               : secret_stretch(bytes_str(secret), bytes_of(salt, len), STRETCH_ROUNDS, ret->bytes);
}

int ticket_make(const struct ticket_key *k, uint64_t expiry_s, char ret[static TICKET_SIZE])
{
    uint8_t mac[SHA256_SIZE];
    char text[BASE64_SIZE(SHA256_SIZE)];
    struct wr w = wr_init(ret, TICKET_SIZE);
    struct bytes signed_part;
    size_t len;
    int r;

    wr_fmt(&w, "%" PRIu64, expiry_s);
    signed_part = bytes_of(ret, wr_len(&w));
    r = hmac_sha256(bytes_of(k->bytes, sizeof(k->bytes)), &signed_part, 1, mac);
    if (r == 0)
        r = base64_encode(bytes_of(mac, sizeof(mac)), text, sizeof(text));
    if (r < 0)
        return r;
    wr_u8(&w, '.');
    wr_str(&w, text);
    wr_u8(&w, 0);
    return wr_finish(&w, &len);
}

bool ticket_is_valid(const struct ticket_key *k, struct bytes ticket, uint64_t now_s)
{
    const uint8_t *dot = ticket.len ? memchr(ticket.p, '.', ticket.len) : NULL;
    char right[TICKET_SIZE];
    uint64_t expiry_s;

    return dot &&
           bytes_to_u64(bytes_of(ticket.p, (size_t) (dot - ticket.p)), EXPIRY_MAX_S, &expiry_s) ==
               0 &&
           expiry_s > now_s && ticket_make(k, expiry_s, right) == 0 &&
           secret_eq(ticket, bytes_str(right));
}
