/* The time that a page of counts is about: ?range=24h. */
#ifndef PAVANE_DASHBOARD_RANGE_H
#define PAVANE_DASHBOARD_RANGE_H

#include "pavane/doc.h"
#include "pavane/query.h"

struct range {
    int64_t from_ms, until_ms;
    const char *name;  /* "24h"; "" of days by their names */
    const char *words; /* "the last 24 hours" */
    const char *asked; /* "range=24h", "from=2026-11-20&to=2026-11-22" */
    bool days;         /* whole ones, UTC */
    bool named;        /* days by their names are read, too */
    bool odd_end;      /* ?to= was passed over */
};

/* What the address asks for; `usual` when it asks for nothing that there is. */
struct range range_read(struct pav_query *q, const char *usual);
/* The same, or days by their names as below. */
struct range range_read_either(struct pav_query *q, const char *usual);
/* Whole days, for what is counted by day: the same, today among them, or
 * ?from=2026-11-20&to=2026-11-22, both of them in it. */
struct range range_read_days(struct pav_query *q, const char *usual);
/* "ranges": the choices, as links that keep these other parameters. */
void range_add(struct pav_query *q, const struct range *r, const char *path,
               const char *const *kept, struct pav_members *m);

#endif
