/*
 * How long something took, learned: counts in classes whose bounds grow by a
 * quarter of a power of two, so that a quantile is right within a fifth.  Kept
 * as its bytes.
 */
#ifndef PAVANE_LEARNED_H
#define PAVANE_LEARNED_H

#include <stdint.h>

#include "pavane/buf.h"

#define PAV_LEARNED_CLASSES 160 /* up to 2^40 ms */

#define PAV_USUAL_FROM 10 /* so many waits tell what is usual */

struct pav_wait_stats {
    uint32_t in[PAV_LEARNED_CLASSES];
};

/* The class of a duration; and the longest, in whole ms, of a class. */
int pav_wait_stats_class(int64_t ms);
int64_t pav_wait_stats_longest(int class_);
void pav_wait_stats_add(struct pav_wait_stats *l, int64_t ms);
/* What `more` has counted is counted in `l` too. */
void pav_wait_stats_merge(struct pav_wait_stats *l,
                          const struct pav_wait_stats *more);
uint64_t pav_wait_stats_count(const struct pav_wait_stats *l);
/* The upper bound, in ms, of the class that holds this share; 0: empty. */
int64_t pav_wait_stats_quantile(const struct pav_wait_stats *l, double share);
struct pav_bytes pav_wait_stats_bytes(const struct pav_wait_stats *l);
/* Bytes of another length are of another build: nothing is learned from them.
 */
void pav_wait_stats_read(struct pav_wait_stats *l, struct pav_bytes bytes);

#endif
