#include "nginx/nginx.h"

#include "nginx/site_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const proxy_layout_names[] = {
    [PROXY_FRONT] = "front",
    [PROXY_SITE] = "site",
    [PROXY_EXTERNAL] = "external",
    NULL,
};

struct answer {
    char *why;
    size_t size;
};

static bool say(const struct answer *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Returns true, for a condition that holds. */
static bool say(const struct answer *a, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(a->why, a->size, fmt, args);
    va_end(args);
    return true;
}

/* What keeps nginx from serving us in any layout. */
static bool is_impossible(const struct settings *s, const struct nginx_facts *f,
                          const struct answer *a)
{
    const char *domain = settings_text(s, SET_DOMAIN_OR_PUBLIC_IP);

    if (!f->installed)
        return say(a, "nginx is not installed: install the packages nginx and "
                      "libnginx-mod-stream, or say PROXY=external if another web server is in "
                      "front");
    if (*f->broken)
        return say(a,
                   "nginx's configuration is wrong already without Visavis, so nginx would not "
                   "start: %s",
                   f->broken);
    if (!*f->site_link)
        return say(a,
                   "%s includes neither sites-enabled/* nor conf.d/*.conf in http{}, so nginx "
                   "would not find the site: add such an include",
                   f->conf);
    if (*f->name_taken_by)
        return say(a,
                   "nginx has another site with the name %s on HTTPS_PORT or HTTP_PORT, at %s: "
                   "take the name or the site away there, or choose other ports",
                   domain, f->name_taken_by);
    if (*f->port_in_stream_at)
        return say(a,
                   "a stream server of nginx has HTTPS_PORT or HTTP_PORT already, at %s: choose "
                   "other ports",
                   f->port_in_stream_at);
    if (f->https_shared && site_name_is_ip(s))
        return say(a,
                   "another site of nginx is on port %lld, at %s; DOMAIN_OR_PUBLIC_IP is an "
                   "address, and browsers that call by address name no site, so they would get "
                   "that one's certificate: choose another HTTPS_PORT, or a name",
                   (long long) settings_int(s, SET_HTTPS_PORT), f->https_shared_by);
    return false;
}

/* What keeps the stream server from having HTTPS_PORT. */
static bool is_no_front(const struct settings *s, const struct nginx_facts *f,
                        const struct answer *a)
{
    if (f->https_shared)
        return say(a, "another site of nginx is on port %lld, at %s",
                   (long long) settings_int(s, SET_HTTPS_PORT), f->https_shared_by);
    if (*f->stream_block_at)
        return say(a, "nginx has a stream{} block already, at %s, and takes only one",
                   f->stream_block_at);
    if (!f->has_stream)
        return say(a, "nginx lacks the stream module with ssl_preread: install the package "
                      "libnginx-mod-stream (nginx-mod-stream on RHEL-likes)");
    if (!*f->stream_link)
        return say(a,
                   "%s includes neither modules-enabled/*.conf nor "
                   "/usr/share/nginx/modules/*.conf outside of http{}",
                   f->conf);
    return false;
}

int nginx_choose(const struct settings *s, const struct nginx_facts *f,
                 enum proxy_layout *ret_layout, char *why, size_t why_size)
{
    const char *asked = settings_text(s, SET_PROXY);
    struct answer a = {.why = why, .size = why_size};
    char reason[512] = "";
    struct answer no_front = {.why = reason, .size = sizeof(reason)};

    *why = '\0';
    if (strcmp(asked, "external") == 0) {
        *ret_layout = PROXY_EXTERNAL;
        return 0;
    }
    if (is_impossible(s, f, &a))
        return -EINVAL;
    if (strcmp(asked, "site") == 0) {
        *ret_layout = PROXY_SITE;
        return 0;
    }
    if (is_no_front(s, f, &no_front)) {
        if (strcmp(asked, "front") == 0) {
            say(&a, "PROXY=front cannot be: %s; mend that, or say PROXY=site", reason);
            return -EINVAL;
        }
        say(&a, "the site layout, since %s", reason);
        *ret_layout = PROXY_SITE;
        return 0;
    }
    *ret_layout = PROXY_FRONT;
    return 0;
}

bool nginx_advise_connections(const struct settings *s, const struct nginx_facts *f,
                              enum proxy_layout layout, char *text, size_t size)
{
    long long wanted = (long long) settings_int(s, SET_WORKER_CONNECTIONS);
    /* Client and daemon; in the front layout the stream server's two as well. */
    long each = layout == PROXY_FRONT ? 4 : 2;

    *text = '\0';
    if (layout == PROXY_EXTERNAL || f->worker_connections <= 0 || f->worker_connections >= wanted)
        return false;
    snprintf(text, size,
             "each nginx worker takes %ld connections (%s), WORKER_CONNECTIONS asks for %lld; a "
             "browser needs %ld of them, so there is room for about %ld browsers a worker: set "
             "`worker_connections %lld;` there, and `worker_rlimit_nofile %lld;` at the top of %s",
             f->worker_connections, f->worker_connections_at, wanted, each,
             f->worker_connections / each, wanted, wanted + 1024, f->conf);
    return true;
}

bool nginx_advise_http_port(const struct settings *s, const struct nginx_facts *f,
                            enum proxy_layout layout, char *text, size_t size)
{
    long long port = (long long) settings_int(s, SET_HTTP_PORT);
    bool all = f->http_held_ipv4 && (f->http_held_ipv6 || !f->ipv6);

    *text = '\0';
    if (layout == PROXY_EXTERNAL || (!f->http_held_ipv4 && !f->http_held_ipv6))
        return false;
    snprintf(
        text, size,
        "port %lld (HTTP_PORT)%s is held by %s. The site is served by https all the same, but "
        "http:// addresses do not lead to it%s, and a certificate authority that comes to port "
        "80 does not find us. End that program, or choose another port (sudo visavis config "
        "set HTTP_PORT=8080), then: sudo visavis restart",
        port,
        all                 ? ""
        : f->http_held_ipv4 ? ", on IPv4,"
                            : ", on IPv6,",
        f->http_held_by, all ? "" : " there");
    return true;
}
