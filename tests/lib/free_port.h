/* free_port.h: ports for servers that a test starts by number. They lie below the range from which
 * the kernel gives ports to everybody, and each process of tests has its own few, so that nobody
 * takes one between its choice and the server's start. */
#pragma once

#include <stdint.h>

/* A port that is free for TCP and UDP on the loopback; another one with each call, until after
 * twenty they come round again. 0: none is free. */
uint16_t free_port(void);

/* The first of n free ones that follow each other. */
uint16_t free_port_run(unsigned n);
