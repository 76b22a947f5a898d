/*
 * The dashboard: HTML written here, from the store, on a query thread.
 * Works without JavaScript; nothing a user sent is ever markup.
 */
#ifndef PAVANE_PAGES_H
#define PAVANE_PAGES_H

#include "pavane/query.h"

/* Answers every GET that is no API: a page, a file, or a 404 page. */
void pav_page(struct pav_query *q);

/* What is large enough becomes gzip's bytes.  False: it stays as it is. */
bool pav_page_pack(struct pav_buf *b);

/* The sums of executions that ended: api.h. */
struct pav_fold_job;
void pav_fold(struct pav_query *q, struct pav_fold_job *j);

/* What a query thread keeps for them: the graphs that it laid out. */
void *pav_pages_new(void);
void pav_pages_free(void *pages);

#endif
