/* Moments as people read them, on the clock that the reader chose. */
#ifndef PAVANE_DASHBOARD_WHEN_H
#define PAVANE_DASHBOARD_WHEN_H

#include "pavane/buf.h"
#include "pavane/query.h"
#include "pavane/zone.h"

struct when {
    struct pav_zone *zone; /* NULL: UTC */
    const char *name;      /* "Europe/Berlin" */
    int64_t now_ms;
};

/* The zone of the reader's cookie; UTC when there is none, or none of its
 * name. */
void when_begin(struct when *w, struct pav_query *q);
void when_end(struct when *w);

/* "15:20:36" of today, "Fri 11 Dec 15:20" of this year, "11 Dec 2025 15:20". */
void when_words(const struct when *w, int64_t ms, struct pav_buf *out);
/* "2026-12-11 15:20:36.051" */
void when_exact(const struct when *w, int64_t ms, struct pav_buf *out);
/* The same as a <time>, whose datetime and title are RFC 3339, in UTC. */
void
when_element(const struct when *w, int64_t ms, bool exact, struct pav_buf *out);

#endif
