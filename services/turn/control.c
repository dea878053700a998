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
    control_fn *fn;
    void *arg;
    bool complained; /* since it answered last */
    char instance[INSTANCE_LEN + 1];
};

static int parse_peer(const json_t *item, struct addr *ret)
{
    const char *ip = json_string_value(json_object_get(item, "ip"));
    const json_t *port = json_object_get(item, "port");
    json_int_t n = json_integer_value(port);

    if (!ip || !json_is_integer(port) || n < 1 || n > 65535)
        return -EBADMSG;
    return addr_parse_ip(ip, (uint16_t) n, ret);
}

int control_parse_peers(const json_t *params, struct peers *ret)
{
    const json_t *list = json_object_get(params, "peers");
    struct addr peers[PEERS_MAX];
    size_t n = json_array_size(list);

    if (!json_is_array(list))
        return -EBADMSG;
    if (n > PEERS_MAX)
        return -ENOSPC;
    for (size_t i = 0; i < n; i++) {
        if (parse_peer(json_array_get(list, i), &peers[i]) < 0)
            return -EBADMSG;
    }
    return peers_set(ret, peers, n);
}

static void take_peers(struct control *c, const json_t *params)
{
    struct peers peers = {.n = 0};
    int r = control_parse_peers(params, &peers);

    if (r < 0) {
        log_warning("the media daemon's list of addresses is unusable (%s), keeping the last one",
                    strerror(-r));
        return;
    }
    log_info("%zu addresses of the media daemon may be reached", peers.n);
    c->complained = false;
    c->fn(&peers, c->arg);
}

/* A socket that the service manager keeps takes us while the daemon is away; then nobody answers.
 */
static void greeting_failed(struct control *c, const char *why)
{
    if (!c->complained)
        log_warning("the media daemon does not greet us (%s), trying again", why);
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
    (void) d;
    (void) arg;
    log_warning("cannot reach the media daemon: %s, trying again", strerror(-error));
}

static void on_down(struct link_dialer *d, void *arg)
{
    (void) d;
    (void) arg;
    log_warning("the link to the media daemon is down, its last addresses stay allowed");
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

struct control *control_free(struct control *c)
{
    if (!c)
        return NULL;
    link_dialer_free(c->dialer);
    free(c);
    return NULL;
}
