#include "apply/places.h"

#include "host/paths.h"
#include "nginx/site.h"

#include <stdio.h>

/* "tcp:127.0.0.1:5443", and the same on ::1 where the machine has it. */
static size_t put_loopback(char texts[][PLACES_LISTEN_SIZE], bool ipv6, int port, const char **list)
{
    size_t n = 0;

    snprintf(texts[n], PLACES_LISTEN_SIZE, "tcp:127.0.0.1:%d", port);
    list[n] = texts[n];
    n++;
    if (ipv6) {
        snprintf(texts[n], PLACES_LISTEN_SIZE, "tcp:[::1]:%d", port);
        list[n] = texts[n];
        n++;
    }
    return n;
}

/* For both families, those that the machine has. Returns how many. */
static size_t put_any(char texts[][PLACES_LISTEN_SIZE], const char *kind, bool ipv6, int port,
                      const char **list)
{
    static const char *const any[] = {"0.0.0.0", "[::]"};
    size_t n = 0;

    for (; n < (ipv6 ? 2 : 1); n++) {
        snprintf(texts[n], PLACES_LISTEN_SIZE, "%s:%s:%d", kind, any[n], port);
        list[n] = texts[n];
    }
    return n;
}

static void put_turn(char texts[][PLACES_LISTEN_SIZE], bool ipv6, const struct settings *s,
                     const char **list)
{
    const struct {
        const char *kind;
        int64_t port;
    } kinds[] = {
        {"udp", settings_int(s, SET_COTURN_PORT)},
        {"tcp", settings_int(s, SET_COTURN_PORT)},
        {"tls", settings_int(s, SET_TURN_TLS_PORT)},
        {"dtls", settings_int(s, SET_TURN_TLS_PORT)},
    };
    size_t n = 0;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].port > 0)
            n += put_any(&texts[n], kinds[i].kind, ipv6, (int) kinds[i].port, &list[n]);
}

/* Only with a certificate that clients take, and by its name. NULL: there is none to be told. */
static const char *turns_url(const struct installation *in, char buf[static SETTINGS_URL_SIZE])
{
    const struct settings *s = in->settings;
    const char *host = settings_text(s, SET_DOMAIN_OR_PUBLIC_IP);
    int64_t port = settings_int(s, in->turn_on_web_port ? SET_HTTPS_PORT : SET_TURN_TLS_PORT);

    if (strcmp(settings_text(s, SET_CERTIFICATE_TYPE), "selfsigned") == 0 || port == 0)
        return NULL;
    snprintf(buf, SETTINGS_URL_SIZE,
             strchr(host, ':') ? "turns:[%s]:%lld?transport=tcp" : "turns:%s:%lld?transport=tcp",
             host, (long long) port);
    return buf;
}

static void put_turn_places(const struct installation *in, struct places_texts *t, struct places *p)
{
    p->turn_api = path_join(t->turn_api, PATH_RUN, "turn.sock");
    p->turn_certificate = path_join(t->turn_certificate, PATH_CERTS, "live/fullchain.pem");
    p->turn_certificate_key = path_join(t->turn_certificate_key, PATH_CERTS, "live/privkey.pem");
    /* Whether nginx hands anything over is its own configuration's business: so that no change of
     * it restarts TURN. */
    p->turn_web_listen = path_join(t->turn_web_listen, PATH_RUN, SITE_TURN_SOCKET);
    p->turn_web_backend = path_join(t->turn_web_backend, PATH_RUN, SITE_TURN_BACKEND);
    p->turn_metrics = path_join(t->turn_metrics, PATH_RUN, "metrics/turn.prom");
    p->turns_url = turns_url(in, t->turns_url);
    if (p->turns_url)
        p->selfsigned_mark = path_join(t->selfsigned_mark, PATH_CERTS, "live/ca.crt");
}

/* Behind address translation relayed addresses are told as they look from outside, unless the
 * operator wants them as they are. */
static bool is_translated(const struct installation *in)
{
    struct addr a;

    return !settings_bool(in->settings, SET_COTURN_INTERNAL_RELAY) &&
           addr_parse_ip(in->turn_ip->text, 0, &a) == 0 &&
           !network_is_local(in->network, in->turn_ip->text);
}

/* Our own Redis, or another one, which several machines may share. */
static void put_store(const struct settings *s, struct places_texts *t, struct places *p)
{
    const char *url = settings_text(s, SET_REDIS_URL);
    char socket[PATH_MAX];

    if (*url) {
        snprintf(t->store, sizeof(t->store), "%s", url);
        snprintf(t->store_prefix, sizeof(t->store_prefix), "visavis:%s",
                 settings_text(s, SET_DOMAIN_OR_PUBLIC_IP));
        p->store_prefix = t->store_prefix;
    } else {
        snprintf(t->store, sizeof(t->store), "unix:%s",
                 path_join(socket, PATH_RUN, "redis/redis.sock"));
    }
    p->store = t->store;
}

