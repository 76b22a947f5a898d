/* Local tables: see tables.c. */
#ifndef PAVANE_RUN_TABLES_H
#define PAVANE_RUN_TABLES_H

#include "turn/turn.h"

/* DynamoDB's four actions.  NULL: error and cause are set. */
const struct pav_doc *
table_call(struct pav_engine *e, const char *method, const struct pav_doc *with,
           bool sdk, const char **error, const char **cause);

#endif
