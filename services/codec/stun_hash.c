#include "codec/stun_hash.h"

#include "codec/stun.h"

#define FINGERPRINT_XOR 0x5354554Eu /* "STUN" */

/* CRC-32 of ITU V.42, reflected: four bits a step. */
static uint32_t crc32_add(uint32_t crc, struct bytes b)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };

    for (size_t i = 0; i < b.len; i++) {
        crc ^= b.p[i];
        crc = crc >> 4 ^ table[crc & 0xf];
        crc = crc >> 4 ^ table[crc & 0xf];
    }
    return crc;
}

/* The header with the length of a message that ends attr_size bytes behind `before`. */
static void header_ending_at(struct bytes before, size_t attr_size, uint8_t ret[STUN_HEADER_SIZE])
{
    size_t len = before.len - STUN_HEADER_SIZE + STUN_ATTR_HEADER_SIZE + attr_size;

    memcpy(ret, before.p, STUN_HEADER_SIZE);
    ret[2] = (uint8_t) (len >> 8);
    ret[3] = (uint8_t) len;
}

int stun_hash_integrity(struct bytes before, struct bytes key, uint8_t ret[static SHA1_SIZE])
{
    uint8_t header[STUN_HEADER_SIZE];
    struct bytes parts[] = {
        {header, sizeof(header)},
        {before.p + STUN_HEADER_SIZE, before.len - STUN_HEADER_SIZE},
    };

    header_ending_at(before, STUN_INTEGRITY_SIZE, header);
    return hmac_sha1(key, parts, 2, ret);
}

uint32_t stun_hash_fingerprint(struct bytes before)
{
    uint8_t header[STUN_HEADER_SIZE];
    uint32_t crc;

    header_ending_at(before, STUN_FINGERPRINT_SIZE, header);
    crc = crc32_add(0xFFFFFFFFu, bytes_of(header, sizeof(header)));
    crc = crc32_add(crc, bytes_of(before.p + STUN_HEADER_SIZE, before.len - STUN_HEADER_SIZE));
    return ~crc ^ FINGERPRINT_XOR;
}
