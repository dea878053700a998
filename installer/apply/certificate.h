/* certificate.h: the certificate that this machine should serve by its settings, and letting those
 * who serve it know of another one. */
#pragma once

#include "acme/ids.h"
#include "apply/places.h"
#include "certs/certs.h"

/* Below PATH_RUN: when `visavis cert renew` wants to be run again, as it says itself each time:
 * decimal seconds since the epoch, and a line's end. Not there: a day is soon enough. */
#define CERTIFICATE_NEXT "cert.next"

#define CERTIFICATE_UNIT "visavis-cert.service"

struct certificate_wish {
    struct certs_wanted wanted; /* for certs_ensure() */
    struct place_names names;   /* wanted's */
    char acme[PATH_MAX];        /* wanted's */
};

/* What a CA is asked for with these settings, whatever CERTIFICATE_TYPE is: the identifiers that
 * name their set in the vault. -EBADMSG, -E2BIG: not with settings that passed their checks. */
int certificate_ids(const struct settings *s, struct acme_ids *ret);

/* CERTIFICATE_TYPE=letsencrypt? */
bool certificate_is_acme(const struct settings *s);

/* network NULL: without the machine's own addresses. The result may not be moved. -ENOENT: the
 * group that may read the key does not exist. */
int certificate_wish(const struct settings *s, const struct network *network,
                     struct certificate_wish *ret);

/* What a certificate is, in the words of CERTIFICATE_TYPE. */
const char *certificate_type_name(const struct certs_info *i);

/* The settings in force, or those of .env before anything was applied. What is wrong with these is
 * told on stderr: -EINVAL. */
int certificate_settings(struct settings **ret);

/* Lets those who serve the pair read it again, without losing a connection: nginx (unless another
 * web server stands in front) and TURN. Waits for nobody. 0; -ENOTCONN: there is no service manager
 * here; otherwise *ret_unit could not be told. */
int certificate_reload(const struct settings *s, const char **ret_unit);

/* Has the service manager, where there is one, look after the certificate now. Waits for nobody. */
int certificate_start_renewal(void);
