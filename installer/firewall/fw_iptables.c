#include "firewall/fw_iptables.h"

#include "firewall/fw_logic.h"
#include "host/port_ranges.h"

#include <stdio.h>
#include <stdlib.h>

#define STEPS_MAX 100000
#define DEPTH_MAX 16
#define WORDS_MAX 96
#define LINE_SIZE 2048

struct walk {
    struct bytes text;
    struct bytes table; /* the lines between "*filter" and "COMMIT" */
    const struct fw_probe *probe;
    unsigned steps, depth;
    bool unmarked; /* no rule gives packets a mark */
};

/* One line, cut into words; quotes taken off. */
struct rule {
    char buf[LINE_SIZE];
    const char *words[WORDS_MAX];
    size_t n;
};

/* ---- lines ---- */

static bool next_line(struct bytes *rest, struct bytes *ret)
{
    const uint8_t *newline = rest->len ? memchr(rest->p, '\n', rest->len) : NULL;
    size_t len = newline ? (size_t) (newline - rest->p) : rest->len;

    if (rest->len == 0)
        return false;
    *ret = bytes_of(rest->p, len);
    len += newline ? 1 : 0;
    *rest = bytes_of(rest->p + len, rest->len - len);
    return true;
}

/* False: too long. */
static bool split(struct bytes line, struct rule *r)
{
    char *p = r->buf;

    if (line.len >= sizeof(r->buf))
        return false;
    if (line.len)
        memcpy(r->buf, line.p, line.len);
    r->buf[line.len] = '\0';
    r->n = 0;
    while (*p) {
        char *to;
        bool quoted = false;

        p += strspn(p, " ");
        if (!*p)
            break;
        if (r->n == WORDS_MAX)
            return false;
        r->words[r->n++] = to = p;
        while (*p && (quoted || *p != ' ')) {
            if (*p == '"')
                quoted = !quoted;
            else if (*p == '\\' && p[1])
                *to++ = *++p;
            else
                *to++ = *p;
            p++;
        }
        p += *p ? 1 : 0;
        *to = '\0';
    }
    return true;
}

static bool is(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || (b && strcmp(word, b) == 0);
}

/* ---- matches ---- */

static enum fw_truth in_ports(const char *list, uint16_t port)
{
    const char *p = list;

    while (*p) {
        char *end;
        unsigned long first = *p == ':' ? 0 : strtoul(p, &end, 10), last = first;

        if (*p == ':')
            end = (char *) p;
        else if (end == p)
            return FW_MAYBE;
        if (*end == ':') {
            p = end + 1;
            last = *p >= '0' && *p <= '9' ? strtoul(p, &end, 10) : 65535;
            if (last == 65535 && end < p)
                end = (char *) p;
        }
        if (port >= first && port <= last)
            return FW_TRUE;
        if (*end && *end != ',')
            return FW_MAYBE;
        p = *end ? end + 1 : end;
    }
    return FW_FALSE;
}

static enum fw_truth in_network(const char *text, const struct addr *a)
{
    struct addr network;
    unsigned len;

    if (fw_parse_network(text, &network, &len) < 0)
        return FW_MAYBE;
    return fw_truth(fw_in_network(a, &network, len));
}

static enum fw_truth is_protocol(const char *text, const struct fw_probe *p)
{
    const char *own = p->type == SOCK_STREAM ? "tcp" : "udp";
    const char *number = p->type == SOCK_STREAM ? "6" : "17";

    return fw_truth(is(text, own, number) || is(text, "all", "0"));
}

/* A word in a list as "NEW,ESTABLISHED". */
static enum fw_truth has_word(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = list; (p = strstr(p, word)); p += len)
        if ((p == list || p[-1] == ',') && (p[len] == ',' || p[len] == '\0'))
            return FW_TRUE;
    return FW_FALSE;
}

static unsigned tcp_flags(const char *list)
{
    unsigned bits = 0;

    while (*list) {
        char name[16];
        size_t len = strcspn(list, ",");

        snprintf(name, sizeof(name), "%.*s", (int) len, list);
        bits |= fw_tcp_flag(name);
        list += len;
        list += *list == ',';
    }
    return bits;
}

static enum fw_truth mark_is(const struct walk *w, const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 0), mask = 0xffffffff;

    if (*end == '/')
        mask = strtoul(end + 1, &end, 0);
    return w->unmarked && !*end ? fw_truth((value & mask) == 0) : FW_MAYBE;
}

/* An option with one argument. */
static enum fw_truth ask_option(const struct walk *w, const char *option, const char *arg)
{
    const struct fw_probe *p = w->probe;

