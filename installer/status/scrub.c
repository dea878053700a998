#include "status/scrub.h"

#include "base/crypto.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#define SECRETS_MAX 256
#define SECRET_MIN 3
#define SECRET_MAX 4096

struct scrub {
    char *secrets[SECRETS_MAX];
    size_t n;
    bool starts[256]; /* a secret begins with this byte */
};

int scrub_new(struct scrub **ret)
{
    struct scrub *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    *ret = s;
    return 0;
}

struct scrub *scrub_free(struct scrub *s)
{
    for (size_t i = 0; s && i < s->n; i++) {
        secret_wipe(s->secrets[i], strlen(s->secrets[i]));
        free(s->secrets[i]);
    }
    free(s);
    return NULL;
}

/* ---- what is known ---- */

static bool is_known(const struct scrub *s, struct bytes secret)
{
    for (size_t i = 0; i < s->n; i++)
        if (bytes_eq_str(secret, s->secrets[i]))
            return true;
    return false;
}

static int add(struct scrub *s, struct bytes secret)
{
    char *copy;

    if (secret.len < SECRET_MIN || secret.len > SECRET_MAX || is_known(s, secret))
        return 0;
    if (s->n == SECRETS_MAX)
        return -ENOSPC;
    copy = bytes_dup_str(secret);
    if (!copy)
        return -ENOMEM;
    s->secrets[s->n++] = copy;
    s->starts[secret.p[0]] = true;
    return 0;
}

/* With a backslash before quotes and backslashes, as in JSON and libconfig. */
static size_t put_quoted(struct bytes in, char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < in.len; i++) {
        if (in.p[i] == '"' || in.p[i] == '\\')
            out[len++] = '\\';
        out[len++] = (char) in.p[i];
    }
    return len;
}

static size_t put_percent(struct bytes in, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t len = 0;

    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.p[i];

        if (isalnum(c) || strchr("-._~", c)) {
            out[len++] = (char) c;
            continue;
        }
        out[len++] = '%';
        out[len++] = digits[c >> 4];
        out[len++] = digits[c & 15];
    }
    return len;
}

static int add_encoded(struct scrub *s, struct bytes secret, char *buf, size_t cap)
{
    static const char user[] = "OPENVIDUAPP:";
    char plain[sizeof(user) + SECRET_MAX];
    size_t len = sizeof(user) - 1;
    int r = add(s, bytes_of(buf, put_quoted(secret, buf)));

    if (r == 0)
        r = add(s, bytes_of(buf, put_percent(secret, buf)));
    memcpy(plain, user, len);
    memcpy(plain + len, secret.p, secret.len);
    len += secret.len;
    if (r == 0)
        r = base64_encode(bytes_of(plain, len), buf, cap);
    if (r == 0) /* the padding is not always written */
        r = add(s, bytes_of(buf, strcspn(buf, "=")));
    secret_wipe(plain, sizeof(plain));
    return r;
}

static int add_all(struct scrub *s, struct bytes secret)
{
    static const size_t cap = BASE64_SIZE(SECRET_MAX + 16) + (size_t) 3 * SECRET_MAX;
    char *buf;
    int r;

    if (secret.len < SECRET_MIN || secret.len > SECRET_MAX)
        return 0;
    buf = malloc(cap);
    if (!buf)
        return -ENOMEM;
    r = add(s, secret);
    if (r == 0)
        r = add_encoded(s, secret, buf, cap);
    secret_wipe(buf, cap);
    free(buf);
    return r;
}

int scrub_add(struct scrub *s, const char *secret)
{
    return add_all(s, bytes_str(secret));
}

/* ---- what looks like it ---- */

static bool is_word(uint8_t c)
{
    return isalnum(c) || c == '_' || c == '-';
}

static bool contains(struct bytes word, const char *part)
{
    size_t len = strlen(part);

    for (size_t i = 0; i + len <= word.len; i++)
        if (strncasecmp((const char *) word.p + i, part, len) == 0)
            return true;
    return false;
}

