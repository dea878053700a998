#include "signaling/turn_link.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rnd.h"
#include "link/turn_api.h"
#include "link/turn_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INSTANCE_LEN 16

struct turn_link {
    turn_link_all_fn *fn;
    void *arg;
    char instance[INSTANCE_LEN + 1];
    struct link_dialer *dialer;
    struct loop_defer defer;  /* sends what is below, several names in one message */
    json_t *issued, *revoked; /* user names to be told; NULL: none */
    json_t *who;              /* {user name: ids} of revoked ones, also without a link */
    struct turn_names *dead;  /* all revoked ones, until their expiry */
    bool greeted;             /* by the server that the link goes to */
    bool synced;              /* it was told of all participants, and has heard it */
    unsigned n_untold;        /* "issued" that were not answered yet */
    bool complained;          /* since it greeted us last */
    bool ending;              /* whoever stops us may stop the server as well */
};

static const char *reason_of(const struct link_answer *a)
{
    return a->error == -EREMOTEIO ? a->message : strerror(-a->error);
}

/* ---- what was relayed ---- */

static long long number(json_t *usage, const char *key)
{
    return json_integer_value(json_object_get(usage, key));
}

static void log_usage(json_t *who, json_t *usage)
{
    const char *name = json_string_value(json_object_get(usage, "username"));
    json_t *ids = name ? json_object_get(who, name) : NULL;
    bool any = number(usage, "packetsIn") > 0 || number(usage, "packetsOut") > 0;
    char join[TURN_JOIN_SIZE];

    if (!name)
        return;
    turn_name_join(bytes_str(name), join);
    log_about((struct log_ids){.session = json_string_value(json_object_get(ids, "session")),
                               .connection = json_string_value(json_object_get(ids, "connection")),
                               .join = join},
              any ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
              "TURN relayed %lld bytes from it and %lld to it, by %lld allocations",
              number(usage, "bytesIn"), number(usage, "bytesOut"),
              number(usage, "allocationsMade"));
}

/* ---- telling ---- */

/* One revoke on its way. */
struct telling {
    struct turn_link *turn;
    json_t *who;
};

/* Begins anew: what was not heard is said again then. */
static void failed(struct turn_link *t, const char *what, const struct link_answer *a)
{
    if (a->error == -ECONNRESET || a->error == -ENOTCONN)
        return; /* on_down() comes, or came */
    if (!t->complained)
        log_warning("turn: %s failed: %s, trying again", what, reason_of(a));
    t->complained = true;
    t->greeted = false;
    link_dialer_restart(t->dialer);
}

static void on_revoked(const struct link_answer *a, void *arg)
{
    struct telling *of = arg;
    struct turn_link *t = of->turn;
    json_t *usage;
    size_t i;

    json_array_foreach (json_object_get(a->result, "users"), i, usage)
        log_usage(of->who, usage);
    json_decref(of->who);
    free(of);
    if (a->error)
        failed(t, "revoke", a);
}

static void on_synced(const struct link_answer *a, void *arg)
{
    if (a->error)
        failed(arg, "synced", a);
}

/* Not before all that is valid was heard: what was not would be revoked. */
static void sync_when_told(struct turn_link *t)
{
    int r;

    if (!t->greeted || t->synced || t->n_untold > 0)
        return;
    t->synced = true;
    r = link_call(link_dialer_link(t->dialer), "synced", NULL, TURN_API_TIMEOUT_MS, on_synced, t);
    if (r < 0)
        failed(t, "synced", &(struct link_answer){.error = r});
}

static void on_issued(const struct link_answer *a, void *arg)
{
    struct turn_link *t = arg;

    t->n_untold--;
    if (a->error)
        failed(t, "issued", a);
    else
        sync_when_told(t);
}

