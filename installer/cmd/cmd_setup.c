/* visavis setup: five questions, or options, and a .env that works. */
#include "base/crypto.h"
#include "cmd/verbs.h"
#include "files/files.h"
#include "host/network.h"
#include "host/paths.h"
#include "settings/envfile.h"
#include "settings/envstore.h"
#include "settings/settings.h"
#include "text/term.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define ANSWER_MAX 512
#define LOOKUP_MS 2000

struct question {
    enum setting id;
    const char *option; /* of the command */
    const char *text;
    const char *help;
};

static const struct question questions[] = {
    {SET_DOMAIN_OR_PUBLIC_IP, "domain", "Name or IP address by which browsers reach this server",
     "A name that the name server knows, or an address; no https://, no port."},
    {SET_OPENVIDU_SECRET, "secret-file", "Secret of the API (user OPENVIDUAPP)",
     "Your application authenticates with it. It is not shown while you type."},
    {SET_CERTIFICATE_TYPE, "certificate", "Certificate: selfsigned, letsencrypt or owncert",
     "selfsigned works at once; browsers must learn to trust it: visavis cert trust."},
    {SET_LETSENCRYPT_EMAIL, "email", "E-mail address of the operator",
     "Whom Let's Encrypt may write to about the certificate. Enter: none."},
    {SET_HTTPS_PORT, "https-port", "Port of HTTPS", "443 unless something else needs it."},
};
#define N_QUESTIONS (sizeof(questions) / sizeof(questions[0]))

struct setup {
    const struct cmd_call *call;
    char *text; /* of .env as it is, or of the template */
    size_t len;
    bool is_new, ask, made_secret;
    struct settings *now; /* what the text says, NULL when it is not usable */
    char answers[N_QUESTIONS][ANSWER_MAX];
    struct env_change changes[N_QUESTIONS];
    size_t n_changes;
};

/* ---- is an answer good? ---- */

struct verdict {
    const char *key; /* NULL: any */
    bool wrong;
    bool quiet;
};

static void on_problem(const struct setting_problem *p, void *arg)
{
    struct verdict *v = arg;

    if (p->severity == SETTING_NOTICE || (v->key && (!p->key || strcmp(p->key, v->key) != 0)))
        return;
    if (p->severity == SETTING_ERROR)
        v->wrong = true;
    if (v->quiet)
        return;
    fprintf(stderr, "  %s%s%s %s",
            term_on(stderr, p->severity == SETTING_ERROR ? TERM_BAD : TERM_WARN),
            p->key    ? p->key
            : p->file ? p->file
                      : "",
            term_off(stderr), p->what);
    if (p->wanted)
        fprintf(stderr, "\n    allowed: %s", p->wanted);
    if (p->example)
        fprintf(stderr, "\n    example: %s", p->example);
    fputc('\n', stderr);
}

/* Loads the text with the changes. key: only problems of that one count, NULL: all do. */
static int judge(const struct setup *s, const struct env_change *changes, size_t n, const char *key,
                 bool quiet, struct settings **ret)
{
    struct verdict v = {.key = key, .quiet = quiet};
    struct settings *loaded = NULL;
    char *edited = NULL;
    size_t len = 0;
    int r = envedit(bytes_of(s->text, s->len), changes, n, &edited, &len);

    if (r == 0)
        r = settings_load_bytes(path_of(PATH_ENV), bytes_of(edited, len), on_problem, &v, &loaded);
    if (edited)
        secret_wipe(edited, len);
    free(edited);
    if (key)
        r = v.wrong ? -EINVAL : r == -EINVAL ? 0 : r;
    if (ret && r == 0)
        *ret = loaded;
    else
        settings_free(loaded);
    return r;
}

/* ---- what is proposed ---- */

