/* Maps: iterations here, and runs elsewhere. */
#ifndef PAVANE_ASL_MAP_H
#define PAVANE_ASL_MAP_H

#include "pavane/step.h"

struct compiler;
struct place;
struct state;
struct stepper;

/* map_reader.c: ItemReader, ItemBatcher, ResultWriter. */
void map_reader_compile(struct compiler *c, struct state *s,
                        const struct pav_doc *d, const struct place *place);

/* state_map.c: the next iteration, started; NULL: it failed. */
struct frame *map_start_next(struct stepper *st, struct frame *map);

/* Lists; of a distributed Map, objects too: its items are their members. */
bool can_be_items(const struct state *s, const struct pav_doc *d);

/* map_items.c: the item of an object's member, {"Key", "Value"}. */
const struct pav_doc *
map_pair(struct pav_arena *a, const struct pav_member *member);

/* map_run.c: what a distributed Map's run is told; NULL: failed. */
const struct pav_doc *
map_run_spec(struct stepper *st, struct frame *f, const struct pav_doc *items);
void
map_run_ended(struct stepper *st, struct frame *f, const struct pav_wake *wake);

#endif
