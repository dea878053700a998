#include "host/versions.h"

#include "base/crypto.h"
#include "files/files.h"
#include "host/paths.h"
#include "host/subprocess.h"
#include "base/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define OS_RELEASE_MAX 16384
#define ASK_TIMEOUT_MS 5000

static const struct {
    const char *key, *title;
} names[] = {
    [VERSION_VISAVIS] = {"visavis", "visavis"},
    [VERSION_OPENVIDU] = {"openviduCompatibility", "OpenVidu clients"},
    [VERSION_DISTRIBUTION] = {"distribution", "distribution"},
    [VERSION_KERNEL] = {"kernel", "kernel"},
    [VERSION_SYSTEMD] = {"systemd", "systemd"},
    [VERSION_NGINX] = {"nginx", "nginx"},
    [VERSION_REDIS] = {"redis", "redis"},
    [VERSION_OPENSSL] = {"openssl", "OpenSSL"},
};

/* Programs that tell their version, and the words before it. */
static const struct {
    enum version_of which;
    const char *argv[3];
    const char *after;
} programs[] = {
    {VERSION_SYSTEMD, {"systemctl", "--version", NULL}, "systemd "},
    {VERSION_NGINX, {"nginx", "-v", NULL}, "nginx/"},
    {VERSION_REDIS, {"/usr/lib/visavis/redis-server", "--version", NULL}, "v="},
};

const char *version_key(enum version_of v)
{
    return names[v].key;
}

const char *version_title(enum version_of v)
{
    return names[v].title;
}

void version_in(const char *text, const char *after, char *ret, size_t size)
{
    const char *at = strstr(text, after);

    ret[0] = 0;
    if (at) {
        at += strlen(after);
        snprintf(ret, size, "%.*s", (int) strcspn(at, " \t\r\n"), at);
    }
}

void version_pretty_name(const char *os_release, char *ret, size_t size)
{
    static const char key[] = "PRETTY_NAME=";

    ret[0] = 0;
    for (const char *line = os_release; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, strlen(key)) == 0) {
            line += strlen(key);
            line += *line == '"' || *line == '\'';
            snprintf(ret, size, "%.*s", (int) strcspn(line, "\"'\r\n"), line);
            return;
        }
    }
}

static void ask(const char *const argv[], const char *after, char *ret, size_t size)
{
    struct subprocess_result r;

    if (subprocess_run(argv, NULL, ASK_TIMEOUT_MS, &r) < 0)
        return;
    version_in(r.output, after, ret, size);
    if (!*ret)
        version_in(r.error, after, ret, size);
    subprocess_done(&r);
}

static void read_distribution(char *ret, size_t size)
{
    char path[PATH_MAX];
    char *text = NULL;
    size_t len;

    if (file_read(path_in_root(path, "/etc/os-release"), OS_RELEASE_MAX, &text, &len) < 0)
        return;
    version_pretty_name(text, ret, size);
    free(text);
}

void versions_look(struct versions *ret)
{
    struct versions v = {.text = {VISAVIS_VERSION, OPENVIDU_COMPATIBILITY}};
    const size_t size = sizeof(v.text[0]);
    struct utsname u;

    read_distribution(v.text[VERSION_DISTRIBUTION], size);
    if (uname(&u) == 0)
        snprintf(v.text[VERSION_KERNEL], size, "%s %s", u.release, u.machine);
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        ask(programs[i].argv, programs[i].after, v.text[programs[i].which], size);
    snprintf(v.text[VERSION_OPENSSL], size, "%s", crypto_version());
    *ret = v;
}
