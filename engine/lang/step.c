/*
 * The driver of a step.
 *
 * An execution is a tree of frames, one for each scope that is entered: the
 * root, and one for each branch of a Parallel.  A wake changes one waiting
 * frame; then every runnable frame runs until it waits, and branches join.
 *
 * Invariants:
 * S1  A frame in PHASE_ENTER is the only kind that runs.
 * S2  Nothing is emitted once the execution is over.
 * S3  Event ids are contiguous; event 25,000 is the execution's end.
 */
#include "pavane/step.h"

#include <string.h>

#include "step_int.h"

#define USUAL_BUDGET 1000
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

static void
end_failed(struct stepper *st, enum pav_status status, enum event_type type,
           int64_t previous_id, const char *error, const char *cause)
{
    struct event_data data = {.error = error, .cause = cause};

    st->next_id++;
    recorder_event(&st->rec, type, previous_id, &data);
    st->out->error = error;
    st->out->cause = cause;
    end(st, status);
}

int64_t
emit(struct stepper *st, enum event_type type, int64_t previous_id,
     const struct event_data *data)
{
    static const struct event_data none;

    if (st->over)
        return 0;
    if (st->next_id >= PAV_HISTORY_MAX && type != EV_EXECUTION_SUCCEEDED) {
        end_failed(st, PAV_FAILED, EV_EXECUTION_FAILED, previous_id,
                   "States.Runtime",
                   "The execution reached the maximum number of history "
                   "events (25000).");
        return 0;
    }
    if (data != NULL && data->payload != NULL &&
        recorder_ref(&st->rec, data->payload) == PAYLOAD_TOO_BIG) {
        end_failed(st, PAV_FAILED, EV_EXECUTION_FAILED, previous_id,
                   "States.DataLimitExceeded",
                   "An input or parameters exceed the maximum number of bytes "
                   "service limit.");
        return 0;
    }
    recorder_event(&st->rec, type, previous_id, data == NULL ? &none : data);
    return st->next_id++;
}

void
emit_next(struct stepper *st, struct frame *f, enum event_type type,
          const struct event_data *data)
{
    int64_t id = emit(st, type, f->previous_id, data);

    if (id != 0)
        f->previous_id = id;
}

/* ---- leaving states and joining branches ---- */

static void fail_frame(struct stepper *st, struct frame *f);
static void leave(struct stepper *st, struct frame *f,
                  const struct pav_doc *output, const struct state *next);

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

