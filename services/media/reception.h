/* reception.h: what RTCP says about a stream: receiver statistics of one SSRC (RFC 3550 A.1, A.3,
 * A.8) for report blocks, sender statistics for sender reports. Pure; plain memory. */
#pragma once

#include "codec/rtcp.h"

/* ---- receiving ---- */

#define RECEPTION_PAUSE_US 1000000 /* without a packet: Opus' DTX sends one every 400 ms */

struct reception {
    uint32_t ssrc;
    uint32_t clock_rate;
    bool started;
    uint64_t base; /* extended numbers; see reception_packet() */
    uint64_t highest;
    uint64_t received; /* with duplicates, as RFC 3550 has it */
    uint64_t expected_prior;
    uint64_t received_prior;
    uint64_t octets; /* payload */
    uint32_t transit;
    uint32_t last_ts;
    uint32_t jitter;            /* times 16 */
    uint64_t last_us;           /* when the newest packet came */
    uint64_t pauses, paused_us; /* how often, and how long, nothing new came for a while */
    bool has_sr;
    struct rtcp_sender_info sr;
    uint64_t sr_us;
};

void reception_init(struct reception *r, uint32_t ssrc, uint32_t clock_rate);

/* Counts a packet, returns its extended sequence number: roll-overs since the first packet plus
 * one, so that packets older than the first do not become negative, << 16 | seq. */
uint64_t reception_packet(struct reception *r, uint16_t seq, uint32_t ts, size_t payload_len,
                          uint64_t now_us);

/* Packets that did not come, but for those that were repeated under another SSRC. */
uint64_t reception_lost(const struct reception *r);

/* The sender's report about this SSRC. */
void reception_sr(struct reception *r, const struct rtcp_sender_info *sr, uint64_t now_us);

/* What to report now; begins the next interval. False when nothing has come yet. */
bool reception_report(struct reception *r, uint64_t now_us, struct rtcp_report_block *ret);

/* The publisher's wall clock and its media clock at the same instant, now, by its last sender
 * report. -EAGAIN before the first one. Sender reports to subscribers carry this pair (timestamp
 * rewritten), so that a publisher's audio and video stay in step. */
int reception_clock(const struct reception *r, uint64_t now_us, uint64_t *ret_ntp,
                    uint32_t *ret_ts);

/* ---- sending ---- */

struct sending {
    uint32_t ssrc;
    uint64_t packets; /* a sender report has both modulo 2^32 */
    uint64_t octets;
    struct {
        uint32_t lsr; /* middle 32 bits of its NTP time; 0: none */
        uint64_t at_us;
    } reports[4]; /* the last ones that were sent */
    unsigned next_report;
};

void sending_init(struct sending *s, uint32_t ssrc);

/* payload_len: without header and padding. */
void sending_packet(struct sending *s, size_t payload_len);

/* Fills a sender report to be sent now, and remembers it for sending_rtt(). */
void sending_report(struct sending *s, uint64_t ntp, uint32_t ts, uint64_t now_us,
                    struct rtcp_sender_info *ret);

/* The round-trip time that a report block about this SSRC tells. -ENOENT: it answers none of the
 * last reports. */
int sending_rtt(const struct sending *s, const struct rtcp_report_block *block, uint64_t now_us,
                uint64_t *ret_rtt_us);

/* NTP time (RFC 5905: seconds since 1900, 32.32 fixed point) of a wall clock in ms since 1970. */
uint64_t ntp_from_wall_ms(uint64_t wall_ms);