/* What the file says, be it right or wrong; "" when it says nothing, or too much. */
static void read_now(const struct setup *s, enum setting id, char ret[static ANSWER_MAX])
{
    const struct setting_def *d = setting_def(id);
    const struct envfile_entry *e;
    struct envfile *f = NULL;

    *ret = '\0';
    if (envfile_parse(bytes_of(s->text, s->len), ENVFILE_LENIENT, &f) < 0)
        return;
    e = envfile_find(f, d->key);
    if (e && e->value.len < ANSWER_MAX &&
        !(d->means_default && bytes_eq_str(e->value, d->means_default)))
        snprintf(ret, ANSWER_MAX, "%.*s", (int) e->value.len, (const char *) e->value.p);
    envfile_free(f);
}

/* The machine's own name where it is a whole one that leads here, else its first address. */
static void propose_domain(char ret[static ANSWER_MAX])
{
    char name[256] = "", address[ADDR_TEXT_SIZE];
    struct network *n = calloc(1, sizeof(*n));

    *ret = '\0';
    if (!n)
        return;
    if (gethostname(name, sizeof(name) - 1) < 0 || !strchr(name, '.'))
        *name = '\0';
    network_look(*name ? name : NULL, LOOKUP_MS, n);
    for (size_t i = 0; i < n->n_resolved && !*ret; i++)
        if (network_is_local(n, addr_format_ip(&n->resolved[i], address)))
            snprintf(ret, ANSWER_MAX, "%s", name);
    if (!*ret && n->n_local > 0)
        snprintf(ret, ANSWER_MAX, "%s", addr_format_ip(&n->local[0], address));
    free(n);
}

static void propose(const struct setup *s, enum setting id, char ret[static ANSWER_MAX])
{
    if (s->now)
        snprintf(ret, ANSWER_MAX, "%s", settings_text(s->now, id));
    else
        read_now(s, id, ret);
    if (*ret)
        return;
    if (id == SET_DOMAIN_OR_PUBLIC_IP)
        propose_domain(ret);
    else if (id != SET_OPENVIDU_SECRET)
        snprintf(ret, ANSWER_MAX, "%s", setting_def(id)->value);
}

/* ---- asking ---- */

static bool read_line(char ret[static ANSWER_MAX])
{
    if (!fgets(ret, ANSWER_MAX, stdin))
        return false;
    ret[strcspn(ret, "\r\n")] = '\0';
    return true;
}

static bool read_secret(char ret[static ANSWER_MAX])
{
    struct termios before, quiet;
    bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    bool ok;

    if (is_terminal) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t) ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    ok = read_line(ret);
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    return ok;
}

/* Where does that name lead? Said at once, since a wrong one costs most later. */
static void tell_about_domain(const char *domain)
{
    struct network *n = calloc(1, sizeof(*n));
    char text[ADDR_TEXT_SIZE];
    struct addr a;

    if (!n)
        return;
    network_look(domain, LOOKUP_MS, n);
    if (addr_parse_ip(domain, 0, &a) == 0)
        fprintf(stderr, "  %s\n",
                network_is_local(n, domain)
                    ? "An address of this machine."
                    : "No interface here has it: right where a router or a cloud maps it to one.");
    else if (n->n_resolved == 0)
        fprintf(stderr, "  The name server does not know %s yet; browsers will not find it.\n",
                domain);
    for (size_t i = 0; i < n->n_resolved; i++) {
        addr_format_ip(&n->resolved[i], text);
        fprintf(stderr, "  It leads to %s, %s.\n", text,
                network_is_local(n, text) ? "an address of this machine"
                                          : "which no interface here has (a router may map it)");
    }
    free(n);
}

/* Whether Let's Encrypt can be had is known by now: the name was the first question. */
static void tell_about_certificates(const struct setup *s)
{
    const char *domain = s->answers[0];

    if (setting_is_public_name(domain))
        fprintf(
            stderr,
            "  letsencrypt: browsers trust it at once; it is got and renewed by itself, when "
            "%s\n  leads here and port 80 or 443 can be reached from the internet. Until then a "
            "self-signed one\n  is served.\n",
            domain);
    else
        fprintf(stderr,
                "  letsencrypt is for names and addresses of the internet, which %s is not.\n",
                domain);
    fputs("  owncert: your own files, visavis cert import.\n", stderr);
}

