/* Any bytes as what a CA sends: a chain that is taken is written and taken again as it is. */
#include "acme/chain.h"
#include "acme/csr.h"
#include "certs/key.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgMDc+PPfOVEy7VnFm\n"
                          "oaBzoO4NOF1vCd1qE89bWX1jf++hRANCAASFNR/9i5ffILn8MfqOTSEIL8IdFCdI\n"
                          "xTVfRfjZMCVgBsK94pqAl1B6hWV25eE3LkukNTsvlxjeBHBsbEKIGjcW\n"
                          "-----END PRIVATE KEY-----\n";

static void check(struct bytes text, EVP_PKEY *key, size_t expected)
{
    struct acme_ids ids = {.list = {{.text = "a.org"}}, .n = 1};
    struct pair p = {.n = 0};
    char why[CHAIN_WHY_SIZE] = "", id[ACME_ARI_ID_SIZE];

    if (chain_read(text, key, &ids, &p, why, sizeof(why)) == 0 && expected == 0) {
        char *again = pem_write_certs(p.chain, p.n);

        acme_ari_id(p.chain[0], id);
        chain_is_preferred(&p, "Root", NULL);
        check(bytes_str(again), key, p.n);
        free(again);
    } else if (p.n != expected || (p.n == 0 && !why[0])) {
        abort();
    }
    pair_done(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    EVP_PKEY *key = key_from_pem(bytes_str(pem));

    check(bytes_of(data, size), key, 0);
    EVP_PKEY_free(key);
    return 0;
}
