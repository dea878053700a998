#include "doctor/needed_ports.h"

#include "files/files.h"
#include "host/paths.h"
#include "host/port_ranges.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALL_PORT 5442

unsigned media_workers(const struct settings *s)
{
    int64_t n = settings_int(s, SET_MEDIA_WORKERS);

    if (n <= 0)
        n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > MEDIA_PORTS ? MEDIA_PORTS : (unsigned) n;
}

bool media_waits_for_clients(const struct settings *s)
{
    return strcmp(settings_text(s, SET_MEDIA_ICE), "agent") != 0;
}

/* ---- which are needed ---- */

static bool own_web(const struct settings *s)
{
    return strcmp(settings_text(s, SET_PROXY), "external") != 0;
}

/* By http-01, which is tried unless the settings say otherwise. */
static bool ca_comes_to_http(const struct settings *s)
{
    const char *challenge = settings_text(s, SET_ACME_CHALLENGE);

    return strcmp(settings_text(s, SET_CERTIFICATE_TYPE), "letsencrypt") == 0 &&
           (strcmp(challenge, "auto") == 0 || strcmp(challenge, "http-01") == 0);
}

static bool http_with_ca(const struct settings *s)
{
    return own_web(s) && ca_comes_to_http(s);
}

static bool http_alone(const struct settings *s)
{
    return own_web(s) && !ca_comes_to_http(s);
}

static bool own_call(const struct settings *s)
{
    return strcmp(settings_text(s, SET_CALL_APP), "off") != 0;
}

static bool ice_tcp(const struct settings *s)
{
    return settings_bool(s, SET_MEDIA_ICE_TCP) && media_waits_for_clients(s);
}

struct row {
    enum setting id; /* of the first port, unless port.first says it; 0 there: none is needed */
    bool (*needed)(const struct settings *s);    /* NULL: always */
    unsigned (*count)(const struct settings *s); /* NULL: one */
    struct needed_port port;
};

#define FROM_OUTSIDE .from_outside = true, .listened = true
#define OF_WEB .web = true, FROM_OUTSIDE, .program = "nginx"

static const struct row table[] = {
    {SET_HTTPS_PORT,
     own_web,
     NULL,
     {.type = SOCK_STREAM, OF_WEB, .key = "HTTPS_PORT", .what = "visitors reach the site"}},
    {SET_HTTP_PORT,
     http_with_ca,
     NULL,
     {.type = SOCK_STREAM,
      OF_WEB,
      .key = "HTTP_PORT",
      .what = "visitors are sent on to https and the certificate authority finds us"}},
    {SET_HTTP_PORT,
     http_alone,
     NULL,
     {.type = SOCK_STREAM, OF_WEB, .key = "HTTP_PORT", .what = "visitors are sent on to https"}},
    {SET_SERVER_PORT,
     NULL,
     NULL,
     {.type = SOCK_STREAM,
      .listened = true,
      .key = "SERVER_PORT",
      .program = "visavis-signaling",
      .what = "applications on this machine reach the API"}},
    {SET_METRICS_PORT,
     NULL,
     NULL,
     {.type = SOCK_STREAM,
      .listened = true,
      .key = "METRICS_PORT",
      .program = "visavis-signaling",
      .what = "monitoring on this machine sees how the server is"}},
    {.needed = own_call,
     .port = {.first = CALL_PORT,
              .type = SOCK_STREAM,
              .listened = true,
              .program = "visavis-call",
              .what = "the web server reaches the Call pages"}},
    {SET_COTURN_PORT,
     NULL,
     NULL,
     {.type = SOCK_DGRAM,
      FROM_OUTSIDE,
      .key = "COTURN_PORT",
      .program = "visavis-turn",
      .what = "clients behind firewalls reach TURN"}},
    {SET_COTURN_PORT,
     NULL,
     NULL,
     {.type = SOCK_STREAM,
      FROM_OUTSIDE,
      .key = "COTURN_PORT",
      .program = "visavis-turn",
      .what = "clients without UDP reach TURN"}},
    {SET_TURN_TLS_PORT,
     NULL,
     NULL,
     {.type = SOCK_STREAM,
      FROM_OUTSIDE,
      .key = "TURN_TLS_PORT",
      .program = "visavis-turn",
      .what = "clients reach TURN over TLS"}},
    {SET_TURN_TLS_PORT,
     NULL,
     NULL,
     {.type = SOCK_DGRAM,
      FROM_OUTSIDE,
      .key = "TURN_TLS_PORT",
      .program = "visavis-turn",
      .what = "clients reach TURN over DTLS"}},
    {SET_MEDIA_PORT,
     NULL,
     media_workers,
     {.type = SOCK_DGRAM,
      FROM_OUTSIDE,
      .key = "MEDIA_PORT",
      .program = "visavis-media",
      .what = "audio and video arrive"}},
    {SET_MEDIA_PORT,
     ice_tcp,
     media_workers,
     {.type = SOCK_STREAM,
      FROM_OUTSIDE,
      .key = "MEDIA_PORT",
      .program = "visavis-media",
      .what = "audio and video arrive from networks without UDP"}},
};

size_t needed_ports(const struct settings *s, struct needed_port ret[static NEEDED_PORTS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct row *row = &table[i];
        struct needed_port port = row->port;

        if (!port.first)
            port.first = (uint16_t) settings_int(s, row->id);
        if (port.first == 0 || (row->needed && !row->needed(s)))
            continue;
        port.last = (uint16_t) (port.first + (row->count ? row->count(s) : 1) - 1);
        ret[n++] = port;
    }
    return n;
}

/* ---- who is there ---- */

/* "/usr/sbin/nginx" -> "nginx" */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The service manager holds the sockets of ours until their daemon is needed. */
static bool manager_has_our_sockets(void)
{
    static const char *const files[] = {"/usr/lib/systemd/system/visavis-signaling.socket",
                                        "/lib/systemd/system/visavis-signaling.socket",
                                        "/etc/systemd/system/visavis-signaling.socket"};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (file_exists(path_in_root(path, files[i])))
            return true;
    return false;
}

bool needed_port_is_ours(const struct needed_port *n, const struct listener *l)
{
    const char *name = l->program[0] ? base_name(l->program) : l->process;

    if (n->web && strcmp(n->program, name) == 0)
        return true;
    if (strncmp(name, "visavis", strlen("visavis")) == 0)
        return true;
    return l->by_manager && !n->from_outside && manager_has_our_sockets();
}
