/* What a step leaves: waits, timers, and the states that are current. */
#ifndef PAVANE_ASL_STEP_VIEW_H
#define PAVANE_ASL_STEP_VIEW_H

#include "pavane/step.h"

struct frame;

void step_view(const struct pav_machine *m, const struct frame *root,
               int64_t started_at, int64_t now_ms, struct pav_arena *a,
               struct pav_step_out *out);

#endif
