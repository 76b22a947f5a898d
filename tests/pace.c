/*
 * How fast this machine is now: a fixed piece of work of the kinds that a turn
 * consists of (memory touched for the first time, a walk over it, arithmetic),
 * in microseconds of this thread's processor time.  The slowest of several
 * rounds is printed: what is measured beside other work has slow moments too.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include "pavane/clock.h"

#define ROUNDS 20
#define BYTES  (4u << 20)

static uint64_t
walk(unsigned char *p)
{
    uint64_t h = 14695981039346656037u;
    size_t i;
    int round;

    for (i = 0; i < BYTES; i += 64)
        p[i] = (unsigned char)i;
    for (round = 0; round < 2; round++)
        for (i = 0; i < BYTES; i++)
            h = (h ^ p[i]) * 1099511628211u;
    return h;
}

int
main(void)
{
    int64_t slowest = 0;
    uint64_t sum = 0;
    int round;

    for (round = 0; round < ROUNDS; round++) {
        int64_t began = pav_clock_thread_us(), took;
        void *p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED)
            return 1;
        sum += walk(p);
        munmap(p, BYTES);
        took = pav_clock_thread_us() - began;
        if (took > slowest)
            slowest = took;
    }
    fprintf(stderr, "checksum %llu\n", (unsigned long long)sum);
    printf("%lld\n", (long long)slowest);
    return 0;
}
