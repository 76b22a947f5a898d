/* Where in a definition something stands. */
#ifndef PAVANE_ASL_PLACE_H
#define PAVANE_ASL_PLACE_H

#include "pavane/buf.h"

/*
 * A place in the definition: NULL is the whole, else a member or an item of the
 * one above.  It becomes a text, a JSON pointer, only where somebody reads it:
 * texts for all of them would be quadratic in what nests.
 */
struct place {
    const struct place *up;
    const char *key; /* NULL: an item */
    uint32_t n;      /* bytes of the key; or which item */
};

/* "Choices[0]/Condition": from the state on, as the service names it. */
void place_in_state(const struct place *p, const struct place *state,
                    struct pav_buf *out);

#endif
