#include "tests/lib/turn_server.h"

#include "link/link.h"
#include "tests/lib/measure.h"
#include "tests/lib/turn_session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define START_US 20000000
#define TAKE_US 50000 /* for the daemon to take what the control socket said */
#define RELAY_MIN 1024
#define RELAY_MAX 65535
#define QUOTA 60000
#define METRICS "metrics"

struct turn_server {
    struct loop *loop;
    struct turn_server_config config;
    struct child *child;
    struct link_listener *listener; /* the media daemon's control socket */
    struct link *link;
    bool greeted;
};

/* ---- ours ---- */

static void on_request(struct link *k, const char *method, json_t *params, struct link_request *rq,
                       void *arg)
{
    struct turn_server *s = arg;
    json_t *peers = json_array();
    char ip[ADDR_TEXT_SIZE];

    (void) k, (void) method, (void) params;
    addr_format_ip(&s->config.peer, ip);
    for (unsigned i = 0; i <= s->config.more_ports; i++)
        json_array_append_new(
            peers, json_pack("{s:s, s:i}", "ip", ip, "port", (int) (s->config.peer.port + i)));
    link_reply(rq,
               json_pack("{s:s, s:s, s:o}", "node", "bench", "instance", "bench", "peers", peers));
    s->greeted = true;
    loop_quit(s->loop, 0);
}

static void on_accept(struct link_listener *ls, int fd, void *arg)
{
    static const struct link_handlers handlers = {.on_request = on_request};
    struct turn_server *s = arg;

    (void) ls;
    measure_check(link_new(s->loop, fd, &handlers, s, &s->link), "control link");
}

static int run_ours(struct turn_server *s)
{
    char control[CHILD_PATH_SIZE], metrics[CHILD_PATH_SIZE], text[ADDR_TEXT_SIZE];
    int r = child_write(
        s->child, "config",
        "listen = [\"udp:%s\"];\nsecret = \"%s\";\nrealm = \"%s\";\nmedia = [\"%s\"];\n"
        "relay_ip = \"%s\";\nrelay_min = %d;\nrelay_max = %d;\ntotal_quota = %d;\n"
        "metrics = \"%s\";\nthreads = %u;\n",
        addr_format(&s->config.listen, text), TURN_SECRET, TURN_REALM,
        child_path(s->child, "control", control), s->config.relay_ip, RELAY_MIN, RELAY_MAX, QUOTA,
        child_path(s->child, METRICS, metrics), s->config.threads ? s->config.threads : 1);

    return r < 0 ? r : child_start_daemon(s->child, "visavis-turn");
}

static int start_ours(struct turn_server *s)
{
    char path[CHILD_PATH_SIZE];
    int r;

    child_path(s->child, "control", path);
    r = link_listen(s->loop, path, on_accept, s, &s->listener);
    if (r < 0)
        return r;
    r = run_ours(s);
    if (r == 0)
        r = measure_pause(s->loop, START_US); /* on_request() ends it early */
    if (r == 0 && !s->greeted)
        r = -ETIMEDOUT;
    return r < 0 ? r : measure_pause(s->loop, TAKE_US);
}

/* ---- coturn ---- */

static int start_coturn(const struct turn_server *s)
{
    char program[] = TURN_COTURN, option[] = "-c", config[CHILD_PATH_SIZE];
    char log[CHILD_PATH_SIZE], db[CHILD_PATH_SIZE], pid[CHILD_PATH_SIZE], ip[ADDR_TEXT_SIZE];
    char *argv[] = {program, option, config, NULL};
    int r = child_write(s->child, "config",
                        "listening-ip=%s\nlistening-port=%u\nrelay-ip=%s\n"
                        "min-port=%d\nmax-port=%d\nrelay-threads=1\n"
                        "use-auth-secret\nstatic-auth-secret=%s\nrealm=%s\n"
                        "allow-loopback-peers\nno-cli\nno-tls\nno-dtls\nno-tcp\nno-stdout-log\n"
                        "log-file=%s\nuserdb=%s\npidfile=%s\n",
                        addr_format_ip(&s->config.listen, ip), s->config.listen.port,
                        s->config.relay_ip, RELAY_MIN, RELAY_MAX, TURN_SECRET, TURN_REALM,
                        child_path(s->child, "turn.log", log), child_path(s->child, "turn.db", db),
                        child_path(s->child, "turn.pid", pid));

    child_path(s->child, "config", config);
    return r < 0 ? r : child_start(s->child, argv);
}

/* ---- either ---- */

int turn_server_new(struct loop *l, const struct turn_server_config *config,
                    struct turn_server **ret_server)
{
    struct turn_server *s = calloc(1, sizeof(*s));
    bool ours = config->kind == TURN_SERVER_OURS;
    int r;

    if (!s)
        return -ENOMEM;
    s->loop = l;
    s->config = *config;
    r = child_new(ours ? "visavis-turn" : "coturn", &s->child);
    if (r == 0)
        r = ours ? start_ours(s) : start_coturn(s);
    if (r < 0) {
        turn_server_free(s);
        return r;
    }
    *ret_server = s;
    return 0;
}

struct turn_server *turn_server_free(struct turn_server *s)
{
    if (!s)
        return NULL;
    child_free(s->child);
    link_free(s->link);
    link_listener_free(s->listener);
    free(s);
    return NULL;
}

const struct child *turn_server_child(const struct turn_server *s)
{
    return s->child;
}

int turn_server_stop(struct turn_server *s)
{
    return child_stop(s->child);
}

int turn_server_metric(const struct turn_server *s, const char *name, uint64_t *ret)
{
    char path[CHILD_PATH_SIZE], line[256];
    FILE *f = fopen(child_path(s->child, METRICS, path), "r");
    int r = -ENOENT;

    while (f && r < 0 && fgets(line, sizeof(line), f)) {
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ' ')
            r = sscanf(line + strlen(name), "%" SCNu64, ret) == 1 ? 0 : -EBADMSG;
    }
    if (f)
        fclose(f);
    return r;
}
