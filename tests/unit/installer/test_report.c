#include "apply/inforce.h"
#include "files/files.h"
#include "host/paths.h"
#include "host/workdir.h"
#include "print_kit.h"
#include "settings_kit.h"
#include "status/report.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

static struct workdir dir;

static void put(const char *name, const char *content)
{
    const struct file_access access = {
        .mode = 0600, .uid = FILE_KEEP_OWNER, .gid = (gid_t) FILE_KEEP_OWNER};
    char path[PATH_MAX], folder[PATH_MAX];

    path_in_root(path, name);
    snprintf(folder, sizeof(folder), "%.*s", (int) (strrchr(path, '/') - path), path);
    assert_int_equal(dir_make(folder, NULL), 0);
    assert_int_equal(file_write(path, bytes_str(content), &access), 0);
}

/* The settings in force, as apply leaves them. */
static void put_in_force(const char *env)
{
    static char text[SETTINGS_WRITE_MAX];
    struct settings *s = settings_of(env);
    struct wr w = wr_init(text, sizeof(text) - 1);
    char link[PATH_MAX];
    size_t len = 0;

    settings_write(&w, s);
    assert_int_equal(wr_finish(&w, &len), 0);
    text[len] = 0;
    put("/var/lib/visavis/conf/4/settings.env", text);
    assert_int_equal(link_replace(path_in_root(link, "/var/lib/visavis/conf/current"), "4"), 0);
    settings_free(s);
}

static int setup(void **state)
{
    (void) state;
    assert_int_equal(workdir_make(&dir), 0);
    setenv("VISAVIS_ROOT", dir.path, 1);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    workdir_remove(&dir);
    return 0;
}

static void test_in_force(void **state)
{
    struct settings *s = NULL;
    struct inforce f;

    (void) state;
    assert_int_equal(inforce_settings(&s), -ENOENT);
    assert_int_equal(inforce_look(&f), -ENOENT);
    put_in_force("HTTPS_PORT=8443\n");
    assert_int_equal(inforce_settings(&s), 0);
    assert_int_equal(settings_int(s, SET_HTTPS_PORT), 8443);
    settings_free(s);
    assert_int_equal(inforce_look(&f), 0);
    assert_int_equal(f.generation, 4);
    assert_true(f.applied_us > UINT64_C(1700000000) * 1000000);
    put("/var/lib/visavis/conf/4/settings.env", "not written by us");
    assert_int_equal(inforce_settings(&s), -EBADMSG);
}

struct told {
    char names[1024];
};

static void on_part(const struct report_part *part, void *arg)
{
    struct told *t = arg;
    size_t len = strlen(t->names);

    if (part->size > 0)
        snprintf(t->names + len, sizeof(t->names) - len, "%s ", part->name);
}

/* All files of the report, one after the other. */
static char *read_all(const char *folder)
{
    struct print *p = print_begin();
    DIR *d = opendir(folder);
    struct dirent *e;

    assert_non_null(d);
    while ((e = readdir(d))) {
        char path[PATH_MAX + 300], *text;
        struct stat st;
        size_t len;

        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(file_read(path, 16U << 20, &text, &len), 0);
        fprintf(p->to, "== %s\n%s\n", e->d_name, text);
        free(text);
    }
    closedir(d);
    return print_end(p);
}

static void test_no_secret_gets_in(void **state)
{
    struct told told = {""};
    char folder[PATH_MAX], env[PATH_MAX + 512], *all;

    (void) state;
    put("/etc/visavis/.env", "DOMAIN_OR_PUBLIC_IP=meet.example.org\n"
                             "OPENVIDU_SECRET=Marker-Of-The-Env\n"
                             "NO_KEY_OF_OURS=Marker-Of-A-Stranger\n"
                             "HTTPS_PORT=none\n");
    put("/etc/visavis/dns.env", "# a comment\nCF_Key=Marker-Of-The-DNS\nCF_Account_ID=x\n");
    snprintf(env, sizeof(env),
             "CALL_SECRET=Marker-In-Force\n"
             "COTURN_SHARED_SECRET_KEY=MarkerTurn\n"
             "ACME_EAB_KID=MarkerKid\n"
             "ACME_EAB_HMAC_KEY=MarkerEabKey\n"
             "ACME_DNS_ENV=%s\n"
             "OPENVIDU_WEBHOOK=true\n"
             "OPENVIDU_WEBHOOK_ENDPOINT=https://hooks.example.org/?key=MarkerUrl\n",
             path_in_root(folder, "/etc/visavis/dns.env"));
    put_in_force(env);
    put("/var/lib/visavis/secrets/turn", "Marker-Generated-1234\n");
    put("/var/lib/visavis/conf/4/signaling.cfg",
        "listen = \"x\";\nturn_secret = \"Marker-Rendered\";\nplain = \"Marker-In-Force\";\n");
    put("/var/log/visavis.log", "one Marker-Of-The-Env\ntwo Marker-In-Force MarkerTurn\n"
                                "three Marker-Rendered\nfour Marker-Of-A-Stranger\n"
                                "five Marker-Generated-1234\nsix token=MarkerToken\n"
                                "seven MarkerKid MarkerEabKey Marker-Of-The-DNS\n");
    assert_int_equal(dir_make(path_in_root(folder, "/out"), NULL), 0);
    assert_int_equal(report_gather(folder, NULL, on_part, &told), 0);
    assert_has(told.names, "versions.txt ");
    assert_has(told.names, "settings.txt ");
    assert_has(told.names, "config-check.txt ");
    assert_has(told.names, "signaling.cfg ");
    assert_has(told.names, "run.log ");
    assert_has_not(told.names, "redis.conf");
    all = read_all(folder);
    assert_has_not(all, "Marker");
    assert_has(all, "one [hidden]");
    assert_has(all, "listen = \"x\"");
    assert_has(all, "CALL_SECRET=[hidden]");
    assert_has(all, "HTTPS_PORT=none"); /* what is wrong is shown, as it is no secret */
    free(all);
}

static void test_long_logs_keep_their_end(void **state)
{
    struct told told = {""};
    char folder[PATH_MAX], *all, *log = malloc(REPORT_LOG_MAX + 100000);
    size_t len = 0;

    (void) state;
    assert_non_null(log);
    while (len < REPORT_LOG_MAX + 50000)
        len += (size_t) sprintf(log + len, "line %zu\n", len);
    sprintf(log + len, "the last line\n");
    put("/var/log/visavis.log", log);
    assert_int_equal(dir_make(path_in_root(folder, "/out"), NULL), 0);
    assert_int_equal(report_gather(folder, NULL, on_part, &told), 0);
    all = read_all(folder);
    assert_has(all, "the last line\n");
    assert_has_not(all, "line 0\n");
    free(all);
    free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_in_force, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_secret_gets_in, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_logs_keep_their_end, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
