#include "apply/decided.h"

#include <stdio.h>

static void render_ip(struct wr *w, const char *key, const struct turn_ip *ip)
{
    wr_fmt(w, "%s=%s\n%s_SOURCE=%s\n", key, ip->text, key, turn_ip_source_names[ip->source]);
}

void decided_render(struct wr *w, const struct decided *d)
{
    wr_str(w, "# Written by visavis: what it decided beside the settings.\n");
    render_ip(w, "TURN_IP", &d->turn_ip);
    render_ip(w, "PUBLIC_IP", &d->public_ip);
    wr_fmt(w, "LAYOUT=%s\n", proxy_layout_names[d->layout]);
}

/* The value of "KEY=" at the start of a line, up to its end. */
static bool find(struct bytes content, const char *key, struct bytes *ret)
{
    size_t key_len = strlen(key);

    while (content.len > 0) {
        const uint8_t *end = memchr(content.p, '\n', content.len);
        size_t len = end ? (size_t) (end - content.p) : content.len;

        if (len > key_len && memcmp(content.p, key, key_len) == 0 && content.p[key_len] == '=') {
            *ret = bytes_of(content.p + key_len + 1, len - key_len - 1);
            return true;
        }
        len += end != NULL;
        content = bytes_of(content.p + len, content.len - len);
    }
    return false;
}

static int find_word(struct bytes content, const char *key, const char *const *words)
{
    struct bytes value;

    if (!find(content, key, &value))
        return -EBADMSG;
    for (int i = 0; words[i]; i++)
        if (bytes_eq_str(value, words[i]))
            return i;
    return -EBADMSG;
}

static int parse_ip(struct bytes content, const char *key, const char *source_key,
                    struct turn_ip *ret)
{
    int source = find_word(content, source_key, turn_ip_source_names);
    struct bytes ip;

    if (source < 0 || !find(content, key, &ip) || ip.len >= sizeof(ret->text))
        return -EBADMSG;
    *ret = (struct turn_ip){.source = (enum turn_ip_source) source};
    memcpy(ret->text, ip.p, ip.len);
    return 0;
}

int decided_parse(struct bytes content, struct decided *ret)
{
    int layout = find_word(content, "LAYOUT", proxy_layout_names);
    struct decided d = {.layout = (enum proxy_layout) layout};

    if (layout < 0 || parse_ip(content, "TURN_IP", "TURN_IP_SOURCE", &d.turn_ip) < 0 ||
        parse_ip(content, "PUBLIC_IP", "PUBLIC_IP_SOURCE", &d.public_ip) < 0)
        return -EBADMSG;
    *ret = d;
    return 0;
}
