/* desired.h: everything that is rendered for one configuration of an installed machine: the files
 * of a generation. Pure, apart from finding out who owns the files. */
#pragma once

#include "apply/decided.h"
#include "apply/dropins.h"
#include "apply/generation.h"
#include "apply/plan.h"

enum desired_file {
    DESIRED_SIGNALING,
    DESIRED_MEDIA,
    DESIRED_TURN,
    DESIRED_CALL,
    DESIRED_REDIS,
    DESIRED_SITE,
    DESIRED_STREAM,
    DESIRED_SETTINGS,
    DESIRED_DECIDED,
    DESIRED_DROPINS, /* the first of them */
    N_DESIRED = DESIRED_DROPINS + N_DROPINS
};

/* What it is made of. Borrowed. */
struct desired_input {
    const struct settings *settings;
    const struct network *network;
    const struct nginx_facts *nginx;
    const struct decided *decided;
    const char *turn_secret; /* the kept one, for when COTURN_SHARED_SECRET_KEY is empty */
    const char *call_pages;
    const char *dashboard_pages; /* NULL: there are none */
    unsigned cores;
};

struct desired {
    struct {
        char *p; /* NULL: there is no such file in this configuration */
        size_t len;
    } files[N_DESIRED];
};

int desired_render(const struct desired_input *in, struct desired *ret);

/* Wipes and frees. */
void desired_done(struct desired *d);

const char *desired_name(enum desired_file f);

/* The part whose file it is; N_PLAN_PARTS: of none. *ret_socket: a drop-in of a socket unit. */
enum plan_part desired_part(enum desired_file f, bool *ret_is_unit, bool *ret_is_socket);

struct bytes desired_text(const struct desired *d, enum desired_file f);

/* The files with their owners; the texts stay d's. -ENOENT: *ret_missing is an account that does
 * not exist. */
int desired_files(const struct desired *d, struct generation_file ret[static N_DESIRED],
                  size_t *ret_n, const char **ret_missing);
