#include "web/web_token.h"

#include "base/buf.h"
#include "base/crypto.h"

#include <stdlib.h>
#include <strings.h>

#define CREDENTIALS_MAX 1024

bool web_token_is_token(const char *s)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return *s && s[strspn(s, allowed)] == '\0';
}

bool web_token_is_field_value(const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char) *s;

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* The next element of a comma-separated list without the white space around it. */
static bool next_element(const char **at, struct bytes *ret)
{
    const char *s = *at + strspn(*at, ", \t");
    size_t len = strcspn(s, ",");

    *at = s + len;
    while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
        len--;
    *ret = bytes_of(s, len);
    return len > 0;
}

bool web_token_in_list(const char *list, const char *item)
{
    struct bytes element;

    while (next_element(&list, &element)) {
        if (bytes_caseeq_str(element, item))
            return true;
    }
    return false;
}

bool web_token_matches_etag(const char *if_none_match, const char *etag)
{
    struct bytes element;

    while (next_element(&if_none_match, &element)) {
        /* The comparison is the weak one: W/ does not count. */
        if (bytes_starts_with(element, "W/"))
            element = bytes_of(element.p + 2, element.len - 2);
        if (bytes_eq_str(element, etag) || bytes_eq_str(element, "*"))
            return true;
    }
    return false;
}

bool web_token_cookie(const char *header, const char *name, struct bytes *ret)
{
    size_t name_len = strlen(name);

    while (*header) {
        size_t len;

        header += strspn(header, " \t;");
        len = strcspn(header, ";");
        if (len > name_len && strncmp(header, name, name_len) == 0 && header[name_len] == '=') {
            *ret = bytes_of(header + name_len + 1, len - name_len - 1);
            return true;
        }
        header += len;
    }
    return false;
}

bool web_token_is_basic_auth(const char *authorization, const char *user, const char *password)
{
    uint8_t given[CREDENTIALS_MAX], expected[CREDENTIALS_MAX];
    struct wr w = wr_init(expected, sizeof(expected));
    size_t given_len = 0, expected_len = 0;
    bool ok = strncasecmp(authorization, "Basic ", 6) == 0;

    if (!ok)
        return false;
    authorization += 6;
    authorization += strspn(authorization, " ");
    wr_str(&w, user);
    wr_str(&w, ":");
    wr_str(&w, password);
    ok = wr_finish(&w, &expected_len) == 0 &&
         base64_decode(bytes_str(authorization), given, sizeof(given), &given_len) == 0 &&
         secret_eq(bytes_of(given, given_len), bytes_of(expected, expected_len));
    secret_wipe(given, sizeof(given));
    secret_wipe(expected, sizeof(expected));
    return ok;
}

bool web_token_is_websocket_key(const char *key)
{
    uint8_t raw[16];
    size_t len;

    return strlen(key) == 24 && base64_decode(bytes_str(key), raw, sizeof(raw), &len) == 0 &&
           len == sizeof(raw);
}
