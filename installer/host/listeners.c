#include "host/listeners.h"

#include "host/facts.h"
#include "host/subprocess.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TCP_LISTEN 0x0a
#define UDP_UNCONNECTED 0x07
#define PACKAGE_MS 10000
#define TABLE_MAX (64 << 20)

/* ---- /proc/net/{tcp,udp}[6] ---- */

/* Hexadecimal digits up to a separator, which is stepped over. */
static bool take_hex(const char **p, const char *end, char separator, uint64_t *ret)
{
    uint64_t v = 0;
    const char *start = *p;

    for (; *p < end; (*p)++) {
        char c = **p;
        unsigned digit;

        if (c >= '0' && c <= '9')
            digit = (unsigned) (c - '0');
        else if (c >= 'A' && c <= 'F')
            digit = (unsigned) (c - 'A' + 10);
        else
            break;
        v = v << 4 | digit;
    }
    if (*p == start || *p - start > 16 || *p == end || **p != separator)
        return false;
    (*p)++;
    *ret = v;
    return true;
}

/* The kernel prints the IP as 32-bit words in host order, each a number. */
static bool take_address(const char **p, const char *end, struct addr *ret)
{
    struct addr a = {.family = AF_INET};
    const char *colon = memchr(*p, ':', (size_t) (end - *p));
    size_t digits = colon ? (size_t) (colon - *p) : 0;
    uint64_t v;

    if (digits != 8 && digits != 32)
        return false;
    for (size_t i = 0; i < digits / 8; i++) {
        const char *word = *p + 8 * i;
        char copy[10];
        const char *q = copy;
        uint32_t number;

        memcpy(copy, word, 8);
        copy[8] = ':';
        if (!take_hex(&q, copy + 9, ':', &v) || q != copy + 9)
            return false;
        number = (uint32_t) v;
        memcpy(a.ip + 4 * i, &number, 4);
    }
    *p = colon + 1;
    if (!take_hex(p, end, ' ', &v) || v > 65535)
        return false;
    a.port = (uint16_t) v;
    if (digits == 32) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(a.port)};

        memcpy(&in6.sin6_addr, a.ip, 16);
        return addr_from_sockaddr((struct sockaddr *) &in6, sizeof(in6), ret) == 0;
    }
    *ret = a;
    return true;
}

static void skip_blanks(const char **p, const char *end)
{
    while (*p < end && **p == ' ')
        (*p)++;
}

/* Steps over n words. */
static void skip_words(const char **p, const char *end, unsigned n)
{
    while (n-- > 0) {
        skip_blanks(p, end);
        while (*p < end && **p != ' ')
            (*p)++;
    }
    skip_blanks(p, end);
}

static bool take_decimal(const char **p, const char *end, uint64_t *ret)
{
    const char *start = *p;
    const char *stop;

    while (*p < end && **p != ' ')
        (*p)++;
    stop = *p;
    skip_blanks(p, end);
    return bytes_to_u64(bytes_of(start, (size_t) (stop - start)), UINT64_MAX, ret) == 0;
}

/* "  0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000  33  0 12345 ..." */
static bool parse_line(const char *p, const char *end, int type, struct listener *ret)
{
    struct listener l = {.type = type};
    uint64_t state, uid;

    skip_words(&p, end, 1);
    if (!take_address(&p, end, &l.addr))
        return false;
    skip_words(&p, end, 1);
    if (!take_hex(&p, end, ' ', &state) ||
        state != (type == SOCK_STREAM ? TCP_LISTEN : UDP_UNCONNECTED))
        return false;
    skip_words(&p, end, 3);
    if (!take_decimal(&p, end, &uid))
        return false;
    skip_words(&p, end, 1);
    if (!take_decimal(&p, end, &l.inode))
        return false;
    l.uid = (uid_t) uid;
    *ret = l;
    return true;
}

size_t listeners_parse(struct bytes text, int type, struct listener *ret, size_t max)
{
    const char *p = (const char *) text.p;
    const char *end = text.len ? p + text.len : p;
    size_t n = 0;

    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t) (end - p));
        const char *stop = newline ? newline : end;
        struct listener l;

        if (parse_line(p, stop, type, &l)) {
            if (n < max)
                ret[n] = l;
            n++;
        }
        p = newline ? newline + 1 : end;
    }
    return n;
}

static int read_table(struct listeners *l, const char *path, int type)
{
    char *text;
    size_t len, n;
    struct listener *more;
    int r = fact_text(path, TABLE_MAX, &text, &len);

    if (r < 0)
        return r;
    n = listeners_parse(bytes_of(text, len), type, NULL, 0);
    more = realloc(l->list, (l->n + n + 1) * sizeof(*more));
    if (more) {
        l->list = more;
        l->n += listeners_parse(bytes_of(text, len), type, l->list + l->n, n);
    }
    free(text);
    return more ? 0 : -ENOMEM;
}

/* ---- processes ---- */

void cgroup_unit(struct bytes text, char *ret, size_t size)
{
    static const char *const suffixes[] = {".service", ".scope", ".socket"};
    const char *p = (const char *) text.p;
    const char *end = text.len ? p + text.len : p;

    ret[0] = '\0';
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t) (end - p));
        const char *stop = newline ? newline : end;
        const char *name = stop;

        while (name > p && name[-1] != '/')
            name--;
        for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
            size_t len = strlen(suffixes[i]);

            if (name > p && (size_t) (stop - name) > len &&
                memcmp(stop - len, suffixes[i], len) == 0)
                snprintf(ret, size, "%.*s", (int) (stop - name), name);
        }
        p = newline ? newline + 1 : end;
    }
    if (strncmp(ret, "docker-", 7) == 0 || strncmp(ret, "libpod-", 7) == 0 ||
        strncmp(ret, "cri-containerd-", 15) == 0)
        snprintf(ret, size, "a container");
}

