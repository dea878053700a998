#include "installer/decided.h"

#include <stdio.h>

void decided_render(struct wr *w, const struct decided *d)
{
    wr_str(w, "# Written by visavis: what it decided beside the settings.\n");
    wr_fmt(w, "TURN_IP=%s\n", d->turn_ip.text);
    wr_fmt(w, "TURN_IP_SOURCE=%s\n", turn_ip_source_names[d->turn_ip.source]);
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

int decided_parse(struct bytes content, struct decided *ret)
{
    int source = find_word(content, "TURN_IP_SOURCE", turn_ip_source_names);
    int layout = find_word(content, "LAYOUT", proxy_layout_names);
    struct bytes ip;

    if (source < 0 || layout < 0 || !find(content, "TURN_IP", &ip) ||
        ip.len >= sizeof(ret->turn_ip.text))
        return -EBADMSG;
    *ret = (struct decided){.turn_ip = {.source = (enum turn_ip_source) source},
                            .layout = (enum proxy_layout) layout};
    memcpy(ret->turn_ip.text, ip.p, ip.len);
    return 0;
}
