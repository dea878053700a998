#include "host/paths.h"
#include "nginx/site.h"
#include "nginx/site_rules.h"
#include "nginx/site_text.h"

#include <inttypes.h>
#include <stdio.h>

struct snippet {
    struct wr *w;
    const struct settings *s;
    const struct nginx_facts *f;
    struct site_guards guards;
    char name[SITE_NAME_SIZE];
    struct site_names others; /* on the certificate, too */
    char url[SETTINGS_URL_SIZE];
    char signaling[PATH_MAX]; /* its socket */
    long long http_port, https_port;
    uint64_t body_bytes; /* 0: no limit */
    bool selfsigned;
};

static const char *const guard_names[N_GUARDS] = {
    [GUARD_DASHBOARD] = "dashboard",
    [GUARD_RESTAPI] = "restapi",
};

/* "prefix 127.0.0.1 ::1 ..." */
static void put_nets(const struct snippet *t, enum site_guard guard)
{
    const struct allow_list *l = &t->guards.lists[guard];
    char text[ALLOW_NET_TEXT_SIZE];

    for (size_t i = 0; i < l->n; i++)
        wr_fmt(t->w, " %s", allow_net_format(&l->nets[i], text));
}

static bool is_guarded(const struct snippet *t, enum site_guard guard)
{
    return t->guards.lists[guard].n > 0;
}

static const char *pair_file(const char *name, char buf[static PATH_MAX])
{
    char live[64];

    snprintf(live, sizeof(live), "live/%s", name);
    return path_join(buf, PATH_CERTS, live);
}

/* ---- nginx ---- */

static void put_nginx(const struct snippet *t)
{
    wr_str(t->w,
           "# Visavis behind an nginx of your own. Goes to a file that nginx includes in http{}.\n"
           "# Its user must reach Visavis's sockets:\n"
           "#   usermod -aG visavis-proxy www-data && systemctl restart nginx\n"
           "# Print this again after a change of names, ports or lists in the settings.\n");
    render_site(t->w, t->s, PROXY_EXTERNAL, t->f);
}

/* ---- Apache ---- */

/* A CA comes to each name of the certificate, by http first. */
static void put_apache_acme(const struct snippet *t)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < t->others.n; i++)
        wr_fmt(t->w, "    ServerAlias %s\n", t->others.list[i]);
    path_join(path, PATH_ACME_WEBROOT, &SITE_ACME_PATH[1]);
    wr_fmt(t->w,
           "    Alias " SITE_ACME_PATH " \"%s\"\n"
           "    <Directory \"%s\">\n"
           "        ForceType text/plain\n"
           "        Require all granted\n"
           "    </Directory>\n",
           path, path);
}

static void put_apache_redirect(const struct snippet *t)
{
    wr_fmt(t->w, "<VirtualHost *:%lld>\n    ServerName %s\n", t->http_port, t->name);
    put_apache_acme(t);
    wr_fmt(t->w,
           "    RedirectMatch permanent \"^/(?![.]well-known/acme-challenge/)(.*)$\" \"%s/$1\"\n"
           "</VirtualHost>\n",
           t->url);
}

static void put_apache_headers(const struct snippet *t)
{
    wr_str(t->w, "    ProxyPreserveHost On\n"
                 "    ProxyTimeout 65\n"
                 "    RequestHeader set X-Real-IP \"expr=%{REMOTE_ADDR}\"\n"
                 "    RequestHeader set X-Forwarded-Proto https\n");
    if (!t->selfsigned && *settings_text(t->s, SET_HTTPS_HSTS)) {
        wr_str(t->w, "    Header always set Strict-Transport-Security ");
        site_put_word(t->w, settings_text(t->s, SET_HTTPS_HSTS));
        wr_str(t->w, "\n");
    }
    if (settings_bool(t->s, SET_XFRAME_SAMEORIGIN))
        wr_str(t->w, "    Header always set X-Frame-Options SAMEORIGIN\n");
    /* LimitRequestBody does not count for what Apache passes on. */
    if (t->body_bytes)
        wr_fmt(t->w,
               "    RewriteEngine On\n"
               "    RewriteCond expr \"%%{HTTP:Content-Length} -gt %" PRIu64 "\"\n"
               "    RewriteRule ^ - [R=413,L]\n",
               t->body_bytes);
}

