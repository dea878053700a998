/* rtcp.h: RTCP packets (RFC 3550, 4585, 5104, REMB draft-alvestrand-rmcat-remb-03,
 * transport-cc draft-holmer-rmcat-transport-wide-cc-extensions-01, XR RFC 3611): a walk over a
 * compound, and writers. */
#pragma once

#include "base/buf.h"

enum rtcp_type {
    RTCP_SR = 200,
    RTCP_RR = 201,
    RTCP_SDES = 202,
    RTCP_BYE = 203,
    RTCP_APP = 204,
    RTCP_RTPFB = 205, /* fmt 1: NACK, 15: transport-cc */
    RTCP_PSFB = 206,  /* fmt 1: PLI, 4: FIR, 15: REMB */
    RTCP_XR = 207,
};
enum {
    RTCP_FMT_NACK = 1,
    RTCP_FMT_TWCC = 15,
    RTCP_FMT_PLI = 1,
    RTCP_FMT_FIR = 4,
    RTCP_FMT_AFB = 15
};

/* One packet of a compound. */
struct rtcp {
    uint8_t type;  /* enum rtcp_type, or another value */
    uint8_t count; /* RC, SC or FMT */
    uint32_t ssrc; /* of the sender; 0 when the packet is too short for one (empty BYE, SDES) */
    uint32_t media_ssrc; /* of feedback packets */
    struct bytes body;   /* SR, RR, BYE: behind ssrc; feedback: behind media_ssrc; else behind the
                            four-byte header; without padding */
};

/* Walks a compound packet: false at its end; sets r->failed when what follows is malformed. */
bool rtcp_next(struct rd *r, struct rtcp *ret);

struct rtcp_sender_info {
    uint64_t ntp;
    uint32_t rtp_ts;
    uint32_t packets;
    uint32_t octets;
};
int rtcp_sender_info(const struct rtcp *sr, struct rtcp_sender_info *ret);

struct rtcp_report_block {
    uint32_t ssrc;
    uint8_t fraction_lost;
    int32_t lost; /* signed 24 bit */
    uint32_t highest_seq;
    uint32_t jitter;
    uint32_t lsr;
    uint32_t dlsr;
};
/* Block i of an SR or RR; false past the last. */
bool rtcp_report_block(const struct rtcp *p, unsigned i, struct rtcp_report_block *ret);

/* Walks the sequence numbers that a NACK asks for, bit masks expanded; *pos starts at 0. */
bool rtcp_next_nack(const struct rtcp *nack, size_t *pos, uint16_t *ret_seq);

/* Walks the SSRCs of a FIR with their command numbers, and of a BYE. */
bool rtcp_next_fir(const struct rtcp *fir, size_t *pos, uint32_t *ret_ssrc, uint8_t *ret_seq_nr);
bool rtcp_next_bye(const struct rtcp *bye, size_t *pos, uint32_t *ret_ssrc);

/* The bit rate of a REMB and its SSRCs (walk body again with *pos = 0). -EBADMSG when the packet
 * is another application's feedback. */
int rtcp_remb(const struct rtcp *p, uint64_t *ret_bps);
bool rtcp_next_remb_ssrc(const struct rtcp *p, size_t *pos, uint32_t *ret_ssrc);

/* The receiver's clock in an XR (RFC 3611 section 4.4); -ENOENT when it has none. */
int rtcp_xr_rrtr(const struct rtcp *xr, uint64_t *ret_ntp);

/* The sender's echo of it (section 4.5). */
struct rtcp_dlrr {
    uint32_t ssrc; /* who gave the time */
    uint32_t lrr;  /* its middle 32 bits; 0: none came */
    uint32_t dlrr; /* how long ago that was, in 65,536ths of a second */
};
/* Walks the echoes of all blocks; *pos starts at 0. */
bool rtcp_next_dlrr(const struct rtcp *xr, size_t *pos, struct rtcp_dlrr *ret);

/* CNAME of the first chunk of an SDES; p == NULL when there is none. */
struct bytes rtcp_sdes_cname(const struct rtcp *sdes);

/* Transport-wide feedback: header fields, then one status per packet. */
struct rtcp_twcc {
    uint16_t base_seq;
    uint16_t n_packets;
    int32_t reference_time; /* in 64 ms, signed 24 bit */
    uint8_t feedback_count;
};
struct rtcp_twcc_packet {
    uint16_t seq;
    bool received;
    int32_t delta_us; /* to the one before (the first: to reference_time); 0 if not received */
};
/* Decodes at most max packets. -EBADMSG; -ENOSPC when there are more. */
int rtcp_twcc_decode(const struct rtcp *p, struct rtcp_twcc *ret, struct rtcp_twcc_packet *packets,
                     size_t max, size_t *ret_n);

/* ---- writers; each appends one packet ---- */

void rtcp_put_sr(struct wr *w, uint32_t ssrc, const struct rtcp_sender_info *info,
                 const struct rtcp_report_block *blocks, unsigned n);
void rtcp_put_rr(struct wr *w, uint32_t ssrc, const struct rtcp_report_block *blocks, unsigned n);
void rtcp_put_sdes_cname(struct wr *w, uint32_t ssrc, struct bytes cname);
void rtcp_put_bye(struct wr *w, uint32_t ssrc);
/* seqs in rising order (they may wrap); consecutive ones share a bit mask. */
void rtcp_put_nack(struct wr *w, uint32_t ssrc, uint32_t media_ssrc, const uint16_t *seqs,
                   size_t n);
void rtcp_put_pli(struct wr *w, uint32_t ssrc, uint32_t media_ssrc);
void rtcp_put_fir(struct wr *w, uint32_t ssrc, uint32_t media_ssrc, uint8_t seq_nr);
void rtcp_put_remb(struct wr *w, uint32_t ssrc, uint64_t bps, const uint32_t *ssrcs, unsigned n);
void rtcp_put_rrtr(struct wr *w, uint32_t ssrc, uint64_t ntp);
void rtcp_put_dlrr(struct wr *w, uint32_t ssrc, const struct rtcp_dlrr *echo);
/* packets[i].seq rising without gaps in numbering (missing ones have received = false). */
void rtcp_put_twcc(struct wr *w, uint32_t ssrc, uint32_t media_ssrc, const struct rtcp_twcc *head,
                   const struct rtcp_twcc_packet *packets, size_t n);
