/* The manual: a page for each task, a file of manual/ each. */
#ifndef PAVANE_DASHBOARD_MANUAL_H
#define PAVANE_DASHBOARD_MANUAL_H

#include "pavane/doc.h"
#include "pavane/query.h"

/* Its pages, those that have the text, in either case; NULL: all. */
const struct pav_doc *manual_list(struct pav_query *q, const char *text);
/* A page rendered; its title, NULL: there is none of that name. */
const char *
manual_page(struct pav_query *q, const char *name, struct pav_buf *html);

#endif
