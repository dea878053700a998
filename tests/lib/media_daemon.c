#include "tests/lib/media_daemon.h"

#include "tests/lib/free_port.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define NAME "visavis-media"
#define LINES_SIZE 2048

int media_daemon_new(struct child **ret_c, unsigned workers, const char *fmt, ...)
{
    char lines[LINES_SIZE], control[CHILD_PATH_SIZE];
    uint16_t port = free_port_run(workers);
    struct child *c;
    va_list ap;
    int n, r;

    va_start(ap, fmt);
    n = vsnprintf(lines, sizeof(lines), fmt, ap);
    va_end(ap);
    if (port == 0 || n >= (int) sizeof(lines))
        return port == 0 ? -EADDRINUSE : -ENOSPC;
    r = child_new(NAME, &c);
    if (r < 0)
        return r;
    r = child_write(c, "config", "control = \"%s\";\nport = %u;\nworkers = %u;\n%s",
                    child_path(c, "control", control), port, workers, lines);
    if (r < 0) {
        child_free(c);
        return r;
    }
    *ret_c = c;
    return 0;
}

int media_daemon_start(struct child *c)
{
    return child_start_daemon(c, NAME);
}
