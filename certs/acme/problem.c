#include "acme/problem.h"

#include "acme/printable.h"
#include "acme/problem_table.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <strings.h>

#define URN "urn:ietf:params:acme:error:"

enum acme_problem_type acme_problem_type_of(const char *name)
{
    for (size_t i = 0; i < N_PROBLEM_TYPES; i++)
        if (strcmp(name, problem_defs[i].name) == 0)
            return (enum acme_problem_type) i;
    return PROBLEM_OTHER;
}

const char *acme_problem_type_name(enum acme_problem_type type)
{
    return problem_defs[type].name;
}

static bool has_urn(const char *uri)
{
    return strncasecmp(uri, URN, strlen(URN)) == 0;
}

static enum acme_problem_type type_of(const char *uri)
{
    enum acme_problem_type type =
        has_urn(uri) ? acme_problem_type_of(uri + strlen(URN)) : PROBLEM_OTHER;

    return type == PROBLEM_NONE ? PROBLEM_OTHER : type;
}

/* A string of an object; "" when there is none. */
static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static void read_subproblem(const json_t *o, struct acme_subproblem *s)
{
    s->type = type_of(text_of(o, "type"));
    printable_copy(bytes_str(text_of(json_object_get(o, "identifier"), "value")), false,
                   s->identifier, sizeof(s->identifier));
    printable_copy(bytes_str(text_of(o, "detail")), false, s->detail, sizeof(s->detail));
}

static void read_problem(const json_t *root, struct acme_problem *p)
{
    const char *uri = text_of(root, "type");
    const char *shown = has_urn(uri) ? uri + strlen(URN) : uri;
    const char *detail = text_of(root, "detail");
    json_int_t status = json_integer_value(json_object_get(root, "status"));
    const json_t *list = json_object_get(root, "subproblems");
    const json_t *one;
    size_t i;

    p->type = type_of(uri);
    p->status = status >= 100 && status <= 599 ? (unsigned) status : 0;
    printable_copy(bytes_str(shown), false, p->type_text, sizeof(p->type_text));
    printable_copy(bytes_str(*detail ? detail : text_of(root, "title")), false, p->detail,
                   sizeof(p->detail));
    json_array_foreach (list, i, one) {
        if (p->n_sub == ACME_SUBPROBLEMS_MAX)
            break;
        if (json_is_object(one))
            read_subproblem(one, &p->sub[p->n_sub++]);
    }
}

int acme_problem_parse(struct bytes body, struct acme_problem *ret)
{
    json_t *root = json_loadb(body.len ? (const char *) body.p : "", body.len, 0, NULL);
    int error = json_is_object(root) ? 0 : -EBADMSG;

    *ret = (struct acme_problem){.type = PROBLEM_NONE};
    printable_copy(body, true, ret->verbatim, sizeof(ret->verbatim));
    if (error == 0)
        read_problem(root, ret);
    json_decref(root);
    return error;
}

/* A text that grows up to its cap; what comes after something that did not fit is left out. */
struct sentence {
    char *buf;
    size_t len, cap;
};

static void say(struct sentence *s, const char *text)
{
    bool fits = strlen(text) < s->cap - s->len;

    printable_copy(bytes_str(text), false, s->buf + s->len, s->cap - s->len);
    s->len += strlen(s->buf + s->len);
    if (!fits)
        s->cap = s->len + 1;
}

/* ": detail", without dots and blanks at its end. */
static void say_detail(struct sentence *s, const char *detail)
{
    if (!*detail)
        return;
    say(s, ": ");
    say(s, detail);
    while (s->len > 0 && s->len + 1 < s->cap && strchr(". ", s->buf[s->len - 1]))
        s->buf[--s->len] = '\0';
}

static void say_subproblem(struct sentence *s, const struct acme_subproblem *p)
{
    if (*p->identifier) {
        say(s, "for ");
        say(s, p->identifier);
        say(s, ", ");
    }
    say(s, problem_defs[p->type].text);
    say_detail(s, p->detail);
}

const char *acme_problem_text(const struct acme_problem *p, char *buf, size_t cap)
{
    struct sentence s = {.buf = buf, .cap = cap};
    char status[32];

    buf[0] = '\0';
    say(&s, problem_defs[p->type].text);
    if (p->type == PROBLEM_OTHER && *p->type_text) {
        say(&s, " with ");
        say(&s, p->type_text);
    } else if (p->type <= PROBLEM_OTHER && p->status) {
        snprintf(status, sizeof(status), " (status %u)", p->status);
        say(&s, status);
    }
    say_detail(&s, p->detail);
    for (size_t i = 0; i < p->n_sub; i++) {
        say(&s, "; ");
        say_subproblem(&s, &p->sub[i]);
    }
    return buf;
}

const char *acme_problem_next(enum acme_problem_type type)
{
    return problem_defs[type].next;
}
