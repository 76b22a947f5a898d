/* The history of an execution as rows: in blocks, or those that are asked for.
 */
#ifndef PAVANE_DASHBOARD_HISTORY_H
#define PAVANE_DASHBOARD_HISTORY_H

#include "answer.h"

/*
 * A block of events from ?from= on; with ?only= (failures, states, events,
 * timers) or ?find= (a text of a name or a payload) the newest that fit.
 */
void history_add(const struct asked *k, struct pav_members *m);
/* ?part=block: further rows for a page that is open. */
void history_block(const struct asked *k);

#endif
