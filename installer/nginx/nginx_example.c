#include "nginx/nginx_example.h"

#include "base/crypto.h"
#include "files/files.h"
#include "host/paths.h"
#include "host/subprocess.h"
#include "nginx/nginx_ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINK "/etc/nginx/sites-enabled/default"
#define TARGET "/etc/nginx/sites-available/default"
#define PACKAGE "nginx-common"
#define MARK "nginx-example" /* below PATH_STATE; the package's removal looks for it */
#define EXAMPLE_PORT 80
#define FILE_SIZE_MAX 65536
#define ASK_LIMIT_MS 5000
#define MD5_TEXT_SIZE (2 * MD5_SIZE + 1)

const char *nginx_example_link(void)
{
    static char path[PATH_MAX];

    return path_in_root(path, LINK);
}

/* Does the link lead to the example, as it was when the package made it? */
static bool is_enabled(void)
{
    char expected[PATH_MAX], target[PATH_MAX];
    ssize_t n = readlink(nginx_example_link(), target, sizeof(target) - 1);

    if (n < 0)
        return false;
    target[n] = '\0';
    path_in_root(expected, TARGET);
    return strcmp(target, TARGET) == 0 || strcmp(target, expected) == 0 ||
           strcmp(target, "../sites-available/default") == 0;
}

/* What the package manager knows of its files: a line " PATH MD5" for each. */
static bool package_has(const char *sum)
{
    char root[PATH_MAX], option[PATH_MAX + 16], wanted[128];
    const char *const argv[] = {"dpkg-query", option, "-W", "-f=${Conffiles}\n", PACKAGE, NULL};
    struct subprocess_result result;
    bool has;

    snprintf(option, sizeof(option), "--root=%s", path_in_root(root, "/"));
    if (subprocess_run(argv, NULL, ASK_LIMIT_MS, &result) < 0)
        return false;
    snprintf(wanted, sizeof(wanted), " " TARGET " %s", sum);
    has = result.status == 0 && strstr(result.output, wanted) != NULL;
    subprocess_done(&result);
    return has;
}

static bool is_unchanged(void)
{
    char path[PATH_MAX], sum[MD5_TEXT_SIZE], *text;
    uint8_t digest[MD5_SIZE];
    struct bytes content;
    size_t len;
    int r = file_read(path_in_root(path, TARGET), FILE_SIZE_MAX, &text, &len);

    if (r < 0)
        return false;
    content = bytes_of(text, len);
    r = md5(&content, 1, digest);
    free(text);
    for (size_t i = 0; r == 0 && i < MD5_SIZE; i++)
        snprintf(&sum[2 * i], 3, "%02x", digest[i]);
    return r == 0 && package_has(sum);
}

static bool is_held(const struct nginx_facts *f, char *who, size_t who_size)
{
    struct addr any = {.family = AF_INET, .port = EXAMPLE_PORT};

    if (nginx_port_is_foreign(f, &any, who, who_size))
        return true;
    any.family = AF_INET6;
    return f->ipv6 && nginx_port_is_foreign(f, &any, who, who_size);
}

bool nginx_example_blocks(const struct nginx_facts *f, char *who, size_t who_size)
{
    return is_enabled() && is_held(f, who, who_size) && is_unchanged();
}

int nginx_example_set_aside(void)
{
    static const struct file_access access = {0644, FILE_KEEP_OWNER, (gid_t) FILE_KEEP_OWNER};
    char path[PATH_MAX];
    int r = file_write(path_join(path, PATH_STATE, MARK), bytes_str(LINK "\n"), &access);

    if (r < 0)
        return r;
    return unlink(nginx_example_link()) < 0 && errno != ENOENT ? -errno : 0;
}
