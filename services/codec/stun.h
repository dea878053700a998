/* stun.h: STUN messages (RFC 8489) with the attributes of ICE (RFC 8445) and TURN (RFC 8656).
 *
 * Decoding gives views into the given bytes, which stay unchanged, and checks the form: header,
 * lengths, padding, the size of each known attribute. What follows an integrity attribute is passed
 * over, but for MESSAGE-INTEGRITY-SHA256 and FINGERPRINT (RFC 8489 sections 14.5, 14.6). Values
 * that need a secret are checked by the caller with the functions below.
 */
#pragma once

#include "base/addr.h"
#include "base/buf.h"

#define STUN_HEADER_SIZE 20
#define STUN_TID_SIZE 12
#define STUN_MAGIC 0x2112A442u
#define STUN_UNKNOWN_MAX 8
#define STUN_SHA256_MIN 16 /* bytes to which MESSAGE-INTEGRITY-SHA256 may be truncated */
#define STUN_USERHASH_SIZE 32

/* Families as attributes name them (RFC 8489 section 14.1). */
#define STUN_FAMILY_IPV4 1
#define STUN_FAMILY_IPV6 2

/* Values of PASSWORD-ALGORITHM (RFC 8489 section 18.5), parts of PASSWORD-ALGORITHMS: a number and
 * the length of the parameters, none. */
#define STUN_ALGORITHM_SIZE 4
#define STUN_ALGORITHM_MD5 "\0\1\0\0"
#define STUN_ALGORITHM_SHA256 "\0\2\0\0"

enum stun_class { STUN_REQUEST, STUN_INDICATION, STUN_SUCCESS, STUN_ERROR };

enum stun_method {
    STUN_BINDING = 0x001,
    STUN_ALLOCATE = 0x003,
    STUN_REFRESH = 0x004,
    STUN_SEND = 0x006,
    STUN_DATA = 0x007,
    STUN_CREATE_PERMISSION = 0x008,
    STUN_CHANNEL_BIND = 0x009,
};

enum stun_attr {
    STUN_ATTR_MAPPED_ADDRESS = 0x0001,
    STUN_ATTR_USERNAME = 0x0006,
    STUN_ATTR_MESSAGE_INTEGRITY = 0x0008,
    STUN_ATTR_ERROR_CODE = 0x0009,
    STUN_ATTR_UNKNOWN_ATTRIBUTES = 0x000A,
    STUN_ATTR_CHANNEL_NUMBER = 0x000C,
    STUN_ATTR_LIFETIME = 0x000D,
    STUN_ATTR_XOR_PEER_ADDRESS = 0x0012,
    STUN_ATTR_DATA = 0x0013,
    STUN_ATTR_REALM = 0x0014,
    STUN_ATTR_NONCE = 0x0015,
    STUN_ATTR_XOR_RELAYED_ADDRESS = 0x0016,
    STUN_ATTR_REQUESTED_ADDRESS_FAMILY = 0x0017,
    STUN_ATTR_EVEN_PORT = 0x0018,
    STUN_ATTR_REQUESTED_TRANSPORT = 0x0019,
    STUN_ATTR_DONT_FRAGMENT = 0x001A,
    STUN_ATTR_MESSAGE_INTEGRITY_SHA256 = 0x001C,
    STUN_ATTR_PASSWORD_ALGORITHM = 0x001D,
    STUN_ATTR_USERHASH = 0x001E,
    STUN_ATTR_XOR_MAPPED_ADDRESS = 0x0020,
    STUN_ATTR_RESERVATION_TOKEN = 0x0022,
    STUN_ATTR_PRIORITY = 0x0024,
    STUN_ATTR_USE_CANDIDATE = 0x0025,
    STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY = 0x8000,
    STUN_ATTR_ADDRESS_ERROR_CODE = 0x8001,
    STUN_ATTR_PASSWORD_ALGORITHMS = 0x8002,
    STUN_ATTR_ALTERNATE_DOMAIN = 0x8003,
    STUN_ATTR_ICMP = 0x8004,
    STUN_ATTR_SOFTWARE = 0x8022,
    STUN_ATTR_ALTERNATE_SERVER = 0x8023,
    STUN_ATTR_FINGERPRINT = 0x8028,
    STUN_ATTR_ICE_CONTROLLED = 0x8029,
    STUN_ATTR_ICE_CONTROLLING = 0x802A,
};

/* Does the datagram look like STUN at all (RFC 7983 and the magic cookie)? Cheap. */
bool stun_is_message(struct bytes datagram);

/* A decoded message. Absent views have p == NULL; has_* tells about values. Of an attribute that
 * comes twice the first counts (RFC 8489 section 14). */
struct stun {
    enum stun_class class;
    enum stun_method method; /* any 12-bit value, not only the named ones */
    uint8_t tid[STUN_TID_SIZE];
    struct bytes raw;

    struct bytes username, realm, nonce, software, data, reservation_token;
    struct bytes userhash, alternate_domain;
    struct bytes integrity;        /* the HMAC's 20 bytes */
    struct bytes integrity_sha256; /* 16 to 32 bytes */
    /* As sent: for each algorithm its number, the length of its parameters, these, padding. */
    struct bytes password_algorithm, password_algorithms;
    bool has_fingerprint, fingerprint_ok;
    bool malformed; /* of stun_decode_form() alone: a value had not its form */
    bool has_priority, use_candidate, ice_controlled, ice_controlling;
    uint32_t priority;
    uint64_t ice_tie_breaker;

