/* visavis: installs and manages the server. */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <unistd.h>

/* Otherwise what is opened next would get the number of a missing one, and the log would be written
 * into it, here and in what we start. */
static bool open_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    return fd >= 0 && close(fd) == 0;
}

int main(int argc, char **argv)
{
    int status;

    if (!open_standard_descriptors())
        return CMD_FAILED;
    status = cmd_main(verbs, argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("visavis: cannot write what was asked for\n", stderr);
        return status == CMD_OK ? CMD_FAILED : status;
    }
    return status;
}
