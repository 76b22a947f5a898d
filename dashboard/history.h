/* The history of an execution as rows: in blocks, or those that are asked for.
 */
#ifndef PAVANE_DASHBOARD_HISTORY_H
#define PAVANE_DASHBOARD_HISTORY_H

#include "answer.h"

/*
 * A block of events, that of ?from= or the newest, the newest first or with
 * ?sort=oldest the oldest; with ?only= (failures, states, events, timers) or
 * ?find= (a text of a name or a payload) the newest that fit; with ?only=visits
 * a row for each visit of a state.
 */
void history_add(const struct asked *k, struct pav_members *m);
/* ?part=block: further rows for a page that is open. */
void history_block(const struct asked *k);

#endif
