/*
 * Traffic: events as a system's producers would send them, over days.
 *
 * SYSTEM/traffic.json:
 *
 *   { "id": "order-{n}", "everySeconds": 1800,
 *     "steps": [ {"afterSeconds": [LEAST, MOST],
 *                 "events": [ {"weight": 90, "event": {...}, "twice": true,
 *                              "ends": true} ]} ] }
 *
 * An entity begins every so often; {n} is its number, {id} in an event the id.
 * At each step, so long behind the one before, one of the events is drawn by
 * its weight and sent, twice if it says so; without an event nothing comes, and
 * the entity stands where it stands.  The draw is the same each time.
 */
#ifndef PAVANE_PLAY_TRAFFIC_H
#define PAVANE_PLAY_TRAFFIC_H

#include "pavane/doc.h"

struct traffic_event {
    int64_t at_ms;
    const char *system;
    const struct pav_doc *event;
};

struct traffic {
    struct traffic_event *v; /* by time */
    uint32_t count, cap;
};

/* Is there a traffic.json? */
bool traffic_is_in(struct pav_arena *a, const char *system);
/*
 * Adds what entities of the system send that begin from one time on up to
 * another; `hurry`: times between events are so many times shorter.  `first`
 * and what is returned number the entities.  Errors: PAV_INVALID with the
 * place, PAV_IO.
 */
PAV_MUSTUSE enum pav_rc
traffic_read(struct pav_arena *a, const char *system, int64_t from_ms,
             int64_t until_ms, int hurry, uint32_t *first, struct traffic *out,
             struct pav_err *err);
void traffic_sort(struct traffic *t);

#endif
