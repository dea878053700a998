/* Any bytes as an answer of the DNS, and what it says as CAA records: texts have their ends. */
#include "acme/caa.h"
#include "acme/dns_message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char issuers[1][256] = {"letsencrypt.org"};
    static const enum acme_challenge_type type = CHALLENGE_HTTP_01;
    struct caa_request rq = {false, issuers, 1, &type, 1, "https://ca.example/acct/1"};
    struct dns_head h;
    char text[128];

    if (dns_head_parse(bytes_of(data, size), &h) < 0)
        return 0;
    for (int t = 1; t <= DNS_CAA; t++) {
        struct dns_answer a;

        if (dns_parse(bytes_of(data, size), (enum dns_type) t, &a) < 0)
            continue;
        if (a.n > DNS_ANSWERS_MAX || !memchr(a.name, 0, sizeof(a.name)) ||
            !memchr(a.owner, 0, sizeof(a.owner)))
            abort();
        for (size_t i = 0; i < a.n; i++) {
            if (a.list[i].type != (enum dns_type) t || !memchr(a.list[i].text, 0, DNS_TEXT_SIZE))
                abort();
        }
        (void) caa_judge(&a, &rq, text, sizeof(text));
    }
    return 0;
}
