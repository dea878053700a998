#include "turn/api.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rnd.h"
#include "link/link.h"
#include "link/turn_api.h"
#include "link/turn_names.h"
#include "notify/notify.h"
#include "turn/issued.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define API_PEERS_MAX 16 /* one signaling daemon, and a person who looks */
#define LOG_FULL_MS 60000
#define INSTANCE_LEN 16
#define USAGE_PART 200 /* users in one answer, who are copied with the lock held */

enum {
    RPC_INVALID_REQUEST = -32600,
    RPC_UNKNOWN_METHOD = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL = -32603,
};

struct peer {
    struct list node;
    struct api *api;
    struct link *link;
    bool is_signaling;
};

/* A request that is answered after a sweep. */
struct job {
    struct server_sweep sweep;
    struct link_request *rq;
    json_t *(*answer)(struct api *a, const struct job *j);
    json_t *names; /* NULL: none in particular */
    json_int_t from;
};

struct api {
    struct loop *loop;
    struct server *server;
    struct mailbox *box;
    struct link_listener *listener;
    struct list peers;
    unsigned n_peers;
    char instance[INSTANCE_LEN + 1];
    struct issued *issued;
    struct log_limit log_full;
};

static struct peer *peer_free(struct peer *p)
{
    list_del(&p->node);
    p->api->n_peers--;
    link_free(p->link);
    free(p);
    return NULL;
}

static void invalid_params(struct link_request *rq)
{
    link_reply_error(rq, RPC_INVALID_PARAMS, "wrong parameters");
}

static struct bytes text_of(const json_t *string)
{
    return bytes_of(json_string_value(string), json_string_length(string));
}

/* The user names of a request, borrowed; NULL when they are not as they should be. */
static json_t *names_of(json_t *params)
{
    json_t *names = json_object_get(params, "usernames"), *name;
    size_t i;

    if (!json_is_array(names) || json_array_size(names) > TURN_API_NAMES_MAX)
        return NULL;
    json_array_foreach (names, i, name) {
        if (!json_is_string(name) || json_string_length(name) > TURN_NAME_MAX)
            return NULL;
    }
    return names;
}

/* ---- after a sweep ---- */

static struct job *job_free(struct job *j)
{
    json_decref(j->names);
    free(j);
    return NULL;
}

static void on_swept(struct mail *m, void *arg)
{
    struct job *j = container_of(m, struct job, sweep.mail);

    link_reply(j->rq, j->answer(arg, j));
    job_free(j);
}

/* The request is consumed even when nobody can be answered any more. */
static void drop_job(struct mail *m, void *arg)
{
    struct job *j = container_of(m, struct job, sweep.mail);

    (void) arg;
    link_reply_error(j->rq, RPC_INTERNAL, "the server stops");
    job_free(j);
}

/* names (may be NULL) is borrowed. */
static void answer_swept(struct api *a, struct link_request *rq,
                         json_t *(*answer)(struct api *a, const struct job *j), json_t *names,
                         json_int_t from)
{
    struct job *j = calloc(1, sizeof(*j));

    if (!j) {
        link_reply_error(rq, RPC_INTERNAL, "out of memory");
        return;
    }
    j->sweep.box = a->box;
    j->rq = rq;
    j->answer = answer;
    j->names = json_incref(names);
    j->from = from;
    server_sweep(a->server, &j->sweep);
}

/* ---- usage ---- */

static void put_report(const struct quota_report *r, void *arg)
{
    const struct usage *u = &r->usage;

    (void) json_array_append_new(
        arg,
        json_pack("{s:s%, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "username", r->username.p,
                  r->username.len, "sinceMs", (json_int_t) r->since_ms, "allocations",
                  (json_int_t) r->allocations, "allocationsMade", (json_int_t) r->allocations_made,
                  "packetsIn", (json_int_t) u->packets[USAGE_IN], "bytesIn",
                  (json_int_t) u->bytes[USAGE_IN], "packetsOut", (json_int_t) u->packets[USAGE_OUT],
                  "bytesOut", (json_int_t) u->bytes[USAGE_OUT], "packetsDropped",
                  (json_int_t) u->dropped));
}