    if (is(option, "-s", "--source"))
        return in_network(arg, &p->from);
    if (is(option, "-d", "--destination"))
        return in_network(arg, &p->to);
    if (is(option, "-i", "--in-interface"))
        return fw_truth(fw_interface_matches(arg, '+', p->interface));
    if (is(option, "-o", "--out-interface"))
        return FW_FALSE;
    if (is(option, "-p", "--protocol"))
        return is_protocol(arg, p);
    if (is(option, "--dport", "--dports"))
        return in_ports(arg, p->to.port);
    if (is(option, "--sport", "--sports"))
        return in_ports(arg, p->from.port);
    if (is(option, "--ports", NULL))
        return fw_or(in_ports(arg, p->to.port), in_ports(arg, p->from.port));
    if (is(option, "--ctstate", "--state"))
        return has_word(arg, "NEW");
    if (is(option, "--ctdir", NULL))
        return fw_truth(is(arg, "ORIGINAL", NULL));
    if (is(option, "--ctstatus", NULL))
        return has_word(arg, "NONE");
    if (is(option, "--dst-type", NULL))
        return has_word(arg, "LOCAL");
    if (is(option, "--src-type", NULL))
        return has_word(arg, "UNICAST");
    if (is(option, "--pkt-type", NULL))
        return fw_truth(is(arg, "unicast", NULL));
    if (is(option, "--mark", NULL))
        return mark_is(w, arg);
    /* Rates and numbers are not reached. */
    if (is(option, "--limit", "--limit-burst") || is(option, "--hashlimit-upto", NULL) ||
        is(option, "--connlimit-upto", NULL) || is(option, "--comment", NULL))
        return FW_TRUE;
    if (is(option, "--hashlimit-above", "--connlimit-above") ||
        is(option, "--icmp-type", "--icmpv6-type") || is(option, "--rt-type", NULL))
        return FW_FALSE;
    if (strncmp(option, "--hashlimit-", 12) == 0 || strncmp(option, "--connlimit-", 12) == 0)
        return FW_TRUE;
    return FW_MAYBE;
}

/* From a position to the next option: how many words belong to this one. */
static size_t count_args(const struct rule *r, size_t at)
{
    size_t n = 0;

    while (at + n < r->n && r->words[at + n][0] != '-' && strcmp(r->words[at + n], "!") != 0)
        n++;
    return n;
}

/* The conditions of a rule; *ret_jump is where "-j" or "-g" stands, or the number of words. */
static enum fw_truth ask_conditions(const struct walk *w, const struct rule *r, size_t *ret_jump)
{
    enum fw_truth truth = FW_TRUE;
    size_t i = 2; /* after "-A CHAIN" */

    while (i < r->n && !is(r->words[i], "-j", "-g")) {
        bool negated = strcmp(r->words[i], "!") == 0;
        const char *option;
        enum fw_truth t = FW_MAYBE;
        size_t n;

        i += negated;
        if (i == r->n)
            break;
        option = r->words[i++];
        n = count_args(r, i);
        if (is(option, "-m", "--match") || is(option, "-c", "--set-counters"))
            t = FW_TRUE;
        else if (is(option, "--tcp-flags", NULL) && n == 2)
            t = fw_truth(w->probe->type == SOCK_STREAM &&
                         (tcp_flags(r->words[i]) & FW_TCP_SYN) == tcp_flags(r->words[i + 1]));
        else if (is(option, "--syn", NULL))
            t = fw_truth(w->probe->type == SOCK_STREAM);
        else if (is(option, "-f", "--fragment"))
            t = FW_FALSE;
        else if (n >= 1)
            t = ask_option(w, option, r->words[i]);
        truth = fw_and(truth, negated ? fw_not(t) : t);
        i += n;
    }
    *ret_jump = i;
    return truth;
}

/* ---- targets and chains ---- */

static unsigned ask_chain(struct walk *w, const char *name);

static bool has_chain(struct bytes table, const char *name)
{
    struct bytes line;
    size_t len = strlen(name);

    while (next_line(&table, &line))
        if (line.len > len + 1 && line.p[0] == ':' && memcmp(line.p + 1, name, len) == 0 &&
            line.p[len + 1] == ' ')
            return true;
    return false;
}

