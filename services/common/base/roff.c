#include "base/roff.h"

#include "base/version.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* at_start: of a line. */
static void put(FILE *to, const char *text, size_t len, bool at_start)
{
    bool bold = false;

    for (size_t i = 0; i < len; i++) {
        if (at_start && (text[i] == '.' || text[i] == '\''))
            fputs("\\&", to);
        at_start = text[i] == '\n';
        switch (text[i]) {
        case '\\':
            fputs("\\e", to);
            break;
        case '-':
            fputs("\\-", to);
            break;
        case '\'':
            fputs("\\(aq", to);
            break;
        case '`':
            bold = !bold;
            fputs(bold ? "\\fB" : "\\fR", to);
            break;
        default:
            fputc(text[i], to);
        }
    }
}

void roff_text(FILE *to, const char *text)
{
    put(to, text, strlen(text), true);
}

void roff_inline(FILE *to, const char *text)
{
    put(to, text, strlen(text), false);
}

void roff_sentence(FILE *to, const char *text)
{
    fputc(toupper((unsigned char) *text), to);
    put(to, text + 1, strlen(text) - 1, false);
    fputs(".\n", to);
}

void roff_paragraphs(FILE *to, const char *doc)
{
    bool as_is = false;

    while (doc && *doc) {
        size_t len = strcspn(doc, "\n");
        bool want = *doc == ' ' && len > 0;

        if (want != as_is && len > 0)
            fputs(want ? ".PP\n.nf\n" : ".fi\n.PP\n", to);
        if (len > 0)
            as_is = want;
        if (len == 0 && !as_is && doc[1] != ' ')
            fputs(".PP\n", to);
        else if (len > 0) {
            put(to, doc, len, true);
            fputc('\n', to);
        }
        doc += len + (doc[len] == '\n');
    }
    if (as_is)
        fputs(".fi\n", to);
}

void roff_heading(FILE *to, const char *name, const char *help)
{
    fputs(".TH ", to);
    for (const char *c = name; *c; c++)
        fputs(*c == '-' ? "\\-" : (char[]){(char) toupper((unsigned char) *c), 0}, to);
    fprintf(to, " 1 %s \"Visavis %s\" \"Visavis\"\n.SH NAME\n", VISAVIS_DATE, VISAVIS_VERSION);
    roff_text(to, name);
    fputs(" \\- ", to);
    roff_inline(to, help);
    fputc('\n', to);
}

void roff_option(FILE *to, char letter, const char *name, const char *value, const char *help)
{
    fputs(".TP\n", to);
    if (letter)
        fprintf(to, "\\fB\\-%c\\fR, ", letter);
    fputs("\\fB\\-\\-", to);
    roff_inline(to, name);
    fputs("\\fR", to);
    if (value)
        fprintf(to, " \\fI%s\\fR", value);
    fputc('\n', to);
    roff_sentence(to, help);
}

void roff_status(FILE *to, int n, const char *meaning)
{
    fprintf(to, ".TP\n.B %d\n", n);
    roff_sentence(to, meaning);
}
