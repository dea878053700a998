#include "units/journal.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define LEVEL_DEFAULT 6

struct journal {
    sd_journal *j;
    bool at_line; /* a seek has stepped onto the line that comes next already */
};

const char *journal_level_name(int level)
{
    static const char *const names[] = {"emergency", "alert",  "critical", "error",
                                        "warning",   "notice", "info",     "debug"};

    return level >= 0 && level < 8 ? names[level] : names[LEVEL_DEFAULT];
}

/* "FIELD=unit", and what only these may claim. */
static int match(sd_journal *j, const char *field, const char *unit, const char *writer)
{
    char text[300];
    int n = snprintf(text, sizeof(text), "%s=%s", field, unit);
    int r;

    if (n < 0 || (size_t) n >= sizeof(text))
        return -ENAMETOOLONG;
    r = sd_journal_add_match(j, text, 0);
    if (r >= 0 && writer)
        r = sd_journal_add_match(j, writer, 0);
    return r < 0 ? r : sd_journal_add_disjunction(j);
}

/* What the unit's processes wrote, and what systemd and its helpers (as root) wrote about it. */
static int match_unit(sd_journal *j, const char *unit)
{
    int r = match(j, "_SYSTEMD_UNIT", unit, NULL);

    if (r >= 0)
        r = match(j, "UNIT", unit, "_PID=1");
    if (r >= 0)
        r = match(j, "OBJECT_SYSTEMD_UNIT", unit, "_UID=0");
    if (r >= 0)
        r = match(j, "COREDUMP_UNIT", unit, "_UID=0");
    return r;
}

/* Files that may not be read are left out silently. */
static bool may_read(sd_journal *j)
{
    return sd_journal_has_persistent_files(j) > 0 || sd_journal_has_runtime_files(j) > 0;
}

int journal_open(const char *const *units, size_t n_units, struct journal **ret)
{
    struct journal *j = calloc(1, sizeof(*j));
    int r;

    if (!j)
        return -ENOMEM;
    r = sd_journal_open(&j->j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
    if (r >= 0 && geteuid() != 0 && !may_read(j->j))
        r = -EACCES;
    for (size_t i = 0; r >= 0 && i < n_units; i++)
        r = match_unit(j->j, units[i]);
    if (r >= 0)
        r = journal_seek_first(j);
    if (r < 0) {
        journal_close(j);
        return r;
    }
    *ret = j;
    return 0;
}

int journal_filter(struct journal *j, const char *name, const char *value)
{
    char text[300];
    int n = snprintf(text, sizeof(text), "%s=%s", name, value);
    int r;

    if (n < 0 || (size_t) n >= sizeof(text))
        return -ENAMETOOLONG;
    r = sd_journal_add_conjunction(j->j);
    if (r >= 0)
        r = sd_journal_add_match(j->j, text, 0);
    return r < 0 ? r : 0;
}

struct journal *journal_close(struct journal *j)
{
    if (j) {
        sd_journal_close(j->j);
        free(j);
    }
    return NULL;
}

int journal_seek_first(struct journal *j)
{
    int r = sd_journal_seek_head(j->j);

    j->at_line = false;
    return r < 0 ? r : 0;
}

int journal_seek_time(struct journal *j, uint64_t time_us)
{
    int r = sd_journal_seek_realtime_usec(j->j, time_us);

    j->at_line = false;
    return r < 0 ? r : 0;
}

int journal_seek_last(struct journal *j, unsigned n_lines)
{
    int r = sd_journal_seek_tail(j->j);

    /* The tail lies behind the last line: a step back is the last one. None at all: what comes next
     * is found from the head. */
    if (r >= 0)
        r = sd_journal_previous_skip(j->j, n_lines ? n_lines : 1);
    j->at_line = r > 0 && n_lines > 0;
    if (r == 0)
        return journal_seek_first(j);
    return r < 0 ? r : 0;
}

/* ---- lines ---- */

/* The value of a field of the current line, without its name. */
static struct bytes field(sd_journal *j, const char *name)
{
    const void *data;
    size_t len, skip = strlen(name) + 1;

    if (sd_journal_get_data(j, name, &data, &len) < 0 || len < skip)
        return (struct bytes){0};
    return bytes_of((const char *) data + skip, len - skip);
}

static long number(sd_journal *j, const char *name, long otherwise)
{
    uint64_t v;

    return bytes_to_u64(field(j, name), INT32_MAX, &v) == 0 ? (long) v : otherwise;
}

static void copy(char *to, size_t size, struct bytes from)
{
    size_t len = from.len < size - 1 ? from.len : size - 1;

    if (len)
        memcpy(to, from.p, len);
    to[len] = 0;
}

/* Whom a line is about: systemd writes about units from units of its own. */
static bool read_unit(sd_journal *j, char *unit, size_t size)
{
    static const char *const about[] = {"UNIT", "OBJECT_SYSTEMD_UNIT", "COREDUMP_UNIT"};

    for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++) {
        copy(unit, size, field(j, about[i]));
        /* anybody may write a field of these names; a unit's own line has its real unit */
        if (*unit && (number(j, "_PID", 0) == 1 || (i > 0 && number(j, "_UID", 1) == 0)))
            return true;
    }
    copy(unit, size, field(j, "_SYSTEMD_UNIT"));
    return false;
}

static int read_line(struct journal *j, journal_line_fn *fn, void *arg)
{
    char unit[256];
    struct journal_line line = {.unit = unit};
    int r = sd_journal_get_realtime_usec(j->j, &line.time_us);

    if (r < 0)
        return r;
    line.from_manager = read_unit(j->j, unit, sizeof(unit));
    line.level = (int) number(j->j, "PRIORITY", LEVEL_DEFAULT);
    line.pid = (pid_t) number(j->j, "_PID", 0);
    line.text = field(j->j, "MESSAGE"); /* last: the next field would take its memory */
    return fn(&line, arg) ? 1 : 0;
}

int journal_read(struct journal *j, journal_line_fn *fn, void *arg)
{
    for (;;) {
        int r = j->at_line ? 1 : sd_journal_next(j->j);

        j->at_line = false;
        if (r <= 0)
            return r;
        r = read_line(j, fn, arg);
        if (r == 0)
            return 0;
        if (r < 0 && r != -EBADMSG && r != -EADDRNOTAVAIL) /* a damaged line is no end */
            return r;
    }
}

static int timeout_ms(sd_journal *j)
{
    uint64_t until_us, now_us = clock_us();

    if (sd_journal_get_timeout(j, &until_us) < 0 || until_us == UINT64_MAX)
        return -1;
    return until_us <= now_us ? 0 : (int) ((until_us - now_us + 999) / 1000);
}

int journal_wait(struct journal *j, int stop_fd)
{
    for (;;) {
        int r = sd_journal_get_fd(j->j);
        struct pollfd fds[] = {{.fd = r}, {.fd = stop_fd, .events = POLLIN}};

        if (r < 0)
            return r;
        r = sd_journal_get_events(j->j);
        if (r < 0)
            return r;
        fds[0].events = (short) r;
        if (poll(fds, 2, timeout_ms(j->j)) < 0 && errno != EINTR)
            return -errno;
        if (fds[1].revents)
            return 0;
        r = sd_journal_process(j->j);
        if (r < 0)
            return r;
        if (r != SD_JOURNAL_NOP)
            return 1;
    }
}
