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

#include "pavane/digest.h"
#include "pavane/text.h"
#include "step_int.h"

#define USUAL_BUDGET 1000       /* transitions in one step */
#define MUCH         (4u << 20) /* bytes of payloads in one step */

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

/* ---- events and ends ---- */

static void
end(struct stepper *st, enum pav_status status)
{
    st->over = true;
    st->out->status = status;
}

/* What is longer than an error or a cause may be is cut off. */
static const char *
cut(struct stepper *st, const char *text, size_t max)
{
    const char *p = text, *end;

    if (text == NULL || strlen(text) <= max)
        return text;
    for (end = text + strlen(text); max > 0 && p < end; max--) {
        size_t len = pav_utf8_len(p, end);

        p += len == 0 ? 1 : len;
    }
    return pav_arena_strndup(st->arena, text, (size_t)(p - text));
}

static void
end_failed(struct stepper *st, enum pav_status status, enum pav_event_type type,
           int64_t previous_id, const char *error, const char *cause)
{
    struct event_data data;

    error = cut(st, error, PAV_ERROR_MAX);
    cause = cut(st, cause, PAV_CAUSE_MAX);
    data = (struct event_data){.error = error, .cause = cause};
    st->next_id++;
    recorder_event(&st->rec, type, previous_id, &data);
    st->out->error = error;
    st->out->cause = cause;
    end(st, status);
}

static int64_t
history_max(const struct stepper *st)
{
    return st->in->history_max == 0 ? PAV_HISTORY_MAX : st->in->history_max;
}

int64_t
emit(struct stepper *st, enum pav_event_type type, int64_t previous_id,
     const struct event_data *data)
{
    static const struct event_data none;

    if (st->over)
        return 0;
    if (st->next_id >= history_max(st) && type != EV_EXECUTION_SUCCEEDED) {
        end_failed(st, PAV_FAILED, EV_EXECUTION_FAILED, previous_id,
                   pav_states_error(PAV_STATES_RUNTIME),
                   pav_arena_printf(st->arena,
                                    "The execution reached the maximum number "
                                    "of history events (%lld).",
                                    (long long)history_max(st)));
        return 0;
    }
    if (data != NULL &&
        (io_too_big(st, data->payload) || io_too_big(st, data->credentials))) {
        end_failed(st, PAV_FAILED, EV_EXECUTION_FAILED, previous_id,
                   pav_states_error(PAV_STATES_DATA_LIMIT_EXCEEDED),
                   "An input or parameters exceed the maximum number of bytes "
                   "service limit.");
        return 0;
    }
    recorder_event(&st->rec, type, previous_id, data == NULL ? &none : data);
    return st->next_id++;
}

void
emit_next(struct stepper *st, struct frame *f, enum pav_event_type type,
          const struct event_data *data)
{
    int64_t id = emit(st, type, f->previous_id, data);

    if (id != 0)
        f->previous_id = id;
}

/* ---- randomness, out of the seed ---- */

