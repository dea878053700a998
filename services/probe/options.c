#include "probe/options.h"

#include "base/crypto.h"
#include "base/version.h"
#include "client/media_source.h"
#include "files/files.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#define SECRET_MAX 4096

/* Each option: its name, the word for its value, what it does. */
static const struct {
    const char *name, *value, *help;
} table[] = {
    {"url", "URL", "the server: https://calls.example.org"},
    {"secret-file", "FILE", "OPENVIDU_SECRET, alone in the file; -: from standard input"},
    {"session", "ID", "join this session instead of one of its own"},
    {"publishers", "N", "participants that publish (1)"},
    {"subscribers", "N", "participants that watch each of them (1)"},
    {"duration", "SECONDS", "how long media is measured (5)"},
    {"path", "PATH", "any, udp, tcp, turn-udp, turn-tcp or turn-tls alone (any)"},
    {"address", "IP", "of the server's media addresses this one alone"},
    {"connect-to", "HOST:PORT", "REST and WebSocket there, whatever their URLs say"},
    {"ca-file", "FILE", "the CA of the server's certificate, in place of the system's"},
    {"insecure", NULL, "any certificate is good: the secret goes to whoever answers"},
    {"light", NULL, "simple connectivity checks in place of libnice, for hundreds of transports"},
    {"no-audio", NULL, "video alone"},
    {"no-video", NULL, "audio alone"},
    {"video-rate", "KBIT", "of synthetic video, in kbit/s (1000)"},
    {"frame-rate", "N", "of synthetic video, pictures a second (30)"},
    {"audio-file", "FILE", "Opus packets of an rtpdump file instead of silence"},
    {"video-file", "FILE", "VP8 of an IVF or rtpdump file instead of a grey picture"},
    {"json", NULL, "print everything as JSON"},
    {"help", NULL, "this"},
    {"version", NULL, "the version"},
};
#define N_OPTIONS (sizeof(table) / sizeof(table[0]))

static void print_help(void)
{
    puts("usage: visavis-probe --url URL --secret-file FILE [OPTION...]\n"
         "Joins a session as clients do, publishes, subscribes, and measures what arrives.\n");
    for (size_t i = 0; i < N_OPTIONS; i++) {
        char left[64];

        snprintf(left, sizeof(left), "--%s%s%s", table[i].name, table[i].value ? " " : "",
                 table[i].value ? table[i].value : "");
        printf("  %-24s %s\n", left, table[i].help);
    }
    puts("\nstatus: 0 all went well, 1 a step failed, 2 wrong use, 3 it could not run");
}

static enum options_result wrong(const char *name, const char *why)
{
    fprintf(stderr, "visavis-probe: --%s: %s\n", name, why);
    return OPTIONS_WRONG;
}

/* ---- values ---- */

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
static int read_secret(const char *path, char **ret)
{
    size_t len;
    int r = strcmp(path, "-") == 0 ? read_stdin(ret) : file_read(path, SECRET_MAX, ret, &len);

    if (r == 0)
        (*ret)[strcspn(*ret, "\r\n")] = '\0';
    return r;
}

static bool take_number(const char *text, unsigned min, unsigned max, unsigned *ret)
{
    uint64_t n;

    if (bytes_to_u64(bytes_str(text), max, &n) < 0 || n < min)
        return false;
    *ret = (unsigned) n;
    return true;
}

static bool take_path(const char *text, enum client_path *ret)
{
    for (unsigned i = 0; i < N_CLIENT_PATHS; i++) {
        if (strcmp(text, client_path_names[i]) == 0) {
            *ret = (enum client_path) i;
            return true;
        }
    }
    return false;
}

/* "http(s)://host[:port]", a slash at the end is cut off. */
static bool take_url(char *text, const char **ret)
{
    size_t len = strlen(text);
    const char *host = strstr(text, "://");

    while (len > 0 && text[len - 1] == '/')
        text[--len] = '\0';
    if (!host || (strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0) ||
        host[3] == '\0' || strchr(host + 3, '/'))
        return false;
    *ret = text;
    return true;
}

/* NULL, or what is wrong with it. */
static const char *take(const char *name, char *value, struct options *o)
{
    struct probe_config *c = &o->config;
    const char *numbered = "a number that fits is wanted";
    int r;

    if (strcmp(name, "url") == 0)
        return take_url(value, &c->url) ? NULL : "http:// or https://, host and port alone";
    if (strcmp(name, "secret-file") == 0) {
        r = o->secret ? -EEXIST : read_secret(value, &o->secret);
        return r < 0 ? strerror(-r) : NULL;
    }
    if (strcmp(name, "path") == 0)
        return take_path(value, &c->path) ? NULL : "there is no such path";
    if (strcmp(name, "address") == 0)
        return addr_parse_ip(value, 0, &c->only) == 0 ? NULL : "an IP is wanted";
    if (strcmp(name, "publishers") == 0)
        return take_number(value, 1, PROBE_MEMBERS_MAX, &c->publishers) ? NULL : numbered;
    if (strcmp(name, "subscribers") == 0)
        return take_number(value, 0, PROBE_MEMBERS_MAX, &c->subscribers) ? NULL : numbered;
    if (strcmp(name, "duration") == 0)
        return take_number(value, 1, 86400, &c->duration_s) ? NULL : numbered;
    if (strcmp(name, "video-rate") == 0)
        return take_number(value, 10, MEDIA_SOURCE_KBIT_MAX, &c->video_kbit_s) ? NULL : numbered;
    if (strcmp(name, "frame-rate") == 0)
        return take_number(value, 1, 120, &c->frames_s) ? NULL : numbered;
    if (strcmp(name, "session") == 0)
        c->session = value;
    else if (strcmp(name, "connect-to") == 0)
        c->connect_to = value;
    else if (strcmp(name, "ca-file") == 0)
        c->ca_file = value;
    else if (strcmp(name, "audio-file") == 0)
        c->audio_file = value;
    else if (strcmp(name, "video-file") == 0)
        c->video_file = value;
    return NULL;
}

static void set_flag(const char *name, struct options *o)
{
    if (strcmp(name, "insecure") == 0)
        o->config.any_certificate = true;
    else if (strcmp(name, "light") == 0)
        o->config.light = true;
    else if (strcmp(name, "no-audio") == 0)
        o->config.audio = false;
    else if (strcmp(name, "no-video") == 0)
        o->config.video = false;
    else if (strcmp(name, "json") == 0)
        o->json = true;
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
        c->publishers * c->subscribers > PROBE_WATCHES_MAX)
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
        if (!table[at].value)
            set_flag(name, o);
        else if ((why = take(name, optarg, o)))
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
