/* The checks of keys about certificates from a CA. */
#include "settings/settings_check.h"

#include "base/addr.h"
#include "host/own_addresses.h"
#include "text/text.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#define FILE_NAME_MAX 1024
#define ACCOUNT_MAX 32 /* of useradd */
#define NAMES_MAX 14   /* with DOMAIN_OR_PUBLIC_IP and its www. they fit on a certificate */
#define DNS_PORT 53

int setting_check_file(const char *text, struct setting_verdict *v)
{
    if (text[0] != '/')
        return setting_refuse(v, "is no absolute path");
    if (strlen(text) > FILE_NAME_MAX)
        return setting_refuse(v, "is longer than %d characters", FILE_NAME_MAX);
    if (text[strlen(text) - 1] == '/')
        return setting_refuse(v, "is a folder, no file");
    return 0;
}

int setting_check_account(const char *text, struct setting_verdict *v)
{
    if (strlen(text) > ACCOUNT_MAX)
        return setting_refuse(v, "is longer than %d characters", ACCOUNT_MAX);
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char) *c) && *c != '_' && (c == text || !strchr("-.", *c)))
            return setting_refuse(v, "is no name of a user");
    return 0;
}

/* "192.0.2.53:5353", "[2001:db8::1]:53", or an address alone. */
int setting_check_resolver(const char *text, struct setting_verdict *v)
{
    struct addr a;

    if (addr_parse_ip(text, DNS_PORT, &a) < 0 && addr_parse(text, &a) < 0)
        return setting_refuse(v, "is no IP address, nor one with a port");
    return 0;
}

int setting_check_names(const struct setting_list *l, struct setting_verdict *v)
{
    if (l->n > NAMES_MAX)
        return setting_refuse(v, "has more than %d names", NAMES_MAX);
    for (size_t i = 0; i < l->n; i++) {
        const char *name = l->items[i];
        struct setting_verdict item = {.severity = SETTING_NOTICE};
        bool wildcard = strncmp(name, "*.", 2) == 0;
        char shown[80];
        struct addr a;

        text_printable(bytes_str(name), shown, sizeof(shown));
        if (setting_check_domain(wildcard ? name + 2 : name, &item) < 0)
            return setting_refuse(v, "has an item that %.120s: %s", item.what, shown);
        if (wildcard && addr_parse_ip(name + 2, 0, &a) == 0)
            return setting_refuse(v, "has a wildcard of an address: %s", shown);
    }
    return 0;
}

/* Names that no public CA can look at (RFC 6761, RFC 6762, RFC 8375, and ICANN's "internal"). */
static bool is_private_name(const char *name)
{
    static const char *const tops[] = {"local", "localhost", "internal", "lan",       "home",
                                       "corp",  "test",      "example",  "home.arpa", "intranet"};
    size_t len = strlen(name);

    if (!strchr(name, '.'))
        return true;
    for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
        size_t top = strlen(tops[i]);

        if (len > top && name[len - top - 1] == '.' && strcasecmp(name + len - top, tops[i]) == 0)
            return true;
    }
    return false;
}

bool setting_is_public_name(const char *name)
{
    struct addr a;

    return addr_parse_ip(name, 0, &a) == 0 ? !addr_is_private(&a) : !is_private_name(name);
}
