/* DynamoDB's scan and query on local tables; see table_scan.c. */
#ifndef PAVANE_RUN_TABLE_SCAN_H
#define PAVANE_RUN_TABLE_SCAN_H

#include "turn/turn.h"

/* `keys` are the names of a table's key. */

/* The text that an item is found by; NULL: it lacks an attribute of the key. */
const char *table_key_text(struct pav_engine *e, const struct pav_doc *keys,
                           const struct pav_doc *of);
/* The answer; NULL: `why` is what a ValidationException says. */
const struct pav_doc *
table_scan(struct pav_engine *e, const char *table, const struct pav_doc *keys,
           const struct pav_doc *with, const char **why);
const struct pav_doc *
table_query(struct pav_engine *e, const char *table, const struct pav_doc *keys,
            const struct pav_doc *with, const char **why);

/* Is the item's time over, by the attribute that the table calls its ttl? */
bool table_is_over(struct pav_engine *e, const char *table,
                   const struct pav_doc *item);
/*
 * Forgets what is over among the next `max` items: of the table `*at`, behind
 * the key `*after` (owned, NULL at first), and moves both.  False: there are no
 * more tables.
 */
bool
table_forget(struct pav_engine *e, uint32_t *at, char **after, uint32_t max);

#endif
