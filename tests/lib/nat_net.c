#include "tests/lib/nat_net.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int nets[N_NAT_NETS] = {-1, -1, -1}, router = -1; /* they live while these are open */

static bool run(const char *command)
{
    return system(command) == 0; /* NOLINT(cert-env33-c): constants and numbers */
}

static int new_net(int flags)
{
    if (unshare(flags | CLONE_NEWNET) < 0 || !run("ip link set lo up"))
        return -1;
    return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* A cable from the router, whose end there has this name and address. */
static bool connect_to(enum nat_net to, const char *name, const char *address)
{
    char command[256];

    snprintf(command, sizeof(command),
             "ip link add %s type veth peer name eth0 netns /proc/%d/fd/%d &&"
             "ip addr add %s dev %s && ip link set %s up",
             name, (int) getpid(), nets[to], address, name, name);
    return run(command);
}

/* The other end of it. */
static bool set_up(enum nat_net net, const char *ip, const char *via)
{
    char command[160];

    snprintf(command, sizeof(command),
             "ip addr add %s/24 dev eth0 && ip link set eth0 up && ip route add default via %s", ip,
             via);
    return nat_net_enter(net) && run(command);
}

static bool make_nets(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        nets[i] = new_net(i == 0 && geteuid() != 0 ? CLONE_NEWUSER : 0);
        if (nets[i] < 0)
            return false;
    }
    router = new_net(0);
    return router >= 0 && connect_to(NAT_INSIDE, "in", "10.0.0.1/24") &&
           connect_to(NAT_OUTSIDE, "out", "198.51.100.1/24") &&
           run("echo 1 >/proc/sys/net/ipv4/ip_forward");
}

static bool set_up_both(void)
{
    return set_up(NAT_INSIDE, NAT_INSIDE_IP, "10.0.0.1") &&
           set_up(NAT_OUTSIDE, NAT_OUTSIDE_IP, "198.51.100.1");
}

bool nat_net_make(void)
{
    return make_nets(NAT_SERVER) && run("ip route add unreachable " NAT_PUBLIC_IP) &&
           run("nft 'table ip nat {"
               " chain pre { type nat hook prerouting priority -100;"
               "  iifname out ip daddr " NAT_PUBLIC_IP " dnat to " NAT_INSIDE_IP "; };"
               " chain post { type nat hook postrouting priority 100;"
               "  oifname out ip saddr " NAT_INSIDE_IP " snat to " NAT_PUBLIC_IP "; }; }'") &&
           set_up_both();
}

bool nat_net_make_shared(void)
{
    return make_nets(N_NAT_NETS) && connect_to(NAT_SERVER, "server", "192.0.2.1/24") &&
           run("ip addr add " NAT_PUBLIC_IP "/32 dev out") &&
           run("nft 'table ip nat {"
               " chain post { type nat hook postrouting priority 100;"
               "  oifname != in ip saddr 10.0.0.0/24 snat to " NAT_PUBLIC_IP "; }; };"
               " table ip filter { chain drops { };"
               " chain forward { type filter hook forward priority 0;"
               "  iifname in jump drops; oifname in jump drops;"
               "  oifname in ct state new drop; }; }'") &&
           set_up(NAT_SERVER, NAT_SERVER_IP, "192.0.2.1") && set_up_both() &&
           nat_net_enter(NAT_INSIDE) && run("ip addr add " NAT_LINK_LOCAL_IP "/16 dev lo") &&
           nat_net_enter(NAT_OUTSIDE);
}

bool nat_net_drop(enum nat_drop what)
{
    static const char *const rules[] = {
        [NAT_DROP_NOTHING] = "",
        [NAT_DROP_UDP_BUT_SERVER] =
            "ip saddr != " NAT_SERVER_IP " ip daddr != " NAT_SERVER_IP " meta l4proto udp drop",
        [NAT_DROP_UDP] = "meta l4proto udp drop",
        [NAT_DROP_ALL] = "drop",
    };
    int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    char command[200];
    bool ok;

    snprintf(command, sizeof(command), "nft 'flush chain ip filter drops%s%s'",
             *rules[what] ? "; add rule ip filter drops " : "", rules[what]);
    ok = here >= 0 && setns(router, CLONE_NEWNET) == 0 && run(command) &&
         setns(here, CLONE_NEWNET) == 0;
    if (here >= 0)
        close(here);
    return ok;
}

bool nat_net_enter(enum nat_net where)
{
    return setns(nets[where], CLONE_NEWNET) == 0;
}
