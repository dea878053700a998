#include "base/clock.h"
#include "cmd/verbs.h"
#include "files/files.h"
#include "host/paths.h"
#include "host/subprocess.h"
#include "status/report.h"
#include "text/human.h"
#include "text/json.h"
#include "text/table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TAR_TIMEOUT_MS 120000
#define NAME_SIZE 64

struct packing {
    const struct cmd_call *call;
    char staging[NAME_SIZE]; /* a private folder; "": none */
    char name[NAME_SIZE];    /* of the folder in it, and in the archive */
    char file[PATH_MAX];
    struct table *preview;
    json_t *contents;
};

static void on_part(const struct report_part *part, void *arg)
{
    struct packing *p = arg;
    char size[HUMAN_SIZE];

    if (part->size == 0)
        return;
    table_row(p->preview);
    table_cell(p->preview, TERM_PLAIN, "%s", part->name);
    table_cell(p->preview, TERM_PLAIN, "%s", human_size(part->size, size));
    table_cell(p->preview, TERM_PLAIN, "%s", part->what);
    json_array_append_new(
        p->contents, json_pack("{s:s, s:I}", "name", part->name, "size", (json_int_t) part->size));
}

static int gather(struct packing *p)
{
    const struct file_access private = {
        .mode = 0700, .uid = FILE_KEEP_OWNER, .gid = (gid_t) FILE_KEEP_OWNER};
    char folder[2 * NAME_SIZE + 2], self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    int r;

    self[len > 0 ? len : 0] = 0;
    snprintf(p->staging, sizeof(p->staging), "/tmp/visavis-report-XXXXXX");
    if (!mkdtemp(p->staging)) {
        r = -errno;
        p->staging[0] = 0;
        return r;
    }
    snprintf(folder, sizeof(folder), "%s/%s", p->staging, p->name);
    r = dir_make(folder, &private);
    return r < 0 ? r : report_gather(folder, *self ? self : NULL, on_part, p);
}

/* Made by us first, so that nobody else can read it at any time. */
static int make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    return fd < 0 ? -errno : fd;
}

static int run_tar(const struct packing *p, const char *file)
{
    const char *const argv[] = {"tar",         "--create",  "--gzip",    "--file",
                                file,          "--owner=0", "--group=0", "--numeric-owner",
                                "--directory", p->staging,  p->name,     NULL};
    struct subprocess_result result;
    int status = CMD_OK;
    int r = subprocess_run(argv, NULL, TAR_TIMEOUT_MS, &result);

    if (r < 0)
        return cmd_fail(p->call, CMD_FAILED, "cannot run tar: %s", strerror(-r));
    if (result.status != 0)
        status = cmd_fail(p->call, CMD_FAILED, "tar: %s", result.error);
    subprocess_done(&result);
    return status;
}

/* tar gets the open file: in a folder of another user's the name could lead elsewhere by then. */
static int pack(struct packing *p)
{
    char file[64];
    int fd = make_file(p->file);
    int status;

    if (fd < 0)
        return cmd_fail(p->call, CMD_FAILED, "%s: %s", p->file, strerror(-fd));
    snprintf(file, sizeof(file), "/proc/%d/fd/%d", getpid(), fd);
    status = run_tar(p, file);
    close(fd);
    if (status != CMD_OK)
        unlink(p->file);
    return status;
}

static void print_preview(const struct packing *p)
{
    fputs("The report has, each file with its secrets masked:\n\n", stdout);
    table_print(p->preview, stdout, 2);
    putchar('\n');
    fflush(stdout);
}

static int tell(struct packing *p)
{
    if (cmd_json(p->call)) {
        json_t *o =
            json_pack("{s:o, s:O}", "file", json_text(bytes_str(p->file)), "contents", p->contents);

        return json_print(o, CMD_OK);
    }
    printf("Written: %s\nIt is readable for root alone. Have a look at it before you pass it on.\n",
           p->file);
    return CMD_OK;
}

static int agree_and_pack(struct packing *p)
{
    char question[PATH_MAX + 32];
    int status;

    if (!cmd_json(p->call))
        print_preview(p);
    snprintf(question, sizeof(question), "Write it to %s?", p->file);
    if (!cmd_has(p->call, "yes") && !term_confirm(question)) {
        fputs("Nothing was written.\n", stderr);
        return CMD_FAILED;
    }
    status = pack(p);
    return status == CMD_OK ? tell(p) : status;
}

/* "visavis-report-20260131-120000" here, unless --output says where. */
static void name_it(struct packing *p)
{
    const char *output = cmd_value(p->call, "output");
    time_t now = (time_t) (clock_wall_ms() / 1000);
    struct tm tm;

    localtime_r(&now, &tm);
    strftime(p->name, sizeof(p->name), "visavis-report-%Y%m%d-%H%M%S", &tm);
    if (output)
        snprintf(p->file, sizeof(p->file), "%s", output);
    else
        snprintf(p->file, sizeof(p->file), "%s.tar.gz", p->name);
}

static int run(const struct cmd_call *call)
{
    struct packing p = {.call = call};
    int status = cmd_need_root(call);
    int r;

    if (status != CMD_OK)
        return status;
    name_it(&p);
    p.preview = table_new();
    p.contents = json_array();
    r = gather(&p);
    if (r < 0)
        status = cmd_fail(call, CMD_FAILED, "cannot gather it: %s", strerror(-r));
    else
        status = agree_and_pack(&p);
    if (*p.staging)
        dir_remove(p.staging);
    table_free(p.preview);
    json_decref(p.contents);
    return status;
}

static const struct cmd_option options[] = {
    {.name = "yes", .letter = 'y', .help = "write it without asking"},
    {.name = "output",
     .letter = 'o',
     .arg = "FILE",
     .help = "write it there; default: visavis-report-DATE-TIME.tar.gz in this folder"},
    {0},
};

const struct cmd cmd_report = {
    .name = "report",
    .fn = run,
    .options = options,
    .help = "gather versions, state, configuration and logs for somebody who helps",
    .doc =
        "Shows what goes in, asks, and writes a .tar.gz that root alone can read (mode 0600).\n"
        "\n"
        "In it are versions, the machine, the settings that are no secrets, what there is to say\n"
        "about .env, the status, what `visavis doctor` finds, the rendered configuration and the\n"
        "newest 2 MiB of each log of the server's own units: nothing of other programs. Secrets\n"
        "are masked wherever they stand: all that the settings and the rendered files hold, and\n"
        "what looks like one. Names, addresses and what users are called stay.",
};
