/*
 * Numbers by name: of a rule, of a target, of a function.  One thread writes,
 * any may read; what is there stays until the end, and beyond `max` rows all
 * count as one whose names are "other".
 */
#ifndef PAVANE_TALLY_H
#define PAVANE_TALLY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define PAV_TALLY_WIDTH 6

/* Of a rule, whose part is "". */
enum pav_rule_count {
    PAV_RULE_MATCHED,
    PAV_RULE_LAST_MS,     /* when it did, the last time */
    PAV_RULE_MINUTE,      /* that minute, since 1970, */
    PAV_RULE_IN_MINUTE,   /* how often in it, */
    PAV_RULE_IN_LAST_ONE, /* and in the one before */
};

/* Of a rule's target. */
enum pav_target_count {
    PAV_TARGET_INVOKED,
    PAV_TARGET_DELIVERED,
    PAV_TARGET_FAILED,    /* an attempt; */
    PAV_TARGET_THROTTLED, /* one that was told to come later */
    PAV_TARGET_DEAD,
    PAV_TARGET_MS, /* from the event to its delivery, together */
};

struct pav_tally_row {
    const char *name, *part; /* part "": none */
    _Atomic uint64_t n[PAV_TALLY_WIDTH];
    struct pav_tally_row *_Atomic next; /* the order in which they came */
    struct pav_tally_row *same;         /* of the same hash; the writer's */
};

struct pav_tally;

struct pav_tally *pav_tally_new(uint32_t max);
void pav_tally_free(struct pav_tally *t);
/* The writer's: the row, made when it is not there. */
struct pav_tally_row *
pav_tally_row(struct pav_tally *t, const char *name, const char *part);
/* The first for any reader; NULL: there is none.  The others by `next`. */
const struct pav_tally_row *pav_tally_first(const struct pav_tally *t);

static inline void
pav_tally_add(struct pav_tally_row *r, int what, uint64_t n)
{
    atomic_store_explicit(
        &r->n[what],
        atomic_load_explicit(&r->n[what], memory_order_relaxed) + n,
        memory_order_relaxed);
}

static inline void
pav_tally_set(struct pav_tally_row *r, int what, uint64_t n)
{
    atomic_store_explicit(&r->n[what], n, memory_order_relaxed);
}

static inline uint64_t
pav_tally_get(const struct pav_tally_row *r, int what)
{
    return atomic_load_explicit(&r->n[what], memory_order_relaxed);
}

#endif
