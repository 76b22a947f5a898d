/* What a reader chose for this browser; cookies keep it. */
#ifndef PAVANE_DASHBOARD_CHOICES_H
#define PAVANE_DASHBOARD_CHOICES_H

#include "pavane/query.h"

#define THEME_COOKIE "theme"
#define ZONE_COOKIE  "zone"
#define ROWS_COOKIE  "rows" /* "compact" */

/* In the arena; NULL: none, or it is empty. */
const char *choice_of(struct pav_query *q, const char *cookie);
/* "dark", "light"; NULL: as the system has it. */
const char *choice_of_theme(struct pav_query *q);

#endif
