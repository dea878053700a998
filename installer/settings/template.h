/* template.h: what is generated from THE table: the commented .env that an installation begins
 * with, and the reference of all keys. Pure. */
#pragma once

#include "base/buf.h"

/* Below ENVFILE_MAX, as every .env. */
void template_write(struct wr *w);

/* Markdown. */
#define REFERENCE_MAX (128 * 1024)
void reference_write(struct wr *w);
