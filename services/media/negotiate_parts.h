/* negotiate_parts.h: what the files of negotiate.h share: codecs, header extensions, m-lines. */
#pragma once

#include "media/negotiate.h"

/* What may be agreed with one peer. */
struct neg_terms {
    unsigned fb;   /* NEG_FB_* */
    unsigned exts; /* bits 1 << enum neg_ext */
    bool rtx;
    const char *forced_codec; /* NULL: none */
};

struct neg_terms neg_terms_of(const struct neg_local *l, unsigned exts);

/* ---- codecs ---- */

/* Can this payload type be used at all? Then what it is, its feedback within the terms. */
bool neg_codec_take(const struct sdp_media *m, const struct sdp_codec *c, const struct neg_terms *t,
                    struct neg_codec *ret);

/* All that can be used of an m-line, in its order; of H264 its baseline profiles if there are any.
 */
void neg_codecs_take(const struct sdp_media *m, const struct neg_terms *t, struct neg_media *ret);

/* For each of the wanted codecs the best that the m-line has; without those it lacks. */
void neg_codecs_match(const struct neg_media *wanted, const struct sdp_media *m,
                      const struct neg_terms *t, struct neg_media *ret);

/* How well a stream of codec a is decoded by a peer that named b. 0: not at all. */
unsigned neg_codec_fit(const struct neg_codec *a, const struct neg_codec *b);

/* May RED of one be sent to the other as it is? Its blocks name the payload type of Opus. */
bool neg_red_fits(const struct neg_media *a, const struct neg_media *b);

/* Writes them, each followed by its RTX. `to` then has views into `from` and into apt, which has
 * NEG_CODEC_MAX entries. */
void neg_codecs_put(const struct neg_media *from, struct sdp_media *to, char (*apt)[16]);

/* ---- header extensions ---- */

/* Those within the terms that the peer sends (receives). */
void neg_exts_take(const struct sdp_media *m, const struct neg_terms *t, bool peer_sends,
                   struct neg_media *ret);

/* Writes them; directions are the reverse of those in the offer (NULL: we are the offerer). */
void neg_exts_put(const struct neg_media *from, const struct sdp_media *offered,
                  struct sdp_media *to);

/* ---- m-lines ---- */

/* Why this m-line of a peer cannot be taken, whatever its codecs; NULL: it can. */
const char *neg_line_problem(const struct sdp *s, const struct sdp_media *m);

/* The peer's ICE credentials and fingerprint: those of the bundle's first m-line, else of `first`.
 * NULL, or what is wrong with them. */
const char *neg_transport_take(const struct sdp *s, const struct sdp_media *first,
                               struct neg_peer *ret);

/* Our transport, and what is the same in all m-lines. */
void neg_transport_put(const struct neg_local *l, enum sdp_setup setup, struct sdp_media *to);

/* Port 0 in answer to m. */
void neg_rejection_put(const struct sdp_media *m, struct sdp_media *to);
