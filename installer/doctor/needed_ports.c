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

static uint16_t port_of(const struct settings *s, enum setting id)
{
    return (uint16_t) settings_int(s, id);
}

/* By http-01, which is tried unless the settings say otherwise. */
static bool ca_comes_to_http(const struct settings *s)
{
    const char *challenge = settings_text(s, SET_ACME_CHALLENGE);

    return strcmp(settings_text(s, SET_CERTIFICATE_TYPE), "letsencrypt") == 0 &&
           (strcmp(challenge, "auto") == 0 || strcmp(challenge, "http-01") == 0);
}

static bool is_media_tcp(const struct needed_port *n)
{
    return n->type == SOCK_STREAM && strcmp(n->program, "visavis-media") == 0;
}

size_t needed_ports(const struct settings *s, struct needed_port ret[static NEEDED_PORTS_MAX])
{
    const struct needed_port all[] = {
        {.first = port_of(s, SET_HTTPS_PORT),
         .type = SOCK_STREAM,
         .from_outside = true,
         .web = true,
         .listened = true,
         .key = "HTTPS_PORT",
         .program = "nginx",
         .what = "visitors reach the site"},
        {.first = port_of(s, SET_HTTP_PORT),
         .type = SOCK_STREAM,
         .from_outside = true,
         .web = true,
         .listened = true,
         .key = "HTTP_PORT",
         .program = "nginx",
         .what = ca_comes_to_http(s)
                     ? "visitors are sent on to https and the certificate authority finds us"
                     : "visitors are sent on to https"},
        {.first = port_of(s, SET_SERVER_PORT),
         .type = SOCK_STREAM,
         .listened = true,
         .key = "SERVER_PORT",
         .program = "visavis-signaling",
         .what = "applications on this machine reach the API"},
        {.first = port_of(s, SET_METRICS_PORT),
         .type = SOCK_STREAM,
         .listened = true,
         .key = "METRICS_PORT",
         .program = "visavis-signaling",
         .what = "monitoring on this machine sees how the server is"},
        {.first = CALL_PORT,
         .type = SOCK_STREAM,
         .listened = true,
         .program = "visavis-call",
         .what = "the web server reaches the Call pages"},
        {.first = port_of(s, SET_COTURN_PORT),
         .type = SOCK_DGRAM,
         .from_outside = true,
         .listened = true,
         .key = "COTURN_PORT",
         .program = "visavis-turn",
         .what = "clients behind firewalls reach TURN"},
        {.first = port_of(s, SET_COTURN_PORT),
         .type = SOCK_STREAM,
         .from_outside = true,
         .listened = true,
         .key = "COTURN_PORT",
         .program = "visavis-turn",
         .what = "clients without UDP reach TURN"},
        {.first = port_of(s, SET_TURN_TLS_PORT),
         .type = SOCK_STREAM,
         .from_outside = true,
         .listened = true,
         .key = "TURN_TLS_PORT",
         .program = "visavis-turn",
         .what = "clients reach TURN over TLS"},
        {.first = port_of(s, SET_TURN_TLS_PORT),
         .type = SOCK_DGRAM,
         .from_outside = true,
         .listened = true,
         .key = "TURN_TLS_PORT",
         .program = "visavis-turn",
         .what = "clients reach TURN over DTLS"},
        {.first = port_of(s, SET_MEDIA_PORT),
         .last = (uint16_t) (port_of(s, SET_MEDIA_PORT) + media_workers(s) - 1),
         .type = SOCK_DGRAM,
         .from_outside = true,
         .listened = true,
         .key = "MEDIA_PORT",
         .program = "visavis-media",
         .what = "audio and video arrive"},
        {.first = port_of(s, SET_MEDIA_PORT),
         .last = (uint16_t) (port_of(s, SET_MEDIA_PORT) + media_workers(s) - 1),
         .type = SOCK_STREAM,
         .from_outside = true,
         .listened = true,
         .key = "MEDIA_PORT",
         .program = "visavis-media",
         .what = "audio and video arrive from networks without UDP"},
    };
    bool own_web = strcmp(settings_text(s, SET_PROXY), "external") != 0;
    bool own_call = strcmp(settings_text(s, SET_CALL_APP), "off") != 0;
    bool ice_tcp = settings_bool(s, SET_MEDIA_ICE_TCP) && media_waits_for_clients(s);
    size_t n = 0;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if ((all[i].web && !own_web) || (all[i].first == CALL_PORT && !all[i].key && !own_call) ||
            all[i].first == 0 || (is_media_tcp(&all[i]) && !ice_tcp))
            continue;
        ret[n] = all[i];
        if (!ret[n].last)
            ret[n].last = ret[n].first;
        n++;
    }
    return n;
}

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