uint64_t
step_random(struct stepper *st)
{
    uint64_t x = 0;

    memcpy(&x, st->in->seed, sizeof(x));
    x += (uint64_t)++st->draws * 0x9E3779B97F4A7C15u +
         (uint64_t)st->in->first_event_id;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

void
step_uuid(struct stepper *st, char out[37])
{
    uint8_t seeded[PAV_SEED_LEN + 8], digest[PAV_SHA256_LEN];
    uint64_t draw = step_random(st);

    memcpy(seeded, st->in->seed, PAV_SEED_LEN);
    memcpy(seeded + PAV_SEED_LEN, &draw, 8);
    pav_sha256(seeded, sizeof(seeded), digest);
    pav_uuid4_of(digest, out);
}

/* ---- leaving states and joining branches ---- */

static void
join(struct stepper *st, struct frame *parallel, struct frame *last)
{
    struct pav_items outputs;
    const struct pav_doc *output;
    uint32_t i;

    parallel->previous_id = last->previous_id;
    for (i = 0; i < parallel->kid_count; i++)
        if (parallel->kids[i]->phase != PHASE_DONE)
            return;
    pav_items_init(&outputs, st->arena);
    for (i = 0; i < parallel->kid_count; i++)
        pav_items_add(&outputs, parallel->kids[i]->output);
    parallel->kid_count = 0;
    /* Succeeded and Exited both point at the last branch's last event. */
    emit(st, EV_PARALLEL_SUCCEEDED, parallel->previous_id, NULL);
    if (io_output(st, parallel, pav_items_array(&outputs), &output))
        leave(st, parallel, output, parallel->state->next);
    else
        fail_frame(st, parallel);
}

/* A Map whose iterations have all ended. */
static void
map_end(struct stepper *st, struct frame *map)
{
    const struct pav_doc *results = map_results(st, map), *output;

    emit(st, EV_MAP_SUCCEEDED, map->previous_id, NULL);
    if (io_output(st, map, results, &output))
        leave(st, map, output, map->state->next);
    else
        fail_frame(st, map);
}

static void
iteration_end(struct stepper *st, struct frame *map, struct frame *kid,
              const struct pav_doc *output)
{
    struct event_data data = {.name = map->state->name_doc,
                              .number = kid->index};
    uint32_t i;
    int64_t id = emit(st, EV_ITERATION_SUCCEEDED, kid->previous_id, &data);

    if (st->over)
        return;
    map->map->results[kid->index] = output;
    map->map->done++;
    for (i = 0; map->kids[i] != kid; i++)
        ;
    map->kids[i] = map->kids[--map->kid_count];
    /* The next one, when they go one by one, points at the states before. */
    map->previous_id = map->map->concurrency == 1 ? kid->previous_id : id;
    if (map->map->done < map->map->items->len)
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
        f->output = output;
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
        .name = f->state->name_doc, .payload = output, .assigned = f->assigned};

    if (data.assigned != NULL && data.assigned->len == 0)
        data.assigned = NULL;
    if (st->over)
        return;
    if (io_too_big(st, output)) {
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
    f->input = output;
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
    struct event_data data = {.name = f->state->name_doc};
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
    struct event_data data = {.name = f->state->name_doc, .number = kid->index};
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
    if (io_assign(st, f, c->assign, error) &&
        io_result_path(st, f, &c->result_path, error, &output)) {
        if (!io_too_big(st, output) && assign_apply(st, f)) {
            leave(st, f, output, c->next);
            return true;
        }
    }
    st->failure.fixed = true; /* the catcher itself failed */
    return false;
}

/* The failure in `st` meets this frame, then what stands around it. */
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
            emit_next(st, f,
                      f->state->kind == &map_kind ? EV_MAP_FAILED
                                                  : EV_PARALLEL_FAILED,
                      NULL);
        if (st->over)
            return; /* S2, S3 */
        if (caught(st, f, &e))
            return;
        st->failure.of_run = false;
        e = st->failure;
        st->failed = f;
        if (f->parent == NULL) {
            end_failed(st, PAV_FAILED, EV_EXECUTION_FAILED, f->previous_id,
                       e.error, e.cause);
            return;
        }
        f = fail_out_of(st, f);
        from_kid = true;
    }
}

/* ---- running ---- */

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
        if (f->phase == PHASE_MAP && f->map->items->len == 0)
            map_end(st, f);
        break;
    case GO_FAILED:
        fail_frame(st, f);
        break;
    }
}

static void
enter(struct stepper *st, struct frame *f)
{
    struct event_data data = {.name = f->state->name_doc, .payload = f->input};
    int64_t id;

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
    advance(st, f, f->state->kind->enter(st, f));
}

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

static bool
has_kids(const struct frame *f)
{
    return f->phase == PHASE_PARALLEL || f->phase == PHASE_MAP;
}

static uint32_t
open_items(const struct frame *f)
{
    uint32_t i, n = f->phase == PHASE_MAP ? f->map->items->len : 0;

    for (i = 0; has_kids(f) && i < f->kid_count; i++)
        n += open_items(f->kids[i]);
    return n;
}

static bool
is_waiting(const struct frame *f)
{
    return f->phase == PHASE_TASK || f->phase == PHASE_WAIT ||
           f->phase == PHASE_RETRY || f->phase == PHASE_RUN;
}

