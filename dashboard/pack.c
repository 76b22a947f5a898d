/* Answers for clients that take gzip: see pavane/pages.h. */
#include "pavane/pages.h"

#include <limits.h>
#include <zlib.h>

#define LEVEL    6
#define GZIP     (15 + 16) /* the largest window, and gzip's frame around it */
#define MEMORY   8
#define SMALLEST 1024 /* less is one packet anyway */

bool
pav_page_pack(struct pav_buf *b)
{
    z_stream z = {.zalloc = Z_NULL};
    struct pav_buf out;
    bool done;

    if (b->len < SMALLEST || b->len > UINT_MAX / 2 ||
        deflateInit2(&z, LEVEL, Z_DEFLATED, GZIP, MEMORY, Z_DEFAULT_STRATEGY) !=
            Z_OK)
        return false;
    pav_buf_init(&out, b->max);
    pav_buf_reserve(&out, deflateBound(&z, b->len));
    z.next_in = (unsigned char *)b->p;
    z.avail_in = (unsigned)b->len;
    z.next_out = (unsigned char *)out.p;
    z.avail_out = (unsigned)deflateBound(&z, b->len);
    done = out.p != NULL && deflate(&z, Z_FINISH) == Z_STREAM_END;
    out.len = done ? z.total_out : 0;
    deflateEnd(&z);
    if (!done || out.len >= b->len) {
        pav_buf_fini(&out);
        return false;
    }
    pav_buf_fini(b);
    *b = out;
    return true;
}
