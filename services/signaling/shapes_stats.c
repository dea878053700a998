/* The extra keys of an endpoint with webRtcStats=true. */
#include "signaling/shapes.h"

#include <stdio.h>

/* "candidate:FOUNDATION COMPONENT PROTOCOL PRIORITY ADDRESS PORT ..." */
#define CANDIDATE_FORMAT "candidate:%*s %*s %*s %*s %63s %7s"

static bool is_of(const char *candidate, const char *address, const char *port)
{
    char a[64], p[8];

    return sscanf(candidate, CANDIDATE_FORMAT, a, p) == 2 && strcmp(a, address) == 0 &&
           strcmp(p, port) == 0;
}

/* What the client itself said of the address that its checks came from, else what was seen. */
static json_t *selected(json_t *seen, json_t *told)
{
    char address[64], port[8];
    json_t *entry, *text;
    size_t i;

    if (!json_is_string(seen) ||
        sscanf(json_string_value(seen), CANDIDATE_FORMAT, address, port) != 2)
        return json_null();
    json_array_foreach (told, i, entry) {
        text = json_object_get(entry, "candidate");
        if (is_of(json_string_value(text), address, port))
            return json_incref(text);
    }
    return json_incref(seen);
}

static json_t *fact(json_t *facts, const char *name)
{
    json_t *v = json_object_get(facts, name);

    return v ? json_incref(v) : json_null();
}

static json_t *facts_list(json_t *facts, const char *name)
{
    json_t *v = json_object_get(facts, name);

    return json_is_array(v) ? json_incref(v) : json_array();
}

void shape_add_stats(json_t *to, const struct shape_options *o, const char *room,
                     const char *endpoint, const struct blob *trickled)
{
    json_t *facts = json_object_get(json_object_get(o->endpoints, room), endpoint);
    json_t *told = json_copy(json_object_get(facts, "clientCandidates"));

    if (!told)
        told = json_array();
    trickle_put(trickled, told);
    json_object_set_new(to, "webrtcEndpointName", json_string(endpoint));
    json_object_set_new(to, "remoteSdp", fact(facts, "remoteSdp"));
    json_object_set_new(to, "localSdp", fact(facts, "localSdp"));
    json_object_set_new(to, "clientIceCandidates", told);
    json_object_set_new(to, "serverIceCandidates", facts_list(facts, "serverCandidates"));
    json_object_set_new(to, "localCandidate", fact(facts, "localCandidate"));
    json_object_set_new(to, "remoteCandidate",
                        selected(json_object_get(facts, "remoteCandidate"), told));
    json_object_set_new(to, "events", facts_list(facts, "events"));
    json_object_set_new(to, "stats", fact(facts, "figures")); /* ours: the original has none */
}
