#include "apply/dropins.h"

#include "files/files.h"
#include "host/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_NAME "50-visavis.conf"
#define FILE_MAX 65536
#define PRIVILEGED_PORTS 1024

static const char *const units[N_DROPINS] = {
    [DROPIN_SIGNALING] = "visavis-signaling.service",
    [DROPIN_TURN] = "visavis-turn.service",
    [DROPIN_SIGNALING_SOCKET] = "visavis-signaling.socket",
};

const char *dropin_unit(enum dropin d)
{
    return units[d];
}

/* ---- text ---- */

static void put_head(struct wr *w, const char *section)
{
    wr_fmt(w, "# Written by visavis from the settings; changes here are lost.\n[%s]\n", section);
}

/* The head comes once. */
static void put_in_service(struct wr *w, bool *any)
{
    if (!*any)
        put_head(w, "Service");
    *any = true;
}

/* The settings allow no character in a path that systemd reads in a way of its own. */
static void put_folders(struct wr *w, const struct settings *s, bool *any)
{
    static const enum setting folders[] = {SET_RECORDING_PATH, SET_CDR_PATH};

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (settings_is_default(s, folders[i]))
            continue;
        put_in_service(w, any);
        wr_fmt(w, "ReadWritePaths=-%s\n", settings_text(s, folders[i]));
    }
}

/* The only port that the service binds itself. */
static void put_metrics_port(struct wr *w, const struct settings *s, bool *any)
{
    int port = (int) settings_int(s, SET_METRICS_PORT);

    if (settings_is_default(s, SET_METRICS_PORT))
        return;
    put_in_service(w, any);
    wr_str(w, "SocketBindAllow=\n");
    if (port > 0)
        wr_fmt(w, "SocketBindAllow=tcp:%d\n", port);
}

/* The empty line takes away what the unit itself has. */
static void put_listen(struct wr *w, const struct settings *s)
{
    int port = (int) settings_int(s, SET_SERVER_PORT);

    if (settings_is_default(s, SET_SERVER_PORT))
        return;
    put_head(w, "Socket");
    wr_fmt(w,
           "ListenStream=\n"
           "ListenStream=127.0.0.1:%d\n"
           "ListenStream=[::1]:%d\n",
           port, port);
}

static void put_low_port(struct wr *w, int64_t port)
{
    if (port >= PRIVILEGED_PORTS)
        return;
    put_head(w, "Service");
    wr_str(w, "AmbientCapabilities=CAP_NET_BIND_SERVICE\n"
              "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\n"
              "PrivateUsers=no\n");
}

void render_dropin(struct wr *w, enum dropin d, const struct settings *s)
{
    bool any = false;

    switch (d) {
    case DROPIN_SIGNALING:
        put_folders(w, s, &any);
        put_metrics_port(w, s, &any);
        break;
    case DROPIN_TURN:
        put_low_port(w, settings_int(s, SET_COTURN_PORT));
        break;
    case DROPIN_SIGNALING_SOCKET:
        put_listen(w, s);
        break;
    case N_DROPINS:
        break;
    }
}

/* ---- files ---- */

static const char *folder_of(enum dropin d, char buf[static PATH_MAX])
{
    char name[64];

    snprintf(name, sizeof(name), "%s.d", units[d]);
    return path_join(buf, PATH_SYSTEMD, name);
}

static const char *path_to(enum dropin d, char buf[static PATH_MAX])
{
    char name[96];

    snprintf(name, sizeof(name), "%s.d/" FILE_NAME, units[d]);
    return path_join(buf, PATH_SYSTEMD, name);
}

bool dropin_is(enum dropin d, struct bytes text)
{
    char path[PATH_MAX], *content = NULL;
    size_t len = 0;
    int r = file_read(path_to(d, path), FILE_MAX, &content, &len);
    bool same = r == 0 ? bytes_eq(bytes_of(content, len), text) : r == -ENOENT && text.len == 0;

    free(content);
    return same;
}

int dropin_put(enum dropin d, struct bytes text)
{
    static const struct file_access access = {0644, FILE_KEEP_OWNER, FILE_KEEP_OWNER};
    char path[PATH_MAX];
    int r;

    if (text.len > 0) {
        r = dir_make(folder_of(d, path), NULL);
        return r < 0 ? r : file_write(path_to(d, path), text, &access);
    }
    if (unlink(path_to(d, path)) < 0 && errno != ENOENT)
        return -errno;
    (void) rmdir(folder_of(d, path)); /* unless the operator has files there, too */
    return 0;
}
