#include "firewall/fw_expr.h"

#include <netinet/in.h>
#include <stdio.h>

#define CONCAT_MAX 8

/* What the left side is for the probe. */
enum kind {
    VALUE_UNKNOWN,
    VALUE_NONE, /* the packet has no such thing: nothing matches */
    VALUE_NUMBER,
    VALUE_FLAGS, /* a number of bits with names */
    VALUE_WORD,  /* one of a list of words: "new", "local" */
    VALUE_NAME,  /* of an interface, may be matched by "eth*" */
    VALUE_ADDRESS,
};

struct value {
    enum kind kind;
    uint64_t number;
    const char *word;
    struct addr address;
};

static struct value number(uint64_t n)
{
    return (struct value){.kind = VALUE_NUMBER, .number = n};
}

static struct value word(const char *w)
{
    return (struct value){.kind = VALUE_WORD, .word = w};
}

static const struct value unknown = {.kind = VALUE_UNKNOWN}, none = {.kind = VALUE_NONE};

static bool is(const json_t *o, const char *key, const char *text)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s && strcmp(s, text) == 0;
}

/* ---- the probe's fields ---- */

static const char *protocol_of(const struct fw_probe *p)
{
    return p->type == SOCK_STREAM ? "tcp" : "udp";
}

static struct value payload_of(const struct fw_probe *p, const json_t *o)
{
    const char *own_ip = p->to.family == AF_INET ? "ip" : "ip6";
    bool is_ip = is(o, "protocol", "ip") || is(o, "protocol", "ip6");

    if (is_ip && !is(o, "protocol", own_ip))
        return none;
    if (is(o, "protocol", "tcp") || is(o, "protocol", "udp") || is(o, "protocol", "udplite") ||
        is(o, "protocol", "sctp") || is(o, "protocol", "dccp") || is(o, "protocol", "icmp") ||
        is(o, "protocol", "icmpv6") || is(o, "protocol", "igmp") || is(o, "protocol", "esp") ||
        is(o, "protocol", "ah") || is(o, "protocol", "arp")) {
        if (!is(o, "protocol", protocol_of(p)))
            return none;
    } else if (!is_ip && !is(o, "protocol", "th")) {
        return unknown;
    }
    if (is_ip && (is(o, "field", "saddr") || is(o, "field", "daddr")))
        return (struct value){.kind = VALUE_ADDRESS,
                              .address = is(o, "field", "saddr") ? p->from : p->to};
    if (is_ip && (is(o, "field", "protocol") || is(o, "field", "nexthdr")))
        return word(protocol_of(p));
    if (!is_ip && is(o, "field", "dport"))
        return number(p->to.port);
    if (!is_ip && is(o, "field", "sport"))
        return number(p->from.port);
    if (is(o, "protocol", "tcp") && is(o, "field", "flags"))
        return (struct value){.kind = VALUE_FLAGS, .number = FW_TCP_SYN};
    return unknown;
}

static struct value meta_of(const struct fw_expr_context *x, const json_t *o)
{
    const struct fw_probe *p = x->probe;

    if (is(o, "key", "iifname") || is(o, "key", "iif"))
        return (struct value){.kind = VALUE_NAME, .word = p->interface};
    if (is(o, "key", "oifname") || is(o, "key", "oif"))
        return none;
    if (is(o, "key", "l4proto"))
        return word(protocol_of(p));
    if (is(o, "key", "nfproto"))
        return word(p->to.family == AF_INET ? "ipv4" : "ipv6");
    if (is(o, "key", "protocol"))
        return word(p->to.family == AF_INET ? "ip" : "ip6");
    if (is(o, "key", "pkttype"))
        return word("host");
    if (is(o, "key", "mark") && x->unmarked)
        return number(0);
    return unknown;
}

static struct value ct_of(const json_t *o)
{
    if (is(o, "key", "state"))
        return word("new");
    if (is(o, "key", "direction"))
        return word("original");
    if (is(o, "key", "status"))
        return word("");
    return unknown;
}

/* There is a way back to the probe's sender, and its destination is ours. */
static struct value fib_of(const json_t *o)
{
    const json_t *flags = json_object_get(o, "flags");
    bool of_sender = false;
    size_t i;
    json_t *flag;

