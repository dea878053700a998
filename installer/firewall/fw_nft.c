#include "firewall/fw_nft.h"

#include "firewall/fw_expr.h"
#include "firewall/fw_logic.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* What an evaluation may cost: rule sets of people stay far below. */
#define STEPS_MAX 200000
#define DEPTH_MAX 16
#define KEY_SIZE 520

struct fw_nft {
    json_t *root;
    json_t *objects; /* borrowed from root */
    json_t *rules;   /* "ip filter INPUT": its rules in order */
    bool sets_marks; /* some rule sets a packet's mark */
};

struct walk {
    const struct fw_nft *nft;
    const struct fw_probe *probe;
    const char *family, *table; /* of the chain that is looked at */
    unsigned steps, depth;
};

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text ? text : "";
}

static bool text_is(const json_t *o, const char *key, const char *text)
{
    return strcmp(text_of(o, key), text) == 0;
}

/* The next object of a kind ("rule") after *i, or NULL. */
static const json_t *next_of(const struct fw_nft *n, const char *kind, size_t *i)
{
    while (*i < json_array_size(n->objects)) {
        const json_t *o = json_object_get(json_array_get(n->objects, (*i)++), kind);

        if (o)
            return o;
    }
    return NULL;
}

static const char *chain_key(char buf[static KEY_SIZE], const char *family, const char *table,
                             const char *chain)
{
    snprintf(buf, KEY_SIZE, "%.16s %.250s %.250s", family, table, chain);
    return buf;
}

/* ---- loading ---- */

static bool sets_mark(const json_t *rule)
{
    size_t i;
    json_t *s;

    json_array_foreach (json_object_get(rule, "expr"), i, s) {
        const json_t *key = json_object_get(json_object_get(s, "mangle"), "key");

        if (text_is(json_object_get(key, "meta"), "key", "mark"))
            return true;
    }
    return false;
}

static int index_rules(struct fw_nft *n)
{
    size_t i = 0;
    const json_t *rule;

    n->rules = json_object();
    while ((rule = next_of(n, "rule", &i))) {
        char key[KEY_SIZE];
        json_t *list;

        chain_key(key, text_of(rule, "family"), text_of(rule, "table"), text_of(rule, "chain"));
        list = json_object_get(n->rules, key);
        if (!list) {
            list = json_array();
            if (json_object_set_new(n->rules, key, list) < 0)
                return -ENOMEM;
        }
        if (json_array_append(list, (json_t *) rule) < 0)
            return -ENOMEM;
        n->sets_marks |= sets_mark(rule);
    }
    return 0;
}

int fw_nft_load(struct bytes json, struct fw_nft **ret)
{
    struct fw_nft *n = calloc(1, sizeof(*n));
    int r;

    if (!n)
        return -ENOMEM;
    n->root = json_loadb((const char *) json.p, json.len, 0, NULL);
    n->objects = json_object_get(n->root, "nftables");
    r = json_is_array(n->objects) ? index_rules(n) : -EBADMSG;
    if (r < 0) {
        fw_nft_free(n);
        return r;
    }
    *ret = n;
    return 0;
}

struct fw_nft *fw_nft_free(struct fw_nft *n)
{
    if (!n)
        return NULL;
    json_decref(n->rules);
    json_decref(n->root);
    free(n);
    return NULL;
}

/* ---- tables ---- */

static const json_t *find_table(const struct fw_nft *n, const char *family, const char *name)
{
    size_t i = 0;
    const json_t *t;

    while ((t = next_of(n, "table", &i)))
        if (text_is(t, "family", family) && text_is(t, "name", name))
            return t;
    return NULL;
}

static bool is_dormant(const json_t *table)
{
    const json_t *flags = json_object_get(table, "flags");
    size_t i;
    json_t *flag;

    if (json_is_string(flags))
        return strcmp(json_string_value(flags), "dormant") == 0;
    json_array_foreach ((json_t *) flags, i, flag)
        if (json_is_string(flag) && strcmp(json_string_value(flag), "dormant") == 0)
            return true;
    return false;
}

static bool has_xt(const json_t *rule)
{
    size_t i;
    json_t *statement;

    json_array_foreach (json_object_get(rule, "expr"), i, statement)
        if (json_object_get(statement, "xt"))
            return true;
    return false;
}

static bool table_has_xt(const struct fw_nft *n, const char *family, const char *table)
{
    size_t i = 0;
    const json_t *rule;

    while ((rule = next_of(n, "rule", &i)))
        if (text_is(rule, "family", family) && text_is(rule, "table", table) && has_xt(rule))
            return true;
    return false;
}

