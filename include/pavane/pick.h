/*
 * What a rule takes out of an event: a JSONPath, "$.detail.id", or an
 * expression of JSONata between {% and %}, "{% detail.order & '-' & source %}",
 * whose names are looked up in the event.
 */
#ifndef PAVANE_PICK_H
#define PAVANE_PICK_H

#include "pavane/path.h"

struct pav_pick;

/*
 * Compile `text` (borrowed; outlives the pick) into the arena.
 * Errors: PAV_INVALID, err->message says what was found where.
 */
PAV_MUSTUSE enum pav_rc
pav_pick_compile(struct pav_arena *a, const char *text, size_t len,
                 const struct pav_pick **out, struct pav_err *err);
/* Of a path that is compiled already. */
const struct pav_pick *pav_pick_of_path(struct pav_arena *a, const char *text,
                                        const struct pav_path *path);
/* As it was written. */
const char *pav_pick_text(const struct pav_pick *p);
/* What it gives is in the document itself, or was made (`at` 0). */
bool pav_pick_is_path(const struct pav_pick *p);
/* One value or none: an expression, or a path without wildcards and the like.
 */
bool pav_pick_is_single(const struct pav_pick *p);
/* Its path begins with $$. */
bool pav_pick_is_context(const struct pav_pick *p);
/*
 * NULL: there is nothing, or the expression failed.  An expression may take
 * PAV_PICK_STEPS and make PAV_PICK_BYTES; its $now() is `now_ms`, its $random()
 * always the same.
 */
#define PAV_PICK_STEPS 20000
#define PAV_PICK_BYTES (2u << 20)
const struct pav_doc *
pav_pick_eval(const struct pav_pick *p, const struct pav_doc *event,
              int64_t now_ms, struct pav_arena *a);

#endif
