/* What the tests of certs/ share: a folder of their own, certificates made by openssl(1), and the
 * sentences that were told. */
#pragma once

#include "certs/certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000) /* 2027-01-15 */
#define DAY INT64_C(86400)

struct kit {
    char dir[64], store[96], own[96];
    char told[16384]; /* "! sentence\n" for problems, "- sentence\n" for news */
    struct certs_wanted wanted;
    bool changed;
};

static inline void kit_tell(bool is_problem, const char *text, void *arg)
{
    struct kit *k = arg;
    size_t len = strlen(k->told);

    snprintf(k->told + len, sizeof(k->told) - len, "%s %s\n", is_problem ? "!" : "-", text);
}

static inline int kit_setup(void **state)
{
    struct kit *k = calloc(1, sizeof(*k));

    if (!k)
        return -1;
    snprintf(k->dir, sizeof(k->dir), "/tmp/test_certs_XXXXXX");
    if (!mkdtemp(k->dir))
        return -1;
    snprintf(k->store, sizeof(k->store), "%s/store", k->dir);
    snprintf(k->own, sizeof(k->own), "%s/own", k->dir);
    k->wanted = (struct certs_wanted){
        .type = CERTS_SELFSIGNED,
        .store = k->store,
        .owncert = k->own,
        .names = {"video.example.org"},
        .key_access = {0640, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER},
    };
    *state = k;
    return mkdir(k->own, 0755);
}

static inline int kit_teardown(void **state)
{
    struct kit *k = *state;
    int r = dir_remove(k->dir);

    free(k);
    return r;
}

/* certs_ensure() at that time; k->told and k->changed are of this run. */
static inline int kit_ensure(struct kit *k, int64_t now_s)
{
    k->told[0] = '\0';
    k->changed = false;
    return certs_ensure(&k->wanted, now_s, kit_tell, k, &k->changed);
}

/* Runs a shell line in the kit's folder; its status. */
__attribute__((format(printf, 2, 3))) static inline int kit_sh(const struct kit *k, const char *fmt,
                                                               ...)
{
    char line[8192], all[8448];
    va_list args;
    int status;

    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    snprintf(all, sizeof(all), "cd %s && { %s\n} >sh.log 2>&1", k->dir, line);
    status = system(all); /* NOLINT(cert-env33-c): openssl(1) on files of the test */
    if (status != 0) {
        snprintf(all, sizeof(all), "cat %s/sh.log >&2", k->dir);
        (void) !system(all); /* NOLINT(cert-env33-c) */
    }
    return status;
}

static inline struct certs_info kit_live(const struct kit *k)
{
    struct certs_info i;

    assert_int_equal(certs_describe(k->store, &i), 0);
    return i;
}

#define assert_told(k, text)                                                                       \
    do {                                                                                           \
        if (!strstr((k)->told, text))                                                              \
            fail_msg("'%s' is not in what was told:\n%s", text, (k)->told);                        \
    } while (0)

#define assert_not_told(k, text)                                                                   \
    do {                                                                                           \
        if (strstr((k)->told, text))                                                               \
            fail_msg("'%s' is in what was told:\n%s", text, (k)->told);                            \
    } while (0)
