#include "tests/lib/veth_net.h"

#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int net_fds[2]; /* here, there */

static bool run(const char *command)
{
    return system(command) == 0; /* NOLINT(cert-env33-c): commands of this file */
}

static int this_net(void)
{
    return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* Most machines' interfaces do so from the start; veth's do on demand. */
static bool gather_on_arrival(const char *name)
{
    struct ethtool_value on = {.cmd = ETHTOOL_SGRO, .data = 1};
    struct ifreq request = {.ifr_data = (char *) &on};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool ok;

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    ok = ioctl(fd, SIOCETHTOOL, &request) == 0;
    close(fd);
    return ok;
}

bool veth_net_enter(void)
{
    int flags = geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET;
    char command[128];

    if (unshare(flags) < 0 || !run("ip link set lo up"))
        return false;
    net_fds[1] = this_net();
    if (unshare(CLONE_NEWNET) < 0)
        return false;
    net_fds[0] = this_net();
    snprintf(command, sizeof(command), "ip link set there netns /proc/%d/fd/%d", (int) getpid(),
             net_fds[1]);
    if (!run("ip link set lo up && ip link add here type veth peer name there") || !run(command) ||
        !run("ip addr add " VETH_HERE "/24 dev here && ip addr add " VETH_HERE6
             "/64 dev here nodad && ip link set here up"))
        return false;
    veth_net_go(true);
    if (!run("ip addr add " VETH_THERE "/24 dev there && ip addr add " VETH_THERE6
             "/64 dev there nodad && ip link set there up"))
        return false;
    veth_net_go(false);
    return gather_on_arrival("here");
}

void veth_net_go(bool there)
{
    if (setns(net_fds[there], CLONE_NEWNET) < 0)
        abort();
}
