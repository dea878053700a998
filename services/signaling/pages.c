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
#define DASHBOARD_POLICY                                                                           \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "        \
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const char accepted_html[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Certificate accepted</title>\n"
    "<p>This browser accepts the server's certificate now. Go back to the page that you came "
    "from.\n"
    "<script>history.back()</script>\n";

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

static void send_dashboard(struct app *app, struct web_request *rq)
{
    web_reply_header(rq, "Referrer-Policy", "no-referrer");
    web_reply_header(rq, "Content-Security-Policy", DASHBOARD_POLICY);
    web_reply_file(rq, app->config.dashboard_path, web_rest(rq, 1));
}

/* Its files have each other beside them. */
static void dashboard(struct app *app, struct web_request *rq)
{
    if (!*app->config.dashboard_path || !web_rest(rq, 1)) {
        rest_refuse(rq, 404);
    } else if (strcmp(web_path(rq), "/dashboard") == 0) {
        web_reply_header(rq, "Location", "/dashboard/");
        web_reply(rq, 302, NULL, bytes_str(NULL));
    } else {
        access_admit(app, rq, send_dashboard);
    }
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
    {{"dashboard"}, .fn = dashboard},
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
