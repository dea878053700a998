#include "certs/names.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#define LABEL_MAX 63
#define HOST_MAX 253

static bool is_label_char(char c)
{
    return isalnum((unsigned char) c) || c == '-' || c == '_';
}

/* RFC 1123 section 2.1, and underscores, which occur in private networks. */
static bool is_host(const char *text, size_t len)
{
    size_t label = 0;

    if (len == 0 || len > HOST_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '.') {
            if (label == 0)
                return false;
            label = 0;
        } else if (!is_label_char(text[i]) || ++label > LABEL_MAX) {
            return false;
        }
    }
    return label > 0;
}

int name_parse(const char *text, struct name *ret)
{
    struct name n = {.is_ip = false};
    char ip[ADDR_TEXT_SIZE];
    size_t len = strlen(text);

    if (addr_parse_ip(text, 0, &n.ip) == 0) {
        n.is_ip = true;
        snprintf(n.text, sizeof(n.text), "%s", addr_format_ip(&n.ip, ip));
        *ret = n;
        return 0;
    }
    if (len > 0 && text[len - 1] == '.')
        len--;
    if (!is_host(text, len))
        return -EBADMSG;
    for (size_t i = 0; i < len; i++)
        n.text[i] = (char) tolower((unsigned char) text[i]);
    *ret = n;
    return 0;
}

static bool has(const struct names *n, const char *text)
{
    for (size_t i = 0; i < n->n; i++)
        if (strcmp(n->list[i].text, text) == 0)
            return true;
    return false;
}

int names_parse(const char *const *list, struct names *ret, const char **ret_bad)
{
    struct names n = {.n = 0};

    for (; *list; list++) {
        struct name one;

        if (name_parse(*list, &one) < 0) {
            *ret_bad = *list;
            return -EBADMSG;
        }
        if (has(&n, one.text))
            continue;
        if (n.n == CERTS_NAMES_MAX)
            return -E2BIG;
        n.list[n.n++] = one;
    }
    if (n.n == 0) {
        *ret_bad = NULL;
        return -EBADMSG;
    }
    *ret = n;
    return 0;
}

static GENERAL_NAME *to_general_name(const struct name *n)
{
    GENERAL_NAME *g = GENERAL_NAME_new();
    ASN1_STRING *value = n->is_ip ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    const void *data = n->is_ip ? (const void *) n->ip.ip : n->text;
    size_t len = n->is_ip ? addr_ip_len(&n->ip) : strlen(n->text);

    if (!g || !value || !ASN1_STRING_set(value, data, (int) len)) {
        ASN1_STRING_free(value);
        GENERAL_NAME_free(g);
        return NULL;
    }
    GENERAL_NAME_set0_value(g, n->is_ip ? GEN_IPADD : GEN_DNS, value);
    return g;
}

GENERAL_NAMES *names_to_san(const struct names *n)
{
    GENERAL_NAMES *san = GENERAL_NAMES_new();

    for (size_t i = 0; san && i < n->n; i++) {
        GENERAL_NAME *g = to_general_name(&n->list[i]);

        if (!g || !sk_GENERAL_NAME_push(san, g)) {
            GENERAL_NAME_free(g);
            GENERAL_NAMES_free(san);
            return NULL;
        }
    }
    return san;
}

/* The text of a dNSName or iPAddress; false for another kind. */
static bool from_general_name(const GENERAL_NAME *g, char text[static NAME_TEXT_MAX])
{
    const unsigned char *p;
    int type, len;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(g, &type);

    if (type != GEN_DNS && type != GEN_IPADD)
        return false;
    p = ASN1_STRING_get0_data(value);
    len = ASN1_STRING_length(value);
    if (type == GEN_IPADD) {
        struct addr a = {.family = len == 4 ? AF_INET : AF_INET6};
        char ip[ADDR_TEXT_SIZE];

        if (len != 4 && len != 16)
            return false;
        memcpy(a.ip, p, (size_t) len);
        snprintf(text, NAME_TEXT_MAX, "%s", addr_format_ip(&a, ip));
        return true;
    }
    if (len >= NAME_TEXT_MAX)
        len = NAME_TEXT_MAX - 1;
    for (int i = 0; i < len; i++)
        text[i] =
            is_label_char((char) p[i]) || p[i] == '.' || p[i] == '*' ? (char) tolower(p[i]) : '?';
    text[len] = '\0';
    return true;
}

