/* Tasks whose time is over, or whose heartbeat was missed. */
#include "frame.h"
#include "leave.h"
#include "stepper.h"
#include "task.h"

/* Tasks that time out in this instant all say so, before the first failure
 * cuts the others off. */
static void
time_out(struct stepper *st, struct frame *f)
{
    struct event_data data = {.error = pav_states_error(PAV_STATES_TIMEOUT)};
    uint32_t i;

    for (i = 0; has_kids(f) && i < f->kid_count; i++)
        time_out(st, f->kids[i]);
    if (f->phase != PHASE_TASK || f->timed_out || frame_due(f) == 0 ||
        frame_due(f) > st->in->now_ms)
        return;
    task_emit(st, f, EV_TASK_TIMED_OUT, &data);
    f->timed_out = true;
}

static struct frame *
find_timed_out(struct frame *f)
{
    uint32_t i;

    if (f->phase == PHASE_TASK && f->timed_out)
        return f;
    for (i = 0; has_kids(f) && i < f->kid_count; i++) {
        struct frame *found = find_timed_out(f->kids[i]);

        if (found != NULL)
            return found;
    }
    return NULL;
}

void
tasks_time_out(struct stepper *st)
{
    struct frame *f;

    time_out(st, st->root);
    while (!st->over && (f = find_timed_out(st->root)) != NULL) {
        bool beat = f->due_at == 0 || f->due_at > st->in->now_ms;

        f->timed_out = false;
        f->due_at = f->beat_at = 0;
        fail_as(st, pav_states_error(PAV_STATES_TIMEOUT), NULL);
        st->failure.of_task = true;
        st->failure.heartbeat = beat;
        fail_frame(st, f);
    }
}
