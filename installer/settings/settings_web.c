/* The checks of what nginx, OpenSSL and HTTP read. None of it can leave its place in a file of
 * nginx: no quotes, no '$', and ';' only where HSTS has it. */
#include "settings/settings_check.h"

#include "base/event_names.h"
#include "text/nearest.h"
#include "text/text.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

int setting_check_size(const char *text, struct setting_verdict *v)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 9 ||
        (text[digits] && (!strchr("kKmMgG", text[digits]) || text[digits + 1])))
        return setting_refuse(v, "is no size");
    return 0;
}

/* The next word of text; empty at the end. Steps over it. */
static struct bytes next_word(const char **text, const char *separators)
{
    const char *start = *text + strspn(*text, separators);
    size_t len = strcspn(start, separators);

    *text = start + len;
    return bytes_of(start, len);
}

int setting_check_protocols(const char *text, struct setting_verdict *v)
{
    static const char *const good[] = {"TLSv1.2", "TLSv1.3"};
    static const char *const old[] = {"TLSv1", "TLSv1.1"};
    struct bytes word;

    while ((word = next_word(&text, " ")).len > 0) {
        if (bytes_eq_str(word, good[0]) || bytes_eq_str(word, good[1]))
            continue;
        if (!bytes_eq_str(word, old[0]) && !bytes_eq_str(word, old[1]))
            return setting_refuse(v, "has a word that is no version of TLS");
        setting_warn(v, "has %.*s, which is broken; browsers no longer need it", (int) word.len,
                     (const char *) word.p);
    }
    return 0;
}

int setting_check_ciphers(const char *text, struct setting_verdict *v)
{
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char) *c) && !strchr(":-_+!@=.,", *c))
            return setting_refuse(v, "has a character that no list of ciphers has");
    return 0;
}

/* RFC 6797 section 6.1: max-age once, the others at most once. */
int setting_check_hsts(const char *text, struct setting_verdict *v)
{
    unsigned ages = 0, subdomains = 0, preloads = 0;

    for (;;) {
        size_t len = strcspn(text, ";"), digits;
        struct bytes d = bytes_of(text, len);

        while (d.len > 0 && *d.p == ' ')
            d = bytes_of(d.p + 1, d.len - 1);
        while (d.len > 0 && d.p[d.len - 1] == ' ')
            d.len--;
        for (digits = 0; d.len > 8 && digits < d.len - 8 && isdigit(d.p[8 + digits]); digits++)
            ;
        if (d.len > 8 && strncasecmp((const char *) d.p, "max-age=", 8) == 0 && digits <= 10 &&
            digits == d.len - 8)
            ages++;
        else if (bytes_caseeq_str(d, "includeSubDomains"))
            subdomains++;
        else if (bytes_caseeq_str(d, "preload"))
            preloads++;
        else
            return setting_refuse(v, "has a part that is none of max-age=SECONDS, "
                                     "includeSubDomains, preload");
        if (!text[len])
            break;
        text += len + 1;
    }
    if (ages != 1 || subdomains > 1 || preloads > 1)
        return setting_refuse(v, ages == 0 ? "has no max-age=SECONDS" : "has a part twice");
    return 0;
}

/* RFC 9110 section 5.6.2 */
static bool is_header_name(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum(name.p[i]) && !strchr("!#$%&'*+-.^_`|~", name.p[i]))
            return false;
    return name.len > 0;
}

int setting_check_headers(const struct setting_list *l, struct setting_verdict *v)
{
    for (size_t i = 0; i < l->n; i++) {
        const char *item = l->items[i], *colon = strstr(item, ": ");

        /* The values are not shown: they are passwords, mostly. */
        if (!colon || !colon[2 + strspn(colon + 2, " ")])
            return setting_refuse(v, "has an item (number %zu) that is no \"Name: value\"", i + 1);
        if (!is_header_name(bytes_of(item, (size_t) (colon - item))))
            return setting_refuse(v, "has an item (number %zu) with a wrong name", i + 1);
    }
    return 0;
}

int setting_check_events(const struct setting_list *l, struct setting_verdict *v)
{
    for (size_t i = 0; i < l->n; i++) {
        char shown[80];
        const char *name;
        struct nearest nearest;

        if (event_name_find(l->items[i]))
            continue;
        text_printable(bytes_str(l->items[i]), shown, sizeof(shown));
        nearest_start(&nearest, l->items[i], 2);
        for (size_t k = 0; (name = event_name(k)); k++)
            nearest_offer(&nearest, name);
        if (nearest.found)
            return setting_refuse(v, "has an event that there is not: %s; is it %s?", shown,
                                  nearest.found);
        return setting_refuse(v, "has an event that there is not: %s", shown);
    }
    return 0;
}
