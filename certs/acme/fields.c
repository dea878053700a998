#include "acme/fields.h"

#include "acme/calendar.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#define WAIT_MAX_S 315360000 /* longer ones count as ten years */

/* ---- dates ---- */

/* A place in a text, which remembers failure. */
struct scan {
    const char *p;
    bool failed;
};

static void scan_text(struct scan *s, const char *text)
{
    size_t len = strlen(text);

    if (s->failed || strncmp(s->p, text, len) != 0)
        s->failed = true;
    else
        s->p += len;
}

/* n digits; of them the first may be a blank when padded. */
static unsigned scan_number(struct scan *s, size_t n, bool padded)
{
    unsigned v = 0;

    for (size_t i = 0; i < n && !s->failed; i++) {
        char c = *s->p;

        if (padded && i == 0 && c == ' ')
            c = '0';
        if (c < '0' || c > '9') {
            s->failed = true;
            return 0;
        }
        v = v * 10 + (unsigned) (c - '0');
        s->p++;
    }
    return v;
}

/* Which of the names, of which so many letters count, comes next; from 0. */
static unsigned scan_name(struct scan *s, const char *const *names, size_t letters)
{
    for (unsigned i = 0; names[i] && !s->failed; i++) {
        size_t len = letters ? letters : strlen(names[i]);

        if (strncmp(s->p, names[i], len) == 0) {
            s->p += len;
            return i;
        }
    }
    s->failed = true;
    return 0;
}

static unsigned scan_month(struct scan *s)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
                                         "Aug", "Sep", "Oct", "Nov", "Dec", NULL};

    return scan_name(s, months, 3) + 1;
}

static void scan_time(struct scan *s, struct calendar *c)
{
    c->hour = scan_number(s, 2, false);
    scan_text(s, ":");
    c->minute = scan_number(s, 2, false);
    scan_text(s, ":");
    c->second = scan_number(s, 2, false);
}

static int scan_finish(const struct scan *s, const struct calendar *c, int64_t *ret_s)
{
    if (s->failed || *s->p)
        return -EBADMSG;
    return calendar_seconds(c, ret_s);
}

static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                   "Friday", "Saturday", "Sunday",    NULL};

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static int read_imf_date(const char *text, int64_t *ret_s)
{
    struct scan s = {.p = text};
    struct calendar c = {.year = 0};

    scan_name(&s, days, 3);
    scan_text(&s, ", ");
    c.day = scan_number(&s, 2, false);
    scan_text(&s, " ");
    c.month = scan_month(&s);
    scan_text(&s, " ");
    c.year = scan_number(&s, 4, false);
    scan_text(&s, " ");
    scan_time(&s, &c);
    scan_text(&s, " GMT");
    return scan_finish(&s, &c, ret_s);
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" */
static int read_rfc850_date(const char *text, int64_t *ret_s)
{
    struct scan s = {.p = text};
    struct calendar c = {.year = 0};

    scan_name(&s, days, 0);
    scan_text(&s, ", ");
    c.day = scan_number(&s, 2, false);
    scan_text(&s, "-");
    c.month = scan_month(&s);
    scan_text(&s, "-");
    c.year = scan_number(&s, 2, false);
    c.year += c.year < 70 ? 2000 : 1900;
    scan_text(&s, " ");
    scan_time(&s, &c);
    scan_text(&s, " GMT");
    return scan_finish(&s, &c, ret_s);
}

/* "Sun Nov  6 08:49:37 1994" */
static int read_asctime_date(const char *text, int64_t *ret_s)
{
    struct scan s = {.p = text};
    struct calendar c = {.year = 0};

    scan_name(&s, days, 3);
    scan_text(&s, " ");
    c.month = scan_month(&s);
    scan_text(&s, " ");
    c.day = scan_number(&s, 2, true);
    scan_text(&s, " ");
    scan_time(&s, &c);
    scan_text(&s, " ");
    c.year = scan_number(&s, 4, false);
    return scan_finish(&s, &c, ret_s);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Without blanks around it; false: too long for any date or number. */
static bool trim(const char *value, char *buf, size_t cap)
{
    size_t len;

    while (is_blank(*value))
        value++;
    len = strlen(value);
    while (len > 0 && is_blank(value[len - 1]))
        len--;
    if (len >= cap)
        return false;
    memcpy(buf, value, len);
    buf[len] = '\0';
    return true;
}

int field_date(const char *value, int64_t *ret_s)
{
    char text[64] = "";

    if (!trim(value, text, sizeof(text)))
        return -EBADMSG;
    if (read_imf_date(text, ret_s) == 0 || read_rfc850_date(text, ret_s) == 0)
        return 0;
    return read_asctime_date(text, ret_s);
}

int field_retry_after(const char *value, int64_t now_s, int64_t *ret_s)
{
    char text[64] = "";
    int64_t at, wait;

    if (!trim(value, text, sizeof(text)) || !*text)
        return -EBADMSG;
    if (text[strspn(text, "0123456789")] == '\0') {
        uint64_t s;

        *ret_s = bytes_to_u64(bytes_str(text), WAIT_MAX_S, &s) == 0 ? (int64_t) s : WAIT_MAX_S;
        return 0;
    }
    if (field_date(text, &at) < 0)
        return -EBADMSG;
    if (at <= now_s)
        wait = 0;
    else if (__builtin_sub_overflow(at, now_s, &wait) || wait > WAIT_MAX_S)
        wait = WAIT_MAX_S;
    *ret_s = wait;
    return 0;
}

bool field_is_nonce(const char *value)
{
    return *value && value[strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                         "0123456789-_")] == '\0';
}
