#include "acme/hook.h"

#include "acme/base64url.h"
#include "acme/printable.h"
#include "acme/record.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "loop/beside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAID_LINES 6
#define SAID_BYTES (HOOK_SAID_SIZE - SAID_LINES * 3) /* with " / " for the ends of lines */

/* What was put up, to be taken away from the same place. */
struct put_up {
    char name[RECORD_NAME_SIZE], value[HOOK_VALUE_SIZE];
    char at[RECORD_NAME_SIZE];
    bool used, failed;
};

struct hook {
    struct hook_config config;
    struct acme_challenger challenger;
    struct put_up list[ACME_IDS_MAX];
};

enum hook_shape hook_shape_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t len = strlen(name);

    if (len > strlen("dns_.sh") && strncmp(name, "dns_", 4) == 0 &&
        strcmp(name + len - 3, ".sh") == 0)
        return HOOK_DNSAPI;
    return HOOK_UACME;
}

int hook_value(const char *key_authorization, char ret[static HOOK_VALUE_SIZE])
{
    struct bytes text = bytes_str(key_authorization);
    uint8_t hash[SHA256_SIZE];
    int r = sha256(&text, 1, hash);

    return r < 0 ? r : base64url_encode(bytes_of(hash, sizeof(hash)), ret, HOOK_VALUE_SIZE);
}

static const char *without_star(const struct acme_id *id)
{
    return id->is_wildcard ? id->text + strlen("*.") : id->text;
}

void hook_argv(const struct hook_config *c, enum hook_event event, const struct acme_proof *proof,
               const char *at, const char *value, const char *ret[static HOOK_ARGV_MAX])
{
    static const char *const methods[] = {
        [HOOK_PRESENT] = "begin", [HOOK_WITHDRAW] = "done", [HOOK_WITHDRAW_FAILED] = "failed"};
    size_t n = 0;

    if (hook_shape_of(c->path) == HOOK_DNSAPI) {
        ret[n++] = c->dnsapi;
        ret[n++] = event == HOOK_PRESENT ? "add" : "rm";
        ret[n++] = c->path;
        ret[n++] = at;
        ret[n++] = value;
    } else {
        ret[n++] = c->path;
        ret[n++] = methods[event];
        ret[n++] = "dns-01";
        ret[n++] = without_star(proof->id);
        ret[n++] = proof->token;
        ret[n++] = value;
    }
    ret[n] = NULL;
}

/* ---- what it said ---- */

/* Steps over a sequence that a terminal would take as a command: ESC [ ... letter, ESC letter. */
static const char *after_escape(const char *p)
{
    p++;
    if (*p != '[')
        return *p ? p + 1 : p;
    do
        p++;
    while (*p && ((unsigned char) *p < 0x40 || (unsigned char) *p > 0x7e));
    return *p ? p + 1 : p;
}

static const char *last_lines(const char *text, size_t lines)
{
    const char *p = text + strlen(text), *end;

    while (p > text && (p[-1] == '\n' || p[-1] == '\r'))
        p--;
    end = p;
    while (p > text && end - p < SAID_BYTES && !(p[-1] == '\n' && --lines == 0))
        p--;
    return p;
}

const char *hook_said(const char *output, char buf[static HOOK_SAID_SIZE])
{
    struct wr w = wr_init(buf, HOOK_SAID_SIZE - 1);
    bool gap = false; /* between lines */

    for (const char *p = last_lines(output ? output : "", SAID_LINES); *p;) {
        unsigned char c = (unsigned char) *p;

        if (c == 0x1b) {
            p = after_escape(p);
            continue;
        }
        p++;
        if (c == '\n' || c == '\r') {
            gap = true;
            continue;
        }
        if (gap && wr_len(&w) > 0)
            wr_str(&w, " / ");
        gap = false;
        wr_u8(&w, c);
    }
    buf[wr_len(&w)] = '\0';
    return printable_clean(buf);
}

