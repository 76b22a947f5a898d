/* Which events came before. */
#ifndef PAVANE_STORE_SEEN_H
#define PAVANE_STORE_SEEN_H

#include "pavane/buf.h"
#include "pavane/store.h"

/* seen.c: which events came before. */
bool seen_open(struct pav_store *s);
void seen_close(struct pav_store *s);
void seen_add(struct pav_store *s, int64_t hash, int64_t id);
/* The last event of this (source, id); 0: there is none. */
int64_t seen_find(struct pav_store *s, int64_t hash, struct pav_bytes source,
                  struct pav_bytes event_id, int64_t *received_at);
void seen_before_commit(struct pav_store *s);
void seen_after_commit(struct pav_store *s);
void seen_rollback(struct pav_store *s);
int64_t seen_hash_of(struct pav_bytes source, struct pav_bytes event_id);

/*
 * Any thread: the ids of committed events that are found in memory alone, as
 * far as their hash is from `hash` to `upto`, behind commas.  False: who reads
 * with what was on the disk up to the event `disk_upto` might miss some.
 */
struct seen;
bool seen_recent(struct seen *n, int64_t hash, int64_t upto, int64_t disk_upto,
                 struct pav_buf *ids);

/* The first key of event_seen for an id; the last 16 bits are the source's. */
int64_t seen_hash(struct pav_bytes event_id);

#endif
