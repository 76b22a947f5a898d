/* A redrive: what had not ended goes on from where it stood. */
#include <string.h>

#include "frame.h"
#include "leave.h"
#include "stepper.h"

/* What had not ended goes on: S4 of step.c. */
static void
redrive_frame(struct stepper *st, struct frame *f)
{
    uint32_t i, n = f->kid_count;
    struct frame **kids = f->kids;
    const struct map_state *map = f->map;
    const struct state *state = f->state;
    enum phase phase = f->phase;
    struct event_data run = {0};

    f->retry_count = 0;
    f->attempts = NULL;
    f->context = NULL;
    switch (f->phase) {
    case PHASE_RUN: /* the same run goes on */
        run.text = f->token;
        f->previous_id = st->next_id - 1;
        emit_next(st, f, EV_RUN_REDRIVEN, &run);
        f->call = PAV_CALL_MAP_RUN;
        f->called_with = &pav_doc_empty_object;
        break;
    case PHASE_TASK:
    case PHASE_RETRY:
        f->previous_id = st->next_id - 1;
        enter_again(st, f);
        break;
    case PHASE_PARALLEL:
    case PHASE_MAP: /* a kid's end may take it out of the list */
        kids = pav_arena_alloc(st->arena, (n + 1) * sizeof(struct frame *));
        if (n > 0)
            memcpy(kids, f->kids, n * sizeof(struct frame *));
        if (n == 0) { /* all had ended, what came behind it failed */
            f->phase = PHASE_ENTER;
            break;
        }
        for (i = 0; i < n && !st->over && f->phase == phase && f->map == map &&
                    f->state == state;
             i++)
            redrive_frame(st, kids[i]);
        break;
    case PHASE_ENTER:
    case PHASE_WAIT:
        f->previous_id = st->next_id - 1;
        f->phase = PHASE_ENTER;
        break;
    case PHASE_DONE:
        break;
    }
}

void
redrive(struct stepper *st)
{
    struct event_data data = {.number =
                                  (uint32_t)st->in->identity->redrive_count};

    st->root->previous_id =
        emit(st, EV_EXECUTION_REDRIVEN, st->root->previous_id, &data);
    if (!st->over)
        redrive_frame(st, st->root);
}