static void
scope_end(struct stepper *st, struct frame *f, const struct pav_doc *output)
{
    struct event_data data = {.payload = output};

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
leave(struct stepper *st, struct frame *f, const struct pav_doc *output,
      const struct state *next)
{
    struct event_data data = {.name = f->state->name_doc, .payload = output};

    if (st->over)
        return;
    if (recorder_ref(&st->rec, output) == PAYLOAD_TOO_BIG) {
        memset(&st->failure, 0, sizeof(st->failure));
        st->failure.error = "States.DataLimitExceeded";
        st->failure.cause = pav_arena_printf(
            st->arena,
            "The state/task '%s' returned a result with a size exceeding the "
            "maximum number of bytes service limit.",
            f->state->name);
        fail_frame(st, f);
        return;
    }
    emit_next(st, f, f->state->kind->exited, &data);
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

static void
abort_kids(struct stepper *st, struct frame *f, const struct frame *except)
{
    uint32_t i;

    for (i = 0; i < f->kid_count; i++) {
        struct frame *kid = f->kids[i];

        if (kid == except)
            continue;
        switch (kid->phase) {
        case PHASE_TASK:
            emit(st, EV_TASK_ABORTED, kid->previous_id, NULL);
            break;
        case PHASE_WAIT:
            emit(st, EV_WAIT_ABORTED, kid->previous_id, NULL);
            break;
        case PHASE_PARALLEL:
            abort_kids(st, kid, NULL);
            emit(st, EV_PARALLEL_ABORTED, kid->previous_id, NULL);
            break;
        case PHASE_ENTER:
        case PHASE_RETRY:
        case PHASE_DONE:
            break;
        }
    }
    f->kid_count = 0;
}

static const struct pav_doc *
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

/* The failure in `st` meets this frame, then what stands around it. */
static void
fail_frame(struct stepper *st, struct frame *f)
{
    bool from_branch = false;

    if (st->failure.error != NULL &&
        strcmp(st->failure.error, "States.Runtime") == 0)
        st->failure.fixed = true; /* never caught, whoever named it */
    while (!st->over) {
        struct failure e = st->failure;
        const struct catcher *c;
        const struct pav_doc *output;
        bool runtime;

        if (retry_try(st, f, &e))
            return;
        /* A runtime error goes past everything, straight to the end. */
        runtime = e.fixed && e.error != NULL &&
                  strcmp(e.error, "States.Runtime") == 0;
        if (from_branch && !runtime)
            emit_next(st, f, EV_PARALLEL_FAILED, NULL);
        if (st->over)
            return; /* S2, S3 */
        c = catch_find(f->state, &e);
        if (c != NULL &&
            io_result_path(st, f, &c->result_path, error_output(st, &e),
                           &output) &&
            recorder_ref(&st->rec, output) != PAYLOAD_TOO_BIG) {
            leave(st, f, output, c->next);
            return;
        }
        if (c != NULL)
            st->failure.fixed = true; /* the catcher itself failed */
        e = st->failure;
        if (f->parent == NULL) {
            end_failed(st, PAV_FAILED, EV_EXECUTION_FAILED, f->previous_id,
                       e.error, e.cause);
            return;
        }
        if (e.of_task) /* beside the chain: what follows points before it */
            emit(st, EV_TASK_ABORTED, f->previous_id, NULL);
        st->failure.of_task = false;
        f->parent->previous_id = f->previous_id;
        abort_kids(st, f->parent, f);
        f = f->parent;
        from_branch = true;
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
    f->due_at = 0;
    st->last_state = f->state->name;
    id = emit(st, f->state->kind->entered, f->previous_id, &data);
    if (st->over)
        return;
    f->previous_id = f->entered_id = id;
    f->entered_at = st->in->now_ms;
    advance(st, f, f->state->kind->enter(st, f));
}

static struct frame *
find_runnable(struct frame *f)
{
    uint32_t i;

    if (f->phase == PHASE_ENTER)
        return f;
    for (i = 0; f->phase == PHASE_PARALLEL && i < f->kid_count; i++) {
        struct frame *found = find_runnable(f->kids[i]);

        if (found != NULL)
            return found;
    }
    return NULL;
}

static struct frame *
find_waiting(struct frame *f, uint32_t no)
{
    uint32_t i;

    if (f->no == no && (f->phase == PHASE_TASK || f->phase == PHASE_WAIT ||
                        f->phase == PHASE_RETRY))
        return f;
    for (i = 0; f->phase == PHASE_PARALLEL && i < f->kid_count; i++) {
        struct frame *found = find_waiting(f->kids[i], no);

        if (found != NULL)
            return found;
    }
    return NULL;
}

static void
task_ended(struct stepper *st, struct frame *f, enum event_type type,
           const char *error, const char *cause)
{
    struct event_data data = {.resource_type = f->state->task.resource_type,
                              .resource = f->state->task.resource,
                              .error = error,
                              .cause = cause};

    emit_next(st, f, type, &data);
    memset(&st->failure, 0, sizeof(st->failure));
    st->failure.error = error;
    st->failure.cause = cause;
    st->failure.of_task = true;
    fail_frame(st, f);
}

static void
task_succeeded(struct stepper *st, struct frame *f,
               const struct pav_doc *result)
{
    struct event_data data = {.resource_type = f->state->task.resource_type,
                              .resource = f->state->task.resource,
                              .payload = result};
    const struct pav_doc *output;

    if (recorder_ref(&st->rec, result) == PAYLOAD_TOO_BIG) {
        task_ended(st, f, EV_TASK_FAILED, "States.DataLimitExceeded",
                   pav_arena_printf(
                       st->arena,
                       "The state/task '%s' returned a result with a size "
                       "exceeding the maximum number of bytes service limit.",
                       f->state->name));
        return;
    }
    emit_next(st, f, EV_TASK_SUCCEEDED, &data);
    if (io_output(st, f, result, &output))
        leave(st, f, output, f->state->next);
    else
        fail_frame(st, f);
}

static void
wait_over(struct stepper *st, struct frame *f)
{
    const struct pav_doc *d;

    if (io_path_field(st, f, &f->state->input_path, f->input, &d) &&
        io_path_field(st, f, &f->state->output_path, d, &d))
        leave(st, f, d, f->state->next);
    else
        fail_frame(st, f);
}

static void
timer_fired(struct stepper *st, struct frame *f)
{
    switch (f->phase) {
    case PHASE_TASK:
        task_ended(st, f, EV_TASK_TIMED_OUT, "States.Timeout", NULL);
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
    f->state = f->scope->start;
    f->input = st->in->wake.output;
    f->phase = PHASE_ENTER;
    st->root = f;
}

static void
wake(struct stepper *st)
{
    const struct pav_wake *w = &st->in->wake;
    struct frame *f = NULL;

    if (w->kind == PAV_WAKE_SUCCESS || w->kind == PAV_WAKE_FAILURE ||
        (w->kind == PAV_WAKE_TIMER && w->no != PAV_TIMER_MACHINE &&
         w->no != PAV_TIMER_GO_ON)) {
        f = find_waiting(st->root, w->no);
        PAV_ASSERT(f != NULL); /* the runner asked pav_step_view() */
    }
    switch (w->kind) {
    case PAV_WAKE_START:
        start(st);
        break;
    case PAV_WAKE_SUCCESS:
        task_succeeded(st, f, w->output);
        break;
    case PAV_WAKE_FAILURE:
        task_ended(st, f, EV_TASK_FAILED, w->error, w->cause);
        break;
    case PAV_WAKE_TIMER:
        if (f != NULL)
            timer_fired(st, f);
        else if (w->no == PAV_TIMER_MACHINE)
            end_failed(st, PAV_TIMED_OUT, EV_EXECUTION_TIMED_OUT, 0,
                       "States.Timeout", NULL);
        break;
    case PAV_WAKE_STOP:
        end_failed(st, PAV_ABORTED, EV_EXECUTION_ABORTED, 0, w->error,
                   w->cause);
        break;
    case PAV_WAKE_FAIL:
        end_failed(st, PAV_FAILED, EV_EXECUTION_FAILED, st->root->previous_id,
                   w->error, w->cause);
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

    for (i = 0; f->phase == PHASE_PARALLEL && i < f->kid_count; i++)
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
    case PHASE_PARALLEL:
        for (i = 0; i < f->kid_count; i++)
            gather(g, f->kids[i]);
        return;
    case PHASE_ENTER:
        g->runnable = g->moving = true;
        break;
    case PHASE_TASK:
        wait_view(f, g->arena, &g->waits[g->wait_count++]);
        break;
    case PHASE_WAIT:
    case PHASE_RETRY:
        g->moving = true;
        break;
    }
    if (f->due_at != 0) {
        g->timers[g->timer_count].no = f->no;
        g->timers[g->timer_count++].due_at = f->due_at;
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
    while (!st.over && st.budget-- > 0 && st.rec.payloads.len < MUCH &&
           (f = find_runnable(st.root)) != NULL)
        enter(&st, f);
    if (st.over && st.last_state != NULL) {
        const char **last = pav_arena_alloc(a, sizeof(*last));

        *last = st.last_state;
        out->states = last;
        out->state_count = 1;
    } else { /* an end from outside leaves the frames as they stood */
        view(in->machine, st.root, in->identity->started_at, in->now_ms, a,
             out);
        if (st.over)
            out->wait_count = out->timer_count = 0;
    }
    recorder_finish(&st, &out->record);
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
    return ahead_behind(h, s);
}

/* The branches of a frame that runs have their own frames. */
static bool
ahead_of_frames(struct ahead *h, const struct frame *f)
{
    uint32_t i;

    for (i = 0; f->phase == PHASE_PARALLEL && i < f->kid_count; i++)
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
