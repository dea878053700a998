#include "base/thread_trace.h"

#include "base/log.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#define FRAMES_MAX 48
#define ANSWER_S 2

/* Written by the handler, then handed over by the semaphore. */
static struct {
    sem_t taken;
    void *frames[FRAMES_MAX];
    int n;
} trace;

/* backtrace() is safe here once the unwinder is loaded: finding its tables takes no lock (glibc
 * from 2.35 on). */
static void on_signal(int signo)
{
    int error = errno;

    (void) signo;
    trace.n = backtrace(trace.frames, FRAMES_MAX);
    (void) sem_post(&trace.taken);
    errno = error;
}

int thread_trace_prepare(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    void *frame;

    (void) backtrace(&frame, 1); /* loads the unwinder */
    if (sem_init(&trace.taken, 0, 0) < 0 || sigaction(SIGUSR2, &action, NULL) < 0)
        return -errno;
    return 0;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void log_frame(int i, const void *at)
{
    Dl_info info;

    if (!dladdr(at, &info) || !info.dli_fname)
        log_error("#%d %p", i, at);
    else if (info.dli_sname)
        log_error("#%d %s+0x%tx (%s)", i, file_name(info.dli_fname),
                  (const char *) at - (const char *) info.dli_fbase, info.dli_sname);
    else
        log_error("#%d %s+0x%tx", i, file_name(info.dli_fname),
                  (const char *) at - (const char *) info.dli_fbase);
}

static int wait_for_answer(void)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ANSWER_S;
    while (sem_clockwait(&trace.taken, CLOCK_MONOTONIC, &until) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return 0;
}

int thread_trace_log(pthread_t thread)
{
    int r = pthread_kill(thread, SIGUSR2);

    if (r != 0)
        return -r;
    r = wait_for_answer();
    for (int i = 0; r == 0 && i < trace.n; i++)
        log_frame(i, trace.frames[i]);
    return r;
}
