#include "tests/lib/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST 10000u /* up to 31,999; the kernel's range begins at 32,768 */
#define EACH 20u
#define PROCESSES 1100u

static bool is_free(uint16_t port, int type)
{
    struct sockaddr_in sa = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;
    bool is = fd >= 0;

    /* As servers do: connections that linger are no hindrance. */
    if (is && type == SOCK_STREAM)
        is = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0;
    is = is && bind(fd, (struct sockaddr *) &sa, sizeof(sa)) == 0;
    if (fd >= 0)
        close(fd);
    return is;
}

static bool are_free(unsigned first, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (!is_free((uint16_t) (first + i), SOCK_STREAM) ||
            !is_free((uint16_t) (first + i), SOCK_DGRAM))
            return false;
    }
    return true;
}

uint16_t free_port_run(unsigned n)
{
    static unsigned next;
    unsigned base = FIRST + (unsigned) getpid() % PROCESSES * EACH;

    for (unsigned i = 0; i < EACH; i++) {
        unsigned at = next++ % EACH;

        if (at + n > EACH || !are_free(base + at, n))
            continue;
        next += n - 1;
        return (uint16_t) (base + at);
    }
    return 0;
}

uint16_t free_port(void)
{
    return free_port_run(1);
}
