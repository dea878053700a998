#include "apply/before.h"

#include "base/crypto.h"

#include <stdio.h>
#include <stdlib.h>

static int read_decided(unsigned n, struct decided *ret)
{
    char *content = NULL;
    size_t len = 0;
    int r = generation_read(n, desired_name(DESIRED_DECIDED), &content, &len);

    if (r == 0)
        r = decided_parse(bytes_of(content, len), ret);
    free(content);
    return r;
}

static int read_settings(unsigned n, struct settings **ret)
{
    char *content = NULL;
    size_t len = 0;
    int r = generation_read(n, desired_name(DESIRED_SETTINGS), &content, &len);

    if (r < 0)
        return r;
    r = settings_read(bytes_of(content, len), ret);
    secret_wipe(content, len);
    free(content);
    return r;
}

void before_load(struct before *ret)
{
    struct before b = {.settings = NULL};

    b.any = generation_applied(&b.number) == 0 || generation_current(&b.number) == 0;
    b.readable = b.any && read_decided(b.number, &b.decided) == 0 &&
                 read_settings(b.number, &b.settings) == 0;
    *ret = b;
}

void before_done(struct before *b)
{
    b->settings = settings_free(b->settings);
}

bool before_same(const struct before *b, const struct settings *now, enum setting id)
{
    return b->readable && !settings_differ(b->settings, now, id);
}

/* Is that file of the last generation other than text? Empty: not there. */
static bool differs(const struct before *b, enum desired_file f, struct bytes text)
{
    char *content = NULL;
    size_t len = 0;
    int r = generation_read(b->number, desired_name(f), &content, &len);
    bool same = r == 0 ? bytes_eq(bytes_of(content, len), text) : r == -ENOENT && text.len == 0;

    if (r == 0)
        secret_wipe(content, len);
    free(content);
    return !same;
}

static bool had(const struct before *b, enum desired_file f)
{
    char folder[PATH_MAX], path[PATH_MAX + 64];

    snprintf(path, sizeof(path), "%s/%s", generation_path(folder, b->number), desired_name(f));
    return b->any && file_exists(path);
}

static void compare_file(const struct before *b, enum desired_file f, const struct desired *wanted,
                         const struct desired *was, struct plan_input *in)
{
    bool is_unit, is_socket;
    enum plan_part part = desired_part(f, &is_unit, &is_socket);
    struct bytes now = desired_text(wanted, f);
    struct plan_change *c = part < N_PLAN_PARTS ? &in->parts[part] : NULL;
    bool other = b->any ? differs(b, f, now) : now.len > 0;

    if (!c)
        return;
    if (is_unit || is_socket) {
        other |= !dropin_is((enum dropin)(f - DESIRED_DROPINS), now);
        c->unit_differs |= is_unit && other;
        c->sockets_differ |= is_socket && other;
        return;
    }
    c->wanted |= now.len > 0;
    c->had |= had(b, f);
    c->differs |= other;
    c->lost |= b->any && !was;
    c->unexplained |= was && differs(b, f, desired_text(was, f));
}

void before_compare(const struct before *b, const struct desired *now, const struct desired *was,
                    struct plan_input *ret)
{
    for (enum desired_file f = 0; f < N_DESIRED; f++)
        compare_file(b, f, now, was, ret);
}
