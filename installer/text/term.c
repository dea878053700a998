#include "text/term.h"

#include "text/utf8.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80
#define WIDTH_MIN 20
#define WIDTH_MAX 1000

static const char *const styles[] = {
    [TERM_PLAIN] = "",        [TERM_BOLD] = "\033[1m",  [TERM_DIM] = "\033[2m",
    [TERM_GOOD] = "\033[32m", [TERM_WARN] = "\033[33m", [TERM_BAD] = "\033[31m",
};

bool term_is_tty(FILE *f)
{
    return isatty(fileno(f));
}

bool term_is_screen(FILE *f)
{
    const char *term = getenv("TERM");

    return term_is_tty(f) && term && *term && strcmp(term, "dumb") != 0;
}

static bool has_colours(FILE *f)
{
    const char *no = getenv("NO_COLOR");

    return !(no && *no) && term_is_screen(f);
}

unsigned term_width(FILE *f)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    unsigned long n = 0;

    if (columns)
        n = strtoul(columns, NULL, 10);
    else if (ioctl(fileno(f), TIOCGWINSZ, &size) == 0)
        n = size.ws_col;
    if (n == 0)
        return WIDTH_DEFAULT;
    return n < WIDTH_MIN ? WIDTH_MIN : n > WIDTH_MAX ? WIDTH_MAX : (unsigned) n;
}

const char *term_on(FILE *f, enum term_style style)
{
    return has_colours(f) ? styles[style] : "";
}

const char *term_off(FILE *f)
{
    return has_colours(f) ? "\033[0m" : "";
}

size_t term_columns(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char) *text & 0xc0) != 0x80;
    return n;
}

/* Bytes of the printable character that text begins with; 0 when there is none. */
static size_t printable(struct bytes text)
{
    size_t n = utf8_char(text);

    if (n == 1)
        return (text.p[0] >= 0x20 && text.p[0] != 0x7f) || text.p[0] == '\t';
    if (n == 2 && text.p[0] == 0xc2 && text.p[1] < 0xa0) /* C1 controls */
        return 0;
    return n;
}

void term_text(FILE *f, struct bytes text, unsigned indent)
{
    while (text.len > 0 && text.p[text.len - 1] == '\n')
        text.len--;
    for (size_t i = 0; i < text.len;) {
        size_t n = printable(bytes_of(text.p + i, text.len - i));

        if (n > 0)
            fwrite(text.p + i, 1, n, f);
        else if (text.p[i] == '\n')
            fprintf(f, "\n%*s", (int) indent, "");
        else
            fprintf(f, "\\x%02x", text.p[i]);
        i += n ? n : 1;
    }
}

void term_clear(FILE *f)
{
    if (term_is_screen(f))
        fputs("\033[H\033[2J", f);
}

bool term_confirm(const char *question)
{
    char answer[16];

    fprintf(stderr, "%s [y/N] ", question);
    if (!fgets(answer, sizeof(answer), stdin))
        return false;
    return answer[0] == 'y' || answer[0] == 'Y';
}
