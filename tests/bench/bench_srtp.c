/* What one RTP packet costs under AES-128-GCM: ours (OpenSSL) against libsrtp2, protecting and
 * unprotecting, turn about in short runs, so that noise meets both. Prints medians and ratios. */
#include "rtc/srtp.h"

#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SSRC 0x01020304u
#define PACKETS 1000
#define RUNS 61
#define PACKET_MAX 1200

/* Both ends of ours and of libsrtp2's, all under the same keys; each run takes fresh sequence
 * numbers. What a receiver reads was sealed before, in place of it. */
static struct srtp_transport *ours;
static struct srtp_sender *sender;
static srtp_t lib_out, lib_in;
static uint8_t plain[PACKETS][PACKET_MAX], sealed[PACKETS][PACKET_MAX];

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

static double protect_ours(size_t len)
{
    double start = cpu_ns();

    for (size_t i = 0; i < PACKETS; i++) {
        size_t n;

        if (srtp_sender_protect(sender, bytes_of(plain[i], len), 12, sealed[i], PACKET_MAX, &n) < 0)
            abort();
    }
    return (cpu_ns() - start) / PACKETS;
}

/* libsrtp2 works in place alone: forwarding needs the copy. */
static double protect_lib(size_t len)
{
    double start = cpu_ns();

    for (size_t i = 0; i < PACKETS; i++) {
        int n = (int) len;

        memcpy(sealed[i], plain[i], len);
        if (srtp_protect(lib_out, sealed[i], &n) != srtp_err_status_ok)
            abort();
    }
    return (cpu_ns() - start) / PACKETS;
}

static double unprotect_ours(size_t len)
{
    double start = cpu_ns();

    for (size_t i = 0; i < PACKETS; i++) {
        size_t n = len + 16;

        if (srtp_transport_unprotect(ours, sealed[i], &n) < 0)
            abort();
    }
    return (cpu_ns() - start) / PACKETS;
}

static double unprotect_lib(size_t len)
{
    double start = cpu_ns();

    for (size_t i = 0; i < PACKETS; i++) {
        int n = (int) len + 16;

        if (srtp_unprotect(lib_in, sealed[i], &n) != srtp_err_status_ok)
            abort();
    }
    return (cpu_ns() - start) / PACKETS;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *) a;
    double y = *(const double *) b;

    return (x > y) - (x < y);
}

static double median(double *v)
{
    qsort(v, RUNS, sizeof(v[0]), by_value);
    return v[RUNS / 2];
}

static void make_packets(uint16_t *seq)
{
    for (size_t i = 0; i < PACKETS; i++) {
        uint8_t header[] = {0x80, 96, (uint8_t) (*seq >> 8), (uint8_t) *seq, 0, 0, 0, 0, 1, 2,
                            3,    4};

        memcpy(plain[i], header, sizeof(header));
        ++*seq;
    }
}

static void compare(size_t len, uint16_t *seq)
{
    double t[4][RUNS], ratio[2][RUNS];

    for (size_t i = 0; i < RUNS; i++) {
        make_packets(seq);
        t[0][i] = protect_ours(len);
        t[1][i] = unprotect_ours(len);
        t[2][i] = protect_lib(len);
        t[3][i] = unprotect_lib(len);
        ratio[0][i] = t[2][i] / t[0][i];
        ratio[1][i] = t[3][i] / t[1][i];
    }
    printf("%5zu bytes: protect %4.0f, libsrtp2 %4.0f, ratio %.2f; "
           "unprotect %4.0f, libsrtp2 %4.0f, ratio %.2f\n",
           len, median(t[0]), median(t[2]), median(ratio[0]), median(t[1]), median(t[3]),
           median(ratio[1]));
}

static srtp_t new_lib(srtp_ssrc_type_t direction)
{
    static unsigned char master[28];
    srtp_policy_t policy = {.ssrc.type = direction, .key = master, .window_size = 512};
    srtp_t s;

    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    if (srtp_create(&s, &policy) != srtp_err_status_ok)
        abort();
    return s;
}

int main(void)
{
    static const size_t sizes[] = {100, 300, 600, 1100};
    struct dtls_keys keys = {.profile = SRTP_ID_AEAD_AES_128_GCM, .salt_len = 12};
    uint16_t seq = 0;

    if (srtp_transport_global_init() < 0 || srtp_transport_new(&keys, &ours) < 0 ||
        srtp_transport_add_sender(ours, SSRC, &sender) < 0)
        return 1;
    lib_out = new_lib(ssrc_any_outbound);
    lib_in = new_lib(ssrc_any_inbound);
    puts("AES-128-GCM, ns of CPU per RTP packet, medians; ratio: libsrtp2 / ours");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        compare(sizes[i], &seq);
    srtp_dealloc(lib_out);
    srtp_dealloc(lib_in);
    srtp_transport_free(ours);
    return 0;
}
