#include "apply/redis.h"

/* What a busy installation keeps there is a few megabytes; hostile clients can make it more. */
#define MEMORY_MAX "1gb"

static const char *level_for(const char *log_level)
{
    if (strcmp(log_level, "debug") == 0)
        return "verbose"; /* its own "debug" writes several lines a command */
    if (strcmp(log_level, "error") == 0 || strcmp(log_level, "warning") == 0)
        return "warning";
    return "notice";
}

/* In Redis' own quoting. */
static void put_quoted(struct wr *w, const char *key, const char *text)
{
    wr_fmt(w, "%s \"", key);
    for (; *text; text++) {
        if ((unsigned char) *text < 0x20) {
            wr_fmt(w, "\\x%02x", (unsigned char) *text);
            continue;
        }
        if (*text == '"' || *text == '\\')
            wr_u8(w, '\\');
        wr_u8(w, (uint8_t) *text);
    }
    wr_str(w, "\"\n");
}

void render_redis(struct wr *w, const char *socket, const char *data, const char *log_level)
{
    wr_str(w, "# redis.conf: written by visavis from the settings; changes here are lost.\n"
              "\n"
              "# No network: whoever may open the socket is trusted.\n"
              "port 0\n"
              "unixsocketperm 770\n");
    put_quoted(w, "unixsocket", socket);
    wr_str(w, "timeout 0\n"
              "databases 1\n"
              "\n"
              "# All that is written is kept; the append-only file is enough, without snapshots.\n"
              "appendonly yes\n"
              "appendfsync everysec\n"
              "save \"\"\n");
    put_quoted(w, "dir", data);
    wr_str(w, "\n"
              "# Never forgets by itself: a full memory is an error of the one who writes.\n"
              "maxmemory " MEMORY_MAX "\n"
              "maxmemory-policy noeviction\n"
              "\n"
              "daemonize no\n"
              "supervised auto\n"
              "always-show-logo no\n"
              "logfile \"\"\n");
    wr_fmt(w, "loglevel %s\n", level_for(log_level));
}
