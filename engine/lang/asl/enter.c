/* Entering states, and what comes of it. */
#include "frame.h"
#include "kind.h"
#include "leave.h"
#include "model.h"
#include "stepper.h"

static void
forget_default(struct frame *f)
{
    for (; f != NULL; f = f->parent)
        f->via_default = false;
}

static void
advance(struct stepper *st, struct frame *f, enum outcome outcome)
{
    uint32_t i;

    switch (outcome) {
    case GO_NEXT:
        leave(st, f, f->result, f->state->next);
        break;
    case GO_TO:
        leave(st, f, f->result, f->jump);
        break;
    case GO_WAIT:
        forget_default(f);
        break;
    case GO_BRANCHES:
        for (i = 0; i < f->kid_count; i++)
            f->kids[i]->via_default = f->via_default;
        if (f->phase == PHASE_MAP && f->map->item_count == 0)
            map_end(st, f);
        break;
    case GO_FAILED:
        fail_frame(st, f);
        break;
    }
}

void
enter_again(struct stepper *st, struct frame *f)
{
    advance(st, f, f->state->kind->enter(st, f));
}

void
enter(struct stepper *st, struct frame *f)
{
    struct event_data data = {.state = f->state,
                              .payload = payload_doc(&f->input)};
    int64_t id;

    PAV_ASSERT(f->phase == PHASE_ENTER && f->state != NULL);
    f->attempts = NULL;
    f->retry_count = 0;
    f->token = NULL;
    f->named = NULL;
    f->context = NULL;
    f->no = 0;
    f->due_at = f->beat_at = f->beat_s = 0;
    f->assigned = NULL;
    st->last_state = f->state->name;
    id = emit(st, f->state->kind->entered, f->previous_id, &data);
    if (st->over)
        return;
    f->previous_id = f->entered_id = id;
    f->entered_at = st->in->now_ms;
    enter_again(st, f);
}
