#include "media/gathering.h"

#include "media/agent.h"
#include "media/requests.h"

#include "base/log.h"
#include "link/media_api.h"

#include <stdlib.h>

#define URLS_SIZE 512

struct gathering {
    struct list node; /* of the worker's */
    struct worker *worker;
    struct message *message; /* message->agent gathers for it */
    struct wheel_timer deadline;
};

static void end(struct gathering *g)
{
    struct worker *w = g->worker;
    struct message *m = g->message;

    wheel_stop(&w->wheel, &g->deadline);
    list_del(&g->node);
    free(g);
    m->agent = agent_free(m->agent); /* nobody took it */
    mailbox_post(w->node->control, &m->mail);
}

static void run(struct gathering *g)
{
    requests_run(g->worker, g->message);
    end(g);
}

static void cancel(struct gathering *g, const char *why)
{
    message_fail(g->message, MEDIA_ERR_ENDPOINT, "%s", why);
    end(g);
}

static struct gathering *find_agent(struct worker *w, const struct agent *a)
{
    struct gathering *g;

    list_for_each (g, &w->gatherings, node) {
        if (g->message->agent == a)
            return g;
    }
    return NULL;
}

/* All have answered: one that gave no relay has refused it, or the way there is closed. */
static void tell_refusal(struct gathering *g)
{
    char urls[URLS_SIZE];

    agent_silent_servers(g->message->agent, true, urls, sizeof(urls));
    if (*urls)
        log_limited(&g->worker->log_gathering, LOG_LEVEL_WARNING,
                    "MEDIA_ICE_SERVERS: %s gave no candidate (wrong credentials, no relay for us, "
                    "or nobody is there)",
                    urls);
}

static void tell_silence(struct gathering *g)
{
    char urls[URLS_SIZE];

    agent_silent_servers(g->message->agent, false, urls, sizeof(urls));
    log_limited(&g->worker->log_gathering, LOG_LEVEL_WARNING,
                "MEDIA_ICE_SERVERS: %s did not answer within %d ms", *urls ? urls : "one of them",
                (int) g->worker->node->config->gathering_ms);
}

static void on_gathered(struct agent *a)
{
    struct gathering *g = find_agent(a->worker, a);

    if (!g)
        return;
    tell_refusal(g);
    run(g);
}

static void on_deadline(struct wheel_timer *timer)
{
    struct gathering *g = container_of(timer, struct gathering, deadline);

    tell_silence(g);
    run(g);
}

static bool needs_agent(const struct worker *w, const struct message *m)
{
    return w->node->ice &&
           (m->type == COMMAND_PUBLISH || m->type == COMMAND_SUBSCRIBE || m->type == COMMAND_OFFER);
}

static int begin(struct worker *w, struct message *m)
{
    struct gathering *g = calloc(1, sizeof(*g));
    int r;

    if (!g)
        return -ENOMEM;
    r = agent_new(w, m->type == COMMAND_OFFER, on_gathered, &m->agent);
    if (r < 0) {
        free(g);
        return r;
    }
    g->worker = w;
    g->message = m;
    list_append(&w->gatherings, &g->node);
    wheel_timer_init(&g->deadline, on_deadline);
    wheel_start(&w->wheel, &g->deadline, (uint64_t) w->node->config->gathering_ms);
    return 0;
}

bool gathering_begin(struct worker *w, struct message *m)
{
    int r;

    if (!needs_agent(w, m))
        return false;
    r = begin(w, m);
    if (r < 0) {
        message_fail(m, MEDIA_ERR_ENDPOINT, "%s", strerror(-r));
        if (r == -ENOSPC)
            m->limit = LIMIT_AGENTS;
        mailbox_post(w->node->control, &m->mail);
    }
    return true;
}

static bool is_same_endpoint(const struct message *a, const struct message *b)
{
    return strcmp(a->stream, b->stream) == 0 && strcmp(a->subscriber, b->subscriber) == 0;
}

/* Does m take back what waiting asks for? */
static bool takes_back(const struct message *m, const struct message *waiting)
{
    if (m->type == COMMAND_SYNC)
        return m->keep != NULL; /* it was asked before the inventory, by somebody who is gone */
    if (strcmp(m->room, waiting->room) != 0)
        return false;
    switch (m->type) {
    case COMMAND_CLOSE_ROOM:
        return true;
    case COMMAND_UNPUBLISH: /* with those who subscribe to it */
        return strcmp(m->stream, waiting->stream) == 0;
    case COMMAND_UNSUBSCRIBE:
        return strcmp(m->subscriber, waiting->subscriber) == 0;
    case COMMAND_PUBLISH:
    case COMMAND_SUBSCRIBE:
    case COMMAND_OFFER:
        return is_same_endpoint(m, waiting);
    default:
        return false;
    }
}

void gathering_overtake(struct worker *w, const struct message *m)
{
    struct gathering *g;

    list_for_each (g, &w->gatherings, node) {
        if (takes_back(m, g->message))
            cancel(g, "It was taken back before it was done");
    }
}

bool gathering_add_remote(struct worker *w, const struct message *m)
{
    struct gathering *g;

    list_for_each (g, &w->gatherings, node) {
        const struct message *waiting = g->message;

        if (strcmp(m->room, waiting->room) != 0 ||
            strcmp(m->subscriber, waiting->subscriber) != 0 ||
            (!*m->subscriber && strcmp(m->stream, waiting->stream) != 0))
            continue;
        agent_add_remote(waiting->agent, m->sdp);
        return true;
    }
    return false;
}

void gathering_drop_all(struct worker *w)
{
    struct gathering *g;

    list_for_each (g, &w->gatherings, node)
        cancel(g, "the media server stops");
}
