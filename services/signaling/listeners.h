/* listeners.h: the sockets that the daemon's web server listens on. */
#pragma once

struct app;

/* Those that systemd made (FileDescriptorName "signaling", reached by the proxy alone), or else
 * those of the configuration. A failure is logged. */
int listeners_open(struct app *app);
