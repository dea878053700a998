/* die_at.so: a process that dies at a chosen step, for tests of what is left then.
 *
 * LD_PRELOAD=die_at.so DIE_PROGRAM=visavis DIE_AT=7 visavis ...
 *
 * A step is a call that changes something outside of the process: files made, opened for writing,
 * written, renamed, removed, synchronised, their modes and owners; what is sent on a socket,
 * connections; programs started and signals. Before step DIE_AT the process gets SIGKILL. DIE_COUNT
 * names a file that has the number of steps so far, DIE_TRACE one that gets a line per step (the
 * last one is that which was not done).
 *
 * Only the process whose program has the name DIE_PROGRAM counts, not the children it forks.
 * Standard output and error, pipes and devices do not count. Buffered output counts where it is
 * flushed or closed. Programs that make system calls by themselves are out of reach, and so are
 * sanitized ones, which want to be loaded first. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static pid_t counting; /* the process, 0 in all others */
static int die_at;
static const char *count_file;
static const char *trace_file;
static atomic_int steps;

static char *copy_of(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value ? strdup(value) : NULL;
}

__attribute__((constructor)) static void begin(void)
{
    const char *program = getenv("DIE_PROGRAM");
    const char *at = getenv("DIE_AT");

    if (!program || strcmp(program, program_invocation_short_name) != 0)
        return;
    die_at = at ? (int) strtol(at, NULL, 10) : 0;
    count_file = copy_of("DIE_COUNT");
    trace_file = copy_of("DIE_TRACE");
    counting = getpid();
}

/* By system calls, so that this is no step. */
static void put_line(const char *file, int flags, const char *text, int len)
{
    int fd =
        (int) syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);

    if (fd < 0)
        return;
    syscall(SYS_write, fd, text, (size_t) len);
    syscall(SYS_close, fd);
}

static void step(const char *call, const char *what)
{
    char line[512];
    int saved = errno;
    int n;

    if (counting == 0 || getpid() != counting)
        return;
    n = atomic_fetch_add(&steps, 1) + 1;
    if (trace_file) {
        int len = snprintf(line, sizeof(line), "%d %s %s\n", n, call, what);
        put_line(trace_file, O_APPEND, line,
                 len < (int) sizeof(line) ? len : (int) sizeof(line) - 1);
    }
    if (count_file)
        put_line(count_file, O_TRUNC, line, snprintf(line, sizeof(line), "%d\n", n));
    if (n == die_at)
        syscall(SYS_kill, counting, SIGKILL);
    errno = saved;
}

static void step_path(const char *call, const char *path)
{
    step(call, path ? path : "");
}

static void step_fd(const char *call, int fd)
{
    char what[32];

    snprintf(what, sizeof(what), "fd %d", fd);
    step(call, what);
}

/* What is written there can be seen by others. */
static void step_output(const char *call, int fd)
{
    struct stat st;
    int saved = errno;

    if (fd > STDERR_FILENO && fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode)))
        step_fd(call, fd);
    errno = saved;
}

static void step_open(const char *call, const char *path, int flags)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);

    if (writes && path && strncmp(path, "/dev/", 5) != 0)
        step(call, path);
}

static void step_stream(const char *call, FILE *f)
{
    if (f && __fwriting(f))
        step_output(call, fileno(f));
}

static void *next_of(const char *name)
{
    void *f = dlsym(RTLD_NEXT, name);

    if (!f)
        abort();
    return f;
}

/* Defines NAME as: a step, then the true NAME. */
#define WRAP(type, name, parameters, arguments, a_step)                                            \
    type name parameters;                                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        static type(*real) parameters;                                                             \
        if (!real)                                                                                 \
            *(void **) &real = next_of(#name);                                                     \
        a_step;                                                                                    \
        return real arguments;                                                                     \
    }

