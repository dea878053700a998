#include "base/turn_cred.h"

#include "base/crypto.h"

#include <inttypes.h>
#include <stdio.h>

void turn_cred_sign(const char *secret, const char *username, char ret[static 32])
{
    struct bytes text = bytes_str(username);
    uint8_t mac[SHA1_SIZE];

    ret[0] = '\0';
    if (hmac_sha1(bytes_str(secret), &text, 1, mac) == 0)
        (void) base64_encode(bytes_of(mac, sizeof(mac)), ret, 32);
}

void turn_cred_new(const char *secret, uint64_t now_ms, const char *name, struct turn_cred *ret)
{
    snprintf(ret->username, sizeof(ret->username), "%" PRIu64 ":%s",
             now_ms / 1000 + TURN_CRED_LIFETIME_S, name);
    turn_cred_sign(secret, ret->username, ret->credential);
}
