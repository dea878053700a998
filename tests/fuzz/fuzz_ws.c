#include "web/ws_group.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned n_closed;

static void on_text(struct ws *s, struct bytes text, void *arg)
{
    (void) arg;
    if (ws_send(s, text) == 0 && bytes_starts_with(text, "close"))
        ws_close(s, 4000, "asked");
}

static void on_closed(struct ws *s, unsigned code, const char *reason, void *arg)
{
    (void) s;
    (void) arg;
    if (code < 1000 || code > 4999 || strlen(reason) > 123)
        abort();
    n_closed++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ws_handlers handlers = {.on_text = on_text, .on_closed = on_closed};
    static const struct ws_group_config config = {
        .message_bytes = 300, .queue_bytes = 5000, .max = 1};
    static const struct addr nobody;
    struct loop *l;
    struct ws_group *g;
    struct ws *s;
    int fds[2];

    signal(SIGPIPE, SIG_IGN);
    n_closed = 0;
    if (loop_new(&l) < 0 || ws_group_new(l, &config, &g) < 0 ||
        ws_new(g, &handlers, NULL, &nobody, &s) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0)
        abort();
    ws_open(s, fds[0], bytes_of(data, size));
    ws_group_free(g);
    if (n_closed != 1)
        abort();
    loop_free(l);
    close(fds[1]);
    return 0;
}
