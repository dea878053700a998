/* What the kernel allows and reserves. */
#include "doctor/check.h"

#include "base/addr.h"
#include "host/facts.h"
#include "host/port_ranges.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define SYSCTL "/proc/sys/"
#define BUFFER_WANTED (8u << 20) /* a socket of media carries hundreds of transports */
#define FILES_WANTED 65536
#define CONNTRACK_WANTED 65536
#define CONNTRACK_FULL_PERCENT 80
#define RESERVED_MAX 65536

static void check_reserved_ports(struct check_context *x)
{
    uint64_t first = (uint64_t) settings_int(x->settings, SET_MEDIA_PORT);
    const struct port_range wanted[] = {
        {(uint16_t) first, (uint16_t) (first + MEDIA_PORTS - 1)},
        {(uint16_t) settings_int(x->settings, SET_COTURN_MIN_PORT),
         (uint16_t) settings_int(x->settings, SET_COTURN_MAX_PORT)},
    };
    char *text, *ephemeral = NULL;
    size_t len;
    struct port_range used = {32768, 60999};

    if (fact_text(SYSCTL "net/ipv4/ip_local_reserved_ports", RESERVED_MAX, &text, &len) < 0) {
        found(x, SEVERITY_UNKNOWN, "net.ipv4.ip_local_reserved_ports cannot be read.");
        return;
    }
    text[strcspn(text, "\n")] = '\0';
    if (fact_text(SYSCTL "net/ipv4/ip_local_port_range", 256, &ephemeral, &len) == 0)
        port_range_parse(ephemeral, &used);
    free(ephemeral);
    for (size_t i = 0; i < 2; i++) {
        struct port_range both = port_range_common(wanted[i], used);

        if (both.first > both.last || port_ranges_cover(text, both))
            continue;
        found(x, SEVERITY_WARNING,
              "The kernel may give ports of %u-%u to any program (%u-%u are for outgoing "
              "connections, net.ipv4.ip_local_reserved_ports leaves them out): then %s cannot "
              "start, or loses relay ports.",
              wanted[i].first, wanted[i].last, used.first, used.last,
              i == 0 ? "visavis-media" : "visavis-turn");
        found_command(x, "sysctl net.ipv4.ip_local_reserved_ports=%s%s%u-%u,%u-%u",
                      port_ranges_none(text) ? "" : text, port_ranges_none(text) ? "" : ",",
                      wanted[0].first, wanted[0].last, wanted[1].first, wanted[1].last);
        found_detail(x, "For the next boots: /usr/lib/sysctl.d/ has a file of Visavis for the "
                        "default ports; put others into a file in /etc/sysctl.d/.");
        break;
    }
    free(text);
}

static void check_buffers(struct check_context *x)
{
    static const char *const names[] = {"rmem_max", "wmem_max"};
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < 2; i++) {
        char path[64];
        uint64_t n;

        snprintf(path, sizeof(path), SYSCTL "net/core/%s", names[i]);
        if (fact_number(path, &n) < 0) {
            found(x, SEVERITY_UNKNOWN, "net.core.%s cannot be read.", names[i]);
            return;
        }
        least = n < least ? n : least;
    }
    if (least >= BUFFER_WANTED)
        return;
    found(x, SEVERITY_WARNING,
          "Sockets may have buffers of %llu bytes only (net.core.rmem_max, wmem_max). One socket "
          "carries the media of hundreds of participants, so with less than %u packets are lost "
          "under load.",
          (unsigned long long) least, BUFFER_WANTED);
    found_command(x, "sysctl net.core.rmem_max=%u net.core.wmem_max=%u", BUFFER_WANTED,
                  BUFFER_WANTED);
}

static void check_ipv6(struct check_context *x)
{
    uint64_t off = 0;
    struct addr list[64];
    int n = addr_local_list(list, 64, NULL);
    bool loopback6 = false;

    for (int i = 0; i < n; i++)
        loopback6 |= list[i].family == AF_INET6 && addr_is_loopback(&list[i]);
    if (loopback6)
        return;
    if (fact_number(SYSCTL "net/ipv6/conf/all/disable_ipv6", &off) == -ENOENT)
        found(x, SEVERITY_NOTE, "The kernel has no IPv6; visitors come over IPv4 alone.");
    else
        found(x, SEVERITY_NOTE,
              "IPv6 is switched off (there is no ::1); visitors come over IPv4 alone.");
}

static void check_files(struct check_context *x)
{
    struct rlimit l;
    uint64_t n;

    if (fact_number(SYSCTL "fs/nr_open", &n) == 0 && n < FILES_WANTED) {
        found(x, SEVERITY_WARNING,
              "fs.nr_open is %llu: a process may not open more files and connections than that.",
              (unsigned long long) n);
        found_command(x, "sysctl fs.nr_open=1048576");
    }
    if (fact_number(SYSCTL "fs/file-max", &n) == 0 && n < FILES_WANTED) {
        found(x, SEVERITY_WARNING,
              "fs.file-max is %llu: all processes together may not open more files and connections "
              "than that.",
              (unsigned long long) n);
        found_command(x, "sysctl fs.file-max=1048576");
    }
    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_max < 4096)
        found(x, SEVERITY_NOTE,
              "A process may open %llu files here, which limits `visavis run` and the number of "
              "participants.",
              (unsigned long long) l.rlim_max);
}

static void check_conntrack(struct check_context *x)
{
    uint64_t count, max;

    /* Without them nothing is tracked. */
    if (fact_number(SYSCTL "net/netfilter/nf_conntrack_count", &count) < 0 ||
        fact_number(SYSCTL "net/netfilter/nf_conntrack_max", &max) < 0 || max == 0)
        return;
    if (count * 100 > max * CONNTRACK_FULL_PERCENT) {
        found(x, SEVERITY_FAILURE,
              "The firewall's table of connections is nearly full (%llu of %llu): the kernel drops "
              "packets of new ones.",
              (unsigned long long) count, (unsigned long long) max);
        found_command(x, "sysctl net.netfilter.nf_conntrack_max=%llu",
                      (unsigned long long) max * 4);
    } else if (count > 0 && max < CONNTRACK_WANTED) {
        found(x, SEVERITY_NOTE,
              "The firewall's table of connections has room for %llu. Each participant takes some "
              "ten.",
              (unsigned long long) max);
        found_command(x, "sysctl net.netfilter.nf_conntrack_max=%u", CONNTRACK_WANTED * 4);
    }
}

static const struct check checks[] = {
    {.id = "kernel.reserved-ports",
     .title = "are the ports of media and relays kept from other programs",
     .fn = check_reserved_ports,
     .flags = CHECK_INSTALLED},
    {.id = "kernel.buffers",
     .title = "may sockets have buffers of 8 MiB",
     .fn = check_buffers,
     .flags = CHECK_INSTALLED},
    {.id = "kernel.ipv6", .title = "is there IPv6", .fn = check_ipv6, .flags = CHECK_ALWAYS},
    {.id = "kernel.files",
     .title = "how many files and connections may be open",
     .fn = check_files,
     .flags = CHECK_ALWAYS},
    {.id = "kernel.conntrack",
     .title = "has the table of tracked connections room",
     .fn = check_conntrack,
     .flags = CHECK_ALWAYS},
    {.id = NULL},
};

const struct check_group group_kernel = {"kernel", checks};
