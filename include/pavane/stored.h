/*
 * A step's record as the journal has it, and where what it refers to is found:
 * what the language and the store both know of each other.
 */
#ifndef PAVANE_STORED_H
#define PAVANE_STORED_H

#include <stdbool.h>

#include "pavane/buf.h"
#include "pavane/mem.h"

/* A row of the journal, as far as its record needs it. */
struct pav_stored {
    int64_t id, previous; /* steps of one execution; 0: none */
    int64_t execution_id;
    int64_t event_id;       /* the event that moved it; 0: none */
    struct pav_bytes bytes; /* the record */
};

/*
 * Each is asked for by what a record refers to, and answers in the arena;
 * false: it is not there, and whoever answers has told why (the payload is null
 * then).  `event` and `step` may be NULL for records that refer to the
 * definition alone: those of steps without an event's place and an earlier
 * step's id.
 */
struct pav_sources {
    void *arg;
    /* The event's body. */
    bool (*event)(void *arg, int64_t id, struct pav_arena *a,
                  struct pav_bytes *body);
    bool (*step)(void *arg, int64_t id, struct pav_arena *a,
                 struct pav_stored *out);
    /* Of the machine's version that the execution runs. */
    bool (*definition)(void *arg, int64_t execution_id, struct pav_arena *a,
                       struct pav_bytes *text);
};

#endif
