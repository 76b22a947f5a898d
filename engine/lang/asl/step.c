/*
 * The driver of a step.
 *
 * An execution is a tree of frames, one for each scope that is entered: the
 * root, one for each branch of a Parallel, one for each iteration of an inline
 * Map that is at work.  A wake changes one waiting frame; then every runnable
 * frame runs until it waits, and branches and iterations join.
 *
 * Invariants:
 * S1  A frame in PHASE_ENTER is the only kind that runs; a Map with room
 *     starts its next iteration when nothing else in it does.
 * S2  Nothing is emitted once the execution is over.
 * S3  Event ids are contiguous; event 25,000 is the execution's end.
 * S4  An end that is no success leaves the frames as they stood: a redrive
 *     goes on from them.
 */
#include "pavane/step.h"

#include <string.h>

#include "frame.h"
#include "kind.h"
#include "leave.h"
#include "map.h"
#include "query.h"
#include "record.h"
#include "step_view.h"
#include "stepper.h"
#include "task.h"
#include "model.h"

#define DEFAULT_BUDGET 1000       /* transitions in one step */
#define PAYLOADS_MAX   (4u << 20) /* bytes of payloads in one step */

static const char *const status_names[] = {
    [PAV_RUNNING] = "RUNNING", [PAV_SUCCEEDED] = "SUCCEEDED",
    [PAV_FAILED] = "FAILED",   [PAV_TIMED_OUT] = "TIMED_OUT",
    [PAV_ABORTED] = "ABORTED",
};

const char *
pav_status_name(enum pav_status s)
{
    return status_names[s];
}

bool
pav_status_find(const char *name, enum pav_status *out)
{
    int i;

    for (i = PAV_RUNNING; i <= PAV_ABORTED; i++) {
        if (strcmp(status_names[i], name) == 0) {
            *out = (enum pav_status)i;
            return true;
        }
    }
    return false;
}

/* ---- waking ---- */

static void
wait_over(struct stepper *st, struct frame *f)
{
    const struct pav_doc *d;

    if (f->state->language->arguments(st, f, &d))
        leave_with(st, f, d);
    else
        fail_frame(st, f);
}

static void
timer_fired(struct stepper *st, struct frame *f)
{
    switch (f->phase) {
    case PHASE_TASK:
        tasks_time_out(st);
        break;
    case PHASE_WAIT:
        wait_over(st, f);
        break;
    case PHASE_RETRY:
        f->due_at = 0;
        f->context = NULL;
        enter_again(st, f);
        break;
    case PHASE_ENTER:
    case PHASE_PARALLEL:
    case PHASE_MAP:
    case PHASE_RUN:
    case PHASE_DONE:
        break;
    }
}

static void
start(struct stepper *st)
{
    struct event_data data = {.payload = st->in->wake.output};
    struct frame *f = pav_arena_zalloc(st->arena, sizeof(*f));

    emit(st, EV_EXECUTION_STARTED, 0, &data);
    f->scope = st->machine->top;
    if (st->in->map_state != NULL) {
        const struct state *map = machine_find(st->machine, st->in->map_state,
                                               strlen(st->in->map_state));

        f->scope = map->kind->inner(map, 0);
    }
    f->state = f->scope->start;
    f->input = MADE(st->in->wake.output);
    f->phase = PHASE_ENTER;
    st->root = f;
}

static bool
is_of_frame(const struct pav_wake *w)
{
    switch (w->kind) {
    case PAV_WAKE_SUCCESS:
    case PAV_WAKE_FAILURE:
    case PAV_WAKE_STARTED:
    case PAV_WAKE_SUBMITTED:
    case PAV_WAKE_HEARTBEAT:
        return true;
    case PAV_WAKE_TIMER:
        return w->no != PAV_TIMER_MACHINE && w->no != PAV_TIMER_GO_ON;
    case PAV_WAKE_START:
    case PAV_WAKE_STOP:
    case PAV_WAKE_FAIL:
    case PAV_WAKE_REDRIVE:
        break;
    }
    return false;
}