static unsigned ask_target(struct walk *w, const char *target, bool is_goto)
{
    static const struct {
        const char *name;
        unsigned may;
    } simple[] = {
        {"ACCEPT", FW_ACCEPT},        {"DROP", FW_DROP},        {"REJECT", FW_DROP},
        {"TARPIT", FW_DROP},          {"RETURN", FW_RETURN},    {"QUEUE", FW_ANYTHING},
        {"NFQUEUE", FW_ANYTHING},     {"DNAT", FW_REDIRECT},    {"REDIRECT", FW_REDIRECT},
        {"TPROXY", FW_REDIRECT},      {"LOG", FW_CONTINUE},     {"NFLOG", FW_CONTINUE},
        {"ULOG", FW_CONTINUE},        {"MARK", FW_CONTINUE},    {"CONNMARK", FW_CONTINUE},
        {"CT", FW_CONTINUE},          {"NOTRACK", FW_CONTINUE}, {"TRACE", FW_CONTINUE},
        {"TCPMSS", FW_CONTINUE},      {"SET", FW_CONTINUE},     {"AUDIT", FW_CONTINUE},
        {"CHECKSUM", FW_CONTINUE},    {"DSCP", FW_CONTINUE},    {"TOS", FW_CONTINUE},
        {"CLASSIFY", FW_CONTINUE},    {"SECMARK", FW_CONTINUE}, {"TTL", FW_CONTINUE},
        {"CONNSECMARK", FW_CONTINUE}, {"HL", FW_CONTINUE},
    };
    unsigned may;

    for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++)
        if (strcmp(simple[i].name, target) == 0)
            return simple[i].may;
    if (!has_chain(w->table, target) || w->depth == DEPTH_MAX)
        return FW_ANYTHING | FW_CONTINUE;
    w->depth++;
    may = ask_chain(w, target);
    w->depth--;
    if (is_goto && may & FW_CONTINUE)
        may = (may & ~(unsigned) FW_CONTINUE) | FW_RETURN;
    return may;
}

static void ask_rule(struct walk *w, struct bytes line, struct fw_outcome *o)
{
    struct rule r = {.n = 0};
    size_t jump;
    enum fw_truth truth;

    if (!split(line, &r)) {
        fw_apply(o, FW_MAYBE, FW_ANYTHING | FW_CONTINUE);
        return;
    }
    truth = ask_conditions(w, &r, &jump);
    if (truth != FW_FALSE && jump + 1 < r.n)
        fw_apply(o, truth, ask_target(w, r.words[jump + 1], is(r.words[jump], "-g", NULL)));
}

static unsigned ask_chain(struct walk *w, const char *name)
{
    struct bytes rest = w->table, line;
    struct fw_outcome o = {.may = 0};
    size_t len = strlen(name);

    while (!o.closed && next_line(&rest, &line)) {
        if (!bytes_starts_with(line, "-A ") || line.len < len + 3 ||
            memcmp(line.p + 3, name, len) != 0 || (line.len > len + 3 && line.p[len + 3] != ' '))
            continue;
        if (++w->steps > STEPS_MAX)
            return FW_ANYTHING;
        ask_rule(w, line, &o);
    }
    return fw_result(&o);
}

/* ---- tables ---- */

/* The next table; its name is the first line without the asterisk. */
static bool next_table(struct bytes *rest, struct bytes *ret_name, struct bytes *ret_lines)
{
    struct bytes line;

    while (next_line(rest, &line)) {
        const uint8_t *start = rest->p;

        if (line.len < 2 || line.p[0] != '*')
            continue;
        *ret_name = bytes_of(line.p + 1, line.len - 1);
        while (next_line(rest, &line) && !bytes_starts_with(line, "COMMIT"))
            ;
        *ret_lines = bytes_of(start, (size_t) (rest->p - start));
        return true;
    }
    return false;
}

static bool policy_is_drop(struct bytes table, const char *chain)
{
    char wanted[64];
    struct bytes line;

    snprintf(wanted, sizeof(wanted), ":%s DROP", chain);
    while (next_line(&table, &line))
        if (bytes_starts_with(line, wanted))
            return true;
    return false;
}

static bool contains(struct bytes text, const char *what)
{
    return text.len && memmem(text.p, text.len, what, strlen(what));
}

struct fw_answer fw_iptables_ask(struct bytes text, const char *name, const struct fw_probe *p)
{
    static const char *const chains[] = {"PREROUTING", "INPUT"};
    struct fw_answer answer = {.may = FW_ACCEPT};
    struct bytes rest = text, table, lines;

    while (next_table(&rest, &table, &lines)) {
        bool nat = bytes_eq_str(table, "nat");

        for (size_t i = 0; i < 2; i++) {
            struct walk w = {.text = text,
                             .table = lines,
                             .probe = p,
                             .unmarked =
                                 !contains(text, "-j MARK") && !contains(text, "-j CONNMARK")};
            struct fw_answer one;

            if (nat && (i == 1 || addr_is_loopback(&p->to)))
                continue;
            one.may = ask_chain(&w, chains[i]);
            if (one.may & FW_CONTINUE)
                one.may = (one.may & ~(unsigned) FW_CONTINUE) |
                          (policy_is_drop(lines, chains[i]) ? FW_DROP : FW_ACCEPT);
            snprintf(one.where, sizeof(one.where), "chain %s of the %s table %.*s", chains[i], name,
                     (int) table.len, (const char *) table.p);
            answer = fw_both(&answer, &one);
        }
    }
    return answer;
}

bool fw_iptables_has_chain(struct bytes text, const char *name)
{
    struct bytes rest = text, table, lines;

    while (next_table(&rest, &table, &lines))
        if (has_chain(lines, name))
            return true;
    return false;
}

bool fw_iptables_active(struct bytes text)
{
    return contains(text, "\n-A ") || contains(text, " DROP [");
}
