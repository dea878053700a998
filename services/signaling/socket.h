/* socket.h: WebSockets as the clients' channels. */
#pragma once

struct app;
struct web_request;

/* Answers a handshake: a new RPC session begins. */
void socket_accept(struct app *app, struct web_request *rq);
