/* What a step leaves: waits, timers, and the states that are current. */
#include <string.h>

#include "frame.h"
#include "model.h"
#include "record.h"
#include "step_view.h"
#include "task.h"

struct gather {
    bool moving; /* a frame will open a wait by itself */
    struct pav_arena *arena;
    struct pav_wait_view *waits;
    struct pav_timer *timers;
    const char **states;
    uint32_t wait_count, timer_count, state_count;
    bool runnable;
};

static uint32_t
count_frames(const struct frame *f)
{
    uint32_t i, n = 1;

    for (i = 0; has_kids(f) && i < f->kid_count; i++)
        n += count_frames(f->kids[i]);
    return n;
}

static void
gather(struct gather *g, const struct frame *f)
{
    uint32_t i;

    switch (f->phase) {
    case PHASE_DONE:
        return;
    case PHASE_MAP:
    case PHASE_PARALLEL:
        if (f->phase == PHASE_MAP && map_may_start(f))
            g->runnable = g->moving = true;
        for (i = 0; i < f->kid_count; i++)
            gather(g, f->kids[i]);
        if (f->kid_count > 0)
            return;
        break; /* is at the Map itself */
    case PHASE_ENTER:
        g->runnable = g->moving = true;
        break;
    case PHASE_RUN:
    case PHASE_TASK:
        wait_view(f, g->arena, &g->waits[g->wait_count++]);
        break;
    case PHASE_WAIT:
    case PHASE_RETRY:
        g->moving = true;
        break;
    }
    if (frame_due(f) != 0)
        g->timers[g->timer_count++] = (struct pav_timer){
            .no = f->no,
            .due_at = frame_due(f),
            .kind = f->phase == PHASE_WAIT    ? PAV_WAKES
                    : f->phase == PHASE_RETRY ? PAV_RETRIES
                                              : PAV_TIMES_OUT,
            .state = f->state->name,
            .attempt = f->retry_count};
    g->states[g->state_count++] = f->state->name;
}

void
step_view(const struct pav_machine *m, const struct frame *root,
          int64_t started_at, int64_t now_ms, struct pav_arena *a,
          struct pav_step_out *out)
{
    uint32_t n = count_frames(root);
    struct gather g = {.arena = a};

    g.waits = pav_arena_alloc(a, n * sizeof(*g.waits));
    g.timers = pav_arena_alloc(a, (n + 2) * sizeof(*g.timers));
    g.states = pav_arena_alloc(a, n * sizeof(*g.states));
    gather(&g, root);
    if (g.runnable)
        g.timers[g.timer_count++] =
            (struct pav_timer){.no = PAV_TIMER_GO_ON,
                               .due_at = now_ms + 1, /* in a later turn */
                               .kind = PAV_GOES_ON};
    if (m->timeout_s > 0)
        g.timers[g.timer_count++] =
            (struct pav_timer){.no = PAV_TIMER_MACHINE,
                               .due_at = started_at + m->timeout_s * 1000,
                               .kind = PAV_TIMES_OUT};
    out->waits = g.waits;
    out->wait_count = g.wait_count;
    out->timers = g.timers;
    out->timer_count = g.timer_count;
    out->states = g.states;
    out->state_count = g.state_count;
    out->moving = g.moving;
}

void
pav_step_view(const struct pav_machine *m, struct pav_record *record,
              int64_t started_at, struct pav_arena *a, struct pav_step_out *out)
{
    struct frame *root = record_frames(m, record, a);

    memset(out, 0, sizeof(*out));
    if (root != NULL)
        step_view(m, root, started_at, 0, a, out);
}