static void put_apache_routes(const struct snippet *t)
{
    for (const struct site_route *r = site_routes; r->path; r++) {
        if (!site_has_route(t->s, r))
            continue;
        wr_fmt(t->w, "    ProxyPass \"%s\" \"unix:%s|http://localhost%s\"%s\n", r->path,
               t->signaling, r->path,
               r->target == TARGET_WEBSOCKET ? " upgrade=websocket timeout=86400" : "");
        if (!is_guarded(t, r->guard))
            continue;
        wr_fmt(t->w, "    <Location \"%s\">\n        Require ip", r->path);
        put_nets(t, r->guard);
        wr_str(t->w, "\n    </Location>\n");
    }
    wr_fmt(t->w,
           "    ProxyPassMatch \"^.*(/openvidu)$\" \"unix:%s|http://localhost$1\" "
           "upgrade=websocket timeout=86400\n"
           "    ProxyPass \"/\" \"http://127.0.0.1:5442/\" upgrade=websocket\n",
           t->signaling);
}

static void put_apache(const struct snippet *t)
{
    char path[PATH_MAX];

    wr_fmt(t->w,
           "# Visavis behind Apache 2.4.47 or newer. Goes to /etc/apache2/sites-available/"
           "visavis.conf, then\n"
           "#   a2enmod ssl headers rewrite proxy proxy_http && a2ensite visavis\n"
           "#   usermod -aG visavis-proxy www-data && systemctl restart apache2\n"
           "# Apache has to listen on ports %lld and %lld: `Listen` in ports.conf. Own "
           "certificates go to the two\n"
           "# SSLCertificate lines. Print this again after a change of names, ports or lists.\n",
           t->http_port, t->https_port);
    put_apache_redirect(t);
    wr_fmt(t->w, "<VirtualHost *:%lld>\n    ServerName %s\n    SSLEngine on\n", t->https_port,
           t->name);
    wr_fmt(t->w, "    SSLCertificateFile %s\n", pair_file("fullchain.pem", path));
    wr_fmt(t->w, "    SSLCertificateKeyFile %s\n", pair_file("privkey.pem", path));
    put_apache_headers(t);
    put_apache_acme(t);
    wr_str(t->w, "    ProxyPass " SITE_ACME_PATH " !\n");
    put_apache_routes(t);
    wr_str(t->w, "</VirtualHost>\n");
}

/* ---- Caddy ---- */

static void put_caddy_paths(const struct snippet *t, enum site_guard guard, bool all)
{
    for (const struct site_route *r = site_routes; r->path; r++)
        if (site_has_route(t->s, r) && (all || r->guard == guard))
            wr_fmt(t->w, " %s %s/*", r->path, r->path);
    wr_str(t->w, "\n");
}

static void put_caddy_guards(const struct snippet *t)
{
    for (enum site_guard g = GUARD_DASHBOARD; g < N_GUARDS; g++) {
        if (!is_guarded(t, g))
            continue;
        wr_fmt(t->w, "        @%s {\n            path", guard_names[g]);
        put_caddy_paths(t, g, false);
        wr_str(t->w, "            not remote_ip");
        put_nets(t, g);
        wr_fmt(t->w, "\n        }\n        respond @%s 403\n", guard_names[g]);
    }
}

static void put_caddy_headers(const struct snippet *t)
{
    const char *hsts = settings_text(t->s, SET_HTTPS_HSTS);

    if (!t->selfsigned && *hsts) {
        wr_str(t->w, "    header Strict-Transport-Security ");
        site_put_word(t->w, hsts);
        wr_str(t->w, "\n");
    }
    if (settings_bool(t->s, SET_XFRAME_SAMEORIGIN))
        wr_str(t->w, "    header X-Frame-Options SAMEORIGIN\n");
    if (t->body_bytes)
        wr_fmt(t->w, "    request_body {\n        max_size %" PRIu64 "\n    }\n", t->body_bytes);
}

static void put_caddy_acme(const struct snippet *t, const char *indent)
{
    wr_fmt(t->w,
           "%shandle " SITE_ACME_PATH "* {\n"
           "%s    root * %s\n"
           "%s    file_server\n"
           "%s}\n",
           indent, indent, path_of(PATH_ACME_WEBROOT), indent, indent);
}

/* A CA comes to each name of the certificate, by http first. */
static void put_caddy_http(const struct snippet *t)
{
    wr_fmt(t->w, "http://%s:%lld", t->name, t->http_port);
    for (size_t i = 0; i < t->others.n; i++)
        wr_fmt(t->w, ", http://%s:%lld", t->others.list[i], t->http_port);
    wr_str(t->w, " {\n");
    put_caddy_acme(t, "    ");
    wr_fmt(t->w, "    handle {\n        redir %s{uri} permanent\n    }\n}\n", t->url);
}

