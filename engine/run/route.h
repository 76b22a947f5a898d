/* An event on a bus: see route.c. */
#ifndef PAVANE_RUN_ROUTE_H
#define PAVANE_RUN_ROUTE_H

#include "correlate.h"

/* To all that want it there, and on to the buses that rules send it to. */
void route(struct event_context *ec, struct bus *b);
/* The one disposition of an event that concerned nobody. */
void nobody(struct event_context *ec, const struct bus *b);
/* The event tells of an execution's status. */
bool is_status(const struct pav_event_item *item);

#endif
