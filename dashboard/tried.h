/* Rules tried on an event: rows of two pages. */
#ifndef PAVANE_DASHBOARD_TRIED_H
#define PAVANE_DASHBOARD_TRIED_H

#include "pavane/doc.h"
#include "pavane/query.h"

/* "tried": the nearest rules, field by field; "tried_fault": the text is no
 * JSON. */
void
tried_add(struct pav_query *q, struct pav_bytes event, struct pav_members *out);

#endif