#define WRAP_PATH(type, name, parameters, arguments, path)                                         \
    WRAP(type, name, parameters, arguments, step_path(#name, path))
#define WRAP_FD(type, name, parameters, arguments)                                                 \
    WRAP(type, name, parameters, arguments, step_fd(#name, fd))
#define WRAP_OUTPUT(type, name, parameters, arguments)                                             \
    WRAP(type, name, parameters, arguments, step_output(#name, fd))

/* ---- opening ---- */

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? va_arg(arguments, mode_t) : 0;
}

#define WRAP_OPEN(name)                                                                            \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        static int (*real)(const char *, int, ...);                                                \
        va_list arguments;                                                                         \
        mode_t mode;                                                                               \
        va_start(arguments, flags);                                                                \
        mode = mode_of(flags, arguments);                                                          \
        va_end(arguments);                                                                         \
        if (!real)                                                                                 \
            *(void **) &real = next_of(#name);                                                     \
        step_open(#name, path, flags);                                                             \
        return real(path, flags, mode);                                                            \
    }

#define WRAP_OPENAT(name)                                                                          \
    int name(int at, const char *path, int flags, ...)                                             \
    {                                                                                              \
        static int (*real)(int, const char *, int, ...);                                           \
        va_list arguments;                                                                         \
        mode_t mode;                                                                               \
        va_start(arguments, flags);                                                                \
        mode = mode_of(flags, arguments);                                                          \
        va_end(arguments);                                                                         \
        if (!real)                                                                                 \
            *(void **) &real = next_of(#name);                                                     \
        step_open(#name, path, flags);                                                             \
        return real(at, path, flags, mode);                                                        \
    }

#define WRAP_FOPEN(name)                                                                           \
    WRAP(FILE *, name, (const char *path, const char *mode), (path, mode),                         \
         step_open(#name, path, strpbrk(mode, "wa+") ? O_WRONLY : O_RDONLY))

WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP_OPENAT(openat)
WRAP_OPENAT(openat64)
WRAP(int, __open_2, (const char *path, int flags), (path, flags),
     step_open("__open_2", path, flags))
WRAP(int, __open64_2, (const char *path, int flags), (path, flags),
     step_open("__open64_2", path, flags))
WRAP(int, __openat_2, (int at, const char *path, int flags), (at, path, flags),
     step_open("__openat_2", path, flags))
WRAP(int, __openat64_2, (int at, const char *path, int flags), (at, path, flags),
     step_open("__openat64_2", path, flags))
WRAP_PATH(int, creat, (const char *path, mode_t mode), (path, mode), path)
WRAP_PATH(int, creat64, (const char *path, mode_t mode), (path, mode), path)
WRAP_PATH(int, mkstemp, (char *path), (path), path)
WRAP_PATH(int, mkstemp64, (char *path), (path), path)
WRAP_PATH(int, mkostemp, (char *path, int flags), (path, flags), path)
WRAP_PATH(int, mkostemp64, (char *path, int flags), (path, flags), path)
WRAP_PATH(int, mkstemps, (char *path, int len), (path, len), path)
WRAP_PATH(int, mkstemps64, (char *path, int len), (path, len), path)
WRAP_PATH(int, mkostemps, (char *path, int len, int flags), (path, len, flags), path)
WRAP_PATH(int, mkostemps64, (char *path, int len, int flags), (path, len, flags), path)
WRAP_PATH(char *, mkdtemp, (char *path), (path), path)
WRAP_FOPEN(fopen)
WRAP_FOPEN(fopen64)

/* ---- writing ---- */

WRAP_OUTPUT(ssize_t, write, (int fd, const void *data, size_t len), (fd, data, len))
WRAP_OUTPUT(ssize_t, writev, (int fd, const struct iovec *parts, int n), (fd, parts, n))
WRAP_OUTPUT(ssize_t, pwrite, (int fd, const void *data, size_t len, off_t at), (fd, data, len, at))
WRAP_OUTPUT(ssize_t, pwrite64, (int fd, const void *data, size_t len, off64_t at),
            (fd, data, len, at))
WRAP_OUTPUT(ssize_t, pwritev, (int fd, const struct iovec *parts, int n, off_t at),
            (fd, parts, n, at))
WRAP_OUTPUT(ssize_t, pwritev64, (int fd, const struct iovec *parts, int n, off64_t at),
            (fd, parts, n, at))
WRAP_OUTPUT(ssize_t, sendfile, (int fd, int from, off_t *at, size_t len), (fd, from, at, len))
WRAP_OUTPUT(ssize_t, sendfile64, (int fd, int from, off64_t *at, size_t len), (fd, from, at, len))
WRAP(ssize_t, copy_file_range,
     (int from, off64_t *from_at, int fd, off64_t *at, size_t len, unsigned flags),
     (from, from_at, fd, at, len, flags), step_output("copy_file_range", fd))
WRAP_OUTPUT(int, ftruncate, (int fd, off_t len), (fd, len))
WRAP_OUTPUT(int, ftruncate64, (int fd, off64_t len), (fd, len))
WRAP_OUTPUT(int, posix_fallocate, (int fd, off_t at, off_t len), (fd, at, len))
WRAP_PATH(int, truncate, (const char *path, off_t len), (path, len), path)
WRAP_PATH(int, truncate64, (const char *path, off64_t len), (path, len), path)
WRAP(int, fflush, (FILE * f), (f), step_stream("fflush", f))
WRAP(int, fclose, (FILE * f), (f), step_stream("fclose", f))
WRAP_OUTPUT(int, vdprintf, (int fd, const char *format, va_list arguments), (fd, format, arguments))
WRAP_OUTPUT(int, __vdprintf_chk, (int fd, int flag, const char *format, va_list arguments),
            (fd, flag, format, arguments))

int dprintf(int fd, const char *format, ...)
{
    va_list arguments;
    int r;

    va_start(arguments, format);
    r = vdprintf(fd, format, arguments);
    va_end(arguments);
    return r;
}

int __dprintf_chk(int fd, int flag, const char *format, ...);
int __dprintf_chk(int fd, int flag, const char *format, ...)
{
    va_list arguments;
    int r;

    va_start(arguments, format);
    r = __vdprintf_chk(fd, flag, format, arguments);
    va_end(arguments);
    return r;
}

/* ---- folders, names, attributes ---- */

WRAP_PATH(int, rename, (const char *from, const char *to), (from, to), to)
WRAP_PATH(int, renameat, (int from_at, const char *from, int at, const char *to),
          (from_at, from, at, to), to)
WRAP_PATH(int, renameat2, (int from_at, const char *from, int at, const char *to, unsigned flags),
          (from_at, from, at, to, flags), to)
WRAP_PATH(int, link, (const char *from, const char *to), (from, to), to)
WRAP_PATH(int, linkat, (int from_at, const char *from, int at, const char *to, int flags),
          (from_at, from, at, to, flags), to)
WRAP_PATH(int, symlink, (const char *target, const char *path), (target, path), path)
WRAP_PATH(int, symlinkat, (const char *target, int at, const char *path), (target, at, path), path)
WRAP_PATH(int, unlink, (const char *path), (path), path)
WRAP_PATH(int, unlinkat, (int at, const char *path, int flags), (at, path, flags), path)
WRAP_PATH(int, remove, (const char *path), (path), path)
WRAP_PATH(int, rmdir, (const char *path), (path), path)
WRAP_PATH(int, mkdir, (const char *path, mode_t mode), (path, mode), path)
WRAP_PATH(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), path)
WRAP_PATH(int, chmod, (const char *path, mode_t mode), (path, mode), path)
WRAP_PATH(int, fchmodat, (int at, const char *path, mode_t mode, int flags),
          (at, path, mode, flags), path)
WRAP_PATH(int, chown, (const char *path, uid_t uid, gid_t gid), (path, uid, gid), path)
WRAP_PATH(int, lchown, (const char *path, uid_t uid, gid_t gid), (path, uid, gid), path)
WRAP_PATH(int, fchownat, (int at, const char *path, uid_t uid, gid_t gid, int flags),
          (at, path, uid, gid, flags), path)
WRAP_PATH(int, utimensat, (int at, const char *path, const struct timespec times[2], int flags),
          (at, path, times, flags), path)
WRAP_FD(int, futimens, (int fd, const struct timespec times[2]), (fd, times))
WRAP_FD(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP_FD(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
WRAP_FD(int, fsync, (int fd), (fd))
WRAP_FD(int, fdatasync, (int fd), (fd))
WRAP_FD(int, syncfs, (int fd), (fd))

/* ---- sockets and processes ---- */

WRAP_OUTPUT(ssize_t, send, (int fd, const void *data, size_t len, int flags),
            (fd, data, len, flags))
WRAP_OUTPUT(ssize_t, sendto,
            (int fd, const void *data, size_t len, int flags, __CONST_SOCKADDR_ARG to,
             socklen_t to_len),
            (fd, data, len, flags, to, to_len))
WRAP_OUTPUT(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
            (fd, message, flags))
WRAP_OUTPUT(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned n, int flags),
            (fd, messages, n, flags))
WRAP_FD(int, connect, (int fd, __CONST_SOCKADDR_ARG to, socklen_t len), (fd, to, len))
WRAP_FD(int, bind, (int fd, __CONST_SOCKADDR_ARG to, socklen_t len), (fd, to, len))
WRAP(pid_t, fork, (void), (), step("fork", ""))
WRAP(int, kill, (pid_t pid, int sig), (pid, sig), if (sig != 0) step("kill", ""))
WRAP_PATH(int, posix_spawn,
          (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
           const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]),
          (pid, path, actions, attributes, argv, envp), path)
WRAP_PATH(int, posix_spawnp,
          (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
           const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]),
          (pid, path, actions, attributes, argv, envp), path)
