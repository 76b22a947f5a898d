/* One page each; `rest` is what follows its path, "" at most. */
#ifndef PAVANE_DASHBOARD_PAGES_H
#define PAVANE_DASHBOARD_PAGES_H

#include "pavane/query.h"

typedef void (*page_fn)(struct pav_query *q, const char *rest);

void page_overview(struct pav_query *q, const char *rest);
void page_find(struct pav_query *q, const char *rest);
void page_by_key(struct pav_query *q, const char *rest);
void page_executions(struct pav_query *q, const char *rest);
void page_execution(struct pav_query *q, const char *id);
void page_machines(struct pav_query *q, const char *rest);
void page_machine(struct pav_query *q, const char *name);
void page_events(struct pav_query *q, const char *rest);
void page_event(struct pav_query *q, const char *id);
void page_help(struct pav_query *q, const char *rest);
void page_theme(struct pav_query *q, const char *rest);

#endif
