/* Call detail records: the same events as the webhook's, a line each, whatever happens to the disk
 * and the files; and how operators get at them. */
#include "signaling_hook.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define CDR_DIR_SIZE 128

static struct hook *hook;
static struct kit *kit;
static char dir[CDR_DIR_SIZE]; /* of the records */
static bool own_mounts;        /* of this process: it may mount what it likes */

static int start(bool with_folder, const char *more)
{
    char settings[512];

    strcpy(dir, "/tmp/visavis-cdr-XXXXXX");
    assert_non_null(mkdtemp(dir));
    if (!with_folder)
        strcat(dir, "/not/yet");
    hook = hook_start();
    snprintf(settings, sizeof(settings), "cdr_path = \"%s\";\n%s", dir, more);
    kit = kit_start(hook_settings(hook, settings));
    return 0;
}

static int setup(void **state)
{
    (void) state;
    return start(true, "");
}

static int setup_old_paths(void **state)
{
    (void) state;
    return start(true, "deprecated_api = true;\n");
}

static int setup_no_folder(void **state)
{
    (void) state;
    return start(false, "");
}

static int teardown(void **state)
{
    char command[CDR_DIR_SIZE + 16];

    (void) state;
    kit_stop(kit);
    hook_stop(hook);
    (void) umount(dir);
    dir[strlen("/tmp/visavis-cdr-XXXXXX")] = '\0';
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

/* ---- the files ---- */

static int is_record(const struct dirent *d)
{
    return strncmp(d->d_name, "CDR.", 4) == 0;
}

/* All lines of all files, oldest first: the texts. A NUL within them fails. */
static json_t *read_lines(void)
{
    json_t *lines = json_array();
    struct dirent **found;
    int n = scandir(dir, &found, is_record, alphasort);

    for (int i = 0; i < n; i++) {
        char path[512], *line = NULL;
        size_t cap = 0;
        ssize_t len;
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", dir, found[i]->d_name);
        f = fopen(path, "r");
        assert_non_null(f);
        while ((len = getline(&line, &cap, f)) > 0) {
            assert_int_equal(len, strlen(line));
            if (line[len - 1] == '\n')
                json_array_append_new(lines, json_stringn(line, (size_t) len - 1));
        }
        free(line);
        fclose(f);
        free(found[i]);
    }
    if (n >= 0)
        free(found);
    return lines;
}

/* Waits until there are n lines; all of them. */
static json_t *wait_for_lines(size_t n)
{
    for (int i = 0; i < KIT_PATIENCE_MS / 10; i++) {
        json_t *lines = read_lines();

        if (json_array_size(lines) >= n)
            return lines;
        json_decref(lines);
        usleep(10000);
    }
    fail_msg("no %zu lines", n);
    return NULL;
}

static void make_sessions(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char id[16];

        snprintf(id, sizeof(id), "S%u", i);
        kit_make_session(kit, id);
    }
}

/* Exactly: sessionCreated of S<from> up to S<to - 1>. */
static void assert_sessions(unsigned from, unsigned to)
{
    json_t *lines = wait_for_lines(to - from);

    assert_int_equal(json_array_size(lines), to - from);
    for (unsigned i = from; i < to; i++) {
        json_t *line = json_loads(json_string_value(json_array_get(lines, i - from)), 0, NULL);
        char id[16];

        snprintf(id, sizeof(id), "S%u", i);
        assert_string_equal(string_of(json_object_get(line, "sessionCreated"), "sessionId"), id);
        json_decref(line);
    }
    json_decref(lines);
}

static void each_file(const char *command)
{
    char text[512];

    snprintf(text, sizeof(text), "cd %s && for f in CDR.*; do %s; done", dir, command);
    assert_int_equal(system(text), 0);
}

/* ---- what is written ---- */

