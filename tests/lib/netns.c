#include "tests/lib/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int command(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int command(const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return system(text) == 0 ? 0 : -EIO; /* NOLINT(cert-env33-c): of constants of the tests */
}

int netns_new(struct netns *ret)
{
    static int user_ns;

    if (geteuid() != 0 && !user_ns && unshare(CLONE_NEWUSER) < 0)
        return -errno;
    user_ns = 1;
    if (unshare(CLONE_NEWNET) < 0)
        return -errno;
    ret->fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    return ret->fd < 0 ? -errno : command("ip link set lo up");
}

int netns_enter(const struct netns *n)
{
    return setns(n->fd, CLONE_NEWNET) < 0 ? -errno : 0;
}

void netns_close(struct netns *n)
{
    close(n->fd);
    n->fd = -1;
}

static int set_up(const struct netns *n, const char *name, const char *address)
{
    int r = netns_enter(n);

    if (r == 0 && address)
        r = command("ip addr add %s dev %s", address, name);
    return r < 0 ? r : command("ip link set %s up gso_max_segs 1", name);
}

int netns_join(const struct netns *a, const char *name_a, const char *address_a,
               const struct netns *b, const char *name_b, const char *address_b)
{
    int r = netns_enter(a);

    if (r == 0)
        r = command("ip link add %s mtu %d type veth peer name %s mtu %d netns /proc/%d/fd/%d",
                    name_a, NETNS_MTU, name_b, NETNS_MTU, (int) getpid(), b->fd);
    if (r == 0)
        r = set_up(b, name_b, address_b);
    return r < 0 ? r : set_up(a, name_a, address_a);
}

int netns_route(const char *to, const char *how)
{
    return command("ip route add %s %s", to, how);
}

int netns_received(const char *name, uint64_t *ret)
{
    FILE *f = fopen("/proc/thread-self/net/dev", "r");
    char line[512], at[32];
    int r = -ENOENT;

    if (!f)
        return -errno;
    snprintf(at, sizeof(at), "%s:", name);
    while (r < 0 && fgets(line, sizeof(line), f)) {
        const char *p = strstr(line, at);

        if (p && sscanf(p + strlen(at), "%*u %" SCNu64, ret) == 1)
            r = 0;
    }
    fclose(f);
    return r;
}

/* "Udp: " and names, then "Udp: " and values in the same order. */
static int read_socket_drops(uint64_t *ret)
{
    FILE *f = fopen("/proc/thread-self/net/snmp", "r");
    char names[512] = "", values[512];
    int r = -ENOENT;

    while (f && r < 0 && fgets(values, sizeof(values), f)) {
        char *rest_n, *rest_v, *name, *value;

        if (strncmp(values, "Udp: ", 5) != 0)
            continue;
        if (!names[0]) {
            memcpy(names, values, sizeof(names));
            continue;
        }
        name = strtok_r(names, " ", &rest_n);
        value = strtok_r(values, " ", &rest_v);
        while (name && value && strcmp(name, "RcvbufErrors") != 0) {
            name = strtok_r(NULL, " ", &rest_n);
            value = strtok_r(NULL, " ", &rest_v);
        }
        r = value && sscanf(value, "%" SCNu64, ret) == 1 ? 0 : -EBADMSG;
    }
    if (f)
        fclose(f);
    return r;
}

/* A line for each processor; the second number. */
static int read_queue_drops(uint64_t *ret)
{
    FILE *f = fopen("/proc/net/softnet_stat", "r");
    char line[512];
    unsigned n;

    if (!f)
        return -errno;
    *ret = 0;
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%*x %x", &n) == 1)
            *ret += n;
    }
    fclose(f);
    return 0;
}

int netns_dropped(struct netns_drops *ret)
{
    int r = read_socket_drops(&ret->socket);

    return r < 0 ? r : read_queue_drops(&ret->queue);
}