void places_of(const struct installation *in, struct places_texts *t, struct places *ret)
{
    const struct settings *s = in->settings;
    int server_port = (int) settings_int(s, SET_SERVER_PORT);
    bool ipv6 = in->network->ipv6;
    struct places p = {
        .public_url = settings_public_url(s, t->public_url),
        .openvidu_url = t->openvidu_url,
        .control_socket = path_join(t->control_socket, PATH_RUN, "media.sock"),
        .call_pages = in->call_pages,
        .dashboard_pages = in->dashboard_pages,
        .turn_secret = in->turn_secret,
        .turn_ip = in->turn_ip->text,
        .turn_port = (uint16_t) settings_int(s, SET_COTURN_PORT),
        .turn_external_ip = is_translated(in) ? in->turn_ip->text : NULL,
        .turn_threads = in->cores,
        .recordings = settings_path(s, SET_RECORDING_PATH, t->recordings),
        .layouts = settings_path(s, SET_RECORDING_CUSTOM_LAYOUT, t->layouts),
        .cdr = settings_path(s, SET_CDR_PATH, t->cdr),
        .accel = in->nginx,
        .call_login = true,
    };

    snprintf(t->openvidu_url, sizeof(t->openvidu_url), "http://127.0.0.1:%d", server_port);
    snprintf(t->proxy_listen, sizeof(t->proxy_listen), "unix:%s/signaling.sock", path_of(PATH_RUN));
    p.signaling_listen[0] = t->proxy_listen;
    put_loopback(&t->listen[0], ipv6, server_port, &p.signaling_listen[1]);
    put_loopback(&t->listen[2], ipv6, PLACES_CALL_PORT, p.call_listen);
    if (settings_int(s, SET_METRICS_PORT) > 0)
        put_loopback(&t->listen[4], ipv6, (int) settings_int(s, SET_METRICS_PORT),
                     p.metrics_listen);
    put_turn(&t->listen[6], ipv6, s, p.turn_listen);
    put_turn_places(in, t, &p);
    put_store(s, t, &p);
    *ret = p;
}

static void add_name(struct place_names *names, const char *text)
{
    size_t n = 0;

    for (; names->list[n]; n++)
        if (strcmp(names->list[n], text) == 0)
            return;
    if (n == PLACES_NAMES_MAX)
        return;
    snprintf(names->text[n], sizeof(names->text[n]), "%s", text);
    names->list[n] = names->text[n];
}

/* IPv6 addresses of interfaces come and go by the day, and each would be another certificate. */
static bool has_ipv4(const struct network *n)
{
    for (size_t i = 0; i < n->n_local; i++)
        if (n->local[i].family == AF_INET)
            return true;
    return false;
}

static void add_main_names(const struct settings *s, struct place_names *ret)
{
    const char *domain = settings_text(s, SET_DOMAIN_OR_PUBLIC_IP);
    char text[NETWORK_HOST_SIZE + 4];
    struct addr a;

    add_name(ret, domain);
    if (settings_bool(s, SET_REDIRECT_WWW) && addr_parse_ip(domain, 0, &a) < 0) {
        snprintf(text, sizeof(text), "www.%.251s", domain);
        add_name(ret, text);
    }
}

static void add_further_names(const struct settings *s, bool wildcards, struct place_names *ret)
{
    for (size_t i = 0; i < settings_n(s, SET_CERTIFICATE_NAMES); i++) {
        const char *name = settings_item(s, SET_CERTIFICATE_NAMES, i);

        if (wildcards || name[0] != '*')
            add_name(ret, name);
    }
}

static void add_own_names(const struct network *n, struct place_names *ret)
{
    uint16_t family = has_ipv4(n) ? AF_INET : AF_INET6;

    add_name(ret, "localhost");
    for (size_t i = 0; i < n->n_local; i++) {
        char ip[ADDR_TEXT_SIZE];

        if (n->local[i].family == family)
            add_name(ret, addr_format_ip(&n->local[i], ip));
    }
}

void places_ca_names(const struct settings *s, struct place_names *ret)
{
    *ret = (struct place_names){.list = {NULL}};
    add_main_names(s, ret);
    add_further_names(s, true, ret);
}

void places_names(const struct settings *s, const struct network *n, struct place_names *ret)
{
    const char *type = settings_text(s, SET_CERTIFICATE_TYPE);

    if (strcmp(type, "letsencrypt") == 0) {
        places_ca_names(s, ret);
        return;
    }
    *ret = (struct place_names){.list = {NULL}};
    add_main_names(s, ret);
    if (strcmp(type, "selfsigned") != 0)
        return;
    add_further_names(s, false, ret);
    if (n)
        add_own_names(n, ret);
}
