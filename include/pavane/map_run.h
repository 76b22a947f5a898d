/*
 * A distributed Map's run: what its executions get, and what it gives.
 *
 * The state machine itself only starts a run and waits for its end (see
 * PAV_CALL_MAP_RUN).  Whoever runs it reads the object that the state's
 * ItemReader names, asks here for the inputs, starts one execution for each
 * with pav_step_in.map_state, and puts their outputs together.
 *
 * What a run is told (`called_with`) is a document:
 *   state                   the Map's name
 *   inputs                  a list, when the items were in the state's input
 *   reader                  {Bucket, Key | Prefix} otherwise
 *   maxItems                0: all
 *   maxConcurrency          0: as many as there may be
 *   toleratedFailureCount, toleratedFailurePercentage   may be absent
 *   writer                  {Bucket, Prefix}, or absent
 */
#ifndef PAVANE_MAP_RUN_H
#define PAVANE_MAP_RUN_H

#include "pavane/step.h"

/* Items of one run at most. */
#define PAV_MAP_ITEMS_MAX 100000

/* Does the state list a bucket's objects, rather than read one? */
bool pav_map_lists(const struct pav_machine *m, const char *state);

/*
 * The items out of an object's text, as the state's ReaderConfig says.  False
 * with the reason (States.ItemReaderFailed's cause).  `text` outlives them.
 */
bool
pav_map_items(const struct pav_machine *m, const char *state, const char *text,
              size_t len, int64_t max_items, struct pav_arena *a,
              const struct pav_doc **items, const char **cause);

/*
 * The inputs of the executions: ItemSelector, then ItemBatcher, over `items`.
 * `in` is as for a step of the execution that waits for the run `no`.  False
 * with error and cause.
 */
bool pav_map_inputs(const struct pav_step_in *in, uint32_t no,
                    const struct pav_doc *items, struct pav_arena *a,
                    const struct pav_doc **inputs, const char **error,
                    const char **cause);

/* More failures than the run tolerates? */
bool
pav_map_exceeded(const struct pav_doc *spec, int64_t failed, int64_t total);

/* How results are written: the state's WriterConfig. */
struct pav_map_writing {
    bool json_lines, flatten, compact;
};
struct pav_map_writing
pav_map_writing(const struct pav_machine *m, const char *state);

#endif
