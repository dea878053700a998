#include "trial/advice.h"

#include <string.h>

/* The first row that fits counts; NULL fits all. */
static const struct {
    const char *step, *reason, *text, *command;
} rows[] = {
    {NULL, "name",
     "The name is not found: set its address with the name server, or another "
     "DOMAIN_OR_PUBLIC_IP.",
     "visavis doctor names"},
    {NULL, "tls-expired", "The certificate has expired, or this machine's clock is wrong.",
     "visavis cert status"},
    {NULL, "tls-early", "The certificate is not valid yet: this machine's clock is wrong.",
     "timedatectl"},
    {NULL, "tls-issuer", "The certificate is of an authority that is not known here.",
     "visavis cert trust"},
    {NULL, "tls-name", "The certificate is for another name than DOMAIN_OR_PUBLIC_IP.",
     "visavis cert status"},
    {NULL, "tls", "There is no TLS on that port, or the certificate cannot be used.",
     "visavis doctor certificates"},
    {"rest", "secret",
     "Signaling has another OPENVIDU_SECRET than the configuration in force: "
     "another server answers, or it was changed and not applied.",
     "visavis restart"},
    {"rest", "refused", "Nobody listens on HTTPS_PORT: the web server does not run.",
     "systemctl status nginx"},
    {"rest", "timeout", "The web server is not reached, or does not answer.", "visavis doctor web"},
    {"rest", "status", "The web server answers, the API behind it does not.", "visavis status"},
    {"rest", NULL, "What answers is not the API.", "visavis doctor web"},
    {"websocket", "status",
     "The web server does not let WebSockets through: its configuration "
     "must pass on the Upgrade of /openvidu.",
     "visavis proxy snippet nginx"},
    {"websocket", NULL,
     "The web server does not open the WebSocket that clients are told of: see whether it and "
     "signaling run.",
     "visavis doctor web"},
    {"join", "no-media-node", "The media daemon is away.", "visavis logs media"},
    {"join", NULL, "Signaling does not let the participant in.", "visavis logs signaling"},
    {"relay", "no-relay",
     "Clients are offered no TURN of this kind: see COTURN_IP, "
     "TURN_TLS_PORT and OPENVIDU_WEBRTC_ICE_SERVERS.",
     "visavis config show"},
    {"relay", "credentials", "TURN and signaling have different COTURN_SHARED_SECRET_KEYs.",
     "visavis restart"},
    {"relay", "refused", "The TURN server does not run, or listens elsewhere.",
     "visavis logs turn"},
    {"relay", "timeout",
     "The TURN server is not reached: it does not run, COTURN_IP is another "
     "machine's, or a firewall drops its port.",
     "visavis doctor turn"},
    {"relay", "turn", "The TURN server gives no relay.", "visavis logs turn"},
    {"relay", NULL, "TURN is not reached.", "visavis doctor turn"},
    {NULL, "not-offered", "Media offers no address for this way.", "visavis logs media"},
    {NULL, "ice",
     "Packets do not get to media, or not back: a firewall drops them, or the "
     "address that media announces is not this machine's "
     "(MEDIA_NODES_PUBLIC_IPS).",
     "visavis doctor media"},
    {NULL, "dtls", "Small packets get through and large ones do not: look at the MTU of the way.",
     "visavis logs media"},
    {NULL, "no-media", "The transports are there, and nothing comes through them.",
     "visavis logs media"},
    {NULL, "rpc", "Signaling refuses it.", "visavis logs signaling"},
    {NULL, "timeout", "Signaling, or the media daemon behind it, does not answer.",
     "visavis status"},
    {NULL, NULL, "See what the daemons say.", "visavis logs"},
};

static bool is(const struct trial_step *s, const char *name, const char *reason)
{
    return strcmp(s->name, name) == 0 && strcmp(s->reason, reason) == 0;
}

enum trial_cause trial_cause(const char *path, const struct trial_step *s)
{
    bool by_turn = strncmp(path, "turn-", strlen("turn-")) == 0;

    if (is(s, "relay", "timeout"))
        return TRIAL_TURN_PORT;
    if (is(s, "publish", "ice") || is(s, "subscribe", "ice"))
        return by_turn ? TRIAL_BEHIND_RELAY : TRIAL_MEDIA_PORT;
    return TRIAL_ELSEWHERE;
}

static const struct {
    const char *name, *title;
} titles[] = {
    {"rest", "a session and tokens over REST"},
    {"websocket", "WebSocket through the web server"},
    {"join", "joining the session"},
    {"relay", "a relay from TURN"},
    {"publish", "publishing audio and video"},
    {"subscribe", "subscribing to them"},
    {"echo", "what was sent arrives"},
};

static bool fits(const char *row, const char *word)
{
    return !row || strcmp(row, word) == 0;
}

struct trial_advice trial_advice(const struct trial_step *step)
{
    size_t i = 0;

    while (!fits(rows[i].step, step->name) || !fits(rows[i].reason, step->reason))
        i++; /* the last row fits all */
    return (struct trial_advice){rows[i].text, rows[i].command};
}

const char *trial_step_title(const char *name)
{
    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
        if (strcmp(titles[i].name, name) == 0)
            return titles[i].title;
    return name;
}
