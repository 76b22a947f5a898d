/* Local tables: see tables.c. */
#ifndef PAVANE_RUN_TABLES_H
#define PAVANE_RUN_TABLES_H

#include "turn/turn.h"

/* How a failure is told: as the optimised integration's, as the SDK's, or as
 * DynamoDB's own, a code and its text. */
enum table_caller { TABLE_OPTIMISED, TABLE_SDK, TABLE_API };

/* DynamoDB's actions on items, by their names in the SDK.  NULL: error and
 * cause are set. */
const struct pav_doc *
table_call(struct pav_engine *e, const char *method, const struct pav_doc *with,
           enum table_caller caller, const char **error, const char **cause);

/* One item's, or a scan or a query; `look`: whether it can be done, and nothing
 * is. */
const struct pav_doc *
table_item(struct pav_engine *e, const char *method, const struct pav_doc *with,
           bool look, enum table_caller caller, const char **error,
           const char **cause);
/* Always NULL, with error and cause in the caller's form. */
const struct pav_doc *
table_refuse(struct pav_engine *e, enum table_caller caller, const char *code,
             const char *text, const char **error, const char **cause);

#endif
