/* thread_trace.h: where another thread of this process is, for the log of a daemon that is about to
 * end because of it. One trace at a time; takes SIGUSR2. */
#pragma once

#include <pthread.h>

/* Once, before the thread can hang: what the signal handler needs is in place then. -errno. */
int thread_trace_prepare(void);

/* Interrupts the thread, and logs as errors where it is, innermost call first: a line for each, as
 * "program+offset" for addr2line(1), with the function's name where the program has it. -ETIMEDOUT:
 * the thread takes no signals. */
int thread_trace_log(pthread_t thread);
