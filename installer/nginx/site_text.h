/* site_text.h: the small parts that nginx files are written with. Pure. */
#pragma once

#include "base/buf.h"
#include "settings/settings.h"

#define SITE_NAME_SIZE 272

/* DOMAIN_OR_PUBLIC_IP as a browser's Host header has it, without port: lower case, an IPv6 address
 * in its shortest form and in brackets. Returns buf. */
const char *site_name(const struct settings *s, char buf[static SITE_NAME_SIZE]);

/* The same of any name or address. */
const char *site_name_of(const char *given, char buf[static SITE_NAME_SIZE]);

/* The other names that the certificate is for: www. with REDIRECT_WWW, CERTIFICATE_NAMES but for
 * those of the mask left_out (bit i: item i); wildcards as nginx has them: "*.example.org". */
#define SITE_NAMES_MAX 16
struct site_names {
    char list[SITE_NAMES_MAX][SITE_NAME_SIZE];
    size_t n;
};
void site_names(const struct settings *s, unsigned left_out, struct site_names *ret);

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