static void describe_process(pid_t pid, struct listener *l)
{
    static const char deleted[] = " (deleted)";
    char path[64], *text;
    size_t len;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%d/exe", (int) pid);
    n = readlink(path, l->program, sizeof(l->program) - 1);
    l->program[n > 0 ? n : 0] = '\0';
    if (n > (ssize_t) sizeof(deleted) && strcmp(l->program + n - sizeof(deleted) + 1, deleted) == 0)
        l->program[n - (ssize_t) sizeof(deleted) + 1] = '\0';
    snprintf(path, sizeof(path), "/proc/%d/comm", (int) pid);
    if (fact_text(path, 256, &text, &len) == 0) {
        snprintf(l->process, sizeof(l->process), "%.*s", (int) len, text);
        l->process[strcspn(l->process, "\n")] = '\0';
        free(text);
    }
    snprintf(path, sizeof(path), "/proc/%d/cgroup", (int) pid);
    if (fact_text(path, 65536, &text, &len) == 0) {
        cgroup_unit(bytes_of(text, len), l->unit, sizeof(l->unit));
        free(text);
    }
    l->pid = pid;
}

static void match_socket(struct listeners *l, uint64_t inode, pid_t pid)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->list[i].inode != inode || inode == 0)
            continue;
        if (pid == 1)
            l->list[i].by_manager = true;
        if (!l->list[i].pid || l->list[i].pid == 1)
            describe_process(pid, &l->list[i]);
    }
}

static void look_at_process(struct listeners *l, pid_t pid)
{
    char path[64];
    DIR *dir;
    struct dirent *e;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int) pid);
    dir = opendir(path);
    while (dir && (e = readdir(dir))) {
        char target[64];
        ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);
        uint64_t inode;

        if (n < 10 || strncmp(target, "socket:[", 8) != 0)
            continue;
        if (bytes_to_u64(bytes_of(target + 8, (size_t) n - 9), UINT64_MAX, &inode) == 0)
            match_socket(l, inode, pid);
    }
    if (dir)
        closedir(dir);
}

static void find_processes(struct listeners *l)
{
    DIR *dir = opendir("/proc");
    struct dirent *e;
    uint64_t pid;

    while (dir && (e = readdir(dir)))
        if (bytes_to_u64(bytes_str(e->d_name), INT32_MAX, &pid) == 0)
            look_at_process(l, (pid_t) pid);
    if (dir)
        closedir(dir);
}

int listeners_read(struct listeners *ret)
{
    static const struct {
        const char *path;
        int type;
    } tables[] = {
        {"/proc/self/net/tcp", SOCK_STREAM},
        {"/proc/self/net/tcp6", SOCK_STREAM},
        {"/proc/self/net/udp", SOCK_DGRAM},
        {"/proc/self/net/udp6", SOCK_DGRAM},
    };
    struct listeners l = {.n = 0};

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        int r = read_table(&l, tables[i].path, tables[i].type);

        if (r < 0 && r != -ENOENT) { /* a kernel without IPv6 has no such table */
            listeners_done(&l);
            return r;
        }
    }
    find_processes(&l);
    *ret = l;
    return 0;
}

void listeners_done(struct listeners *l)
{
    free(l->list);
    *l = (struct listeners){.n = 0};
}

/* ---- questions ---- */

bool listener_blocks(const struct listener *l, const struct addr *addr, int type)
{
    if (l->type != type || l->addr.port != addr->port)
        return false;
    if (addr_is_unspecified(&l->addr))
        return l->addr.family == addr->family || l->addr.family == AF_INET6;
    return l->addr.family == addr->family &&
           (addr_is_unspecified(addr) || addr_ip_eq(&l->addr, addr));
}

const struct listener *listeners_find(const struct listeners *l, const struct addr *addr, int type)
{
    for (size_t i = 0; i < l->n; i++)
        if (listener_blocks(&l->list[i], addr, type))
            return &l->list[i];
    return NULL;
}

/* First lines "apache2-bin: /usr/sbin/apache2" (dpkg) and "httpd-core" (rpm). */
void program_package(const char *program, char *ret, size_t size)
{
    const char *const ask_dpkg[] = {"dpkg-query", "--search", program, NULL};
    const char *const ask_rpm[] = {"rpm", "-qf", "--queryformat", "%{NAME}", program, NULL};
    const char *const *const asks[] = {ask_dpkg, ask_rpm};

    ret[0] = '\0';
    for (size_t i = 0; i < 2 && *program && !ret[0]; i++) {
        struct subprocess_result r;

        if (subprocess_run(asks[i], NULL, PACKAGE_MS, &r) < 0)
            continue;
        if (r.status == 0)
            snprintf(ret, size, "%.*s", (int) strcspn(r.output, ":,\n"), r.output);
        subprocess_done(&r);
    }
}

const char *listener_describe(const struct listener *l, char *buf, size_t size)
{
    char package[128];
    int n;

    if (!l->pid) {
        snprintf(buf, size, "an unknown process of user %u", (unsigned) l->uid);
        return buf;
    }
    /* Where /usr is merged, the package may know the program by the other name. */
    program_package(l->program, package, sizeof(package));
    if (!package[0] && strncmp(l->program, "/usr/", 5) == 0)
        program_package(l->program + 4, package, sizeof(package));
    n = snprintf(buf, size, "%s (process %d", l->process[0] ? l->process : "a process",
                 (int) l->pid);
    if (n > 0 && (size_t) n < size)
        snprintf(buf + n, size - (size_t) n, "%s%s%s%s)", package[0] ? ", package " : "", package,
                 l->unit[0] ? ", unit " : "", l->unit);
    return buf;
}
