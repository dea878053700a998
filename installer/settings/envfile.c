#include "settings/envfile.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/* A line can be remarked on for its blanks, its quotes, its tail and its key. */
#define NOTES_MAX (4 * ENVFILE_ENTRIES_MAX + 64)

struct envfile {
    enum envfile_mode mode;
    struct envfile_entry *entries;
    size_t n_entries;
    struct envfile_note *notes;
    size_t n_notes;
    unsigned crlf_line; /* the first that ends in CRLF; 0: none */
    bool full;
};

/* ---- views ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static struct bytes from(struct bytes b, size_t at)
{
    return bytes_of(b.len ? b.p + at : b.p, b.len - at);
}

static struct bytes first(struct bytes b, size_t len)
{
    return bytes_of(b.p, len);
}

static struct bytes trim_start(struct bytes b)
{
    size_t at = 0;

    while (at < b.len && is_blank(b.p[at]))
        at++;
    return from(b, at);
}

static struct bytes trim_end(struct bytes b)
{
    while (b.len > 0 && is_blank(b.p[b.len - 1]))
        b.len--;
    return b;
}

/* b.len when there is none. */
static size_t find(struct bytes b, uint8_t c)
{
    const uint8_t *at = b.len ? memchr(b.p, c, b.len) : NULL;

    return at ? (size_t) (at - b.p) : b.len;
}

/* ---- what was found ---- */

static void note_pair(struct envfile *f, enum envfile_remark remark, unsigned line, unsigned other,
                      struct bytes key)
{
    /* The last places are for the errors that end the reading. */
    if (f->n_notes >= NOTES_MAX - 1 && remark < ENVFILE_TOO_LARGE) {
        f->full = true;
        return;
    }
    if (f->n_notes < NOTES_MAX)
        f->notes[f->n_notes++] = (struct envfile_note){remark, line, other, key};
}

static void note(struct envfile *f, enum envfile_remark remark, unsigned line, struct bytes key)
{
    note_pair(f, remark, line, 0, key);
}

static void add_entry(struct envfile *f, struct bytes key, struct bytes value, unsigned line)
{
    for (size_t i = 0; i < f->n_entries; i++) {
        if (!bytes_eq(f->entries[i].key, key))
            continue;
        note_pair(f, ENVFILE_DUPLICATE, line, f->entries[i].line, key);
        memmove(&f->entries[i], &f->entries[i + 1], (f->n_entries - i - 1) * sizeof(f->entries[0]));
        f->n_entries--;
        break;
    }
    if (f->n_entries == ENVFILE_ENTRIES_MAX) {
        f->full = true;
        return;
    }
    f->entries[f->n_entries++] = (struct envfile_entry){key, value, line};
}

/* ---- one line ---- */

static bool is_comment(struct bytes line)
{
    return bytes_starts_with(line, "#") || bytes_starts_with(line, "//");
}

/* Letters, digits, '_', and '.' and '-' of the names from before 2.13. */
static bool is_key(struct bytes key)
{
    for (size_t i = 0; i < key.len; i++)
        if (!isalnum(key.p[i]) && key.p[i] != '_' && (i == 0 || !strchr(".-", key.p[i])))
            return false;
    return key.len > 0 && !isdigit(key.p[0]);
}

/* Where a comment behind the value begins: at the blank before '#', but not within quotes of a
 * value that starts as a quoted one or a list. b.len: nowhere. */
static size_t find_tail(struct bytes b)
{
    bool quoting = b.len > 0 && strchr("\"'[", b.p[0]) != NULL;
    uint8_t quote = 0;

    for (size_t i = 0; i < b.len; i++) {
        uint8_t c = b.p[i];

        if (quote && c == '\\' && quote == '"')
            i++;
        else if (quote)
            quote = c == quote ? 0 : quote;
        else if (quoting && (c == '"' || c == '\''))
            quote = c;
        else if (c == '#' && i > 0 && is_blank(b.p[i - 1]))
            return i - 1;
    }
    return b.len;
}

/* The same quote at both ends and nowhere between. */
static bool is_quoted(struct bytes b)
{
    return b.len >= 2 && (b.p[0] == '"' || b.p[0] == '\'') && b.p[b.len - 1] == b.p[0] &&
           find(from(b, 1), b.p[0]) == b.len - 2;
}

/* What is meant by the text behind '='. A blank before '=' makes one behind it a matter of style.
 */
static struct bytes read_value(struct envfile *f, struct bytes text, bool spaced, unsigned line,
                               struct bytes key)
{
    struct bytes value = trim_start(text);
    bool blanks = value.len < text.len && !spaced && value.len > 0;
    size_t tail;

