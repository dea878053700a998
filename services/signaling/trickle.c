#include "signaling/trickle.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define TRICKLE_MAX 4096 /* some 30 candidates: browsers send one to ten */
#define LINE_MAX_LEN 400
#define MID_MAX 32
#define M_LINES_MAX 100
#define OWNER_MAX 128 /* a connection's id */

/* Each is a line "MID INDEX CANDIDATE". */

struct blob trickle_init(void)
{
    return blob_init(TRICKLE_MAX);
}

static bool is_mid(const char *mid)
{
    size_t len = 0;

    for (; mid[len]; len++) {
        if (!isgraph((unsigned char) mid[len]))
            return false;
    }
    return len > 0 && len <= MID_MAX;
}

static bool is_candidate(const char *text)
{
    if (strncmp(text, "candidate:", 10) != 0)
        return false;
    for (; *text; text++) {
        if (!isprint((unsigned char) *text))
            return false;
    }
    return true;
}

/* -EINVAL: no candidate, or too long; else the length, with the newline. */
static int write_line(char *ret, size_t size, const char *candidate, const char *mid,
                      json_int_t line)
{
    int len;

    if (!is_mid(mid) || !is_candidate(candidate) || line < 0 || line > M_LINES_MAX)
        return -EINVAL;
    len = snprintf(ret, size, "%s %d %s\n", mid, (int) line, candidate);
    return len < (int) size ? len : -EINVAL;
}

void trickle_add(struct blob *t, const char *candidate, const char *mid, json_int_t line)
{
    char text[LINE_MAX_LEN];
    int len = write_line(text, sizeof(text), candidate, mid, line);

    if (len > 0)
        (void) blob_append(t, bytes_of(text, (size_t) len));
}

/* The next line, without its newline; p == NULL after the last. */
static struct bytes next_line(const struct blob *t, size_t *at)
{
    const uint8_t *line, *eol;

    if (*at >= t->len)
        return bytes_of(NULL, 0);
    line = t->p + *at;
    eol = memchr(line, '\n', t->len - *at);
    *at += (size_t) (eol - line) + 1;
    return bytes_of(line, (size_t) (eol - line));
}

struct parts {
    char text[LINE_MAX_LEN];
    const char *mid, *index, *candidate; /* in text */
};

static void split(struct bytes line, struct parts *ret)
{
    char *index, *candidate;

    memcpy(ret->text, line.p, line.len);
    ret->text[line.len] = '\0';
    ret->mid = ret->text;
    index = strchr(ret->text, ' ');
    *index++ = '\0';
    candidate = strchr(index, ' ');
    *candidate++ = '\0';
    ret->index = index;
    ret->candidate = candidate;
}

void trickle_put(const struct blob *t, json_t *list)
{
    struct bytes line;
    struct parts p;
    size_t at = 0;

    while (line = next_line(t, &at), line.p) {
        split(line, &p);
        (void) json_array_append_new(list, json_pack("{s:s,s:s,s:i}", "candidate", p.candidate,
                                                     "sdpMid", p.mid, "sdpMLineIndex",
                                                     (int) strtol(p.index, NULL, 10)));
    }
}

void trickle_each(const struct blob *t, trickle_fn *fn, void *arg)
{
    struct bytes line;
    struct parts p;
    size_t at = 0;

    while (line = next_line(t, &at), line.p) {
        split(line, &p);
        fn(p.candidate, arg);
    }
}

/* ---- early ones: a line "OWNER MID INDEX CANDIDATE" each ---- */

void trickle_early_add(struct blob *early, const char *owner, const char *candidate,
                       const char *mid, json_int_t line)
{
    char text[OWNER_MAX + 1 + LINE_MAX_LEN];
    size_t owner_len = strlen(owner);
    int len;

    if (owner_len == 0 || owner_len > OWNER_MAX || strpbrk(owner, " \n"))
        return;
    snprintf(text, sizeof(text), "%s ", owner);
    len = write_line(text + owner_len + 1, LINE_MAX_LEN, candidate, mid, line);
    if (len > 0)
        (void) blob_append(early, bytes_of(text, owner_len + 1 + (size_t) len));
}

/* What stands behind the owner, with its newline; p == NULL: the line is of another one. */
static struct bytes of_owner(struct bytes line, const char *owner)
{
    size_t len = strlen(owner);

    if (!bytes_starts_with(line, owner) || line.p[len] != ' ')
        return bytes_of(NULL, 0);
    return bytes_of(line.p + len + 1, line.len - len);
}

void trickle_early_copy(const struct blob *early, const char *owner, struct blob *to)
{
    struct bytes line, rest;
    size_t at = 0;

    while (line = next_line(early, &at), line.p) {
        rest = of_owner(line, owner);
        if (rest.p)
            (void) blob_append(to, rest);
    }
}

void trickle_early_remove(struct blob *early, const char *owner)
{
    struct blob rest = blob_init(early->max);
    struct bytes line;
    size_t at = 0;

    while (line = next_line(early, &at), line.p) {
        if (!of_owner(line, owner).p)
            (void) blob_append(&rest, bytes_of(line.p, line.len + 1));
    }
    blob_clear(early);
    *early = rest;
}
