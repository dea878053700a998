#include "apply/hook_unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "files/files.h"
#include "host/paths.h"
#include "host/subprocess.h"
#include "settings/envfile.h"
#include "units/units.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "hook" /* below PATH_STATE */
#define MASK "[hidden]"
#define MASKED_MIN 6       /* shorter values could be part of anything */
#define STOP_LIMIT_S 5     /* from SIGTERM to SIGKILL */
#define MANAGER_LIMIT_S 20 /* what systemd may take beside */

static const char *user_of(const struct hook_unit *u)
{
    return u->user && *u->user ? u->user : HOOK_UNIT_USER;
}

static unsigned limit_of(const struct hook_unit *u)
{
    return u->limit_s ? u->limit_s : HOOK_UNIT_LIMIT_S;
}

static bool has_env_file(const struct hook_unit *u)
{
    return u->env_file && *u->env_file;
}

/* ---- where systemd is process 1 ---- */

/* Scripts need a shell, the network and a folder of their own. The homes stay readable: a script
 * may be in one that belongs to the user it runs as. */
static const char *const sandbox[] = {
    "--property=StateDirectory=visavis/hook",
    "--property=StateDirectoryMode=0700",
    "--property=UMask=0077",
    "--property=IgnoreSIGPIPE=no",
    "--property=NoNewPrivileges=yes",
    "--property=CapabilityBoundingSet=",
    "--property=AmbientCapabilities=",
    "--property=ProtectSystem=strict",
    "--property=ProtectHome=read-only",
    "--property=PrivateTmp=yes",
    "--property=PrivateDevices=yes",
    "--property=ProtectProc=invisible",
    "--property=ProtectKernelTunables=yes",
    "--property=ProtectKernelModules=yes",
    "--property=ProtectKernelLogs=yes",
    "--property=ProtectControlGroups=yes",
    "--property=ProtectClock=yes",
    "--property=ProtectHostname=yes",
    "--property=RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "--property=RestrictNamespaces=yes",
    "--property=RestrictRealtime=yes",
    "--property=RestrictSUIDSGID=yes",
    "--property=LockPersonality=yes",
    "--property=KeyringMode=private",
    "--property=RemoveIPC=yes",
    "--property=SystemCallArchitectures=native",
    "--property=SystemCallFilter=@system-service",
    "--property=SystemCallErrorNumber=EPERM",
};

struct builder {
    struct hook_unit_command *c;
    size_t n, n_texts;
    bool failed;
};

static void add(struct builder *b, const char *arg)
{
    if (b->n >= sizeof(b->c->argv) / sizeof(b->c->argv[0]) - 1)
        b->failed = true;
    else
        b->c->argv[b->n++] = arg;
}

static void add_text(struct builder *b, const char *fmt, const char *value)
{
    char *text = b->c->texts[b->n_texts++];
    struct wr w = wr_init(text, sizeof(b->c->texts[0]) - 1);

    wr_str(&w, fmt);
    wr_str(&w, value);
    text[wr_len(&w)] = '\0';
    b->failed = b->failed || w.failed;
    add(b, text);
}

int hook_unit_command(const struct hook_unit *u, unsigned number, const char *folder,
                      const char *const argv[], struct hook_unit_command *ret)
{
    struct builder b = {.c = ret};
    char text[64];

    add(&b, "systemd-run");
    add(&b, "--wait");
    add(&b, "--pipe");
    add(&b, "--collect");
    add(&b, "--quiet");
    add(&b, "--no-ask-password");
    snprintf(text, sizeof(text), "%ld-%u", (long) getpid(), number);
    add_text(&b, "--unit=visavis-dns-hook-", text);
    add_text(&b, "--uid=", user_of(u));
    add_text(&b, "--setenv=HOME=", folder);
    add_text(&b, "--property=WorkingDirectory=", folder);
    if (has_env_file(u))
        add_text(&b, "--property=EnvironmentFile=-", u->env_file);
    snprintf(text, sizeof(text), "%u", limit_of(u));
    add_text(&b, "--property=RuntimeMaxSec=", text);
    snprintf(text, sizeof(text), "%d", STOP_LIMIT_S);
    add_text(&b, "--property=TimeoutStopSec=", text);
    for (size_t i = 0; i < sizeof(sandbox) / sizeof(sandbox[0]); i++)
        add(&b, sandbox[i]);
    add(&b, "--");
    for (size_t i = 0; argv[i]; i++)
        add(&b, argv[i]);
    ret->argv[b.n] = NULL;
    return b.failed ? -E2BIG : 0;
}

/* Exit statuses of systemd itself (systemd.exec(5)), before the script was run. */
enum {
    EXIT_NO_FOLDER = 200,
    EXIT_NO_EXEC = 203,
    EXIT_NO_GROUP = 216,
    EXIT_NO_USER = 217,
    EXIT_NO_NAMESPACE = 226,
    EXIT_NO_SECCOMP = 228,
    EXIT_NO_STATE = 238
};

