#include "installer/cmd.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VISAVIS_VERSION "0.1.0"

static cmd_fn cmd_help;
static cmd_fn cmd_version;

static const struct {
    const char *name;
    cmd_fn *fn;
    const char *help;
} verbs[] = {
    {"dev", cmd_dev, "run everything here in the foreground, on plain HTTP, to develop against"},
    {"version", cmd_version, "print the version"},
    {"help", cmd_help, "print this text"},
};

static void print_help(FILE *out)
{
    fputs("usage: visavis VERB [OPTION...]\n\n", out);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        fprintf(out, "  %-9s %s\n", verbs[i].name, verbs[i].help);
    fputs("\n`visavis VERB --help` says more.\n"
          "Exit status: 0 done, 1 failed, 2 wrong call or wrong settings.\n",
          out);
}

static int cmd_help(int argc, char **argv)
{
    (void) argc;
    (void) argv;
    print_help(stdout);
    return CMD_OK;
}

static int cmd_version(int argc, char **argv)
{
    (void) argc;
    (void) argv;
    puts("visavis " VISAVIS_VERSION);
    return CMD_OK;
}

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
    const char *verb = argc > 1 ? argv[1] : NULL;

    if (!open_standard_descriptors())
        return CMD_FAILED;

    if (verb && strcmp(verb, "--help") == 0)
        verb = "help";
    if (verb && strcmp(verb, "--version") == 0)
        verb = "version";
    for (size_t i = 0; verb && i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(verb, verbs[i].name) == 0)
            return verbs[i].fn(argc - 1, argv + 1);
    if (verb)
        fprintf(stderr, "visavis: there is no verb '%s'\n\n", verb);
    print_help(stderr);
    return CMD_USAGE;
}
