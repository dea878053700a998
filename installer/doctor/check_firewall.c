/* Does this machine's packet filter let visitors in? */
#include "doctor/check.h"

#include "doctor/needed_ports.h"
#include "firewall/firewall.h"
#include "host/own_addresses.h"
#include "host/port_ranges.h"

#include <errno.h>
#include <stdio.h>

#define FIREWALL_MS 10000
#define SAMPLES 8
#define CLIENT_PORT 50123 /* some ephemeral one */

/* Somebody on the Internet. */
static const char *const stranger[] = {"93.184.216.34", "2606:2800:220:1::5a"};

struct view {
    struct check_context *x;
    struct firewall *firewall;
    struct own_addresses own;
    bool local; /* only the local network is meant to reach this machine */
};

static bool open_view(struct check_context *x, struct view *ret)
{
    struct view v = {.x = x};
    struct addr ip;
    char why[512];
    int r = firewall_read(&v.firewall, why, sizeof(why));

    if (r == 0)
        r = own_addresses_read(&v.own);
    if (r < 0) {
        firewall_free(v.firewall);
        found(x, SEVERITY_UNKNOWN, "The rules of the firewall cannot be read%s%s.",
              why[0] ? ": " : "", why);
        return false;
    }
    v.local = addr_parse_ip(check_host(x), 0, &ip) == 0 && addr_is_private(&ip);
    *ret = v;
    return true;
}

/* Another machine in the network of ours. */
static struct addr neighbour(const struct addr *own)
{
    struct addr a = *own;

    a.ip[addr_ip_len(&a) - 1] ^= 1;
    return a;
}

/* What a packet to a port meets that comes from that far. False: there is no address of the family.
 */
static bool ask(const struct view *v, int family, int type, uint16_t port, bool from_near,
                struct fw_answer *ret)
{
    struct fw_probe p = {.type = type};
    int i = own_addresses_main(&v->own, family);

    if (i < 0)
        return false;
    p.to = v->own.list[i];
    snprintf(p.interface, sizeof(p.interface), "%s", v->own.interfaces[i]);
    if (from_near)
        p.from = neighbour(&p.to);
    else
        addr_parse_ip(stranger[family == AF_INET6], 0, &p.from);
    p.to.port = port;
    p.from.port = CLIENT_PORT;
    *ret = firewall_ask(v->firewall, &p);
    return true;
}

/* A range as one answer: the worst of some of its ports. */
static bool ask_range(const struct view *v, int family, int type, struct port_range r, bool near,
                      struct fw_answer *ret)
{
    struct fw_answer worst = {.may = FW_ACCEPT};
    unsigned n = r.last - r.first + 1u;
    unsigned step = n > SAMPLES ? n / SAMPLES : 1;

    for (unsigned i = 0; i < n; i += step) {
        struct fw_answer one;

        if (!ask(v, family, type, (uint16_t) (r.first + i), near, &one))
            return false;
        if (one.may != FW_ACCEPT && worst.may != FW_DROP)
            worst = one;
    }
    *ret = worst;
    return true;
}

static const char *port_text(struct port_range r, char *buf, size_t size)
{
    if (r.first == r.last)
        snprintf(buf, size, "port %u", r.first);
    else
        snprintf(buf, size, "ports %u-%u", r.first, r.last);
    return buf;
}

struct want {
    int type;
    struct port_range probed; /* what is in use */
    struct port_range opened; /* what the command opens */
    enum severity severity;   /* when it is closed */
    const char *consequence;
};

static void tell_closed(const struct view *v, const struct want *w, const struct fw_answer *a,
                        const char *families, enum severity severity, const char *scope)
{
    char ports[32], command[256];
    const char *protocol = w->type == SOCK_STREAM ? "tcp" : "udp";

    found(v->x, severity, "The firewall of this machine (%s) closes %s %s%s%s: %s.", a->where,
          w->type == SOCK_STREAM ? "TCP" : "UDP", port_text(w->opened, ports, sizeof(ports)),
          families, scope, w->consequence);
    found_command(v->x, "%s",
                  firewall_opening(v->firewall, protocol, w->opened.first, w->opened.last, command,
                                   sizeof(command)));
    if (firewall_tool(v->firewall) == FW_NFTABLES)
        found_detail(v->x, "For the next boots, put the rule into /etc/nftables.conf as well.");
}

static void tell_other(const struct view *v, const struct want *w, const struct fw_answer *a)
{
    char ports[32];
    const char *protocol = w->type == SOCK_STREAM ? "TCP" : "UDP";

    port_text(w->opened, ports, sizeof(ports));
    if (a->may == FW_REDIRECT)
        found(v->x, SEVERITY_WARNING,
              "%s sends what arrives at %s %s elsewhere, so it does not reach Visavis.", a->where,
              protocol, ports);
    else if (a->may != FW_ACCEPT)
        found(v->x, SEVERITY_UNKNOWN,
              "It cannot be told from the rules whether %s %s is open (%s).", protocol, ports,
              a->where);
}

