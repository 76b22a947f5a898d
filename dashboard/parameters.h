/* What a page's own address asks for. */
#ifndef PAVANE_DASHBOARD_PARAMETERS_H
#define PAVANE_DASHBOARD_PARAMETERS_H

#include "pavane/query.h"

/* A parameter of the query in the arena; NULL when absent or empty. */
const char *page_parameter(struct pav_query *q, const char *name);
/* The parameter "before"; 0: absent. */
int64_t page_before(struct pav_query *q);

#endif
