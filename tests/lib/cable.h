/* cable.h: a bad cable between two interfaces of a network: it loses packets, delays and reorders
 * them, alike in both directions. The kernel does that (tc-netem(8) on a bridge) where it can, else
 * this process, packet by packet. Packets of ARP always get through, at once. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cable {
    unsigned loss_permille;
    unsigned delay_ms, jitter_ms; /* the delay is even between delay - jitter and delay + jitter */
    unsigned reorder_permille;    /* these are not delayed, and so overtake others */
};

/* Joins both interfaces, which are up and have no addresses, until the process ends: returns only
 * on failure, a negative errno. */
int cable_run(const char *a, const char *b, const struct cable *c);

/* "loss 5 delay 100 jitter 10 reorder 1", in percent and ms, of which any may be left out. */
bool cable_parse(char *const words[], int n, struct cable *ret);
