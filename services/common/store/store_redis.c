/* The kind that keeps records in a Redis server. Keys: `<prefix>:<hash>` a hash each,
 * `<prefix>:hashes` the set of their names, `<prefix>:commits` see redis_watch.h.
 *
 * A contact goes through these phases: we give the connection our name and ask who else has it;
 * then for the names of the hashes; then all of them are read (store_load) or replaced (a
 * transaction that is answered); from then on commits go out unanswered. */
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "store/redis_conn.h"
#include "store/redis_watch.h"
#include "store/store_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY_SIZE 512 /* of a prefix, a colon, a name; longer ones are nobody's */
#define OTHERS_MAX 16
#define FREE_WAIT_MS 1000
#define CHANGES_MAX ((size_t) 512 << 20) /* everything at once, in a rewrite */
#define CHANGES_KEPT ((size_t) 1 << 20)  /* a buffer that grew beyond is given back */

#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 2000
#define RETRY_REFUSED_MS 5000 /* what was refused once mostly is again, and a rewrite is costly */

/* A server at work takes something every few milliseconds; and nobody in a call notices that
 * signaling halts for a quarter of a second, once. */
#define WRITE_PATIENCE_MS 250

#define CHECK_MS 250 /* after a commit */
#define CHECK_IDLE_MS 5000
#define OTHERS_AGAIN_MS 20 /* the process before us is about to disappear */

enum phase { AWAY, GREETING, LISTING, READING, REWRITING, UP };

/* A store_load() under way. */
struct load {
    store_field_fn *fn;
    void *arg;
    uint64_t until_ms;
    uint64_t kill_ms;    /* from then on the process before us is not waited for any more */
    uint64_t again_ms;   /* when to look again whether it is gone; 0: looking */
    redisReply *names;   /* of the hashes */
    redisReply **fields; /* of each of them, n_read of them are there */
    size_t n_read;
};

struct redis {
    struct store store;
    struct loop *loop;
    struct store_handlers handlers;
    void *arg;
    struct store_address address;
    char prefix[STORE_PREFIX_MAX + 1];
    char place[STORE_TEXT_MAX + 32]; /* the address as it is logged */
    enum phase phase;
    struct redis_conn *conn;   /* not while AWAY */
    struct redis_watch *watch; /* while UP */
    struct loop_timer timer;   /* to the next attempt, or the next check */
    bool checking_soon;
    uint64_t retry_ms;           /* the pause before the next attempt */
    uint64_t due_ms;             /* when the timer is */
    char told[REDIS_ERROR_SIZE]; /* why it is away, as logged */
    struct blob changes;         /* of the next commit, as commands */
    size_t n_changes;            /* commands */
    uint64_t n_commits;          /* during this contact */
    bool in_rewrite;             /* on_rewrite is being called: all of it is one commit */
    long long own_id;            /* of our connection, as the server counts; 0 not known yet */
    struct load *load;
};

static struct redis *redis_of(struct store *st)
{
    return container_of(st, struct redis, store);
}

/* ---- away ---- */

static void on_timer(struct loop_timer *t);

static void start_timer(struct redis *rd, uint64_t delay_ms)
{
    rd->due_ms = clock_ms() + delay_ms;
    /* the source was made by store_new_redis() and is kept, so this does not fail */
    (void) loop_timer_start(&rd->timer, rd->loop, delay_ms * 1000, on_timer);
}

static void forget_changes(struct redis *rd)
{
    rd->n_changes = 0;
    rd->changes.len = 0;
    if (rd->changes.cap > CHANGES_KEPT)
        blob_clear(&rd->changes);
}

/* Each reason is told once, until the server works again. */
static void tell_away(struct redis *rd, const char *why)
{
    if (strncmp(rd->told, why, sizeof(rd->told) - 1) == 0)
        return;
    if (!*rd->told && rd->phase == UP)
        log_warning("store: lost Redis at %s: %s; trying again", rd->place, why);
    else
        log_warning("store: Redis at %s is not to be had: %s; trying again", rd->place, why);
    snprintf(rd->told, sizeof(rd->told), "%s", why);
}

