/* Durable first, then the jobs go: see flusher.c. */
#ifndef PAVANE_RUN_FLUSHER_H
#define PAVANE_RUN_FLUSHER_H

#include "turn/turn.h"

void flusher_start(struct pav_engine *e);
/* Until the commit before is durable and its jobs have gone. */
void flusher_wait(struct pav_engine *e);
void flusher_release(struct pav_engine *e, struct pav_feed *feed,
                     struct pav_job *jobs);
/* The sync of a checkpoint, behind what is in progress. */
void flusher_finish_checkpoint(struct pav_engine *e);
void flusher_counts(struct pav_engine *e, struct pav_histogram *sum);
void flusher_stop(struct pav_engine *e);

#endif
