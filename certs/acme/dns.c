#include "acme/dns_message.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/rnd.h"
#include "files/files.h"

#include <ctype.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PORT 53
#define ROUNDS 2 /* of all servers */
#define ALIASES_MAX 8
#define MESSAGE_MAX 65535
#define RESOLV_CONF "/etc/resolv.conf"

/* ---- who is asked ---- */

/* "192.0.2.53", "fe80::1%eth0". */
static int parse_server(const char *text, struct addr *ret)
{
    const char *scope = strchr(text, '%');
    char ip[ADDR_TEXT_SIZE];
    size_t len = scope ? (size_t) (scope - text) : strlen(text);

    if (len >= sizeof(ip))
        return -EINVAL;
    memcpy(ip, text, len);
    ip[len] = '\0';
    if (addr_parse_ip(ip, PORT, ret) < 0)
        return -EINVAL;
    if (scope)
        ret->scope = if_nametoindex(scope + 1);
    return 0;
}

void dns_servers_parse(struct bytes text, struct dns_servers *ret)
{
    char *copy = bytes_dup_str(text);
    char *line_save = NULL, *save = NULL;

    *ret = (struct dns_servers){0};
    for (char *line = copy ? strtok_r(copy, "\n", &line_save) : NULL;
         line && ret->n < sizeof(ret->list) / sizeof(ret->list[0]);
         line = strtok_r(NULL, "\n", &line_save)) {
        const char *key = strtok_r(line, " \t\r", &save);
        const char *value = key ? strtok_r(NULL, " \t\r", &save) : NULL;

        if (value && strcmp(key, "nameserver") == 0 && parse_server(value, &ret->list[ret->n]) == 0)
            ret->n++;
    }
    free(copy);
    if (ret->n == 0)
        ret->n = addr_parse_ip("127.0.0.1", PORT, &ret->list[0]) == 0;
}

int dns_servers_of(const char *text, struct dns_servers *ret)
{
    struct dns_servers s = {.n = 1};
    char *content = NULL;
    size_t len = 0;

    if (!text) {
        if (file_read(RESOLV_CONF, MESSAGE_MAX, &content, &len) < 0)
            len = 0;
        dns_servers_parse(bytes_of(content, len), ret);
        free(content);
        return 0;
    }
    if (parse_server(text, &s.list[0]) < 0 &&
        (addr_parse(text, &s.list[0]) < 0 || s.list[0].port == 0))
        return -EINVAL;
    *ret = s;
    return 0;
}

/* ---- one question to one server ---- */

struct question {
    const char *name;
    enum dns_type type;
    uint16_t id;
    uint8_t query[DNS_QUERY_SIZE];
    size_t len;
    uint64_t until_ms;
    uint8_t *message; /* MESSAGE_MAX */
};

/* Until the socket is ready or the time is over. */
static int wait_for(int fd, short events, uint64_t until_ms)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        uint64_t now = clock_ms();
        int n = now < until_ms ? poll(&p, 1, (int) (until_ms - now)) : 0;

        if (n > 0)
            return 0;
        if (n == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

/* A socket that only this server is heard on, from a port by chance. */
static int open_socket(const struct addr *server, int kind, uint64_t until_ms)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(server, &ss);
    int fd = socket(server->family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof(int);
    int r = 0;

    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *) &ss, len) < 0) {
        r = errno == EINPROGRESS ? wait_for(fd, POLLOUT, until_ms) : -errno;
        if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &r, &size) == 0)
            r = -r;
    }
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

/* Is this the answer to the question? Others are passed over: late ones, and forged ones. */
static bool is_answer(const struct question *q, struct bytes message, struct dns_head *h)
{
    return dns_head_parse(message, h) == 0 && dns_head_is_answer(h) && h->id == q->id &&
           (!h->question[0] || (h->type == q->type && dns_name_is_within(h->question, q->name) &&
                                dns_name_is_within(q->name, h->question)));
}