/* ---- running it ---- */

/* Is there something that could be run? why: a sentence without a final dot. */
static int look(const struct hook_config *c, char *why, size_t why_size)
{
    struct stat st;
    bool is_dnsapi = hook_shape_of(c->path) == HOOK_DNSAPI;
    int error = 0;

    if (stat(c->path, &st) < 0)
        error = -errno;
    else if (!S_ISREG(st.st_mode))
        error = -EISDIR;
    if (error == -ENOENT)
        snprintf(why, why_size, "there is no file %s", c->path);
    else if (error == -EISDIR)
        snprintf(why, why_size, "%s is no file", c->path);
    else if (error < 0)
        snprintf(why, why_size, "%s cannot be looked at: %s", c->path, strerror(-error));
    else if (is_dnsapi && access(c->path, R_OK) < 0)
        snprintf(why, why_size, "%s may not be read", c->path);
    else if (!is_dnsapi && !(st.st_mode & 0111))
        snprintf(why, why_size, "%s is not executable (chmod 755 %s)", c->path, c->path);
    else
        return 0;
    return error < 0 ? error : -EACCES;
}

static int not_there(const struct hook_config *c, int error, const char *why,
                     struct acme_failure *f)
{
    failure_set(f, FAILURE_LOCAL, STEP_CHALLENGE, error, c->path,
                "the script for DNS records cannot be run: %s", why);
    failure_next(f, "ACME_DNS_HOOK is the path of a hook script as of uacme (executable), or of a "
                    "file dns_NAME.sh as of acme.sh.");
    return error;
}

static int ran_badly(const struct hook_config *c, int r, const char *output, struct acme_failure *f)
{
    char said[HOOK_SAID_SIZE];

    hook_said(output, said);
    if (r == -ETIMEDOUT) {
        failure_set(f, FAILURE_LOCAL, STEP_CHALLENGE, r, c->path,
                    "the script for DNS records did not come to its end in time%s%s",
                    said[0] ? "; it said: " : "", said);
        failure_next(f, "Run it by hand and see what it waits for: %s.", c->path);
        return r;
    }
    if (r < 0) {
        failure_set(f, FAILURE_LOCAL, STEP_CHALLENGE, r, c->path,
                    "the script for DNS records could not be started: %s%s%s", strerror(-r),
                    said[0] ? "; " : "", said);
        return r;
    }
    failure_set(f, FAILURE_LOCAL, STEP_CHALLENGE, -EIO, c->path,
                "the script for DNS records ended with status %d%s%s", r,
                said[0] ? "; it said: " : " and said nothing", said);
    failure_next(f, "What it needs to know (keys of the DNS provider) belongs into the file that "
                    "ACME_DNS_ENV names, as lines KEY=value.");
    return -EIO;
}

static int run(const struct hook_config *c, enum hook_event event, const struct acme_proof *proof,
               const struct put_up *p, struct acme_failure *f)
{
    const char *argv[HOOK_ARGV_MAX];
    char *output = NULL;
    int r;

    hook_argv(c, event, proof, p->at, p->value, argv);
    r = c->run(argv, &output, c->arg);
    if (r != 0)
        r = ran_badly(c, r, output, f);
    free(output);
    return r;
}

/* ---- the challenger ---- */

static bool can(void *arg, const struct acme_id *id, char *why, size_t why_size)
{
    struct hook *h = arg;

    if (id->is_ip) {
        snprintf(why, why_size, "an IP address has no DNS record to prove it by");
        return false;
    }
    return look(&h->config, why, why_size) == 0;
}

/* The place of a record; NULL: there are too many. */
static struct put_up *place(struct hook *h, const char *name, const char *value)
{
    struct put_up *unused = NULL;

    for (size_t i = 0; i < ACME_IDS_MAX; i++) {
        struct put_up *p = &h->list[i];

        if (!p->used)
            unused = unused ? unused : p;
        else if (strcmp(p->name, name) == 0 && strcmp(p->value, value) == 0)
            return p;
    }
    return unused;
}

