#include "acme/vault.h"

#include "acme/wire.h"
#include "base/crypto.h"
#include "certs/acmecert.h"
#include "certs/key.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define JSON_FILE_MAX 16384
#define ACCOUNTS_KEPT 4
#define HOST_PART_MAX 64
#define HASH_PART 8 /* bytes */

#define ACCOUNT_JSON "account.json"
#define ORDER_JSON "order.json"
#define ORIGIN_JSON "origin.json"
#define REVOKED "revoked"
#define NEXT_KEY "next.pem"
#define STATE_JSON "state.json"

static const struct file_access private_folder = {0700, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
static const struct file_access private_file = {0600, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};

/* ---- the folder and its lock ---- */

int vault_open(const char *folder, unsigned wait_s, void (*on_wait)(void *arg), void *arg,
               struct vault *ret)
{
    struct vault v = {.lock_fd = -1};
    char path[PATH_MAX];
    int r = path_format(v.folder, "%s", folder);

    if (r == 0)
        r = path_format(path, "%s/lock", folder);
    if (r == 0)
        r = dir_make(folder, NULL);
    if (r < 0)
        return r;
    v.lock_fd = file_lock(path, wait_s * 1000, on_wait, arg);
    r = v.lock_fd < 0 ? v.lock_fd : 0;
    for (size_t i = 0; r == 0 && i < 2; i++) {
        r = path_format(path, "%s/%s", folder, i == 0 ? "accounts" : "sets");
        if (r == 0)
            r = dir_make(path, &private_folder);
    }
    if (r < 0)
        vault_close(&v);
    else
        *ret = v;
    return r;
}

void vault_close(struct vault *v)
{
    if (v->lock_fd >= 0)
        close(v->lock_fd);
    v->lock_fd = -1;
}

/* What file_write() left half done of that file when it was killed. */
static void clear_leftovers(const char *folder, const char *name)
{
    DIR *dir = opendir(folder);
    size_t len = strlen(name);
    struct dirent *e;

    while (dir && (e = readdir(dir)))
        if (strncmp(e->d_name, name, len) == 0 && e->d_name[len] == '.')
            (void) unlinkat(dirfd(dir), e->d_name, 0);
    if (dir)
        closedir(dir);
}

/* Replaces a file that is no version. */
static int put_file(const char *folder, const char *name, struct bytes content)
{
    char path[PATH_MAX];
    int r = path_format(path, "%s/%s", folder, name);

    clear_leftovers(folder, name);
    return r < 0 ? r : file_write(path, content, &private_file);
}

/* ---- JSON documents of a few texts ---- */

static int read_json(const char *folder, const char *name, json_t **ret)
{
    char path[PATH_MAX], *text = NULL;
    size_t len = 0;
    int r = path_format(path, "%s/%s", folder, name);

    if (r == 0)
        r = file_read(path, JSON_FILE_MAX, &text, &len);
    if (r < 0)
        return r == -ENOMEM ? r : -EINVAL;
    *ret = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    return *ret ? 0 : -EINVAL;
}

/* A text without control characters. -EINVAL when there is none, or a longer one. */
static int get_text(const json_t *o, const char *key, char *buf, size_t size)
{
    const char *text = json_string_value(json_object_get(o, key));
    size_t len = text ? strlen(text) : size;

    if (len >= size)
        return -EINVAL;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char) text[i] < ' ' || text[i] == 0x7f)
            return -EINVAL;
    memcpy(buf, text, len + 1);
    return 0;
}

/* "" or a URL. */
static int get_url(const json_t *o, const char *key, char buf[static VAULT_URL_SIZE])
{
    int r = get_text(o, key, buf, VAULT_URL_SIZE);

    return r == 0 && buf[0] && !acme_is_url(buf) ? -EINVAL : r;
}

/* 0 when it is not there. */
static int get_count(const json_t *o, const char *key, unsigned *ret)
{
    const json_t *v = json_object_get(o, key);
    json_int_t n = json_integer_value(v);

    if ((v && !json_is_integer(v)) || n < 0 || n > INT_MAX)
        return -EINVAL;
    *ret = (unsigned) n;
    return 0;
}

