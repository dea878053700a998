/* What visitors and their browsers meet: asked through the loopback address with the name that they
 * use, so that routers and name servers do not count, and once through the real name. */
#include "doctor/check.h"

#include "doctor/web_probe.h"
#include "files/files.h"
#include "host/paths.h"
#include "nginx/site.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REQUEST_MS 4000
#define CHECK_MS 8000

/* What the daemons have, not what a new .env says. */
static const struct settings *served(const struct check_context *x)
{
    return x->in_force ? x->in_force : x->settings;
}

static bool is_external(const struct check_context *x)
{
    return strcmp(settings_text(served(x), SET_PROXY), "external") == 0;
}

struct web {
    char url[SETTINGS_URL_SIZE + 64];
    char at[64]; /* of the loopback address */
    char ca[PATH_MAX];
};

/* What libcurl cannot verify because the CA is not known here: our own CA is. */
static const char *own_ca(struct web *w)
{
    path_join(w->ca, PATH_CERTS, "live/ca.crt");
    return file_exists(w->ca) ? w->ca : NULL;
}

static void ask(const struct check_context *x, const char *path, const char *const *headers,
                struct web_answer *ret)
{
    struct web w;
    char base[SETTINGS_URL_SIZE];
    const struct http_request rq = {.method = "GET",
                                    .url = w.url,
                                    .headers = headers,
                                    .timeout_ms = REQUEST_MS,
                                    .connect_to = w.at,
                                    .any_certificate = true};

    snprintf(w.url, sizeof(w.url), "%s%s", settings_public_url(served(x), base), path);
    snprintf(w.at, sizeof(w.at), "127.0.0.1:%d", (int) settings_int(served(x), SET_HTTPS_PORT));
    web_probe(&rq, ret);
}

/* Everything but the expected answer, in words. False: it was the expected one. */
static bool tell_wrong(struct check_context *x, const char *path, const struct web_answer *a,
                       unsigned wanted)
{
    if (a->error == 0 && a->status == wanted)
        return false;
    if (a->error < 0) {
        found(x, SEVERITY_FAILURE, "The web server gives no answer for %s: %s.", path, a->message);
        found_command(x, "systemctl status nginx");
    } else if (a->status >= 502 && a->status <= 504) {
        found(x, SEVERITY_FAILURE,
              "The web server answers %u for %s: the daemon behind it is away.", a->status, path);
        found_command(x, "visavis status");
    } else {
        found(x, SEVERITY_FAILURE, "The web server answers %u for %s instead of %u.", a->status,
              path, wanted);
        found_command(x, "visavis logs nginx");
    }
    return true;
}

/* Does somebody accept connections there? 0 or a negative errno. */
static int try_connect(const struct sockaddr *sa, socklen_t len)
{
    int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int r = fd < 0 || connect(fd, sa, len) < 0 ? -errno : 0;

    if (fd >= 0)
        close(fd);
    return r;
}

static bool is_stale(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(sa.sun_path))
        return false;
    memcpy(sa.sun_path, path, strlen(path));
    return try_connect((struct sockaddr *) &sa, sizeof(sa)) == -ECONNREFUSED;
}

/* A socket that an nginx left behind which was killed. */
static bool socket_is_stale(char path[static PATH_MAX])
{
    for (const char *const *s = site_sockets; *s; s++)
        if (is_stale(path_join(path, PATH_RUN, *s)))
            return true;
    return false;
}

/* Without it every other check of this group would fail for the same reason. */
static void check_listens(struct check_context *x)
{
    int port = (int) settings_int(served(x), SET_HTTPS_PORT);
    const struct sockaddr_in sa = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t) port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char path[PATH_MAX];
    int r;

    if (x->origin == ORIGIN_GUESSED) {
        found(x, SEVERITY_UNKNOWN, "Which port it should be is not yours to read.");
        return;
    }
    r = try_connect((const struct sockaddr *) &sa, sizeof(sa));
    if (!is_external(x) && socket_is_stale(path)) {
        found(x, SEVERITY_FAILURE,
              "nginx does not run, and has left the socket %s behind, which may keep it from "
              "starting: nobody reaches the site.",
              path);
        found_command(x, "rm %s && systemctl restart nginx", path);
    } else if (r < 0) {
        found(x, SEVERITY_FAILURE,
              "No web server takes connections on HTTPS_PORT %d (%s): nobody reaches the site.",
              port, strerror(-r));
        found_command(x,
                      is_external(x) ? "visavis proxy snippet nginx" : "systemctl restart nginx");
    }
}

static void check_page(struct check_context *x)
{
    struct web_answer a;

    if (is_external(x))
        return;
    ask(x, "/", NULL, &a);
    if (strcmp(settings_text(served(x), SET_CALL_APP), "off") == 0 && a.error == 0)
        return; /* an application of the operator's; it may answer what it likes */
    tell_wrong(x, "/", &a, 200);
}

