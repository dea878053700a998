#include "call/config.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

#define FIELD(name) .offset = offsetof(struct call_config, name)

static const struct conf_key keys[] = {
    {"listen", CONF_STRINGS, FIELD(listen), .required = true},
    {"openvidu_url", CONF_STRING, FIELD(openvidu_url), .required = true},
    {"openvidu_secret", CONF_STRING, FIELD(openvidu_secret), .required = true},
    {"pages", CONF_STRING, FIELD(pages), .required = true},
    {"log_level", CONF_STRING, FIELD(log_level), .string_default = "info",
     .allowed = log_level_names},
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static void tell(const char *text, void *arg)
{
    (void) arg;
    log_error("%s", text);
}

int call_config_read(const char *path, struct call_config *ret)
{
    int r = conf_read(path, keys, N_KEYS, ret, tell, NULL);

    if (r < 0 && r != -EINVAL)
        log_error("%s: %s", path, strerror(-r));
    return r;
}

void call_config_done(struct call_config *c)
{
    conf_done(keys, N_KEYS, c);
}