static void
wake(struct stepper *st)
{
    struct pav_wake as_told = st->in->wake;
    const struct pav_wake *w = &as_told;
    struct frame *f = NULL;

    as_told.error = cut(st, as_told.error, PAV_ERROR_MAX);
    as_told.cause = cut(st, as_told.cause, PAV_CAUSE_MAX);

    if (is_of_frame(w)) {
        f = frame_waiting(st->root, w->no);
        PAV_ASSERT(f != NULL); /* the runner asked pav_step_view() */
    }
    switch (w->kind) {
    case PAV_WAKE_START:
        start(st);
        break;
    case PAV_WAKE_SUCCESS:
        if (f->phase == PHASE_RUN)
            map_run_ended(st, f, w);
        else
            task_succeeded(st, f, w->output);
        break;
    case PAV_WAKE_FAILURE:
        if (f->phase == PHASE_RUN) {
            map_run_ended(st, f, w);
        } else {
            task_started(st, f, NULL);
            task_ended(st, f, EV_TASK_FAILED, w->error, w->cause);
        }
        break;
    case PAV_WAKE_STARTED:
        task_started(st, f, w->worker);
        break;
    case PAV_WAKE_SUBMITTED:
        task_submitted(st, f, w->output);
        break;
    case PAV_WAKE_HEARTBEAT:
        if (f->beat_s > 0)
            f->beat_at = st->in->now_ms + f->beat_s * 1000;
        break;
    case PAV_WAKE_TIMER:
        if (f != NULL)
            timer_fired(st, f);
        else if (w->no == PAV_TIMER_MACHINE)
            end_failed(st, PAV_TIMED_OUT, EV_EXECUTION_TIMED_OUT, 0,
                       pav_states_error(PAV_STATES_TIMEOUT), NULL);
        break;
    case PAV_WAKE_STOP:
        end_failed(st, PAV_ABORTED, EV_EXECUTION_ABORTED, 0, w->error,
                   w->cause);
        break;
    case PAV_WAKE_FAIL:
        end_failed(st, PAV_FAILED, EV_EXECUTION_FAILED, st->root->previous_id,
                   w->error, w->cause);
        break;
    case PAV_WAKE_REDRIVE:
        redrive(st);
        break;
    }
}

/* ---- running ---- */

static struct frame *
find_runnable(struct stepper *st, struct frame *f)
{
    uint32_t i;

    if (f->phase == PHASE_ENTER)
        return f;
    if (f->phase != PHASE_PARALLEL && f->phase != PHASE_MAP)
        return NULL;
    for (i = 0; i < f->kid_count; i++) {
        struct frame *found = find_runnable(st, f->kids[i]);

        if (found != NULL || st->over)
            return found;
    }
    return f->phase == PHASE_MAP && map_may_start(f) ? map_start_next(st, f)
                                                     : NULL;
}

/* All that is open together is more than one row of the journal holds. */
static void
end_too_large(struct stepper *st)
{
    int64_t previous_id = st->root->previous_id;

    st->root = NULL; /* nothing of it can be redriven */
    st->out->wait_count = st->out->timer_count = 0;
    if (st->over)
        return;
    end_failed(st, PAV_FAILED, EV_EXECUTION_FAILED, previous_id,
               pav_states_error(PAV_STATES_DATA_LIMIT_EXCEEDED),
               pav_arena_printf(st->arena,
                                "What the open branches and iterations hold "
                                "exceeds the maximum of %u bytes.",
                                RECORD_MAX));
}

void
pav_step(const struct pav_step_in *in, struct pav_arena *a,
         struct pav_step_out *out)
{
    struct stepper st = {.in = in,
                         .machine = in->machine,
                         .arena = a,
                         .out = out,
                         .next_id = in->first_event_id,
                         .next_no = 1,
                         .budget =
                             in->budget == 0 ? DEFAULT_BUDGET : in->budget};
    struct frame *f;

    PAV_ASSERT((in->wake.kind == PAV_WAKE_START) == (in->record == NULL));
    memset(out, 0, sizeof(*out));
    recorder_init(&st.rec, &st);
    if (in->record != NULL) {
        st.root = record_frames(in->machine, in->record, a);
        st.next_no = in->record->next_no;
    }
    wake(&st);
    /* Every step rewrites the items of the open Maps: it makes enough
     * transitions to be worth that. */
    if (in->budget == 0 && !st.over)
        st.budget += open_items(st.root);
    while (!st.over && st.budget-- > 0 && st.rec.payloads.len < PAYLOADS_MAX &&
           st.work < STEP_WORK && (f = find_runnable(&st, st.root)) != NULL) {
        st.state_work = 0;
        enter(&st, f);
    }
    if (st.over && st.last_state != NULL) {
        const char **last = pav_arena_alloc(a, sizeof(*last));

        *last = st.last_state;
        out->states = last;
        out->state_count = 1;
    } else { /* an end from outside leaves the frames as they stood */
        step_view(in->machine, st.root,
                  in->identity->redriven_at > in->identity->started_at
                      ? in->identity->redriven_at
                      : in->identity->started_at,
                  in->now_ms, a, out);
        if (st.over)
            out->wait_count = out->timer_count = 0;
    }
    if (!recorder_finish(&st, &out->record)) {
        end_too_large(&st);
        if (!recorder_finish(&st, &out->record))
            PAV_BUG("events that are larger than a record");
    }
    out->event_count = st.rec.event_count;
    recorder_fini(&st.rec);
}
