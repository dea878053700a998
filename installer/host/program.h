/* program.h: where the parts of this installation are, found from the running program itself: a
 * build folder (bin/, share/) or an installed tree (/usr/bin, /usr/lib/visavis,
 * /usr/share/visavis). */
#pragma once

#include <limits.h>

/* The path of a daemon ("visavis-media"), or -ENOENT. */
int program_find(const char *name, char ret_path[static PATH_MAX]);

/* The folder with Call's pages, or -ENOENT. */
int program_find_pages(const char *name, char ret_path[static PATH_MAX]);
