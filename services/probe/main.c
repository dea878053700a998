/* visavis-probe: our own client against a server: does each step of a call work, over each path,
 * and what does media meet on its way? */
#include "base/log.h"
#include "probe/options.h"
#include "probe/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_OK, EXIT_STEP_FAILED, EXIT_USAGE, EXIT_NOT_RUN };

static int run(struct loop *l, const struct options *o)
{
    struct probe *p = NULL;
    int r = probe_new(l, &o->config, &p);

    if (r == 0)
        r = probe_run(p);
    if (p && o->json && report_json(p, stdout) < 0)
        r = -ENOMEM;
    else if (p && !o->json)
        report_text(p, stdout);
    probe_free(p);
    if (r == 0)
        return EXIT_OK;
    if (r == -ENOTCONN)
        return EXIT_STEP_FAILED;
    fprintf(stderr, "visavis-probe: %s\n", strerror(-r));
    return EXIT_NOT_RUN;
}

int main(int argc, char **argv)
{
    struct options o;
    struct loop *l = NULL;
    int status = EXIT_NOT_RUN;
    int r;

    log_init("visavis-probe", LOG_LEVEL_WARNING);
    switch (options_parse(argc, argv, &o)) {
    case OPTIONS_DONE:
        status = EXIT_OK;
        break;
    case OPTIONS_WRONG:
        status = EXIT_USAGE;
        break;
    default:
        r = loop_new(&l);
        if (r == 0)
            r = loop_quit_on_signals(l);
        if (r < 0)
            fprintf(stderr, "visavis-probe: %s\n", strerror(-r));
        else
            status = run(l, &o);
    }
    loop_free(l);
    options_done(&o);
    return status;
}
