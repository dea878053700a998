#include "nginx/site.h"

#include "host/paths.h"
#include "nginx/site_rules.h"
#include "nginx/site_text.h"

#include <stdio.h>

#define HTTP2_DIRECTIVE_SINCE 1025001 /* 1.25.1: `http2 on;` instead of a word of `listen` */
#define HASHED_NAME_MAX 45            /* longer ones may not fit into a bucket of nginx's hash */
#define WEBSOCKET_TIMEOUT "1d"        /* the daemons end what is dead much sooner */
#define ANSWER_TIMEOUT "65s"          /* signaling gives up after 60 and says so itself */

struct site {
    struct wr *w;
    const struct settings *s;
    const struct nginx_facts *f;
    enum proxy_layout layout;
    struct site_guards guards;
    char name[SITE_NAME_SIZE];
    struct site_names others; /* on the certificate, too */
    char url[SETTINGS_URL_SIZE];
};

static void put_head(struct wr *w, enum proxy_layout layout)
{
    if (layout == PROXY_EXTERNAL)
        return; /* the snippet has its own */

    wr_str(w, "# Written by visavis from the settings; changes here are lost. Locations of your "
              "own go to\n# /etc/visavis/nginx.d/. Is something away? `visavis status` tells.\n\n");
}

/* ---- at the level of http ---- */

static void put_upstreams(struct site *t)
{
    char path[PATH_MAX], unix_path[PATH_MAX + 8];

    snprintf(unix_path, sizeof(unix_path), "unix:%s", path_join(path, PATH_RUN, "signaling.sock"));
    wr_str(t->w, "upstream visavis_signaling {\n    server ");
    site_put_word(t->w, unix_path);
    /* One server alone is never taken for dead by nginx. */
    wr_str(t->w, ";\n    keepalive 32;\n}\n"
                 "upstream visavis_call {\n"
                 "    server 127.0.0.1:5442 max_fails=0;\n");
    if (t->f->ipv6) /* an app that listens on \"localhost\" may mean this one */
        wr_str(t->w, "    server [::1]:5442 max_fails=0 backup;\n");
    wr_str(t->w, "    keepalive 32;\n}\n");
}

static void put_maps(struct site *t)
{
    wr_str(t->w, "map $http_upgrade $visavis_connection {\n"
                 "    default upgrade;\n"
                 "    \"\" \"\";\n"
                 "}\n"
                 "# Locations are chosen by the path without \"..\", daemons get it as it came: a "
                 "path with\n"
                 "# dots could pass a rule and mean something else behind it.\n"
                 "map $request_uri $visavis_has_dots {\n"
                 "    default 0;\n"
                 "    \"~*^[^?]*(?:/|%2f)(?:[.]|%2e){1,2}(?:/|%2f|[?#]|$)\" 1;\n"
                 "}\n");
    site_put_dollar(t->w);
}

/* ---- servers ---- */

/* A name too long for that as a regular expression. A wildcard is for any number of labels. */
static void put_long_name(struct site *t, const char *name)
{
    bool wildcard = name[0] == '*';

    wr_str(t->w, wildcard ? "\"~^.+" : "\"~^");
    for (const char *c = name + wildcard; *c; c++)
        wr_fmt(t->w, strchr(".[]", *c) ? "[%c]" : "%c", *c);
    wr_str(t->w, "$\"");
}

static void put_name(struct site *t, const char *name)
{
    wr_str(t->w, "    server_name ");
    if (strlen(name) <= HASHED_NAME_MAX)
        site_put_word(t->w, name);
    else
        put_long_name(t, name);
    wr_str(t->w, ";\n");
}

static void put_listen(struct site *t, const char *address, const char *words)
{
    wr_fmt(t->w, "    listen %s%s;\n", address, words);
}

static void put_unix_listen(struct site *t, const char *socket, const char *words)
{
    char path[PATH_MAX];

    wr_fmt(t->w, "    listen \"unix:%s\"%s;\n", path_join(path, PATH_RUN, socket), words);
}

/* Behind another web server these lines are an example, and what holds the port is that server. */
static bool has_http_port(const struct site *t, bool ipv6)
{
    bool held = ipv6 ? t->f->http_held_ipv6 : t->f->http_held_ipv4;

    return (!ipv6 || t->f->ipv6) && (t->layout == PROXY_EXTERNAL || !held);
}

