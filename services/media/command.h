/* command.h: what the control thread and the workers say to each other by mailbox.
 *
 * A command goes to a worker, which fills in the outcome and posts the same memory back. What is
 * about a subscriber goes to its stream's worker first and from there to the subscriber's own, so
 * that all of it keeps its order. A note goes from a worker to control alone, mail from one worker
 * to another. */
#pragma once

#include "media/candidates.h"
#include "media/limits.h"

#include "loop/mailbox.h"

#include <jansson.h>

#define COMMAND_ID_SIZE 256 /* room, stream and subscriber ids, with NUL */
#define WHOSE_CONNECTION_SIZE 104
#define WHOSE_JOIN_SIZE 16

struct agent;

enum message_type {
    COMMAND_PUBLISH,
    COMMAND_UNPUBLISH,
    COMMAND_SUBSCRIBE,
    COMMAND_OFFER,
    COMMAND_ANSWER,
    COMMAND_UNSUBSCRIBE,
    COMMAND_TRICKLE,
    COMMAND_CLOSE_ROOM,
    COMMAND_DESCRIBE,
    COMMAND_SYNC,
    COMMAND_STATS,
    COMMAND_CANDIDATES, /* the addresses changed; not posted back */
    COMMAND_QUIT,       /* not posted back */
    NOTE_TRANSPORT,
    MAIL_PIPE_NEW,    /* from worker to worker: pipe.h … */
    MAIL_MIRROR_OPEN, /* … mirror.h */
    MAIL_MIRROR_SOURCE,
    MAIL_MIRROR_CLOSE,
};

enum transport_state {
    TRANSPORT_CONNECTING,
    TRANSPORT_CONNECTED,
    TRANSPORT_DISCONNECTED,
    TRANSPORT_CLOSED,
    TRANSPORT_FAILED,
};

/* Whom something is done for, as the log has it; "": not said. */
struct whose {
    char connection[WHOSE_CONNECTION_SIZE];
    char join[WHOSE_JOIN_SIZE];
};

struct mirror_source;
struct pipe;
struct worker;

struct message {
    struct mail mail;
    enum message_type type;
    char room[COMMAND_ID_SIZE];
    char stream[COMMAND_ID_SIZE];
    char subscriber[COMMAND_ID_SIZE]; /* in notes: empty for a publisher's transport */

    /* in */
    struct whose whose;
    char *sdp;            /* or a candidate */
    struct agent *agent;  /* that has gathered for it; the worker's alone */
    char forced_codec[8]; /* empty: none */
    bool loopback;
    unsigned max_recv_kbps, min_recv_kbps; /* 0: no limit */
    unsigned max_send_kbps, min_send_kbps; /* the same, of a subscriber */
    bool brief;                            /* COMMAND_STATS: without the transports */
    json_t *rooms; /* COMMAND_SYNC: rooms of this worker, to be looked for … */
    json_t *keep;  /* … and to be kept, and nothing else; NULL: nothing is dropped */
    struct candidates candidates;
    enum transport_state state; /* NOTE_TRANSPORT */
    struct worker *home;        /* where it is posted, and … */
    struct worker *at;          /* … who is to do it; NULL: home */

    /* of mail between workers */
    struct pipe *pipe;
    uint32_t slot;
    struct mirror_source *source;

    /* out; a new reference, or code and text */
    json_t *result;
    int code; /* 0: success */
    char text[192];
    enum limit limit; /* that was reached; then control writes the text */

    void *reply_to; /* control's */
};

struct message *message_new(enum message_type type); /* NULL without memory */
struct message *message_free(struct message *m);     /* NULL is fine; with its JSON */
void message_fail(struct message *m, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static inline struct message *message_of(struct mail *m)
{
    return container_of(m, struct message, mail);
}

/* The ids of a list, as members to look them up by. A new reference; NULL without memory. */
json_t *command_id_set(const json_t *list);

const char *transport_state_name(enum transport_state s);
