/* hook.h: dns-01 by a script of the operator: the record is put up by it and waited for.
 *
 * Two shapes of scripts are known:
 *   uacme: HOOK begin|done|failed dns-01 IDENTIFIER TOKEN AUTHORIZATION; AUTHORIZATION is the value
 * of the TXT record; `begin` ends with 0 when it has put it up. acme.sh dnsapi: a file dns_NAME.sh
 * with the functions dns_NAME_add FULLDOMAIN VALUE and dns_NAME_rm; run by the `dnsapi` script of
 * ours, which has the functions that such files lean on. */
#pragma once

#include "acme/challenger.h"
#include "acme/dns.h"
#include "loop/loop.h"

enum hook_shape { HOOK_UACME, HOOK_DNSAPI };

/* By its name: dns_*.sh is dnsapi. */
enum hook_shape hook_shape_of(const char *path);

struct hook_config {
    struct loop *loop;
    const char *path;
    const char *dnsapi; /* the script that runs files of that shape */
    const struct dns_servers *resolver;
    unsigned visible_limit_s; /* how long to wait for the record to be seen at all name servers; 0:
                                 it is not looked for, as where no name server can be asked */

    /* Runs a command to its end, with a sandbox of its own; output: what it said, to be freed. Its
     * exit status, or a negative errno (-ETIMEDOUT: it was ended). Called on another thread while
     * the loop's one waits. */
    int (*run)(const char *const argv[], char **ret_output, void *arg);
    void *arg;
};

/* What the config points to must outlive it. */
struct hook;
int hook_new(const struct hook_config *c, struct hook **ret);
struct hook *hook_free(struct hook *h);

/* The command for one record: at is where the record belongs (record_target()). */
enum hook_event { HOOK_PRESENT, HOOK_WITHDRAW, HOOK_WITHDRAW_FAILED };
#define HOOK_ARGV_MAX 7
void hook_argv(const struct hook_config *c, enum hook_event event, const struct acme_proof *proof,
               const char *at, const char *value, const char *ret[static HOOK_ARGV_MAX]);

/* The last lines of what a script said, on one line of printable text. Returns buf. */
#define HOOK_SAID_SIZE 800
const char *hook_said(const char *output, char buf[static HOOK_SAID_SIZE]);

/* As a challenger for dns-01; valid as long as h. present() ends once the record is seen at every
 * name server of the zone (or, where these cannot be found out, by the resolver). */
const struct acme_challenger *hook_challenger(struct hook *h);

/* The value of the record: base64url of SHA-256 of the key authorisation (RFC 8555 section 8.4). */
#define HOOK_VALUE_SIZE 44
int hook_value(const char *key_authorization, char ret[static HOOK_VALUE_SIZE]);
