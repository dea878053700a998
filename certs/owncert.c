#include "certs/owncert.h"

#include "base/crypto.h"
#include "certs/validate.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* What is in the folder. */
struct files {
    char cert_path[PATH_MAX], key_path[PATH_MAX];
    struct origin origin;
    char *cert, *key;
    size_t cert_len, key_len;
};

int owncert_paths(const char *folder, char cert[static PATH_MAX], char key[static PATH_MAX])
{
    int a = snprintf(cert, PATH_MAX, "%s/" OWNCERT_CERT, folder);
    int b = snprintf(key, PATH_MAX, "%s/" OWNCERT_KEY, folder);

    return a < 0 || a >= PATH_MAX || b < 0 || b >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static void tell_unreadable(const char *path, const char *what, int error, struct report *r)
{
    if (error == -ENOENT)
        report_fault(r,
                     "There is no %s: the %s of your own certificate belongs there. `visavis "
                     "cert import CERT KEY` puts both in place.",
                     path, what);
    else if (error == -EFBIG)
        report_fault(r, "%s is larger than %d bytes, so it is no %s.", path, PEM_FILE_MAX, what);
    else
        report_fault(r, "%s cannot be read: %s. `ls -l %s` shows what it is.", path,
                     strerror(-error), path);
}

static void check_mode(const char *path, struct report *r)
{
    struct stat st;

    if (stat(path, &st) == 0 && (st.st_mode & 0027) != 0)
        report_warning(r, "%s can be %s by others than root: `chmod 600 %s`", path,
                       st.st_mode & 0022 ? "written" : "read", path);
}

/* 0; -EINVAL after faults. files_done() in any case. */
static int files_read(const char *folder, struct files *f, struct report *r)
{
    unsigned faults = r->faults;
    int error;

    *f = (struct files){.cert = NULL};
    if (owncert_paths(folder, f->cert_path, f->key_path) < 0) {
        report_fault(r, "The path %s is too long.", folder);
        return -EINVAL;
    }
    f->origin = (struct origin){f->cert_path, f->key_path};
    error = file_read(f->cert_path, PEM_FILE_MAX, &f->cert, &f->cert_len);
    if (error < 0)
        tell_unreadable(f->cert_path, "certificate", error, r);
    error = file_read(f->key_path, PEM_FILE_MAX, &f->key, &f->key_len);
    if (error < 0)
        tell_unreadable(f->key_path, "private key", error, r);
    else
        check_mode(f->key_path, r);
    return r->faults > faults ? -EINVAL : 0;
}

static void files_done(struct files *f)
{
    free(f->cert);
    if (f->key)
        secret_wipe(f->key, f->key_len);
    free(f->key);
}

/* The pair of the folder, checked. On failure *ret is empty. */
static int load(const char *folder, const struct names *names, int64_t now_s, struct report *r,
                struct pair *ret)
{
    struct files f;
    int error = files_read(folder, &f, r);

    *ret = (struct pair){.n = 0};
    if (error == 0)
        error = validate_read(bytes_of(f.cert, f.cert_len), bytes_of(f.key, f.key_len), &f.origin,
                              r, ret);
    if (error == 0)
        error = validate_pair(ret, names, &f.origin, now_s, r);
    if (error < 0)
        pair_done(ret);
    files_done(&f);
    return error;
}

/* Is that folder's pair, whatever it is worth, the one being served? */
static bool is_live(const struct store *s, const char *folder)
{
    struct report nobody = {.tell = NULL};
    struct pair live, own = {.n = 0};
    struct files f;
    bool same = false;

    if (files_read(folder, &f, &nobody) == 0 && store_load_live(s->path, &live) == 0) {
        same = validate_read(bytes_of(f.cert, f.cert_len), bytes_of(f.key, f.key_len), &f.origin,
                             &nobody, &own) == 0 &&
               pair_same(&live, &own);
        pair_done(&live);
    }
    files_done(&f);
    pair_done(&own);
    return same;
}

int owncert_ensure(const struct store *s, const char *folder, const struct names *names,
                   int64_t now_s, struct report *r, bool *ret_changed)
{
    bool known = is_live(s, folder);
    struct pair own;
    int error;

    r->faults_only = known; /* its warnings were told when it came */
    error = load(folder, names, now_s, r, &own);
    r->faults_only = false;
    if (error == 0 && !known) {
        error = store_put_pair(s, &own);
        if (error == 0) {
            *ret_changed = true;
            report_news(r, "The certificate of %s is served from now on.", folder);
        } else {
            report_fault(r, "The certificate of %s could not be put into %s: %s", folder, s->path,
                         strerror(-error));
        }
    }
    pair_done(&own);
    return error;
}

/* ---- for those who only look ---- */

static int parse_names(const char *const *names, struct names *ret, struct report *r)
{
    const char *bad = NULL;
    int error = names_parse(names, ret, &bad);

    if (error < 0)
        report_fault(r, "'%s' is no host name and no IP address.", bad ? bad : "");
    return error < 0 ? -EINVAL : 0;
}

int certs_check(struct bytes cert, const char *cert_name, struct bytes key, const char *key_name,
                const char *const *names, int64_t now_s, certs_tell_fn *tell, void *arg,
                struct certs_pem *ret)
{
    struct report r = {.tell = tell, .arg = arg};
    struct origin from = {cert_name, key_name};
    struct pair p = {.n = 0};
    struct names parsed;
    int error = parse_names(names, &parsed, &r);

    if (error == 0)
        error = validate_read(cert, key, &from, &r, &p);
    if (error == 0)
        error = validate_pair(&p, &parsed, &from, now_s, &r);
    if (error == 0)
        error = pair_to_pem(&p, ret);
    pair_done(&p);
    return error;
}

int certs_check_owncert(const char *owncert, const char *const *names, int64_t now_s,
                        certs_tell_fn *tell, void *arg, struct certs_pem *ret)
{
    struct report r = {.tell = tell, .arg = arg};
    struct pair p = {.n = 0};
    struct names parsed;
    int error = parse_names(names, &parsed, &r);

    if (error == 0)
        error = load(owncert, &parsed, now_s, &r, &p);
    if (error == 0)
        error = pair_to_pem(&p, ret);
    pair_done(&p);
    return error;
}