static void put_http_listen(struct site *t)
{
    long long port = (long long) settings_int(t->s, SET_HTTP_PORT);
    const char *words = t->f->http_default_taken ? "" : " default_server";
    char address[32];

    snprintf(address, sizeof(address), "%lld", port);
    if (has_http_port(t, false))
        put_listen(t, address, words);
    snprintf(address, sizeof(address), "[::]:%lld", port);
    if (has_http_port(t, true))
        put_listen(t, address, words);
}

static bool http2_by_listen(const struct site *t)
{
    return t->f->has_http2 && t->f->version < HTTP2_DIRECTIVE_SINCE;
}

static void put_https_listen(struct site *t, bool may_be_default)
{
    long long port = (long long) settings_int(t->s, SET_HTTPS_PORT);
    bool front = t->layout == PROXY_FRONT, shared = !front && t->f->https_shared;
    /* On a shared port this word would turn HTTP/2 on for the other sites. */
    bool http2 = http2_by_listen(t) && (!shared || t->f->https_http2);
    char words[64], address[32];

    snprintf(words, sizeof(words), " ssl%s%s%s", http2 ? " http2" : "",
             front ? " proxy_protocol" : "", may_be_default && !shared ? " default_server" : "");
    if (front) {
        put_unix_listen(t, SITE_SOCKET, words);
        if (site_has_turn(t->s, t->layout)) /* encrypted up to TURN, which hands it back */
            put_unix_listen(t, SITE_TURN_BACKEND,
                            may_be_default ? " proxy_protocol default_server" : " proxy_protocol");
    } else {
        snprintf(address, sizeof(address), "%lld", port);
        put_listen(t, address, words);
        snprintf(address, sizeof(address), "[::]:%lld", port);
        if (t->f->ipv6)
            put_listen(t, address, words);
    }
    if (t->f->has_http2 && !http2_by_listen(t))
        wr_str(t->w, "    http2 on;\n");
    if (front)
        wr_str(t->w, "    set_real_ip_from unix:;\n    real_ip_header proxy_protocol;\n");
}

static bool is_selfsigned(const struct site *t)
{
    return strcmp(settings_text(t->s, SET_CERTIFICATE_TYPE), "selfsigned") == 0;
}

static void put_file(struct site *t, const char *directive, enum path p, const char *name)
{
    char path[PATH_MAX];

    wr_fmt(t->w, "    %s ", directive);
    site_put_literal(t->w, path_join(path, p, name));
    wr_str(t->w, ";\n");
}

static void put_tls(struct site *t)
{
    put_file(t, "ssl_certificate", PATH_CERTS, "live/fullchain.pem");
    put_file(t, "ssl_certificate_key", PATH_CERTS, "live/privkey.pem");
    wr_str(t->w, "    ssl_protocols");
    site_put_words(t->w, settings_text(t->s, SET_HTTPS_PROTOCOLS));
    wr_str(t->w, ";\n    ssl_ciphers ");
    site_put_word(t->w, settings_text(t->s, SET_HTTPS_CIPHERS));
    wr_str(t->w, ";\n    ssl_prefer_server_ciphers off;\n"
                 "    ssl_session_cache shared:visavis:10m;\n"
                 "    ssl_session_timeout 1d;\n"
                 "    ssl_session_tickets off;\n");
    if (t->f->ocsp)
        wr_str(t->w, "    ssl_stapling on;\n");
}

/* HSTS also with a temporary self-signed certificate: browsers that do not trust it take no notice
 * of the header (RFC 6797 section 8.1), and those that do get a better one soon.
 *
 * nginx inherits none of them where a location adds one of its own, so each such place says all. */
static void put_headers(struct site *t, const char *indent)
{
    const char *hsts = settings_text(t->s, SET_HTTPS_HSTS);

    if (!is_selfsigned(t) && *hsts) {
        wr_fmt(t->w, "%sadd_header Strict-Transport-Security ", indent);
        site_put_literal(t->w, hsts);
        wr_str(t->w, " always;\n");
    }
    if (settings_bool(t->s, SET_XFRAME_SAMEORIGIN))
        wr_fmt(t->w, "%sadd_header X-Frame-Options SAMEORIGIN always;\n", indent);
}

