/* told.h: how it stands with the certificate of a CA, in words and as JSON. Pure. */
#pragma once

#include "text/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acme_failure;
struct acquire_look;
struct certs_info;

/* "2026-12-23 04:05:06 UTC"; returns buf, as all of these. */
#define TOLD_TIME_SIZE 32
const char *told_time(int64_t s, char buf[static TOLD_TIME_SIZE]);

/* "2026-12-23 04:05:06 UTC, drawn from the CA's window (…)", "now: it has expired". */
const char *told_renewal(const struct acquire_look *l, int64_t now_s, char *buf, size_t size);

/* "ok on 2026-…, by http-01", "failed on …, 3 times in a row", "never". */
const char *told_last(const struct acquire_look *l, char *buf, size_t size);

/* "after 2026-…: the CA asked for that", "as soon as it is started". */
const char *told_next(const struct acquire_look *l, int64_t now_s, char *buf, size_t size);

/* Has the CA said when the pair is to be renewed (RFC 9773)? */
bool told_has_window(const struct acquire_look *l);

/* ---- is there something to say? ---- */

enum told_level {
    TOLD_FINE, /* the rest is empty */
    TOLD_NOTE,
    TOLD_WARNING, /* it will be trouble */
    TOLD_FAILURE, /* browsers warn, or will soon */
};

struct told {
    enum told_level level;
    char text[1536];  /* a sentence: what is */
    char why[2048];   /* what was found by the last try, without a final dot; "" */
    char when[128];   /* a sentence: when the next one is made; "" */
    char next[1100];  /* what to do, sentences; "" */
    char command[96]; /* that mends it, or tries again; "" */
};

/* live: what is served; NULL: nothing that can be read. */
void told_judge(const struct acquire_look *l, const struct certs_info *live, int64_t now_s,
                struct told *ret);

/* In one paragraph: what is and why; all of it, with what to do. */
#define TOLD_SIZE 6144
const char *told_finding(const struct told *t, char buf[static TOLD_SIZE]);
const char *told_text(const struct told *t, char buf[static TOLD_SIZE]);

/* ---- JSON ---- */

/* {"server", "result", "lastAttempt", "lastSuccess", "attemptServer", "failures", "challenge",
 *  "stagingFirst", "revoked", "renewal": {"due", "reason", "at", "windowStart", "windowEnd",
 *  "explanation"}, "nextTry", "notBefore", "failure": told_failure_json()}; times are null when
 * there is none. */
json_t *told_json(const struct acquire_look *l, int64_t now_s);

/* {"kind", "step", "where", "what", "next", "text", "notBefore", "problem": {"type", "status",
 * "detail", "subproblems": [{"type", "identifier", "detail"}], "verbatim"} or null}; null for none.
 */
json_t *told_failure_json(const struct acme_failure *f);
