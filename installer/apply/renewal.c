#include "apply/renewal.h"

#include "apply/certificate.h"
#include "base/log.h"
#include "files/files.h"
#include "host/paths.h"
#include "host/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND_US 1000000ull
#define USUAL_S 86400
#define FAILED_S 3600 /* it said nothing, and something was wrong */
#define SOONEST_S 2   /* should it want to be called without end */
#define TEXT_MAX 64

uint64_t renewal_wait_us(const char *text, int64_t now_s, bool failed)
{
    int64_t wait_s = failed ? FAILED_S : USUAL_S;
    uint64_t at_s;

    if (text && bytes_to_u64(bytes_of(text, strcspn(text, "\n")), INT64_MAX, &at_s) == 0) {
        wait_s = (int64_t) at_s > now_s ? (int64_t) at_s - now_s : 0;
        if (wait_s < SOONEST_S)
            wait_s = SOONEST_S;
        if (wait_s > USUAL_S)
            wait_s = USUAL_S;
    }
    return (uint64_t) wait_s * SECOND_US;
}

static void on_time(struct loop_timer *t);

void renewal_init(struct renewal *r, struct loop *l, struct supervisor *s)
{
    *r = (struct renewal){.loop = l, .supervisor = s};
}

void renewal_in(struct renewal *r, uint64_t delay_us)
{
    int error;

    if (r->running) {
        r->again = true;
        return;
    }
    error = loop_timer_start(&r->timer, r->loop, delay_us, on_time);
    if (error < 0)
        log_error("certificates are not looked after any more: %s", strerror(-error));
}

/* What the last one said must not be taken for this one's. */
static int start(struct renewal *r)
{
    char program[PATH_MAX], next[PATH_MAX], verb[] = "cert", what[] = "renew";
    char *argv[] = {program, verb, what, NULL};
    const struct supervisor_program p = {.name = RENEWAL_NAME, .argv = argv, .is_silent = true};
    int error = program_find("visavis", program);

    if (error < 0)
        return error;
    unlink(path_join(next, PATH_RUN, CERTIFICATE_NEXT));
    r->again = false;
    r->running = true;
    error = supervisor_start(r->supervisor, &p);
    r->running = error == 0;
    return error;
}

static void on_time(struct loop_timer *t)
{
    struct renewal *r = container_of(t, struct renewal, timer);
    int error = start(r);

    if (error == 0)
        return;
    log_error("`visavis cert renew` cannot be run: %s", strerror(-error));
    renewal_in(r, renewal_wait_us(NULL, 0, true));
}

void renewal_ended(struct renewal *r, const char *how)
{
    bool failed = strcmp(how, "exit status 0") != 0;
    char path[PATH_MAX], *text = NULL;
    size_t len;

    r->running = false;
    if (file_read(path_join(path, PATH_RUN, CERTIFICATE_NEXT), TEXT_MAX, &text, &len) < 0)
        text = NULL;
    if (failed)
        log_warning("`visavis cert renew` ended with %s", how);
    renewal_in(r, r->again ? 0 : renewal_wait_us(text, time(NULL), failed));
    free(text);
}

void renewal_done(struct renewal *r)
{
    loop_timer_done(&r->timer);
}
