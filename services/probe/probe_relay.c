/* probe_relay.c: the TURN servers that the server offers. */
#include "probe/probe_internal.h"

#include <netdb.h>
#include <stdio.h>

static enum turn_transport transport_of(enum client_path path)
{
    return path == CLIENT_PATH_TURN_UDP   ? TURN_UDP
           : path == CLIENT_PATH_TURN_TCP ? TURN_TCP
                                          : TURN_TLS;
}

/* The first address of the name. Waits for the name server: nothing else is under way yet. */
static struct addr resolve(const struct turn_url *u)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list;
    struct addr a = {.family = 0};

    if (addr_parse_ip(u->host, u->port, &a) == 0 || getaddrinfo(u->host, NULL, &hints, &list) != 0)
        return a;
    if (addr_from_sockaddr(list->ai_addr, list->ai_addrlen, &a) == 0)
        a.port = u->port;
    freeaddrinfo(list);
    return a;
}

static int open_tunnel(struct probe *p, struct relay *r)
{
    const struct probe_config *c = p->config;
    char url[TURN_HOST_SIZE + 32], to[ADDR_TEXT_SIZE];
    struct http_request rq = {.url = url,
                              .connect_to = addr_format(&r->addr, to),
                              .ca_file = c->ca_file,
                              .any_certificate = c->any_certificate};

    snprintf(url, sizeof(url), strchr(r->at.host, ':') ? "https://[%s]:%u" : "https://%s:%u",
             r->at.host, r->at.port);
    return tls_tunnel_new(p->loop, p->http, &rq, &r->tunnel);
}

void probe_find_relays(struct probe *p)
{
    const struct participant_ice_server *servers;
    unsigned n = participant_ice_servers(p->members[0].participant, &servers);

    for (unsigned i = 0; i < n; i++) {
        struct turn_url u;
        struct relay *r;

        if (turn_url_parse(servers[i].url, &u) < 0)
            continue;
        r = &p->relays[u.transport];
        if (r->offered)
            continue;
        r->offered = true;
        r->at = u;
        snprintf(r->url, sizeof(r->url), "%s", servers[i].url);
        r->addr = resolve(&u);
        if (u.transport == TURN_TLS && r->addr.family != 0)
            (void) open_tunnel(p, r); /* without it this relay is left out */
    }
}

/* Each participant has credentials of its own. */
void probe_fill_relays(struct member *m)
{
    const struct probe *p = m->probe;
    const struct participant_ice_server *servers;
    unsigned n = participant_ice_servers(m->participant, &servers);

    for (unsigned i = 0; i < n && m->ice.n_turns < ICE_AGENT_TURN_MAX; i++) {
        struct turn_url u;
        const struct relay *r;

        if (turn_url_parse(servers[i].url, &u) < 0)
            continue;
        r = &p->relays[u.transport];
        if (strcmp(r->url, servers[i].url) != 0 || r->addr.family == 0 ||
            (u.transport == TURN_TLS && !r->tunnel))
            continue;
        if (p->config->path != CLIENT_PATH_ANY &&
            (!probe_needs_relay(p) || transport_of(p->config->path) != u.transport))
            continue;
        m->ice.turns[m->ice.n_turns++] =
            (struct ice_turn){.addr = r->tunnel ? *tls_tunnel_addr(r->tunnel) : r->addr,
                              .tcp = u.transport != TURN_UDP,
                              .user = servers[i].user,
                              .password = servers[i].password};
    }
}

/* ---- asking for an allocation ---- */

static void on_checked(const struct turn_check_result *result, void *arg)
{
    struct probe *p = arg;

    p->checked = *result;
    snprintf(p->checked_message, sizeof(p->checked_message), "%s", result->message);
    p->checked.message = p->checked_message;
    p->was_checked = true;
    if (result->error == 0)
        probe_pass(p);
    else
        probe_fail(p, reason_of_relay(result), (int) result->code, "%s: %s",
                   p->relays[transport_of(p->config->path)].url, p->checked.message);
}

void probe_check_relay(struct probe *p)
{
    const struct relay *r = &p->relays[transport_of(p->config->path)];
    struct turn_check_config c = {.transport = r->at.transport,
                                  .addr = r->addr,
                                  .name = r->at.host,
                                  .user = p->check_user,
                                  .password = p->check_password,
                                  .ca_file = p->config->ca_file,
                                  .any_certificate = p->config->any_certificate};
    const struct participant_ice_server *servers;
    unsigned n = participant_ice_servers(p->members[0].participant, &servers);
    int e;

    if (!r->offered) {
        probe_fail(p, REASON_NO_RELAY, 0, "the server offers its clients no TURN of this kind");
        return;
    }
    if (r->addr.family == 0) {
        probe_fail(p, REASON_NAME, 0, "%s: the name is not found", r->url);
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(servers[i].url, r->url) == 0) {
            snprintf(p->check_user, sizeof(p->check_user), "%s", servers[i].user);
            snprintf(p->check_password, sizeof(p->check_password), "%s", servers[i].password);
        }
    }
    e = turn_check_new(p->loop, p->http, &c, on_checked, p, &p->check);
    if (e < 0)
        probe_fail(p, reason_of_error(e, HTTP_TLS_FINE), 0, "%s: %s", r->url, strerror(-e));
}

void probe_free_relays(struct probe *p)
{
    p->check = turn_check_free(p->check);
    for (unsigned i = 0; i < TURN_TRANSPORTS; i++)
        p->relays[i].tunnel = tls_tunnel_free(p->relays[i].tunnel);
}

const struct turn_check_result *probe_relay(const struct probe *p)
{
    return p->was_checked ? &p->checked : NULL;
}

const char *probe_relay_url(const struct probe *p)
{
    return p->relays[transport_of(p->config->path)].url;
}
