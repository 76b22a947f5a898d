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

/* Are the objects that it lists read, and their items the run's? */
bool pav_map_flattens(const struct pav_machine *m, const char *state);

/* An object that was read; `source` is "S3://BUCKET/KEY". */
struct pav_map_part {
    const char *source;
    struct pav_bytes text;
};

/* Items, and where they come from: each origin goes up to the item `until`. */
struct pav_map_items {
    const struct pav_doc *items;
    struct pav_map_origin {
        const char *source; /* $$.Map.Item.Source */
        uint32_t until;
        bool keyed; /* {"Key","Value"}: members of an object */
    } * origins;
    uint32_t origin_count; /* 0: the state's input has them */
};

/*
 * The items in the texts of the objects that a state reads, at most max_items
 * (0: all).  False, with the cause, when there are none to be had.  They live
 * as long as the arena and the texts.
 */
bool pav_map_items(const struct pav_machine *m, const char *state,
                   const struct pav_map_part *parts, uint32_t count,
                   int64_t max_items, struct pav_arena *a,
                   struct pav_map_items *out, const char **cause);

/*
 * The inputs of the executions: ItemSelector, then ItemBatcher, over `items`.
 * `in` is as for a step of the execution that waits for the run `no`.  False
 * with error and cause.
 */
bool pav_map_inputs(const struct pav_step_in *in, uint32_t no,
                    const struct pav_map_items *items, struct pav_arena *a,
                    const struct pav_doc **inputs, const char **error,
                    const char **cause);

/* More failures than the run tolerates?  Below 0: no such bound; without both,
 * none is tolerated. */
bool pav_map_exceeded(int64_t tolerated_count, double tolerated_percentage,
                      int64_t failed, int64_t total);

/* How results are written: the state's WriterConfig. */
struct pav_map_writing {
    bool json_lines, flatten, compact;
};
struct pav_map_writing
pav_map_writing(const struct pav_machine *m, const char *state);

#endif
