/* stall.so: a process whose threads can be made to hang, each by a SIGUSR1 of its own (tgkill(2)),
 * as one hangs that waits for what never comes. */

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void hang(int signo)
{
    (void) signo;
    for (;;)
        pause();
}

__attribute__((constructor)) static void begin(void)
{
    struct sigaction action = {.sa_handler = hang};

    if (sigaction(SIGUSR1, &action, NULL) < 0)
        abort();
}