static void put_acme(struct site *t)
{
    wr_str(t->w, "    location ^~ " SITE_ACME_PATH " {\n        root ");
    site_put_literal(t->w, path_of(PATH_ACME_WEBROOT));
    wr_str(t->w, ";\n        default_type text/plain;\n        try_files $uri =404;\n    }\n");
}

static void put_redirect(struct site *t)
{
    wr_fmt(t->w, "    location / {\n        return 301 \"%s$request_uri\";\n    }\n}\n", t->url);
}

static void put_http_server(struct site *t)
{
    if (!has_http_port(t, false) && !has_http_port(t, true))
        return;
    wr_str(t->w, "server {\n");
    put_http_listen(t);
    put_name(t, t->name);
    for (size_t i = 0; i < t->others.n; i++)
        put_name(t, t->others.list[i]);
    wr_str(t->w, "    server_tokens off;\n");
    put_acme(t);
    if (t->f->has_status)
        wr_str(t->w, "    location = /nginx_status {\n"
                     "        stub_status;\n"
                     "        access_log off;\n"
                     "        allow 127.0.0.1;\n"
                     "        allow ::1;\n"
                     "        deny all;\n"
                     "    }\n");
    put_redirect(t);
}

/* The other names of the certificate lead to the main one. */
static void put_others_server(struct site *t)
{
    if (t->others.n == 0)
        return;
    wr_str(t->w, "server {\n");
    put_https_listen(t, false);
    for (size_t i = 0; i < t->others.n; i++)
        put_name(t, t->others.list[i]);
    put_tls(t);
    wr_str(t->w, "    server_tokens off;\n");
    put_headers(t, "    ");
    put_acme(t);
    put_redirect(t);
}

/* ---- locations ---- */

static void put_guard(struct site *t, enum site_guard guard)
{
    const struct allow_list *l = &t->guards.lists[guard];
    char text[ALLOW_NET_TEXT_SIZE];

    for (size_t i = 0; i < l->n; i++)
        wr_fmt(t->w, "        allow %s;\n", allow_net_format(&l->nets[i], text));
    if (l->n > 0)
        wr_str(t->w, "        deny all;\n");
}

/* With a slash at its end. */
static void put_folder(struct site *t, const char *before, enum setting id)
{
    char dir[PATH_MAX + 16], path[PATH_MAX];

    snprintf(dir, sizeof(dir), "%s%s/", before, settings_path(t->s, id, path));
    site_put_literal(t->w, dir);
}

static void put_layouts(struct site *t, const struct site_route *r)
{
    /* With the slash on both sides: without it "/layouts../" would lead out of the folder. */
    wr_fmt(t->w,
           "    location = %s {\n        return 301 %s/$is_args$args;\n    }\n"
           "    location ^~ %s/ {\n        alias ",
           r->path, r->path, r->path);
    put_folder(t, "", SET_RECORDING_CUSTOM_LAYOUT);
    wr_str(t->w, ";\n        index index.html;\n    }\n");
}

static void put_route(struct site *t, const struct site_route *r)
{
    if (r->target == TARGET_LAYOUTS) {
        put_layouts(t, r);
        return;
    }
    wr_fmt(t->w, "    location ~ ^%s(?:/|$) {\n", r->path);
    put_guard(t, r->guard);
    wr_str(t->w, "        proxy_pass http://visavis_signaling;\n");
    if (r->target == TARGET_WEBSOCKET)
        wr_str(t->w, "        proxy_read_timeout " WEBSOCKET_TIMEOUT
                     ";\n        proxy_send_timeout " WEBSOCKET_TIMEOUT ";\n");
    if (r->rest)
        wr_str(t->w, "        error_page 502 503 504 /_visavis/unavailable.json;\n");
    wr_str(t->w, "    }\n");
}

static void put_routes(struct site *t)
{
    for (const struct site_route *r = site_routes; r->path; r++)
        if (site_has_route(t->s, r))
            put_route(t, r);
    /* The last of the regular expressions: "/openvidu/api/sessions/openvidu" is REST. */
    wr_str(t->w, "    location ~ /openvidu$ {\n"
                 "        proxy_pass http://visavis_signaling/openvidu$is_args$args;\n"
                 "        proxy_read_timeout " WEBSOCKET_TIMEOUT ";\n"
                 "        proxy_send_timeout " WEBSOCKET_TIMEOUT ";\n"
                 "    }\n");
}

