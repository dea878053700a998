#include "firewall/firewall.h"

#include "firewall/fw_iptables.h"
#include "firewall/fw_logic.h"
#include "firewall/fw_nft.h"
#include "host/facts.h"
#include "host/subprocess.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TIMEOUT_MS 4000

enum { V4, V6, N_FAMILIES };

struct firewall {
    struct fw_nft *nft;           /* NULL: nothing to say */
    char *compatible[N_FAMILIES]; /* what iptables-nft-save prints where nft alone cannot tell */
    char *legacy[N_FAMILIES];     /* what iptables-legacy-save prints */
    bool unreadable[N_FAMILIES];  /* there are such rules, and no program to read them */
};

static struct bytes text_of(const char *s)
{
    return bytes_str(s);
}

/* The output of a program that ended well; NULL with *ret_error. Output that fills the buffer may
 * be cut, which is as bad as none. */
static char *output_of(const char *const argv[], int *ret_error, char *why, size_t why_size)
{
    struct subprocess_result r;
    char *text = NULL;
    int error = subprocess_run(argv, NULL, TIMEOUT_MS, &r);

    if (error < 0) {
        *ret_error = error;
        return NULL;
    }
    if (r.status == 0 && strlen(r.output) < SUBPROCESS_OUTPUT_MAX - 1) {
        text = r.output;
        r.output = NULL;
    } else {
        *ret_error = -EIO;
        snprintf(why, why_size, "%s %s", argv[0],
                 r.status == 0  ? "prints more rules than can be looked at"
                 : r.status < 0 ? "did not end in time"
                                : r.error);
    }
    subprocess_done(&r);
    return text;
}

static int read_nft(struct firewall *f, char *why, size_t why_size)
{
    const char *const argv[] = {"nft", "-j", "list", "ruleset", NULL};
    int r = 0;
    char *text = output_of(argv, &r, why, why_size);

    if (!text)
        return r;
    r = *text ? fw_nft_load(bytes_str(text), &f->nft) : 0;
    if (r == -EBADMSG)
        snprintf(why, why_size, "what nft prints is no JSON document of a rule set");
    free(text);
    return r == -EBADMSG ? -EIO : r;
}

/* Tables of the old kind are listed by the kernel; asking for them without need would load them. */
static bool has_legacy(int family)
{
    char *text;
    size_t len;
    bool any;

    if (fact_text(family == V4 ? "/proc/self/net/ip_tables_names"
                               : "/proc/self/net/ip6_tables_names",
                  4096, &text, &len) < 0)
        return false;
    any = len > 0;
    free(text);
    return any;
}

/* Through the first of two programs that is there. */
static char *save_of(const char *first, const char *second, char *why, size_t why_size)
{
    const char *const argv[] = {first, NULL};
    const char *const other[] = {second, NULL};
    int r = 0;
    char *text = output_of(argv, &r, why, why_size);

    return !text && r == -ENOENT ? output_of(other, &r, why, why_size) : text;
}

static void read_iptables(struct firewall *f, bool nft_missing, char *why, size_t why_size)
{
    static const char *const programs[N_FAMILIES][4] = {
        {"iptables-nft-save", "iptables-save", "iptables-legacy-save", "iptables-save"},
        {"ip6tables-nft-save", "ip6tables-save", "ip6tables-legacy-save", "ip6tables-save"},
    };

    for (int i = 0; i < N_FAMILIES; i++) {
        const char *const *p = programs[i];
        bool xt = f->nft && fw_nft_has_xt(f->nft, i == V4 ? AF_INET : AF_INET6);

        if (xt || nft_missing)
            f->compatible[i] = save_of(p[0], p[1], why, why_size);
        if (has_legacy(i))
            f->legacy[i] = save_of(p[2], p[3], why, why_size);
        f->unreadable[i] = (xt && !f->compatible[i]) || (has_legacy(i) && !f->legacy[i]);
    }
}

int firewall_read(struct firewall **ret, char *why, size_t why_size)
{
    struct firewall *f = calloc(1, sizeof(*f));
    int r;

    if (!f)
        return -ENOMEM;
    why[0] = '\0';
    r = geteuid() == 0 ? read_nft(f, why, why_size) : -EACCES;
    /* Without nft only iptables can have made rules. */
    if (r == 0 || r == -ENOENT) {
        read_iptables(f, r == -ENOENT, why, why_size);
        *ret = f;
        return 0;
    }
    firewall_free(f);
    return r;
}

