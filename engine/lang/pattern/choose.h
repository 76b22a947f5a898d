/*
 * Fields of an event, one for each condition of a rule, that lie in the same
 * elements of the arrays that they share.
 */
#ifndef PAVANE_PATTERN_CHOOSE_H
#define PAVANE_PATTERN_CHOOSE_H

#include "pattern_int.h"

/* A field: its places, from the outermost array inwards. */
struct candidate {
    const struct place *places;
    uint32_t place_count;
};

/* The fields of a condition's path, and those of them that fulfil it; both in
 * the order of the event. */
struct candidates {
    const struct candidate *all, *fit;
    uint32_t all_count, fit_count;
    bool absent; /* it holds, too, where there is none of them */
};

/*
 * Is there such a choice?  A condition that may be absent is, when none of its
 * fields lies where those before it were chosen.  At most 100,000 fields are
 * chosen; then there is none.  `count` is at most PATTERN_MAX_PATHS.
 *
 * Cost: a chosen field costs the logarithm of how many there are of the next
 * condition, not their number.
 */
bool choose(const struct candidates *lists, uint32_t count);
/* Room for both lists of a condition with so many fields, `fit` behind `all`.
 * From the heap, so that what a large event needs is given back at once. */
struct candidate *candidates_room(uint32_t fields);
void candidates_free(const struct candidates *lists, uint32_t count);

#endif
