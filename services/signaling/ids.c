#include "signaling/ids.h"

#include "base/rnd.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ID_RANDOM 10
#define STREAM_RANDOM 4

static void prefixed(const char *prefix, char *ret, size_t size)
{
    char random[ID_RANDOM + 1];

    rnd_id(random, ID_RANDOM);
    snprintf(ret, size, "%s%s", prefix, random);
}

void session_id_new(char ret[static SESSION_ID_SIZE])
{
    prefixed("ses_", ret, SESSION_ID_SIZE);
}

void connection_id_new(char ret[static CONNECTION_ID_SIZE])
{
    prefixed("con_", ret, CONNECTION_ID_SIZE);
}

static bool is_word(char c)
{
    return isalnum((unsigned char) c) || c == '_';
}

int connection_id_custom(const char *wish, char ret[static CONNECTION_ID_SIZE])
{
    char id[CONNECTION_ID_SIZE] = "con_";
    size_t len = 4;

    if (strncmp(wish, "con_", 4) == 0)
        wish += 4;
    for (; *wish; wish++) {
        if (!is_word(*wish))
            continue;
        if (len >= CONNECTION_ID_MAX)
            return -EINVAL;
        id[len++] = *wish;
    }
    if (len == 4)
        return -EINVAL;
    memcpy(ret, id, CONNECTION_ID_SIZE);
    return 0;
}

bool id_is_word(const char *id, size_t max)
{
    size_t len = 0;

    while (is_word(id[len]))
        len++;
    return id[len] == '\0' && len > 0 && len <= max;
}

bool session_id_is_valid(const char *id)
{
    size_t len = 0;

    for (; id[len]; len++) {
        if (!is_word(id[len]) && id[len] != '-')
            return false;
    }
    return len > 0 && len <= SESSION_ID_MAX;
}

void stream_id_new(const char *type_of_video, const char *connection_id,
                   char ret[static STREAM_ID_SIZE])
{
    char random[STREAM_RANDOM + 1];

    rnd_id(random, STREAM_RANDOM);
    for (char *c = random; *c; c++)
        *c = (char) toupper((unsigned char) *c);
    snprintf(ret, STREAM_ID_SIZE, "str_%.3s_%s_%s", type_of_video ? type_of_video : "MIC", random,
             connection_id);
}

const char *stream_id_connection(const char *stream_id)
{
    const char *found = NULL;

    for (const char *at = stream_id; (at = strstr(at, "_con_")); at++)
        found = at + 1;
    return found;
}

void rpc_id_new(char ret[static RPC_ID_SIZE])
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    for (size_t i = 0; i < RPC_ID_SIZE - 1; i++) {
        uint32_t r;

        do
            r = rnd_u32();
        while (r >= UINT32_MAX / 36 * 36);
        ret[i] = alphabet[r % 36];
    }
    ret[RPC_ID_SIZE - 1] = '\0';
}

void join_id_new(char ret[static JOIN_ID_SIZE])
{
    rnd_alnum(ret, JOIN_ID_SIZE - 1);
}

void user_id_new(char ret[static USER_ID_SIZE])
{
    snprintf(ret, USER_ID_SIZE, "%016llX", (unsigned long long) rnd_u64());
}
