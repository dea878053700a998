/* The first byte selects the parser. What is read fits its limits; a refusal has its reason. */
#include "acme/wire.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static union {
    struct acme_directory directory;
    struct acme_account account;
    struct acme_order order;
    struct acme_authz authz;
    struct acme_renewal_info info;
    struct acme_problem problem;
} parsed;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = bytes_of(data + 1, size ? size - 1 : 0);
    const char *why = NULL;
    char text[300];
    int r = 0;

    switch (size ? data[0] % 6 : 6) {
    case 0:
        r = acme_directory_parse(body, &parsed.directory, &why);
        break;
    case 1:
        r = acme_account_parse(body, &parsed.account, &why);
        break;
    case 2:
        r = acme_order_parse(body, &parsed.order, &why);
        break;
    case 3:
        r = acme_authz_parse(body, &parsed.authz, &why);
        break;
    case 4:
        r = acme_renewal_info_parse(body, &parsed.info, &why);
        break;
    case 5:
        acme_problem_parse(body, &parsed.problem);
        acme_problem_text(&parsed.problem, text, sizeof(text));
        return 0;
    default:
        return 0;
    }
    if ((r != 0 && r != -EBADMSG) || (r == 0) != !why)
        abort();
    return 0;
}
