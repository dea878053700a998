#include "text/json.h"

#include "text/utf8.h"

#include <stdlib.h>
#include <time.h>

#define US_PER_S 1000000
#define REPLACEMENT "\xef\xbf\xbd"

/* jansson takes nothing that is no UTF-8. */
json_t *json_text(struct bytes text)
{
    size_t len = 0;
    char *copy = malloc(text.len * strlen(REPLACEMENT) + 1);
    json_t *s;

    if (!copy)
        return NULL;
    for (size_t i = 0; i < text.len;) {
        size_t n = utf8_char(bytes_of(text.p + i, text.len - i));

        struct bytes part = n ? bytes_of(text.p + i, n) : bytes_str(REPLACEMENT);

        memcpy(copy + len, part.p, part.len);
        len += part.len;
        i += n ? n : 1;
    }
    s = json_stringn(copy, len);
    free(copy);
    return s;
}

json_t *json_time(uint64_t time_us)
{
    time_t s = (time_t) (time_us / US_PER_S);
    char text[40];
    struct tm tm;

    if (time_us == 0 || !gmtime_r(&s, &tm))
        return json_null();
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    return json_sprintf("%s.%06uZ", text, (unsigned) (time_us % US_PER_S));
}

int json_print(json_t *document, int status)
{
    if (!document || json_dumpf(document, stdout, JSON_INDENT(2)) != 0) {
        fputs("visavis: out of memory\n", stderr);
        json_decref(document);
        return EXIT_FAILURE;
    }
    putchar('\n');
    json_decref(document);
    return status;
}
