#include "nginx/nginx_scan.h"

#include "nginx/nginx_listen.h"
#include "nginx/nginx_places.h"
#include "nginx/nginx_walk.h"
#include "nginx/site_text.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* ---- nginx -V ---- */

static bool has_argument(const char *text, const char *argument)
{
    size_t len = strlen(argument);

    for (const char *at = strstr(text, argument); at; at = strstr(at + len, argument))
        if (at > text && at[-1] == ' ' && strchr(" \n", at[len]))
            return true;
    return false;
}

static void copy_argument(const char *text, const char *name, char ret[static PATH_MAX])
{
    const char *at = strstr(text, name);

    if (!at)
        return;
    at += strlen(name);
    snprintf(ret, PATH_MAX, "%.*s", (int) strcspn(at, " \n"), at);
}

/* "1.22.1" as 1022001; 0: no version. */
static unsigned read_version(const char *text)
{
    unsigned version = 0;

    for (int i = 0; i < 3; i++) {
        char *end;
        unsigned long n = strtoul(text, &end, 10);

        if (end == text || n > 999 || (i < 2 && *end != '.'))
            return 0;
        version = version * 1000 + (unsigned) n;
        text = end + 1;
    }
    return version;
}

void nginx_build_parse(const char *text, struct nginx_build *ret)
{
    struct nginx_build b = {.version = 0};
    const char *at = strstr(text, "nginx version: ");

    at = at ? strchr(at, '/') : NULL;
    b.version = at ? read_version(at + 1) : 0;
    b.stream = has_argument(text, "--with-stream");
    b.stream_dynamic = has_argument(text, "--with-stream=dynamic");
    b.preread = has_argument(text, "--with-stream_ssl_preread_module");
    b.realip = has_argument(text, "--with-http_realip_module");
    b.http2 = has_argument(text, "--with-http_v2_module");
    b.status = has_argument(text, "--with-http_stub_status_module");
    copy_argument(text, "--conf-path=", b.conf);
    copy_argument(text, "--pid-path=", b.pid);
    *ret = b;
}

/* ---- the configuration ---- */

struct scan {
    const struct nginx_build *build;
    struct nginx_facts *f;
    char *pid_file;
    uint16_t https_port, http_port;
    char name[SITE_NAME_SIZE];
    const struct settings *settings;
    bool stream_loaded;
    struct {
        char at[NGINX_WHERE_SIZE];
        bool listens; /* there is a `listen` */
        bool https, http, http2;
        bool has_name;
        unsigned has_names; /* of CERTIFICATE_NAMES */
    } server;               /* that is open */
};

static void tell_where(char ret[static NGINX_WHERE_SIZE], const struct nginx_place *at)
{
    if (!*ret)
        snprintf(ret, NGINX_WHERE_SIZE, "%s:%u", at->file, at->line);
}

static void on_include(struct scan *x, const struct nginx_statement *st,
                       const struct nginx_place *at)
{
    char pattern[PATH_MAX], path[PATH_MAX];

    nginx_include_path(pattern, x->f->conf, st->words[1]);
    for (const struct nginx_link_place *p = nginx_link_places; p->dir; p++) {
        bool is_site = p->file == NGINX_FILE_SITE;
        char *link = is_site ? x->f->site_link : x->f->stream_link;
        bool better = !*link || (is_site && x->f->conf_d && strstr(p->dir, "sites-enabled"));

        if (strcmp(at->context, is_site ? "http" : "") != 0 || !better)
            continue;
        nginx_link_path(path, p);
        if (fnmatch(pattern, path, FNM_PATHNAME) != 0)
            continue;
        memcpy(link, path, PATH_MAX);
        if (is_site)
            x->f->conf_d = strstr(p->dir, "conf.d") != NULL;
    }
}

static void on_listen(struct scan *x, const struct nginx_listen *l)
{
    x->server.listens = true;
    x->server.https |= nginx_listen_has_port(l, x->https_port);
    x->server.http |= nginx_listen_has_port(l, x->http_port);
    x->server.http2 |= l->http2 && nginx_listen_has_port(l, x->https_port);
}

static void on_server_name(struct scan *x, const struct nginx_statement *st)
{
    const struct settings *s = x->settings;
    char name[SITE_NAME_SIZE];

    for (size_t i = 1; i < st->n_words; i++) {
        x->server.has_name |= strcasecmp(st->words[i], x->name) == 0;
        for (size_t k = 0; k < settings_n(s, SET_CERTIFICATE_NAMES); k++) {
            site_name_of(settings_item(s, SET_CERTIFICATE_NAMES, k), name);
            x->server.has_names |= (strcasecmp(st->words[i], name) == 0) << k;
        }
    }
}

