/* Lines "HASH FIELD VALUE" as the store may have them, made into sessions. */
#include "tests/unit/signaling/app_kit.h"

#include "signaling/restore.h"
#include "signaling/shapes.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Up to the separator, which is skipped. */
static struct bytes cut(struct bytes *rest, uint8_t separator)
{
    const uint8_t *end = rest->len ? memchr(rest->p, separator, rest->len) : NULL;
    struct bytes part = end ? bytes_of(rest->p, (size_t) (end - rest->p)) : *rest;

    *rest = end ? bytes_of(end + 1, rest->len - part.len - 1) : bytes_of(NULL, 0);
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size);
    struct restore *r;
    struct session *s;
    struct store *store;

    app_kit_start();
    if (store_new(app.loop, "memory", "x", NULL, NULL, &store) < 0 || restore_new(&app, &r) < 0)
        abort();
    while (rest.len > 0) {
        struct bytes value = cut(&rest, '\n'), hash = cut(&value, ' '), field = cut(&value, ' ');

        (void) restore_field(r, hash, field, value);
    }
    restore_build(r, store);
    restore_free(r);
    list_for_each (s, &app.sessions.all, node)
        json_decref(shape_session(s, &(struct shape_options){.pending = true}));
    store_free(store);
    app_kit_stop();
    return 0;
}
