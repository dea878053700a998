#include "acquire/account.h"

#define LOCK_WAIT_S 20

int acquire_account(const char *folder, const char *directory, struct vault_account *ret)
{
    return vault_load_account(folder, directory, ret);
}

int acquire_account_change(const struct acme_config *c, const struct acme_ca *ca,
                           acquire_account_fn *fn, struct acme_failure *f)
{
    const struct acme_client_config client_config = {
        .loop = c->loop,
        .directory = ca->directory,
        .ca_file = c->ca_file,
        .user_agent = c->user_agent,
    };
    const struct account_config config = {
        .directory = ca->directory,
        .email = c->email,
        .eab_kid = ca->eab_kid,
        .eab_key = ca->eab_key,
    };
    struct acme_client *client = NULL;
    struct vault v;
    int r = vault_open(c->folder, LOCK_WAIT_S, NULL, NULL, &v);

    if (r < 0)
        return r;
    r = acme_client_new(&client_config, &client);
    if (r == 0)
        r = fn(client, &v, &config, f);
    acme_client_free(client);
    vault_close(&v);
    return r;
}
