/* Static files: a name below a directory becomes an answer. */
#include "web/web_internal.h"

#include "web/web_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (256LL << 20)
#define NAME_SIZE 256

static const struct {
    const char *ending;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
    {".log", "text/plain; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
    {".ttf", "font/ttf"},
    {".mp3", "audio/mpeg"},
    {".ogg", "audio/ogg"},
    {".wav", "audio/wav"},
    {".mp4", "video/mp4"},
    {".webm", "video/webm"},
    {".wasm", "application/wasm"},
    {".zip", "application/zip"},
};

static const char *type_of(const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t n = strlen(types[i].ending);

        if (len >= n && strcmp(path + len - n, types[i].ending) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

/* Opens name below the directory at and closes at. No symbolic links, and no waiting for the other
 * end of a FIFO. */
static int open_step(int at, const char *name, int flags)
{
    int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags);
    int r = fd < 0 ? -errno : fd;

    close(at);
    return r;
}

/* Step by step: each one stays below the one before it, whatever is in the names. */
static int open_below(const char *dir, const char *path)
{
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    for (;;) {
        size_t len = strcspn(path, "/");
        char name[NAME_SIZE];

        if (len >= sizeof(name) || path[0] == '.' || (len == 0 && path[0])) {
            close(fd);
            return -ENOENT;
        }
        memcpy(name, path, len);
        name[len] = '\0';
        if (path[len] == '\0')
            return open_step(fd, len ? name : "index.html", 0);
        fd = open_step(fd, name, O_DIRECTORY);
        if (fd < 0)
            return fd;
        path += len + 1;
    }
}

static void format_etag(const struct stat *st, char *ret, size_t size)
{
    snprintf(ret, size, "\"%llx-%llx-%llx\"", (unsigned long long) st->st_ino,
             (unsigned long long) st->st_size,
             (unsigned long long) st->st_mtim.tv_sec * 1000000000 +
                 (unsigned long long) st->st_mtim.tv_nsec);
}

static void reply_empty(struct web_request *rq, unsigned status)
{
    web_reply(rq, status, NULL, bytes_of(NULL, 0));
}

/* Takes over fd. */
static void reply_fd(struct web_request *rq, int fd, const struct stat *st, const char *type)
{
    struct MHD_Response *response;

    (void) web_reply_header(rq, "Content-Type", type);
    (void) web_reply_header(rq, "X-Content-Type-Options", "nosniff");
    response = MHD_create_response_from_fd64((uint64_t) st->st_size, fd);
    if (!response)
        close(fd);
    (void) web_request_take(rq);
    web_request_answer(rq, 200, response, (size_t) st->st_size);
}

void web_reply_file(struct web_request *rq, const char *dir, const char *path)
{
    const char *if_none_match = web_header(rq, "If-None-Match");
    struct stat st;
    char etag[64];
    int fd;

    if (rq->answered) {
        (void) web_request_take(rq);
        return;
    }
    if (strcmp(rq->method, "GET") != 0 && strcmp(rq->method, "HEAD") != 0) {
        (void) web_reply_header(rq, "Allow", "GET, HEAD");
        reply_empty(rq, 405);
        return;
    }
    fd = open_below(dir, path);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX) {
        if (fd >= 0)
            close(fd);
        reply_empty(rq, fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM ? 503 : 404);
        return;
    }
    format_etag(&st, etag, sizeof(etag));
    (void) web_reply_header(rq, "ETag", etag);
    if (if_none_match && web_token_matches_etag(if_none_match, etag)) {
        close(fd);
        reply_empty(rq, 304);
        return;
    }
    reply_fd(rq, fd, &st, type_of(path[0] && path[strlen(path) - 1] != '/' ? path : ".html"));
}