static bool ask(const struct setup *s, const struct question *q, char ret[static ANSWER_MAX])
{
    bool is_secret = q->id == SET_OPENVIDU_SECRET;
    char proposed[ANSWER_MAX];
    bool has;

    propose(s, q->id, proposed);
    if (q->id == SET_CERTIFICATE_TYPE && s->is_new && setting_is_public_name(s->answers[0]))
        snprintf(proposed, sizeof(proposed), "letsencrypt");
    has = *proposed;
    fprintf(stderr, "\n%s%s%s\n  %s\n", term_on(stderr, TERM_BOLD), q->text, term_off(stderr),
            q->help);
    if (q->id == SET_CERTIFICATE_TYPE)
        tell_about_certificates(s);
    for (;;) {
        struct env_change c = {setting_def(q->id)->key, ret};

        if (is_secret)
            fprintf(stderr, "  [%s] ", has ? "keep the present one" : "a random one");
        else
            fprintf(stderr, "  [%s] ", proposed);
        if (!(is_secret ? read_secret(ret) : read_line(ret)))
            return false;
        if (!*ret && is_secret && !has)
            return true;
        if (!*ret)
            snprintf(ret, ANSWER_MAX, "%s", proposed);
        if (judge(s, &c, 1, c.key, false, NULL) == 0)
            break;
    }
    if (q->id == SET_DOMAIN_OR_PUBLIC_IP)
        tell_about_domain(ret);
    return true;
}

/* ---- answers by options ---- */

static int read_secret_file(const struct setup *s, const char *path, char ret[static ANSWER_MAX])
{
    size_t len;
    char *text;
    int r = file_read(path, ANSWER_MAX - 1, &text, &len);

    if (r < 0)
        return cmd_fail(s->call, CMD_USAGE, "--secret-file %s: %s", path, strerror(-r));
    snprintf(ret, ANSWER_MAX, "%.*s", (int) strcspn(text, "\r\n"), text);
    secret_wipe(text, len);
    free(text);
    return CMD_OK;
}

static int take_answer(struct setup *s, size_t i)
{
    const struct question *q = &questions[i];
    const char *given = cmd_value(s->call, q->option);
    char *answer = s->answers[i];
    int status = CMD_OK;

    if (given && q->id == SET_OPENVIDU_SECRET)
        status = read_secret_file(s, given, answer);
    else if (given)
        snprintf(answer, ANSWER_MAX, "%s", given);
    else if (s->ask && !ask(s, q, answer))
        return cmd_fail(s->call, CMD_FAILED, "no answer, nothing was written");
    else if (!s->ask)
        propose(s, q->id, answer);
    if (status == CMD_OK && !*answer && q->id == SET_OPENVIDU_SECRET) {
        envstore_make_secret(answer);
        s->made_secret = true;
    }
    return status;
}

/* What says the same as the file already stays out of it. */
static void note_change(struct setup *s, size_t i)
{
    const struct setting_def *d = setting_def(questions[i].id);
    char now[ANSWER_MAX];

    if (s->now)
        snprintf(now, sizeof(now), "%s", settings_text(s->now, questions[i].id));
    else
        read_now(s, questions[i].id, now);
    if (!*now)
        snprintf(now, sizeof(now), "%s", d->value);
    if (strcmp(s->answers[i], now) != 0 && (s->answers[i][0] || *now))
        s->changes[s->n_changes++] = (struct env_change){d->key, s->answers[i]};
    secret_wipe(now, sizeof(now));
}

/* ---- writing and telling ---- */

static int write_env(struct setup *s)
{
    char *edited;
    size_t len;
    int r = envedit(bytes_of(s->text, s->len), s->changes, s->n_changes, &edited, &len);

    if (r < 0)
        return r;
    r = s->is_new || s->n_changes > 0 ? envstore_write(bytes_of(edited, len)) : 0;
    secret_wipe(edited, len);
    free(edited);
    return r;
}

