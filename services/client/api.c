#include "client/api.h"

#include "base/crypto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define USER "OPENVIDUAPP"

struct api {
    struct http *http;
    char *url, *secret, *connect_to, *ca_file;
    bool any_certificate;
    struct http_call *call; /* under way */
    api_done_fn *fn;
    void *arg;
};

static int copy(const char *from, char **to)
{
    if (from && !(*to = strdup(from)))
        return -ENOMEM;
    return 0;
}

int api_new(struct http *h, const struct api_config *c, struct api **ret_a)
{
    struct api *a = calloc(1, sizeof(*a));

    if (!a)
        return -ENOMEM;
    a->http = h;
    a->any_certificate = c->any_certificate;
    if (copy(c->url, &a->url) < 0 || copy(c->secret, &a->secret) < 0 ||
        copy(c->connect_to, &a->connect_to) < 0 || copy(c->ca_file, &a->ca_file) < 0) {
        api_free(a);
        return -ENOMEM;
    }
    *ret_a = a;
    return 0;
}

struct api *api_free(struct api *a)
{
    if (!a)
        return NULL;
    if (a->call)
        http_cancel(a->call);
    if (a->secret)
        secret_wipe(a->secret, strlen(a->secret));
    free(a->secret);
    free(a->url);
    free(a->connect_to);
    free(a->ca_file);
    free(a);
    return NULL;
}

static void on_done(const struct http_response *rs, void *arg)
{
    struct api *a = arg;
    struct api_answer answer = {
        .error = rs->error, .status = rs->status, .message = rs->message, .tls = rs->tls};
    json_t *body = NULL;
    char text[64];

    a->call = NULL;
    if (rs->error == 0) {
        body = json_loadb((const char *) rs->body.p, rs->body.len, 0, NULL);
        answer.body = json_is_object(body) ? body : NULL;
    }
    if (rs->error == 0 && rs->status / 100 != 2) {
        answer.error = rs->status == 401 ? -EACCES : -EREMOTEIO;
        snprintf(text, sizeof(text), "the answer is HTTP status %u", rs->status);
        answer.message = json_string_value(json_object_get(answer.body, "message"));
        if (!answer.message)
            answer.message = text;
    }
    a->fn(&answer, a->arg);
    json_decref(body);
}

static int start(struct api *a, const char *method, const char *path, json_t *body, api_done_fn *fn,
                 void *arg)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    char url[1024];
    struct http_request rq = {.method = method,
                              .url = url,
                              .user = USER,
                              .password = a->secret,
                              .body = bytes_str(text),
                              .content_type = text ? "application/json" : NULL,
                              .connect_to = a->connect_to,
                              .ca_file = a->ca_file,
                              .any_certificate = a->any_certificate};
    int n = snprintf(url, sizeof(url), "%s/openvidu/api/%s", a->url, path);
    int r = a->call ? -EBUSY : n < 0 || (size_t) n >= sizeof(url) ? -EINVAL : 0;

    if (r == 0 && body && !text)
        r = -ENOMEM;
    if (r == 0)
        r = http_start(a->http, &rq, on_done, a, &a->call);
    if (r == 0) {
        a->fn = fn;
        a->arg = arg;
    }
    free(text);
    json_decref(body);
    return r;
}

int api_post(struct api *a, const char *path, json_t *body, api_done_fn *fn, void *arg)
{
    return start(a, "POST", path, body, fn, arg);
}

int api_delete(struct api *a, const char *path, api_done_fn *fn, void *arg)
{
    return start(a, "DELETE", path, NULL, fn, arg);
}
