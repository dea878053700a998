/* listeners.h: what listens on this machine (in this network namespace), and which process it is.
 * From /proc: needs no other program. Without root the processes of other users stay unknown. */
#pragma once

#include "base/addr.h"

#include <stdbool.h>

struct listener {
    struct addr addr;
    int type; /* SOCK_STREAM: listens; SOCK_DGRAM: receives from anybody */
    uint64_t inode;
    uid_t uid;
    pid_t pid;         /* 0: unknown. With several the one that is not the service manager */
    bool by_manager;   /* process 1 holds it, perhaps for a service that was not needed yet */
    char process[64];  /* "nginx"; "" unknown */
    char program[256]; /* "/usr/sbin/nginx"; "" unknown */
    char unit[128];    /* "nginx.service", "a container"; "" unknown or none */
};

struct listeners {
    struct listener *list;
    size_t n;
};

/* Reads all of them. 0, -ENOMEM, or why /proc cannot be read. */
int listeners_read(struct listeners *ret);
void listeners_done(struct listeners *l);

/* Is it in the way of one that binds addr (or any address when that is unspecified)? A socket on
 * [::] counts for IPv4 as well, which it mostly receives, too. */
bool listener_blocks(const struct listener *l, const struct addr *addr, int type);

/* The first that is in the way, or NULL. */
const struct listener *listeners_find(const struct listeners *l, const struct addr *addr, int type);

/* Asks dpkg or rpm which package a program comes from. "" when none does. */
void program_package(const char *program, char *ret, size_t size);

/* "apache2 (process 812, package apache2-bin, unit apache2.service)"; returns buf. Asks for the
 * package. */
const char *listener_describe(const struct listener *l, char *buf, size_t size);

/* ---- the parts; pure ---- */

/* One table of /proc/net: "tcp", "tcp6", "udp", "udp6". Lines that it does not understand are left
 * out. The number of listeners found, which may be more than max. */
size_t listeners_parse(struct bytes text, int type, struct listener *ret, size_t max);

/* The unit out of /proc/<pid>/cgroup. */
void cgroup_unit(struct bytes text, char *ret, size_t size);
