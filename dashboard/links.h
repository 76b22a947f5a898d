/* Links between pages, and what a page's own address asks for. */
#ifndef PAVANE_DASHBOARD_LINKS_H
#define PAVANE_DASHBOARD_LINKS_H

#include "pavane/query.h"

/* Relative way from the page to the root: "", "../", ... */
const char *page_root(struct pav_query *q);
/* A parameter of the query in the arena; NULL when absent or empty. */
const char *page_parameter(struct pav_query *q, const char *name);
/* From the page to a path with an encoded last segment. */
const char *
view_link(struct pav_query *q, const char *path, const char *segment);
const char *
view_execution_link(struct pav_query *q, const char *machine, const char *name);

#endif
