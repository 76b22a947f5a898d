/* What a query thread keeps from one page to the next. */
#ifndef PAVANE_DASHBOARD_KEPT_H
#define PAVANE_DASHBOARD_KEPT_H

#include "pavane/query.h"

struct graphs;

struct kept {
    struct graphs *graphs;
    uint32_t wrong;      /* things that need somebody, */
    int64_t wrong_at_us; /* as of then; 0: never */
    int64_t names;       /* how often they had changed then */
    char feed[64];       /* and of that place of the stream */
};

struct kept *kept_of(struct pav_query *q);
/* How many things need somebody: a second old at most, and not that when
 * something has changed since. */
uint32_t kept_wrong(struct pav_query *q);

#endif
