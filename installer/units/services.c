#include "units/services.h"

#include "text/nearest.h"

#include <stdio.h>
#include <string.h>

const struct service services[] = {
    {.word = "signaling",
     .unit = "visavis-signaling.service",
     .role = "sessions, REST API, dashboard"},
    {.word = "media", .unit = "visavis-media.service", .role = "audio and video"},
    {.word = "turn", .unit = "visavis-turn.service", .role = "TURN relay"},
    {.word = "call", .unit = "visavis-call.service", .role = "the Call app"},
    {.word = "redis", .unit = "visavis-redis.service", .role = "state of the sessions"},
    {.word = "nginx", .unit = "nginx.service", .role = "HTTPS", .shared = true},
    {.word = "setup", .unit = SETUP_UNIT, .role = "configuration from .env", .at_times = true},
    {.word = "cert",
     .unit = "visavis-cert.service",
     .role = "renewal of certificates",
     .at_times = true},
    {.word = NULL},
};

const struct service *service_of_unit(const char *unit)
{
    for (const struct service *s = services; s->word; s++)
        if (strcmp(s->unit, unit) == 0)
            return s;
    return NULL;
}

const struct service *service_find(const char *name)
{
    char unit[64];
    int n = snprintf(unit, sizeof(unit), "%s.service", name);

    for (const struct service *s = services; s->word; s++)
        if (strcmp(s->word, name) == 0 || strcmp(s->unit, name) == 0 ||
            ((size_t) n < sizeof(unit) && strcmp(s->unit, unit) == 0))
            return s;
    return NULL;
}

const struct service *service_nearest(const char *name)
{
    struct nearest n;

    nearest_start(&n, name, 2);
    for (const struct service *s = services; s->word; s++)
        nearest_offer(&n, s->word);
    return n.found ? service_find(n.found) : NULL;
}

void service_words(char *buf, size_t size)
{
    size_t len = 0;

    for (const struct service *s = services; s->word && len < size; s++)
        len += (size_t) snprintf(buf + len, size - len, "%s%s",
                                 s == services ? ""
                                 : s[1].word   ? ", "
                                               : " or ",
                                 s->word);
}
