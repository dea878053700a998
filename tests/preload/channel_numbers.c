/* Loaded into coturn's turnutils_uclient: its channel numbers are drawn from 0x4000 to 0x7FFF, as RFC
 * 5766 had it. RFC 8656 leaves 0x4000 to 0x4FFF. A number is what a draw of eight bytes gives,
 * modulo 0x4000. Here they count up: two channels of one allocation must not draw the same. */
#include <dlfcn.h>
#include <stddef.h>

int RAND_bytes(unsigned char *buf, int num);

int RAND_bytes(unsigned char *buf, int num)
{
    static unsigned drawn;
    int (*real)(unsigned char *, int);
    int r;

    *(void **) &real = dlsym(RTLD_NEXT, "RAND_bytes");
    r = real(buf, num);
    if (num == (int) sizeof(long)) {
        unsigned n = __atomic_fetch_add(&drawn, 1, __ATOMIC_RELAXED);

        buf[0] = (unsigned char) n;
        buf[1] = (unsigned char) ((buf[1] & ~0x3f) | (n >> 8 & 0x0f));
    }
    return r;
}