static void look(const struct view *v, const struct want *w)
{
    static const int families[] = {AF_INET, AF_INET6};
    struct fw_answer far[2] = {{.may = 0}, {.may = 0}}, near[2] = {{.may = 0}, {.may = 0}};
    bool there[2], closed[2], partly[2];

    for (int i = 0; i < 2; i++) {
        there[i] = ask_range(v, families[i], w->type, w->probed, v->local, &far[i]);
        closed[i] = there[i] && far[i].may == FW_DROP;
        partly[i] = closed[i] && ask_range(v, families[i], w->type, w->probed, true, &near[i]) &&
                    near[i].may == FW_ACCEPT;
    }
    if (closed[0] && (closed[1] || !there[1]))
        tell_closed(v, w, &far[0], "",
                    partly[0] && w->severity > SEVERITY_WARNING ? SEVERITY_WARNING : w->severity,
                    partly[0] ? " for all but the local network" : "");
    else if (closed[0] || (closed[1] && there[0]))
        tell_closed(v, w, &far[closed[0] ? 0 : 1], closed[0] ? " over IPv4" : " over IPv6",
                    closed[0] || w->severity < SEVERITY_WARNING ? w->severity : SEVERITY_WARNING,
                    "");
    else if (closed[1])
        tell_closed(v, w, &far[1], "", w->severity, "");
    for (int i = 0; i < 2; i++)
        if (there[i] && !closed[i] && far[i].may != FW_ACCEPT) {
            tell_other(v, w, &far[i]);
            break;
        }
}

static void look_at(struct check_context *x, const struct want *wants, size_t n)
{
    struct view v;

    if (!open_view(x, &v))
        return;
    for (size_t i = 0; i < n; i++)
        look(&v, &wants[i]);
    firewall_free(v.firewall);
}

static struct port_range one_port(const struct check_context *x, enum setting id)
{
    uint16_t port = (uint16_t) settings_int(x->settings, id);

    return (struct port_range){port, port};
}

/* ---- checks ---- */

static void check_rules(struct check_context *x)
{
    struct view v;

    if (open_view(x, &v))
        firewall_free(v.firewall);
}

static void check_web(struct check_context *x)
{
    struct port_range https = one_port(x, SET_HTTPS_PORT), http = one_port(x, SET_HTTP_PORT);
    const struct want wants[] = {
        {SOCK_STREAM, https, https, SEVERITY_FAILURE, "nobody reaches the site"},
        {SOCK_STREAM, http, http, SEVERITY_WARNING,
         "visitors who type the name alone are not sent on to https"},
    };

    look_at(x, wants, 2);
}

static void check_turn(struct check_context *x)
{
    struct port_range port = one_port(x, SET_COTURN_PORT);
    const struct want wants[] = {
        {SOCK_DGRAM, port, port, SEVERITY_FAILURE,
         "clients behind strict firewalls have no way for audio and video"},
        {SOCK_STREAM, port, port, SEVERITY_WARNING,
         "clients whose networks let no UDP out have no way for audio and video"},
    };

    look_at(x, wants, 2);
}

/* With TLS on the web port few need it: those whose networks let out this port and not that one. */
static void check_turn_tls(struct check_context *x)
{
    struct port_range port = one_port(x, SET_TURN_TLS_PORT);
    const struct want wants[] = {
        {SOCK_STREAM, port, port, SEVERITY_NOTE, "clients cannot reach TURN over TLS there"},
        {SOCK_DGRAM, port, port, SEVERITY_NOTE, "clients cannot reach TURN over DTLS there"},
    };

    if (port.first > 0)
        look_at(x, wants, 2);
}

static void check_media(struct check_context *x)
{
    uint16_t first = (uint16_t) settings_int(x->settings, SET_MEDIA_PORT);
    struct port_range used = {first, (uint16_t) (first + media_workers(x->settings) - 1)};
    struct port_range all = {first, (uint16_t) (first + MEDIA_PORTS - 1)};
    const struct want wants[] = {
        {SOCK_DGRAM, used, all, SEVERITY_FAILURE,
         "participants see and hear nobody, or only over TURN"},
        {SOCK_STREAM, used, all, SEVERITY_WARNING,
         "clients whose networks let no UDP out cannot reach media directly"},
    };

    if (media_waits_for_clients(x->settings))
        look_at(x, wants, settings_bool(x->settings, SET_MEDIA_ICE_TCP) ? 2 : 1);
    else
        found(x, SEVERITY_NOTE,
              "With MEDIA_ICE=agent nothing needs to be open for media. It must be let out: UDP to "
              "everywhere, and to the servers of MEDIA_ICE_SERVERS.");
}

