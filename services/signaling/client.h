/* client.h: an RPC session: what is known of one client program across its WebSockets.
 *
 * It outlives a broken socket by CLIENT_GRACE_MS: within that time the client may come back on a
 * new one (RPC method "connect"), and takes up where it was. Requests of a client are worked on
 * strictly one after the other. Deadlines are looked at by clients_sweep(). */
#pragma once

#include "base/addr_count.h"
#include "base/blob.h"
#include "base/bytes.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "loop/loop.h"

#include "signaling/ids.h"

#define CLIENT_GRACE_MS 10000      /* from the loss of a socket to eviction */
#define CLIENT_LEAVING_MS 10000    /* from leaving to the close of the socket by us */
#define CLIENT_FIRST_PING_MS 30000 /* for a new socket to say something useful */
#define CLIENT_JOIN_MS 30000       /* for it to join, or come back */
#define CLIENT_BURST_S 10          /* of messages at the highest rate may come at once */
#define CLIENT_MESSAGE_BYTES 8192  /* longer messages count as several */
#define CLIENT_QUEUE_BEFORE_JOIN 16
#define CLIENT_PING_MS 5000 /* the interval that clients announce */
#define CLIENT_PINGS_MISSED 3

/* Notifications for one that is away: what a lively session of ten has in the grace period. And for
 * all of them together: after our restart all are away. */
#define CLIENT_MAIL_BYTES 65536
#define CLIENTS_MAIL_BYTES (UINT64_C(64) << 20)

struct app;
struct client;
struct connection;
struct rpc;

/* What outlives a restart of a client that has joined. */
struct client_record {
    char id[RPC_ID_SIZE];
    char user_id[USER_ID_SIZE];
    char ip[ADDR_TEXT_SIZE];
};

/* A text channel to a client: a WebSocket. Whoever has it embeds this. */
struct client_socket {
    int (*send)(struct client_socket *s, struct bytes text);
    void (*close)(struct client_socket *s, unsigned code, const char *reason);
    struct client *client; /* NULL: nobody listens any more */
};

struct clients {
    struct app *app;
    struct map *by_id;
    struct list all;
    struct list waiting; /* clients that have not joined yet, in the order in which they came */
    size_t n_waiting;
    size_t n_sockets;                 /* the clients that are not away */
    struct addr_counts *participants; /* by address */
    struct list ready;                /* clients whose next request may run */
    struct loop_defer defer;          /* runs them */
    uint64_t mail_bytes;              /* of all clients */
    struct log_limit log_mail;
};

struct client {
    struct clients *owner;
    struct list node;
    struct list ready;
    struct list waiting;
    char id[RPC_ID_SIZE];
    char user_id[USER_ID_SIZE];
    char ip[ADDR_TEXT_SIZE];
    struct client_socket *socket; /* NULL: lost */
    struct blob mail;             /* kept notifications, a NUL behind each */
    uint64_t ping_interval_ms;    /* as the client told it */
    unsigned socket_serial;       /* counts its sockets: late answers stay off a new one */
    struct connection *participant;
    struct list queue; /* struct rpc, waiting */
    size_t n_queued;
    struct rpc *current;  /* under way, or NULL */
    uint64_t messages_us; /* its messages are paid for up to here: each costs a part of a second */
    struct addr_count *place; /* among the participants of its address, or NULL */
    /* deadlines by clock_ms(); 0: none */
    uint64_t ping_by_ms;
    uint64_t back_by_ms;
    uint64_t close_at_ms;
    const char *lost_reason; /* of the eviction when back_by_ms passes */
};

int clients_init(struct clients *all, struct app *app, size_t max);
void clients_done(struct clients *all);

/* A new RPC session on a socket. Where there are too many, the one that has been waiting longest
 * without joining makes way. -ENOSPC, -ENOMEM. */
int client_open(struct clients *all, struct client_socket *socket, const char *ip);

/* The client of a participant of before a restart; it has no socket yet, and until
 * clients_begin_grace() all the time in the world. -EEXIST, -ENOSPC, -ENOMEM. */
int client_restore(struct clients *all, const struct client_record *record,
                   struct connection *participant);
void clients_begin_grace(struct clients *all);

/* Closes all sockets; the clients stay. */
void clients_close_sockets(struct clients *all, unsigned code, const char *reason);

/* What happens on a socket. */
void client_receive(struct client_socket *socket, struct bytes text);
void client_socket_closed(struct client_socket *socket, const char *reason);

struct client *clients_find(const struct clients *all, const char *id);

/* An answer. Without a socket the text is lost: who comes back does not wait for it any more. A
 * client that does not read loses its socket. */
void client_send(struct client *c, const char *text);

/* A notification. Without a socket it is kept for a participant that may come back, up to
 * CLIENT_MAIL_BYTES of them. */
void client_tell(struct client *c, const char *text);

/* Sends what was kept. */
void client_deliver(struct client *c);

/* The socket of newcomer becomes that of c; newcomer ends. */
void client_take_over(struct client *c, struct client *newcomer);

/* How often it says that it is there, as it tells. */
void client_set_ping_interval(struct client *c, uint64_t interval_ms);

/* It is alive: the watchdog starts anew. */
void client_ping(struct client *c);

/* Before it joins: -ENOSPC when its address has too many participants. */
int client_take_place(struct client *c);

/* Has joined; has left or was thrown out: its socket is closed CLIENT_LEAVING_MS later. */
void client_joined(struct client *c, struct connection *participant);
void client_left(struct client *c);

/* Closes the socket and forgets the client, who must have left. */
void client_end(struct client *c);

/* A request is done: the next one may run, later in this turn of the loop. */
void client_request_done(struct client *c);

/* Acts on the deadlines that have passed. */
void clients_sweep(struct clients *all);

/* Runs the requests of clients that are ready. */
void clients_pump(struct clients *all);
