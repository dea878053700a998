#include "certs/certs.h"

#include "certs/life.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define WARNED "warned" /* in the store: fingerprint and step of the last warning */
#define LINE_MAX_SIZE (CERTS_FINGERPRINT_SIZE + 16)

static const struct file_access public_file = {0644, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};

/* The step of a half, a quarter, an eighth that has been reached; 0: none. */
static int part_of(const struct certs_info *i, int64_t now_s)
{
    for (int part = 8; part > 1; part /= 2)
        if (now_s >= life_part_left_s(i->not_before_s, i->not_after_s, part))
            return part;
    return 0;
}

/* The step of 21, 14, 7, 3 that has been reached; 0: none. */
static int step_of(int64_t days)
{
    static const int steps[] = {3, 7, 14, CERTS_EXPIRING_DAYS};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (days < steps[i])
            return steps[i];
    return 0;
}

bool certs_expiry_warning_due(const char *store, const struct certs_info *i, int64_t now_s)
{
    char path[PATH_MAX], line[LINE_MAX_SIZE], *before = NULL;
    int64_t days = certs_days_left(i, now_s);
    int step = i->source == CERTS_ACME ? part_of(i, now_s) : step_of(days);
    size_t len;
    bool known;
    int n = snprintf(path, sizeof(path), "%s/" WARNED, store);

    if (days < 0)
        return true;
    if (step == 0 || n < 0 || (size_t) n >= sizeof(path))
        return false;
    snprintf(line, sizeof(line), "%s %d\n", i->fingerprint, step);
    known = file_read(path, sizeof(line), &before, &len) == 0 && strcmp(before, line) == 0;
    free(before);
    if (!known)
        file_write(path, bytes_str(line), &public_file);
    return !known;
}
