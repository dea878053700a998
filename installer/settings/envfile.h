/* envfile.h: the text of a .env file as keys and values. Pure.
 *
 * The grammar is what OpenVidu's own reader and docker compose both take: a line is blank, a
 * comment
 * (# or //) or KEY=value, split at the first '='. Values are verbatim, except for what compose
 * would leave out as well (quotes around, blanks around, a comment after " #"); that, and
 * everything else that is not plainly right, is remarked on: nothing is lost silently. */
#pragma once

#include "base/bytes.h"

#define ENVFILE_MAX (64 * 1024)
#define ENVFILE_LINE_MAX 8192
#define ENVFILE_ENTRIES_MAX 1000

enum envfile_remark {
    /* taken, with a word about it */
    ENVFILE_BOM,              /* of the file; line 1 */
    ENVFILE_CRLF,             /* of the file; line: the first such */
    ENVFILE_QUOTES,           /* around the value: left out */
    ENVFILE_BLANKS,           /* around the value: left out */
    ENVFILE_TAIL,             /* " # comment": left out */
    ENVFILE_EXPORT,           /* "export KEY=value": taken without the word */
    ENVFILE_INDENTED_COMMENT, /* taken as a comment */
    ENVFILE_DUPLICATE,        /* line holds, other_line does not */
    /* errors: the line is not taken */
    ENVFILE_MALFORMED, /* no '=' */
    ENVFILE_BAD_KEY,   /* empty, or not a name */
    ENVFILE_NUL,       /* a NUL byte */
    ENVFILE_LONG_LINE,
    /* errors: what follows is not read */
    ENVFILE_TOO_LARGE,
    ENVFILE_TOO_MANY,
    N_ENVFILE_REMARKS
};

static inline bool envfile_is_error(enum envfile_remark r)
{
    return r >= ENVFILE_MALFORMED;
}

enum envfile_mode {
    ENVFILE_LENIENT,
    ENVFILE_VERBATIM, /* for files of our own: nothing is left out of a value, any size */
};

struct envfile_entry {
    struct bytes key, value; /* views into the content */
    unsigned line;           /* from 1 */
};

struct envfile_note {
    enum envfile_remark remark;
    unsigned line, other_line;
    struct bytes key; /* may be empty */
};

struct envfile;

/* content must outlive it. -ENOMEM; everything else is a remark. */
int envfile_parse(struct bytes content, enum envfile_mode mode, struct envfile **ret_f);
struct envfile *envfile_free(struct envfile *f); /* NULL is fine; returns NULL */

/* The keys, each once, with the value that holds, in the order of these lines. */
size_t envfile_n_entries(const struct envfile *f);
const struct envfile_entry *envfile_entry(const struct envfile *f,
                                          size_t i); /* NULL past the last */
const struct envfile_entry *envfile_find(const struct envfile *f, const char *key); /* or NULL */

/* What was remarked on, errors included, in the order of the lines. */
size_t envfile_n_notes(const struct envfile *f);
const struct envfile_note *envfile_note(const struct envfile *f, size_t i); /* NULL past the last */