/* Its length, or -EMSGSIZE when it is cut. */
static int ask_udp(const struct question *q, const struct addr *server)
{
    int fd = open_socket(server, SOCK_DGRAM, q->until_ms);
    int r = 0;

    if (fd < 0)
        return fd;
    if (send(fd, q->query, q->len, MSG_NOSIGNAL) < 0)
        r = -errno;
    while (r == 0) {
        struct dns_head h;
        ssize_t n;

        r = wait_for(fd, POLLIN, q->until_ms);
        if (r < 0)
            break;
        n = recv(fd, q->message, MESSAGE_MAX, 0);
        if (n < 0)
            r = errno == EAGAIN || errno == EINTR ? 0 : -errno;
        else if (is_answer(q, bytes_of(q->message, (size_t) n), &h))
            r = dns_head_is_cut(&h) ? -EMSGSIZE : (int) n;
    }
    close(fd);
    return r;
}

static int send_all(int fd, const uint8_t *p, size_t len, uint64_t until_ms)
{
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

        if (n >= 0) {
            p += n;
            len -= (size_t) n;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
        if (wait_for(fd, POLLOUT, until_ms) < 0)
            return -ETIMEDOUT;
    }
    return 0;
}

static int receive_all(int fd, uint8_t *p, size_t len, uint64_t until_ms)
{
    while (len > 0) {
        ssize_t n = recv(fd, p, len, 0);

        if (n == 0)
            return -ECONNRESET;
        if (n > 0) {
            p += n;
            len -= (size_t) n;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
        if (wait_for(fd, POLLIN, until_ms) < 0)
            return -ETIMEDOUT;
    }
    return 0;
}

/* Each message has its length before it (RFC 1035 section 4.2.2). */
static int ask_tcp(const struct question *q, const struct addr *server)
{
    int fd = open_socket(server, SOCK_STREAM, q->until_ms);
    uint8_t message[2 + DNS_QUERY_SIZE], len[2] = {0};
    struct wr w = wr_init(message, sizeof(message));
    struct dns_head h;
    int r;

    if (fd < 0)
        return fd;
    wr_u16(&w, (uint16_t) q->len);
    wr_bytes(&w, bytes_of(q->query, q->len));
    r = send_all(fd, message, wr_len(&w), q->until_ms);
    if (r == 0)
        r = receive_all(fd, len, sizeof(len), q->until_ms);
    if (r == 0) {
        size_t n = (size_t) len[0] << 8 | len[1];

        r = receive_all(fd, q->message, n, q->until_ms);
        if (r == 0)
            r = is_answer(q, bytes_of(q->message, n), &h) ? (int) n : -EBADMSG;
    }
    close(fd);
    return r;
}

static int ask_once(struct question *q, const struct addr *server, bool edns,
                    struct dns_answer *ret)
{
    int n;

    rnd_bytes(&q->id, sizeof(q->id));
    if (dns_query_build(q->id, q->name, q->type, edns, q->query, &q->len) < 0)
        return -EINVAL;
    n = ask_udp(q, server);
    if (n == -EMSGSIZE)
        n = ask_tcp(q, server);
    return n < 0 ? n : dns_parse(bytes_of(q->message, (size_t) n), q->type, ret);
}

static int ask_server(struct question *q, const struct addr *server, struct dns_answer *ret)
{
    int r = ask_once(q, server, true, ret);

    /* A server from before EDNS (RFC 6891 section 7). */
    if (r == 0 && (ret->rcode == DNS_FORMERR || ret->rcode == DNS_NOTIMP))
        r = ask_once(q, server, false, ret);
    return r;
}

/* ---- all of them in turn ---- */

static bool is_final(const struct dns_answer *a)
{
    return a->rcode == 0 || a->rcode == DNS_NXDOMAIN;
}

/* The first final answer; else any answer; else the last error. */
static int ask_servers(const struct dns_servers *s, struct question *q, unsigned limit_ms,
                       struct dns_answer *ret)
{
    uint64_t end_ms = clock_ms() + limit_ms;
    bool answered = false;
    int error = -EDESTADDRREQ;

    for (size_t i = 0; i < s->n * ROUNDS && !(answered && i >= s->n); i++) {
        uint64_t now = clock_ms();
        struct dns_answer a;
        int r;

        if (now >= end_ms)
            break;
        q->until_ms = now + (end_ms - now) / (s->n * ROUNDS - i);
        r = ask_server(q, &s->list[i % s->n], &a);
        if (r == 0) {
            *ret = a;
            answered = true;
            if (is_final(&a))
                return 0;
        } else {
            error = r;
        }
        if (r == -EINVAL)
            break;
    }
    return answered ? 0 : error;
}

int dns_ask(const struct dns_servers *s, const char *name, enum dns_type type, unsigned limit_ms,
            struct dns_answer *ret)
{
    struct question q = {.type = type, .message = malloc(MESSAGE_MAX)};
    uint64_t end_ms = clock_ms() + limit_ms;
    char next[DNS_NAME_SIZE];
    struct dns_answer a = {0};
    int r = -EINVAL;

    if (q.message && strlen(name) < sizeof(next)) {
        memcpy(next, name, strlen(name) + 1);
        /* Where an alias leads that the server does not know itself is a question of its own. */
        for (int i = 0; i < ALIASES_MAX; i++) {
            uint64_t now = clock_ms();

            q.name = next;
            r = ask_servers(s, &q, now < end_ms ? (unsigned) (end_ms - now) : 1, &a);
            if (r < 0 || a.rcode != 0 || a.n > 0 || *a.owner || !*a.name ||
                (dns_name_is_within(a.name, next) && dns_name_is_within(next, a.name)))
                break;
            memcpy(next, a.name, sizeof(next));
        }
    }
    if (!q.message)
        r = -ENOMEM;
    free(q.message);
    if (r == 0)
        *ret = a;
    return r;
}

/* ---- the servers of a zone ---- */

#define ZONE_LIMIT_MS 5000

static void add_addresses(const struct dns_servers *s, const char *host, enum dns_type type,
                          struct dns_servers *ret)
{
    struct dns_answer a = {0};

    if (dns_ask(s, host, type, ZONE_LIMIT_MS, &a) < 0)
        return;
    for (size_t i = 0; i < a.n && ret->n < sizeof(ret->list) / sizeof(ret->list[0]); i++) {
        ret->list[ret->n] = a.list[i].address;
        ret->list[ret->n++].port = PORT;
    }
}

/* The zone by the SOA that answers the name or, where a server does not say, one above it. */
static bool find_zone(const struct dns_servers *s, const char *name,
                      char zone[static DNS_NAME_SIZE])
{
    for (const char *n = name; n; n = dns_name_parent(n)) {
        struct dns_answer a = {0};

        if (dns_ask(s, n, DNS_SOA, ZONE_LIMIT_MS, &a) < 0)
            return false;
        if (*a.owner) {
            memcpy(zone, a.owner, DNS_NAME_SIZE);
            return true;
        }
    }
    return false;
}

size_t dns_zone_servers(const struct dns_servers *s, const char *name, struct dns_servers *ret)
{
    struct dns_servers found = {0};
    char zone[DNS_NAME_SIZE];
    struct dns_answer a = {0};

    *ret = found;
    if (!find_zone(s, name, zone) || dns_ask(s, zone, DNS_NS, ZONE_LIMIT_MS, &a) < 0)
        return 0;
    for (size_t i = 0; i < a.n; i++)
        add_addresses(s, a.list[i].text, DNS_A, &found);
    /* Those that have IPv6 alone, when there are no others. */
    for (size_t i = 0; i < a.n && found.n == 0; i++)
        add_addresses(s, a.list[i].text, DNS_AAAA, &found);
    *ret = found;
    return found.n;
}