static void load_clear(struct load *k)
{
    for (size_t i = 0; i < k->n_read; i++)
        freeReplyObject(k->fields[i]);
    free(k->fields);
    if (k->names)
        freeReplyObject(k->names);
    k->fields = NULL;
    k->names = NULL;
    k->n_read = 0;
    k->again_ms = 0;
}

static void end_contact(struct redis *rd)
{
    if (rd->load)
        load_clear(rd->load);
    rd->watch = redis_watch_free(rd->watch);
    rd->conn = redis_conn_free(rd->conn);
    forget_changes(rd);
    rd->phase = AWAY;
}

static void lost(struct redis *rd, const char *why)
{
    if (rd->phase == AWAY)
        return;
    tell_away(rd, why);
    rd->store.counts.losses += rd->phase == UP;
    if (rd->phase == REWRITING)
        rd->retry_ms = RETRY_REFUSED_MS;
    end_contact(rd);
    start_timer(rd, rd->retry_ms);
    rd->retry_ms = rd->retry_ms * 2 < RETRY_MAX_MS ? rd->retry_ms * 2 : RETRY_MAX_MS;
}

/* ---- commands ---- */

static const char *key_of(const struct redis *rd, const char *name, char ret[static KEY_SIZE])
{
    snprintf(ret, KEY_SIZE, "%s:%s", rd->prefix, name);
    return ret;
}

static void add_command(struct redis *rd, const struct bytes *words, size_t n)
{
    if (redis_format(&rd->changes, words, n) == 0)
        rd->n_changes++;
    else
        lost(rd, "a change has no room in memory");
}

#define ADD(rd, ...)                                                                               \
    add_command(rd, (const struct bytes[]){__VA_ARGS__},                                           \
                sizeof((const struct bytes[]){__VA_ARGS__}) / sizeof(struct bytes))

static bool takes_changes(const struct redis *rd)
{
    return rd->phase == UP || rd->phase == REWRITING;
}

static void redis_put(struct store *st, const char *hash, const char *field, struct bytes value)
{
    struct redis *rd = redis_of(st);
    char key[KEY_SIZE], index[KEY_SIZE];

    if (takes_changes(rd))
        ADD(rd, bytes_str("HSET"), bytes_str(key_of(rd, hash, key)), bytes_str(field), value);
    if (takes_changes(rd))
        ADD(rd, bytes_str("SADD"), bytes_str(key_of(rd, "hashes", index)), bytes_str(hash));
}

static void redis_del(struct store *st, const char *hash, const char *field)
{
    struct redis *rd = redis_of(st);
    char key[KEY_SIZE];

    if (takes_changes(rd))
        ADD(rd, bytes_str("HDEL"), bytes_str(key_of(rd, hash, key)), bytes_str(field));
}

static void redis_drop(struct store *st, const char *hash)
{
    struct redis *rd = redis_of(st);
    char key[KEY_SIZE], index[KEY_SIZE];

    if (takes_changes(rd))
        ADD(rd, bytes_str("DEL"), bytes_str(key_of(rd, hash, key)));
    if (takes_changes(rd))
        ADD(rd, bytes_str("SREM"), bytes_str(key_of(rd, "hashes", index)), bytes_str(hash));
}

/* The changes as one transaction that counts itself. */
static void send_transaction(struct redis *rd)
{
    static const char begin[] = "*1\r\n$5\r\nMULTI\r\n", end[] = "*1\r\n$4\r\nEXEC\r\n";
    bool answered = rd->phase == REWRITING;
    char key[KEY_SIZE], number[24];

    snprintf(number, sizeof(number), "%llu", (unsigned long long) ++rd->n_commits);
    key_of(rd, "commits", key);
    ADD(rd, bytes_str("HSET"), bytes_str(key), bytes_str("last"), bytes_str(number));
    ADD(rd, bytes_str("HINCRBY"), bytes_str(key), bytes_str("done"), bytes_str("1"));
    if (!takes_changes(rd))
        return;
    redis_conn_send(rd->conn, bytes_str(begin), answered ? 1 : 0);
    redis_conn_send(rd->conn, blob_bytes(&rd->changes), answered ? rd->n_changes : 0);
    redis_conn_send(rd->conn, bytes_str(end), answered ? 1 : 0);
    forget_changes(rd);
    redis_conn_flush(rd->conn, answered ? 0 : WRITE_PATIENCE_MS); /* the answer is waited for */
    rd->store.counts.commits++;
    if (redis_conn_error(rd->conn))
        lost(rd, redis_conn_error(rd->conn));
}

