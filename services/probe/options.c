#include "probe/options.h"

#include "base/crypto.h"
#include "base/roff.h"
#include "base/version.h"
#include "client/media_source.h"
#include "files/files.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define SECRET_MAX 4096

struct row;

/* NULL, or what is wrong with the value. */
typedef const char *take_fn(const struct row *row, char *value, struct options *o);

static take_fn take_text, take_number, take_switch, take_url, take_secret, take_path, take_address;

/* An option: its name, the word for its value (NULL: it has none), what it does; who takes the
 * value, and where it goes. */
struct row {
    const char *name, *value, *help;
    take_fn *take;
    size_t offset;     /* in struct options */
    unsigned min, max; /* of numbers; of a switch: max is what it sets */
};

#define AT(field) offsetof(struct options, field)

static const struct row table[] = {
    {"url", "URL", "the server: https://calls.example.org", take_url, 0, 0, 0},
    {"secret-file", "FILE", "OPENVIDU_SECRET, alone in the file; -: from standard input",
     take_secret, 0, 0, 0},
    {"session", "ID", "join this session instead of one of its own", take_text, AT(config.session),
     0, 0},
    {"publishers", "N", "participants that publish (1)", take_number, AT(config.publishers), 1,
     PROBE_MEMBERS_MAX},
    {"subscribers", "N", "participants that watch whatever is published in the session (1)",
     take_number, AT(config.subscribers), 0, PROBE_MEMBERS_MAX},
    {"meet", NULL, "those that publish watch as well", take_switch, AT(config.meet), 0, true},
    {"duration", "SECONDS", "how long media is measured (5)", take_number, AT(config.duration_s), 1,
     86400},
    {"path", "PATH", "any, udp, tcp, turn-udp, turn-tcp or turn-tls alone (any)", take_path, 0, 0,
     0},
    {"address", "IP", "of the server's media addresses this one alone", take_address, 0, 0, 0},
    {"connect-to", "HOST:PORT", "REST and WebSocket there, whatever their URLs say", take_text,
     AT(config.connect_to), 0, 0},
    {"ca-file", "FILE", "the CA of the server's certificate, in place of the system's", take_text,
     AT(config.ca_file), 0, 0},
    {"insecure", NULL, "any certificate is good: the secret goes to whoever answers", take_switch,
     AT(config.any_certificate), 0, true},
    {"light", NULL, "simple connectivity checks in place of libnice, for hundreds of transports",
     take_switch, AT(config.light), 0, true},
    {"no-audio", NULL, "video alone", take_switch, AT(config.audio), 0, false},
    {"no-video", NULL, "audio alone", take_switch, AT(config.video), 0, false},
    {"video-rate", "KBIT", "of synthetic video, in kbit/s (1000)", take_number,
     AT(config.video_kbit_s), 10, MEDIA_SOURCE_KBIT_MAX},
    {"frame-rate", "N", "of synthetic video, pictures a second (30)", take_number,
     AT(config.frames_s), 1, 120},
    {"audio-file", "FILE", "Opus packets of an rtpdump file instead of silence", take_text,
     AT(config.audio_file), 0, 0},
    {"video-file", "FILE", "VP8 of an IVF or rtpdump file instead of a grey picture", take_text,
     AT(config.video_file), 0, 0},
    {"json", NULL, "print everything as JSON", take_switch, AT(json), 0, true},
    {"help", NULL, "this", NULL, 0, 0, 0},
    {"version", NULL, "the version", NULL, 0, 0, 0},
    {"man", NULL, NULL, NULL, 0, 0, 0}, /* for those who build packages */
};
#define N_OPTIONS (sizeof(table) / sizeof(table[0]))

static const char summary[] =
    "Joins a session as clients do, publishes, subscribes, and measures what arrives.";