static void put_caddy(const struct snippet *t)
{
    char path[PATH_MAX];

    wr_str(t->w, "# Visavis behind Caddy 2.6 or newer. Goes to the Caddyfile.\n"
                 "# Its user must reach Visavis's sockets:\n"
                 "#   usermod -aG visavis-proxy,visavis-certs caddy && systemctl restart caddy\n"
                 "# Without the line `tls` Caddy gets a certificate by itself. Print this again "
                 "after a change of\n# names, ports or lists in the settings.\n");
    put_caddy_http(t);
    wr_fmt(t->w, "https://%s:%lld {\n    tls %s", t->name, t->https_port,
           pair_file("fullchain.pem", path));
    wr_fmt(t->w, " %s\n", pair_file("privkey.pem", path));
    put_caddy_headers(t);
    wr_str(t->w, "    route {\n"
                 "        @dots expression {http.request.uri.path}.matches(\"/[.][.]?(/|$)\")\n"
                 "        respond @dots 400\n");
    put_caddy_guards(t);
    put_caddy_acme(t, "        ");
    wr_str(t->w, "        @signaling path");
    put_caddy_paths(t, GUARD_NONE, true);
    wr_fmt(t->w,
           "        handle @signaling {\n"
           "            reverse_proxy unix/%s {\n"
           "                header_up X-Real-IP {remote_host}\n"
           "            }\n"
           "        }\n"
           "        @rpc path_regexp /openvidu$\n"
           "        handle @rpc {\n"
           "            rewrite * /openvidu?{query}\n"
           "            reverse_proxy unix/%s {\n"
           "                header_up X-Real-IP {remote_host}\n"
           "            }\n"
           "        }\n"
           "        reverse_proxy 127.0.0.1:5442\n"
           "    }\n}\n",
           t->signaling, t->signaling);
}

/* ---- HAProxy ---- */

static void put_haproxy_redirect(const struct snippet *t)
{
    wr_fmt(t->w,
           "frontend visavis_http\n"
           "    mode http\n"
           "    timeout client 65s\n"
           "    bind :%lld\n",
           t->http_port);
    if (t->f->ipv6)
        wr_fmt(t->w, "    bind :::%lld v6only\n", t->http_port);
    wr_fmt(t->w,
           "    acl visavis_acme path_beg " SITE_ACME_PATH "\n"
           "    http-request redirect prefix %s code 301 if !visavis_acme\n"
           "    default_backend visavis_acme\n",
           t->url);
}

static void put_haproxy_rules(const struct snippet *t)
{
    for (const struct site_route *r = site_routes; r->path; r++) {
        if (!site_has_route(t->s, r))
            continue;
        wr_fmt(t->w, "    acl visavis_signaling path,url_dec -m reg ^%s(/|$)\n", r->path);
        if (is_guarded(t, r->guard))
            wr_fmt(t->w, "    acl visavis_%s path,url_dec -m reg ^%s(/|$)\n", guard_names[r->guard],
                   r->path);
    }
    for (enum site_guard g = GUARD_DASHBOARD; g < N_GUARDS; g++) {
        if (!is_guarded(t, g))
            continue;
        wr_fmt(t->w, "    http-request deny if visavis_%s !{ src", guard_names[g]);
        put_nets(t, g);
        wr_str(t->w, " }\n");
    }
    wr_str(t->w, "    use_backend visavis_acme if { path_beg " SITE_ACME_PATH " }\n"
                 "    use_backend visavis_signaling if visavis_signaling\n"
                 "    use_backend visavis_rpc if { path,url_dec -m end /openvidu }\n"
                 "    default_backend visavis_call\n");
}

static void put_haproxy_headers(const struct snippet *t)
{
    wr_str(t->w, "    option forwardfor\n"
                 "    http-request set-header X-Real-IP %[src]\n"
                 "    http-request set-header X-Forwarded-Proto https\n"
                 "    http-request deny deny_status 400 if { path,url_dec -m reg "
                 "(^|/)[.][.]?(/|$) }\n");
    if (t->body_bytes)
        wr_fmt(t->w,
               "    http-request deny deny_status 413 if { req.hdr(content-length) -m int gt "
               "%" PRIu64 " }\n",
               t->body_bytes);
    if (!t->selfsigned && *settings_text(t->s, SET_HTTPS_HSTS)) {
        wr_str(t->w, "    http-response set-header Strict-Transport-Security ");
        site_put_word(t->w, settings_text(t->s, SET_HTTPS_HSTS));
        wr_str(t->w, "\n");
    }
    if (settings_bool(t->s, SET_XFRAME_SAMEORIGIN))
        wr_str(t->w, "    http-response set-header X-Frame-Options SAMEORIGIN\n");
}

