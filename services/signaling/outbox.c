#include "signaling/outbox.h"

#include "base/clock.h"
#include "base/event_names.h"
#include "base/log.h"
#include "base/rnd.h"
#include "signaling/cdr.h"
#include "signaling/config.h"
#include "signaling/outbox_event.h"
#include "signaling/webhook.h"
#include "store/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SEQUENCE_DIGITS 20
#define ID_RANDOM 6 /* should the clock have been set back while nothing was in the store */
#define RETRY_US 5000000
#define LOG_INTERVAL_MS 10000

struct outbox {
    struct loop *loop;
    const struct config *config;
    struct store *store;
    struct cdr cdr;
    struct webhook *webhook;
    struct list restored; /* struct outbox_event; not in their order */
    struct list added;    /* not committed */
    struct list out;      /* waiting for the CDR file or the webhook */
    struct list lines;    /* of these, for the CDR file */
    size_t line_bytes;    /* of those in added and in lines */
    uint64_t sequence;
    struct loop_defer defer;
    struct loop_timer retry_timer;
    int cdr_error; /* told of; 0: lines are written */
    struct outbox_counts counts;
    struct log_limit log_lost;
};

/* ---- events ---- */

static struct outbox_event *event_new(const char *name, const json_t *fields)
{
    char *text = json_dumps(fields, JSON_COMPACT | JSON_ENCODE_ANY);
    size_t len = text ? strlen(text) : 0;
    struct outbox_event *e = text ? malloc(sizeof(*e) + len + 1) : NULL;

    if (e) {
        *e = (struct outbox_event){.name = name, .len = len};
        memcpy(e->fields, text, len + 1);
        list_init(&e->node);
        list_init(&e->in_cdr);
        list_init(&e->in_webhook);
    }
    free(text);
    return e;
}

/* Both consist of a name of ours and of what the library has written. */
char *outbox_event_body(const struct outbox_event *e)
{
    char *text;

    return asprintf(&text, "{\"event\":\"%s\",%s", e->name, e->fields + 1) < 0 ? NULL : text;
}

char *outbox_event_line(const struct outbox_event *e)
{
    char *text;

    return asprintf(&text, "{\"%s\":%s}\n", e->name, e->fields) < 0 ? NULL : text;
}

size_t outbox_event_line_len(const struct outbox_event *e)
{
    return strlen("{\"\":}\n") + strlen(e->name) + e->len;
}

/* ---- records ---- */

/* {name, fields, and what is to be done: file and offset of the CDR line, webhook}. */
static void put_record(struct outbox *o, const struct outbox_event *e)
{
    json_t *j = json_pack("{s:s,s:o,s:b}", "name", e->name, "fields",
                          json_loads(e->fields, 0, NULL), "webhook", e->webhook);
    char *text;

    if (j && e->cdr) {
        json_object_set_new(j, "file", json_string(e->place.file));
        json_object_set_new(j, "offset", json_integer((json_int_t) e->place.offset));
    }
    text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    if (text)
        store_put(o->store, OUTBOX_HASH, e->id, bytes_str(text));
    else
        log_error("events: out of memory, %s may be lost with a crash", e->name);
    free(text);
}

static bool read_place(json_t *j, struct cdr_place *ret_place)
{
    const char *file = json_string_value(json_object_get(j, "file"));
    json_int_t offset = json_integer_value(json_object_get(j, "offset"));

    if (!file || !cdr_is_file_name(file) || offset < 0)
        return false;
    memcpy(ret_place->file, file, strlen(file) + 1);
    ret_place->offset = (uint64_t) offset;
    return true;
}

/* An event as a record has it. One that is none has nothing left to be done, and so goes. */
static struct outbox_event *read_record(struct bytes value)
{
    json_t *j = json_loadb((const char *) value.p, value.len, 0, NULL);
    const char *name = json_string_value(json_object_get(j, "name"));
    json_t *fields = json_object_get(j, "fields");
    const char *known = name ? event_name_find(name) : NULL;
    bool is_event = known && json_object_size(fields) > 0;
    struct outbox_event *e = event_new(known, is_event ? fields : json_null());

    if (!is_event)
        log_warning("events: a record in the store is no event, dropped");
    else if (e) {
        e->cdr = read_place(j, &e->place);
        e->webhook = json_is_true(json_object_get(j, "webhook"));
    }
    json_decref(j);
    return e;
}

/* The id of a record that counts from there on; -EBADMSG for another's. */
static int read_id(struct bytes field, uint64_t *ret_sequence)
{
    if (field.len != EVENT_ID_SIZE - 1 || field.p[SEQUENCE_DIGITS] != '-' ||
        memchr(field.p, '\0', field.len))
        return -EBADMSG;
    return bytes_to_u64(bytes_of(field.p, SEQUENCE_DIGITS), UINT64_MAX / 2, ret_sequence);
}

/* ---- done ---- */

