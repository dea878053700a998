/* ask.h: one HTTP request over a socket of its own, blocking. */
#pragma once

#include <stdint.h>

struct ask_answer {
    unsigned status; /* 0: none came */
    char head[4096];
    char body[65536];
};

/* Listening sockets for child_give_socket(), blocking as a service manager's. A negative errno. */
int ask_listen_unix(const char *path);
int ask_listen_tcp(uint16_t *ret_port); /* on 127.0.0.1, a free port */

/* A negative errno. */
int ask_connect_unix(const char *path);
int ask_connect_tcp(uint16_t port);

/* headers: each with its line end. body may be NULL. -EIO. */
int ask_send(int fd, const char *method, const char *path, const char *headers, const char *body);

/* Reads the answer and closes fd; returns the status. */
unsigned ask_receive(int fd, struct ask_answer *ret);