static const char *setup_failure(int status)
{
    switch (status) {
    case EXIT_NO_FOLDER:
    case EXIT_NO_STATE:
        return "the folder /var/lib/visavis/hook could not be made or entered";
    case EXIT_NO_EXEC:
        return "the script could not be run";
    case EXIT_NO_GROUP:
    case EXIT_NO_USER:
        return "there is no such user";
    case EXIT_NO_NAMESPACE:
    case EXIT_NO_SECCOMP:
        return "the sandbox could not be set up; see journalctl -b -t systemd";
    default:
        return NULL;
    }
}

static int run_as_unit(const struct hook_unit *u, const char *const argv[],
                       struct subprocess_result *ret)
{
    static atomic_uint number;
    struct hook_unit_command *c = malloc(sizeof(*c));
    uint64_t begin_ms = clock_ms();
    char folder[PATH_MAX];
    int r = c ? 0 : -ENOMEM;

    if (r == 0)
        r = hook_unit_command(u, atomic_fetch_add(&number, 1),
                              path_join(folder, PATH_STATE, FOLDER), argv, c);
    if (r == 0)
        r = subprocess_run(c->argv, NULL, (limit_of(u) + STOP_LIMIT_S + MANAGER_LIMIT_S) * 1000,
                           ret);
    free(c);
    /* systemd-run does not tell why a unit was ended. */
    if (r == 0 && ret->status != 0 && clock_ms() - begin_ms >= limit_of(u) * UINT64_C(1000))
        ret->status = -1;
    return r;
}

/* ---- where it is not ---- */

struct variables {
    char *content;
    size_t len;
    struct envfile *file;
};

static int variables_read(const struct hook_unit *u, struct variables *ret)
{
    int r = 0;

    *ret = (struct variables){.content = NULL};
    if (has_env_file(u))
        r = file_read(u->env_file, ENVFILE_MAX, &ret->content, &ret->len);
    if (r < 0 && r != -ENOENT)
        return r;
    return envfile_parse(bytes_of(ret->content, ret->len), ENVFILE_LENIENT, &ret->file);
}

static void variables_done(struct variables *v)
{
    envfile_free(v->file);
    if (v->content)
        secret_wipe(v->content, v->len);
    free(v->content);
}

static void environment_free(char **list)
{
    for (size_t i = 0; list && list[i]; i++) {
        secret_wipe(list[i], strlen(list[i]));
        free(list[i]);
    }
    free((void *) list);
}

__attribute__((format(printf, 2, 3))) static int append(char ***list, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vasprintf(*list, fmt, ap);
    va_end(ap);
    if (n < 0)
        **list = NULL;
    else
        (*list)++;
    return n < 0 ? -ENOMEM : 0;
}