/* Both have it: its record goes with the next commit. */
static void release_if_done(struct outbox *o, struct outbox_event *e)
{
    if (e->cdr || e->webhook)
        return;
    store_del(o->store, OUTBOX_HASH, e->id);
    list_del(&e->node);
    free(e);
    loop_defer_arm(&o->defer);
}

static void on_webhook_done(struct outbox_event *e, void *arg)
{
    release_if_done(arg, e);
}

static void line_done(struct outbox *o, struct outbox_event *e)
{
    list_del(&e->in_cdr);
    o->line_bytes -= outbox_event_line_len(e);
    o->counts.cdr_waiting--;
    e->cdr = false;
    if (e->webhook) /* or the line would be written again, maybe to a file that was cut meanwhile */
        put_record(o, e);
    release_if_done(o, e);
}

/* ---- CDR ---- */

static void on_retry(struct loop_timer *t)
{
    loop_defer_arm(&container_of(t, struct outbox, retry_timer)->defer);
}

/* The file was cut or taken away: what waits goes on where it ends now. The new places must be in
 * the store before they are used. */
static void move_lines(struct outbox *o)
{
    struct outbox_event *e;

    cdr_close(&o->cdr);
    cdr_restart(&o->cdr);
    list_for_each (e, &o->lines, in_cdr) {
        cdr_next(&o->cdr, outbox_event_line_len(e), &e->place);
        put_record(o, e);
    }
    loop_defer_arm(&o->defer);
}

static int write_line(struct outbox *o, const struct outbox_event *e)
{
    char *line = outbox_event_line(e);
    int error = line ? cdr_write(&o->cdr, &e->place, bytes_str(line)) : -ENOMEM;

    free(line);
    return error;
}

static void tell_cdr_error(struct outbox *o, int error)
{
    if (error && error != o->cdr_error)
        log_error("CDR: cannot write to %s: %s; %" PRIu64 " lines wait, trying again",
                  o->config->cdr_path, strerror(-error), o->counts.cdr_waiting);
    else if (!error && o->cdr_error)
        log_notice("CDR: lines are written again");
    o->cdr_error = error;
}

static void write_lines(struct outbox *o)
{
    struct outbox_event *e;
    int error = 0;

    if (list_empty(&o->lines))
        return;
    while (!error && (e = list_first(&o->lines, struct outbox_event, in_cdr))) {
        error = write_line(o, e);
        if (!error) {
            o->counts.cdr_written++;
            line_done(o, e);
        }
    }
    cdr_close(&o->cdr);
    if (error == -ESTALE) {
        move_lines(o);
        return;
    }
    tell_cdr_error(o, error);
    if (error)
        (void) loop_timer_start(&o->retry_timer, o->loop, RETRY_US, on_retry);
}

/* Whether there is room for one more. */
static bool place_line(struct outbox *o, struct outbox_event *e)
{
    size_t len = outbox_event_line_len(e);

    if (o->line_bytes + len > OUTBOX_CDR_BYTES_MAX) {
        o->counts.cdr_lost++;
        log_limited(&o->log_lost, LOG_LEVEL_ERROR,
                    "CDR: too many lines wait to be written, new ones are lost (%" PRIu64
                    " so far)",
                    o->counts.cdr_lost);
        return false;
    }
    o->line_bytes += len;
    o->counts.cdr_waiting++;
    cdr_next(&o->cdr, len, &e->place);
    return true;
}

/* ---- in and on ---- */

static void queue(struct outbox *o, struct outbox_event *e)
{
    list_append(&o->out, &e->node);
    if (e->cdr)
        list_append(&o->lines, &e->in_cdr);
    if (e->webhook)
        webhook_put(o->webhook, e);
    else
        release_if_done(o, e);
}

static int compare(const void *a, const void *b)
{
    const struct outbox_event *const *x = a, *const *y = b;

    return strcmp((*x)->id, (*y)->id);
}

/* What was restored is in its order now, and in the store already. */
static void take_up_restored(struct outbox *o)
{
    struct outbox_event **all, *e;
    size_t n = 0, i = 0;

    list_for_each (e, &o->restored, node)
        n++;
    all = n ? malloc(n * sizeof(struct outbox_event *)) : NULL;
    if (!all)
        return; /* nothing, or another time */
    list_for_each (e, &o->restored, node) {
        list_del(&e->node);
        all[i++] = e;
    }
    qsort(all, n, sizeof(struct outbox_event *), compare);
    for (i = 0; i < n; i++)
        queue(o, all[i]);
    log_info("events: %zu of the time before go on their way", n);
    free(all);
}

