/* scrub.h: takes secrets out of text before others see it. What is known to be secret is masked
 * wherever it stands, plain or encoded; what looks like one by its name (secret=..., "password":
 * "...", Basic ..., user:password@ in a URL) is masked too. */
#pragma once

#include "base/bytes.h"
#include "settings/settings.h"

#include <stdio.h>

#define SCRUB_MASK "[hidden]"

struct scrub;

int scrub_new(struct scrub **ret);
struct scrub *scrub_free(struct scrub *s); /* wipes; NULL is fine; returns NULL */

/* From now on this is masked, also percent-encoded, as the inside of a quoted string, and as the
 * password of OPENVIDUAPP in base64. Nothing shorter than 3 bytes can be told from other text. */
int scrub_add(struct scrub *s, const char *secret);

/* The values of all hidden settings. */
int scrub_add_settings(struct scrub *s, const struct settings *settings);

/* What a configuration file names as secret is masked in other texts from now on. */
int scrub_learn(struct scrub *s, struct bytes text);

void scrub_print(const struct scrub *s, struct bytes text, FILE *to);
