#include "turn/control.h"

#include "base/log.h"
#include "base/rnd.h"
#include "link/link.h"
#include "link/media_api.h"

#include <errno.h>
#include <stdlib.h>

#define INSTANCE_LEN 16

struct control {
    struct link_dialer *dialer;
    const char *path;
    control_fn *fn;
    void *arg;
    struct peers_media list[CONTROL_LIST_MAX];
    size_t n;
    bool complained; /* since it answered last */
    char instance[INSTANCE_LEN + 1];
};

static int parse_peer(const json_t *item, struct peers_media *ret)
{
    const json_t *via = json_object_get(item, "via");
    const char *ip = json_string_value(json_object_get(item, "ip"));
    const json_t *port = json_object_get(item, "port");
    json_int_t n = json_integer_value(port);

    if (!ip || !json_is_integer(port) || n < 1 || n > 65535)
        return -EBADMSG;
    *ret = (struct peers_media){.addr.family = 0};
    if (via && (!json_is_string(via) || addr_parse_ip(json_string_value(via), 0, &ret->via) < 0))
        return -EBADMSG;
    return addr_parse_ip(ip, (uint16_t) n, &ret->addr);
}

int control_parse_peers(const json_t *params, struct peers_media ret[static CONTROL_LIST_MAX],
                        size_t *ret_n)
{
    const json_t *list = json_object_get(params, "peers");
    size_t n = json_array_size(list);

    if (!json_is_array(list))
        return -EBADMSG;
    if (n > CONTROL_LIST_MAX)
        return -ENOSPC;
    for (size_t i = 0; i < n; i++) {
        if (parse_peer(json_array_get(list, i), &ret[i]) < 0)
            return -EBADMSG;
    }
    *ret_n = n;
    return 0;
}

static void take_peers(struct control *c, const json_t *params)
{
    struct peers_media list[CONTROL_LIST_MAX];
    size_t n;
    int r = control_parse_peers(params, list, &n);

    if (r < 0) {
        log_warning("%s: the media daemon's list of addresses is unusable (%s), keeping the last "
                    "one",
                    c->path, strerror(-r));
        return;
    }
    log_info("%s: the media daemon is at %zu addresses", c->path, n);
    c->complained = false;
    memcpy(c->list, list, n * sizeof(list[0]));
    c->n = n;
    c->fn(c, c->arg);
}

/* A socket that the service manager keeps takes us while the daemon is away; then nobody answers.
 */
static void greeting_failed(struct control *c, const char *why)
{
    if (!c->complained)
        log_warning("%s: the media daemon does not greet us (%s), trying again", c->path, why);
    c->complained = true;
    link_dialer_restart(c->dialer);
}

static void on_hello(const struct link_answer *a, void *arg)
{
    if (a->error == 0)
        take_peers(arg, a->result);
    else if (a->error != -ECONNRESET)
        greeting_failed(arg, a->error == -EREMOTEIO ? a->message : strerror(-a->error));
}

static void on_up(struct link_dialer *d, struct link *k, void *arg)
{
    struct control *c = arg;
    json_t *params = json_pack("{s:s, s:s}", "client", "turn", "instance", c->instance);
    int r = params ? link_call(k, "hello", params, MEDIA_CALL_TIMEOUT_MS, on_hello, c) : -ENOMEM;

    (void) d;
    if (r < 0)
        greeting_failed(c, strerror(-r));
}

static void on_failed(struct link_dialer *d, int error, void *arg)
{
    const struct control *c = arg;

    (void) d;
    log_warning("cannot reach the media daemon at %s: %s, trying again", c->path, strerror(-error));
}

static void on_down(struct link_dialer *d, void *arg)
{
    const struct control *c = arg;

    (void) d;
    log_warning("%s: the link to the media daemon is down, its last addresses stay allowed",
                c->path);
}

static void on_request(struct link *k, const char *method, json_t *params, struct link_request *rq,
                       void *arg)
{
    (void) k;
    (void) method;
    (void) params;
    (void) arg;
    link_reply_error(rq, -32601, "TURN takes no requests");
}

static void on_notification(struct link *k, const char *method, json_t *params, void *arg)
{
    (void) k;
    if (strcmp(method, "peers") == 0)
        take_peers(arg, params);
}

int control_new(struct loop *l, const char *path, control_fn *fn, void *arg,
                struct control **ret_control)
{
    static const struct link_dialer_handlers handlers = {
        .on_up = on_up,
        .on_down = on_down,
        .on_failed = on_failed,
        .handlers = {.on_request = on_request, .on_notification = on_notification},
    };
    struct control *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return -ENOMEM;
    c->path = path;
    c->fn = fn;
    c->arg = arg;
    rnd_alnum(c->instance, INSTANCE_LEN);
    r = link_dial(l, path, &handlers, c, &c->dialer);
    if (r < 0) {
        free(c);
        return r;
    }
    *ret_control = c;
    return 0;
}

const struct peers_media *control_list(const struct control *c, size_t *ret_n)
{
    *ret_n = c->n;
    return c->list;
}

struct control *control_free(struct control *c)
{
    if (!c)
        return NULL;
    link_dialer_free(c->dialer);
    free(c);
    return NULL;
}
