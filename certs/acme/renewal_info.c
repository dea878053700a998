#include "acme/run.h"

#include "base/rnd.h"

#include <errno.h>
#include <stdio.h>

/* Between two looks: what the CA says, within these limits (RFC 9773 section 4.3.3). */
#define LOOK_DEFAULT_S (6 * 3600)
#define LOOK_MIN_S 60
#define LOOK_MAX_S 86400

bool renewal_info_is_due(const struct acme_config *c, const struct kept *k, int64_t now_s)
{
    const struct acme_ari *a = &k->state.ari;

    if (!k->has_pair || !k->ari_id[0] || !run_find_ca(c, k->pair.directory))
        return false;
    if (strcmp(a->id, k->ari_id) != 0)
        return true;
    return now_s >= a->fetch_next_s || a->fetch_next_s > now_s + LOOK_MAX_S;
}

static int64_t next_look_s(int64_t retry_after_s)
{
    if (retry_after_s <= 0)
        return LOOK_DEFAULT_S;
    if (retry_after_s < LOOK_MIN_S)
        return LOOK_MIN_S;
    return retry_after_s < LOOK_MAX_S ? retry_after_s : LOOK_MAX_S;
}

/* The moment in the window is drawn once, and again when the window changes. */
static void take(struct acme_ari *a, const struct acme_renewal_info *info, int64_t now_s)
{
    bool same = a->info.start_s == info->start_s && a->info.end_s == info->end_s;

    if (!same || a->selected_s < info->start_s)
        a->selected_s = due_draw(info, rnd_u32(), now_s);
    a->info = *info;
    a->fetched_s = now_s;
}

static int ask(struct acme_client *client, const char *id, int64_t now_s, struct acme_ari *a)
{
    const struct acme_directory *directory;
    struct acme_renewal_info info;
    struct acme_failure f;
    struct acme_answer answer = {.body = NULL};
    char url[ACME_URL_SIZE + 1 + ACME_ARI_ID_SIZE];
    const char *why;
    int r = acme_client_directory(client, &directory, &f);

    if (r == 0 && !directory->renewal_info[0])
        r = -ENOENT;
    if (r < 0)
        return r;
    snprintf(url, sizeof(url), "%s/%s", directory->renewal_info, id);
    r = acme_get(client, STEP_ORDER, url, &answer, &f);
    if (r == 0)
        r = acme_renewal_info_parse(bytes_of(answer.body, answer.len), &info, &why);
    if (r == 0) {
        take(a, &info, now_s);
        a->fetch_next_s = now_s + next_look_s(answer.retry_after_s);
    }
    acme_answer_done(&answer);
    return r;
}

int renewal_info_fetch(const struct acme_config *c, struct kept *k)
{
    struct acme_ari *a = &k->state.ari;
    struct acme_client *client;
    struct acme_failure f;
    int64_t now_s = run_now_s();
    int r;

    if (strcmp(a->id, k->ari_id) != 0) {
        *a = (struct acme_ari){.id = ""};
        snprintf(a->id, sizeof(a->id), "%s", k->ari_id);
    }
    a->fetch_next_s = now_s + LOOK_DEFAULT_S;
    r = run_client(c, k->pair.directory, &client, &f);
    if (r < 0)
        return 0;
    r = ask(client, k->ari_id, now_s, a);
    acme_client_free(client);
    return r == -EINTR ? r : 0;
}
