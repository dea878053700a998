#include "ice_agent/internal.h"

#include "base/rnd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define COMPONENT NICE_COMPONENT_TYPE_RTP
#define UFRAG_LEN 8
#define PWD_LEN 24
#define RECEIVE_MAX 65536 /* libnice's buffer */

/* ---- telling ---- */

static enum ice_agent_state state_of(const struct ice_agent *a)
{
    switch (a->component) {
    case NICE_COMPONENT_STATE_CONNECTING:
        return ICE_AGENT_CHECKING;
    case NICE_COMPONENT_STATE_CONNECTED:
    case NICE_COMPONENT_STATE_READY:
        return a->has_pair ? ICE_AGENT_CONNECTED : ICE_AGENT_CHECKING;
    case NICE_COMPONENT_STATE_FAILED:
        return ICE_AGENT_FAILED;
    default:
        return ICE_AGENT_NEW;
    }
}

/* Each handler may free the agent, which sets all of them to NULL and keeps its memory for now. */
static void tell(struct ice_agent *a)
{
    if (a->untold.gathered) {
        a->untold.gathered = false;
        if (a->handlers.on_gathered)
            a->handlers.on_gathered(a, a->arg);
    }
    if (a->untold.pair) {
        a->untold.pair = false;
        if (a->handlers.on_pair)
            a->handlers.on_pair(a, a->arg);
    }
    if (a->state != state_of(a)) {
        a->state = state_of(a);
        if (a->handlers.on_state)
            a->handlers.on_state(a, a->state, a->arg);
    }
}

static void after_dispatch(struct context *c)
{
    tell(container_of(c, struct ice_agent, context));
}

/* ---- libnice's signals, which come inside its calls too ---- */

static void on_gathering_done(NiceAgent *nice, guint stream, gpointer arg)
{
    struct ice_agent *a = arg;

    (void) nice, (void) stream;
    a->untold.gathered = true;
}

static void on_component_state(NiceAgent *nice, guint stream, guint component, guint state,
                               gpointer arg)
{
    struct ice_agent *a = arg;

    (void) nice, (void) stream, (void) component;
    a->component = (NiceComponentState) state;
}

static void on_selected(NiceAgent *nice, guint stream, guint component, NiceCandidate *local,
                        NiceCandidate *remote, gpointer arg)
{
    struct ice_agent *a = arg;

    (void) nice, (void) stream, (void) component, (void) remote;
    a->has_pair = true;
    a->over_stream = local->transport != NICE_CANDIDATE_TRANSPORT_UDP ||
                     (local->type == NICE_CANDIDATE_TYPE_RELAYED && a->has_turn_tcp);
    a->untold.pair = true;
}

static void on_received(NiceAgent *nice, guint stream, guint component, guint len, gchar *buf,
                        gpointer arg)
{
    struct ice_agent *a = arg;

    (void) nice, (void) stream, (void) component;
    tell(a);
    if (a->handlers.on_datagram)
        a->handlers.on_datagram(a, (uint8_t *) buf, len, RECEIVE_MAX, a->arg);
}

/* ---- making ---- */

static void set_ways(struct ice_agent *a, const struct ice_agent_config *c)
{
    g_object_set(a->nice, "upnp", FALSE, "controlling-mode", (gboolean) c->controlling, "ice-udp",
                 (gboolean) (c->ways != ICE_WAYS_TCP), "ice-tcp",
                 (gboolean) (c->ways == ICE_WAYS_ALL || c->ways == ICE_WAYS_TCP), "force-relay",
                 (gboolean) (c->ways == ICE_WAYS_RELAY), NULL);
}

static void set_stun(struct ice_agent *a, const struct addr *stun)
{
    char ip[ADDR_TEXT_SIZE];

    if (stun->family == 0)
        return;
    g_object_set(a->nice, "stun-server", addr_format_ip(stun, ip), "stun-server-port",
                 (guint) stun->port, NULL);
}

static void set_turns(struct ice_agent *a, const struct ice_agent_config *c)
{
    char ip[ADDR_TEXT_SIZE];

    for (size_t i = 0; i < c->n_turns && i < ICE_AGENT_TURN_MAX; i++) {
        const struct ice_turn *t = &c->turns[i];

        (void) nice_agent_set_relay_info(
            a->nice, a->stream, COMPONENT, addr_format_ip(&t->addr, ip), t->addr.port, t->user,
            t->password, t->tcp ? NICE_RELAY_TYPE_TURN_TCP : NICE_RELAY_TYPE_TURN_UDP);
        a->has_turn = true;
        a->has_turn_tcp |= t->tcp;
    }
}

static void set_locals(struct ice_agent *a, const struct ice_agent_config *c)
{
    for (size_t i = 0; i < c->n_locals; i++) {
        struct addr local = c->locals[i];
        NiceAddress address;

        local.port = 0;
        nice_from_addr(&local, &address);
        (void) nice_agent_add_local_address(a->nice, &address);
    }
    if (c->max_port != 0)
        nice_agent_set_port_range(a->nice, a->stream, COMPONENT, c->min_port, c->max_port);
}

