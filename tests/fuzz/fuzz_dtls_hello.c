/* Any bytes as a DTLS client's first datagram: views stay inside, and what its answer says proves
 * the same client, and no other. */
#include "rtc/dtls_link.h"
#include "turn/dtls_hello.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct addr client = {.family = AF_INET, .port = 1}, other = {.family = AF_INET};
    static struct hmac *key;
    struct bytes datagram = bytes_of(data, size);
    uint8_t answer[DTLS_VERIFY_SIZE];
    struct dtls_hello h;
    size_t len;

    if (!key && hmac_new(HMAC_SHA256, bytes_str("key"), &key) < 0)
        abort();
    if (dtls_count_encrypted(datagram) > 0 && !dtls_is_record(datagram) && size < 13)
        abort();
    if (dtls_hello_parse(datagram, &h) < 0)
        return 0;
    if (!dtls_is_record(datagram) || !dtls_is_in_clear(datagram) ||
        h.cookie.p + h.cookie.len > data + size ||
        dtls_hello_verify(&h, key, &client, 1000, answer, sizeof(answer), &len) < 0)
        abort();
    h.cookie = bytes_of(answer + len - 20, 20);
    if (!dtls_hello_is_proven(&h, key, &client, 1000) ||
        dtls_hello_is_proven(&h, key, &other, 1000))
        abort();
    return 0;
}
