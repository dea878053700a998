#include "signaling/pages.h"

#include "base/buf.h"
#include "signaling/access.h"
#include "signaling/app.h"
#include "signaling/cdr_pages.h"
#include "signaling/rest.h"

#include <stdio.h>
#include <string.h>

#define PLACE_MAX 1024
#define SEGMENTS_MAX 2

static const char accepted_html[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Certificate accepted</title>\n"
    "<p>This browser accepts the server's certificate now. Go back to the page that you came "
    "from.\n"
    "<script>history.back()</script>\n";

/* Each %s is the public address, which has no character that HTML knows. */
static const char dashboard_html[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"dark\">\n<title>Visavis</title>\n"
    "<style>body{background:#10151c;color:#e8eef5;font:16px/1.6 "
    "system-ui,sans-serif;max-width:44em;"
    "margin:0 auto;padding:2em 1em}a{color:#7cc4ff}dt{color:#9fb0c2;margin-top:1em}dd{margin:0;"
    "overflow-wrap:anywhere}</style>\n"
    "<h1>Visavis</h1>\n<p>The video server is running.\n<dl>\n"
    "<dt>The application, for people\n<dd><a href=\"%s\">%s</a>\n"
    "<dt>The API, for applications\n<dd>%sopenvidu/api\n"
    "<dt>The API's user\n<dd>" API_USER ", with the secret that the operator has set "
    "(OPENVIDU_SECRET)\n"
    "<dt>The server's health, for its operator\n<dd><code>visavis status</code> on the machine\n"
    "</dl>\n";

static void add_headers(struct web_request *rq)
{
    web_reply_header(rq, "Cache-Control", "no-cache"); /* asks each time */
}

static void reply_html(struct web_request *rq, const char *policy, const char *html)
{
    web_reply_header(rq, "X-Content-Type-Options", "nosniff");
    web_reply_header(rq, "Content-Security-Policy", policy);
    web_reply(rq, 200, "text/html; charset=utf-8", bytes_str(html));
}

static void accept_certificate(struct app *app, struct web_request *rq)
{
    (void) app;
    reply_html(rq, "default-src 'none'; script-src 'unsafe-inline'", accepted_html);
}

static void dashboard(struct app *app, struct web_request *rq)
{
    char url[PUBLIC_URL_SIZE], html[sizeof(dashboard_html) + 3 * PUBLIC_URL_SIZE];

    public_url_format(&app->config.public_url, url);
    snprintf(html, sizeof(html), dashboard_html, url, url, url);
    reply_html(rq, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'", html);
}

/* ---- files ---- */

/* What is below the path that leads here: from the folder of recordings, layouts or CDR on. */
static const char *below(const struct web_request *rq)
{
    const char *first = web_segment(rq, 0);
    bool one = strcmp(first, "recordings") == 0 || strcmp(first, "cdr") == 0;

    return web_rest(rq, one ? 1 : 2);
}

static void layouts(struct app *app, struct web_request *rq)
{
    const char *path = below(rq);

    if (*app->config.layouts_path && path)
        web_reply_file(rq, app->config.layouts_path, path);
    else
        rest_refuse(rq, 404);
}

static void put_encoded(struct wr *w, const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~/";

    for (; *path; path++) {
        if (strchr(plain, *path))
            wr_u8(w, (uint8_t) *path);
        else
            wr_fmt(w, "%%%02X", (unsigned char) *path);
    }
}

/* "id/file", and neither hidden nor leading anywhere else. */
static bool is_recording(const char *path)
{
    const char *slash = path ? strchr(path, '/') : NULL;

    return slash && slash > path && path[0] != '.' && slash[1] != '\0' && slash[1] != '.' &&
           !strchr(slash + 1, '/');
}

/* nginx decodes the place, looks for the file, and answers 404 by itself. */
static void send_place(struct web_request *rq, const char *path)
{
    char place[PLACE_MAX];
    struct wr w = wr_init(place, sizeof(place));

    wr_str(&w, "/_visavis/recordings/");
    put_encoded(&w, path);
    wr_u8(&w, 0);
    if (w.failed || web_reply_header(rq, "X-Accel-Redirect", place) < 0)
        rest_refuse(rq, 404);
    else
        web_reply(rq, 200, NULL, bytes_str(NULL));
}

static void send_recording(struct app *app, struct web_request *rq)
{
    const char *path = below(rq);

    if (!*app->config.recordings_path || !is_recording(path))
        rest_refuse(rq, 404);
    else if (app->config.accel)
        send_place(rq, path);
    else
        web_reply_file(rq, app->config.recordings_path, path);
}

static void recordings(struct app *app, struct web_request *rq)
{
    if (app->config.recordings_public)
        send_recording(app, rq);
    else
        access_admit(app, rq, send_recording);
}

static void send_cdr(struct app *app, struct web_request *rq)
{
    cdr_pages_reply(rq, app->config.cdr_path, below(rq));
}

static void cdr(struct app *app, struct web_request *rq)
{
    access_admit(app, rq, send_cdr);
}

/* ---- routes ---- */

static const struct {
    const char *path[SEGMENTS_MAX]; /* what it begins with */
    bool whole;                     /* nothing may follow */
    bool old;                       /* only with the deprecated API */
    access_fn *fn;
} routes[] = {
    {{"openvidu", "recordings"}, .fn = recordings},
    {{"recordings"}, .old = true, .fn = recordings},
    {{"openvidu", "cdr"}, .fn = cdr},
    {{"cdr"}, .old = true, .fn = cdr},
    {{"openvidu", "layouts"}, .fn = layouts},
    {{"layouts", "custom"}, .old = true, .fn = layouts},
    {{"openvidu", "accept-certificate"}, .whole = true, .fn = accept_certificate},
    {{"accept-certificate"}, .whole = true, .old = true, .fn = accept_certificate},
    {{"dashboard"}, .whole = true, .fn = dashboard},
};

static bool matches(const struct web_request *rq, const char *const path[static SEGMENTS_MAX],
                    bool whole)
{
    unsigned n = 0;

    for (; n < SEGMENTS_MAX && path[n]; n++) {
        const char *segment = web_segment(rq, n);

        if (!segment || strcmp(segment, path[n]) != 0)
            return false;
    }
    return !whole || web_n_segments(rq) == n;
}

bool pages_handle(struct app *app, struct web_request *rq)
{
    const char *method = web_method(rq);

    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return false;
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if ((routes[i].old && !app->config.deprecated_api) ||
            !matches(rq, routes[i].path, routes[i].whole))
            continue;
        add_headers(rq);
        routes[i].fn(app, rq);
        return true;
    }
    return false;
}
