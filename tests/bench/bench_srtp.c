/* What protecting one RTP packet costs: AES-128-GCM by OpenSSL (srtp_sender_protect) and by
 * libsrtp2, turn about in short runs, so that noise meets both. Prints medians and their ratio. */
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rtc/srtp.h"

#define SSRC 0x01020304u
#define PACKETS 2000
#define RUNS 41

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

static void set_seq(uint8_t *packet, uint16_t seq)
{
    packet[2] = (uint8_t) (seq >> 8);
    packet[3] = (uint8_t) seq;
}

static double run_evp(struct srtp_sender *st, uint8_t *plain, size_t len, uint16_t *seq)
{
    uint8_t out[1500];
    double start = cpu_ns();

    for (int i = 0; i < PACKETS; i++) {
        size_t n;

        set_seq(plain, ++*seq);
        if (srtp_sender_protect(st, bytes_of(plain, len), 12, out, sizeof(out), &n) < 0)
            abort();
    }
    return (cpu_ns() - start) / PACKETS;
}

/* It works in place alone: forwarding needs the copy. */
static double run_libsrtp(srtp_t s, uint8_t *plain, size_t len, uint16_t *seq)
{
    uint8_t out[1500];
    double start = cpu_ns();

    for (int i = 0; i < PACKETS; i++) {
        int n = (int) len;

        set_seq(plain, ++*seq);
        memcpy(out, plain, len);
        if (srtp_protect(s, out, &n) != srtp_err_status_ok)
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

static void compare(struct srtp_sender *st, srtp_t s, size_t len, uint16_t *seq)
{
    uint8_t plain[1500] = {0x80, 96, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4};
    double evp[RUNS], lib[RUNS], ratio[RUNS];
    uint16_t lib_seq = *seq;

    for (int i = 0; i < RUNS; i++) {
        evp[i] = run_evp(st, plain, len, seq);
        lib[i] = run_libsrtp(s, plain, len, &lib_seq);
        ratio[i] = lib[i] / evp[i];
    }
    qsort(evp, RUNS, sizeof(evp[0]), by_value);
    qsort(lib, RUNS, sizeof(lib[0]), by_value);
    qsort(ratio, RUNS, sizeof(ratio[0]), by_value);
    printf("%5zu bytes: %5.0f ns, libsrtp2 %5.0f ns, ratio %.2f (best %.0f and %.0f)\n", len,
           evp[RUNS / 2], lib[RUNS / 2], ratio[RUNS / 2], evp[0], lib[0]);
}

int main(void)
{
    static const size_t sizes[] = {100, 300, 600, 1100};
    struct dtls_keys keys = {.profile = SRTP_ID_AEAD_AES_128_GCM, .salt_len = 12};
    unsigned char master[28] = {0};
    srtp_policy_t policy = {.ssrc.type = ssrc_any_outbound, .key = master, .window_size = 128};
    struct srtp_transport *t;
    struct srtp_sender *st;
    uint16_t seq = 0;
    srtp_t s;

    if (srtp_transport_global_init() < 0 || srtp_transport_new(&keys, &t) < 0 ||
        srtp_transport_add_sender(t, SSRC, &st) < 0)
        return 1;
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    if (srtp_create(&s, &policy) != srtp_err_status_ok)
        return 1;
    puts("AES-128-GCM protect, CPU per RTP packet (median), ratio libsrtp2 / OpenSSL:");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        compare(st, s, sizes[i], &seq);
    srtp_dealloc(s);
    srtp_transport_free(t);
    return 0;
}
