/* signaling_crowd.h: many clients of a signaling server, all on the caller's loop: sockets, masked
 * frames, JSON by hand, so that a load costs little beside what it is put on. */
#pragma once

#include "loop/loop.h"
#include "tests/lib/ws_frame.h"

#define CROWD_TEXT_BEGIN "{\"jsonrpc\":\"2.0\",\"method\":\""

/* Ids of requests: what an answer is to. */
enum { CROWD_JOIN, CROWD_PING, CROWD_SIGNAL, CROWD_LEAVE, CROWD_IDS };

enum crowd_state { CROWD_IDLE, CROWD_OPENING, CROWD_OPEN, CROWD_JOINED, CROWD_GONE };

struct crowd;

/* For reading. */
struct crowd_client {
    struct crowd *crowd;
    struct loop_fd fd;
    int socket;
    enum crowd_state state;
    struct ws_reader reader;
    char session[32];
    char token[128];
    uint64_t opened_us, asked_us, joined_us; /* connect(), joinRoom, its answer */
    uint64_t n_answers[CROWD_IDS], n_errors, n_notices, n_told;
    bool chats; /* an answer to its message sends the next */
    unsigned close_code;
    char close_reason[64];
};

struct crowd {
    struct loop *loop;
    struct loop_set *set;
    const char *api;
    struct crowd_client *clients;
    size_t n;
    const char *text; /* of messages, as JSON in a string */

    /* of all */
    uint64_t n_joined, n_failed, n_answers, n_notices, n_told; /* n_told: messages that came */
    uint64_t join_bytes, answer_bytes, told_bytes;             /* of the last of each */
    uint64_t bytes;

    /* a run of joins */
    size_t join_next, join_end, in_flight;
    double due; /* of a paced one */
    double per_tick;
    struct loop_timer pace;

    size_t ping_next;
    double ping_due;
    struct loop_timer ping;
    uint8_t in[65536];
};

/* api: the server's socket; must stay valid. Raises the limit of descriptors. */
int crowd_new(struct loop *l, const char *api, size_t n, struct crowd **ret);
struct crowd *crowd_free(struct crowd *c); /* NULL is fine */

/* Sessions of so many clients each, and a token for each of clients first .. first + n - 1. */
int crowd_make_tokens(struct crowd *c, size_t first, size_t n, size_t per_session);

/* They open sockets and join, so many at a time. -EIO: one could not. -ETIMEDOUT. */
int crowd_join(struct crowd *c, size_t first, size_t n, size_t at_a_time);

/* The same, at a steady pace, whatever became of those before. */
int crowd_join_paced(struct crowd *c, size_t first, size_t n, double per_s);

/* A socket without more. */
int crowd_open(struct crowd *c, size_t which);

/* Each that has joined pings each 5 s. */
void crowd_ping(struct crowd *c, bool on);

/* A message to everybody in the session. */
void crowd_signal(struct crowd *c, size_t which);

/* It does not read any more, or again. */
void crowd_stall(struct crowd *c, size_t which, bool on);

/* They leave and close; until all have had their answers. -ETIMEDOUT. */
int crowd_leave(struct crowd *c, size_t first, size_t n);

/* The socket just ends. */
void crowd_close(struct crowd *c, size_t which);
