#include "call/config.h"

#include "base/log.h"
#include "web/web_listen.h"

#include <stdio.h>
#include <string.h>

/* Basic credentials (RFC 7617) have the user end at the first colon. */
static bool check_user(const char *text, char *why, size_t why_size)
{
    snprintf(why, why_size, "must have a character, and no colon");
    return *text != '\0' && !strchr(text, ':');
}

#define FIELD(name) .offset = offsetof(struct call_config, name)

static const struct conf_key keys[] = {
    {"listen", CONF_STRINGS, FIELD(listen), .required = true, .check = web_listen_check},
    {"openvidu_url", CONF_STRING, FIELD(openvidu_url), .required = true, .live = true},
    {"openvidu_secret", CONF_STRING, FIELD(openvidu_secret), .required = true,
     .check = conf_check_not_empty, .live = true},
    {"pages", CONF_STRING, FIELD(pages), .required = true, .live = true},
    {"private_access", CONF_BOOL, FIELD(private_access), .live = true},
    {"user", CONF_STRING, FIELD(user), .string_default = "admin", .check = check_user,
     .live = true},
    {"secret", CONF_STRING, FIELD(secret), .string_default = "", .live = true},
    {"admin_secret", CONF_STRING, FIELD(admin_secret), .string_default = "", .live = true},
    {"recording", CONF_BOOL, FIELD(recording), .live = true},
    {"log_level", CONF_STRING, FIELD(log_level), .string_default = "info",
     .allowed = log_level_names, .live = true},
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

int call_config_read(const char *path, struct call_config *ret, conf_problem_fn *fn, void *arg)
{
    return conf_read(path, keys, N_KEYS, ret, fn, arg);
}

int call_config_reload(struct call_config *c, const char *path, conf_problem_fn *fn,
                       conf_problem_fn *fn_later, void *arg)
{
    struct call_config fresh = {.user = NULL};
    int r = call_config_read(path, &fresh, fn, arg);

    if (r == 0)
        conf_take_live(keys, N_KEYS, c, &fresh, fn_later, arg);
    call_config_done(&fresh);
    return r;
}

void call_config_done(struct call_config *c)
{
    conf_done(keys, N_KEYS, c);
}
