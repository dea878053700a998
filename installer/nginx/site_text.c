#include "nginx/site_text.h"

#include "base/addr.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

bool site_name_is_ip(const struct settings *s)
{
    struct addr a;

    return addr_parse_ip(settings_text(s, SET_DOMAIN_OR_PUBLIC_IP), 0, &a) == 0;
}

const char *site_name(const struct settings *s, char buf[static SITE_NAME_SIZE])
{
    return site_name_of(settings_text(s, SET_DOMAIN_OR_PUBLIC_IP), buf);
}

const char *site_name_of(const char *given, char buf[static SITE_NAME_SIZE])
{
    struct addr a;

    if (addr_parse_ip(given, 0, &a) == 0) {
        char ip[ADDR_TEXT_SIZE];

        addr_format_ip(&a, ip);
        snprintf(buf, SITE_NAME_SIZE, a.family == AF_INET6 ? "[%s]" : "%s", ip);
        return buf;
    }
    snprintf(buf, SITE_NAME_SIZE, "%s", given);
    for (char *c = buf; *c; c++)
        *c = (char) tolower((unsigned char) *c);
    return buf;
}

static void add_name(struct site_names *names, const char *main_name, const char *given)
{
    char name[SITE_NAME_SIZE];

    site_name_of(given, name);
    if (strcmp(name, main_name) == 0 || names->n == SITE_NAMES_MAX)
        return;
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->list[i], name) == 0)
            return;
    memcpy(names->list[names->n++], name, sizeof(name));
}

void site_names(const struct settings *s, unsigned left_out, struct site_names *ret)
{
    char main_name[SITE_NAME_SIZE], www[SITE_NAME_SIZE];

    *ret = (struct site_names){.n = 0};
    site_name(s, main_name);
    snprintf(www, sizeof(www), "www.%.253s", main_name);
    if (settings_bool(s, SET_REDIRECT_WWW) && !site_name_is_ip(s))
        add_name(ret, main_name, www);
    if (strcmp(settings_text(s, SET_CERTIFICATE_TYPE), "owncert") == 0)
        return;
    for (size_t i = 0; i < settings_n(s, SET_CERTIFICATE_NAMES); i++)
        if (!(left_out >> i & 1))
            add_name(ret, main_name, settings_item(s, SET_CERTIFICATE_NAMES, i));
}

static void put_quoted(struct wr *w, struct bytes text, bool variables)
{
    wr_u8(w, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (variables && text.p[i] == '$') {
            wr_str(w, "${visavis_dollar}");
            continue;
        }
        if (text.p[i] == '"' || text.p[i] == '\\')
            wr_u8(w, '\\');
        wr_u8(w, text.p[i]);
    }
    wr_u8(w, '"');
}

void site_put_word(struct wr *w, const char *text)
{
    put_quoted(w, bytes_str(text), false);
}

void site_put_literal(struct wr *w, const char *text)
{
    put_quoted(w, bytes_str(text), true);
}

void site_put_dollar(struct wr *w)
{
    wr_str(w, "geo $visavis_dollar {\n    default \"$\";\n}\n");
}

void site_put_words(struct wr *w, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, " \t");

        if (len > 0) {
            wr_u8(w, ' ');
            put_quoted(w, bytes_of(text, len), false);
        }
        text += len;
        text += strspn(text, " \t");
    }
}

uint64_t site_size_bytes(const char *text)
{
    static const char units[] = "kmg";
    char *end;
    uint64_t n = strtoull(text, &end, 10);
    const char *unit = *end ? strchr(units, tolower((unsigned char) *end)) : NULL;
    unsigned shift = unit ? 10 * (unsigned) (unit - units + 1) : 0;

    return n > UINT64_MAX >> shift ? 0 : n << shift;
}