    /* KEY= # comment */
    if (value.len > 0 && value.p[0] == '#' && value.len < text.len)
        tail = 0;
    else
        tail = find_tail(value);
    if (tail < value.len) {
        note(f, ENVFILE_TAIL, line, key);
        value = trim_end(first(value, tail));
        blanks = blanks && value.len > 0;
    } else {
        size_t len = value.len;

        value = trim_end(value);
        blanks |= value.len < len;
    }
    if (blanks)
        note(f, ENVFILE_BLANKS, line, key);
    if (is_quoted(value)) {
        note(f, ENVFILE_QUOTES, line, key);
        value = bytes_of(value.p + 1, value.len - 2);
    }
    return value;
}

static void read_assignment(struct envfile *f, struct bytes text, unsigned line)
{
    size_t equals = find(text, '=');
    struct bytes left = first(text, equals), key = trim_end(trim_start(left)), rest;
    bool spaced = left.len > 0 && is_blank(left.p[left.len - 1]);

    if (equals == text.len) {
        note(f, ENVFILE_MALFORMED, line, first(key, find(key, ' ')));
        return;
    }
    if (bytes_starts_with(key, "export") && key.len > 6 && is_blank(key.p[6])) {
        key = trim_start(from(key, 6));
        note(f, ENVFILE_EXPORT, line, key);
    }
    if (!is_key(key)) {
        note(f, ENVFILE_BAD_KEY, line, bytes_of(NULL, 0));
        return;
    }
    rest = from(text, equals + 1);
    add_entry(f, key, f->mode == ENVFILE_VERBATIM ? rest : read_value(f, rest, spaced, line, key),
              line);
}

static void read_line(struct envfile *f, struct bytes text, unsigned line)
{
    struct bytes trimmed;

    if (f->mode == ENVFILE_LENIENT && text.len > ENVFILE_LINE_MAX) {
        note(f, ENVFILE_LONG_LINE, line, bytes_of(NULL, 0));
        return;
    }
    if (text.len > 0 && text.p[text.len - 1] == '\r') {
        text.len--;
        if (!f->crlf_line) {
            f->crlf_line = line;
            note(f, ENVFILE_CRLF, line, bytes_of(NULL, 0));
        }
    }
    trimmed = trim_start(text);
    if (trimmed.len == 0 || is_comment(text))
        return;
    if (find(text, 0) < text.len)
        note(f, ENVFILE_NUL, line, bytes_of(NULL, 0));
    else if (is_comment(trimmed))
        note(f, ENVFILE_INDENTED_COMMENT, line, bytes_of(NULL, 0));
    else
        read_assignment(f, text, line);
}

/* ---- the file ---- */

static void read_lines(struct envfile *f, struct bytes content)
{
    unsigned line = 1;

    if (f->mode == ENVFILE_LENIENT && content.len > ENVFILE_MAX) {
        note(f, ENVFILE_TOO_LARGE, 0, bytes_of(NULL, 0));
        return;
    }
    if (bytes_starts_with(content, "\xef\xbb\xbf")) {
        note(f, ENVFILE_BOM, 1, bytes_of(NULL, 0));
        content = from(content, 3);
    }
    for (; content.len > 0 && !f->full; line++) {
        size_t end = find(content, '\n');

        read_line(f, first(content, end), line);
        content = from(content, end < content.len ? end + 1 : end);
    }
    if (f->full)
        note(f, ENVFILE_TOO_MANY, line - 1, bytes_of(NULL, 0));
}

int envfile_parse(struct bytes content, enum envfile_mode mode, struct envfile **ret_f)
{
    struct envfile *f = calloc(1, sizeof(*f));

    if (!f)
        return -ENOMEM;
    f->mode = mode;
    f->entries = calloc(ENVFILE_ENTRIES_MAX, sizeof(*f->entries));
    f->notes = calloc(NOTES_MAX, sizeof(*f->notes));
    if (!f->entries || !f->notes) {
        envfile_free(f);
        return -ENOMEM;
    }
    read_lines(f, content);
    *ret_f = f;
    return 0;
}

struct envfile *envfile_free(struct envfile *f)
{
    if (!f)
        return NULL;
    free(f->entries);
    free(f->notes);
    free(f);
    return NULL;
}

size_t envfile_n_entries(const struct envfile *f)
{
    return f->n_entries;
}

const struct envfile_entry *envfile_entry(const struct envfile *f, size_t i)
{
    return i < f->n_entries ? &f->entries[i] : NULL;
}

const struct envfile_entry *envfile_find(const struct envfile *f, const char *key)
{
    for (size_t i = 0; i < f->n_entries; i++)
        if (bytes_eq_str(f->entries[i].key, key))
            return &f->entries[i];
    return NULL;
}

size_t envfile_n_notes(const struct envfile *f)
{
    return f->n_notes;
}

const struct envfile_note *envfile_note(const struct envfile *f, size_t i)
{
    return i < f->n_notes ? &f->notes[i] : NULL;
}