static void put_recordings(struct site *t)
{
    wr_str(t->w, "    location ^~ " SITE_RECORDINGS " {\n        internal;\n        alias ");
    put_folder(t, "", SET_RECORDING_PATH);
    /* The folder is signaling's to write: a link in it must not lead to other sites' files. */
    wr_str(t->w, ";\n        disable_symlinks on ");
    put_folder(t, "from=", SET_RECORDING_PATH);
    wr_str(t->w, ";\n    }\n");
}

static void put_ca(struct site *t)
{
    wr_str(t->w, "    location = /openvidu/ca.crt {\n");
    wr_str(t->w, "    ");
    put_file(t, "alias", PATH_CERTS, "live/ca.crt");
    wr_str(t->w, "        types { }\n"
                 "        default_type application/x-x509-ca-cert;\n"
                 "    }\n");
}

static void put_call(struct site *t)
{
    /* Compressed is static text alone: in answers with secrets the length would tell about them. */
    wr_str(t->w, "    location / {\n"
                 "        proxy_pass http://visavis_call;\n"
                 "        gzip on;\n"
                 "        gzip_vary on;\n"
                 "        gzip_proxied any;\n"
                 "        gzip_min_length 1024;\n"
                 "        gzip_types text/css text/javascript application/javascript "
                 "image/svg+xml;\n"
                 "    }\n");
}

static void put_unavailable(struct site *t, const char *name)
{
    char path[PATH_MAX], file[64];

    snprintf(file, sizeof(file), "/usr/share/visavis/pages/%s", name);
    wr_fmt(t->w, "    location = /_visavis/%s {\n        internal;\n        alias ", name);
    site_put_literal(t->w, path_in_root(path, file));
    wr_str(t->w, ";\n");
    put_headers(t, "        ");
    wr_str(t->w, "        add_header Retry-After 5 always;\n"
                 "        add_header Cache-Control no-store always;\n"
                 "        add_header Access-Control-Allow-Origin * always;\n"
                 "    }\n");
}

static void put_proxy(struct site *t)
{
    wr_str(t->w, "    proxy_http_version 1.1;\n"
                 "    proxy_set_header Host $http_host;\n"
                 "    proxy_set_header X-Real-IP $remote_addr;\n"
                 "    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
                 "    proxy_set_header X-Forwarded-Proto https;\n"
                 "    proxy_set_header Upgrade $http_upgrade;\n"
                 "    proxy_set_header Connection $visavis_connection;\n"
                 "    proxy_connect_timeout 5s;\n"
                 "    proxy_read_timeout " ANSWER_TIMEOUT ";\n"
                 "    proxy_send_timeout " ANSWER_TIMEOUT ";\n");
}

static void put_own(struct site *t)
{
    char path[PATH_MAX];

    wr_str(t->w, "    include ");
    site_put_word(t->w, path_join(path, PATH_NGINX_OWN, "*.conf"));
    wr_str(t->w, ";\n");
}

static void put_https_server(struct site *t)
{
    wr_str(t->w, "server {\n");
    put_https_listen(t, true);
    put_name(t, t->name);
    put_tls(t);
    wr_str(t->w, "    server_tokens off;\n"
                 "    absolute_redirect off;\n"
                 "    keepalive_timeout 65s;\n"
                 "    client_max_body_size ");
    site_put_word(t->w, settings_text(t->s, SET_CLIENT_MAX_BODY_SIZE));
    wr_str(t->w, ";\n");
    put_headers(t, "    ");
    wr_str(t->w, "    if ($visavis_has_dots) {\n        return 400;\n    }\n");
    /* 497: plain HTTP on this port */
    wr_fmt(t->w, "    error_page 497 =301 \"%s$request_uri\";\n", t->url);
    wr_str(t->w, "    error_page 502 503 504 /_visavis/unavailable.html;\n");
    put_proxy(t);
    put_own(t);
    put_acme(t);
    put_routes(t);
    if (t->layout != PROXY_EXTERNAL)
        put_recordings(t);
    if (is_selfsigned(t))
        put_ca(t);
    put_unavailable(t, "unavailable.html");
    put_unavailable(t, "unavailable.json");
    put_call(t);
    wr_str(t->w, "}\n");
}

