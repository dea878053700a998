/* restore.h: state made from the fields of the store. They come in no order, and may be anything:
 * what makes no sense is left out, and out of the store, and logged. */
#pragma once

#include "base/bytes.h"

struct app;
struct restore;
struct store;

int restore_new(struct app *app, struct restore **ret_r);
struct restore *restore_free(struct restore *r);

/* A field, copied; those of a hash one after the other. -ENOMEM. */
int restore_field(struct restore *r, struct bytes hash, struct bytes field, struct bytes value);

/* After the last field: makes sessions, and clients whose grace periods begin now. */
void restore_build(struct restore *r, struct store *store);