struct frame *
frame_waiting(struct frame *f, uint32_t no)
{
    uint32_t i;

    if (f->no == no && is_waiting(f))
        return f;
    for (i = 0; has_kids(f) && i < f->kid_count; i++) {
        struct frame *found = frame_waiting(f->kids[i], no);

        if (found != NULL)
            return found;
    }
    return NULL;
}

static void
wait_over(struct stepper *st, struct frame *f)
{
    const struct pav_doc *d;

    if (io_path_field(st, f, &f->state->input_path, f->input, &d) &&
        io_assign(st, f, f->state->assign, d) &&
        io_path_field(st, f, &f->state->output_path, d, &d))
        leave(st, f, d, f->state->next);
    else
        fail_frame(st, f);
}

/* When a frame's timer is due: the timeout or the next heartbeat. */
static int64_t
due_of(const struct frame *f)
{
    if (f->phase != PHASE_TASK || f->beat_at == 0)
        return f->due_at;
    return f->due_at != 0 && f->due_at < f->beat_at ? f->due_at : f->beat_at;
}

/* Tasks that time out in this instant all say so, before the first failure
 * cuts the others off. */
static void
time_out(struct stepper *st, struct frame *f)
{
    struct event_data data = {.error = pav_states_error(PAV_STATES_TIMEOUT)};
    uint32_t i;

    for (i = 0; has_kids(f) && i < f->kid_count; i++)
        time_out(st, f->kids[i]);
    if (f->phase != PHASE_TASK || f->timed_out || due_of(f) == 0 ||
        due_of(f) > st->in->now_ms)
        return;
    data.resource_type = f->state->task.resource.type;
    data.resource = f->state->task.resource.action;
    emit_next(st, f, task_event(f, EV_TASK_TIMED_OUT), &data);
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

static void
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
        advance(st, f, f->state->kind->enter(st, f));
        break;
    case PHASE_ENTER:
    case PHASE_PARALLEL:
    case PHASE_MAP:
    case PHASE_RUN:
    case PHASE_DONE:
        break;
    }
}

/* ---- redriving ---- */

/* What had not ended goes on: S4. */
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
        advance(st, f, f->state->kind->enter(st, f));
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

static void
redrive(struct stepper *st)
{
    struct event_data data = {.number =
                                  (uint32_t)st->in->identity->redrive_count};

    st->root->previous_id =
        emit(st, EV_EXECUTION_REDRIVEN, st->root->previous_id, &data);
    if (!st->over)
        redrive_frame(st, st->root);
}

static void
start(struct stepper *st)
{
    struct event_data data = {.payload = st->in->wake.output};
    struct frame *f = pav_arena_zalloc(st->arena, sizeof(*f));

    emit(st, EV_EXECUTION_STARTED, 0, &data);
    f->scope = st->machine->top;
    if (st->in->map_state != NULL)
        f->scope = machine_find(st->machine, st->in->map_state,
                                strlen(st->in->map_state))
                       ->map.processor;
    f->state = f->scope->start;
    f->input = st->in->wake.output;
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

/* ---- what stands after a step ---- */

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
        break; /* stands at the Map itself */
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
    if (due_of(f) != 0) {
        g->timers[g->timer_count].no = f->no;
        g->timers[g->timer_count++].due_at = due_of(f);
    }
    g->states[g->state_count++] = f->state->name;
}

static void
view(const struct pav_machine *m, const struct frame *root, int64_t started_at,
     int64_t now_ms, struct pav_arena *a, struct pav_step_out *out)
{
    uint32_t n = count_frames(root);
    struct gather g = {.arena = a};

    g.waits = pav_arena_alloc(a, n * sizeof(*g.waits));
    g.timers = pav_arena_alloc(a, (n + 2) * sizeof(*g.timers));
    g.states = pav_arena_alloc(a, n * sizeof(*g.states));
    gather(&g, root);
    if (g.runnable) {
        g.timers[g.timer_count].no = PAV_TIMER_GO_ON;
        g.timers[g.timer_count++].due_at = now_ms + 1; /* in a later turn */
    }
    if (m->timeout_s > 0) {
        g.timers[g.timer_count].no = PAV_TIMER_MACHINE;
        g.timers[g.timer_count++].due_at = started_at + m->timeout_s * 1000;
    }
    out->waits = g.waits;
    out->wait_count = g.wait_count;
    out->timers = g.timers;
    out->timer_count = g.timer_count;
    out->states = g.states;
    out->state_count = g.state_count;
    out->moving = g.moving;
}

