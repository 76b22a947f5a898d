/*
 * Leaving states: with an output, or with a failure.
 *
 * An output goes to the next state, or ends the scope: a branch joins its
 * Parallel, an iteration its Map, the top the execution.  A failure meets the
 * state's retriers, then its catchers, then the state around it.
 */

#include "frame.h"
#include "kind.h"
#include "leave.h"
#include "query.h"
#include "retry.h"
#include "stepper.h"
#include "model.h"

static const struct pav_doc *
map_results(struct stepper *st, const struct frame *f)
{
    struct pav_items items;
    uint32_t i;

    pav_items_init(&items, st->arena);
    for (i = 0; i < f->map->item_count; i++)
        pav_items_add(&items, is_given(&f->map->results[i])
                                  ? payload_doc(&f->map->results[i])
                                  : &pav_doc_null);
    return pav_items_array(&items);
}

static void
join(struct stepper *st, struct frame *parallel, struct frame *last)
{
    struct pav_items outputs;
    uint32_t i;

    parallel->previous_id = last->previous_id;
    for (i = 0; i < parallel->kid_count; i++)
        if (parallel->kids[i]->phase != PHASE_DONE)
            return;
    pav_items_init(&outputs, st->arena);
    for (i = 0; i < parallel->kid_count; i++)
        pav_items_add(&outputs, payload_doc(&parallel->kids[i]->output));
    parallel->kid_count = 0;
    /* Succeeded and Exited both point at the last branch's last event. */
    emit(st, EV_PARALLEL_SUCCEEDED, parallel->previous_id, NULL);
    leave_with(st, parallel, pav_items_array(&outputs));
}

void
map_end(struct stepper *st, struct frame *map)
{
    PAV_ASSERT(map->phase == PHASE_MAP);
    emit(st, EV_MAP_SUCCEEDED, map->previous_id, NULL);
    leave_with(st, map, map_results(st, map));
}

static void
iteration_end(struct stepper *st, struct frame *map, struct frame *kid,
              const struct pav_doc *output)
{
    struct event_data data = {.state = map->state, .number = kid->index};
    uint32_t i;
    int64_t id = emit(st, EV_ITERATION_SUCCEEDED, kid->previous_id, &data);

    PAV_ASSERT(kid->index < map->map->item_count);
    if (st->over)
        return;
    map->map->results[kid->index] = MADE(output);
    map->map->done++;
    for (i = 0; map->kids[i] != kid; i++)
        ;
    map->kids[i] = map->kids[--map->kid_count];
    /* The next one, when they go one by one, points at the states before. */
    map->previous_id = map->map->concurrency == 1 ? kid->previous_id : id;
    if (map->map->done < map->map->item_count)
        return;
    map->previous_id = id;
    map_end(st, map);
}

static void
scope_end(struct stepper *st, struct frame *f, const struct pav_doc *output)
{
    struct event_data data = {.payload = output};

    if (f->parent != NULL && f->parent->phase == PHASE_MAP) {
        iteration_end(st, f->parent, f, output);
        return;
    }
    if (f->parent != NULL) {
        f->phase = PHASE_DONE;
        f->output = MADE(output);
        f->no = 0;
        f->due_at = 0;
        f->token = NULL;
        f->named = NULL;
        f->attempts = NULL;
        f->retry_count = 0;
        join(st, f->parent, f);
        return;
    }
    emit(st, EV_EXECUTION_SUCCEEDED, f->previous_id, &data);
    st->out->output = output;
    end(st, PAV_SUCCEEDED);
}

static void
fail_too_big(struct stepper *st, struct frame *f)
{
    fail_as(
        st, pav_states_error(PAV_STATES_DATA_LIMIT_EXCEEDED),
        pav_arena_printf(
            st->arena,
            "The state/task '%s' returned a result with a size exceeding the "
            "maximum number of bytes service limit.",
            f->state->name));
    fail_frame(st, f);
}

void
leave(struct stepper *st, struct frame *f, const struct pav_doc *output,
      const struct state *next)
{
    struct event_data data = {
        .state = f->state, .payload = output, .assigned = f->assigned};

    PAV_ASSERT(f->phase != PHASE_DONE && output != NULL);
    if (data.assigned != NULL && data.assigned->len == 0)
        data.assigned = NULL;
    if (st->over)
        return;
    if (too_big(st, output)) {
        fail_too_big(st, f);
        return;
    }
    if (!assign_apply(st, f)) {
        fail_frame(st, f);
        return;
    }
    emit_next(st, f, f->state->kind->exited, &data);
    f->assigned = NULL;
    f->kid_count = 0;
    f->map = NULL;
    f->phase = PHASE_ENTER;
    if (st->over)
        return;
    if (next == NULL) {
        scope_end(st, f, output);
        return;
    }
    f->state = next;
    f->input = MADE(output);
}