static void put_haproxy_backend(const struct snippet *t, const char *name, const char *server)
{
    wr_fmt(t->w,
           "backend %s\n"
           "    mode http\n"
           "    timeout connect 5s\n"
           "    timeout server 65s\n"
           "    timeout tunnel 1d\n"
           "    server visavis %s\n",
           name, server);
}

static void put_haproxy(const struct snippet *t)
{
    char path[PATH_MAX], run[PATH_MAX], server[PATH_MAX + 32];

    snprintf(run, sizeof(run), "%s", path_of(PATH_RUN));
    wr_fmt(t->w,
           "# Visavis behind HAProxy 2.4 or newer. Goes to the end of haproxy.cfg. HAProxy wants "
           "certificate and\n"
           "# key beside each other:\n"
           "#   ln -s %s /etc/haproxy/visavis.pem\n",
           pair_file("fullchain.pem", path));
    wr_fmt(t->w, "#   ln -s %s /etc/haproxy/visavis.pem.key\n", pair_file("privkey.pem", path));
    wr_fmt(t->w,
           "#   usermod -aG visavis-proxy haproxy && systemctl restart haproxy\n"
           "# Where haproxy.cfg has `chroot /var/lib/haproxy` (Debian's has), Visavis's sockets "
           "must be in there:\n"
           "#   systemctl edit haproxy, then the lines  [Service]  and  "
           "BindPaths=%s:/var/lib/haproxy%s\n"
           "# Print this again after a change of names, ports or lists in the settings.\n",
           run, run);
    put_haproxy_redirect(t);
    wr_fmt(t->w,
           "frontend visavis_https\n"
           "    mode http\n"
           "    timeout client 65s\n"
           "    bind :%lld ssl crt /etc/haproxy/visavis.pem alpn h2,http/1.1\n",
           t->https_port);
    if (t->f->ipv6)
        wr_fmt(t->w, "    bind :::%lld v6only ssl crt /etc/haproxy/visavis.pem alpn h2,http/1.1\n",
               t->https_port);
    put_haproxy_headers(t);
    put_haproxy_rules(t);
    snprintf(server, sizeof(server), "unix@%s", t->signaling);
    put_haproxy_backend(t, "visavis_signaling", server);
    put_haproxy_backend(t, "visavis_rpc", server);
    wr_str(t->w, "    http-request set-path /openvidu\n");
    put_haproxy_backend(t, "visavis_call", "127.0.0.1:5442");
    /* Somebody is there while a CA looks at this machine. */
    path_join(path, PATH_RUN, SITE_ACME_HTTP_SOCKET);
    snprintf(server, sizeof(server), "unix@%s send-proxy", path);
    put_haproxy_backend(t, "visavis_acme", server);
}

/* ---- all ---- */

static void (*const writers[])(const struct snippet *t) = {put_nginx, put_apache, put_caddy,
                                                           put_haproxy};

const char *const site_snippet_names[] = {"nginx", "apache", "caddy", "haproxy", NULL};

int render_snippet(struct wr *w, const struct settings *s, const struct nginx_facts *f,
                   const char *server)
{
    struct snippet t = {
        .w = w,
        .s = s,
        .f = f,
        .http_port = (long long) settings_int(s, SET_HTTP_PORT),
        .https_port = (long long) settings_int(s, SET_HTTPS_PORT),
        .body_bytes = site_size_bytes(settings_text(s, SET_CLIENT_MAX_BODY_SIZE)),
        .selfsigned = strcmp(settings_text(s, SET_CERTIFICATE_TYPE), "selfsigned") == 0,
    };

    site_guards(s, f, &t.guards);
    site_name(s, t.name);
    site_names(s, 0, &t.others);
    settings_public_url(s, t.url);
    path_join(t.signaling, PATH_RUN, "signaling.sock");
    for (size_t i = 0; site_snippet_names[i]; i++)
        if (strcmp(server, site_snippet_names[i]) == 0) {
            writers[i](&t);
            return 0;
        }
    return -ENOENT;
}
