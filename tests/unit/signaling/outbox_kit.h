/* outbox_kit.h: an outbox on a store that is played: its fields lie in memory that is shared with a
 * forked process, which can be made to die at any commit. The definitions below take the place of
 * the store's. */
#pragma once

#include "signaling/outbox.h"

#include "base/log.h"
#include "loop/loop.h"
#include "signaling/config.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* A test needs a part of these. */
#pragma GCC diagnostic ignored "-Wunused-function"

#define KIT_FIELDS 64
#define KIT_CHANGES 256

struct kit_change {
    bool put;
    char field[64], value[1024];
};

static struct kit_store {
    struct kit_change fields[KIT_FIELDS]; /* those with put are there */
    unsigned n_steps, dies_at;            /* a commit has two: before it, and after it */
} * kit_store;
static struct kit_change kit_changes[KIT_CHANGES];
static size_t kit_n_changes;
static size_t kit_n_refused; /* fields or values that a store does not take */

static void kit_step(void)
{
    if (++kit_store->n_steps == kit_store->dies_at)
        _exit(9);
}

static struct kit_change *kit_field(const char *name)
{
    for (size_t i = 0; i < KIT_FIELDS; i++) {
        if (kit_store->fields[i].put && strcmp(kit_store->fields[i].field, name) == 0)
            return &kit_store->fields[i];
    }
    for (size_t i = 0; i < KIT_FIELDS; i++) {
        if (!kit_store->fields[i].put)
            return &kit_store->fields[i];
    }
    abort();
}

static void kit_change(bool put, const char *field, struct bytes value)
{
    struct kit_change *c = &kit_changes[kit_n_changes];

    if (kit_n_changes == KIT_CHANGES || value.len >= sizeof(c->value)) {
        kit_n_refused++;
        return;
    }
    kit_n_changes++;
    c->put = put;
    snprintf(c->field, sizeof(c->field), "%s", field);
    snprintf(c->value, sizeof(c->value), "%.*s", (int) value.len, (const char *) value.p);
}

void store_put(struct store *st, const char *hash, const char *field, struct bytes value)
{
    (void) st;
    (void) hash;
    kit_change(true, field, value);
}

void store_del(struct store *st, const char *hash, const char *field)
{
    (void) st;
    (void) hash;
    kit_change(false, field, bytes_str(""));
}

void store_commit(struct store *st)
{
    (void) st;
    if (kit_n_changes == 0)
        return;
    kit_step();
    for (size_t i = 0; i < kit_n_changes; i++)
        *kit_field(kit_changes[i].field) = kit_changes[i];
    kit_n_changes = 0;
    kit_step();
}

static size_t kit_n_fields(void)
{
    size_t n = 0;

    for (size_t i = 0; i < KIT_FIELDS; i++)
        n += kit_store->fields[i].put;
    return n;
}

/* ---- the outbox ---- */

static char kit_dir[64], kit_url[128], kit_nothing[1];
static struct config kit_config;
static struct loop *kit_loop;
static struct outbox *kit_outbox;

static void kit_start(const char *cdr_path, const char *endpoint)
{
    static char secret[] = "MY_SECRET", path[128];

    snprintf(path, sizeof(path), "%s", cdr_path);
    snprintf(kit_url, sizeof(kit_url), "%s", endpoint);
    kit_config = (struct config){.secret = secret, .cdr_path = path, .webhook_endpoint = kit_url};
    if (loop_new(&kit_loop) < 0 || outbox_new(kit_loop, &kit_config, NULL, &kit_outbox) < 0)
        abort();
}

static void kit_end(void)
{
    kit_outbox = outbox_free(kit_outbox);
    kit_loop = loop_free(kit_loop);
}

/* In another order than they were put. */
static void kit_restore(void)
{
    for (size_t i = KIT_FIELDS; i-- > 0;) {
        if (kit_store->fields[i].put)
            outbox_restore(kit_outbox, bytes_str(kit_store->fields[i].field),
                           bytes_str(kit_store->fields[i].value));
    }
}

static void kit_on_last(struct loop_timer *t)
{
    loop_quit(t->loop, 0);
}

/* What was put off has its turn in any case. */
static void kit_on_end(struct loop_timer *t)
{
    (void) loop_timer_start(t, t->loop, 1000, kit_on_last);
}

/* The loop goes on for so long. */
static void kit_run(unsigned ms)
{
    struct loop_timer end = {.loop = NULL};

    (void) loop_timer_start(&end, kit_loop, ms * 1000u, kit_on_end);
    (void) loop_run(kit_loop);
    loop_timer_done(&end);
}

static void kit_add(const char *name, int n)
{
    outbox_add(kit_outbox, name, json_pack("{s:s,s:i}", "sessionId", "S", "n", n));
}

static int kit_setup(void **state)
{
    (void) state;
    log_init("test", LOG_LEVEL_ERROR);
    strcpy(kit_dir, "/tmp/visavis-outbox-XXXXXX");
    assert_non_null(mkdtemp(kit_dir));
    kit_store =
        mmap(NULL, sizeof(*kit_store), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(kit_store != MAP_FAILED);
    kit_n_changes = kit_n_refused = 0;
    return 0;
}

static int kit_teardown(void **state)
{
    char command[128];

    (void) state;
    munmap(kit_store, sizeof(*kit_store));
    snprintf(command, sizeof(command), "rm -rf %s", kit_dir);
    return system(command);
}
