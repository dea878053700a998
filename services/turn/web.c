#include "turn/web.h"

#include "base/log.h"
#include "link/link.h"
#include "notify/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct web_port {
    struct server *server;
    struct link_listener *listener; /* NULL: none */
};

static void on_connection(struct link_listener *ls, int fd, void *arg)
{
    struct web_port *p = arg;

    (void) ls;
    server_add_web(p->server, fd);
}

int web_port_new(struct loop *l, const char *path, struct server *server,
                 struct web_port **ret_port)
{
    struct web_port *p = calloc(1, sizeof(*p));
    int fd = -1, r;

    if (!p)
        return -ENOMEM;
    p->server = server;
    r = notify_listen_fds("turn-web", &fd, 1);
    if (r == 1)
        r = link_listen_fd(l, fd, on_connection, p, &p->listener);
    else if (r == 0)
        r = link_listen(l, path, on_connection, p, &p->listener);
    if (r < 0)
        log_error("no TURN on the web server's port: cannot listen on %s: %s", path, strerror(-r));
    *ret_port = p;
    return 0;
}

struct web_port *web_port_free(struct web_port *p)
{
    if (p)
        link_listener_free(p->listener);
    free(p);
    return NULL;
}
