/* Does the TURN server answer, each way that clients may take to it? Asked through the loopback
 * address, so that routers and firewalls do not count. */
#include "doctor/check.h"

#include "apply/inforce.h"
#include "doctor/turn_probe.h"
#include "host/paths.h"
#include "nginx/site.h"

#include <stdio.h>
#include <string.h>

#define CHECK_MS 8000

/* What the daemons have, not what a new .env says. */
static const struct settings *served(const struct check_context *x)
{
    return x->in_force ? x->in_force : x->settings;
}

static void ask(const struct check_context *x, enum turn_way way, enum setting port,
                struct turn_answer *ret)
{
    struct addr to;

    (void) addr_parse_ip("127.0.0.1", (uint16_t) settings_int(served(x), port), &to);
    turn_probe(way, &to, settings_text(served(x), SET_DOMAIN_OR_PUBLIC_IP), ret);
}

static bool is_known(struct check_context *x)
{
    if (x->origin != ORIGIN_GUESSED)
        return true;
    found(x, SEVERITY_UNKNOWN, "Which port it should be is not yours to read.");
    return false;
}

static void check_plain(struct check_context *x, enum turn_way way, const char *protocol)
{
    struct turn_answer a;

    if (!is_known(x))
        return;
    ask(x, way, SET_COTURN_PORT, &a);
    if (a.error == 0)
        return;
    found(x, SEVERITY_FAILURE,
          "The TURN server gives no answer over %s on port %lld (%s): browsers behind strict "
          "firewalls see and hear nobody.",
          protocol, (long long) settings_int(served(x), SET_COTURN_PORT), a.message);
    found_command(x, "visavis logs turn");
}

static void check_udp(struct check_context *x)
{
    check_plain(x, TURN_WAY_UDP, "UDP");
}

static void check_tcp(struct check_context *x)
{
    check_plain(x, TURN_WAY_TCP, "TCP");
}

/* The web server's certificate, which TURN has read as well. */
static void compare_certificate(struct check_context *x, const struct turn_answer *a)
{
    struct certs_info live;

    if (certs_describe(path_of(PATH_CERTS), &live) < 0)
        return; /* told by certificates.served */
    if (strcmp(live.fingerprint, a->fingerprint) != 0) {
        found(x, SEVERITY_WARNING,
              "The TURN server has another certificate than the one that is to be served: it has "
              "not read it again.");
        found_command(x, "systemctl reload visavis-turn");
    }
    certs_info_done(&live);
}

static void check_over_tls(struct check_context *x, enum setting port, const char *consequence)
{
    struct turn_answer a;

    ask(x, TURN_WAY_TLS, port, &a);
    if (a.error == 0) {
        compare_certificate(x, &a);
        return;
    }
    found(x, SEVERITY_FAILURE, "The TURN server gives no answer over TLS on port %lld (%s): %s.",
          (long long) settings_int(served(x), port), a.message, consequence);
    found_command(x, "visavis logs turn");
}

static void check_tls(struct check_context *x)
{
    if (is_known(x) && settings_int(served(x), SET_TURN_TLS_PORT) > 0)
        check_over_tls(x, SET_TURN_TLS_PORT,
                       "browsers whose networks let nothing but TLS out "
                       "cannot reach it there");
}

/* By nginx, and HTTP clients that offer no protocol go the same way. */
static void check_web_port(struct check_context *x)
{
    const char *obstacle;
    struct decided d;

    if (!is_known(x) || inforce_decided(&d) < 0)
        return;
    obstacle = site_turn_obstacle(served(x), d.layout);
    if (!obstacle)
        check_over_tls(x, SET_HTTPS_PORT,
                       "nor do programs that call the API without naming a "
                       "protocol (ALPN)");
    else if (settings_bool(served(x), SET_TURN_ON_HTTPS_PORT) && d.layout != PROXY_FRONT)
        found(x, SEVERITY_NOTE,
              "TURN is not reached on HTTPS_PORT %lld, since %s: browsers whose networks let "
              "nothing else out see and hear nobody.",
              (long long) settings_int(served(x), SET_HTTPS_PORT), obstacle);
}

#define OF_TURN .flags = CHECK_INSTALLED, .timeout_ms = CHECK_MS

static const struct check checks[] = {
    {.id = "turn.udp",
     .title = "does TURN answer over UDP",
     .fn = check_udp,
     .needs = "ports.silent",
     OF_TURN},
    {.id = "turn.tcp",
     .title = "does TURN answer over TCP",
     .fn = check_tcp,
     .needs = "ports.silent",
     OF_TURN},
    {.id = "turn.tls",
     .title = "does TURN answer over TLS, with the web server's certificate",
     .fn = check_tls,
     .needs = "ports.silent",
     OF_TURN},
    {.id = "turn.web-port",
     .title = "is TURN reached on HTTPS_PORT, too",
     .fn = check_web_port,
     .needs = "web.listens",
     OF_TURN},
    {.id = NULL},
};

const struct check_group group_turn = {"turn", checks};
