#include "acme/ids.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WILDCARD "*."
#define BELOW_WILDCARD_MAX 251 /* so that the whole is a name of the DNS */

int acme_id_parse(const char *text, struct acme_id *ret)
{
    bool is_wildcard = strncmp(text, WILDCARD, strlen(WILDCARD)) == 0;
    struct name n;

    if (name_parse(is_wildcard ? text + strlen(WILDCARD) : text, &n) < 0)
        return -EBADMSG;
    if (is_wildcard && (n.is_ip || strlen(n.text) > BELOW_WILDCARD_MAX))
        return -EBADMSG;
    *ret = (struct acme_id){.is_ip = n.is_ip, .is_wildcard = is_wildcard};
    snprintf(ret->text, sizeof(ret->text), "%s%.253s", is_wildcard ? WILDCARD : "", n.text);
    return 0;
}

static bool has(const struct acme_ids *ids, const char *text)
{
    for (size_t i = 0; i < ids->n; i++)
        if (strcmp(ids->list[i].text, text) == 0)
            return true;
    return false;
}

int acme_ids_parse(const char *const *list, struct acme_ids *ret, const char **ret_bad)
{
    struct acme_ids ids = {.n = 0};

    for (; *list; list++) {
        struct acme_id one;

        if (acme_id_parse(*list, &one) < 0) {
            *ret_bad = *list;
            return -EBADMSG;
        }
        if (has(&ids, one.text))
            continue;
        if (ids.n == ACME_IDS_MAX)
            return -E2BIG;
        ids.list[ids.n++] = one;
    }
    if (ids.n == 0) {
        *ret_bad = NULL;
        return -EBADMSG;
    }
    *ret = ids;
    return 0;
}

bool acme_ids_same(const struct acme_ids *a, const struct acme_ids *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (!has(b, a->list[i].text))
            return false;
    return a->n == b->n;
}

bool acme_id_is(const struct acme_id *id, bool is_ip, const char *text)
{
    struct acme_id other;

    return acme_id_parse(text, &other) == 0 && other.is_ip == is_ip && id->is_ip == is_ip &&
           strcmp(other.text, id->text) == 0;
}

void acme_ids_names(const struct acme_ids *ids, struct names *ret)
{
    *ret = (struct names){.n = ids->n};
    for (size_t i = 0; i < ids->n; i++) {
        struct name *n = &ret->list[i];

        n->is_ip = ids->list[i].is_ip && addr_parse_ip(ids->list[i].text, 0, &n->ip) == 0;
        memcpy(n->text, ids->list[i].text, sizeof(n->text));
    }
}

/* ---- folders ---- */

static int by_text(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;

    return strcmp(*left, *right);
}

/* FNV-1a of the sorted texts, each with its NUL. */
static uint64_t hash(const struct acme_ids *ids)
{
    const char *sorted[ACME_IDS_MAX] = {NULL};
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < ids->n; i++)
        sorted[i] = ids->list[i].text;
    qsort(sorted, ids->n, sizeof(*sorted), by_text);
    for (size_t i = 0; i < ids->n; i++)
        for (size_t at = 0; at <= strlen(sorted[i]); at++)
            h = (h ^ (uint8_t) sorted[i][at]) * UINT64_C(0x100000001b3);
    return h;
}

const char *acme_ids_folder(const struct acme_ids *ids, char buf[static ACME_IDS_FOLDER_SIZE])
{
    snprintf(buf, ACME_IDS_FOLDER_SIZE, "%.78s-%016" PRIx64, ids->n ? ids->list[0].text : "",
             hash(ids));
    for (char *p = buf; *p; p++)
        if (*p == '*' || *p == ':')
            *p = '_';
    return buf;
}
