/* fit.h: which challenges of a CA this machine can meet, and who shows the proofs: nginx from the
 * webroot, a server of ours while the order lasts, the operator's script. Pure. */
#pragma once

#include "acme/wire.h"
#include "nginx/nginx.h"

enum fit_way {
    FIT_NOT,       /* why says what stands against it */
    FIT_WEBROOT,   /* a web server that is there serves the folder */
    FIT_RESPONDER, /* nobody has the port: we take it for that long */
    FIT_SOCKET,    /* nginx' stream server hands connections on to us */
    FIT_HOOK,
};

/* Who listens on a TCP port of this machine. */
struct fit_port {
    bool taken;
    bool nginx;    /* by nginx */
    char who[400]; /* "apache2 (process 812, ...)" */
};

struct fit_input {
    enum proxy_layout layout;
    bool in_force; /* nginx has files of ours */
    uint16_t http_port, https_port;
    struct fit_port http, https;
    const char *hook; /* ACME_DNS_HOOK; "": none */
    int hook_error;   /* why it cannot be run; 0: it can */
};

#define FIT_WHY_SIZE 384
struct fit {
    enum fit_way way;
    char why[FIT_WHY_SIZE]; /* of FIT_NOT: a clause without a full stop that names what to do */
};

/* One for each type, N_CHALLENGE_TYPES of them. */
void fit_challenges(const struct fit_input *in, struct fit *ret);

/* Is a machine that can do that good for that identifier? Those of IP addresses are not in the DNS,
 * wildcards are nowhere else. false: why is a clause. */
bool fit_suits(enum acme_challenge_type type, const struct acme_id *id, char *why, size_t size);

/* The types of ACME_CHALLENGE ("auto", "http-01", ...) in order of preference; how many. With a
 * script at hand dns-01 comes first: who has set it up has a reason. */
size_t fit_types(const char *challenge, bool has_hook,
                 enum acme_challenge_type ret[static N_CHALLENGE_TYPES]);
