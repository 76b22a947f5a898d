/* Events come in: see intake.c. */
#ifndef PAVANE_RUN_INTAKE_H
#define PAVANE_RUN_INTAKE_H

#include "pavane/store_bus.h"
#include "turn/turn.h"

/* The advance() and events() of a job that is, or begins with, a list of
 * events. */
void intake_events(struct pav_engine *e, struct pav_job *job);
uint32_t intake_count(const struct pav_job *job, size_t *bytes);
/* The engine's own event: dropped when nobody asks for it. */
void
intake_own(struct pav_engine *e, const struct pav_doc *envelope, int64_t depth);
/* One that an archive has, as it was then. */
void intake_replayed(struct pav_engine *e, const struct pav_event_row *row,
                     struct pav_event_item *item);
/* One that comes from within, as text.  `item` may have a bus, a replay and a
 * body. */
void intake_text(struct pav_engine *e, struct pav_bytes text, bool known_id,
                 struct pav_event_item *item);

#endif
