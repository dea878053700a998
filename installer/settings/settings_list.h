/* settings_list.h: values that are lists. JSON arrays of strings are read leniently: words without
 * quotes, or in single quotes, will do; so will quotes with a backslash before them. Pure. */
#pragma once

#include "base/bytes.h"

struct setting_list {
    char **items;
    size_t n;
};

/* "[a, "b"]". "[]" and "[""]" are empty. -EBADMSG with the reason in *ret_reason (a constant),
 * which reads on after the key: "lacks the closing ]"; -ENOMEM. */
int setting_list_parse(const char *text, struct setting_list *ret, const char **ret_reason);

/* "a, b": parts between commas, blanks around them left out, empty ones too. -ENOMEM. */
int setting_list_split(const char *text, struct setting_list *ret);

/* A JSON array; free() it. NULL: out of memory. */
char *setting_list_format(const struct setting_list *l);

/* Wipes: headers and ICE servers hold passwords. */
void setting_list_done(struct setting_list *l);
