/* visavis uninstall: through the package manager that brought it, which knows every file. */
#include "apply/runner.h"
#include "cmd/verbs.h"
#include "files/files.h"
#include "host/paths.h"
#include "host/subprocess.h"
#include "text/json.h"
#include "text/term.h"

#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define REMOVE_MS 300000
#define ASK_MS 10000
#define STOP_MS 12000
#define PROGRAM "/usr/bin/visavis"

enum manager { MANAGER_NONE, MANAGER_APT, MANAGER_DNF };

static bool succeeds(const char *const argv[], const char *input)
{
    struct subprocess_result r;
    bool ok = subprocess_run(argv, input, ASK_MS, &r) == 0;

    if (!ok)
        return false;
    ok = r.status == 0;
    subprocess_done(&r);
    return ok;
}

static enum manager find_manager(void)
{
    if (succeeds((const char *const[]){"dpkg-query", "-S", PROGRAM, NULL}, NULL))
        return MANAGER_APT;
    if (succeeds((const char *const[]){"rpm", "-qf", PROGRAM, NULL}, NULL))
        return MANAGER_DNF;
    return MANAGER_NONE;
}

/* The units are stopped by the package; a `visavis run` is not known to it. */
static bool stop_runner(void)
{
    pid_t pid = runner_pid();

    if (pid)
        kill(pid, SIGTERM);
    for (int waited = 0; pid && runner_pid() && waited < STOP_MS; waited += 100)
        poll(NULL, 0, 100);
    return runner_pid() == 0;
}

static int run_manager(const struct cmd_call *call, enum manager manager, bool purge)
{
    /* Nobody is there to answer: what debconf knows holds. */
    const char *const apt[] = {"env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q",
                               "-y",  purge ? "purge" : "remove",       "visavis", NULL};
    const char *const dnf[] = {"dnf", "-q", "-y", "remove", "visavis", NULL};
    struct subprocess_result r;
    int error = subprocess_run(manager == MANAGER_APT ? apt : dnf, NULL, REMOVE_MS, &r);
    int status = CMD_OK;

    if (error < 0)
        return cmd_fail(call, CMD_FAILED, "%s: %s", manager == MANAGER_APT ? "apt-get" : "dnf",
                        strerror(-error));
    if (r.status != 0) {
        term_text(stderr, bytes_str(r.output), 0);
        term_text(stderr, bytes_str(r.error), 0);
        status =
            cmd_fail(call, CMD_FAILED, "the package manager failed (exit status %d)", r.status);
    }
    subprocess_done(&r);
    return status;
}

/* Either way: an answer of an earlier try must not count. */
static bool answer_debconf(bool recordings)
{
    return succeeds((const char *const[]){"debconf-set-selections", NULL},
                    recordings ? "visavis visavis/purge-recordings boolean true\n"
                               : "visavis visavis/purge-recordings boolean false\n");
}

static void remove_all(const char *pattern)
{
    glob_t found;

    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            (void) dir_remove(found.gl_pathv[i]);
    globfree(&found);
}

/* dnf knows no purge. */
static void purge_files(bool recordings)
{
    static const enum path kept_apart[] = {PATH_CONF, PATH_CERTS, PATH_CDR, PATH_LAYOUTS,
                                           PATH_REDIS};
    char secrets[PATH_MAX];

    for (size_t i = 0; i < sizeof(kept_apart) / sizeof(kept_apart[0]); i++)
        (void) dir_remove(path_of(kept_apart[i]));
    (void) dir_remove(path_join(secrets, PATH_STATE, "secrets"));
    if (recordings)
        (void) dir_remove(path_of(PATH_STATE));
    (void) dir_remove(path_of(PATH_ETC));
    remove_all("/etc/systemd/system/visavis-*.d");
}

static bool is_sure(const struct cmd_call *call, bool purge, bool recordings)
{
    if (cmd_has(call, "yes"))
        return true;
    fprintf(stderr, "Running calls end. %s%s\n",
            purge ? "Settings, certificates and state are erased"
                  : "Settings, certificates and recordings stay",
            !purge       ? "."
            : recordings ? ", and so are ALL RECORDINGS."
                         : "; recordings stay.");
    return term_confirm("Remove Visavis from this machine?");
}

static int uninstall(const struct cmd_call *call)
{
    bool recordings = cmd_has(call, "recordings");
    bool purge = cmd_has(call, "purge") || recordings;
    enum manager manager;
    int status;

    if (geteuid() != 0)
        return cmd_fail(call, CMD_USAGE, "needs root: sudo visavis uninstall");
    manager = find_manager();
    if (manager == MANAGER_NONE)
        return cmd_fail(call, CMD_FAILED,
                        "no package of this machine has " PROGRAM "; who put it there by `make "
                        "install` removes what that installed");
    if (!is_sure(call, purge, recordings))
        return cmd_fail(call, CMD_FAILED, "nothing was removed");
    if (!stop_runner())
        return cmd_fail(call, CMD_FAILED, "`visavis run` does not end; nothing was removed");
    if (manager == MANAGER_APT && purge && !answer_debconf(recordings))
        return cmd_fail(call, CMD_FAILED, "debconf does not take the answer about the recordings");
    status = run_manager(call, manager, purge);
    if (status != CMD_OK)
        return status;
    if (manager == MANAGER_DNF && purge)
        purge_files(recordings);
    if (cmd_json(call))
        return json_print(json_pack("{s:b,s:b,s:b}", "removed", 1, "purged", (int) purge,
                                    "recordingsRemoved", (int) recordings),
                          CMD_OK);
    puts(purge ? "Removed." : "Removed. What it knew stays for a later installation.");
    return CMD_OK;
}

static const struct cmd_option options[] = {
    {.name = "purge", .help = "erase settings, certificates and state as well; not recordings"},
    {.name = "recordings", .help = "erase the recordings too (and all that --purge erases)"},
    {.name = "yes", .letter = 'y', .help = "do not ask"},
    {0},
};

const struct cmd cmd_uninstall = {
    .name = "uninstall",
    .fn = uninstall,
    .help = "remove the server from this machine",
    .doc = "Stops everything and removes the package; nginx keeps serving other sites. Without\n"
           "options all data stays for a later installation.",
    .options = options,
};