static int is_permitted(const struct name *name, NAME_CONSTRAINTS *nc)
{
    struct names one = {.list = {*name}, .n = 1};
    GENERAL_NAMES *san = names_to_san(&one);
    X509 *probe = X509_new();
    int r = -ENOMEM;

    if (san && probe &&
        X509_add1_ext_i2d(probe, NID_subject_alt_name, san, 0, X509V3_ADD_DEFAULT) == 1) {
        X509_check_purpose(probe, -1, 0); /* only now the extensions are looked at */
        r = NAME_CONSTRAINTS_check(probe, nc) == X509_V_OK;
    }
    GENERAL_NAMES_free(san);
    X509_free(probe);
    return r;
}

int names_within(const struct names *n, const X509 *ca, struct names *ret)
{
    NAME_CONSTRAINTS *nc = X509_get_ext_d2i(ca, NID_name_constraints, NULL, NULL);
    struct names within = {.n = 0};
    int r = nc ? 0 : -EPERM;

    for (size_t i = 0; r == 0 && i < n->n; i++) {
        int permitted = is_permitted(&n->list[i], nc);

        if (permitted < 0)
            r = permitted;
        else if (permitted)
            within.list[within.n++] = n->list[i];
        else if (i == 0 || !n->list[i].is_ip)
            r = -EPERM;
    }
    NAME_CONSTRAINTS_free(nc);
    ERR_clear_error();
    if (r == 0)
        *ret = within;
    return r;
}

bool names_same(const struct names *n, const X509 *cert)
{
    GENERAL_NAMES *san = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool same = san && (size_t) sk_GENERAL_NAME_num(san) == n->n;

    for (int i = 0; same && i < sk_GENERAL_NAME_num(san); i++) {
        char text[NAME_TEXT_MAX];

        same = from_general_name(sk_GENERAL_NAME_value(san, i), text) && has(n, text);
    }
    GENERAL_NAMES_free(san);
    return same;
}

bool name_is_covered(const struct name *n, X509 *cert)
{
    if (n->is_ip)
        return X509_check_ip(cert, n->ip.ip, addr_ip_len(&n->ip), 0) == 1;
    return X509_check_host(cert, n->text, 0,
                           X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                           NULL) == 1;
}

int names_texts(const X509 *cert, char ***ret_list)
{
    GENERAL_NAMES *san = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int total = san ? sk_GENERAL_NAME_num(san) : 0;
    char **list = calloc((size_t) total + 1, sizeof(*list));
    size_t n = 0;

    for (int i = 0; list && i < total; i++) {
        char text[NAME_TEXT_MAX];

        if (!from_general_name(sk_GENERAL_NAME_value(san, i), text))
            continue;
        list[n] = strdup(text);
        if (!list[n++]) {
            names_free_texts(list);
            list = NULL;
        }
    }
    GENERAL_NAMES_free(san);
    if (!list)
        return -ENOMEM;
    *ret_list = list;
    return 0;
}

void names_free_texts(char **list)
{
    for (char **p = list; p && *p; p++)
        free(*p);
    free(list);
}

const char *names_list(const X509 *cert, char *text, size_t size)
{
    size_t len = 0;
    char **list;

    text[0] = '\0';
    if (names_texts(cert, &list) < 0)
        return text;
    for (char **p = list; *p && len < size; p++)
        len += (size_t) snprintf(text + len, size - len, "%s%s", p > list ? ", " : "", *p);
    names_free_texts(list);
    return text;
}