    if (json_is_string(flags))
        of_sender = strcmp(json_string_value(flags), "saddr") == 0;
    json_array_foreach ((json_t *) flags, i, flag)
        of_sender |= json_is_string(flag) && strcmp(json_string_value(flag), "saddr") == 0;
    if (is(o, "result", "type"))
        return word(of_sender ? "unicast" : "local");
    if (of_sender &&
        (is(o, "result", "oif") || is(o, "result", "oifname") || is(o, "result", "check")))
        return (struct value){.kind = VALUE_WORD, .word = "(route)"};
    return unknown;
}

static struct value value_of(const struct fw_expr_context *x, const json_t *left);

/* {"&": [field, mask]} of TCP flags. */
static uint64_t flags_of(const json_t *o);

static struct value masked(const struct fw_expr_context *x, const json_t *pair)
{
    struct value v = value_of(x, json_array_get(pair, 0));
    const json_t *mask = json_array_get(pair, 1);

    if (v.kind == VALUE_FLAGS) {
        v.number &= flags_of(mask);
        return v;
    }
    if (v.kind == VALUE_NUMBER && json_is_integer(mask))
        return number(v.number & (uint64_t) json_integer_value(mask));
    return v.kind == VALUE_NONE ? none : unknown;
}

static struct value value_of(const struct fw_expr_context *x, const json_t *left)
{
    const json_t *o;

    if ((o = json_object_get(left, "payload")))
        return payload_of(x->probe, o);
    if ((o = json_object_get(left, "meta")))
        return meta_of(x, o);
    if ((o = json_object_get(left, "ct")))
        return ct_of(o);
    if ((o = json_object_get(left, "fib")))
        return fib_of(o);
    if ((o = json_object_get(left, "&")))
        return masked(x, o);
    return unknown;
}

/* ---- the right side ---- */

/* "syn", ["syn", "ack"], {"|": ["syn", "ack"]} or a number; nested, as nft 1.0.6 prints it. */
static uint64_t flags_of(const json_t *o)
{
    const json_t *list = json_is_array(o) ? o : json_object_get(o, "|");
    uint64_t bits = 0;
    size_t i;
    json_t *one;

    if (json_is_integer(o))
        return (uint64_t) json_integer_value(o);
    if (json_is_string(o))
        return fw_tcp_flag(json_string_value(o));
    json_array_foreach ((json_t *) list, i, one)
        bits |= json_is_string(one)    ? fw_tcp_flag(json_string_value(one))
                : json_is_integer(one) ? (uint64_t) json_integer_value(one)
                                       : flags_of(one);
    return bits;
}

static enum fw_truth address_is(const struct addr *a, const json_t *right)
{
    const json_t *prefix = json_object_get(right, "prefix");
    const json_t *text = prefix ? json_object_get(prefix, "addr") : right;
    const json_t *bits = json_object_get(prefix, "len");
    struct addr network;
    unsigned len;

    if (!json_is_string(text) || fw_parse_network(json_string_value(text), &network, &len) < 0)
        return FW_MAYBE;
    if (prefix &&
        (!json_is_integer(bits) || json_integer_value(bits) < 0 || json_integer_value(bits) > 128))
        return FW_MAYBE;
    return fw_truth(fw_in_network(a, &network, prefix ? (unsigned) json_integer_value(bits) : len));
}

static enum fw_truth number_is(uint64_t n, const char *op, const json_t *right)
{
    uint64_t r;

    if (!json_is_integer(right) || json_integer_value(right) < 0)
        return FW_MAYBE;
    r = (uint64_t) json_integer_value(right);
    switch (op[0]) {
    case '<':
        return fw_truth(op[1] == '=' ? n <= r : n < r);
    case '>':
        return fw_truth(op[1] == '=' ? n >= r : n > r);
    default:
        return fw_truth(n == r);
    }
}

static enum fw_truth in_range(const struct value *v, const json_t *range)
{
    const json_t *low = json_array_get(range, 0), *high = json_array_get(range, 1);
    struct addr a, b;