static const char measured[] =
    "As a browser does, those who watch ask for lost packets of video again, and for key frames.\n"
    "Lost (lost, lossPercent) is what never came; lost at first (lostAtFirst, lossPercentAtFirst)\n"
    "is what the way lost, before it was asked for. Delay is that of synthetic media, whose\n"
    "packets carry the time when they were sent.";

static const struct {
    int status;
    const char *meaning;
} statuses[] = {
    {0, "all went well"},
    {1, "a step failed"},
    {2, "wrong use"},
    {3, "it could not run"},
};
#define N_STATUSES (sizeof(statuses) / sizeof(statuses[0]))

static void print_help(void)
{
    printf("usage: visavis-probe --url URL --secret-file FILE [OPTION...]\n%s\n\n", summary);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        char left[64];

        snprintf(left, sizeof(left), "--%s%s%s", table[i].name, table[i].value ? " " : "",
                 table[i].value ? table[i].value : "");
        if (table[i].help)
            printf("  %-24s %s\n", left, table[i].help);
    }
    printf("\n%s\n\nstatus:", measured);
    for (size_t i = 0; i < N_STATUSES; i++)
        printf("%s %d %s", i ? "," : "", statuses[i].status, statuses[i].meaning);
    putchar('\n');
}

static void print_man(void)
{
    roff_heading(stdout, "visavis-probe", "try a Visavis server as clients do, and load it");
    puts(".SH SYNOPSIS\n.B /usr/lib/visavis/visavis\\-probe\n\\-\\-url \\fIURL\\fR "
         "\\-\\-secret\\-file \\fIFILE\\fR [\\fIOPTION\\fR...]\n.SH DESCRIPTION");
    roff_paragraphs(stdout, summary);
    puts(".PP");
    roff_paragraphs(stdout, measured);
    puts(".PP");
    roff_paragraphs(stdout, "`visavis test` and `visavis doctor media` run it for the server of "
                            "their own machine, and say what to do.");
    puts(".SH OPTIONS");
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (table[i].help)
            roff_option(stdout, 0, table[i].name, table[i].value, table[i].help);
    puts(".SH EXIT STATUS");
    for (size_t i = 0; i < N_STATUSES; i++)
        roff_status(stdout, statuses[i].status, statuses[i].meaning);
    puts(".SH SEE ALSO\n.BR visavis\\-test (1),\n.BR visavis\\-doctor (1)");
}

static enum options_result wrong(const char *name, const char *why)
{
    fprintf(stderr, "visavis-probe: --%s: %s\n", name, why);
    return OPTIONS_WRONG;
}

/* ---- values ---- */

static void *place(const struct row *row, struct options *o)
{
    return (char *) o + row->offset;
}

static const char *take_text(const struct row *row, char *value, struct options *o)
{
    *(const char **) place(row, o) = value;
    return NULL;
}

static const char *take_switch(const struct row *row, char *value, struct options *o)
{
    (void) value;
    *(bool *) place(row, o) = row->max != 0;
    return NULL;
}

static const char *take_number(const struct row *row, char *value, struct options *o)
{
    uint64_t n;

    if (bytes_to_u64(bytes_str(value), row->max, &n) < 0 || n < row->min)
        return "a number that fits is wanted";
    *(unsigned *) place(row, o) = (unsigned) n;
    return NULL;
}

/* "http(s)://host[:port]", a slash at the end is cut off. */
static const char *take_url(const struct row *row, char *value, struct options *o)
{
    size_t len = strlen(value);
    const char *host = strstr(value, "://");

    (void) row;
    while (len > 0 && value[len - 1] == '/')
        value[--len] = '\0';
    if (!host || (strncmp(value, "https://", 8) != 0 && strncmp(value, "http://", 7) != 0) ||
        strlen(host) <= 3 || strchr(host + 3, '/'))
        return "http:// or https://, host and port alone";
    o->config.url = value;
    return NULL;
}

