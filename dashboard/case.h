/* An execution as a case of `pavane test`. */
#ifndef PAVANE_DASHBOARD_CASE_H
#define PAVANE_DASHBOARD_CASE_H

#include "pavane/query.h"

/* Answers with the file: events/NAME.json of the machine's folder. */
void case_answer(struct pav_query *q, const struct pav_execution_view *x);

#endif
