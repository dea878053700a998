#include "link/link.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ACCEPTS_PER_EVENT 16
#define ACCEPT_PAUSE_US 100000

struct link_listener {
    struct loop *loop;
    struct loop_io io;
    struct loop_timer pause; /* while the process has no descriptors left */
    link_accept_fn *fn;
    void *arg;
    int fd;
    bool *freed; /* set by link_listener_free() inside fn, for the frame below it */
    char *made;  /* path of the socket file that we made, or NULL */
    dev_t dev;
    ino_t ino;
};

static int unix_address(const char *path, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(ret->sun_path))
        return -ENAMETOOLONG;
    memcpy(ret->sun_path, path, strlen(path));
    return 0;
}

/* Nobody listens on a stale socket: connecting to it is refused. */
static int remove_stale(const struct sockaddr_un *sa)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r = 0;

    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *) sa, sizeof(*sa)) == 0 || errno == EAGAIN)
        r = -EADDRINUSE;
    else if (errno == ECONNREFUSED)
        r = unlink(sa->sun_path) < 0 ? -errno : 0;
    close(fd);
    return r;
}

/* The mode is narrowed before the file appears (bind() takes it from the socket) and set after,
 * when the umask has had its part. */
static int make_socket(struct link_listener *ls, const char *path)
{
    struct sockaddr_un sa;
    struct stat st;
    int r = unix_address(path, &sa);

    if (r < 0)
        return r;
    if (lstat(path, &st) == 0) {
        r = S_ISSOCK(st.st_mode) ? remove_stale(&sa) : -EADDRINUSE;
        if (r < 0)
            return r;
    }
    ls->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (ls->fd < 0 || fchmod(ls->fd, 0660) < 0 ||
        bind(ls->fd, (const struct sockaddr *) &sa, sizeof(sa)) < 0)
        return -errno;
    ls->made = strdup(path);
    if (!ls->made) {
        (void) unlink(path);
        return -ENOMEM;
    }
    if (lstat(path, &st) < 0)
        return -errno;
    ls->dev = st.st_dev;
    ls->ino = st.st_ino;
    if (chmod(path, 0660) < 0 || listen(ls->fd, SOMAXCONN) < 0)
        return -errno;
    return 0;
}

static void on_pause_over(struct loop_timer *t)
{
    struct link_listener *ls = container_of(t, struct link_listener, pause);

    (void) loop_io_set_events(&ls->io, EPOLLIN);
}

/* A connection that waits while accept() fails would wake us without end. */
static void pause_accepting(struct link_listener *ls)
{
    if (loop_timer_start(&ls->pause, ls->loop, ACCEPT_PAUSE_US, on_pause_over) == 0)
        (void) loop_io_set_events(&ls->io, 0);
}

static void on_connections(struct loop_io *io, uint32_t revents)
{
    struct link_listener *ls = container_of(io, struct link_listener, io);
    bool freed = false;

    (void) revents;
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
        int fd = accept4(ls->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                pause_accepting(ls);
            return;
        }
        ls->freed = &freed;
        ls->fn(ls, fd, ls->arg);
        if (freed)
            return;
        ls->freed = NULL;
    }
}

static struct link_listener *listener_new(struct loop *l, link_accept_fn *fn, void *arg, int fd)
{
    struct link_listener *ls = calloc(1, sizeof(*ls));

    if (ls)
        *ls = (struct link_listener){.loop = l, .fn = fn, .arg = arg, .fd = fd};
    return ls;
}

static int start(struct link_listener *ls, struct link_listener **ret_ls)
{
    int r = loop_io_start(&ls->io, ls->loop, ls->fd, EPOLLIN, on_connections);

    if (r < 0)
        link_listener_free(ls);
    else
        *ret_ls = ls;
    return r;
}

int link_listen(struct loop *l, const char *path, link_accept_fn *fn, void *arg,
                struct link_listener **ret_ls)
{
    struct link_listener *ls = listener_new(l, fn, arg, -1);
    int r;

    if (!ls)
        return -ENOMEM;
    r = make_socket(ls, path);
    if (r < 0) {
        link_listener_free(ls);
        return r;
    }
    return start(ls, ret_ls);
}

int link_listen_fd(struct loop *l, int fd, link_accept_fn *fn, void *arg,
                   struct link_listener **ret_ls)
{
    struct link_listener *ls = listener_new(l, fn, arg, fd);

    if (!ls) {
        close(fd);
        return -ENOMEM;
    }
    return start(ls, ret_ls);
}

struct link_listener *link_listener_free(struct link_listener *ls)
{
    struct stat st;

    if (!ls)
        return NULL;
    if (ls->freed)
        *ls->freed = true;
    loop_io_stop(&ls->io);
    loop_timer_done(&ls->pause);
    /* Another process may have put its own in the place of ours; as long as our socket is open, its
     * inode number belongs to no other file. */
    if (ls->made && lstat(ls->made, &st) == 0 && st.st_dev == ls->dev && st.st_ino == ls->ino)
        (void) unlink(ls->made);
    if (ls->fd >= 0)
        close(ls->fd);
    free(ls->made);
    free(ls);
    return NULL;
}
