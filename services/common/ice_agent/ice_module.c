#include "ice_agent/ice_module.h"

#include "base/version.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* Where the program is, whatever path it was called by. */
static int module_path(char *ret, size_t size)
{
    char program[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    const char *slash;

    if (n < 0)
        return -errno;
    program[n] = '\0';
    slash = strrchr(program, '/');
    if (!slash || snprintf(ret, size, "%.*s/%s", (int) (slash - program), program,
                           ICE_MODULE_FILE) >= (int) size)
        return -ENAMETOOLONG;
    return 0;
}

int ice_module_load(const struct ice_module **ret_module, char *why, size_t why_size)
{
    const struct ice_module *m;
    char path[PATH_MAX];
    void *file;
    int r = module_path(path, sizeof(path));

    if (r < 0) {
        snprintf(why, why_size, "cannot tell where the program is: %s", strerror(-r));
        return r;
    }
    if (access(path, R_OK) < 0) {
        r = -errno;
        snprintf(why, why_size, "%s: %s", path, strerror(-r));
        return r;
    }
    /* GLib's types can never be unloaded. */
    file = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!file) {
        snprintf(why, why_size, "%s", dlerror());
        return -ELIBACC;
    }
    m = dlsym(file, "visavis_ice_module");
    if (!m || strcmp(m->version, VISAVIS_VERSION) != 0) {
        snprintf(why, why_size, "%s is of another version", path);
        return -ELIBBAD;
    }
    *ret_module = m;
    return 0;
}
