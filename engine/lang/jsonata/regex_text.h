/* A pattern of ours, matched once. */
#ifndef PAVANE_JSONATA_REGEX_TEXT_H
#define PAVANE_JSONATA_REGEX_TEXT_H

#include "eval.h"

/* What its groups matched, upper or lower case alike; false: nothing, or
 * thrown. */
bool regex_groups(struct eval *e, const struct pav_buf *pattern,
                  struct value text, struct value *groups);

#endif
