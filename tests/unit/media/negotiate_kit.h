/* negotiate_kit.h: a publisher and a subscriber that negotiate, with what we said read again.
 * Offers and answers as Chromium and Firefox made them are in tests/fuzz/corpus/sdp. */
#pragma once

#include "media/negotiate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* A test needs a part of these. */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-variable"

#define FINGERPRINT                                                                                \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:"   \
    "EE:"                                                                                          \
    "FF"

static const char *const candidates[] = {"1 1 udp 2130706431 192.0.2.1 40000 typ host"};

static struct neg_local local;
static struct neg_peer pub, sub, offered;
static struct neg_error error;
static struct sdp said; /* what we said, read again */
static struct neg_map map;
static char text[65536];
static size_t text_len;

static int setup(void **state)
{
    (void) state;
    local = (struct neg_local){
        .ufrag = "ourUfrag",
        .pwd = "ourPasswordIsLongEnough0",
        .fingerprint = FINGERPRINT,
        .candidates = candidates,
        .n_candidates = 1,
        .ice_lite = true,
        .session_id = 4711,
        .cname = "cname",
        .msid = "str_1",
        .send = {[SDP_AUDIO] = {1001, 0}, [SDP_VIDEO] = {1002, 1003}},
    };
    memset(&pub, 0, sizeof(pub));
    memset(&sub, 0, sizeof(sub));
    memset(&error, 0, sizeof(error));
    return 0;
}

/* Four files at a time stay valid. */
static struct bytes load(const char *name)
{
    static char files[4][65536];
    static unsigned next;
    char *file = files[next++ % 4], path[256];
    size_t len;
    FILE *f;

    snprintf(path, sizeof(path), "tests/fuzz/corpus/sdp/%s.sdp", name);
    f = fopen(path, "rb");
    assert_non_null(f);
    len = fread(file, 1, sizeof(files[0]), f);
    fclose(f);
    return bytes_of(file, len);
}

/* A file with one passage replaced everywhere. */
static struct bytes load_with(const char *name, const char *from, const char *to)
{
    static char out[2][65536];
    static unsigned next;
    struct bytes in = load(name);
    struct wr w = wr_init(out[next % 2], sizeof(out[0]));
    bool found = false;

    for (size_t i = 0; i < in.len;) {
        if (bytes_starts_with(bytes_of(in.p + i, in.len - i), from)) {
            wr_str(&w, to);
            i += strlen(from);
            found = true;
        } else {
            wr_u8(&w, in.p[i++]);
        }
    }
    assert_true(found);
    return bytes_of(out[next++ % 2], wr_len(&w));
}

static int publish_text(struct bytes offer)
{
    int r = neg_publish(&local, offer, &pub, text, sizeof(text), &text_len, &error);

    if (r == 0)
        assert_int_equal(sdp_decode(bytes_of(text, text_len), &said, NULL), 0);
    return r;
}

static int subscribe_text(struct bytes offer)
{
    int r = neg_subscribe(&local, &pub, offer, &sub, text, sizeof(text), &text_len, &error);

    if (r == 0)
        assert_int_equal(sdp_decode(bytes_of(text, text_len), &said, NULL), 0);
    return r;
}

static int offer(void)
{
    int r = neg_offer(&local, &pub, &offered, text, sizeof(text), &text_len, &error);

    if (r == 0)
        assert_int_equal(sdp_decode(bytes_of(text, text_len), &said, NULL), 0);
    return r;
}

static void publish(const char *name)
{
    int r = publish_text(load(name));

    if (r < 0)
        print_error("%s\n", error.text);
    assert_int_equal(r, 0);
}

static void subscribe(const char *name)
{
    int r = subscribe_text(load(name));

    if (r < 0)
        print_error("%s\n", error.text);
    assert_int_equal(r, 0);
}

#define assert_text(view, literal) assert_true(bytes_eq_str(view, literal))
#define assert_error(r, media_code, part)                                                          \
    do {                                                                                           \
        assert_true((r) < 0);                                                                      \
        assert_int_equal(error.code, media_code);                                                  \
        if (!strstr(error.text, part))                                                             \
            fail_msg("%s", error.text);                                                            \
    } while (0)

/* What every answer and offer of ours must have. */
static void check_line(const struct sdp_media *m, enum sdp_setup dtls, enum sdp_direction d)
{
    assert_int_equal(m->port, 9);
    assert_text(m->ufrag, "ourUfrag");
    assert_text(m->pwd, "ourPasswordIsLongEnough0");
    assert_text(m->fingerprint.hash, "sha-256");
    assert_text(m->fingerprint.value, FINGERPRINT);
    assert_int_equal(m->n_candidates, 1);
    assert_text(m->candidates[0], candidates[0]);
    assert_true(m->end_of_candidates && m->rtcp_mux);
    assert_int_equal(m->setup, dtls);
    assert_int_equal(m->direction, d);
    assert_int_equal(m->n_rids, 0);
    assert_int_equal(m->n_ssrcs, d == SDP_SENDONLY || d == SDP_SENDRECV);
}
