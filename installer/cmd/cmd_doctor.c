/* visavis doctor: what is wrong with this machine or installation, and what mends it. */
#include "cmd/verbs.h"

#include "doctor/doctor.h"
#include "doctor/doctor_print.h"
#include "doctor/doctor_settings.h"

#include <errno.h>
#include <string.h>

#define WORDS_MAX 64
#define EXIT_WARNINGS 3
#define EXIT_FAILURES 4

static int print_results(const struct cmd_call *call, const struct doctor *d)
{
    if (cmd_json(call))
        doctor_print_json(d, stdout);
    else
        doctor_print(d, stdout, cmd_has(call, "details"));
    switch (doctor_worst(d)) {
    case SEVERITY_FAILURE:
        return EXIT_FAILURES;
    case SEVERITY_WARNING:
        return EXIT_WARNINGS;
    default:
        return CMD_OK;
    }
}

static int list(const struct cmd_call *call)
{
    if (cmd_json(call))
        doctor_print_list_json(check_groups, stdout);
    else
        doctor_print_list(check_groups, stdout);
    return CMD_OK;
}

static int run(const struct cmd_call *call)
{
    static struct check_context context;
    const char *words[WORDS_MAX], *wrong = "";
    struct doctor *d = NULL;
    size_t n = 0;
    int r;

    if (cmd_has(call, "list"))
        return list(call);
    for (const char *word; n < WORDS_MAX && (word = cmd_arg(call, n)); n++)
        words[n] = word;
    context.preflight = cmd_has(call, "preflight");
    r = doctor_settings_load(&context);
    if (r < 0)
        return cmd_fail(call, CMD_FAILED, "%s", strerror(-r));
    r = doctor_new(check_groups, &context, words, n, &d, &wrong);
    if (r == -ENOENT)
        r = cmd_fail(call, CMD_USAGE, "there is no check or group '%s'; --list shows them", wrong);
    else if (r == 0)
        r = doctor_run(d);
    if (r < 0)
        r = cmd_fail(call, CMD_FAILED, "%s", strerror(-r));
    else if (r == 0)
        r = print_results(call, d);
    doctor_free(d);
    doctor_settings_free(&context);
    return r;
}

const struct cmd cmd_doctor = {
    .name = "doctor",
    .fn = run,
    .args = "[GROUP|CHECK...]",
    .help = "look for what is wrong, and say what mends it",
    .doc = "Checks the machine and the installation: system, settings, ports, names, firewall,\n"
           "kernel, certificates, services, web server, passwords. Needs no Internet. What cannot\n"
           "be found out is called unknown; as root more can.\n"
           "\n"
           "With groups or checks as arguments only those are run, and what they need. The group\n"
           "media, a call over each way that media may take, is run when it is named.",
    .options =
        (const struct cmd_option[]){
            {.name = "preflight", .help = "before the installation: is this machine fit for it"},
            {.name = "details", .letter = 'd', .help = "say more about each finding"},
            {.name = "list", .letter = 'l', .help = "list the checks"},
            {.name = NULL},
        },
    .exits =
        (const struct cmd_exit[]){
            {EXIT_WARNINGS, "warnings, no failure"},
            {EXIT_FAILURES, "failures"},
            {0, NULL},
        },
};
