/* reach_internal.h: what the looks of reach.h share. */
#pragma once

#include "acme/reach.h"

enum reach_verdict {
    REACH_FINE,
    REACH_UNPROVEN, /* nobody answered, which may be so from here alone */
    REACH_WRONG,
};

struct reach_finding {
    enum reach_verdict verdict;
    char what[1024]; /* "connection refused, though ..." */
    char next[1280]; /* sentences */
};

/* One address of an identifier. */
struct reach_hop {
    const struct reach_config *c;
    const struct acme_id *id;
    struct addr to; /* with the port */
    bool is_local;  /* of this machine */
    char name[96];  /* "AAAA 2001:db8::10 port 80" */
};

/* Looks at one; -EINTR alone is an error. */
typedef int reach_look_fn(const struct reach_hop *h, const struct acme_proof *proof,
                          struct reach_finding *ret);

/* Has each address of the proof's identifier looked at, and makes one failure of what is wrong. */
int reach_each(const struct reach_config *c, const struct acme_proof *proof, uint16_t port,
               reach_look_fn *look, struct acme_failure *f);

void reach_hop_init(struct reach_hop *h, const struct reach_config *c, const struct acme_id *id,
                    const struct addr *to);

/* Is there a way to it at all from here? Nothing is sent. */
bool reach_has_route(const struct addr *to);

/* Nobody answered there; error as connect() has it, message for people. */
void reach_silent(const struct reach_hop *h, int error, const char *message,
                  struct reach_finding *ret);

/* Somebody answered wrongly: what. next: what may be done when it is this machine. */
void reach_wrong(const struct reach_hop *h, const char *what, const char *next,
                 struct reach_finding *ret);

void reach_remark(const struct reach_config *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* -EINTR and a failure that says so. */
int reach_interrupted(struct acme_failure *f);

/* "192.0.2.53, 192.0.2.54"; returns buf. */
#define REACH_ASKED_SIZE 256
const char *reach_asked(const struct reach_config *c, char buf[static REACH_ASKED_SIZE]);