void outbox_restore(struct outbox *o, struct bytes field, struct bytes value)
{
    struct outbox_event *e = NULL;
    uint64_t sequence;

    if (read_id(field, &sequence) < 0)
        log_warning("events: a record in the store has a name that is none of ours, ignoring");
    else
        e = read_record(value);
    if (!e)
        return;
    memcpy(e->id, field.p, field.len);
    if (sequence > o->sequence)
        o->sequence = sequence;
    e->cdr = e->cdr && *o->config->cdr_path;
    e->webhook = e->webhook && webhook_wants(o->webhook, e->name);
    if (e->cdr) {
        size_t len = outbox_event_line_len(e);

        cdr_reserve(&o->cdr, &e->place, len);
        o->line_bytes += len;
        o->counts.cdr_waiting++;
    }
    list_append(&o->restored, &e->node);
    loop_defer_arm(&o->defer);
}

bool outbox_wants(const struct outbox *o, const char *name)
{
    return o && (*o->config->cdr_path || webhook_wants(o->webhook, name));
}

void outbox_add(struct outbox *o, const char *name, json_t *fields)
{
    bool wanted = outbox_wants(o, name);
    struct outbox_event *e = wanted ? event_new(name, fields) : NULL;
    char random[ID_RANDOM + 1];

    json_decref(fields);
    if (!e) {
        if (wanted)
            log_error("events: out of memory, %s is lost", name);
        return;
    }
    rnd_alnum(random, ID_RANDOM);
    snprintf(e->id, sizeof(e->id), "%0*" PRIu64 "-%s", SEQUENCE_DIGITS, ++o->sequence, random);
    e->cdr = *o->config->cdr_path && place_line(o, e);
    e->webhook = webhook_wants(o->webhook, name);
    put_record(o, e);
    list_append(&o->added, &e->node);
    loop_defer_arm(&o->defer);
}

void outbox_committed(struct outbox *o)
{
    struct outbox_event *e;

    take_up_restored(o);
    while ((e = list_first(&o->added, struct outbox_event, node))) {
        list_del(&e->node);
        queue(o, e);
    }
}

void outbox_rewrite(struct outbox *o)
{
    const struct list *lists[] = {&o->restored, &o->out, &o->added};
    struct outbox_event *e;

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        list_for_each (e, lists[i], node)
            put_record(o, e);
    }
}

/* Commits, writes, and commits that it is written. The webhook goes on by itself. */
static void run(struct outbox *o)
{
    store_commit(o->store);
    outbox_committed(o);
    write_lines(o);
    store_commit(o->store);
}

static void on_turn(struct loop_defer *d)
{
    run(container_of(d, struct outbox, defer));
}

/* ---- the whole ---- */

int outbox_new(struct loop *l, const struct config *config, struct store *store,
               struct outbox **ret_outbox)
{
    struct outbox *o = calloc(1, sizeof(*o));
    int error;

    if (!o)
        return -ENOMEM;
    o->loop = l;
    o->config = config;
    o->store = store;
    o->sequence = clock_wall_ms() * 1000; /* above all that lives before ours have counted */
    o->log_lost.interval_ms = LOG_INTERVAL_MS;
    list_init(&o->restored);
    list_init(&o->added);
    list_init(&o->out);
    list_init(&o->lines);
    error = loop_defer_init(&o->defer, l, on_turn);
    if (!error)
        error = cdr_set_folder(&o->cdr, config->cdr_path);
    if (!error)
        error = webhook_new(l, config, on_webhook_done, o, &o->webhook);
    if (error) {
        outbox_free(o);
        return error;
    }
    *ret_outbox = o;
    return 0;
}

static void free_all(struct list *l)
{
    struct outbox_event *e;

    list_for_each (e, l, node)
        free(e);
}

struct outbox *outbox_free(struct outbox *o)
{
    if (!o)
        return NULL;
    if (o->webhook) {
        webhook_stop(o->webhook, false);
        run(o);
    }
    o->webhook = webhook_free(o->webhook);
    loop_defer_done(&o->defer);
    loop_timer_done(&o->retry_timer);
    free_all(&o->restored);
    free_all(&o->added);
    free_all(&o->out);
    cdr_done(&o->cdr);
    free(o);
    return NULL;
}

void outbox_reload(struct outbox *o)
{
    struct outbox_event *e;

    store_commit(o->store);
    outbox_committed(o);
    if (cdr_set_folder(&o->cdr, o->config->cdr_path) < 0)
        log_error("CDR: out of memory, lines go on to the folder from before");
    if (!*o->config->cdr_path) {
        list_for_each (e, &o->lines, in_cdr)
            line_done(o, e);
    }
    webhook_reload(o->webhook);
    loop_defer_arm(&o->defer);
}

void outbox_stop(struct outbox *o, bool all)
{
    webhook_stop(o->webhook, all);
}

bool outbox_is_busy(const struct outbox *o)
{
    return webhook_is_busy(o->webhook);
}

void outbox_count(const struct outbox *o, struct outbox_counts *ret)
{
    const struct webhook_counts *w = webhook_counts(o->webhook);

    *ret = o->counts;
    ret->webhook_sent = w->sent;
    ret->webhook_refused = w->refused;
    ret->webhook_given_up = w->given_up;
    ret->webhook_waiting = w->waiting;
}
