#include "installer/port_holder.h"

#include "files/files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_LISTEN 0x0a

/* The inode of a socket in a table of /proc/net; 0: none. */
static uint64_t listening_inode(const char *table, uint16_t port)
{
    FILE *f = fopen(table, "re");
    uint64_t inode = 0;
    char line[512];

    while (f && inode == 0 && fgets(line, sizeof(line), f)) {
        unsigned local, state;
        uint64_t n;

        if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*u %" SCNu64,
                   &local, &state, &n) == 3 &&
            local == port && state == STATE_LISTEN)
            inode = n;
    }
    if (f)
        fclose(f);
    return inode;
}

static bool has_socket(const char *pid, uint64_t inode)
{
    char dir[64], wanted[64];
    struct dirent *e;
    bool found = false;
    DIR *d;

    snprintf(dir, sizeof(dir), "/proc/%.16s/fd", pid);
    snprintf(wanted, sizeof(wanted), "socket:[%" PRIu64 "]", inode);
    d = opendir(dir);
    while (d && !found && (e = readdir(d))) {
        char path[PATH_MAX], target[64];
        ssize_t n;

        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        n = readlink(path, target, sizeof(target) - 1);
        if (n > 0) {
            target[n] = '\0';
            found = strcmp(target, wanted) == 0;
        }
    }
    if (d)
        closedir(d);
    return found;
}

static void read_name(const char *pid, struct port_holder *ret)
{
    char path[64], *text;
    size_t len;

    ret->pid = (pid_t) strtol(pid, NULL, 10);
    snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
    if (file_read(path, 4096, &text, &len) < 0)
        return;
    snprintf(ret->name, sizeof(ret->name), "%.*s", (int) strcspn(text, "\n"), text);
    free(text);
}

/* A process that forked has its socket in its children as well: the one with the lowest number. */
int port_holder_find(uint16_t port, struct port_holder *ret)
{
    struct port_holder h = {.inode = listening_inode("/proc/net/tcp", port)};
    struct dirent *e;
    DIR *d;

    if (h.inode == 0)
        h.inode = listening_inode("/proc/net/tcp6", port);
    if (h.inode == 0)
        return -ENOENT;
    d = opendir("/proc");
    while (d && (e = readdir(d)))
        if (isdigit((unsigned char) e->d_name[0]) &&
            (h.pid == 0 || strtol(e->d_name, NULL, 10) < h.pid) && has_socket(e->d_name, h.inode))
            read_name(e->d_name, &h);
    if (d)
        closedir(d);
    *ret = h;
    return 0;
}

bool port_holder_is(const struct port_holder *h, pid_t pid)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", (int) pid);
    return has_socket(text, h->inode);
}