static void check_relay(struct check_context *x)
{
    struct port_range range = {(uint16_t) settings_int(x->settings, SET_COTURN_MIN_PORT),
                               (uint16_t) settings_int(x->settings, SET_COTURN_MAX_PORT)};
    const struct want wants[] = {
        {SOCK_DGRAM, range, range, SEVERITY_NOTE,
         "which is fine as long as media runs on this machine, too"},
    };

    look_at(x, wants, 1);
}

/* The daemons talk to each other, and TURN to media, by the loopback interface. */
static void check_loopback(struct check_context *x)
{
    static const char *const loopback[] = {"127.0.0.1", "::1"};
    struct view v;

    if (!open_view(x, &v))
        return;
    for (int i = 0; i < 2; i++) {
        struct fw_probe p = {.type = SOCK_STREAM, .interface = "lo"};
        struct fw_answer a;

        addr_parse_ip(loopback[i], (uint16_t) settings_int(x->settings, SET_SERVER_PORT), &p.to);
        addr_parse_ip(loopback[i], CLIENT_PORT, &p.from);
        a = firewall_ask(v.firewall, &p);
        if (a.may != FW_DROP)
            continue;
        found(x, SEVERITY_FAILURE,
              "The firewall (%s) stops what this machine sends to itself (%s): the parts of "
              "Visavis cannot reach each other.",
              a.where, loopback[i]);
        found_command(x, "%s",
                      firewall_tool(v.firewall) == FW_NFTABLES
                          ? "nft insert rule inet filter input iifname lo accept"
                      : i == 0 ? "iptables -I INPUT -i lo -j ACCEPT"
                               : "ip6tables -I INPUT -i lo -j ACCEPT");
        break;
    }
    firewall_free(v.firewall);
}

static void check_provider(struct check_context *x)
{
    struct own_addresses own;
    struct addr ip;
    int64_t media = settings_int(x->settings, SET_MEDIA_PORT);
    const char *host = check_host(x);
    char tls[32] = "", ports[32] = "";

    if (settings_int(x->settings, SET_TURN_TLS_PORT) > 0)
        snprintf(tls, sizeof(tls), ", %lld",
                 (long long) settings_int(x->settings, SET_TURN_TLS_PORT));
    if (media_waits_for_clients(x->settings))
        snprintf(ports, sizeof(ports), ", %lld-%lld", (long long) media,
                 (long long) media + MEDIA_PORTS - 1);
    if (own_addresses_read(&own) < 0 || own_addresses_main(&own, AF_INET) < 0 ||
        own_addresses_public(&own, AF_INET))
        return;
    if (!*host || (addr_parse_ip(host, 0, &ip) == 0 && addr_is_private(&ip)))
        return; /* meant for the local network */
    found(x, SEVERITY_NOTE,
          "This machine has no public IPv4 address of its own: a router or cloud provider stands "
          "before it, whose rules cannot be seen from here. Let in TCP %lld and %lld, and UDP and "
          "TCP %lld%s%s.",
          (long long) settings_int(x->settings, SET_HTTP_PORT),
          (long long) settings_int(x->settings, SET_HTTPS_PORT),
          (long long) settings_int(x->settings, SET_COTURN_PORT), tls, ports);
}

#define OF_RULES                                                                                   \
    .flags = CHECK_ALWAYS | CHECK_ROOT, .timeout_ms = FIREWALL_MS, .needs = "firewall.rules"

static const struct check checks[] = {
    {.id = "firewall.rules",
     .title = "can the rules of nftables and iptables be read",
     .fn = check_rules,
     .flags = CHECK_ALWAYS | CHECK_ROOT,
     .timeout_ms = FIREWALL_MS},
    {.id = "firewall.web", .title = "are HTTPS_PORT and HTTP_PORT open", .fn = check_web, OF_RULES},
    {.id = "firewall.media",
     .title = "are the media ports (40000-40063) open",
     .fn = check_media,
     OF_RULES},
    {.id = "firewall.turn", .title = "is COTURN_PORT (3478) open", .fn = check_turn, OF_RULES},
    {.id = "firewall.turn-tls",
     .title = "is TURN_TLS_PORT (5349) open",
     .fn = check_turn_tls,
     OF_RULES},
    {.id = "firewall.relay", .title = "is the relay range open", .fn = check_relay, OF_RULES},
    {.id = "firewall.loopback",
     .title = "may this machine talk to itself",
     .fn = check_loopback,
     OF_RULES},
    {.id = "firewall.provider",
     .title = "is there another firewall before this machine",
     .fn = check_provider,
     .flags = CHECK_ALWAYS},
    {.id = NULL},
};

const struct check_group group_firewall = {"firewall", checks};
