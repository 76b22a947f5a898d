/* Rows that several pages show, and their filters. */
#ifndef PAVANE_DASHBOARD_VIEW_ROWS_H
#define PAVANE_DASHBOARD_VIEW_ROWS_H

#include "pavane/attention.h"
#include "pavane/query.h"
#include "view.h"

#define ROWS 50 /* of a page */

#define OF_NO_MACHINE "?" /* ?machine= of events that concern none: no name */

/* One row of the list of executions. */
const struct pav_doc *
view_execution(struct pav_query *q, const struct pav_execution_view *x);
/* Several of them. */
const struct pav_doc *
view_execution_rows(struct pav_query *q, const struct pav_execution_view *v,
                    uint32_t count);
/* Dispositions as rows; `*next` as in the reader. */
const struct pav_doc *
view_dispositions(struct pav_query *q, const struct pav_disposition_filter *f,
                  int64_t *next);
const struct pav_doc *
view_executions(struct pav_query *q, const struct pav_execution_filter *f,
                int64_t *next);
const struct pav_doc *
view_machine(struct pav_query *q, const struct pav_machine_view *v);
/* A producer's page; NULL for "guard or inspector", who owe what either may
 * send and are no source. */
const char *view_producer_link(struct pav_query *q, const char *from);
/* The row of the one event that has the id; 0: there is none, or several. */
int64_t view_one_event(struct pav_query *q, const char *id);
/* The page says that this parameter's value was passed over. */
void
view_not_read(struct pav_query *q, struct pav_members *m, const char *name);
/* And that of one which has to be a whole number from 1 on, if it is not. */
void
view_check_number(struct pav_query *q, struct pav_members *m, const char *name);
/* What somebody said of a group, for pages/markbutton.html; NULL: nothing. */
void view_mark(struct pav_members *m, const struct pav_mark *mark);
/* Attributes that ?columns=NAME,NAME asks for, as a list of names. */
const struct pav_doc *view_columns(struct pav_query *q);
/* A count that stops: "10,000+". */
const char *view_capped(struct pav_arena *a, int64_t n);
/* The link with those of the page's parameters; `path` has a "?". */
const char *
view_with(struct pav_query *q, const char *path, const char *const *names);
/* The link to the next page, with the parameters that are kept; or NULL. */
const char *view_next(struct pav_query *q, const char *path,
                      const char *const *names, int64_t next);

#endif
