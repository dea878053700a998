#include "tests/lib/nat_net.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int nets[N_NAT_NETS] = {-1, -1}, router = -1; /* they live while these are open */

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

/* A cable from the router, whose end there has this name. */
static bool connect_to(enum nat_net to, const char *name)
{
    char command[128];

    snprintf(command, sizeof(command),
             "ip link add %s type veth peer name eth0 netns /proc/%d/fd/%d", name, (int) getpid(),
             nets[to]);
    return run(command);
}

/* In a router's network. */
static bool make_router(void)
{
    return connect_to(NAT_INSIDE, "in") && connect_to(NAT_OUTSIDE, "out") &&
           run("ip addr add 10.0.0.1/24 dev in && ip addr add 198.51.100.1/24 dev out &&"
               "ip link set in up && ip link set out up &&"
               "ip route add unreachable " NAT_PUBLIC_IP " && echo 1 "
               ">/proc/sys/net/ipv4/ip_forward") &&
           run("nft 'table ip nat {"
               " chain pre { type nat hook prerouting priority -100;"
               "  iifname out ip daddr " NAT_PUBLIC_IP " dnat to " NAT_INSIDE_IP "; };"
               " chain post { type nat hook postrouting priority 100;"
               "  oifname out ip saddr " NAT_INSIDE_IP " snat to " NAT_PUBLIC_IP "; }; }'");
}

bool nat_net_make(void)
{
    nets[NAT_INSIDE] = new_net(geteuid() == 0 ? 0 : CLONE_NEWUSER);
    nets[NAT_OUTSIDE] = nets[NAT_INSIDE] < 0 ? -1 : new_net(0);
    router = nets[NAT_OUTSIDE] < 0 ? -1 : new_net(0);
    return router >= 0 && make_router() && nat_net_enter(NAT_INSIDE) &&
           run("ip addr add " NAT_INSIDE_IP "/24 dev eth0 && ip link set eth0 up &&"
               "ip route add default via 10.0.0.1") &&
           nat_net_enter(NAT_OUTSIDE) &&
           run("ip addr add " NAT_OUTSIDE_IP "/24 dev eth0 && ip link set eth0 up &&"
               "ip route add default via 198.51.100.1");
}

bool nat_net_enter(enum nat_net where)
{
    return setns(nets[where], CLONE_NEWNET) == 0;
}
