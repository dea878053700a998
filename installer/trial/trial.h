/* trial.h: visavis-probe against the server of this machine, and what it found. */
#pragma once

#include "base/addr.h"
#include "settings/settings.h"

#define TRIAL_STEPS_MAX 8
#define TRIAL_OFFERS_MAX 16

/* What is tried, and how it is reached from here. */
struct trial_target {
    char url[SETTINGS_URL_SIZE];
    const char *secret;     /* of the settings */
    char connect_to[64];    /* "": as the URL says */
    char ca_file[PATH_MAX]; /* "": the system's */
};

/* dev: that of `visavis dev`. */
void trial_target_of(const struct settings *s, bool dev, struct trial_target *ret);

struct trial_step {
    char name[16];    /* "rest" */
    char verdict[16]; /* "ok", "failed", "left out", "not run" */
    double ms;
    char reason[24]; /* of a failed one, see services/probe/reasons.h */
    int code;
    char message[384];
};

/* An address at which media says it can be reached. */
struct trial_offer {
    struct addr addr;
    bool tcp;
};

struct trial {
    bool ok;
    struct trial_step steps[TRIAL_STEPS_MAX];
    size_t n_steps;
    bool untrusted; /* the certificate's issuer is not known here: it went on without looking */
    struct trial_offer offers[TRIAL_OFFERS_MAX];
    size_t n_offers;
    char local[ADDR_TEXT_SIZE], remote[ADDR_TEXT_SIZE]; /* the path of media; "" */
    char kind[16];                                      /* of our end: "host", "relay" */
    double first_packet_ms, delay_ms;                   /* of video; 0: not measured */
    double loss_percent; /* the worse of audio and video, before they are asked for again */
    char *json;          /* all of it, as the probe wrote it; trial_done() frees it */
};

struct trial_options {
    const char *path;    /* "any", "udp", "tcp", "turn-udp", "turn-tcp", "turn-tls" */
    const char *address; /* of media's addresses this one alone; NULL: all */
    unsigned duration_s;
    unsigned limit_ms; /* of all of it; 0: as long as the probe's steps may take */
};

/* What the probe wrote, as JSON. -EBADMSG: it is no such thing. trial_done() frees what ret has. */
int trial_read(const char *json, struct trial *ret);

/* 0 when the probe ran, whatever it found. -ENOENT: there is none; -EBADMSG: it ended without an
 * answer, why says what it said; -ETIMEDOUT. Only after 0 there is something in ret. */
int trial_run(const struct trial_target *t, const struct trial_options *o, struct trial *ret,
              char *why, size_t why_size);
void trial_done(struct trial *t);

/* The addresses at which media says it can be reached, but for the loopback; each once. Cut where
 * there is no room. */
void trial_offered(const struct trial *t, char *buf, size_t size);

/* The step that failed; NULL: none did. */
const struct trial_step *trial_failed(const struct trial *t);
