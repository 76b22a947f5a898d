/*
 * Which events came before, on the disk: sorted runs, and the table that they
 * are merged into.  See seen_runs.c.
 */
#ifndef PAVANE_STORE_SEEN_RUNS_H
#define PAVANE_STORE_SEEN_RUNS_H

#include "pavane/store.h"

/* Entries of a row: what of it is no page of its own in the tree. */
#define RUN_ROW 56

struct seen_entry {
    int64_t hash, id;
};

/* The n-th of a row's entries. */
struct seen_entry run_entry(const void *row, uint32_t n);
uint32_t run_entries(size_t row_len);

/* Is the entry's event that one?  Then when it was received. */
bool entry_is_event(struct pav_store *s, int64_t id, struct pav_bytes source,
                    struct pav_bytes event_id, int64_t *received_at);
bool runs_open(struct pav_store *s);
void runs_close(struct pav_store *s);
/* The last event of this (source, id); 0: there is none. */
int64_t runs_find(struct pav_store *s, int64_t hash, struct pav_bytes source,
                  struct pav_bytes event_id, int64_t *received_at);
/* One more row of the run that is being written, at most RUN_ROW entries, in
 * order. */
void
runs_put(struct pav_store *s, const struct seen_entry *entries, uint32_t count);
/* Behind the commit: that run is whole; these are its entries. */
void
runs_end(struct pav_store *s, const struct seen_entry *entries, uint32_t count);
/* A commit brings so many events. */
void runs_before_commit(struct pav_store *s, uint32_t brought);
void runs_after_commit(struct pav_store *s);
void runs_rollback(struct pav_store *s);

#endif
