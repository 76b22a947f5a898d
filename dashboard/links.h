/* Links between pages. */
#ifndef PAVANE_DASHBOARD_LINKS_H
#define PAVANE_DASHBOARD_LINKS_H

#include "pavane/query.h"

/* Relative way from the page to the root: "", "../", ... */
const char *page_root(struct pav_query *q);
/* From the page to a path with an encoded last segment. */
const char *
view_link(struct pav_query *q, const char *path, const char *segment);
/* A value, encoded for an address. */
const char *view_encoded(struct pav_query *q, const char *value);
const char *
view_execution_link(struct pav_query *q, const char *machine, const char *name);

#endif
