/* site_text.h: the small parts that nginx files are written with. Pure. */
#pragma once

#include "base/buf.h"
#include "settings/settings.h"

#define SITE_NAME_SIZE 272

/* DOMAIN_OR_PUBLIC_IP as a browser's Host header has it, without port: lower case, an IPv6 address
 * in its shortest form and in brackets. Returns buf. */
const char *site_name(const struct settings *s, char buf[static SITE_NAME_SIZE]);

bool site_name_is_ip(const struct settings *s);

/* A word of nginx's grammar, in quotes, for directives that know no variables. */
void site_put_word(struct wr *w, const char *text);

/* The same for directives that would take "$name" for a variable. nginx has no escape for it, so
 * the file needs site_put_dollar() at the level of http. */
void site_put_literal(struct wr *w, const char *text);
void site_put_dollar(struct wr *w);

/* The parts of a value with blanks in between, each a word. */
void site_put_words(struct wr *w, const char *text);

/* A size of nginx's ("200M") in bytes; 0: no limit. */
uint64_t site_size_bytes(const char *text);