/* {"<name>":{...}}, and {"event":"<name>",...}: the same fields in the same order. */
static void test_as_the_webhook(void **state)
{
    struct peer *a, *b;
    json_t *lines, *r;
    size_t n;

    (void) state;
    kit_make_session(kit, "S");
    a = peer_join(kit, "S", "PUBLISHER", NULL);
    b = peer_join(kit, "S", "PUBLISHER", NULL);
    r = peer_publish(a, "offer");
    peer_do(b, "receiveVideoFrom",
            json_pack("{s:s,s:s}", "sender", string_of(r, "id"), "sdpOffer", "offer"));
    json_decref(r);
    peer_do(a, "sendMessage",
            json_pack("{s:s}", "message", "{\"type\":\"t\",\"data\":\"\\u00e4\\n\\\"\"}"));
    peer_do(a, "leaveRoom", NULL);
    peer_do(b, "leaveRoom", NULL);
    (void) hook_request(hook, 10);
    lines = wait_for_lines(11);
    n = json_array_size(lines);
    assert_int_equal(n, 11);
    assert_int_equal(hook_n_requests(hook), n);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(lines, i));
        const char *sent = string_of(hook_request(hook, i), "text");
        char body[4096];
        size_t name = strcspn(text + 2, "\"");

        assert_true(name > 0);
        snprintf(body, sizeof(body), "{\"event\":\"%.*s\",%s", (int) name, text + 2,
                 text + 2 + name + 3);
        body[strlen(body) - 1] = '\0';
        assert_string_equal(body, sent);
    }
    json_decref(lines);
    peer_close(a);
    peer_close(b);
}

/* Nobody answers the webhook: the lines are written all the same. */
static void test_without_the_webhook(void **state)
{
    (void) state;
    hook_set(hook, 200, 0, true);
    make_sessions(0, 5);
    assert_sessions(0, 5);
    hook_set(hook, 200, 0, false);
    (void) hook_request(hook, 4);
}

/* ---- accidents ---- */

static void test_folder_comes_later(void **state)
{
    char command[CDR_DIR_SIZE + 16];

    (void) state;
    make_sessions(0, 5);
    (void) hook_request(hook, 4); /* which does not wait for the lines */
    snprintf(command, sizeof(command), "mkdir -p %s", dir);
    assert_int_equal(system(command), 0);
    make_sessions(5, 6);
    assert_sessions(0, 6);
}

/* The file is cut, then taken away; twice, and with lines in between. */
static void test_rotation(void **state)
{
    unsigned n = 0;

    (void) state;
    for (int i = 0; i < 2; i++) {
        make_sessions(n, n + 3);
        assert_sessions(n, n + 3);
        n += 3;
        each_file(": >$f");
        make_sessions(n, n + 3);
        assert_sessions(n, n + 3);
        n += 3;
        each_file("mv $f old.$f");
        make_sessions(n, n + 1);
        assert_sessions(n, n + 1);
        n++;
        each_file("rm $f");
    }
}

static void fill(bool full)
{
    char path[CDR_DIR_SIZE + 16];
    static const char zeros[4096];
    int fd;

    snprintf(path, sizeof(path), "%s/filler", dir);
    if (!full) {
        assert_int_equal(unlink(path), 0);
        return;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, zeros, sizeof(zeros)) > 0)
        continue;
    close(fd);
}

static void test_full(void **state)
{
    (void) state;
    if (!own_mounts || mount("tmpfs", dir, "tmpfs", 0, "size=64k") < 0)
        skip();
    make_sessions(0, 2);
    assert_sessions(0, 2);
    fill(true);
    make_sessions(2, 60); /* more than what is left of the page */
    (void) hook_request(hook, 59);
    {
        json_t *lines = read_lines();

        assert_true(json_array_size(lines) < 60);
        json_decref(lines);
    }
    fill(false);
    make_sessions(60, 61);
    assert_sessions(0, 61);
}

/* Lines that waited are written by and by, without another event. */
static void test_tried_again(void **state)
{
    char command[CDR_DIR_SIZE + 16];

    (void) state;
    make_sessions(0, 3);
    (void) hook_request(hook, 2);
    snprintf(command, sizeof(command), "mkdir -p %s", dir);
    assert_int_equal(system(command), 0);
    assert_sessions(0, 3);
}

/* Each life of the daemon has a file of its own; what a life knew is written when it ends. */
static void test_stopped(void **state)
{
    json_t *lines, *last;

    (void) state;
    make_sessions(0, 3);
    kill(kit->pid, SIGTERM);
    lines = wait_for_lines(6);
    last = json_loads(json_string_value(json_array_get(lines, 5)), 0, NULL);
    assert_string_equal(string_of(json_object_get(last, "sessionDestroyed"), "reason"),
                        "openviduServerStopped");
    json_decref(last);
    json_decref(lines);
}