bool fw_nft_has_xt(const struct fw_nft *n, int family)
{
    size_t i = 0;
    const json_t *rule;

    while ((rule = next_of(n, "rule", &i)))
        if (text_is(rule, "family", family == AF_INET ? "ip" : "ip6") && has_xt(rule))
            return true;
    return false;
}

bool fw_nft_has_table(const struct fw_nft *n, const char *name)
{
    size_t i = 0;
    const json_t *t;

    while ((t = next_of(n, "table", &i)))
        if (text_is(t, "name", name))
            return true;
    return false;
}

bool fw_nft_has_chain(const struct fw_nft *n, const char *name)
{
    size_t i = 0;
    const json_t *c;

    while ((c = next_of(n, "chain", &i)))
        if (text_is(c, "name", name))
            return true;
    return false;
}

bool fw_nft_input_chain(const struct fw_nft *n, char *ret, size_t size)
{
    size_t i = 0;
    const json_t *c;

    while ((c = next_of(n, "chain", &i))) {
        if (!text_is(c, "hook", "input") || !text_is(c, "type", "filter"))
            continue;
        snprintf(ret, size, "%s %s %s", text_of(c, "family"), text_of(c, "table"),
                 text_of(c, "name"));
        return true;
    }
    return false;
}

/* ---- statements and rules ---- */

static unsigned ask_chain(struct walk *w, const char *name);

static unsigned jump(struct walk *w, const json_t *where, bool is_goto)
{
    const char *target = json_string_value(json_object_get(where, "target"));
    unsigned may;

    if (!target || w->depth == DEPTH_MAX)
        return FW_ANYTHING | FW_CONTINUE;
    w->depth++;
    may = ask_chain(w, target);
    w->depth--;
    if (is_goto && may & FW_CONTINUE)
        may = (may & ~(unsigned) FW_CONTINUE) | FW_RETURN;
    return may;
}

/* The outcome of a verdict as {"accept": null}; 0 when the statement is none. */
static unsigned verdict(struct walk *w, const json_t *s)
{
    static const struct {
        const char *name;
        unsigned may;
    } simple[] = {
        {"accept", FW_ACCEPT},   {"drop", FW_DROP},         {"reject", FW_DROP},
        {"return", FW_RETURN},   {"continue", FW_CONTINUE}, {"queue", FW_ANYTHING},
        {"dnat", FW_REDIRECT},   {"redirect", FW_REDIRECT}, {"tproxy", FW_REDIRECT},
        {"synproxy", FW_ACCEPT}, {"fwd", FW_REDIRECT},
    };
    const json_t *target;

    for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++)
        if (json_object_get(s, simple[i].name))
            return simple[i].may;
    if ((target = json_object_get(s, "jump")))
        return jump(w, target, false);
    if ((target = json_object_get(s, "goto")))
        return jump(w, target, true);
    return 0;
}

static const json_t *named_elements(const struct walk *w, const char *name)
{
    static const char *const kinds[] = {"set", "map"};

    for (size_t k = 0; k < 2; k++) {
        size_t i = 0;
        const json_t *o;

        while ((o = next_of(w->nft, kinds[k], &i)))
            if (text_is(o, "family", w->family) && text_is(o, "table", w->table) &&
                text_is(o, "name", name))
                return json_object_get(o, "elem") ? json_object_get(o, "elem")
                                                  : json_object_get(o, "name");
    }
    return NULL;
}

/* The elements of {"set": [...]} or "@name"; NULL when they are not known. A set that is there
 * without elements gives something that is no array: it has no elements. */
static const json_t *elements_of(const void *arg, const json_t *set)
{
    const char *name = json_string_value(set);

    if (name && *name == '@')
        return named_elements(arg, name + 1);
    return json_object_get(set, "set");
}

static struct fw_expr_context expressions(const struct walk *w)
{
    return (struct fw_expr_context){
        .probe = w->probe, .unmarked = !w->nft->sets_marks, .elements_of = elements_of, .arg = w};
}

/* {"vmap": {"key": ..., "data": {"set": [[key, verdict], ...]}}} */
static unsigned ask_vmap(struct walk *w, const json_t *vmap)
{
    const json_t *key = json_object_get(vmap, "key");
    const json_t *list = elements_of(w, json_object_get(vmap, "data"));
    const struct fw_expr_context x = expressions(w);
    struct fw_outcome o = {.may = 0};

    if (!list)
        return FW_ANYTHING | FW_CONTINUE;
    for (size_t n = 0; n < 2 * json_array_size(list); n++) {
        const json_t *pair = json_array_get(list, n % json_array_size(list));
        const char *word = json_string_value(json_array_get(pair, 0));
        bool wildcard = word && strcmp(word, "*") == 0;
        enum fw_truth t;

        if (wildcard != (n >= json_array_size(list))) /* for what nothing else is for */
            continue;
        if (++w->steps > STEPS_MAX)
            return FW_ANYTHING | FW_CONTINUE;
        t = fw_expr_matches(&x, key, "==", json_array_get(pair, 0));
        if (t != FW_FALSE) {
            unsigned v = verdict(w, json_array_get(pair, 1));

            fw_apply(&o, t, v ? v : FW_ANYTHING | FW_CONTINUE);
        }
    }
    return o.closed ? o.may : o.may | FW_CONTINUE;
}

