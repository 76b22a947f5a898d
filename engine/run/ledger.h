/* What became of events, counted by who sent them: see ledger.c. */
#ifndef PAVANE_RUN_LEDGER_H
#define PAVANE_RUN_LEDGER_H

#include "outcome.h"

/* One outcome more of the event in hand. */
void ledger_count(struct event_context *ec, const struct verdict *v);
/* An early event's time is over: one outcome more of it. */
void ledger_expired(struct pav_engine *e, int64_t event_id, int64_t machine_id);
/* The turn has ended: what it counted holds, or never was. */
void ledger_settle(struct pav_engine *e, bool committed);
/* What was counted since; `all`: now, else now and then. */
void ledger_write(struct pav_engine *e, bool all);
int64_t ledger_next(const struct pav_engine *e); /* when it is written */
void ledger_fini(struct pav_engine *e);

#endif