struct job {
    struct hook *hook;
    const struct acme_proof *proof;
    struct put_up *record;
    struct acme_failure *failure;
    enum hook_event event;
    int result;
};

static void do_present(const atomic_bool *cancelled, void *arg)
{
    struct job *j = arg;
    const struct hook_config *c = &j->hook->config;
    struct put_up *p = j->record;
    int r;

    record_target(c->resolver, p->name, p->at);
    p->used = true;
    r = run(c, HOOK_PRESENT, j->proof, p, j->failure);
    if (r == 0 && c->visible_limit_s > 0)
        r = record_wait(c->resolver, p->at, p->value, c->visible_limit_s, cancelled, j->failure);
    p->failed = r < 0;
    j->result = r;
}

/* The record of a proof: where it was put up, or is to be. */
static int find_record(struct hook *h, const struct acme_proof *proof, struct put_up **ret)
{
    char name[RECORD_NAME_SIZE], value[HOOK_VALUE_SIZE];
    int r = record_name(proof->id, name);

    if (r == 0)
        r = hook_value(proof->key_authorization, value);
    if (r < 0)
        return r;
    *ret = place(h, name, value);
    if (!*ret)
        return -ENOSPC;
    memcpy((*ret)->name, name, sizeof(name));
    memcpy((*ret)->value, value, sizeof(value));
    return 0;
}

static int present(void *arg, const struct acme_proof *proof, struct acme_failure *f)
{
    struct job j = {.hook = arg, .proof = proof, .failure = f};
    char why[512];
    int r = look(&j.hook->config, why, sizeof(why));

    if (r < 0)
        return not_there(&j.hook->config, r, why, f);
    r = find_record(j.hook, proof, &j.record);
    if (r == 0)
        r = beside_run(j.hook->config.loop, do_present, &j);
    if (r != 0)
        return failure_set(f, FAILURE_LOCAL, STEP_CHALLENGE, r, proof->id->text,
                           "the DNS record could not be put up: %s", strerror(-r));
    return j.result;
}

static void do_withdraw(const atomic_bool *cancelled, void *arg)
{
    struct job *j = arg;

    (void) cancelled;
    j->result = run(&j->hook->config, j->event, j->proof, j->record, j->failure);
}

/* Nothing depends on it but the tidiness of the zone. */
static void withdraw(void *arg, const struct acme_proof *proof)
{
    struct acme_failure f;
    struct job j = {.hook = arg, .proof = proof, .failure = &f};
    int r;

    if (find_record(j.hook, proof, &j.record) != 0 || !j.record->used)
        return;
    j.event = j.record->failed ? HOOK_WITHDRAW_FAILED : HOOK_WITHDRAW;
    r = beside_run(j.hook->config.loop, do_withdraw, &j);
    if (r == -ECANCELED) /* it was run all the same */
        r = 0;
    if (r == 0 && j.result < 0)
        log_warning("%s: the TXT record %s was not taken away: %s", j.hook->config.path,
                    j.record->at, f.what);
    else if (r < 0)
        log_warning("the TXT record %s stays where it is: %s", j.record->at, strerror(-r));
    *j.record = (struct put_up){.used = false};
}

int hook_new(const struct hook_config *c, struct hook **ret)
{
    struct hook *h = calloc(1, sizeof(*h));

    if (!h)
        return -ENOMEM;
    h->config = *c;
    h->challenger = (struct acme_challenger){
        .type = CHALLENGE_DNS_01, .can = can, .present = present, .withdraw = withdraw, .arg = h};
    *ret = h;
    return 0;
}

struct hook *hook_free(struct hook *h)
{
    free(h);
    return NULL;
}

const struct acme_challenger *hook_challenger(struct hook *h)
{
    return &h->challenger;
}
