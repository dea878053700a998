/* settings_check.h: the checks of the types. A value is taken, or refused, and in either case there
 * may be something to say about it. Pure. */
#pragma once

#include "settings/settings.h"
#include "settings/settings_list.h"

struct setting_value {
    char *text; /* in its one form */
    int64_t number;
    struct setting_list list;
};

/* What there is to say; nothing where what is empty. */
struct setting_verdict {
    enum setting_severity severity;
    char what[400];    /* reads on after the key: "is no port" */
    char example[320]; /* a better one than the row's; may be empty */
};

/* -EINVAL: refused, and the verdict says why; -ENOMEM. text is not empty. */
int setting_check(const struct setting_def *d, const char *text, struct setting_value *ret,
                  struct setting_verdict *verdict);

void setting_value_done(struct setting_value *v); /* wipes */

/* For the checks themselves: refuse with a sentence, returns -EINVAL; remark on with a sentence,
 * returns 0. The first remark stays. */
int setting_refuse(struct setting_verdict *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int setting_warn(struct setting_verdict *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Of one secret; SETTING_SECRET, SETTING_PASSWORD or SETTING_TOKEN. */
int setting_check_secret(enum setting_type type, const char *text, struct setting_verdict *v);

/* Those about names and addresses, in settings_net.c. */
int setting_check_domain(const char *text, struct setting_verdict *v);
int setting_check_address(const char *text, struct setting_verdict *v);
int setting_check_email(const char *text, struct setting_verdict *v);
int setting_check_url(const char *text, const char *const *schemes, struct setting_verdict *v);
int setting_check_redis(const char *text, struct setting_verdict *v);
int setting_check_networks(const struct setting_list *l, struct setting_verdict *v);
int setting_check_pairs(const struct setting_list *l, struct setting_verdict *v);
int setting_check_ice(const struct setting_list *l, struct setting_verdict *v);

/* Those about TURN, in settings_turn.c. */
int setting_check_endpoint(const char *text, struct setting_verdict *v);
int setting_check_allowed_peers(const struct setting_list *l, struct setting_verdict *v);
int setting_check_denied_peers(const struct setting_list *l, struct setting_verdict *v);
int setting_check_tokens(const struct setting_list *l, struct setting_verdict *v);

/* Those about certificates, in settings_acme.c. */
int setting_check_file(const char *text, struct setting_verdict *v);
int setting_check_account(const char *text, struct setting_verdict *v);
int setting_check_resolver(const char *text, struct setting_verdict *v);
int setting_check_names(const struct setting_list *l, struct setting_verdict *v);

/* Those about what nginx and OpenSSL read, in settings_web.c. */
int setting_check_size(const char *text, struct setting_verdict *v);
int setting_check_protocols(const char *text, struct setting_verdict *v);
int setting_check_ciphers(const char *text, struct setting_verdict *v);
int setting_check_hsts(const char *text, struct setting_verdict *v);
int setting_check_headers(const struct setting_list *l, struct setting_verdict *v);
int setting_check_events(const struct setting_list *l, struct setting_verdict *v);