static json_t *report_names(struct api *a, json_t *names, bool forget)
{
    json_t *users = json_array(), *name;
    size_t i;

    json_array_foreach (names, i, name)
        quota_report(server_quota(a->server), text_of(name), forget, put_report, users);
    return json_pack("{s:o}", "users", users);
}

static json_t *usage_answer(struct api *a, const struct job *j)
{
    json_t *users, *result;
    uint64_t next;

    if (j->names)
        return report_names(a, j->names, false);
    users = json_array();
    next = quota_report_all(server_quota(a->server), (uint64_t) j->from, USAGE_PART, put_report,
                            users);
    result = json_pack("{s:o}", "users", users);
    if (next != 0)
        (void) json_object_set_new(result, "next", json_integer((json_int_t) next));
    return result;
}

static void on_usage(struct api *a, json_t *params, struct link_request *rq)
{
    json_t *from = json_object_get(params, "from"), *names = names_of(params);

    if ((json_object_get(params, "usernames") && !names) ||
        (from && (!json_is_integer(from) || json_integer_value(from) < 0))) {
        invalid_params(rq);
        return;
    }
    answer_swept(a, rq, usage_answer, names, json_integer_value(from));
}

/* ---- credentials ---- */

static void on_issued(struct api *a, json_t *params, struct link_request *rq)
{
    struct userhash_table *usernames = server_usernames(a->server);
    json_t *names = names_of(params), *name;
    uint64_t now_s = clock_wall_ms() / 1000;
    size_t i;

    if (!names) {
        invalid_params(rq);
        return;
    }
    json_array_foreach (names, i, name) {
        int r = issued_put(a->issued, text_of(name));

        if (r == 0 && usernames)
            r = userhash_put(usernames, text_of(name), now_s);
        if (r < 0)
            log_limited(&a->log_full, LOG_LEVEL_WARNING,
                        "a user name of %zu bytes could not be remembered: %s. It lives until it "
                        "expires, or cannot be used as USERHASH",
                        json_string_length(name), strerror(-r));
    }
    link_reply(rq, NULL);
}

/* Whether there are allocations to be ended. */
static bool revoke_all(struct api *a, json_t *names)
{
    uint64_t now_ms = clock_wall_ms();
    bool any = false;
    json_t *name;
    size_t i;

    json_array_foreach (names, i, name) {
        issued_del(a->issued, text_of(name));
        any |= quota_revoke(server_quota(a->server), text_of(name), now_ms);
    }
    return any;
}

static json_t *revoked_answer(struct api *a, const struct job *j)
{
    return report_names(a, j->names, true);
}

static void on_revoke(struct api *a, json_t *params, struct link_request *rq)
{
    json_t *names = names_of(params);

    if (!names)
        invalid_params(rq);
    else if (revoke_all(a, names))
        answer_swept(a, rq, revoked_answer, names, 0);
    else
        link_reply(rq, report_names(a, names, true));
}

/* Those that no signaling daemon has named since hello; a new reference. */
static json_t *left_over(const struct api *a)
{
    json_t *names = json_array();
    struct bytes name;
    size_t pos = 0;

    while (issued_next_left_over(a->issued, &pos, &name))
        (void) json_array_append_new(names, json_stringn((const char *) name.p, name.len));
    return names;
}

static json_t *synced_answer(struct api *a, const struct job *j)
{
    (void) a;
    return json_pack("{s:I}", "revoked", (json_int_t) json_array_size(j->names));
}

static void on_synced(struct api *a, struct link_request *rq)
{
    json_t *names;

    names = left_over(a);
    if (json_array_size(names) > 0)
        log_info("%zu participants have gone while signaling was away: their credentials are dead",
                 json_array_size(names));
    (void) revoke_all(a, names);
    answer_swept(a, rq, synced_answer, names, 0);
    json_decref(names);
}

/* ---- peers ---- */