void
leave_with(struct stepper *st, struct frame *f, const struct pav_doc *result)
{
    const struct pav_doc *output;

    if (state_output(st, f, f->state->query, result, &output))
        leave(st, f, output, f->state->next);
    else
        fail_frame(st, f);
}

/* ---- failing ---- */

/*
 * Events of what is cut off, all pointing at the failure.  The frames stay:
 * S4; retry and leave() forget them.
 */
static void
abort_kids(struct stepper *st, struct frame *f, const struct frame *except,
           int64_t previous_id)
{
    struct event_data data = {.state = f->state};
    uint32_t i;

    for (i = 0; i < f->kid_count; i++) {
        struct frame *kid = f->kids[i];

        if (kid == except)
            continue;
        switch (kid->phase) {
        case PHASE_TASK:
            emit(st, EV_TASK_ABORTED, previous_id, NULL);
            break;
        case PHASE_WAIT:
            emit(st, EV_WAIT_ABORTED, previous_id, NULL);
            break;
        case PHASE_PARALLEL:
            abort_kids(st, kid, NULL, previous_id);
            emit(st, EV_PARALLEL_ABORTED, previous_id, NULL);
            break;
        case PHASE_MAP:
            abort_kids(st, kid, NULL, previous_id);
            emit(st, EV_MAP_ABORTED, previous_id, NULL);
            break;
        case PHASE_RUN:
            emit(st, EV_RUN_ABORTED, previous_id, NULL);
            emit(st, EV_MAP_ABORTED, previous_id, NULL);
            break;
        case PHASE_ENTER:
        case PHASE_RETRY:
        case PHASE_DONE:
            break;
        }
        data.number = kid->index;
        if (f->phase == PHASE_MAP)
            emit(st, EV_ITERATION_ABORTED, previous_id, &data);
    }
}

const struct pav_doc *
error_output(struct stepper *st, const struct failure *e)
{
    struct pav_members m;

    pav_members_init(&m, st->arena);
    pav_members_puts(&m, "Error",
                     e->error == NULL ? &pav_doc_null
                                      : pav_doc_new_cstr(st->arena, e->error));
    pav_members_puts(&m, "Cause",
                     e->cause == NULL ? &pav_doc_null
                                      : pav_doc_new_cstr(st->arena, e->cause));
    return pav_members_object(&m);
}

/* From a branch or an iteration to the state around it. */
static struct frame *
fail_out_of(struct stepper *st, struct frame *kid)
{
    struct frame *f = kid->parent;
    struct event_data data = {.state = f->state, .number = kid->index};
    bool runtime = st->failure.kind == PAV_STATES_RUNTIME;

    if (f->phase == PHASE_MAP && !runtime)
        emit(st, EV_ITERATION_FAILED, kid->previous_id, &data);
    f->previous_id = kid->previous_id;
    if (f->phase == PHASE_MAP)
        abort_kids(st, f, kid, kid->previous_id);
    if (st->failure.of_task) /* beside the chain */
        emit(st, EV_TASK_ABORTED, kid->previous_id, NULL);
    st->failure.of_task = false;
    if (f->phase == PHASE_PARALLEL)
        abort_kids(st, f, kid, kid->previous_id);
    return f;
}

/* Caught: leaves to the catcher's state.  False when nobody catches. */
static bool
caught(struct stepper *st, struct frame *f, const struct failure *e)
{
    const struct catcher *c = catch_find(f->state, e);
    const struct pav_doc *error, *output;

    if (c == NULL)
        return false;
    error = error_output(st, e);
    if (state_output(st, f, c->query, error, &output) && !too_big(st, output) &&
        assign_apply(st, f)) {
        leave(st, f, output, c->next);
        return true;
    }
    st->failure.fixed = true; /* the catcher itself failed */
    return false;
}

/* The failure in `st` meets this frame, then what is around it. */
void
fail_frame(struct stepper *st, struct frame *f)
{
    bool from_kid = false;

    while (!st->over) {
        struct failure e = st->failure;
        bool runtime = e.kind == PAV_STATES_RUNTIME;

        if (retry_try(st, f, &e))
            return;
        /* A runtime error goes past everything, straight to the end. */
        if ((from_kid || e.of_run) && !runtime)
            emit_next(st, f, f->state->kind->failed, NULL);
        if (st->over)
            return; /* S2, S3 */
        if (caught(st, f, &e))
            return;
        st->failure.of_run = false;
        e = st->failure;
        if (f->parent == NULL) {
            end_failed(st, PAV_FAILED, EV_EXECUTION_FAILED, f->previous_id,
                       e.error, e.cause);
            return;
        }
        f = fail_out_of(st, f);
        from_kid = true;
    }
}
