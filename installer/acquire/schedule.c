#include "acquire/schedule.h"

#include "apply/certificate.h"
#include "base/clock.h"
#include "files/files.h"
#include "host/paths.h"
#include "units/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAILY_TIMER "visavis-cert.timer"
#define SECOND_US UINT64_C(1000000)
#define ACCURACY_US (SECOND_US / 10)

/* Up to this the time that goes by counts, which no correction of the clock changes. */
#define SOON_S 3600

/* So many parts of the time that is left may be added, but for short ones. */
#define JITTER_PART 50
#define JITTER_FROM_S 600
#define JITTER_MAX_S 600

void schedule_plan(int64_t next_s, int64_t now_s, int64_t daily_s, struct schedule_plan *ret)
{
    int64_t left_s = next_s > now_s ? next_s - now_s : 1;
    int64_t jitter_s = left_s < JITTER_FROM_S ? 0 : left_s / JITTER_PART;

    *ret = (struct schedule_plan){.timer = daily_s > 0 && now_s + left_s < daily_s};
    if (left_s <= SOON_S)
        ret->after_us = (uint64_t) left_s * SECOND_US;
    else
        ret->at_s = (uint64_t) next_s;
    ret->jitter_us = (uint64_t) (jitter_s > JITTER_MAX_S ? JITTER_MAX_S : jitter_s) * SECOND_US;
}

static int write_file(int64_t next_s)
{
    static const struct file_access access = {0644, FILE_KEEP_OWNER, FILE_KEEP_OWNER};
    char path[PATH_MAX], text[32];

    snprintf(text, sizeof(text), "%lld\n", (long long) next_s);
    return file_write(path_join(path, PATH_RUN, CERTIFICATE_NEXT), bytes_str(text), &access);
}

static int set_timer(struct units *u, int64_t next_s)
{
    struct schedule_plan p;
    uint64_t daily_us = 0;
    int r = units_timer_next(u, DAILY_TIMER, &daily_us);

    if (r < 0)
        return r;
    schedule_plan(next_s, (int64_t) (clock_wall_ms() / 1000), (int64_t) (daily_us / SECOND_US), &p);
    if (!p.timer)
        return units_stop_once(u, SCHEDULE_UNIT);
    return units_start_once(u, &(struct units_once){
                                   .name = SCHEDULE_UNIT,
                                   .description = "Visavis: look after the certificate in time",
                                   .service = CERTIFICATE_UNIT,
                                   .after_us = p.after_us,
                                   .wall_us = p.at_s * SECOND_US,
                                   .accuracy_us = ACCURACY_US,
                                   .jitter_us = p.jitter_us,
                               });
}

void schedule_next(int64_t next_s, void (*tell)(bool is_problem, const char *text, void *arg),
                   void *arg)
{
    char text[768], said[512] = "";
    struct units *u = NULL;
    int r = dir_make(path_of(PATH_RUN), NULL);

    if (r == 0)
        r = write_file(next_s);
    if (r == 0 && units_available()) {
        r = units_open(&u);
        if (r == 0)
            r = set_timer(u, next_s);
        if (r < 0 && u)
            snprintf(said, sizeof(said), " (%s)", units_error(u));
        units_close(u);
    }
    if (r == 0 || !tell)
        return;
    snprintf(text, sizeof(text),
             "The next look at the certificate could not be arranged: %s%s. The daily one of %s is "
             "made all the same.",
             strerror(-r), said, DAILY_TIMER);
    tell(true, text, arg);
}

int64_t schedule_read(void)
{
    char path[PATH_MAX], *text;
    long long s;
    size_t len;

    if (file_read(path_join(path, PATH_RUN, CERTIFICATE_NEXT), 64, &text, &len) < 0)
        return 0;
    s = strtoll(text, NULL, 10);
    free(text);
    return s > 0 ? s : 0;
}