static void tell(const struct setup *s)
{
    const char *env = path_of(PATH_ENV);

    if (cmd_json(s->call)) {
        json_t *keys = json_array();

        for (size_t i = 0; i < s->n_changes; i++)
            json_array_append_new(keys, json_string(s->changes[i].key));
        json_t *all = json_pack("{s:s, s:b, s:o, s:b}", "file", env, "created", (int) s->is_new,
                                "set", keys, "secretGenerated", (int) s->made_secret);
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(all);
        return;
    }
    if (!s->is_new && s->n_changes == 0) {
        printf("%s is complete and stays as it is.\n", env);
        return;
    }
    printf("%s %s:", s->is_new ? "Wrote" : "Changed", env);
    for (size_t i = 0; i < s->n_changes; i++)
        printf(" %s", s->changes[i].key);
    printf("\n");
    if (s->made_secret)
        printf("The secret is a random one; `sudo visavis config show --secrets` shows it.\n");
}

static int answer_all(struct setup *s)
{
    struct settings *result = NULL;
    int r;

    for (size_t i = 0; i < N_QUESTIONS; i++) {
        int status = take_answer(s, i);

        if (status != CMD_OK)
            return status;
        note_change(s, i);
    }
    r = judge(s, s->changes, s->n_changes, NULL, false, &result);
    settings_free(result);
    if (r == -EINVAL)
        return cmd_fail(s->call, CMD_USAGE, "nothing was written");
    if (r == 0)
        r = write_env(s);
    if (r < 0)
        return cmd_fail(s->call, CMD_FAILED, "%s: %s", path_of(PATH_ENV), strerror(-r));
    tell(s);
    return CMD_OK;
}

static int setup(const struct cmd_call *call)
{
    struct setup *s;
    char visavis[] = "visavis", start[] = "start";
    char *argv[] = {visavis, start, NULL};
    int status, r;

    if (geteuid() != 0 && !*path_root())
        return cmd_fail(call, CMD_USAGE, "needs root: sudo visavis setup");
    s = calloc(1, sizeof(*s));
    r = s ? envstore_read(&s->text, &s->len, &s->is_new) : -ENOMEM;
    if (r < 0) {
        free(s);
        return cmd_fail(call, CMD_FAILED, "%s: %s", path_of(PATH_ENV), strerror(-r));
    }
    s->call = call;
    s->ask = !cmd_has(call, "unattended") && isatty(STDIN_FILENO);
    (void) judge(s, NULL, 0, NULL, true, &s->now);
    status = answer_all(s);
    settings_free(s->now);
    secret_wipe(s->text, s->len);
    free(s->text);
    secret_wipe(s, sizeof(*s));
    free(s);
    if (status == CMD_OK && !cmd_has(call, "no-start"))
        status = cmd_main(verbs, 2, argv);
    return status;
}

static const struct cmd_option options[] = {
    {.name = "domain",
     .arg = "NAME",
     .help = "name or IP address by which browsers reach this server"},
    {.name = "secret-file",
     .arg = "FILE",
     .help = "the secret of the API is its first line (default: a random one)"},
    {.name = "certificate", .arg = "TYPE", .help = "selfsigned, letsencrypt or owncert"},
    {.name = "email", .arg = "ADDRESS", .help = "whom a certificate authority may write to"},
    {.name = "https-port", .arg = "PORT", .help = "port of HTTPS"},
    {.name = "unattended", .help = "ask nothing: what is not given stays, or gets its default"},
    {.name = "no-start", .help = "write the file and start nothing"},
    {0},
};

const struct cmd cmd_setup = {
    .name = "setup",
    .fn = setup,
    .help = "ask the five questions that matter, write .env, start",
    .doc = "What is in .env already is proposed; other keys of it stay as they are. Without a\n"
           "terminal nothing is asked, as with --unattended.",
    .options = options,
};
