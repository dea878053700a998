#include "turn/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct turn_config_file {
    struct conf_strings listen;
    char *secret, *realm, *relay_ip, *external_ip, *control, *log_level;
    int64_t relay_min, relay_max, user_quota, total_quota, threads;
};

#define FIELD(field) .name = #field, .offset = offsetof(struct turn_config_file, field)

static const struct conf_key keys[] = {
    {FIELD(listen), .type = CONF_STRINGS, .required = true},
    {FIELD(secret), .type = CONF_STRING, .required = true},
    {FIELD(realm), .type = CONF_STRING, .string_default = "visavis"},
    {FIELD(control), .type = CONF_STRING, .required = true},
    {FIELD(relay_min), .type = CONF_INT, .min = 1, .max = 65535, .int_default = 57001},
    {FIELD(relay_max), .type = CONF_INT, .min = 1, .max = 65535, .int_default = 65535},
    {FIELD(relay_ip), .type = CONF_STRING},
    {FIELD(external_ip), .type = CONF_STRING},
    {FIELD(user_quota), .type = CONF_INT, .min = 1, .max = 65535, .int_default = 200},
    {FIELD(total_quota), .type = CONF_INT, .min = 1, .max = 1000000, .int_default = 8000},
    {FIELD(threads), .type = CONF_INT, .min = 1, .max = 256, .int_default = 1},
    {FIELD(log_level), .type = CONF_STRING, .string_default = "info", .allowed = log_level_names},
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

struct problems {
    const char *path;
    conf_problem_fn *fn;
    void *arg;
    unsigned n;
};

__attribute__((format(printf, 2, 3))) static void problem(struct problems *p, const char *fmt, ...)
{
    char reason[256], line[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(reason, sizeof(reason), fmt, ap);
    va_end(ap);
    snprintf(line, sizeof(line), "%s: %s", p->path, reason);
    p->fn(line, p->arg);
    p->n++;
}

/* "udp:1.2.3.4:3478" or "udp:[::]:3478" */
static int parse_listen(const char *text, struct addr *ret)
{
    char ip[ADDR_TEXT_SIZE];
    const char *colon;
    uint64_t port;
    size_t len;

    if (strncmp(text, "udp:", 4) != 0)
        return -EPROTONOSUPPORT;
    text += 4;
    colon = strrchr(text, ':');
    if (!colon || bytes_to_u64(bytes_str(colon + 1), 65535, &port) < 0)
        return -EBADMSG;
    len = (size_t) (colon - text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    } else if (memchr(text, ':', len)) {
        return -EBADMSG; /* IPv6 without brackets */
    }
    if (len >= sizeof(ip))
        return -EBADMSG;
    memcpy(ip, text, len);
    ip[len] = '\0';
    return addr_parse_ip(ip, (uint16_t) port, ret);
}

static void take_listen(struct turn_config *c, const struct conf_strings *s, struct problems *p)
{
    if (s->n == 0 || s->n > CONFIG_LISTEN_MAX) {
        problem(p, "listen: 1 to %d addresses are needed", CONFIG_LISTEN_MAX);
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        if (parse_listen(s->items[i], &c->listen[i]) < 0)
            problem(p, "listen: \"%s\" is not like \"udp:0.0.0.0:3478\" or \"udp:[::]:3478\"",
                    s->items[i]);
    }
    c->n_listen = s->n;
}

static void take_ip(const char *name, const char *text, struct addr *ret, struct problems *p)
{
    if (text && *text && addr_parse_ip(text, 0, ret) < 0)
        problem(p, "%s: \"%s\" is not an IPv4 or IPv6 address", name, text);
}

static void take_file(struct turn_config *c, const struct turn_config_file *f, struct problems *p)
{
    take_listen(c, &f->listen, p);
    take_ip("relay_ip", f->relay_ip, &c->relay_ip, p);
    take_ip("external_ip", f->external_ip, &c->external_ip, p);
    if (f->relay_min > f->relay_max)
        problem(p, "relay_min: %d is above relay_max, %d", (int) f->relay_min, (int) f->relay_max);
    if (!*f->secret)
        problem(p, "secret: may not be empty");
    if (!*f->realm || strlen(f->realm) > 127)
        problem(p, "realm: 1 to 127 characters are needed");
    if (!*f->control)
        problem(p, "control: may not be empty");
    c->relay_ports = (struct ports){(uint16_t) f->relay_min, (uint16_t) f->relay_max};
    c->user_quota = (size_t) f->user_quota;
    c->total_quota = (size_t) f->total_quota;
    c->n_threads = (unsigned) f->threads;
    c->log_level = log_level_by_name(f->log_level);
    c->secret = f->secret;
    c->realm = f->realm;
    c->control = f->control;
}

int config_read(const char *path, conf_problem_fn *fn, void *arg, struct turn_config *ret)
{
    struct turn_config c = {.file = calloc(1, sizeof(*c.file))};
    struct problems p = {.path = path, .fn = fn, .arg = arg};
    int r;

    if (!c.file)
        return -ENOMEM;
    r = conf_read(path, keys, N_KEYS, c.file, fn, arg);
    if (r == 0)
        take_file(&c, c.file, &p);
    if (r == 0 && p.n > 0)
        r = -EINVAL;
    if (r < 0) {
        config_done(&c);
        return r;
    }
    *ret = c;
    return 0;
}

void config_done(struct turn_config *c)
{
    if (c->file)
        conf_done(keys, N_KEYS, c->file);
    free(c->file);
    *c = (struct turn_config){.file = NULL};
}