/* Steals both. */
static void send_revoked(struct turn_link *t, json_t *names, json_t *who)
{
    struct link *k = link_dialer_link(t->dialer);
    json_t *params = json_pack("{s:o}", "usernames", names);
    struct telling *of = malloc(sizeof(*of));
    int r = -ENOMEM;

    if (of) {
        *of = (struct telling){t, who};
        r = link_call(k, "revoke", params, TURN_API_TIMEOUT_MS, on_revoked, of);
    } else {
        json_decref(params);
    }
    if (r == 0)
        return;
    json_decref(who);
    free(of);
    failed(t, "revoke", &(struct link_answer){.error = r});
}

/* Steals names. */
static void send_issued(struct turn_link *t, json_t *names)
{
    int r = link_call(link_dialer_link(t->dialer), "issued", json_pack("{s:o}", "usernames", names),
                      TURN_API_TIMEOUT_MS, on_issued, t);

    if (r == 0)
        t->n_untold++;
    else
        failed(t, "issued", &(struct link_answer){.error = r});
}

static json_t *take(json_t **from)
{
    json_t *j = *from;

    *from = NULL;
    return j;
}

/* Without a link they are dropped: all that counts is said when it is up. */
static void flush(struct turn_link *t)
{
    json_t *issued = take(&t->issued), *revoked = take(&t->revoked);

    if (revoked && t->greeted)
        send_revoked(t, revoked, take(&t->who));
    else
        json_decref(revoked);
    if (issued && t->greeted)
        send_issued(t, issued);
    else
        json_decref(issued);
}

static void on_defer(struct loop_defer *d)
{
    flush(container_of(d, struct turn_link, defer));
}

static void add_name(struct turn_link *t, json_t **names, json_t *name)
{
    if (!*names)
        *names = json_array();
    (void) json_array_append_new(*names, name);
    if (json_array_size(*names) == TURN_API_NAMES_MAX)
        flush(t);
    else
        loop_defer_arm(&t->defer);
}

void turn_link_issued(struct turn_link *t, const char *username)
{
    if (t && t->greeted && *username)
        add_name(t, &t->issued, json_string(username));
}

void turn_link_revoke(struct turn_link *t, const char *username, struct log_ids who)
{
    if (!t || !*username)
        return;
    turn_names_expire(t->dead, clock_wall_ms() / 1000);
    (void) turn_names_put(t->dead, bytes_str(username), clock_wall_ms() / 1000);
    if (!t->who)
        t->who = json_object();
    if (json_object_size(t->who) < TURN_API_NAMES_MAX)
        (void) json_object_set_new(
            t->who, username,
            json_pack("{s:s*,s:s*}", "session", who.session, "connection", who.connection));
    if (t->greeted)
        add_name(t, &t->revoked, json_string(username));
}

/* ---- a link that is up ---- */

/* Participants may outlive their user names, and so may their allocations: such a name is told, if
 * it was not yet, though no new allocation can be made with it. */
static void tell_the_dead(struct turn_link *t)
{
    json_t *untold = json_incref(t->who), *ids;
    struct bytes dead;
    const char *name;
    size_t pos = 0;

    turn_names_expire(t->dead, clock_wall_ms() / 1000);
    json_object_foreach (untold, name, ids) {
        if (!turn_names_has(t->dead, bytes_str(name)))
            add_name(t, &t->revoked, json_string(name));
    }
    json_decref(untold);
    while (turn_names_next(t->dead, &pos, &dead))
        add_name(t, &t->revoked, json_stringn((const char *) dead.p, dead.len));
}

static void on_hello(const struct link_answer *a, void *arg)
{
    struct turn_link *t = arg;

    if (a->error) {
        failed(t, "hello", a);
        return;
    }
    t->greeted = true;
    t->synced = false;
    t->complained = false;
    log_info("turn: ready");
    tell_the_dead(t);
    t->fn(t, t->arg);
    flush(t);
    sync_when_told(t);
}

static void on_up(struct link_dialer *d, struct link *k, void *arg)
{
    struct turn_link *t = arg;
    json_t *params = json_pack("{s:s,s:s}", "client", "signaling", "instance", t->instance);
    int r = link_call(k, "hello", params, TURN_API_TIMEOUT_MS, on_hello, t);

    (void) d;
    if (r < 0)
        failed(t, "hello", &(struct link_answer){.error = r});
}