static bool names_secret(struct bytes word)
{
    static const char *const parts[] = {"secret", "passw", "credential", "token", "authorization"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (contains(word, parts[i]))
            return true;
    return false;
}

/* Redis writes no sign between the name and the value; so does HTTP after the scheme. */
static bool is_followed_by_secret(struct bytes word)
{
    return bytes_caseeq_str(word, "requirepass") || bytes_caseeq_str(word, "masterauth") ||
           bytes_caseeq_str(word, "basic") || bytes_caseeq_str(word, "bearer");
}

static size_t blanks(struct bytes text, size_t i)
{
    while (i < text.len && (text.p[i] == ' ' || text.p[i] == '\t'))
        i++;
    return i;
}

/* Where the value begins after a word that ends at i: "=", or a colon after a quoted word or before
 * no blank. 0: nothing is given to it. */
static size_t value_after(struct bytes text, size_t i, struct bytes word)
{
    bool quoted = i < text.len && text.p[i] == '"';
    size_t at = blanks(text, i + quoted);

    if (!quoted && is_followed_by_secret(word))
        return at > i ? at : 0;
    if (!names_secret(word) || at == text.len)
        return 0;
    if (text.p[at] == '=')
        return blanks(text, at + 1);
    if (text.p[at] == ':' && (quoted || bytes_caseeq_str(word, "authorization")))
        return blanks(text, at + 1);
    return 0;
}

/* The end of the value that begins at i, and where what is to be masked of it begins. A whole one
 * has blanks in it: "Authorization: Basic ...". */
static size_t value_end(struct bytes text, size_t i, bool whole, size_t *ret_begin)
{
    uint8_t quote = text.p[i] == '"' || text.p[i] == '\'' ? text.p[i] : 0;
    const char *ends = whole ? "\r\"'" : " \t\r,;&\")]}";

    i += quote != 0;
    *ret_begin = i;
    for (; i < text.len && text.p[i] != '\n'; i++) {
        if (quote && text.p[i] == '\\' && i + 1 < text.len)
            i++;
        else if (quote ? text.p[i] == quote : strchr(ends, text.p[i]) != NULL)
            break;
    }
    return i;
}

/* "user:password@" after "://" at i: where it ends; 0: there is none. */
static size_t userinfo_end(struct bytes text, size_t i)
{
    for (size_t k = i; k < text.len && !isspace(text.p[k]) && !strchr("/\"'<>", text.p[k]); k++)
        if (text.p[k] == '@')
            return k;
    return 0;
}

/* ---- masking ---- */

/* The longest known secret at i; 0: none. */
static size_t known_at(const struct scrub *s, struct bytes text, size_t i)
{
    size_t longest = 0;

    if (!s->starts[text.p[i]])
        return 0;
    for (size_t k = 0; k < s->n; k++) {
        size_t len = strlen(s->secrets[k]);

        if (len > longest && len <= text.len - i && memcmp(text.p + i, s->secrets[k], len) == 0)
            longest = len;
    }
    return longest;
}

/* Prints from i to end with the known secrets masked; the last may reach beyond. Where it came. */
static size_t print_known(const struct scrub *s, struct bytes text, size_t i, size_t end, FILE *to)
{
    while (i < end) {
        size_t n = known_at(s, text, i);

        if (n > 0)
            fputs(SCRUB_MASK, to);
        else
            fputc(text.p[i], to);
        i += n ? n : 1;
    }
    return i;
}

struct span {
    size_t begin, end;
    bool is_user; /* user:password of a URL */
};

/* Already, by us or by who wrote the text. */
static bool is_masked(struct bytes text, size_t i)
{
    struct bytes rest = bytes_of(text.p + i, text.len - i);

    return bytes_starts_with(rest, SCRUB_MASK) || bytes_starts_with(rest, "(hidden)");
}

/* The next part from i on that looks secret; false: none. */
static bool next_span(struct bytes text, size_t i, struct span *ret)
{
    while (i < text.len) {
        size_t word = i, at;

        if (i + 3 <= text.len && memcmp(text.p + i, "://", 3) == 0 &&
            (at = userinfo_end(text, i + 3)) > i + 3) {
            *ret = (struct span){i + 3, at, true};
            return true;
        }
        if (!is_word(text.p[i])) {
            i++;
            continue;
        }
        while (i < text.len && is_word(text.p[i]))
            i++;
        at = value_after(text, i, bytes_of(text.p + word, i - word));
        if (at == 0 || at == text.len)
            continue;
        ret->end = value_end(text, at, contains(bytes_of(text.p + word, i - word), "authorization"),
                             &ret->begin);
        ret->is_user = false;
        if (ret->end > ret->begin && !is_masked(text, ret->begin))
            return true;
    }
    return false;
}

void scrub_print(const struct scrub *s, struct bytes text, FILE *to)
{
    struct span span;
    size_t i = 0;

    while (next_span(text, i, &span)) {
        i = print_known(s, text, i, span.begin, to);
        if (i == span.begin) {
            fputs(SCRUB_MASK, to);
            i = span.end;
        }
    }
    print_known(s, text, i, text.len, to);
}

/* As it stands, and without the backslashes of a quoted string. */
static int add_read(struct scrub *s, struct bytes secret)
{
    char *plain = bytes_dup_str(secret);
    size_t len = 0;
    int r;

    if (!plain)
        return -ENOMEM;
    for (size_t i = 0; i < secret.len; i++) {
        if (plain[i] == '\\' && i + 1 < secret.len)
            i++;
        plain[len++] = plain[i];
    }
    r = add_all(s, secret);
    if (r == 0)
        r = add_all(s, bytes_of(plain, len));
    secret_wipe(plain, secret.len);
    free(plain);
    return r;
}

/* The password of "user:password". */
static int add_password(struct scrub *s, struct bytes user)
{
    for (size_t i = 0; i < user.len; i++)
        if (user.p[i] == ':')
            return add_read(s, bytes_of(user.p + i + 1, user.len - i - 1));
    return 0;
}

int scrub_learn(struct scrub *s, struct bytes text)
{
    struct span span;
    int r = 0;

    if (!text.p)
        return 0;
    for (size_t i = 0; r == 0 && next_span(text, i, &span); i = span.end) {
        r = add_read(s, bytes_of(text.p + span.begin, span.end - span.begin));
        if (r == 0 && span.is_user)
            r = add_password(s, bytes_of(text.p + span.begin, span.end - span.begin));
    }
    return r;
}

/* The parts too: "url=...,credential=...", "Name: value", "Authorization: Basic value". */
static int add_item(struct scrub *s, const char *item)
{
    const char *colon = strchr(item, ':'), *blank = strrchr(item, ' ');
    int r = scrub_add(s, item);

    if (r == 0)
        r = scrub_learn(s, bytes_str(item));
    if (r == 0 && colon)
        r = scrub_add(s, colon + 1 + strspn(colon + 1, " "));
    if (r == 0 && blank)
        r = scrub_add(s, blank + 1);
    return r;
}

int scrub_add_settings(struct scrub *s, const struct settings *settings)
{
    int r = 0;

    for (int i = 0; r == 0 && i < N_SETTINGS; i++) {
        enum setting id = (enum setting) i;
        const struct setting_def *d = setting_def(id);

        if (!setting_is_hidden(d)) { /* a URL may have a password in it */
            r = scrub_learn(s, bytes_str(settings_text(settings, id)));
            continue;
        }
        r = scrub_add(s, settings_text(settings, id));
        for (size_t k = 0; r == 0 && setting_is_list(d) && k < settings_n(settings, id); k++)
            r = add_item(s, settings_item(settings, id, k));
    }
    return r;
}
