/* DynamoDB's scan and query on local tables; see table_scan.c. */
#ifndef PAVANE_RUN_TABLE_SCAN_H
#define PAVANE_RUN_TABLE_SCAN_H

#include "turn/turn.h"

/* The answer; NULL: `why` is what a ValidationException says. */
const struct pav_doc *table_scan(struct pav_engine *e, const char *table,
                                 const struct pav_doc *with, const char **why);
/* The same; `keys` are the names of the table's key. */
const struct pav_doc *
table_query(struct pav_engine *e, const char *table, const struct pav_doc *keys,
            const struct pav_doc *with, const char **why);

#endif
