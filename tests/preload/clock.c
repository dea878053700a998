/* clock.so: a process whose wall clock is wrong.
 *
 * LD_PRELOAD=clock.so CLOCK_OFFSET=-31536000 visavis ...      (seconds)
 *
 * Only the wall clock is another: time since boot, times of files and timers stay as they are.
 * (faketime moves the deadlines of timerfd timers of every clock, which sd-event does not survive.)
 * Programs started by the process have the same clock, as far as they ask the C library. */

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

static time_t offset;
static atomic_bool is_wall_timer[1024]; /* by descriptor; more than that are taken for others */

__attribute__((constructor)) static void begin(void)
{
    const char *seconds = getenv("CLOCK_OFFSET");

    offset = seconds ? (time_t) strtoll(seconds, NULL, 10) : 0;
}

static void *next_of(const char *name)
{
    void *f = dlsym(RTLD_NEXT, name);

    if (!f)
        abort();
    return f;
}

static bool is_wall(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ||
           clock == CLOCK_REALTIME_ALARM;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    static int (*real)(clockid_t, struct timespec *);
    int r;

    if (!real)
        *(void **) &real = next_of("clock_gettime");
    r = real(clock, ret);
    if (r == 0 && is_wall(clock))
        ret->tv_sec += offset;
    return r;
}

time_t time(time_t *ret)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (ret)
        *ret = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec now;

    (void) zone;
    clock_gettime(CLOCK_REALTIME, &now);
    ret->tv_sec = now.tv_sec;
    ret->tv_usec = now.tv_nsec / 1000;
    return 0;
}

int timerfd_create(int clock, int flags)
{
    static int (*real)(int, int);
    int fd;

    if (!real)
        *(void **) &real = next_of("timerfd_create");
    fd = real(clock, flags);
    if (fd >= 0 && fd < (int) (sizeof(is_wall_timer) / sizeof(is_wall_timer[0])))
        is_wall_timer[fd] = is_wall(clock);
    return fd;
}

/* A deadline of the wrong clock, as the kernel's clock has it. */
static struct timespec deadline_of(struct timespec at)
{
    if (at.tv_sec == 0 && at.tv_nsec == 0)
        return at; /* no deadline */
    at.tv_sec -= offset;
    if (at.tv_sec < 0)
        at = (struct timespec){.tv_nsec = 1}; /* long past */
    return at;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
    static int (*real)(int, int, const struct itimerspec *, struct itimerspec *);
    struct itimerspec shifted = *new;

    if (!real)
        *(void **) &real = next_of("timerfd_settime");
    if (flags & TFD_TIMER_ABSTIME && fd >= 0 &&
        fd < (int) (sizeof(is_wall_timer) / sizeof(is_wall_timer[0])) && is_wall_timer[fd])
        shifted.it_value = deadline_of(new->it_value);
    return real(fd, flags, &shifted, old);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *at, struct timespec *left)
{
    static int (*real)(clockid_t, int, const struct timespec *, struct timespec *);
    struct timespec shifted = *at;

    if (!real)
        *(void **) &real = next_of("clock_nanosleep");
    if (flags & TIMER_ABSTIME && is_wall(clock))
        shifted = deadline_of(*at);
    return real(clock, flags, &shifted, left);
}
