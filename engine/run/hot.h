/* Executions that moved lately, as the store has them: see hot.c. */
#ifndef PAVANE_RUN_HOT_H
#define PAVANE_RUN_HOT_H

#include "turn/turn.h"

/* What these three give lives until hot_end_turn(). */

/* The newest of a key, when it is open and here. */
bool hot_of_key(struct pav_engine *e, int64_t machine_id, const char *key,
                struct pav_execution_row *out);
/* The record of an execution's last step, when it is here. */
bool hot_record(struct pav_engine *e, const struct pav_execution_row *row,
                struct pav_stored *out);
/* What it was started with, when that was kept; NULL: it was not. */
const struct pav_doc *hot_input(struct pav_engine *e, int64_t id);
/* As it was staged just now, with the record of its last step; what has ended,
 * or has a meta row, is forgotten.  `input`: of one that starts, when its
 * machine asks for it; or NULL. */
void hot_keep(struct pav_engine *e, const struct pav_execution_row *row,
              const struct pav_stored *stored, bool has_meta,
              const struct pav_doc *input);
/* All of them: what was staged did not come about. */
void hot_forget(struct pav_engine *e);
/* Nobody points to what was dropped any more. */
void hot_end_turn(struct pav_engine *e);
void hot_free(struct pav_engine *e);

#endif