    bool has_error, has_lifetime, has_channel, has_requested_transport, has_requested_family;
    bool dont_fragment, has_even_port, even_port_reserve;
    uint16_t error_code;
    struct bytes error_reason;
    uint32_t lifetime_s;
    uint16_t channel;
    uint8_t requested_transport;
    uint8_t requested_family; /* STUN_FAMILY_IPV4, ...; or a number that is none */

    bool has_additional_family, has_address_error, has_icmp;
    uint8_t additional_family;
    uint8_t address_error_family;
    uint16_t address_error_code;
    uint8_t icmp_type; /* 7 bits, and 9 of the code (RFC 8656 section 18.13) */
    uint16_t icmp_code;
    uint32_t icmp_data;

    struct addr mapped, xor_mapped, alternate_server; /* family 0 when absent */
    struct addr xor_relayed, xor_relayed2;            /* two with ADDITIONAL-ADDRESS-FAMILY */

    /* All XOR-PEER-ADDRESS attributes can be walked with stun_next_peer(); the first is here. */
    struct addr xor_peer;
    unsigned n_peers;

    uint16_t unknown[STUN_UNKNOWN_MAX]; /* comprehension-required ones that are not above */
    unsigned n_unknown;
};

/* -EBADMSG when it is not a well-formed message. An unknown attribute is no error. */
int stun_decode(struct bytes datagram, struct stun *ret);

/* The same, for who answers such messages: an attribute whose value has not its form is no error
 * either; it is as if it were not there, and told in ret->malformed. After an error *ret is
 * undefined. */
int stun_decode_form(struct bytes datagram, struct stun *ret);

/* Walks the peer addresses: start with *pos = 0; false at the end. */
bool stun_next_peer(const struct stun *m, size_t *pos, struct addr *ret);

/* MESSAGE-INTEGRITY present and right for the key (short-term: the password). Constant time. */
bool stun_integrity_ok(const struct stun *m, struct bytes key);

/* The same for MESSAGE-INTEGRITY-SHA256, of any length that the RFC allows: a usage that wants all
 * 32 bytes looks at the length itself. */
bool stun_integrity_sha256_ok(const struct stun *m, struct bytes key);

/* ---- encoding: begin, attributes, (integrity), (fingerprint), finish ---- */

/* The cursor's memory must begin where the message begins. */
void stun_begin(struct wr *w, enum stun_class class, enum stun_method method,
                const uint8_t tid[static STUN_TID_SIZE]);

void stun_put_bytes(struct wr *w, enum stun_attr type, struct bytes value);
void stun_put_u32(struct wr *w, enum stun_attr type, uint32_t value);
void stun_put_u64(struct wr *w, enum stun_attr type, uint64_t value);
void stun_put_addr(struct wr *w, enum stun_attr type, const struct addr *a); /* as it is */
void stun_put_xor_addr(struct wr *w, enum stun_attr type, const struct addr *a);
void stun_put_error(struct wr *w, unsigned code, const char *reason); /* reason "" is shortest */

/* ADDRESS-ERROR-CODE: why there is no relay of this family (STUN_FAMILY_IPV4, ...). */
void stun_put_address_error(struct wr *w, uint8_t family, unsigned code, const char *reason);

/* REQUESTED-ADDRESS-FAMILY or ADDITIONAL-ADDRESS-FAMILY. */
void stun_put_family(struct wr *w, enum stun_attr type, uint8_t family);
void stun_put_icmp(struct wr *w, uint8_t type, uint16_t code, uint32_t data);
void stun_put_channel(struct wr *w, uint16_t channel);
void stun_put_unknown(struct wr *w, const uint16_t *types, unsigned n);

/* Integrity and fingerprint adjust the header's length as they are written. */
void stun_put_integrity(struct wr *w, struct bytes key);
void stun_put_integrity_sha256(struct wr *w, struct bytes key, size_t size); /* size: usually 32 */
void stun_put_fingerprint(struct wr *w);

/* Sets the header's length. -ENOSPC when it did not fit. */
int stun_finish(struct wr *w, size_t *ret_len);

/* The long-term key MD5(user:realm:password) (RFC 8489 section 9.2.2). */
int stun_long_term_key(struct bytes user, struct bytes realm, struct bytes password,
                       uint8_t ret[static 16]);

/* The same with SHA-256, for PASSWORD-ALGORITHM (section 18.5.1.2). */
int stun_long_term_key_sha256(struct bytes user, struct bytes realm, struct bytes password,
                              uint8_t ret[static 32]);

/* USERHASH: SHA-256(user:realm) (section 14.4). */
int stun_userhash(struct bytes user, struct bytes realm, uint8_t ret[static STUN_USERHASH_SIZE]);

/* ---- TURN channel data (RFC 8656 section 12.4) ---- */

#define CHANDATA_HEADER_SIZE 4

/* -EBADMSG: not a channel number (0x4000-0x4FFF), or the length runs past the datagram.
 * Bytes behind the data are padding. */
int chandata_decode(struct bytes datagram, uint16_t *ret_channel, struct bytes *ret_data);

int chandata_encode(uint8_t *buf, size_t cap, uint16_t channel, struct bytes data, size_t *ret_len);
