/* CPU per relayed packet with coturn's own load tool, as it counts packets: visavis-turn beside
 * coturn, one after the other, in windows of a second. By Send and Data indications: the tool's
 * channel numbers are those of RFC 5766, most of which RFC 8656 has taken away. Nothing to do where
 * the tools are missing. On the loopback. */
#include "tests/lib/loopback.h"
#include "tests/lib/measure.h"
#include "tests/lib/turn_crowd.h"
#include "tests/lib/turn_server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define UCLIENT "/usr/bin/turnutils_uclient"
#define PEER "/usr/bin/turnutils_peer"
#define CLIENTS 100
#define WINDOWS_MAX 120
#define ENOUGH 1000 /* packets: a window with fewer is at the begin or the end */

enum { OURS, COTURN, N_SERVERS };

static struct contender {
    const char *name;
    enum turn_server_kind kind;
    const char *relay_ip;
    struct turn_server *server;
    struct addr listen;
} contenders[] = {
    [OURS] = {.name = "visavis-turn", .kind = TURN_SERVER_OURS, .relay_ip = "127.0.0.2"},
    [COTURN] = {.name = "coturn", .kind = TURN_SERVER_COTURN, .relay_ip = "127.0.0.3"},
};

static const struct load {
    const char *name;
    unsigned interval_ms, messages, size; /* of each client */
    double bar;                           /* ours to coturn */
} loads[] = {
    {"turnutils_uclient, 1000 bytes, each 20 ms", 20, 300, 1000, 0.6},
    {"turnutils_uclient, 1000 bytes, as fast as it can", 0, 300, 1000, 1.0 / 3},
};

struct figure {
    double us[WINDOWS_MAX];
    size_t n;
    uint64_t sent, received;
};

/* ---- the servers and the peer ---- */

static struct addr free_address(void)
{
    struct addr a;
    int fd = loopback_open(NULL, &a);

    measure_check(fd, "socket");
    close(fd);
    return a;
}

/* With the port behind it free as well: the tool wants two. */
static struct addr free_pair(void)
{
    for (;;) {
        struct addr a = free_address(), next = a;
        int fd;

        next.port++;
        fd = loopback_open_at(&next);
        if (fd >= 0) {
            close(fd);
            return a;
        }
    }
}

/* Echoes. */
static struct child *start_peer(unsigned at_port)
{
    char program[] = PEER, local[] = "-L", ip[] = "127.0.0.1", port[] = "-p", number[8];
    char *argv[] = {program, local, ip, port, number, NULL};
    struct child *c;

    snprintf(number, sizeof(number), "%u", at_port);
    measure_check(child_new("turnutils_peer", &c), PEER);
    measure_check(child_start(c, argv), PEER);
    return c;
}

/* With one allocation made, to know that it is up. */
static void start_server(struct loop *l, struct contender *c, const struct addr *peer)
{
    struct turn_server_config config = {.kind = c->kind,
                                        .listen = free_address(),
                                        .relay_ip = c->relay_ip,
                                        .peer = *peer,
                                        .more_ports = 1};
    struct turn_crowd crowd;
    int r;

    c->listen = config.listen;
    measure_check(turn_server_new(l, &config, &c->server), c->name);
    measure_check(turn_crowd_open(&crowd, 1, "127.0.0.1", &config.listen), "socket");
    r = turn_crowd_allocate(&crowd, 1, false);
    measure_check(r > 0 ? -EACCES : r, c->name);
    turn_crowd_close(&crowd);
}

/* ---- a run of the tool ---- */

static uint64_t cpu_ns(const struct contender *c)
{
    struct child_usage u;

    measure_check(child_usage(turn_server_child(c->server), &u), "usage");
    return u.cpu_ns;
}

/* "... tot_send_msgs=N, tot_recv_msgs=N, ..." comes once a second, and at the end. */
static bool parse_line(const char *line, struct figure *f)
{
    const char *at = strstr(line, "tot_send_msgs=");

    return at && sscanf(at, "tot_send_msgs=%" SCNu64 ", tot_recv_msgs=%" SCNu64, &f->sent,
                        &f->received) == 2;
}

static FILE *start_tool(const struct contender *c, const struct load *load, const struct addr *peer)
{
    char command[512];
    FILE *f;

    snprintf(command, sizeof(command),
             "stdbuf -oL " UCLIENT " -s -c -m %d -n %u -z %u -l %u -L 127.0.0.1 -p %u -e 127.0.0.1"
             " -r %u -u bench -W " TURN_SECRET " 127.0.0.1 2>&1",
             CLIENTS, load->messages, load->interval_ms, load->size, c->listen.port, peer->port);
    f = popen(command, "r"); /* NOLINT(cert-env33-c): made of constants and numbers */
    measure_check(f ? 0 : -errno, UCLIENT);
    return f;
}

static void run_tool(const struct contender *c, const struct load *load, const struct addr *peer,
                     struct figure *ret)
{
    FILE *tool = start_tool(c, load, peer);
    uint64_t packets = 0, cpu = cpu_ns(c);
    char line[1024];

    *ret = (struct figure){.n = 0};
    while (fgets(line, sizeof(line), tool)) {
        uint64_t now_cpu = cpu_ns(c), now;

        if (!parse_line(line, ret))
            continue;
        now = ret->sent + ret->received;
        if (packets > 0 && now - packets >= ENOUGH && ret->n < WINDOWS_MAX)
            ret->us[ret->n++] = (double) (now_cpu - cpu) / 1000 / (double) (now - packets);
        packets = now;
        cpu = now_cpu;
    }
    if (pclose(tool) != 0 || ret->n == 0) {
        fprintf(stderr, "%s: the tool failed: %zu windows\n", c->name, ret->n);
        exit(EXIT_FAILURE);
    }
}

static void run_load(const struct load *load, const struct addr *peer)
{
    double us[N_SERVERS];

    printf("%s\n  %-33s %10s %9s %6s\n", load->name, "", "packets", "us each", "lost%");
    for (size_t i = 0; i < N_SERVERS; i++) {
        struct figure f;

        run_tool(&contenders[i], load, peer, &f);
        us[i] = measure_median(f.us, f.n);
        printf("  %-33s %10" PRIu64 " %9.2f %6.2f\n", contenders[i].name, f.sent + f.received,
               us[i], 100 * (1 - (double) f.received / (double) f.sent));
    }
    measure_bar("ours to coturn", us[OURS] / us[COTURN], load->bar);
}

int main(void)
{
    struct addr peer = free_pair();
    struct child *echo[2];
    struct loop *l;

    if (access(UCLIENT, X_OK) < 0 || access(PEER, X_OK) < 0 || access(TURN_COTURN, X_OK) < 0) {
        puts("coturn's tools are not installed");
        return MEASURE_NOT_HERE;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    measure_go_first();
    measure_check(loop_new(&l), "loop");
    for (unsigned i = 0; i < 2; i++)
        echo[i] = start_peer(peer.port + i);
    for (size_t i = 0; i < N_SERVERS; i++)
        start_server(l, &contenders[i], &peer);
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
        run_load(&loads[i], &peer);
    for (size_t i = 0; i < N_SERVERS; i++)
        turn_server_free(contenders[i].server);
    for (unsigned i = 0; i < 2; i++)
        child_free(echo[i]);
    loop_free(l);
    return measure_status();
}
