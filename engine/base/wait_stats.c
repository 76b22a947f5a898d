/* How long something took: see pavane/wait_stats.h. */
#include "pavane/wait_stats.h"

#include <math.h>
#include <string.h>

int
pav_wait_stats_class(int64_t ms)
{
    int i = ms <= 1 ? 0 : (int)ceil(log2((double)ms) * 4);

    return i >= PAV_LEARNED_CLASSES ? PAV_LEARNED_CLASSES - 1 : i;
}

int64_t
pav_wait_stats_longest(int class_)
{
    return (int64_t)floor(exp2(class_ / 4.0));
}

void
pav_wait_stats_add(struct pav_wait_stats *l, int64_t ms)
{
    uint32_t *n = &l->in[pav_wait_stats_class(ms)];
    int i;

    if (++*n < UINT32_MAX / 2)
        return;
    for (i = 0; i < PAV_LEARNED_CLASSES; i++) /* what is old counts half */
        l->in[i] /= 2;
}

void
pav_wait_stats_merge(struct pav_wait_stats *l,
                     const struct pav_wait_stats *more)
{
    int i;

    for (i = 0; i < PAV_LEARNED_CLASSES; i++)
        l->in[i] = l->in[i] > UINT32_MAX - more->in[i] ? UINT32_MAX
                                                       : l->in[i] + more->in[i];
}

uint64_t
pav_wait_stats_count(const struct pav_wait_stats *l)
{
    uint64_t sum = 0;
    int i;

    for (i = 0; i < PAV_LEARNED_CLASSES; i++)
        sum += l->in[i];
    return sum;
}

int64_t
pav_wait_stats_quantile(const struct pav_wait_stats *l, double share)
{
    double wanted = (double)pav_wait_stats_count(l) * share;
    uint64_t sum = 0;
    int i;

    if (wanted <= 0)
        return 0;
    for (i = 0; i < PAV_LEARNED_CLASSES; i++) {
        sum += l->in[i];
        if ((double)sum >= wanted)
            break;
    }
    return (int64_t)ceil(exp2(i / 4.0));
}

struct pav_bytes
pav_wait_stats_bytes(const struct pav_wait_stats *l)
{
    struct pav_bytes out = {(const char *)l->in, sizeof(l->in)};

    return out;
}

void
pav_wait_stats_read(struct pav_wait_stats *l, struct pav_bytes bytes)
{
    memset(l, 0, sizeof(*l));
    if (bytes.len == sizeof(l->in))
        memcpy(l->in, bytes.p, bytes.len);
}