static void redis_commit(struct store *st)
{
    struct redis *rd = redis_of(st);

    if (!takes_changes(rd) || rd->n_changes == 0 || rd->in_rewrite)
        return;
    send_transaction(rd);
    if (rd->phase == UP && !rd->checking_soon) {
        rd->checking_soon = true;
        start_timer(rd, CHECK_MS);
    }
}

/* ---- a contact ---- */

static void up(struct redis *rd);

static void ask_who(struct redis *rd)
{
    redis_conn_ask(rd->conn, (const char *const[]){"CLIENT", "LIST", NULL});
}

/* Of "id=7 addr=... name=visavis ...", a line for each client. Returns how many have our name. */
static size_t find_others(const struct redis *rd, const char *list,
                          long long ret[static OTHERS_MAX])
{
    char name[STORE_PREFIX_MAX + 16];
    size_t n = 0;

    snprintf(name, sizeof(name), " name=%s ", rd->prefix);
    for (const char *line = list; *line && n < OTHERS_MAX;) {
        size_t len = strcspn(line, "\n");
        const char *at = memmem(line, len, name, strlen(name));
        long long id = at && strncmp(line, "id=", 3) == 0 ? strtoll(line + 3, NULL, 10) : 0;

        if (id && id != rd->own_id)
            ret[n++] = id;
        line += len + (line[len] != '\0');
    }
    return n;
}

/* Whoever had our name before us may have sent changes that the server has not read yet; it has
 * when that connection is gone. Who reads waits for that; who replaces everything ends it. */
static void on_clients(struct redis *rd, const char *list)
{
    long long others[OTHERS_MAX];
    size_t n = find_others(rd, list, others);
    bool patient = rd->load && clock_ms() < rd->load->kill_ms;

    if (n == 0) {
        char key[KEY_SIZE];

        rd->phase = LISTING;
        redis_conn_ask(rd->conn,
                       (const char *const[]){"SMEMBERS", key_of(rd, "hashes", key), NULL});
        return;
    }
    if (patient) {
        rd->load->again_ms = clock_ms() + OTHERS_AGAIN_MS;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        char id[24];

        snprintf(id, sizeof(id), "%lld", others[i]);
        if (rd->load)
            log_warning("store: client %s of Redis at %s still has our name; disconnecting it", id,
                        rd->place);
        redis_conn_ask(rd->conn, (const char *const[]){"CLIENT", "KILL", "ID", id, NULL});
    }
    ask_who(rd);
}

static void drop_key(struct redis *rd, struct bytes name)
{
    char key[KEY_SIZE];
    int len = snprintf(key, sizeof(key), "%s:%.*s", rd->prefix, (int) name.len, name.p);

    if (len < KEY_SIZE && takes_changes(rd))
        ADD(rd, bytes_str("DEL"), bytes_str(key));
}

static void rewrite(struct redis *rd, const redisReply *names)
{
    rd->phase = REWRITING;
    rd->n_commits = 0;
    for (size_t i = 0; i < names->elements; i++)
        drop_key(rd, bytes_of(names->element[i]->str, names->element[i]->len));
    drop_key(rd, bytes_str("hashes"));
    drop_key(rd, bytes_str("commits"));
    rd->in_rewrite = true;
    rd->handlers.on_rewrite(&rd->store, rd->arg);
    rd->in_rewrite = false;
    if (takes_changes(rd))
        send_transaction(rd);
}

/* Asks for all of them at once, and begins to count commits anew. Takes over names. */
static void read_all(struct redis *rd, redisReply *names)
{
    char key[KEY_SIZE];

    rd->phase = READING;
    rd->load->names = names;
    rd->load->fields = calloc(names->elements + 1, sizeof(redisReply *));
    if (!rd->load->fields) {
        lost(rd, strerror(ENOMEM));
        return;
    }
    for (size_t i = 0; i < names->elements; i++)
        redis_conn_ask(rd->conn, (const char *const[]){
                                     "HGETALL", key_of(rd, names->element[i]->str, key), NULL});
    redis_conn_ask(rd->conn, (const char *const[]){"HMSET", key_of(rd, "commits", key), "last", "0",
                                                   "done", "0", NULL});
}

