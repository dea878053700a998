#include "cmd/password.h"

#include "base/crypto.h"
#include "files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define FILE_MAX 65536

static int read_line(int fd, char ret[static PASSWORD_SIZE])
{
    size_t len = 0;
    char c;

    for (;;) {
        ssize_t n = read(fd, &c, 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0 || c == '\n')
            break;
        if (len == PASSWORD_SIZE - 1)
            return -ENOSPC;
        ret[len++] = c;
    }
    ret[len] = '\0';
    return 0;
}

int password_ask(const char *prompt, char ret[static PASSWORD_SIZE])
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios before, silent;
    int r;

    if (fd < 0 || tcgetattr(fd, &before) < 0) {
        if (fd >= 0)
            close(fd);
        return -ENOTTY;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t) ECHO;
    dprintf(fd, "%s", prompt);
    tcsetattr(fd, TCSAFLUSH, &silent);
    r = read_line(fd, ret);
    tcsetattr(fd, TCSAFLUSH, &before);
    dprintf(fd, "\n");
    close(fd);
    if (r < 0)
        secret_wipe(ret, PASSWORD_SIZE);
    return r;
}

int password_read(const char *path, char ret[static PASSWORD_SIZE])
{
    char *text;
    size_t len, line;
    int r = file_read(path, FILE_MAX, &text, &len);

    if (r < 0)
        return r;
    line = strcspn(text, "\r\n");
    if (line < PASSWORD_SIZE) {
        memcpy(ret, text, line);
        ret[line] = '\0';
    } else {
        r = -ENOSPC;
    }
    secret_wipe(text, len);
    free(text);
    return r;
}
