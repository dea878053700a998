#include "settings/settings_list.h"

#include "base/buf.h"
#include "base/crypto.h"

#include <stdlib.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *p)
{
    while (is_blank(*p))
        p++;
    return p;
}

/* Takes over item, also on failure. An empty one is no item. */
static int append(struct setting_list *l, char *item)
{
    char **items;

    if (!item)
        return -ENOMEM;
    if (!*item) {
        free(item);
        return 0;
    }
    items = realloc(l->items, (l->n + 1) * sizeof(*items));
    if (!items) {
        free(item);
        return -ENOMEM;
    }
    l->items = items;
    l->items[l->n++] = item;
    return 0;
}

static int append_word(struct setting_list *l, const char *start, const char *end)
{
    while (end > start && is_blank(end[-1]))
        end--;
    return append(l, bytes_dup_str(bytes_of(start, (size_t) (end - start))));
}

/* Of JSON's escapes those that text without control characters can need. */
static int append_quoted(struct setting_list *l, const char **p, const char **ret_reason)
{
    char quote = **p, *item = malloc(strlen(*p));
    size_t len = 0;

    if (!item)
        return -ENOMEM;
    for (++*p; **p && **p != quote; ++*p) {
        if (**p == '\\' && (*p)[1] && strchr("\"'\\/", (*p)[1]))
            ++*p;
        item[len++] = **p;
    }
    item[len] = '\0';
    if (!**p) {
        free(item);
        *ret_reason = "lacks a closing quote";
        return -EBADMSG;
    }
    ++*p;
    return append(l, item);
}

static int read_item(struct setting_list *l, const char **p, const char **ret_reason)
{
    const char *start = *p;

    if (*start == '"' || *start == '\'')
        return append_quoted(l, p, ret_reason);
    *p += strcspn(*p, ",]");
    return append_word(l, start, *p);
}

static int read_array(struct setting_list *l, const char *p, const char **ret_reason)
{
    int r = 0;

    *ret_reason = "is no list in brackets";
    if (*p++ != '[')
        return -EBADMSG;
    *ret_reason = "lacks the closing ]";
    for (p = skip_blanks(p); *p != ']'; p = skip_blanks(p)) {
        if (!*p)
            return -EBADMSG;
        r = read_item(l, &p, ret_reason);
        if (r < 0)
            return r;
        p = skip_blanks(p);
        if (*p == ',')
            p++;
        else if (*p && *p != ']') {
            *ret_reason = "has an item that neither a comma nor the closing ] follows";
            return -EBADMSG;
        }
    }
    *ret_reason = "goes on after the closing ]";
    return *skip_blanks(p + 1) ? -EBADMSG : 0;
}

/* [\"a\",\"b\"] as it is copied from some documentation: the backslashes are left out. */
static char *without_backslashes(const char *text)
{
    char *copy = strdup(text), *to = copy;

    if (!copy || strncmp(skip_blanks(text[0] == '[' ? text + 1 : text), "\\\"", 2) != 0)
        return copy;
    for (const char *from = text; *from; from++)
        if (from[0] != '\\' || from[1] != '"')
            *to++ = *from;
    *to = '\0';
    return copy;
}

int setting_list_parse(const char *text, struct setting_list *ret, const char **ret_reason)
{
    struct setting_list l = {0};
    char *copy = without_backslashes(text);
    int r = copy ? read_array(&l, copy, ret_reason) : -ENOMEM;

    if (copy)
        secret_wipe(copy, strlen(copy));
    free(copy);
    if (r < 0) {
        setting_list_done(&l);
        return r;
    }
    *ret = l;
    return 0;
}

int setting_list_split(const char *text, struct setting_list *ret)
{
    struct setting_list l = {0};

    for (const char *p = skip_blanks(text); *p; p = skip_blanks(p)) {
        const char *start = p;

        p += strcspn(p, ",");
        if (append_word(&l, start, p) < 0) {
            setting_list_done(&l);
            return -ENOMEM;
        }
        if (*p)
            p++;
    }
    *ret = l;
    return 0;
}

char *setting_list_format(const struct setting_list *l)
{
    size_t cap = 3;
    struct wr w;
    char *text;

    for (size_t i = 0; i < l->n; i++)
        cap += 2 * strlen(l->items[i]) + 3;
    text = malloc(cap);
    if (!text)
        return NULL;
    w = wr_init(text, cap);
    wr_u8(&w, '[');
    for (size_t i = 0; i < l->n; i++) {
        wr_str(&w, i > 0 ? ",\"" : "\"");
        for (const char *c = l->items[i]; *c; c++) {
            if (*c == '"' || *c == '\\')
                wr_u8(&w, '\\');
            wr_u8(&w, (uint8_t) *c);
        }
        wr_u8(&w, '"');
    }
    wr_bytes(&w, bytes_of("]", 2)); /* with its NUL */
    return text;
}

void setting_list_done(struct setting_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        secret_wipe(l->items[i], strlen(l->items[i]));
        free(l->items[i]);
    }
    free(l->items);
    *l = (struct setting_list){0};
}
