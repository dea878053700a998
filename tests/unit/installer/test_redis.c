/* The real redis-server, where there is one, with our configuration. */
#include "installed_kit.h"

#include "apply/redis.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_SIZE 4096

static char config[PATH_MAX], socket_path[PATH_MAX], data[PATH_MAX];

static void write_config(const char *log_level)
{
    static const struct file_access access = {0600, FILE_KEEP_OWNER, FILE_KEEP_OWNER};
    char text[4096];
    struct wr w = wr_init(text, sizeof(text));
    size_t len = 0;

    snprintf(config, sizeof(config), "%s/redis.conf", kit_root);
    snprintf(socket_path, sizeof(socket_path), "%s/a \"quoted\" socket", kit_root);
    snprintf(data, sizeof(data), "%s/data folder", kit_root);
    assert_int_equal(dir_make(data, NULL), 0);
    render_redis(&w, socket_path, data, log_level);
    assert_int_equal(wr_finish(&w, &len), 0);
    assert_int_equal(file_write(config, bytes_of(text, len), &access), 0);
}

static bool is_here(void)
{
    return access("/usr/bin/redis-server", X_OK) == 0;
}

static pid_t start(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    if (!freopen("/dev/null", "w", stdout))
        _exit(126);
    execl("/usr/bin/redis-server", "redis-server", config, (char *) NULL);
    _exit(127);
}

static int connect_to(pid_t pid)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(fd >= 0 && strlen(socket_path) < sizeof(sa.sun_path));
    memcpy(sa.sun_path, socket_path, strlen(socket_path) + 1);
    while (connect(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0) {
        assert_int_equal(waitpid(pid, NULL, WNOHANG), 0); /* it has not given up */
        usleep(10000);
    }
    return fd;
}

/* Answers are small: Redis writes each at once. */
static void ask_once(int fd, const char *command, char answer[static ANSWER_SIZE])
{
    ssize_t n;

    assert_int_equal(write(fd, command, strlen(command)), strlen(command));
    n = read(fd, answer, ANSWER_SIZE - 1);
    assert_true(n > 0);
    answer[n] = '\0';
}

/* It answers, too, while it still reads its file. */
static void ask(int fd, const char *command, const char *wanted)
{
    char answer[ANSWER_SIZE];

    for (;;) {
        ask_once(fd, command, answer);
        if (strncmp(answer, "-LOADING", 8) != 0)
            break;
        usleep(10000);
    }
    if (!strstr(answer, wanted))
        fail_msg("%s gives %s", command, answer);
}

static void end(pid_t pid, int signo)
{
    kill(pid, signo);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void keeps_what_it_was_given(void **state)
{
    struct stat st;
    pid_t pid;
    int fd;

    (void) state;
    if (!is_here())
        skip();
    write_config("info");
    pid = start();
    fd = connect_to(pid);
    assert_int_equal(stat(socket_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0770);
    ask(fd, "CONFIG GET port\r\n", "\r\n$1\r\n0\r\n");
    ask(fd, "CONFIG GET maxmemory-policy\r\n", "noeviction\r\n");
    ask(fd, "CONFIG GET save\r\n", "\r\n$0\r\n\r\n");
    ask(fd, "SET a 1\r\n", "+OK\r\n");
    close(fd);
    /* what was written reaches the file before the answer, so a kill loses nothing */
    end(pid, SIGKILL);
    pid = start();
    fd = connect_to(pid);
    ask(fd, "GET a\r\n", "$1\r\n1\r\n");
    close(fd);
    end(pid, SIGTERM);
}

static void every_log_level(void **state)
{
    static const char *const levels[] = {"error", "warning", "notice", "info", "debug"};

    (void) state;
    if (!is_here())
        skip();
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        pid_t pid;

        write_config(levels[i]);
        pid = start();
        close(connect_to(pid));
        end(pid, SIGTERM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_what_it_was_given, kit_set_up, kit_tear_down),
        cmocka_unit_test_setup_teardown(every_log_level, kit_set_up, kit_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
