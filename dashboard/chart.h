/* Charts of days or hours: columns of counts, and a band of durations. */
#ifndef PAVANE_DASHBOARD_CHART_H
#define PAVANE_DASHBOARD_CHART_H

#include "pavane/buf.h"

#define CHART_PARTS 5 /* of a column, from below: by enum pav_status */

struct chart_day {
    const char *name;           /* "2026-11-20", "2026-11-20 07:00" */
    const char *link;           /* of the column; NULL: none */
    const char *times_link;     /* of its times; the same */
    const char *times_say;      /* their tooltip */
    const char *says;           /* its tooltip: "12 ended, 1 failed" */
    int64_t parts[CHART_PARTS]; /* counts */
    int64_t started;            /* a line across the column */
    int64_t p50, p95;           /* ms; -1: nothing ended */
};

int64_t chart_sum(const struct chart_day *d); /* of its parts */
/* As SVG; `title` names it.  `most` and `longest` are the ends of its scales,
 * in words. */
void
chart_draw(struct pav_buf *b, const char *title, const struct chart_day *days,
           uint32_t count, const char *most, const char *longest);

#endif