void
pav_step_view(const struct pav_machine *m, const struct pav_doc *record,
              int64_t started_at, struct pav_arena *a, struct pav_step_out *out)
{
    uint32_t next_no;
    struct frame *root = record_frames(m, record, a, &next_no);

    memset(out, 0, sizeof(*out));
    if (root != NULL)
        view(m, root, started_at, 0, a, out);
}

/* All that stands open together is more than one row of the journal holds. */
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
                         .budget = in->budget == 0 ? USUAL_BUDGET : in->budget};
    struct frame *f;

    memset(out, 0, sizeof(*out));
    recorder_init(&st.rec);
    if (in->record != NULL)
        st.root = record_frames(in->machine, in->record, a, &st.next_no);
    wake(&st);
    /* A step writes the items of the Maps that stand open: it is to be worth
     * that. */
    if (in->budget == 0 && !st.over)
        st.budget += open_items(st.root);
    while (!st.over && st.budget-- > 0 && st.rec.payloads.len < MUCH &&
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
        view(in->machine, st.root,
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

/* ---- looking ahead ---- */

struct ahead {
    struct pav_event *event;
    bool *seen;
};

static bool
names_event(const struct state *s, struct pav_event *event)
{
    if (s->kind != &task_kind)
        return false;
    if (s->task.pattern != NULL)
        return pav_pattern_matches(s->task.pattern, event);
    return s->task.event_name != NULL &&
           pav_doc_is_str(event->detail_type, s->task.event_name);
}

static bool ahead_from(struct ahead *h, const struct state *s);

/* Everything that may follow a state. */
static bool
ahead_behind(struct ahead *h, const struct state *s)
{
    uint32_t i;

    if (ahead_from(h, s->next))
        return true;
    for (i = 0; i < s->catcher_count; i++)
        if (ahead_from(h, s->catchers[i].next))
            return true;
    if (s->kind != &choice_kind)
        return false;
    for (i = 0; i < s->choice.count; i++)
        if (ahead_from(h, s->choice.rules[i].next))
            return true;
    return ahead_from(h, s->choice.otherwise);
}

static bool
ahead_from(struct ahead *h, const struct state *s)
{
    uint32_t i;

    if (s == NULL || h->seen[s->index])
        return false;
    h->seen[s->index] = true;
    if (names_event(s, h->event))
        return true;
    for (i = 0; s->kind == &parallel_kind && i < s->parallel.count; i++)
        if (ahead_from(h, s->parallel.branches[i]->start))
            return true;
    if (s->kind == &map_kind && !s->map.distributed &&
        ahead_from(h, s->map.processor->start))
        return true;
    return ahead_behind(h, s);
}

/* The branches of a frame that runs have their own frames. */
static bool
ahead_of_frames(struct ahead *h, const struct frame *f)
{
    uint32_t i;

    if (f->phase == PHASE_MAP && map_may_start(f) &&
        ahead_from(h, f->state->map.processor->start))
        return true;
    for (i = 0; has_kids(f) && i < f->kid_count; i++)
        if (ahead_of_frames(h, f->kids[i]))
            return true;
    if (f->phase == PHASE_ENTER || f->phase == PHASE_RETRY)
        return ahead_from(h, f->state); /* it is still to open its wait */
    return f->phase != PHASE_DONE && ahead_behind(h, f->state);
}

bool
pav_step_named_ahead(const struct pav_machine *m, const struct pav_doc *record,
                     struct pav_event *event, struct pav_arena *a)
{
    struct ahead h = {.event = event, .seen = pav_arena_zalloc(a, m->count)};
    uint32_t next_no;
    struct frame *root = record_frames(m, record, a, &next_no);

    return root != NULL && ahead_of_frames(&h, root);
}
