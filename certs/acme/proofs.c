#include "acme/proofs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A proof that is up, with the memory that it lends. */
struct shown {
    const struct acme_challenger *challenger;
    struct acme_id id;
    char token[ACME_TOKEN_MAX + 1];
    char key_authorization[ACME_KEY_AUTHORIZATION_SIZE];
    struct acme_proof proof;
};

struct proofs {
    struct acme_ids ids;
    const EVP_PKEY *account_key;
    const struct acme_challenger *who[ACME_IDS_MAX][N_CHALLENGE_TYPES]; /* NULL: nobody */
    struct shown shown[ACME_IDS_MAX];
    size_t n_shown;
};

int proofs_new(const struct acme_challenger *const *challengers, const struct acme_ids *ids,
               const EVP_PKEY *account_key, void (*tell)(const char *text, void *arg), void *arg,
               struct proofs **ret)
{
    struct proofs *p = calloc(1, sizeof(*p));
    char why[512], text[1024];

    if (!p)
        return -ENOMEM;
    p->ids = *ids;
    p->account_key = account_key;
    for (; challengers && *challengers; challengers++)
        for (size_t i = 0; i < ids->n; i++) {
            const struct acme_challenger *c = *challengers, **who = &p->who[i][c->type];

            why[0] = '\0';
            if (*who)
                continue;
            if (c->can(c->arg, &ids->list[i], why, sizeof(why))) {
                *who = c;
                continue;
            }
            snprintf(text, sizeof(text), "%s is not possible for %s: %s",
                     acme_challenge_names[c->type], ids->list[i].text, why);
            if (tell)
                tell(text, arg);
        }
    *ret = p;
    return 0;
}

struct proofs *proofs_free(struct proofs *p)
{
    if (!p)
        return NULL;
    for (size_t i = 0; i < p->n_shown; i++)
        p->shown[i].challenger->withdraw(p->shown[i].challenger->arg, &p->shown[i].proof);
    free(p);
    return NULL;
}

bool proofs_can(const struct proofs *p, size_t id, enum acme_challenge_type type)
{
    return p->who[id][type] != NULL;
}

static const struct acme_challenger *find(const struct proofs *p, const struct acme_id *id,
                                          enum acme_challenge_type type)
{
    for (size_t i = 0; i < p->ids.n; i++)
        if (strcmp(p->ids.list[i].text, id->text) == 0)
            return p->who[i][type];
    return NULL;
}

int proofs_present(struct proofs *p, const struct acme_id *id, const struct acme_challenge *c,
                   struct acme_failure *f)
{
    const struct acme_challenger *challenger = find(p, id, c->type);
    struct shown *s = &p->shown[p->n_shown];
    int r;

    if (!challenger || p->n_shown == ACME_IDS_MAX)
        return failure_set(f, FAILURE_LOCAL, STEP_CHALLENGE, -EINVAL, id->text,
                           "nobody can put up the proof of %s", acme_challenge_names[c->type]);
    s->challenger = challenger;
    s->id = *id;
    snprintf(s->token, sizeof(s->token), "%s", c->token);
    r = jws_key_authorization(s->token, p->account_key, s->key_authorization);
    if (r < 0)
        return failure_set(f, FAILURE_CA, STEP_CHALLENGE, r, id->text,
                           "the token of the challenge cannot be used (%s)", strerror(-r));
    s->proof = (struct acme_proof){.type = c->type,
                                   .id = &s->id,
                                   .token = s->token,
                                   .key_authorization = s->key_authorization};
    /* Withdrawn even when it failed. */
    p->n_shown++;
    return challenger->present(challenger->arg, &s->proof, f);
}
