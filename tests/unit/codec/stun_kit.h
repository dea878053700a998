/* stun_kit.h: STUN messages written in hex, and the samples of RFC 5769 and RFC 8489. */
#pragma once

#include "codec/stun.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* A test needs a part of these. */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-variable"

/* RFC 5769: the sample messages, with the password of the first three. */
#define PASSWORD "VOkJxbRl1RmTxUk/WvJxBt"
#define TID_A "b7e7a701bc34d686fa87dfae"

static const char request_2_1[] =
    "00010058 2112a442" TID_A "80220010 5354554e 20746573 7420636c 69656e74"
    "00240004 6e0001ff"
    "80290008 932ff9b1 51263b36"
    "00060009 6576746a 3a683676 59202020"
    "00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2"
    "80280004 e57a3bcf";

static const char response_2_2[] = "0101003c 2112a442" TID_A "8022000b 74657374 20766563 746f7220"
                                   "00200008 0001a147 e112a643"
                                   "00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7"
                                   "80280004 c07d4c96";

static const char response_2_3[] = "01010048 2112a442" TID_A "8022000b 74657374 20766563 746f7220"
                                   "00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9"
                                   "00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41"
                                   "80280004 c8fb0b4c";

static const char request_2_4[] = "00010060 2112a442 78ad3433 c6ad72c0 29da412e"
                                  "00060012 e3839ee3 8388e383 aae38383 e382afe3 82b90000"
                                  "0015001c 662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679"
                                  "36347341"
                                  "0014000b 6578616d 706c652e 6f726700"
                                  "00080014 f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666";

/* RFC 8489 appendix B.1 with its erratum: the length and the hash as they are for the key that its
 * PASSWORD-ALGORITHM names. */
static const char request_b_1[] =
    "00010090 2112a442 78ad3433 c6ad72c0 29da412e"
    "001e0020 4a3cf38f ef6992bd a952c678 0417da0f 24819415 569e60b2 05c46e41 407f1704"
    "00150029 6f624d61 744a6f73 32414141 43662f2f 3439396b 39353464 364f4c33 346f4c39 46535476"
    "79363473 41000000"
    "0014000b 6578616d 706c652e 6f726700"
    "001d0004 00020000"
    "001c0020 b5c7bf00 5b6c52a2 1c51c5e8 92f81924 136296cb 927c4314 9309278c c6518e65";

#define MATRIX_USER "\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9" /* of 2.4 and B.1 */
#define MATRIX_REALM "example.org"
#define MATRIX_PASSWORD "TheMatrIX"

static const uint8_t tid[STUN_TID_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

struct packet {
    uint8_t bytes[1024];
    size_t len;
};

static struct packet from_hex(const char *hex)
{
    struct packet p = {.len = 0};

    while (*hex) {
        char digits[3] = {hex[0], hex[1], 0};

        if (*hex == ' ') {
            hex++;
            continue;
        }
        p.bytes[p.len++] = (uint8_t) strtoul(digits, NULL, 16);
        hex += 2;
    }
    return p;
}

static struct bytes view(const struct packet *p)
{
    return bytes_of(p->bytes, p->len);
}

/* A header and these attributes, with the length filled in. */
static struct packet message(const char *attributes)
{
    char hex[2048];
    struct packet p;

    assert_true(strlen(attributes) < sizeof(hex) - 64);
    strcpy(hex, "00010000 2112a442" TID_A);
    p = from_hex(strcat(hex, attributes));
    p.bytes[2] = (uint8_t) ((p.len - STUN_HEADER_SIZE) >> 8);
    p.bytes[3] = (uint8_t) (p.len - STUN_HEADER_SIZE);
    return p;
}

/* Decodes a heap copy of the exact size, so that a sanitizer sees any byte read past it, and
 * forgets it: the views of *ret point to p. */
static int decode(const struct packet *p, struct stun *ret)
{
    uint8_t *copy = malloc(p->len ? p->len : 1);
    struct stun ignored;
    int of_copy, r;

    assert_non_null(copy);
    memcpy(copy, p->bytes, p->len);
    of_copy = stun_decode(bytes_of(copy, p->len), &ignored);
    assert_memory_equal(copy, p->bytes, p->len);
    free(copy);
    r = stun_decode(view(p), ret);
    assert_int_equal(r, of_copy);
    return r;
}

static struct addr ip(const char *text, uint16_t port)
{
    struct addr a;

    assert_int_equal(addr_parse_ip(text, port, &a), 0);
    return a;
}