/* All of them after what systemd would give. NULL: no memory. */
static char **environment_new(const struct variables *v, const char *folder)
{
    size_t n = envfile_n_entries(v->file);
    char **list = calloc(n + 5, sizeof(*list)), **end = list;
    int r = list ? 0 : -ENOMEM;

    if (r == 0)
        r = append(&end, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    if (r == 0)
        r = append(&end, "LANG=C.UTF-8");
    if (r == 0)
        r = append(&end, "HOME=%s", folder);
    if (r == 0)
        r = append(&end, "STATE_DIRECTORY=%s", folder);
    for (size_t i = 0; i < n && r == 0; i++) {
        const struct envfile_entry *e = envfile_entry(v->file, i);

        r = append(&end, "%.*s=%.*s", (int) e->key.len, (const char *) e->key.p, (int) e->value.len,
                   (const char *) e->value.p);
    }
    if (r == 0)
        return list;
    environment_free(list);
    return NULL;
}

/* Ourselves, where we could not become another: below VISAVIS_ROOT, and without root. */
static int find_user(const struct hook_unit *u, struct subprocess_user *ret)
{
    struct passwd buf, *found = NULL;
    char text[4096];
    int r;

    *ret = (struct subprocess_user){.uid = geteuid(), .gid = getegid()};
    if (geteuid() != 0 || *path_root())
        return 0;
    r = getpwnam_r(user_of(u), &buf, text, sizeof(text), &found);
    if (r != 0 || !found)
        return r ? -r : -ESRCH;
    ret->uid = found->pw_uid;
    ret->gid = found->pw_gid;
    return 0;
}

static int run_as_user(const struct hook_unit *u, const struct variables *v,
                       const char *const argv[], struct subprocess_result *ret)
{
    struct subprocess_user user;
    char folder[PATH_MAX];
    char **environment;
    int r = find_user(u, &user);

    if (r < 0)
        return r;
    path_join(folder, PATH_STATE, FOLDER);
    r = dir_make(folder, &(struct file_access){.mode = 0700, .uid = user.uid, .gid = user.gid});
    if (r < 0)
        return r;
    environment = environment_new(v, folder);
    if (!environment)
        return -ENOMEM;
    user.folder = folder;
    user.environment = (const char *const *) environment;
    r = subprocess_run_as(&user, argv, limit_of(u) * 1000, ret);
    environment_free(environment);
    return r;
}

/* ---- what is said of it ---- */

static bool is_secret(struct bytes key)
{
    static const char *const words[] = {"token", "secret", "pass",    "pwd",  "key",
                                        "cred",  "auth",   "session", "sign", NULL};
    char name[128] = "";

    for (size_t i = 0; i < key.len && i < sizeof(name) - 1; i++)
        name[i] = (char) tolower(key.p[i]);
    for (size_t i = 0; words[i]; i++)
        if (strstr(name, words[i]))
            return true;
    return false;
}

/* In place: the mask is cut to the length of a shorter value. */
static void mask(char *text, struct bytes value)
{
    struct bytes by = bytes_str(MASK);
    size_t len = value.len < by.len ? value.len : by.len;

    for (char *p = text; (p = memmem(p, strlen(p), value.p, value.len)) != NULL; p += len) {
        memcpy(p, by.p, len);
        memmove(p + len, p + value.len, strlen(p + value.len) + 1);
    }
}

static void mask_all(char *text, const struct variables *v)
{
    for (size_t i = 0; i < envfile_n_entries(v->file); i++) {
        const struct envfile_entry *e = envfile_entry(v->file, i);

        if (e->value.len >= MASKED_MIN && e->value.p[0] != '/' && is_secret(e->key))
            mask(text, e->value);
    }
}

/* Scripts that edit zone files of this machine need more than the sandbox gives. */
static const char *hint(const struct subprocess_result *r)
{
    const char *sign = strerror(EROFS);

    if (!strstr(r->output, sign) && !strstr(r->error, sign))
        return "";
    return "(its sandbox lets it write below /tmp and in its own folder alone; for others: "
           "systemctl "
           "edit --force visavis-dns-hook-.service, lines [Service] and "
           "ReadWritePaths=/etc/bind)\n";
}

static char *joined(const struct subprocess_result *r, bool as_unit)
{
    char *text;

    if (!r->output || !r->error)
        return NULL;
    return asprintf(&text, "%s%s%s", r->output, r->error, as_unit ? hint(r) : "") < 0 ? NULL : text;
}

/* Why the script could not be run at all, for the operator. */
static char *explain(const struct hook_unit *u, const char *script, const char *why)
{
    char *text;

    return asprintf(&text,
                    "%s (as the user %s, for whom %s must be readable and executable, and the "
                    "folders above it open; ACME_DNS_HOOK_USER names another user)",
                    why, user_of(u), script) < 0
               ? NULL
               : text;
}

static char *no_user(const struct hook_unit *u)
{
    char *text;

    return asprintf(&text,
                    "there is no user %s (systemd-sysusers makes " HOOK_UNIT_USER
                    "; ACME_DNS_HOOK_USER names another one)",
                    user_of(u)) < 0
               ? NULL
               : text;
}

static void look_at_env_file(const struct hook_unit *u)
{
    struct stat st;

    if (has_env_file(u) && stat(u->env_file, &st) == 0 && (st.st_mode & 077))
        log_warning("%s holds keys of the DNS provider and can be read by others: chmod 600 %s",
                    u->env_file, u->env_file);
}

static int judge(const struct hook_unit *u, const char *script, int r, bool as_unit,
                 struct subprocess_result *result, char **ret_output)
{
    const char *why = NULL;

    if (r == 0)
        r = result->status < 0 ? -ETIMEDOUT : result->status;
    if (as_unit && r > 0 && result->output && !*result->output)
        why = setup_failure(r);
    if (r < 0 && r != -ETIMEDOUT)
        why = strerror(-r);
    if (why && (r == -ESRCH || r == EXIT_NO_GROUP || r == EXIT_NO_USER))
        *ret_output = no_user(u);
    else
        *ret_output = why ? explain(u, script, why) : joined(result, as_unit);
    return r;
}

int hook_unit_run(const char *const argv[], char **ret_output, void *arg)
{
    const struct hook_unit *u = arg;
    struct subprocess_result result = {.output = NULL};
    bool as_unit = units_available() && geteuid() == 0;
    struct variables v;
    int r = variables_read(u, &v);

    *ret_output = NULL;
    if (r == 0) {
        look_at_env_file(u);
        r = as_unit ? run_as_unit(u, argv, &result) : run_as_user(u, &v, argv, &result);
        r = judge(u, argv[0], r, as_unit, &result, ret_output);
        if (*ret_output)
            mask_all(*ret_output, &v);
        subprocess_done(&result);
    }
    variables_done(&v);
    return r;
}
