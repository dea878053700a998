#include "signaling/trickle.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define TRICKLE_MAX 4096 /* some 30 candidates: browsers send one to ten */
#define LINE_MAX_LEN 400
#define MID_MAX 32
#define M_LINES_MAX 100

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

void trickle_add(struct blob *t, const char *candidate, const char *mid, json_int_t line)
{
    char text[LINE_MAX_LEN];
    int len;

    if (!is_mid(mid) || !is_candidate(candidate) || line < 0 || line > M_LINES_MAX)
        return;
    len = snprintf(text, sizeof(text), "%s %d %s\n", mid, (int) line, candidate);
    if (len < (int) sizeof(text))
        (void) blob_append(t, bytes_of(text, (size_t) len));
}

static void put_line(const char *text, size_t len, json_t *list)
{
    char line[LINE_MAX_LEN], *candidate, *index;

    memcpy(line, text, len);
    line[len] = '\0';
    index = strchr(line, ' ');
    *index++ = '\0';
    candidate = strchr(index, ' ') + 1;
    (void) json_array_append_new(list,
                                 json_pack("{s:s,s:s,s:i}", "candidate", candidate, "sdpMid", line,
                                           "sdpMLineIndex", (int) strtol(index, NULL, 10)));
}

void trickle_put(const struct blob *t, json_t *list)
{
    size_t at = 0;

    while (at < t->len) {
        const char *line = (const char *) t->p + at;
        const char *eol = memchr(line, '\n', t->len - at);

        put_line(line, (size_t) (eol - line), list);
        at += (size_t) (eol - line) + 1;
    }
}