/* A statement that is no verdict: does the packet go on to the next of the rule? */
static enum fw_truth ask_statement(struct walk *w, const json_t *s)
{
    static const char *const passive[] = {
        "counter",   "log", "notrack",    "mangle", "last",           "masquerade", "snat",
        "ct helper", "dup", "ct timeout", "flow",   "ct expectation", "secmark",    "comment"};
    /* They hold while a rate or number is not reached; the other way round with "inv". */
    static const char *const limits[] = {"limit", "quota", "ct count"};
    const struct fw_expr_context x = expressions(w);
    const json_t *match = json_object_get(s, "match");
    const json_t *o;

    if (match)
        return fw_expr_matches(&x, json_object_get(match, "left"), text_of(match, "op"),
                               json_object_get(match, "right"));
    for (size_t i = 0; i < sizeof(passive) / sizeof(passive[0]); i++)
        if (json_object_get(s, passive[i]))
            return FW_TRUE;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        if ((o = json_object_get(s, limits[i])))
            return json_is_string(o) ? FW_MAYBE
                                     : fw_truth(!json_is_true(json_object_get(o, "inv")));
    return FW_MAYBE;
}

static void ask_rule(struct walk *w, const json_t *rule, struct fw_outcome *o)
{
    enum fw_truth truth = FW_TRUE;
    unsigned may = FW_CONTINUE;
    size_t i;
    json_t *s;

    json_array_foreach (json_object_get(rule, "expr"), i, s) {
        const json_t *vmap = json_object_get(s, "vmap");
        unsigned v = vmap ? ask_vmap(w, vmap) : verdict(w, s);

        if (v) {
            may = v;
            break;
        }
        truth = fw_and(truth, ask_statement(w, s));
        if (truth == FW_FALSE)
            return;
    }
    fw_apply(o, truth, may);
}

static unsigned ask_chain(struct walk *w, const char *name)
{
    struct fw_outcome o = {.may = 0};
    char key[KEY_SIZE];
    size_t i;
    json_t *rule;

    json_array_foreach (json_object_get(w->nft->rules, chain_key(key, w->family, w->table, name)),
                        i, rule) {
        if (o.closed)
            break;
        if (++w->steps > STEPS_MAX)
            return FW_ANYTHING;
        ask_rule(w, rule, &o);
    }
    return fw_result(&o);
}

/* ---- base chains ---- */

static bool sees_probe(const struct fw_nft *n, const json_t *chain, const struct fw_probe *p)
{
    const char *family = text_of(chain, "family");
    const char *own = p->to.family == AF_INET ? "ip" : "ip6";
    const char *type = text_of(chain, "type");
    bool prerouting = text_is(chain, "hook", "prerouting");
    const json_t *table = find_table(n, family, text_of(chain, "table"));

    if (strcmp(family, "inet") != 0 && strcmp(family, own) != 0)
        return false;
    if (!(strcmp(type, "filter") == 0 && (prerouting || text_is(chain, "hook", "input"))) &&
        !(strcmp(type, "nat") == 0 && prerouting && !addr_is_loopback(&p->to)))
        return false;
    return !is_dormant(table) && !table_has_xt(n, family, text_of(chain, "table"));
}

struct fw_answer fw_nft_ask(const struct fw_nft *n, const struct fw_probe *p)
{
    struct fw_answer answer = {.may = FW_ACCEPT};
    size_t i = 0;
    const json_t *chain;

    while ((chain = next_of(n, "chain", &i))) {
        struct walk w = {.nft = n,
                         .probe = p,
                         .family = text_of(chain, "family"),
                         .table = text_of(chain, "table")};
        struct fw_answer one;

        if (!sees_probe(n, chain, p))
            continue;
        one.may = ask_chain(&w, text_of(chain, "name"));
        if (one.may & FW_CONTINUE)
            one.may = (one.may & ~(unsigned) FW_CONTINUE) |
                      (text_is(chain, "policy", "drop") ? FW_DROP : FW_ACCEPT);
        snprintf(one.where, sizeof(one.where), "chain %s of the nftables table %s %s",
                 text_of(chain, "name"), w.family, w.table);
        answer = fw_both(&answer, &one);
    }
    return answer;
}
