/* Which events came before. */
#ifndef PAVANE_STORE_SEEN_H
#define PAVANE_STORE_SEEN_H

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

/* The first key of event_seen for an id; the last 16 bits are the source's. */
int64_t seen_hash(struct pav_bytes event_id);

#endif