static bool are_credentials(const char *ufrag, const char *pwd)
{
    return *ufrag && *pwd && strlen(ufrag) <= ICE_AGENT_UFRAG_MAX &&
           strlen(pwd) <= ICE_AGENT_PWD_MAX;
}

static int set_credentials(struct ice_agent *a, const struct ice_agent_config *c)
{
    if (c->ufrag && c->pwd) {
        if (!are_credentials(c->ufrag, c->pwd))
            return -EINVAL;
        snprintf(a->ufrag, sizeof(a->ufrag), "%s", c->ufrag);
        snprintf(a->pwd, sizeof(a->pwd), "%s", c->pwd);
    } else {
        rnd_alnum(a->ufrag, UFRAG_LEN);
        rnd_alnum(a->pwd, PWD_LEN);
    }
    (void) nice_agent_set_local_credentials(a->nice, a->stream, a->ufrag, a->pwd);
    return 0;
}

static int set_up(struct ice_agent *a, const struct ice_agent_config *c)
{
    a->nice = nice_agent_new_full(a->context.glib, NICE_COMPATIBILITY_RFC5245,
                                  NICE_AGENT_OPTION_REGULAR_NOMINATION |
                                      NICE_AGENT_OPTION_CONSENT_FRESHNESS |
                                      NICE_AGENT_OPTION_ICE_TRICKLE);
    a->stream = nice_agent_add_stream(a->nice, 1);
    set_ways(a, c);
    set_stun(a, &c->stun);
    set_turns(a, c);
    set_locals(a, c);
    g_signal_connect(a->nice, "candidate-gathering-done", G_CALLBACK(on_gathering_done), a);
    g_signal_connect(a->nice, "component-state-changed", G_CALLBACK(on_component_state), a);
    g_signal_connect(a->nice, "new-selected-pair-full", G_CALLBACK(on_selected), a);
    (void) nice_agent_attach_recv(a->nice, a->stream, COMPONENT, a->context.glib, on_received, a);
    return set_credentials(a, c);
}

/* What libnice complains about are states that we hear of as well, or what a peer sent. */
static void ignore_log(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer arg)
{
    (void) domain, (void) level, (void) text, (void) arg;
}

static void quieten(void)
{
    static gsize done;

    if (g_once_init_enter(&done)) {
        g_log_set_handler("libnice", G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE, ignore_log, NULL);
        g_once_init_leave(&done, 1);
    }
}

static int quota_take(struct ice_quota *q)
{
    if (atomic_fetch_add(&q->n, 1) < q->max)
        return 0;
    atomic_fetch_sub(&q->n, 1);
    return -ENOSPC;
}

/* It counts from now on. */
static int make_agent(struct ice_hub *h, struct ice_agent **ret_a)
{
    struct ice_agent *a;
    int r = quota_take(h->quota);

    if (r < 0)
        return r;
    a = calloc(1, sizeof(*a));
    r = a ? context_init(&a->context, h->loop, h->set, after_dispatch) : -ENOMEM;
    if (r < 0) {
        atomic_fetch_sub(&h->quota->n, 1);
        free(a);
        return r;
    }
    a->hub = h;
    list_init(&a->node);
    *ret_a = a;
    return 0;
}

int ice_agent_new(struct ice_hub *h, const struct ice_agent_config *c, struct ice_agent **ret_a)
{
    struct ice_agent *a;
    int r;

    quieten();
    r = make_agent(h, &a);
    if (r < 0)
        return r;
    if (c->handlers)
        a->handlers = *c->handlers;
    a->arg = c->arg;
    context_enter(&a->context);
    r = set_up(a, c);
    context_leave(&a->context);
    if (r < 0) {
        ice_agent_free(a);
        return r;
    }
    *ret_a = a;
    return 0;
}

struct ice_agent *ice_agent_free(struct ice_agent *a)
{
    if (!a)
        return NULL;
    a->handlers = (struct ice_agent_handlers){.on_state = NULL};
    a->arg = NULL;
    g_signal_handlers_disconnect_by_data(a->nice, a);
    ice_hub_take_leave(a->hub, a);
    return NULL;
}

const char *ice_agent_ufrag(const struct ice_agent *a)
{
    return a->ufrag;
}

const char *ice_agent_pwd(const struct ice_agent *a)
{
    return a->pwd;
}

/* ---- candidates ---- */

int ice_agent_gather(struct ice_agent *a)
{
    gboolean ok;

    context_enter(&a->context);
    ok = nice_agent_gather_candidates(a->nice, a->stream);
    context_leave(&a->context);
    return ok ? 0 : -EADDRNOTAVAIL;
}

/* 0: those that a machine without a reachable address cannot do without. */
static unsigned rank(const struct sdp_candidate *c)
{
    if (c->type != SDP_HOST)
        return 0;
    return c->protocol == SDP_UDP ? 1 : 2;
}

