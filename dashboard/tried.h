/* Rules tried on an event: rows of two pages. */
#ifndef PAVANE_DASHBOARD_TRIED_H
#define PAVANE_DASHBOARD_TRIED_H

#include "pavane/doc.h"
#include "pavane/query.h"

/* "tried": the rules of a bus, by its number, that take it or come near, field
 * by field; "tried_fault": the text is no JSON. */
void tried_add(struct pav_query *q, struct pav_bytes event, int64_t bus,
               struct pav_members *out);

#endif
