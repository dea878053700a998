/* facts.h: small facts about the machine, from /proc, /sys and os-release. */
#pragma once

#include "base/bytes.h"

#include <net/if.h>
#include <sys/types.h>

/* A file without a size, as those of /proc are; NUL-terminated, free() it. What is beyond max is
 * left out. VISAVIS_ROOT does not count: this is about the running kernel. */
int fact_text(const char *path, size_t max, char **ret, size_t *ret_len);

/* The first number in such a file. -EBADMSG when it starts with something else. */
int fact_number(const char *path, uint64_t *ret);

/* The number behind "key:" or "key=" at the start of a line, as in /proc/meminfo. -ENOENT. */
int fact_line_number(struct bytes text, const char *key, uint64_t *ret);

struct os_release {
    char id[32];      /* "debian" */
    char id_like[64]; /* "rhel fedora" */
    char version[32]; /* VERSION_ID: "12" */
    char name[96];    /* PRETTY_NAME */
};

/* os-release(5); values with or without quotes. Pure. */
void os_release_parse(struct bytes text, struct os_release *ret);

/* Of /etc/os-release below VISAVIS_ROOT. */
int os_release_read(struct os_release *ret);

/* Is the machine of that family: ID or a word of ID_LIKE? */
bool os_release_is(const struct os_release *o, const char *id);

/* The interface of the default route in the text of /proc/net/route or /proc/net/ipv6_route. False:
 * there is none. Pure. */
bool route_interface(struct bytes text, int family, char ret[static IFNAMSIZ]);

/* The same, of this machine. */
bool default_interface(int family, char ret[static IFNAMSIZ]);