    if (v->kind == VALUE_NUMBER)
        return fw_and(number_is(v->number, ">=", low), number_is(v->number, "<=", high));
    if (v->kind != VALUE_ADDRESS || !json_is_string(low) || !json_is_string(high) ||
        addr_parse_ip(json_string_value(low), 0, &a) < 0 ||
        addr_parse_ip(json_string_value(high), 0, &b) < 0)
        return FW_MAYBE;
    if (a.family != v->address.family || b.family != v->address.family)
        return FW_FALSE;
    return fw_truth(memcmp(v->address.ip, a.ip, 16) >= 0 && memcmp(v->address.ip, b.ip, 16) <= 0);
}

/* One value against one of the right side (no set). */
static enum fw_truth one_is(const struct value *v, const char *op, const json_t *right)
{
    if (json_object_get(right, "range"))
        return in_range(v, json_object_get(right, "range"));
    switch (v->kind) {
    case VALUE_NONE:
        return FW_FALSE;
    case VALUE_NUMBER:
        return number_is(v->number, op, right);
    case VALUE_FLAGS:
        return fw_truth(strcmp(op, "in") == 0 ? (v->number & flags_of(right)) != 0
                                              : v->number == flags_of(right));
    case VALUE_WORD:
        if (json_is_boolean(right)) /* fib: is there one? */
            return fw_truth(json_is_true(right));
        return json_is_string(right) ? fw_truth(strcmp(v->word, json_string_value(right)) == 0)
                                     : FW_MAYBE;
    case VALUE_NAME:
        return json_is_string(right)
                   ? fw_truth(fw_interface_matches(json_string_value(right), '*', v->word))
                   : FW_MAYBE;
    case VALUE_ADDRESS:
        return address_is(&v->address, right);
    case VALUE_UNKNOWN:
        break;
    }
    return FW_MAYBE;
}

/* {"elem": {"val": ...}} holds more about an element of a set. */
static const json_t *bare(const json_t *element)
{
    const json_t *val = json_object_get(json_object_get(element, "elem"), "val");

    return val ? val : element;
}

static enum fw_truth concat_is(const struct fw_expr_context *x, const json_t *left,
                               const json_t *right)
{
    enum fw_truth t = FW_TRUE;
    size_t n = json_array_size(left);

    if (n == 0 || n > CONCAT_MAX || n != json_array_size(right))
        return FW_MAYBE;
    for (size_t i = 0; i < n; i++) {
        struct value v = value_of(x, json_array_get(left, i));

        t = fw_and(t, one_is(&v, "==", json_array_get(right, i)));
    }
    return t;
}

static enum fw_truth element_is(const struct fw_expr_context *x, const json_t *left,
                                const struct value *v, const char *op, const json_t *right)
{
    const json_t *parts = json_object_get(left, "concat");

    right = bare(right);
    if (json_is_string(right) && strcmp(json_string_value(right), "*") == 0)
        return FW_TRUE; /* of a map: everything else */
    return parts ? concat_is(x, parts, json_object_get(right, "concat")) : one_is(v, op, right);
}

static enum fw_truth in_list(const struct fw_expr_context *x, const json_t *left,
                             const struct value *v, const char *op, const json_t *list)
{
    enum fw_truth t = FW_FALSE;
    size_t i;
    json_t *one;

    json_array_foreach ((json_t *) list, i, one) {
        t = fw_or(t, element_is(x, left, v, op, one));
        if (t == FW_TRUE)
            break;
    }
    return t;
}

enum fw_truth fw_expr_matches(const struct fw_expr_context *x, const json_t *left, const char *op,
                              const json_t *right)
{
    struct value v = value_of(x, left);
    bool negated = strcmp(op, "!=") == 0;
    const char *text = json_string_value(right);
    enum fw_truth t;

    /* An unknown field may be absent, so even "!=" may fail: no packet without it matches. */
    if (v.kind == VALUE_NONE)
        return FW_FALSE;
    if (json_object_get(right, "set") || (text && *text == '@')) {
        const json_t *list = x->elements_of(x->arg, right);

        t = list ? in_list(x, left, &v, "==", list) : FW_MAYBE;
    } else if (json_is_array(right) && v.kind != VALUE_FLAGS) {
        t = in_list(x, left, &v, "==", right);
    } else {
        t = element_is(x, left, &v, op, right);
    }
    return negated ? fw_not(t) : t;
}