/* Returns what fn said. */
static int deliver(const struct load *k)
{
    for (size_t n = 0; n < k->n_read; n++) {
        const redisReply *name = k->names->element[n], *f = k->fields[n];

        for (size_t i = 0; i + 1 < f->elements; i += 2) {
            const redisReply *field = f->element[i], *value = f->element[i + 1];
            int r = k->fn(bytes_of(name->str, name->len), bytes_of(field->str, field->len),
                          bytes_of(value->str, value->len), k->arg);

            if (r != 0)
                return r;
        }
    }
    return 0;
}

static void on_watch(void *arg)
{
    struct redis *rd = arg;

    if (redis_watch_error(rd->watch))
        lost(rd, redis_watch_error(rd->watch));
}

/* All is as it should be there; commits are not answered from now on. */
static void up(struct redis *rd)
{
    static const char off[] = "*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n";
    char key[KEY_SIZE];
    int r = redis_watch_new(rd->loop, &rd->address, key_of(rd, "commits", key), on_watch, rd,
                            &rd->watch);

    if (r < 0) {
        lost(rd, strerror(-r));
        return;
    }
    redis_conn_send(rd->conn, bytes_str(off), 0);
    redis_conn_flush(rd->conn, WRITE_PATIENCE_MS);
    if (*rd->told)
        log_notice("store: Redis at %s is there again and has everything", rd->place);
    else
        log_info("store: keeping state in Redis at %s", rd->place);
    *rd->told = '\0';
    rd->phase = UP;
    rd->retry_ms = RETRY_MIN_MS;
    rd->checking_soon = true;
    start_timer(rd, CHECK_MS);
}

/* Takes over r. */
static void on_reply(struct redis *rd, redisReply *r)
{
    if (rd->phase == GREETING && r->type == REDIS_REPLY_INTEGER && !rd->own_id) {
        rd->own_id = r->integer;
    } else if (rd->phase == GREETING && r->type == REDIS_REPLY_STRING) {
        on_clients(rd, r->str);
    } else if (rd->phase == LISTING && rd->load) {
        read_all(rd, r);
        return;
    } else if (rd->phase == LISTING) {
        rewrite(rd, r);
    } else if (rd->phase == READING && r->type == REDIS_REPLY_ARRAY) {
        rd->load->fields[rd->load->n_read++] = r;
        return;
    } else if (rd->phase == READING || (rd->phase == REWRITING && r->type == REDIS_REPLY_ARRAY)) {
        up(rd);
    }
    freeReplyObject(r);
}

static void on_conn(struct redis_conn *c, void *arg)
{
    struct redis *rd = arg;
    redisReply *r;

    while (rd->conn == c && (r = redis_conn_reply(c)))
        on_reply(rd, r);
    if (rd->conn == c && redis_conn_error(c))
        lost(rd, redis_conn_error(c));
}

static void attempt(struct redis *rd)
{
    int r = redis_conn_new(rd->loop, &rd->address, on_conn, rd, &rd->conn);

    rd->phase = GREETING;
    rd->own_id = 0;
    if (r < 0) {
        lost(rd, strerror(-r));
        return;
    }
    redis_conn_ask(rd->conn, (const char *const[]){"CLIENT", "SETNAME", rd->prefix, NULL});
    redis_conn_ask(rd->conn, (const char *const[]){"CLIENT", "ID", NULL});
    ask_who(rd);
    start_timer(rd, CHECK_MS);
}

static void check(struct redis *rd)
{
    const char *error;

    redis_conn_check(rd->conn);
    error = redis_conn_error(rd->conn);
    if (!error && rd->watch) {
        redis_watch_check(rd->watch, rd->n_commits);
        error = redis_watch_error(rd->watch);
    }
    if (error) {
        lost(rd, error);
        return;
    }
    rd->checking_soon = rd->phase != UP || !redis_watch_has(rd->watch, rd->n_commits);
    start_timer(rd, rd->checking_soon ? CHECK_MS : CHECK_IDLE_MS);
}

