#include "codec/rtcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rtcp_twcc_packet packets[512];
    struct rd r;
    struct rtcp p;

    if (size == 0)
        return 0;
    r = rd_init(bytes_of(data, size));
    while (rtcp_next(&r, &p)) {
        struct rtcp_sender_info info;
        struct rtcp_report_block block;
        struct rtcp_twcc twcc;
        struct rtcp_dlrr dlrr;
        uint64_t bps;
        uint32_t ssrc;
        uint16_t seq;
        uint8_t nr;
        size_t pos, n;

        (void) rtcp_sender_info(&p, &info);
        for (unsigned i = 0; rtcp_report_block(&p, i, &block); i++)
            ;
        for (pos = 0; rtcp_next_nack(&p, &pos, &seq);)
            ;
        for (pos = 0; rtcp_next_fir(&p, &pos, &ssrc, &nr);)
            ;
        for (pos = 0; rtcp_next_bye(&p, &pos, &ssrc);)
            ;
        for (pos = 0; rtcp_remb(&p, &bps) == 0 && rtcp_next_remb_ssrc(&p, &pos, &ssrc);)
            ;
        for (pos = 0; rtcp_next_dlrr(&p, &pos, &dlrr);)
            ;
        (void) rtcp_xr_rrtr(&p, &bps);
        (void) rtcp_sdes_cname(&p);
        (void) rtcp_twcc_decode(&p, &twcc, packets, 512, &n);
    }
    return 0;
}
