/*
 * A folder's tables/TABLE.json: a list of the table's first items, plain JSON
 * or with types as DynamoDB has them ({"id": {"S": "x"}}).
 */
#ifndef PAVANE_FOLDER_TABLE_FILES_H
#define PAVANE_FOLDER_TABLE_FILES_H

#include "pavane/engine.h"

/*
 * Reads DIR/tables/TABLE.json; the job belongs to the caller, a fault of its
 * items will be called `name`.  NULL when a fault is an error.
 */
struct pav_seed_job *table_file_read(const char *dir, const char *table,
                                     const char *name, struct pav_buf *report);

#endif
