/* A bad cable (tests/lib/cable.h) between two interfaces of the network that it is started in,
 * until it is ended. usage: cable A B loss PERCENT delay MS jitter MS reorder PERCENT */
#include "tests/lib/cable.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct cable cable;

    if (argc < 4 || !cable_parse(argv + 3, argc - 3, &cable)) {
        fprintf(stderr,
                "usage: cable A B [loss PERCENT] [delay MS] [jitter MS] [reorder PERCENT]\n");
        return 2;
    }
    fprintf(stderr, "cable: %s\n", strerror(-cable_run(argv[1], argv[2], &cable)));
    return 1;
}