/* Takes over o; NULL without memory. */
static char *to_text(json_t *o)
{
    char *text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;

    json_decref(o);
    return text;
}

static int read_key(const char *path, EVP_PKEY **ret)
{
    char *text;
    size_t len;
    int r = file_read(path, PEM_FILE_MAX, &text, &len);

    if (r < 0)
        return r;
    *ret = key_from_pem(bytes_of(text, len));
    secret_wipe(text, len);
    free(text);
    return *ret ? 0 : -EINVAL;
}

/* A document with a key beside becomes a version. Takes over document. */
static int put_with_key(const struct versions *v, const char *name, json_t *document,
                        const EVP_PKEY *key)
{
    char *text = to_text(document), *pem = key_to_pem(key);
    int r = -ENOMEM;

    if (text && pem) {
        struct version_file files[] = {
            {name, bytes_str(text), private_file},
            {PAIR_KEY, bytes_str(pem), private_file},
        };

        r = versions_put(v, files, 2);
    }
    free(text);
    key_free_pem(pem);
    return r;
}

/* The same back. -ENOENT, -EINVAL. */
static int load_with_key(const struct versions *v, const char *name, json_t **ret_document,
                         EVP_PKEY **ret_key)
{
    char folder[PATH_MAX], path[PATH_MAX];
    json_t *document = NULL;
    unsigned number;
    int r = versions_current(v, &number);

    if (r == 0)
        r = versions_path(v, number, folder);
    if (r < 0)
        return r;
    r = read_json(folder, name, &document);
    if (r == 0)
        r = path_format(path, "%s/" PAIR_KEY, folder);
    if (r == 0)
        r = read_key(path, ret_key) < 0 ? -EINVAL : 0;
    if (r < 0)
        json_decref(document);
    else
        *ret_document = document;
    return r;
}

/* ---- accounts ---- */

static bool is_file_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

/* Readable, and different for each URL. */
static int account_path(const char *folder, const char *directory, char path[static PATH_MAX])
{
    const char *host = strstr(directory, "://");
    char name[HOST_PART_MAX + 1 + 2 * HASH_PART + 1];
    uint8_t hash[SHA256_SIZE];
    struct bytes url = bytes_str(directory);
    size_t n = 0;

    if (sha256(&url, 1, hash) < 0)
        return -ENOMEM;
    for (host = host ? host + 3 : directory; *host && *host != '/' && n < HOST_PART_MAX; host++) {
        char c = (char) (*host >= 'A' && *host <= 'Z' ? *host + ('a' - 'A') : *host);

        name[n] = is_file_char(c) && (n > 0 || c != '.') ? c : '_';
        n++;
    }
    if (n == 0)
        name[n++] = '_';
    name[n++] = '-';
    for (size_t i = 0; i < HASH_PART; i++, n += 2)
        snprintf(name + n, 3, "%02x", hash[i]);
    return path_format(path, "%s/accounts/%s", folder, name);
}

static struct versions accounts_of(const char *path)
{
    return (struct versions){
        .base = path,
        .folder = "keys",
        .link = "current",
        .access = private_folder,
        .keep = ACCOUNTS_KEPT,
    };
}

int vault_load_account(const char *folder, const char *directory, struct vault_account *ret)
{
    char path[PATH_MAX], written[VAULT_URL_SIZE];
    struct versions v = accounts_of(path);
    struct vault_account a = {.key = NULL};
    json_t *document = NULL;
    int r = account_path(folder, directory, path);

    if (r == 0)
        r = load_with_key(&v, ACCOUNT_JSON, &document, &a.key);
    if (r < 0)
        return r;
    r = get_url(document, "directory", written);
    if (r == 0 && strcmp(written, directory) != 0)
        r = -EINVAL;
    if (r == 0)
        r = get_url(document, "url", a.url);
    if (r == 0)
        r = get_text(document, "email", a.email, sizeof(a.email));
    json_decref(document);
    if (r < 0)
        vault_account_done(&a);
    else
        *ret = a;
    return r;
}

