#include "tests/lib/janus_server.h"

#include "tests/lib/private_net.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define API "api"

/* What else Debian ships, which would take ports and threads. */
#define PLUGINS                                                                                    \
    "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,"            \
    "libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_streaming.so,"              \
    "libjanus_textroom.so,libjanus_videocall.so,libjanus_voicemail.so"
#define TRANSPORTS                                                                                 \
    "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_rabbitmq.so,"                  \
    "libjanus_websockets.so"

bool janus_is_installed(void)
{
    return access(JANUS_PROGRAM, X_OK) == 0;
}

const char *janus_server_path(const struct child *c, char ret[static CHILD_PATH_SIZE])
{
    return child_path(c, API, ret);
}

static int write_config(const struct child *c, const struct janus_config *config)
{
    char path[CHILD_PATH_SIZE], loops[32] = "";
    int r;

    if (config->event_loops)
        snprintf(loops, sizeof(loops), "event_loops = %u\n", config->event_loops);
    r = child_write(c, "janus.jcfg",
                    "general: {\n%s}\n"
                    "nat: {\nice_lite = true\nice_enforce_list = \"" NET_HOST "\"\n}\n"
                    "plugins: {\ndisable = \"" PLUGINS "\"\n}\n"
                    "transports: {\ndisable = \"" TRANSPORTS "\"\n}\n",
                    loops);
    if (r == 0)
        r = child_write(c, "janus.transport.pfunix.jcfg",
                        "general: {\nenabled = true\njson = \"compact\"\npath = \"%s\"\n}\n",
                        janus_server_path(c, path));
    return r < 0 ? r : child_write(c, "janus.plugin.videoroom.jcfg", "general: {\n}\n");
}

int janus_server_start(const struct janus_config *config, struct child **ret_c)
{
    char program[] = JANUS_PROGRAM, folder[CHILD_PATH_SIZE], file[CHILD_PATH_SIZE];
    char with_folder[] = "-F", with_file[] = "-C";
    char *argv[] = {program, with_folder, folder, with_file, file, NULL};
    struct child *c;
    int r = janus_is_installed() ? child_new("janus", &c) : -ENOENT;

    if (r < 0)
        return r;
    child_path(c, "", folder);
    child_path(c, "janus.jcfg", file);
    r = write_config(c, config);
    if (r == 0)
        r = child_start(c, argv);
    if (r < 0) {
        child_free(c);
        return r;
    }
    *ret_c = c;
    return 0;
}