void render_site(struct wr *w, const struct settings *s, enum proxy_layout layout,
                 const struct nginx_facts *f)
{
    struct site t = {.w = w, .s = s, .f = f, .layout = layout};

    site_guards(s, f, &t.guards);
    site_name(s, t.name);
    site_names(s, layout == PROXY_EXTERNAL ? 0 : f->names_taken, &t.others);
    settings_public_url(s, t.url);
    put_head(w, layout);
    put_upstreams(&t);
    put_maps(&t);
    put_http_server(&t);
    put_https_server(&t);
    put_others_server(&t);
}

const char *const site_sockets[] = {SITE_SOCKET, SITE_TURN_BACKEND, NULL};

const char *site_turn_obstacle(const struct settings *s, enum proxy_layout layout)
{
    if (!settings_bool(s, SET_TURN_ON_HTTPS_PORT))
        return "TURN_ON_HTTPS_PORT is false";
    if (strcmp(settings_text(s, SET_CERTIFICATE_TYPE), "selfsigned") == 0)
        return "the certificate is self-signed, and browsers do not take that from a TURN server";
    if (layout == PROXY_EXTERNAL)
        return "another web server has the port (PROXY=external)";
    return layout == PROXY_SITE ? "nginx shares the port with other sites" : NULL;
}

bool site_has_turn(const struct settings *s, enum proxy_layout layout)
{
    return site_turn_obstacle(s, layout) == NULL;
}

static void put_stream_target(struct wr *w, const char *protocols, const char *socket)
{
    char path[PATH_MAX], unix_path[PATH_MAX + 8];

    snprintf(unix_path, sizeof(unix_path), "unix:%s", path_join(path, PATH_RUN, socket));
    wr_fmt(w, "        %s ", protocols);
    site_put_word(w, unix_path);
    wr_str(w, ";\n");
}

/* TURN's clients offer no protocol, or its own (RFC 7443); so do some HTTP clients, which TURN
 * hands back. Who does not speak TLS at all learns so from the site. */
static void put_turn_targets(struct wr *w)
{
    wr_str(w, "    map $ssl_preread_protocol $visavis_no_alpn {\n");
    put_stream_target(w, "default", SITE_TURN_SOCKET);
    put_stream_target(w, "\"\"", SITE_SOCKET);
    wr_str(w, "    }\n");
}

void render_stream(struct wr *w, const struct settings *s, const struct nginx_facts *f)
{
    long long port = (long long) settings_int(s, SET_HTTPS_PORT);
    bool turn = site_has_turn(s, PROXY_FRONT);

    put_head(w, PROXY_FRONT);
    wr_str(w, "stream {\n");
    if (turn)
        put_turn_targets(w);
    /* The protocols that a client offers, with commas between: a CA offers this one alone. */
    wr_str(w, "    map $ssl_preread_alpn_protocols $visavis_web {\n");
    put_stream_target(w, "default", SITE_SOCKET);
    put_stream_target(w, "\"acme-tls/1\"", SITE_ACME_SOCKET);
    if (turn) {
        put_stream_target(w, "\"~(^|,)stun\\.(turn|nat-discovery)(,|$)\"", SITE_TURN_SOCKET);
        wr_str(w, "        \"\" $visavis_no_alpn;\n");
    }
    wr_str(w, "    }\n    server {\n");
    wr_fmt(w, "        listen %lld so_keepalive=on;\n", port);
    if (f->ipv6)
        wr_fmt(w, "        listen [::]:%lld so_keepalive=on;\n", port);
    wr_str(w, "        ssl_preread on;\n"
              "        preread_timeout 10s;\n"
              "        proxy_pass $visavis_web;\n"
              "        proxy_protocol on;\n"
              "        proxy_connect_timeout 5s;\n"
              "        proxy_timeout " WEBSOCKET_TIMEOUT ";\n"
              "        tcp_nodelay on;\n"
              "    }\n}\n");
}
