/* look.h: how it stands with the certificate of a CA, as it is kept on disk: for status, doctor,
 * metrics and JSON. Asks nobody. */
#pragma once

#include "acme/acme.h"
#include "certs/certs.h"
#include "settings/settings.h"

/* Large: about 60 KB. */
struct acquire_look {
    bool wanted;             /* CERTIFICATE_TYPE=letsencrypt */
    int error;               /* 0: what follows is known; -ENOENT: nothing was tried yet; ... */
    struct acme_state state; /* as state_init() has it unless known */
    struct due_pair pair;    /* the newest of the CA, whether it is served or not */
    char ari_id[ACME_ARI_ID_SIZE];
    enum due_reason due;
    int64_t renewal_s; /* when its renewal falls due; INT64_MIN: now */
    int64_t next_s;    /* the next try, or look at what the CA says */
    bool from_future;  /* what was noted last is from times to come: the clock was, or is, wrong */
    const char *directory; /* of the CA of the settings */
    bool is_other_ca;      /* the last attempt went to another one than that */
};

/* The settings must outlive ret's directory; ret must not be moved. */
void acquire_look(const struct settings *s, int64_t now_s, struct acquire_look *ret);

/* Were the settings changed since the last try failed? Then the next need not wait: it may be what
 * mends it. settings_s: when they came into force. */
bool acquire_is_mended(const struct acquire_look *l, int64_t settings_s);

/* When a pair that no CA here renews is looked at again, or sooner: a day from now. */
int64_t acquire_next_s(const struct acquire_look *l, const struct certs_info *live, int64_t now_s);
