#include "media/sync_parts.h"

#include <errno.h>
#include <string.h>

#define ID_COST 3 /* the quotes and the comma */

void sync_parts_done(struct sync_parts *p)
{
    json_decref(p->rooms);
    *p = (struct sync_parts){.rooms = NULL};
}

void sync_parts_refuse(struct sync_parts *p, bool more)
{
    sync_parts_done(p);
    p->refused = more;
}

/* Appends the ids of from[key] to to[key]; false without memory. */
static bool append_ids(json_t *to, const json_t *from, const char *key, size_t *bytes)
{
    json_t *list = json_object_get(to, key), *id;
    size_t i;

    if (!list && json_object_set_new(to, key, list = json_array()) < 0)
        return false;
    json_array_foreach (json_object_get(from, key), i, id) {
        *bytes += json_string_length(id) + ID_COST;
        if (json_array_append(list, id) < 0)
            return false;
    }
    return true;
}

static bool add_room(struct sync_parts *p, const char *id, const json_t *part)
{
    json_t *room = json_object_get(p->rooms, id);

    if (!room && json_object_set_new(p->rooms, id, room = json_object()) < 0)
        return false;
    p->bytes += strlen(id) + ID_COST;
    return append_ids(room, part, "streams", &p->bytes) &&
           append_ids(room, part, "subscribers", &p->bytes);
}

int sync_parts_add(struct sync_parts *p, const json_t *rooms, bool more, json_t **ret_whole)
{
    const char *id;
    json_t *room;
    int error = 0;

    if (p->refused) {
        p->refused = more;
        return -EBADMSG;
    }
    if (!p->rooms)
        p->rooms = json_object();
    json_object_foreach ((json_t *) rooms, id, room) {
        if (!add_room(p, id, room))
            error = -ENOMEM;
    }
    if (!error && p->bytes > SYNC_BYTES_MAX)
        error = -ENOSPC;
    if (error) {
        sync_parts_refuse(p, more);
        return error;
    }
    *ret_whole = more ? NULL : json_incref(p->rooms);
    if (!more)
        sync_parts_done(p);
    return 0;
}