/* Where there is not room for all, the most useful ones are told. */
size_t ice_agent_candidates(const struct ice_agent *a, struct sdp_candidate *ret, size_t max)
{
    GSList *all = nice_agent_get_local_candidates(a->nice, a->stream, COMPONENT);
    size_t n = 0;

    for (unsigned wanted = 0; wanted <= 2; wanted++) {
        for (const GSList *i = all; i && n < max; i = i->next) {
            if (nice_to_candidate(i->data, &ret[n]) == 0 && rank(&ret[n]) == wanted)
                n++;
        }
    }
    g_slist_free_full(all, (GDestroyNotify) nice_candidate_free);
    return n;
}

/* Candidates are told after the credentials: libnice checks them at once. */
static void tell_remote(struct ice_agent *a, const struct sdp_candidate *c, size_t n)
{
    GSList *list = NULL;

    for (size_t i = n; i-- > 0;)
        list = g_slist_prepend(list, nice_from_candidate(&c[i], a->stream));
    (void) nice_agent_set_remote_candidates(a->nice, a->stream, COMPONENT, list);
    g_slist_free_full(list, (GDestroyNotify) nice_candidate_free);
}

int ice_agent_set_remote(struct ice_agent *a, const char *ufrag, const char *pwd)
{
    if (!are_credentials(ufrag, pwd))
        return -EINVAL;
    snprintf(a->remote_ufrag, sizeof(a->remote_ufrag), "%s", ufrag);
    context_enter(&a->context);
    (void) nice_agent_set_remote_credentials(a->nice, a->stream, ufrag, pwd);
    tell_remote(a, a->remote, a->n_remote);
    context_leave(&a->context);
    return 0;
}

/* Nobody can be sent to there. */
static bool leads_nowhere(const struct addr *a)
{
    return a->port == 0 || addr_is_unspecified(a) || addr_is_multicast(a);
}

static bool is_known(const struct ice_agent *a, const struct sdp_candidate *c)
{
    for (unsigned i = 0; i < a->n_remote; i++) {
        if (a->remote[i].protocol == c->protocol && addr_eq(&a->remote[i].addr, &c->addr))
            return true;
    }
    return false;
}

int ice_agent_add_remote(struct ice_agent *a, const struct sdp_candidate *c)
{
    if (c->component != COMPONENT || c->type == SDP_PRFLX || leads_nowhere(&c->addr))
        return 0;
    if (c->ufrag.len > 0 && *a->remote_ufrag && !bytes_eq_str(c->ufrag, a->remote_ufrag))
        return 0; /* of a transport before this one */
    if (is_known(a, c))
        return 0;
    if (a->n_remote == ICE_AGENT_REMOTE_MAX)
        return -ENOSPC;
    a->remote[a->n_remote] = *c;
    a->remote[a->n_remote].ufrag = bytes_of(NULL, 0);
    a->n_remote++;
    if (!*a->remote_ufrag)
        return 0;
    context_enter(&a->context);
    tell_remote(a, c, 1);
    context_leave(&a->context);
    return 0;
}

void ice_agent_end_of_remote(struct ice_agent *a)
{
    (void) nice_agent_peer_candidate_gathering_done(a->nice, a->stream);
}

/* ---- when it works ---- */

enum ice_agent_state ice_agent_state(const struct ice_agent *a)
{
    return a->state;
}

int ice_agent_pair(const struct ice_agent *a, struct ice_agent_pair *ret)
{
    NiceCandidate *local, *remote;
    struct ice_agent_pair pair;

    if (!nice_agent_get_selected_pair(a->nice, a->stream, COMPONENT, &local, &remote) ||
        nice_to_candidate(local, &pair.local) < 0 || nice_to_candidate(remote, &pair.remote) < 0)
        return -ENOTCONN;
    *ret = pair;
    return 0;
}

static int error_of(const struct ice_agent *a, const GError *e)
{
    if (g_error_matches(e, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
        return -EACCES;
    if (!a->has_pair)
        return -ENOTCONN;
    return g_error_matches(e, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) ? -EAGAIN : -EIO;
}

static int send_all(struct ice_agent *a, const struct bytes *datagrams, size_t n)
{
    GOutputVector vectors[ICE_AGENT_SEND_MAX];
    NiceOutputMessage messages[ICE_AGENT_SEND_MAX];
    GError *e = NULL;
    int r;

    for (size_t i = 0; i < n; i++) {
        vectors[i] = (GOutputVector){.buffer = datagrams[i].p, .size = datagrams[i].len};
        messages[i] = (NiceOutputMessage){.buffers = &vectors[i], .n_buffers = 1};
    }
    r = nice_agent_send_messages_nonblocking(a->nice, a->stream, COMPONENT, messages, (guint) n,
                                             NULL, &e);
    if (r < 0) {
        r = error_of(a, e);
        g_clear_error(&e);
    }
    return r;
}

int ice_agent_send(struct ice_agent *a, const struct bytes *datagrams, size_t n)
{
    int r;

    if (n == 0)
        return 0;
    /* Over UDP libnice sends or does not; a TCP socket may add a source for when it has room. */
    if (a->over_stream)
        context_enter(&a->context);
    r = send_all(a, datagrams, n < ICE_AGENT_SEND_MAX ? n : ICE_AGENT_SEND_MAX);
    if (a->over_stream)
        context_leave(&a->context);
    return r;
}
