#include "tests/lib/janus_server.h"

#include "base/clock.h"
#include "tests/lib/private_net.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define API "api"
#define START_US 20000000
#define POLL_MS 20
#define END_MS 5000

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
                        child_path(c, API, path));
    return r < 0 ? r : child_write(c, "janus.plugin.videoroom.jcfg", "general: {\n}\n");
}

static int start(struct child *c)
{
    char program[] = JANUS_PROGRAM, folder[CHILD_PATH_SIZE], file[CHILD_PATH_SIZE];
    char with_folder[] = "-F", with_file[] = "-C";
    char *argv[] = {program, with_folder, folder, with_file, file, NULL};

    child_path(c, "", folder);
    child_path(c, "janus.jcfg", file);
    return child_start(c, argv);
}

/* Now and then it ends at once: the thread of its Unix socket goes when it looks at a flag that the
 * main thread is about to set. Then it is started again. */
static int start_and_connect(struct loop *l, struct child *c, struct janus_client **ret)
{
    uint64_t deadline_us = clock_us() + START_US;
    char path[CHILD_PATH_SIZE];
    int r = start(c);

    child_path(c, API, path);
    while (r == 0 && janus_client_new(l, path, ret) < 0) {
        if (clock_us() > deadline_us)
            r = -ETIMEDOUT;
        else if (child_wait_ready(c, POLL_MS) == -ECHILD)
            r = start(c);
    }
    return r;
}

int janus_server_start(struct loop *l, const struct janus_config *config, struct child **ret_c,
                       struct janus_client **ret_client)
{
    struct child *c;
    int r = janus_is_installed() ? child_new("janus", &c) : -ENOENT;

    if (r < 0)
        return r;
    r = write_config(c, config);
    if (r == 0)
        r = start_and_connect(l, c, ret_client);
    if (r < 0) {
        child_free(c);
        return r;
    }
    *ret_c = c;
    return 0;
}

void janus_server_end(struct child *c, struct janus_client *client)
{
    janus_client_free(client);
    if (c && child_pid(c) > 0 && kill(child_pid(c), SIGKILL) == 0)
        (void) child_wait_ready(c, END_MS); /* it ends */
    child_free(c);
}
