/* status.h: all that `visavis status` tells, gathered. */
#pragma once

#include "acquire/told.h"
#include "apply/inforce.h"
#include "certs/certs.h"
#include "units/health.h"

enum status_env {
    STATUS_ENV_UNKNOWN, /* it or what is in force could not be read */
    STATUS_ENV_IN_FORCE,
    STATUS_ENV_DIFFERS, /* edited since */
    STATUS_ENV_WRONG,   /* edited since, and would be refused */
};

struct status {
    struct health_report health;
    enum health worst; /* of services, configuration and certificate */
    bool has_inforce;
    struct inforce inforce;
    struct settings *settings; /* in force; NULL: unknown */
    int decided_error;         /* 0: decided, beside them, is known */
    struct decided decided;
    enum status_env env;
    unsigned n_env_changes;
    unsigned n_env_errors;
    char env_error[1024]; /* the first of them, a line; "" */
    int cert_error;       /* 0: cert is filled in; -ENOENT: none yet; ... */
    struct certs_info cert;
    enum certs_health cert_health;
    int64_t cert_days_left;
    struct acquire_look
        *acme;          /* with CERTIFICATE_TYPE=letsencrypt, as far as it may be read; NULL */
    struct told told;   /* about that */
    int sessions_error; /* 0: n_sessions is known */
    unsigned n_sessions;
};

/* Negative errno: the manager did not answer. Free with status_done(). */
int status_look(struct units *u, struct status *ret);
void status_done(struct status *s);

const char *status_env_name(enum status_env e);