static void on_time(struct redis *rd)
{
    if (rd->phase == AWAY)
        attempt(rd);
    else
        check(rd);
}

static void on_timer(struct loop_timer *t)
{
    on_time(container_of(t, struct redis, timer));
}

/* ---- without the loop ---- */

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What the loop would do until that time, or until something has happened. */
static void turn(struct redis *rd, uint64_t until_ms)
{
    uint64_t now_ms = clock_ms();
    uint64_t next_ms = min_u64(until_ms, rd->due_ms);
    int wait_ms = next_ms > now_ms ? (int) (next_ms - now_ms) : 0;

    if (rd->conn) {
        struct redis_conn *c = rd->conn;

        redis_conn_wait(c, wait_ms);
        on_conn(c, rd);
    } else {
        (void) poll(NULL, 0, wait_ms);
    }
    if (clock_ms() >= rd->due_ms)
        on_time(rd);
}

static int redis_load(struct store *st, uint64_t timeout_ms, store_field_fn *fn, void *arg)
{
    struct redis *rd = redis_of(st);
    uint64_t now_ms = clock_ms();
    struct load load = {.fn = fn,
                        .arg = arg,
                        .until_ms = now_ms + timeout_ms,
                        .kill_ms = now_ms + timeout_ms / 4 * 3};
    int r = -ETIMEDOUT;

    /* a contact that there is already would rewrite; commits that it has sent are executed before
     * its end is seen */
    end_contact(rd);
    rd->due_ms = now_ms;
    rd->load = &load;
    while (rd->phase != UP && clock_ms() < load.until_ms) {
        turn(rd, load.again_ms ? load.again_ms : load.until_ms);
        if (load.again_ms && clock_ms() >= load.again_ms) {
            load.again_ms = 0;
            if (rd->phase == GREETING)
                ask_who(rd);
        }
    }
    if (rd->phase == UP)
        r = deliver(&load);
    else
        lost(rd, "it did not tell in time what it has");
    load_clear(&load);
    rd->load = NULL;
    return r;
}

static bool redis_is_up(const struct store *st)
{
    return container_of(st, struct redis, store)->phase == UP;
}

static void redis_free(struct store *st)
{
    struct redis *rd = redis_of(st);
    uint64_t until_ms = clock_ms() + FREE_WAIT_MS;

    redis_commit(st);
    /* what is answered would be forgotten with the connection */
    while (rd->phase == REWRITING && clock_ms() < until_ms)
        turn(rd, until_ms);
    end_contact(rd);
    loop_timer_done(&rd->timer);
    blob_clear(&rd->changes);
    secret_wipe(&rd->address, sizeof(rd->address));
    free(rd);
}

int store_new_redis(struct loop *l, const struct store_address *address, const char *prefix,
                    const struct store_handlers *handlers, void *arg, struct store **ret_store)
{
    static const struct store_kind kind = {
        .free = redis_free,
        .load = redis_load,
        .put = redis_put,
        .del = redis_del,
        .drop = redis_drop,
        .commit = redis_commit,
        .is_up = redis_is_up,
    };
    struct redis *rd;
    char why[128];

    if (!store_prefix_check(prefix, why, sizeof(why)))
        return -EINVAL;
    rd = calloc(1, sizeof(*rd));
    if (!rd)
        return -ENOMEM;
    *rd = (struct redis){.store.kind = &kind,
                         .loop = l,
                         .handlers = *handlers,
                         .arg = arg,
                         .address = *address,
                         .retry_ms = RETRY_MIN_MS};
    rd->changes = blob_init(CHANGES_MAX);
    snprintf(rd->prefix, sizeof(rd->prefix), "%s", prefix);
    if (address->place == STORE_UNIX)
        snprintf(rd->place, sizeof(rd->place), "%s", address->path);
    else
        snprintf(rd->place, sizeof(rd->place), "%s, port %u, database %u", address->host,
                 address->port, address->db);
    rd->due_ms = clock_ms();
    if (loop_timer_start(&rd->timer, l, 0, on_timer) < 0) {
        redis_free(&rd->store);
        return -ENOMEM;
    }
    *ret_store = &rd->store;
    return 0;
}
