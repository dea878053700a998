/* acquire.h: the acme_config of the settings, with challengers that fit this machine. */
#pragma once

#include "acme/acme.h"
#include "settings/settings.h"

struct acquire;

/* The settings and arg must outlive it. tell is told of progress and remarks, a line each. SIGINT
 * and SIGTERM end what is under way: acme_run() then fails, with its proofs withdrawn. -ENOENT: the
 * groups of the installation do not exist. */
int acquire_new(const struct settings *s,
                void (*tell)(bool is_problem, const char *text, void *arg), void *arg,
                struct acquire **ret);

/* Gives ports that were taken back. NULL is fine; returns NULL. */
struct acquire *acquire_free(struct acquire *a);

/* Valid as long as a. */
const struct acme_config *acquire_config(const struct acquire *a);

/* The CA of the settings, and what is tried before it; "" or NULL: none. */
struct acme_ca acquire_ca(const struct settings *s);
struct acme_ca acquire_staging(const struct settings *s);
struct acme_ca acquire_fallback(const struct settings *s);
