/* Comparing a result with a recording that holds masks and wild cards. */
#ifndef CONFORMANCE_NORMAL_H
#define CONFORMANCE_NORMAL_H

#include "pavane/doc.h"

struct normal {
    struct pav_arena *arena;
    const struct pav_doc *masks; /* [[literal, mask], ...] or NULL */
};

/* Is `got` what the recording says? */
bool normal_equal(const struct normal *n, const struct pav_doc *want,
                  const struct pav_doc *got);

#endif
