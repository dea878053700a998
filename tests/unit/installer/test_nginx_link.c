/* Links for nginx, and the copy of a configuration that a trial runs on. nginx itself is asked by
 * tests/system/nginx.sh. */
#include "files/files.h"
#include "host/paths.h"
#include "nginx/nginx.h"
#include "nginx/nginx_copy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[64];

static int make_root(void **state)
{
    static const char *const dirs[] = {"/etc/nginx/sites-enabled", "/etc/nginx/modules-enabled",
                                       "/etc/nginx/conf.d",        "/etc/nginx/snippets",
                                       "/usr/share/nginx/modules", "/var/lib/visavis/conf/1"};
    char path[128];

    (void) state;
    snprintf(root, sizeof(root), "/tmp/visavis-test-XXXXXX");
    if (!mkdtemp(root) || setenv("VISAVIS_ROOT", root, 1) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", root, dirs[i]);
        if (dir_make(path, NULL) < 0)
            return -1;
    }
    return 0;
}

static int remove_root(void **state)
{
    (void) state;
    unsetenv("VISAVIS_ROOT");
    return dir_remove(root);
}

static const char *at(const char *name)
{
    static char path[4][256];
    static unsigned i;

    i = (i + 1) % 4;
    snprintf(path[i], sizeof(path[i]), "%s%s", root, name);
    return path[i];
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static struct nginx_facts facts(void)
{
    struct nginx_facts f = {.installed = true};

    snprintf(f.conf, sizeof(f.conf), "%s", at("/etc/nginx/nginx.conf"));
    snprintf(f.site_link, sizeof(f.site_link), "%s", at("/etc/nginx/sites-enabled/visavis.conf"));
    snprintf(f.stream_link, sizeof(f.stream_link), "%s",
             at("/etc/nginx/modules-enabled/90-visavis-stream.conf"));
    return f;
}

static bool is_link(const char *name)
{
    struct stat st;

    return lstat(at(name), &st) == 0 && S_ISLNK(st.st_mode);
}

#define SITE_LINK "/etc/nginx/sites-enabled/visavis.conf"
#define STREAM_LINK "/etc/nginx/modules-enabled/90-visavis-stream.conf"

static void test_links(void **state)
{
    struct nginx_facts f = facts();
    char target[256] = "";
    bool changed = false;

    (void) state;
    assert_int_equal(nginx_link(PROXY_FRONT, &f, &changed), 0);
    assert_true(changed && is_link(SITE_LINK) && is_link(STREAM_LINK));
    assert_true(readlink(at(SITE_LINK), target, sizeof(target) - 1) > 0);
    assert_string_equal(target, at("/var/lib/visavis/conf/current/nginx-site.conf"));
    assert_int_equal(nginx_link(PROXY_FRONT, &f, &changed), 0);
    assert_false(changed);
    assert_int_equal(nginx_link(PROXY_SITE, &f, &changed), 0);
    assert_true(changed && is_link(SITE_LINK) && !is_link(STREAM_LINK));
    assert_int_equal(nginx_link(PROXY_EXTERNAL, &f, &changed), 0);
    assert_true(changed && !is_link(SITE_LINK));
    assert_int_equal(nginx_unlink(&changed), 0);
    assert_false(changed);
}

/* A machine whose nginx.conf was changed: the place of before is given up. */
static void test_another_place(void **state)
{
    struct nginx_facts f = facts();
    bool changed;

    (void) state;
    assert_int_equal(nginx_link(PROXY_FRONT, &f, &changed), 0);
    snprintf(f.site_link, sizeof(f.site_link), "%s", at("/etc/nginx/conf.d/visavis.conf"));
    assert_int_equal(nginx_link(PROXY_FRONT, &f, &changed), 0);
    assert_true(changed && is_link("/etc/nginx/conf.d/visavis.conf") && !is_link(SITE_LINK));
    assert_int_equal(nginx_unlink(&changed), 0);
    assert_true(changed && !is_link("/etc/nginx/conf.d/visavis.conf") && !is_link(STREAM_LINK));
}

static void test_what_is_not_ours_stays(void **state)
{
    struct nginx_facts f = facts();
    bool changed;

    (void) state;
    put(SITE_LINK, "server { }");
    assert_int_equal(nginx_link(PROXY_SITE, &f, &changed), -EEXIST);
    assert_int_equal(nginx_unlink(&changed), 0);
    assert_false(changed);
    assert_int_equal(unlink(at(SITE_LINK)), 0);
    assert_int_equal(symlink("/elsewhere", at(SITE_LINK)), 0);
    assert_int_equal(nginx_link(PROXY_SITE, &f, &changed), -EEXIST);
    assert_int_equal(nginx_unlink(&changed), 0);
    assert_true(is_link(SITE_LINK));
    f.site_link[0] = '\0';
    assert_int_equal(nginx_link(PROXY_SITE, &f, &changed), -ENOENT);
}

/* ---- the copy ---- */

static char *read_all(const char *path)
{
    static char text[4096];
    FILE *f = fopen(path, "r");
    size_t n;

    assert_non_null(f);
    n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

static bool exists(const struct nginx_copy *c, const char *name)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", c->dir.path, name);
    return access(path, F_OK) == 0;
}

static void write_conf(void)
{
    char text[2048];

    snprintf(
        text, sizeof(text),
        "user www-data;\npid /run/nginx.pid; # here\ndaemon\n  off;\n"
        "include %s/etc/nginx/modules-enabled/*.conf;\ninclude %s/usr/share/nginx/modules/*.conf;\n"
        "http {\n    include mime.types;\n    include %s/etc/nginx/sites-enabled/*;\n"
        "    include %s/etc/nginx/snippets/*;\n    include /elsewhere/*;\n    pid x;\n}\n",
        root, root, root, root);
    put("/etc/nginx/nginx.conf", text);
    put("/etc/nginx/mime.types", "");
    put("/etc/nginx/sites-enabled/shop", "");
    put("/var/lib/visavis/conf/1/nginx-site.conf", "");
}

static void test_copy(void **state)
{
    struct nginx_facts f = facts();
    const char *files[N_NGINX_FILES] = {[NGINX_FILE_SITE] = NULL};
    char *text, wanted[2048], *path;
    struct nginx_copy c;
    bool changed;

    (void) state;
    write_conf();
    assert_int_equal(nginx_link(PROXY_FRONT, &f, &changed), 0);
    files[NGINX_FILE_SITE] = at("/var/lib/visavis/conf/1/nginx-site.conf");
    assert_int_equal(nginx_copy_make(&f, files, &c), 0);
    text = read_all(c.conf);
    snprintf(wanted, sizeof(wanted),
             "master_process off; pid \"%s/.pid\"; error_log \"%s/error.log\"; "
             "user www-data;\n # here\n\n\n"
             "include \"%s/modules-enabled/*.conf\";\n"
             "include \"%s/.outside%s/usr/share/nginx/modules/*.conf\";\n"
             "http {\n    include mime.types;\n    include \"%s/sites-enabled/*\";\n"
             "    include \"%s/snippets/*\";\n    include /elsewhere/*;\n    pid x;\n}\n",
             c.dir.path, c.dir.path, c.dir.path, c.dir.path, root, c.dir.path, c.dir.path);
    assert_string_equal(text, wanted);
    assert_true(exists(&c, "mime.types") && exists(&c, "snippets"));
    assert_true(exists(&c, "sites-enabled/shop") && exists(&c, "sites-enabled/visavis.conf"));
    assert_false(exists(&c, "modules-enabled/90-visavis-stream.conf"));
    path = strdup(c.dir.path);
    nginx_copy_remove(&c);
    assert_int_equal(access(path, F_OK), -1);
    free(path);
}

static void test_explained(void **state)
{
    struct nginx_facts f = facts();
    const char *files[N_NGINX_FILES] = {[NGINX_FILE_SITE] = "/gen/7/nginx-site.conf"};
    char said[2048], why[1024], small[40], wanted[512];
    struct nginx_copy c;

    (void) state;
    write_conf();
    assert_int_equal(nginx_copy_make(&f, files, &c), 0);
    snprintf(said, sizeof(said),
             "nginx: [warn] something\n"
             "nginx: [emerg] unknown directive \"a\" in %s/sites-enabled/visavis.conf:3\n"
             "nginx: [emerg] also in %s/sites-enabled/visavis.conf.old:4 and %s/.outside/usr/x:5\n"
             "nginx: configuration file %s/nginx.conf test failed\n",
             c.dir.path, c.dir.path, c.dir.path, c.dir.path);
    nginx_copy_explain(&c, said, why, sizeof(why));
    snprintf(wanted, sizeof(wanted),
             "[emerg] unknown directive \"a\" in /gen/7/nginx-site.conf:3; [emerg] also in "
             "%s/etc/nginx/sites-enabled/visavis.conf.old:4 and /usr/x:5",
             root);
    assert_string_equal(why, wanted);
    nginx_copy_explain(&c, said, small, sizeof(small));
    assert_int_equal(strncmp(small, wanted, strlen(small)), 0);
    nginx_copy_explain(&c, "no emergency\n\nmore", why, sizeof(why));
    assert_string_equal(why, "no emergency; more");
    nginx_copy_remove(&c);
}

static void test_no_copy(void **state)
{
    struct nginx_facts f = facts();
    const char *files[N_NGINX_FILES] = {[NGINX_FILE_SITE] = NULL};
    struct nginx_copy c;

    (void) state;
    assert_int_equal(nginx_copy_make(&f, files, &c), -ENOENT);
    write_conf();
    f.stream_link[0] = '\0';
    files[NGINX_FILE_STREAM] = "/gen/7/nginx-stream.conf";
    assert_int_equal(nginx_copy_make(&f, files, &c), -ENOENT);
    f.conf[0] = '\0';
    assert_int_equal(nginx_copy_make(&f, files, &c), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_links, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_another_place, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_what_is_not_ours_stays, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_copy, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_explained, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_no_copy, make_root, remove_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
