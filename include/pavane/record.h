/*
 * Records of steps: what a step wrote into the journal, to be read again.
 *
 * A record does not repeat what stands elsewhere: a payload may be a place in
 * the event that moved the step, in the machine's definition, or in an earlier
 * record of the same execution.  It is fetched and parsed when somebody asks
 * for it, once.  Format: record_write.c.
 */
#ifndef PAVANE_RECORD_H
#define PAVANE_RECORD_H

#include "pavane/doc.h"
#include "pavane/stored.h"

struct pav_machine;
struct pav_record;

/* Cost: linear in the record, not in its payloads.  All is borrowed: the bytes
 * and `sources` must live as long as the arena.  A record that is none is a bug
 * (the journal has sums). */
struct pav_record *
pav_record_open(const struct pav_stored *stored,
                const struct pav_sources *sources, struct pav_arena *a);

/* Does it say where the execution stands?  Those of a success do not, and very
 * old ones of other ends. */
bool pav_record_has_frames(const struct pav_record *r);

/* The same record for who has no sources: what its frames hold is in it, the
 * definition apart, and it has no events.  The bytes are in the arena. */
struct pav_bytes pav_record_whole(const struct pav_machine *m,
                                  struct pav_record *r, struct pav_arena *a);

/* A definition for pav_sources whose `arg` is the compiled machine. */
bool pav_record_definition(void *machine, int64_t execution_id,
                           struct pav_arena *a, struct pav_bytes *text);

#endif