static void on_hello(struct peer *p, json_t *params, struct link_request *rq)
{
    const char *client = json_string_value(json_object_get(params, "client"));
    struct api *a = p->api;
    struct peer *other;

    if (!client || strcmp(client, "signaling") != 0) {
        invalid_params(rq);
        return;
    }
    list_for_each (other, &a->peers, node) {
        if (other != p && other->is_signaling)
            peer_free(other);
    }
    p->is_signaling = true;
    issued_begin(a->issued);
    log_info("signaling daemon connected");
    link_reply(rq, json_pack("{s:s, s:s, s:b}", "node", "turn", "instance", a->instance, "sha256",
                             server_usernames(a->server) != NULL));
}

static void on_request(struct link *k, const char *method, json_t *params, struct link_request *rq,
                       void *arg)
{
    struct peer *p = arg;

    (void) k;
    if (strcmp(method, "hello") == 0)
        on_hello(p, params, rq);
    else if (!p->is_signaling)
        link_reply_error(rq, RPC_INVALID_REQUEST, "hello of a signaling daemon did not come first");
    else if (strcmp(method, "issued") == 0)
        on_issued(p->api, params, rq);
    else if (strcmp(method, "synced") == 0)
        on_synced(p->api, rq);
    else if (strcmp(method, "revoke") == 0)
        on_revoke(p->api, params, rq);
    else if (strcmp(method, "usage") == 0)
        on_usage(p->api, params, rq);
    else
        link_reply_error(rq, RPC_UNKNOWN_METHOD, "unknown method");
}

static void on_closed(struct link *k, int error, void *arg)
{
    struct peer *p = arg;

    (void) k;
    if (p->is_signaling)
        log_notice("signaling daemon is gone (%s), credentials live on until it is back",
                   strerror(-error));
    peer_free(p);
}

int api_add_peer(struct api *a, int fd)
{
    static const struct link_handlers handlers = {.on_request = on_request, .on_closed = on_closed};
    struct peer *p = a->n_peers < API_PEERS_MAX ? calloc(1, sizeof(*p)) : NULL;
    int r;

    if (!p) {
        close(fd);
        return a->n_peers < API_PEERS_MAX ? -ENOMEM : -EMFILE;
    }
    p->api = a;
    r = link_new(a->loop, fd, &handlers, p, &p->link);
    if (r < 0) {
        free(p);
        return r;
    }
    list_append(&a->peers, &p->node);
    a->n_peers++;
    return 0;
}

static void on_accept(struct link_listener *ls, int fd, void *arg)
{
    int r = api_add_peer(arg, fd);

    (void) ls;
    if (r < 0)
        log_warning("api socket: %s, refusing a connection", strerror(-r));
}

/* ---- life ---- */

static int start_listening(struct api *a, const char *path)
{
    int fd = -1, r = notify_listen_fds("turn", &fd, 1);

    if (r > 0)
        r = link_listen_fd(a->loop, fd, on_accept, a, &a->listener);
    else if (r == 0 && path)
        r = link_listen(a->loop, path, on_accept, a, &a->listener);
    if (r < 0)
        log_error("cannot listen on the api socket %s: %s", fd >= 0 ? "that was inherited" : path,
                  strerror(-r));
    return r;
}

int api_new(struct loop *l, const char *path, struct server *server, struct api **ret_api)
{
    struct api *a = calloc(1, sizeof(*a));
    int r;

    if (!a)
        return -ENOMEM;
    a->loop = l;
    a->server = server;
    list_init(&a->peers);
    a->log_full.interval_ms = LOG_FULL_MS;
    rnd_alnum(a->instance, INSTANCE_LEN);
    r = issued_new(TURN_API_REMEMBERED_MAX, &a->issued);
    if (r == 0)
        r = mailbox_new(l, on_swept, a, &a->box);
    if (r == 0)
        r = start_listening(a, path);
    if (r < 0) {
        api_free(a);
        return r;
    }
    *ret_api = a;
    return 0;
}

struct api *api_free(struct api *a)
{
    struct peer *p;

    if (!a)
        return NULL;
    link_listener_free(a->listener);
    list_for_each (p, &a->peers, node)
        peer_free(p);
    if (a->box)
        mailbox_free(a->box, drop_job);
    issued_free(a->issued);
    free(a);
    return NULL;
}
