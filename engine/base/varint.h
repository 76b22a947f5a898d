/*
 * Whole numbers in as few bytes as they need: seven bits a byte, the lowest
 * first, the top bit on all but the last.
 */
#ifndef PAVANE_VARINT_H
#define PAVANE_VARINT_H

#include "pavane/buf.h"

static inline void
varint_put(struct pav_buf *b, uint64_t n)
{
    for (; n >= 128; n >>= 7)
        pav_buf_putc(b, (char)(n | 128));
    pav_buf_putc(b, (char)n);
}

/* From `*at` on, which moves behind it, and not beyond `end`: what ends too
 * early is what there is of it. */
static inline uint64_t
varint_get(const unsigned char **at, const unsigned char *end)
{
    uint64_t n = 0;
    int shift = 0;

    while (*at < end) {
        unsigned char c = *(*at)++;

        if (shift < 64)
            n |= (uint64_t)(c & 127) << shift;
        if (c < 128)
            break;
        shift += 7;
    }
    return n;
}

/* Small differences either way are small numbers. */
static inline uint64_t
zigzag(int64_t n)
{
    return ((uint64_t)n << 1) ^ (n < 0 ? UINT64_MAX : 0);
}

static inline int64_t
unzigzag(uint64_t n)
{
    return (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
}

#endif
