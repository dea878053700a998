/* interrupt.h: Ctrl+C and SIGTERM as something that can be waited for. */
#pragma once

#include <stdbool.h>

/* From the first call on these signals do not end the program; the descriptor is readable once one
 * came. Valid for the life of the process; negative errno. */
int interrupt_fd(void);

/* Sleeps. True: ended early by an interrupt. */
bool interrupt_sleep(unsigned seconds);