static int drop_next_key(const char *account)
{
    char path[PATH_MAX];
    int r = path_format(path, "%s/" NEXT_KEY, account);

    return r == 0 && unlink(path) < 0 && errno != ENOENT ? -errno : r;
}

int vault_put_account(const struct vault *v, const char *directory, const struct vault_account *a)
{
    char path[PATH_MAX];
    struct versions accounts = accounts_of(path);
    int r = account_path(v->folder, directory, path);

    if (r == 0)
        r = dir_make(path, &private_folder);
    if (r == 0)
        r = put_with_key(
            &accounts, ACCOUNT_JSON,
            json_pack("{s:s,s:s,s:s}", "directory", directory, "url", a->url, "email", a->email),
            a->key);
    return r == 0 ? drop_next_key(path) : r;
}

void vault_account_done(struct vault_account *a)
{
    EVP_PKEY_free(a->key);
    *a = (struct vault_account){.key = NULL};
}

int vault_put_next_key(const struct vault *v, const char *directory, const EVP_PKEY *key)
{
    char account[PATH_MAX], *pem = key_to_pem(key);
    int r = pem ? account_path(v->folder, directory, account) : -ENOMEM;

    if (r == 0)
        r = dir_make(account, &private_folder);
    if (r == 0)
        r = put_file(account, NEXT_KEY, bytes_str(pem));
    key_free_pem(pem);
    return r;
}

int vault_load_next_key(const char *folder, const char *directory, EVP_PKEY **ret)
{
    char account[PATH_MAX], path[PATH_MAX];
    int r = account_path(folder, directory, account);

    if (r == 0)
        r = path_format(path, "%s/" NEXT_KEY, account);
    return r < 0 ? r : read_key(path, ret);
}

int vault_retire_account(const struct vault *v, const char *directory)
{
    char account[PATH_MAX], from[PATH_MAX], to[PATH_MAX];
    int r = account_path(v->folder, directory, account);

    if (r == 0)
        r = path_format(from, "%s/current", account);
    if (r == 0)
        r = path_format(to, "%s/deactivated", account);
    if (r == 0 && rename(from, to) < 0 && errno != ENOENT)
        r = -errno;
    return r == 0 ? drop_next_key(account) : r;
}

/* ---- sets ---- */

int vault_set_path(const char *folder, const struct acme_ids *ids, char path[static PATH_MAX])
{
    char name[ACME_IDS_FOLDER_SIZE];

    return path_format(path, "%s/sets/%s", folder, acme_ids_folder(ids, name));
}

static int make_set(const struct vault *v, const struct acme_ids *ids, char path[static PATH_MAX])
{
    int r = vault_set_path(v->folder, ids, path);

    return r < 0 ? r : dir_make(path, &private_folder);
}

int vault_load_pair(const char *folder, const struct acme_ids *ids, struct vault_pair *ret)
{
    char set[PATH_MAX] = "", path[PATH_MAX], mark[PATH_MAX];
    struct versions pairs = acmecert_versions(set);
    struct vault_pair p = {.revoked = false};
    json_t *origin = NULL;
    unsigned number;
    int r = vault_set_path(folder, ids, set);

    if (r == 0)
        r = versions_current(&pairs, &number);
    if (r == 0)
        r = versions_path(&pairs, number, path);
    if (r == 0)
        r = path_format(mark, "%s/" REVOKED, path);
    if (r < 0)
        return r;
    r = pair_load(path, &p.pair) < 0 ? -EINVAL : read_json(path, ORIGIN_JSON, &origin);
    if (r == 0)
        r = get_url(origin, "directory", p.directory);
    json_decref(origin);
    p.revoked = file_exists(mark);
    if (r < 0)
        vault_pair_done(&p);
    else
        *ret = p;
    return r;
}

