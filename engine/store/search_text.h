/* A part of a name among those of all executions: see search_text.c. */
#ifndef PAVANE_STORE_SEARCH_TEXT_H
#define PAVANE_STORE_SEARCH_TEXT_H

#include "pavane/reader.h"

/* Executions up to this id are in the rows; later ones not yet. */
int64_t search_text_upto(struct pav_reader *r);
/* Ids of executions whose names have the part, in either case, `max` of those
 * that came last. */
uint32_t search_text_find(struct pav_reader *r, const char *part, uint32_t max,
                          int64_t *out);

#endif
