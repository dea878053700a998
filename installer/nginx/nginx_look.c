#include "files/files.h"
#include "host/network.h"
#include "host/paths.h"
#include "host/subprocess.h"
#include "nginx/nginx_copy.h"
#include "nginx/nginx_ports.h"
#include "nginx/nginx_scan.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOKUP_TIMEOUT_MS 2000
#define VERSION_TIMEOUT_MS 5000

/* ---- the program ---- */

/* False: there is none. */
static bool look_at_build(struct nginx_build *ret)
{
    static const char *const argv[] = {"nginx", "-V", NULL};
    struct subprocess_result result;

    if (subprocess_run(argv, NULL, VERSION_TIMEOUT_MS, &result) < 0)
        return false;
    nginx_build_parse(result.error, ret);
    subprocess_done(&result);
    return true;
}

static bool is_nginx(pid_t pid)
{
    char path[64], *name;
    size_t len;
    bool yes;

    snprintf(path, sizeof(path), "/proc/%d/comm", (int) pid);
    if (file_read(path, 64, &name, &len) < 0)
        return false;
    yes = strncmp(name, "nginx", 5) == 0;
    free(name);
    return yes;
}

static pid_t running_pid(const char *pid_file)
{
    char *text;
    size_t len;
    long pid;

    if (!*pid_file || file_read(pid_file, 64, &text, &len) < 0)
        return 0;
    pid = strtol(text, NULL, 10);
    free(text);
    return pid > 1 && pid <= INT32_MAX && is_nginx((pid_t) pid) ? (pid_t) pid : 0;
}

static void look_whether_broken(struct nginx_facts *f)
{
    static const char *const nothing[N_NGINX_FILES];
    struct nginx_copy c;

    /* Without root it could not read the keys of other sites, and would call that a fault. */
    if (geteuid() != 0 || nginx_copy_make(f, nothing, &c) < 0)
        return;
    (void) nginx_copy_run(&c, true, f->broken, sizeof(f->broken));
    nginx_copy_remove(&c);
}

/* ---- the machine ---- */

static bool has_ipv6(void)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = fd >= 0 && bind(fd, (struct sockaddr *) &any, sizeof(any)) == 0;

    if (fd >= 0)
        close(fd);
    return yes;
}

static unsigned mask_length(const struct sockaddr *mask, sa_family_t family)
{
    const uint8_t *p =
        family == AF_INET6
            ? ((const struct sockaddr_in6 *) (const void *) mask)->sin6_addr.s6_addr
            : (const uint8_t *) &((const struct sockaddr_in *) (const void *) mask)->sin_addr;
    unsigned n = 0;

    while (n < (family == AF_INET6 ? 128U : 32U) && (p[n / 8] & 0x80U >> n % 8))
        n++;
    return n;
}

static void add_network(struct nginx_facts *f, const struct ifaddrs *i)
{
    struct allow_net net;
    struct addr a;

    if (!i->ifa_addr || !i->ifa_netmask || !(i->ifa_flags & IFF_UP) ||
        f->n_networks == NGINX_NETWORKS_MAX)
        return;
    if (addr_from_sockaddr(i->ifa_addr, sizeof(struct sockaddr_in6), &a) < 0 ||
        addr_is_loopback(&a))
        return;
    net = allow_net_of(&a, mask_length(i->ifa_netmask, i->ifa_addr->sa_family));
    for (size_t k = 0; k < f->n_networks; k++)
        if (f->networks[k].prefix == net.prefix && addr_ip_eq(&f->networks[k].addr, &net.addr))
            return;
    f->networks[f->n_networks++] = net;
}

static void look_at_networks(struct nginx_facts *f)
{
    struct ifaddrs *list;

    if (getifaddrs(&list) < 0)
        return;
    for (const struct ifaddrs *i = list; i; i = i->ifa_next)
        add_network(f, i);
    freeifaddrs(list);
}

void nginx_find_public_ip(const struct settings *s, struct nginx_facts *f)
{
    const char *wanted = settings_text(s, SET_PROXY_PUBLIC_IP);
    const char *domain = settings_text(s, SET_DOMAIN_OR_PUBLIC_IP);
    struct network *n = calloc(1, sizeof(*n));
    struct turn_ip ip;

    if (!n)
        return;
    network_look(network_needs_lookup(wanted, domain) ? domain : NULL, LOOKUP_TIMEOUT_MS, n);
    network_turn_ip(wanted, domain, n, NULL, &ip);
    nginx_set_public_ip(f, &ip);
    free(n);
}

void nginx_set_public_ip(struct nginx_facts *f, const struct turn_ip *ip)
{
    if (ip->source == TURN_IP_NONE || addr_parse_ip(ip->text, 0, &f->public_ip) < 0)
        f->public_ip = (struct addr){.family = 0};
}

static void look_at_http_port(const struct settings *s, struct nginx_facts *f)
{
    struct addr any = {.family = AF_INET, .port = (uint16_t) settings_int(s, SET_HTTP_PORT)};

    f->http_held_ipv4 = nginx_port_is_foreign(f, &any, f->http_held_by, sizeof(f->http_held_by));
    any.family = AF_INET6;
    f->http_held_ipv6 =
        f->ipv6 && nginx_port_is_foreign(f, &any, f->http_held_by, sizeof(f->http_held_by));
}

int nginx_look(const struct settings *s, struct nginx_facts *ret)
{
    struct nginx_facts *f = calloc(1, sizeof(*f));
    struct nginx_build build = {.version = 0};
    char pid_file[PATH_MAX];

    if (!f)
        return -ENOMEM;
    f->ipv6 = has_ipv6();
    look_at_networks(f);
    f->installed = look_at_build(&build);
    if (f->installed) {
        f->version = build.version;
        f->has_http2 = build.http2;
        f->has_status = build.status;
        path_join(f->conf, PATH_NGINX, "nginx.conf");
        path_in_root(pid_file, *build.pid ? build.pid : "/run/nginx.pid");
        nginx_scan(s, &build, f, pid_file);
        f->pid = running_pid(pid_file);
        f->running = f->pid > 0;
        look_at_http_port(s, f);
        look_whether_broken(f);
    }
    *ret = *f;
    free(f);
    return 0;
}