static int read_stdin(char **ret)
{
    char *text = calloc(1, SECRET_MAX + 1);
    size_t len = 0;
    ssize_t n = 1;

    while (text && n > 0 && len < SECRET_MAX) {
        n = read(STDIN_FILENO, text + len, SECRET_MAX - len);
        len += n > 0 ? (size_t) n : 0;
    }
    *ret = text;
    return text ? 0 : -ENOMEM;
}

/* The first line. */
static const char *take_secret(const struct row *row, char *value, struct options *o)
{
    size_t len;
    int r;

    (void) row;
    if (o->secret)
        return "is given twice";
    r = strcmp(value, "-") == 0 ? read_stdin(&o->secret)
                                : file_read(value, SECRET_MAX, &o->secret, &len);
    if (r < 0)
        return strerror(-r);
    o->secret[strcspn(o->secret, "\r\n")] = '\0';
    return NULL;
}

static const char *take_path(const struct row *row, char *value, struct options *o)
{
    (void) row;
    for (unsigned i = 0; i < N_CLIENT_PATHS; i++) {
        if (strcmp(value, client_path_names[i]) == 0) {
            o->config.path = (enum client_path) i;
            return NULL;
        }
    }
    return "there is no such path";
}

static const char *take_address(const struct row *row, char *value, struct options *o)
{
    (void) row;
    return addr_parse_ip(value, 0, &o->config.only) == 0 ? NULL : "an IP is wanted";
}

/* ---- all of it ---- */

static enum options_result check(const struct options *o)
{
    const struct probe_config *c = &o->config;

    if (!c->url)
        return wrong("url", "is needed");
    if (!o->secret || !o->secret[0])
        return wrong("secret-file", "a secret is needed");
    if (!c->audio && !c->video)
        return wrong("no-video", "nothing is left to send");
    if (c->light && c->path > CLIENT_PATH_UDP)
        return wrong("light", "knows the path udp alone");
    if (c->publishers + c->subscribers > PROBE_MEMBERS_MAX ||
        c->publishers * (c->subscribers + (c->meet ? c->publishers - 1 : 0)) > PROBE_WATCHES_MAX)
        return wrong("subscribers", "too many subscriptions for one run");
    return OPTIONS_RUN;
}

static enum options_result parse(int argc, char **argv, struct options *o)
{
    struct option longs[N_OPTIONS + 1] = {{0}};
    int c, at = 0;

    for (size_t i = 0; i < N_OPTIONS; i++)
        longs[i] = (struct option){table[i].name, table[i].value ? required_argument : no_argument,
                                   NULL, 0};
    while ((c = getopt_long(argc, argv, "", longs, &at)) == 0) {
        const char *name = table[at].name, *why;

        if (strcmp(name, "help") == 0) {
            print_help();
            return OPTIONS_DONE;
        }
        if (strcmp(name, "version") == 0) {
            puts("visavis-probe " VISAVIS_VERSION);
            return OPTIONS_DONE;
        }
        if (strcmp(name, "man") == 0) {
            print_man();
            return OPTIONS_DONE;
        }
        why = table[at].take(&table[at], optarg, o);
        if (why)
            return wrong(name, why);
    }
    if (c != -1 || optind < argc) {
        fputs("visavis-probe: --help tells how it is used\n", stderr);
        return OPTIONS_WRONG;
    }
    return check(o);
}

enum options_result options_parse(int argc, char **argv, struct options *ret)
{
    enum options_result r;

    *ret = (struct options){.config = {.publishers = 1,
                                       .subscribers = 1,
                                       .duration_s = 5,
                                       .audio = true,
                                       .video = true,
                                       .video_kbit_s = 1000,
                                       .frames_s = 30}};
    r = parse(argc, argv, ret);
    ret->config.secret = ret->secret;
    return r;
}

void options_done(struct options *o)
{
    if (o->secret)
        secret_wipe(o->secret, strlen(o->secret));
    free(o->secret);
}