/* ---- over HTTP ---- */

static unsigned get(const char *path, const char *headers, json_t **ret, char *head)
{
    return kit_request(kit, "GET", path, headers, "", ret, head);
}

static void test_download(void **state)
{
    static const char *const hidden[] = {"filler", "old.CDR.2024-10-04_00-00-00.log",
                                         "CDR.2024-10-04_00-00-00.log", "..%2Fx", "a/b"};
    char path[256], head[2048];
    json_t *list, *line;

    (void) state;
    make_sessions(0, 1);
    assert_sessions(0, 1);
    snprintf(path, sizeof(path), "%s/filler", dir);
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    assert_int_equal(get("/openvidu/cdr", "", NULL, head), 401);
    assert_non_null(strstr(head, "WWW-Authenticate"));
    assert_int_equal(get("/openvidu/cdr", KIT_AUTH, &list, head), 200);
    assert_non_null(strstr(head, "application/json"));
    assert_int_equal(json_array_size(list), 1);
    snprintf(path, sizeof(path), "/openvidu/cdr/%s", json_string_value(json_array_get(list, 0)));
    assert_int_equal(get(path, "", NULL, head), 401);
    assert_int_equal(get(path, KIT_AUTH, &line, head), 200);
    assert_non_null(strstr(head, "text/plain"));
    assert_string_equal(string_of(json_object_get(line, "sessionCreated"), "sessionId"), "S0");
    json_decref(line);
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        snprintf(path, sizeof(path), "/openvidu/cdr/%s", hidden[i]);
        assert_int_equal(get(path, KIT_AUTH, NULL, head), 404);
    }
    assert_int_equal(get("/cdr", KIT_AUTH, NULL, head), 404);
    json_decref(list);
}

static void test_old_path(void **state)
{
    char path[256], head[2048];
    json_t *list;

    (void) state;
    make_sessions(0, 1);
    assert_sessions(0, 1);
    assert_int_equal(get("/cdr", "", NULL, head), 401);
    assert_int_equal(get("/cdr", KIT_AUTH, &list, head), 200);
    snprintf(path, sizeof(path), "/cdr/%s", json_string_value(json_array_get(list, 0)));
    assert_int_equal(get(path, KIT_AUTH, NULL, head), 200);
    json_decref(list);
}

/* Switched on and off while it runs. */
static void test_switched(void **state)
{
    char head[2048], settings[256];

    (void) state;
    make_sessions(0, 1);
    assert_sessions(0, 1);
    kit_write_config(kit, "MY_SECRET", "");
    assert_int_equal(kill(kit->pid, SIGHUP), 0);
    for (int i = 0; get("/openvidu/cdr", KIT_AUTH, NULL, head) != 404 && i < 1000; i++)
        usleep(10000);
    make_sessions(1, 3);
    snprintf(settings, sizeof(settings), "cdr_path = \"%s\";\n", dir);
    kit_write_config(kit, "MY_SECRET", settings);
    assert_int_equal(kill(kit->pid, SIGHUP), 0);
    for (int i = 0; get("/openvidu/cdr", KIT_AUTH, NULL, head) != 200 && i < 1000; i++)
        usleep(10000);
    each_file(": >$f");
    make_sessions(3, 5);
    assert_sessions(3, 5);
}

/* ---- the disk of its own ---- */

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    (void) !write(fd, text, strlen(text));
    close(fd);
}

static bool enter_own_mounts(void)
{
    unsigned uid = geteuid(), gid = getegid();
    char text[64];

    if (uid != 0) {
        if (unshare(CLONE_NEWUSER) < 0)
            return false;
        snprintf(text, sizeof(text), "0 %u 1", uid);
        write_text("/proc/self/uid_map", text);
        write_text("/proc/self/setgroups", "deny");
        snprintf(text, sizeof(text), "0 %u 1", gid);
        write_text("/proc/self/gid_map", text);
    }
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_as_the_webhook, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_the_webhook, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder_comes_later, setup_no_folder, teardown),
        cmocka_unit_test_setup_teardown(test_tried_again, setup_no_folder, teardown),
        cmocka_unit_test_setup_teardown(test_rotation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_download, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_path, setup_old_paths, teardown),
        cmocka_unit_test_setup_teardown(test_switched, setup, teardown),
    };

    own_mounts = enter_own_mounts();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