struct firewall *firewall_free(struct firewall *f)
{
    if (!f)
        return NULL;
    fw_nft_free(f->nft);
    for (int i = 0; i < N_FAMILIES; i++) {
        free(f->compatible[i]);
        free(f->legacy[i]);
    }
    free(f);
    return NULL;
}

struct fw_answer firewall_ask(const struct firewall *f, const struct fw_probe *p)
{
    int i = p->to.family == AF_INET ? V4 : V6;
    struct fw_answer answer = {.may = FW_ACCEPT}, one;

    if (f->nft) {
        one = fw_nft_ask(f->nft, p);
        answer = fw_both(&answer, &one);
    }
    if (f->compatible[i]) {
        one = fw_iptables_ask(text_of(f->compatible[i]), i == V4 ? "iptables" : "ip6tables", p);
        answer = fw_both(&answer, &one);
    }
    if (f->legacy[i]) {
        one = fw_iptables_ask(text_of(f->legacy[i]),
                              i == V4 ? "iptables-legacy" : "ip6tables-legacy", p);
        answer = fw_both(&answer, &one);
    }
    if (f->unreadable[i]) {
        one = (struct fw_answer){.may = FW_ANYTHING};
        snprintf(one.where, sizeof(one.where), "a rule set of iptables that cannot be read");
        answer = fw_both(&answer, &one);
    }
    return answer;
}

/* ---- opening a port ---- */

static bool has_chain(const struct firewall *f, const char *name)
{
    bool any = f->nft && fw_nft_has_chain(f->nft, name);

    for (int i = 0; i < N_FAMILIES; i++) {
        any |= f->compatible[i] && fw_iptables_has_chain(text_of(f->compatible[i]), name);
        any |= f->legacy[i] && fw_iptables_has_chain(text_of(f->legacy[i]), name);
    }
    return any;
}

static bool iptables_active(const struct firewall *f)
{
    bool any = false;

    for (int i = 0; i < N_FAMILIES; i++) {
        any |= f->compatible[i] && fw_iptables_active(text_of(f->compatible[i]));
        any |= f->legacy[i] && fw_iptables_active(text_of(f->legacy[i]));
    }
    return any;
}

enum fw_tool firewall_tool(const struct firewall *f)
{
    char chain[128];

    if ((f->nft && fw_nft_has_table(f->nft, "firewalld")) || has_chain(f, "INPUT_ZONES"))
        return FW_FIREWALLD;
    if (has_chain(f, "ufw-user-input") || has_chain(f, "ufw6-user-input"))
        return FW_UFW;
    if (iptables_active(f))
        return FW_IPTABLES;
    if (f->nft && fw_nft_input_chain(f->nft, chain, sizeof(chain)))
        return strcmp(chain, "ip filter INPUT") == 0 || strcmp(chain, "ip6 filter INPUT") == 0
                   ? FW_IPTABLES
                   : FW_NFTABLES;
    return FW_NONE;
}

const char *firewall_opening(const struct firewall *f, const char *protocol, uint16_t first,
                             uint16_t last, char *buf, size_t size)
{
    char range[16], chain[128] = "inet filter input";

    if (first == last)
        snprintf(range, sizeof(range), "%u", first);
    switch (firewall_tool(f)) {
    case FW_UFW:
        if (first != last)
            snprintf(range, sizeof(range), "%u:%u", first, last);
        snprintf(buf, size, "ufw allow %s/%s", range, protocol);
        break;
    case FW_FIREWALLD:
        if (first != last)
            snprintf(range, sizeof(range), "%u-%u", first, last);
        snprintf(buf, size, "firewall-cmd --add-port=%s/%s && firewall-cmd --runtime-to-permanent",
                 range, protocol);
        break;
    case FW_IPTABLES:
        if (first != last)
            snprintf(range, sizeof(range), "%u:%u", first, last);
        snprintf(buf, size, "iptables -I INPUT -p %s --dport %s -j ACCEPT", protocol, range);
        break;
    case FW_NFTABLES:
    case FW_NONE:
        if (f->nft)
            fw_nft_input_chain(f->nft, chain, sizeof(chain));
        if (first != last)
            snprintf(range, sizeof(range), "%u-%u", first, last);
        snprintf(buf, size, "nft insert rule %s %s dport %s accept", chain, protocol, range);
        break;
    }
    return buf;
}