static void on_server_end(struct scan *x)
{
    struct nginx_facts *f = x->f;

    if (!x->server.listens) {
        struct nginx_listen l = nginx_listen_default();

        on_listen(x, &l);
    }
    if (x->server.https && !f->https_shared) {
        f->https_shared = true;
        memcpy(f->https_shared_by, x->server.at, NGINX_WHERE_SIZE);
    }
    f->https_http2 |= x->server.http2;
    f->http_default_taken |= x->server.http;
    if (x->server.has_name && (x->server.https || x->server.http) && !*f->name_taken_by)
        memcpy(f->name_taken_by, x->server.at, NGINX_WHERE_SIZE);
    if (x->server.https || x->server.http)
        f->names_taken |= x->server.has_names;
}

static void on_http(struct scan *x, const struct nginx_statement *st, const struct nginx_place *at)
{
    bool in_server = strcmp(at->context, "http/server") == 0;
    struct nginx_listen l;

    if (strcmp(at->context, "http") == 0 && st->opens && strcmp(st->words[0], "server") == 0) {
        memset(&x->server, 0, sizeof(x->server));
        tell_where(x->server.at, at);
    } else if (in_server && st->n_words == 0) {
        on_server_end(x);
    } else if (in_server && strcmp(st->words[0], "server_name") == 0) {
        on_server_name(x, st);
    } else if (in_server && strcmp(st->words[0], "listen") == 0 &&
               nginx_listen_parse(st, false, &l) == 0) {
        on_listen(x, &l);
    }
}

static void on_stream(struct scan *x, const struct nginx_statement *st,
                      const struct nginx_place *at)
{
    struct nginx_listen l;

    if (st->n_words < 2 || strcmp(at->context, "stream/server") != 0 ||
        strcmp(st->words[0], "listen") != 0 || nginx_listen_parse(st, true, &l) < 0)
        return;
    if (nginx_listen_has_port(&l, x->https_port) || nginx_listen_has_port(&l, x->http_port))
        tell_where(x->f->port_in_stream_at, at);
}

static void on_main(struct scan *x, const struct nginx_statement *st, const struct nginx_place *at)
{
    if (st->opens && strcmp(st->words[0], "stream") == 0)
        tell_where(x->f->stream_block_at, at);
    else if (st->n_words == 2 && strcmp(st->words[0], "load_module") == 0)
        x->stream_loaded |= strstr(st->words[1], "ngx_stream_module") != NULL;
    else if (st->n_words == 2 && strcmp(st->words[0], "pid") == 0)
        snprintf(x->pid_file, PATH_MAX, "%s", st->words[1]);
}

static void on_statement(const struct nginx_statement *st, const struct nginx_place *at, void *arg)
{
    struct scan *x = arg;

    if (st->n_words == 2 && strcmp(st->words[0], "include") == 0)
        on_include(x, st, at);
    if (strncmp(at->context, "http", 4) == 0) {
        on_http(x, st, at);
    } else if (strncmp(at->context, "stream", 6) == 0) {
        on_stream(x, st, at);
    } else if (strcmp(at->context, "events") == 0 && st->n_words == 2 &&
               strcmp(st->words[0], "worker_connections") == 0) {
        x->f->worker_connections = strtol(st->words[1], NULL, 10);
        tell_where(x->f->worker_connections_at, at);
    } else if (!*at->context && st->n_words > 0) {
        on_main(x, st, at);
    }
}

static bool skips_ours(const char *file, void *arg)
{
    (void) arg;
    return nginx_is_ours(file);
}

void nginx_scan(const struct settings *s, const struct nginx_build *build, struct nginx_facts *f,
                char pid_file[static PATH_MAX])
{
    struct scan x = {.build = build,
                     .f = f,
                     .pid_file = pid_file,
                     .settings = s,
                     .https_port = (uint16_t) settings_int(s, SET_HTTPS_PORT),
                     .http_port = (uint16_t) settings_int(s, SET_HTTP_PORT)};
    struct nginx_visitor v = {.on_statement = on_statement, .skips = skips_ours, .arg = &x};

    site_name(s, x.name);
    (void) nginx_walk(f->conf, &v);
    f->has_stream = (build->stream || (build->stream_dynamic && x.stream_loaded)) &&
                    build->preread && build->realip;
}
