#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

void wr_fmt(struct wr *w, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t) n >= sizeof(text)) {
        w->failed = true;
        return;
    }
    wr_bytes(w, bytes_of(text, (size_t) n));
}