static void on_down(struct link_dialer *d, void *arg)
{
    struct turn_link *t = arg;

    (void) d;
    if (t->greeted && !t->ending)
        log_warning("turn: link lost, trying again");
    t->greeted = false;
}

static void on_failed(struct link_dialer *d, int error, void *arg)
{
    struct turn_link *t = arg;

    (void) d;
    if (!t->ending)
        log_warning("turn: cannot reach the server: %s, trying again", strerror(-error));
}

static void on_request(struct link *k, const char *method, json_t *params, struct link_request *rq,
                       void *arg)
{
    (void) k;
    (void) method;
    (void) params;
    (void) arg;
    link_reply_error(rq, -32601, "Unknown method");
}

static void on_notification(struct link *k, const char *method, json_t *params, void *arg)
{
    (void) k;
    (void) method;
    (void) params;
    (void) arg; /* none is defined */
}

/* ---- usage ---- */

struct asking {
    struct turn_link *turn;
    turn_link_usage_fn *fn;
    void *arg;
    json_t *users;
};

static int ask_part(struct asking *q, json_t *from);

static void on_usage(const struct link_answer *a, void *arg)
{
    json_t *next = json_object_get(a->result, "next");
    struct asking *q = arg;
    int error = a->error;

    if (!error)
        (void) json_array_extend(q->users, json_object_get(a->result, "users"));
    if (!error && next)
        error = ask_part(q, next);
    else
        next = NULL;
    if (!error && next)
        return;
    q->fn(error, error ? NULL : q->users, q->arg);
    json_decref(q->users);
    free(q);
}

static int ask_part(struct asking *q, json_t *from)
{
    struct link *k = q->turn->greeted ? link_dialer_link(q->turn->dialer) : NULL;

    return k ? link_call(k, "usage", from ? json_pack("{s:O}", "from", from) : NULL,
                         TURN_API_TIMEOUT_MS, on_usage, q)
             : -ENOTCONN;
}

int turn_link_usage(struct turn_link *t, turn_link_usage_fn *fn, void *arg)
{
    struct asking *q = malloc(sizeof(*q));
    int r = -ENOMEM;

    if (q) {
        *q = (struct asking){t, fn, arg, json_array()};
        r = ask_part(q, NULL);
    }
    if (q && r < 0) {
        json_decref(q->users);
        free(q);
    }
    return r;
}

/* ---- life ---- */

int turn_link_new(struct loop *l, const char *path, turn_link_all_fn *fn, void *arg,
                  struct turn_link **ret_turn)
{
    static const struct link_dialer_handlers handlers = {
        .on_up = on_up,
        .on_down = on_down,
        .on_failed = on_failed,
        .handlers = {.on_request = on_request, .on_notification = on_notification},
    };
    struct turn_link *t = calloc(1, sizeof(*t));
    int r;

    if (!t)
        return -ENOMEM;
    t->fn = fn;
    t->arg = arg;
    rnd_alnum(t->instance, INSTANCE_LEN);
    r = turn_names_new(TURN_API_REMEMBERED_MAX, &t->dead);
    if (r == 0)
        r = loop_defer_init(&t->defer, l, on_defer);
    if (r == 0)
        r = link_dial(l, path, &handlers, t, &t->dialer);
    if (r < 0) {
        turn_link_free(t);
        return r;
    }
    *ret_turn = t;
    return 0;
}

bool turn_link_is_up(const struct turn_link *t)
{
    return t->greeted;
}

void turn_link_end(struct turn_link *t)
{
    if (t)
        t->ending = true;
}

struct turn_link *turn_link_free(struct turn_link *t)
{
    if (!t)
        return NULL;
    flush(t);
    t->greeted = false; /* for those who are told that their calls end */
    link_dialer_free(t->dialer);
    loop_defer_done(&t->defer);
    turn_names_free(t->dead);
    json_decref(t->who);
    free(t);
    return NULL;
}
