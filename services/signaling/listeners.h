/* listeners.h: the sockets that the daemon's web server listens on. */
#pragma once

struct app;

/* Those that the service manager made: "signaling-proxy" (a Unix socket of the proxy alone, whose
 * X-Real-IP is believed) and "signaling" (for everybody on this machine); and those of the
 * configuration, but for the kinds, Unix or TCP, that the manager made. A failure is logged. */
int listeners_open(struct app *app);
