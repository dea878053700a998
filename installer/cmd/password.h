/* password.h: a password that is typed, or that stands in a file; never an argument, where
 * everybody could read it. */
#pragma once

#define PASSWORD_SIZE 512

/* Asks on the terminal without showing it. -ENOTTY: there is none. -ENOSPC: too long. Wipe it. */
int password_ask(const char *prompt, char ret[static PASSWORD_SIZE]);

/* The first line of the file. */
int password_read(const char *path, char ret[static PASSWORD_SIZE]);