static void check_api(struct check_context *x)
{
    static const char path[] = "/openvidu/api/config/openvidu-publicurl";
    char wanted[SETTINGS_URL_SIZE];
    struct web_answer a;

    if (is_external(x))
        return;
    ask(x, path, NULL, &a);
    if (tell_wrong(x, path, &a, 200))
        return;
    settings_public_url(served(x), wanted);
    if (strncmp(a.body, wanted, strlen(wanted)) != 0 ||
        strspn(a.body + strlen(wanted), "/\n") != strlen(a.body + strlen(wanted))) {
        found(x, SEVERITY_FAILURE,
              "The server calls itself %.200s instead of %s: browsers are sent there.", a.body,
              wanted);
        found_command(x, "visavis restart");
    }
}

static void check_websocket(struct check_context *x)
{
    static const char *const headers[] = {"Connection: Upgrade", "Upgrade: websocket",
                                          "Sec-WebSocket-Version: 13",
                                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", NULL};
    struct web_answer a;

    if (is_external(x))
        return;
    ask(x, "/openvidu", headers, &a);
    if (a.error == 0 && a.status == 200)
        found(x, SEVERITY_FAILURE,
              "The web server does not pass WebSockets on (/openvidu answers 200): no client can "
              "join a session.");
    else
        tell_wrong(x, "a WebSocket at /openvidu", &a, 101);
}

static void check_redirect(struct check_context *x)
{
    char url[64 + 256], at[64], base[SETTINGS_URL_SIZE];
    const char *host = check_host(x);
    int port = (int) settings_int(served(x), SET_HTTP_PORT);
    const struct http_request rq = {
        .method = "GET", .url = url, .timeout_ms = REQUEST_MS, .connect_to = at};
    struct web_answer a;

    if (is_external(x) || !*host)
        return;
    snprintf(url, sizeof(url), strchr(host, ':') ? "http://[%.250s]:%d/" : "http://%.250s:%d/",
             host, port);
    snprintf(at, sizeof(at), "127.0.0.1:%d", port);
    web_probe(&rq, &a);
    settings_public_url(served(x), base);
    if (a.error < 0)
        found(x, SEVERITY_WARNING,
              "Nobody answers on HTTP_PORT %d (%s): who types the name alone "
              "is not sent on to https.",
              port, a.message);
    else if (a.status != 301 && a.status != 302 && a.status != 307 && a.status != 308)
        found(x, SEVERITY_WARNING,
              "http://%s:%d answers %u instead of sending visitors on to https.", host, port,
              a.status);
    else if (strncmp(a.location, "https://", 8) != 0)
        found(x, SEVERITY_WARNING, "http://%s:%d sends visitors to %.200s instead of %s.", host,
              port, a.location, base);
}

/* As a browser does it: name, certificate and all. */
static void check_public(struct check_context *x)
{
    struct web w;
    char base[SETTINGS_URL_SIZE];
    struct http_request rq = {.method = "GET", .url = w.url, .timeout_ms = REQUEST_MS};
    struct web_answer a;

    if (!*check_host(x))
        return;
    rq.ca_file = own_ca(&w);
    snprintf(w.url, sizeof(w.url), "%s/openvidu/api/config/openvidu-publicurl",
             settings_public_url(served(x), base));
    web_probe(&rq, &a);
    if (a.error == -EPROTO)
        found(x, SEVERITY_WARNING, "%s cannot be reached as browsers do it: %s.", base, a.message);
    else if (a.error < 0)
        found(x, SEVERITY_NOTE,
              "This machine cannot reach %s itself (%s). Visitors from elsewhere may; those in its "
              "own network perhaps not (a router without hairpin NAT).",
              base, a.message);
    else if (a.status != 200)
        found(x, SEVERITY_WARNING, "%s answers %u: is it another server?", base, a.status);
}

#define OF_WEB .flags = CHECK_INSTALLED, .timeout_ms = CHECK_MS, .needs = "web.listens"

static const struct check checks[] = {
    {.id = "web.listens",
     .title = "does a web server take connections on HTTPS_PORT",
     .fn = check_listens,
     .flags = CHECK_INSTALLED,
     .timeout_ms = CHECK_MS,
     .needs = "services.running"},
    {.id = "web.page", .title = "is there a page at /", .fn = check_page, OF_WEB},
    {.id = "web.redirect",
     .title = "are visitors of HTTP_PORT sent on to https",
     .fn = check_redirect,
     OF_WEB},
    {.id = "web.api",
     .title = "does the API answer, and call itself by the right URL",
     .fn = check_api,
     OF_WEB},
    {.id = "web.websocket", .title = "are WebSockets passed on", .fn = check_websocket, OF_WEB},
    {.id = "web.public",
     .title = "does it answer by its public name, with a trusted certificate",
     .fn = check_public,
     OF_WEB},
    {.id = NULL},
};

const struct check_group group_web = {"web", checks};
