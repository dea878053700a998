/* Loaded into coturn's turnutils_uclient: its channel numbers are drawn from 0x4000 to 0x7FFF, as RFC
 * 5766 had it. RFC 8656 leaves 0x4000 to 0x4FFF. A number is what a draw of eight bytes gives,
 * modulo 0x4000; with these two bits cleared it lies below 0x1000. */
#include <dlfcn.h>
#include <stddef.h>

int RAND_bytes(unsigned char *buf, int num);

int RAND_bytes(unsigned char *buf, int num)
{
    int (*real)(unsigned char *, int);
    int r;

    *(void **) &real = dlsym(RTLD_NEXT, "RAND_bytes");
    r = real(buf, num);
    if (num == (int) sizeof(long))
        buf[1] &= (unsigned char) ~0x30;
    return r;
}
