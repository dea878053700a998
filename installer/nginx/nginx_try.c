#include "base/clock.h"
#include "files/files.h"
#include "host/paths.h"
#include "host/workdir.h"
#include "nginx/nginx_copy.h"
#include "nginx/nginx_ports.h"
#include "nginx/site.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APPEAR_MS 3000 /* for the daemon to write its process id */
#define END_MS 5000
#define AGAIN_MS 200
#define STEP_MS 20

static pid_t read_pid(const char *file)
{
    char *text;
    size_t len;
    long pid;

    if (file_read(file, 64, &text, &len) < 0)
        return 0;
    pid = strtol(text, NULL, 10);
    free(text);
    return pid > 1 && pid <= INT32_MAX ? (pid_t) pid : 0;
}

/* It has become a daemon, so it is no child of ours to be waited for. */
static bool has_ended(pid_t pid, unsigned wait_ms)
{
    for (uint64_t end = clock_ms() + wait_ms; kill(pid, 0) == 0; poll(NULL, 0, STEP_MS))
        if (clock_ms() >= end)
            return false;
    return true;
}

static void stop(pid_t pid)
{
    /* A signal between the file and nginx's loop is only seen with the next one. */
    for (unsigned waited = 0; waited < END_MS; waited += AGAIN_MS) {
        kill(pid, SIGTERM);
        if (has_ended(pid, AGAIN_MS))
            return;
    }
    kill(pid, SIGKILL);
}

static void stop_again(const struct nginx_copy *c)
{
    uint64_t end = clock_ms() + APPEAR_MS;
    pid_t pid;

    while ((pid = read_pid(c->pid_file)) == 0 && clock_ms() < end)
        poll(NULL, 0, STEP_MS);
    if (pid != 0)
        stop(pid);
}

/* An nginx with a copy of the configuration for a trial. */
static bool is_trial(pid_t pid)
{
    static const char mark[] = "/" WORKDIR_NAME;
    char path[64], *text;
    size_t len;
    bool is;

    snprintf(path, sizeof(path), "/proc/%d/comm", pid);
    if (file_read(path, 64, &text, &len) < 0)
        return false;
    is = strcmp(text, "nginx\n") == 0;
    free(text);
    snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
    if (!is || file_read(path, 65536, &text, &len) < 0)
        return false;
    is = memmem(text, len, mark, strlen(mark)) != NULL;
    free(text);
    return is;
}

void nginx_end_trials(void)
{
    DIR *d = opendir("/proc");
    struct dirent *e;

    while (d && (e = readdir(d))) {
        pid_t pid = (pid_t) strtol(e->d_name, NULL, 10);

        if (pid > 1 && is_trial(pid))
            stop(pid);
    }
    if (d)
        closedir(d);
}

/* Is what nginx says about a file that the operator wrote? */
static bool blames_own(const char *why)
{
    return strstr(why, path_of(PATH_NGINX_OWN)) != NULL;
}

/* What an nginx that was killed left behind keeps the next one from starting. */
static void remove_stale_sockets(const struct nginx_facts *f)
{
    char path[PATH_MAX];

    for (const char *const *s = site_sockets; !f->running && *s; s++)
        unlink(path_join(path, PATH_RUN, *s));
}

static int try_copy(const struct nginx_copy *c, const struct nginx_facts *f, char *why,
                    size_t why_size)
{
    int r = nginx_copy_run(c, true, why, why_size);

    if (r == 0) {
        r = nginx_ports_check(c->conf, f, why, why_size);
        if (r == -EINVAL) {
            char *said = strdup(why);

            if (said)
                nginx_copy_explain(c, said, why, why_size);
            free(said);
        }
    }
    if (r < 0 || f->running)
        return r;
    r = nginx_copy_run(c, false, why, why_size);
    if (r == 0)
        stop_again(c);
    return r;
}

/* A fault that is there without our files, too, is not ours. */
static bool is_broken_without(const struct nginx_facts *f, char *why, size_t why_size)
{
    static const char *const nothing[N_NGINX_FILES];
    struct nginx_copy c;
    char said[1024];
    bool broken;

    if (nginx_copy_make(f, nothing, &c) < 0)
        return false;
    broken = nginx_copy_run(&c, true, said, sizeof(said)) < 0 ||
             nginx_ports_check(c.conf, f, said, sizeof(said)) == -EINVAL;
    if (broken)
        nginx_copy_explain(&c, said, why, why_size);
    nginx_copy_remove(&c);
    return broken;
}

int nginx_try(const char *generation, enum proxy_layout layout, const struct nginx_facts *f,
              char *why, size_t why_size, bool *ret_foreign)
{
    char site[PATH_MAX], stream[PATH_MAX];
    const char *files[N_NGINX_FILES] = {NULL};
    struct nginx_copy c;
    int r;

    *why = '\0';
    *ret_foreign = false;
    if (layout == PROXY_EXTERNAL)
        return 0;
    snprintf(site, sizeof(site), "%s/%s", generation, nginx_file_names[NGINX_FILE_SITE]);
    snprintf(stream, sizeof(stream), "%s/%s", generation, nginx_file_names[NGINX_FILE_STREAM]);
    files[NGINX_FILE_SITE] = site;
    files[NGINX_FILE_STREAM] = layout == PROXY_FRONT ? stream : NULL;
    r = nginx_copy_make(f, files, &c);
    if (r < 0) {
        snprintf(why, why_size, "the configuration of nginx cannot be copied for a trial: %s",
                 strerror(-r));
        return -EINVAL;
    }
    nginx_end_trials();
    remove_stale_sockets(f);
    r = try_copy(&c, f, why, why_size);
    nginx_copy_remove(&c);
    if (r == -EINVAL)
        *ret_foreign = blames_own(why) || is_broken_without(f, why, why_size);
    return r;
}