int vault_put_pair(const struct vault *v, const struct acme_ids *ids, const struct pair *p,
                   const char *directory)
{
    char set[PATH_MAX] = "", *text = to_text(json_pack("{s:s}", "directory", directory));
    struct version_file origin = {ORIGIN_JSON, bytes_str(text), private_file};
    struct versions pairs = acmecert_versions(set);
    int r = text ? make_set(v, ids, set) : -ENOMEM;

    if (r == 0)
        r = pair_put(&pairs, p, &private_file, &private_file, &origin);
    free(text);
    return r;
}

int vault_mark_revoked(const struct vault *v, const struct acme_ids *ids)
{
    char set[PATH_MAX], path[PATH_MAX];
    int r = vault_set_path(v->folder, ids, set);

    if (r == 0)
        r = path_format(path, "%s/current/" REVOKED, set);
    return r < 0 ? r : file_write(path, bytes_str(""), &private_file);
}

void vault_pair_done(struct vault_pair *p)
{
    pair_done(&p->pair);
    *p = (struct vault_pair){.revoked = false};
}

/* ---- orders ---- */

static struct versions orders_of(const char *set)
{
    return (struct versions){
        .base = set,
        .folder = "orders",
        .link = "order",
        .access = private_folder,
        .keep = 1,
    };
}

int vault_load_order(const struct vault *v, const struct acme_ids *ids, struct vault_order *ret)
{
    char set[PATH_MAX];
    struct versions orders = orders_of(set);
    struct vault_order o = {.key = NULL};
    json_t *document = NULL;
    int r = vault_set_path(v->folder, ids, set);

    if (r == 0)
        r = load_with_key(&orders, ORDER_JSON, &document, &o.key);
    if (r < 0)
        return r;
    r = get_url(document, "directory", o.directory);
    if (r == 0)
        r = get_url(document, "url", o.url);
    if (r == 0)
        r = get_count(document, "resumed", &o.resumed);
    json_decref(document);
    if (r < 0)
        vault_order_done(&o);
    else
        *ret = o;
    return r;
}

int vault_put_order(const struct vault *v, const struct acme_ids *ids, const struct vault_order *o)
{
    char set[PATH_MAX];
    struct versions orders = orders_of(set);
    int r = make_set(v, ids, set);

    if (r < 0)
        return r;
    return put_with_key(&orders, ORDER_JSON,
                        json_pack("{s:s,s:s,s:I}", "directory", o->directory, "url", o->url,
                                  "resumed", (json_int_t) o->resumed),
                        o->key);
}

int vault_drop_order(const struct vault *v, const struct acme_ids *ids)
{
    char set[PATH_MAX], path[PATH_MAX];
    int r = vault_set_path(v->folder, ids, set);

    if (r == 0)
        r = path_format(path, "%s/order", set);
    if (r == 0 && unlink(path) < 0 && errno != ENOENT)
        r = -errno;
    if (r == 0)
        r = path_format(path, "%s/orders", set);
    return r < 0 ? r : dir_remove(path);
}

void vault_order_done(struct vault_order *o)
{
    EVP_PKEY_free(o->key);
    *o = (struct vault_order){.key = NULL};
}

/* ---- state ---- */

int vault_load_state(const char *folder, const struct acme_ids *ids, char **ret_text,
                     size_t *ret_len)
{
    char set[PATH_MAX], path[PATH_MAX];
    int r = vault_set_path(folder, ids, set);

    if (r == 0)
        r = path_format(path, "%s/" STATE_JSON, set);
    if (r == 0)
        r = file_read(path, VAULT_STATE_MAX, ret_text, ret_len);
    return r == -EFBIG || r == -EISDIR ? -EINVAL : r;
}

int vault_put_state(const struct vault *v, const struct acme_ids *ids, struct bytes text)
{
    char set[PATH_MAX];
    int r = make_set(v, ids, set);

    return r < 0 ? r : put_file(set, STATE_JSON, text);
}
