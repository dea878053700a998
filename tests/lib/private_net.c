#include "tests/lib/private_net.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

bool private_net_enter(void)
{
    static const char command[] =
        "ip link set lo up && ip addr add " NET_OWN "/32 dev lo && ip addr add " NET_OWN6
        "/128 dev lo && ip route add local 203.0.113.0/24 dev lo";
    int flags = geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET;

    return unshare(flags) == 0 && system(command) == 0; /* NOLINT(cert-env33-c): a constant */
}

bool private_net_add_host(void)
{
    static const char command[] =
        "ip link add host type veth peer name host-far && ip addr add " NET_HOST
        "/32 dev host && ip link set host up && ip link set host-far up";

    return system(command) == 0; /* NOLINT(cert-env33-c): a constant */
}
