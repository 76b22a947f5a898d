/* The way of an execution through its graph: see trace.h. */
#include "trace.h"

#include <string.h>

#include "pavane/flow.h"
#include "pavane/journal.h"

#define EVENTS_MAX 30000 /* the language's limit is 25,000 */

/* What an event id stands for, for those that follow it. */
struct event_note {
    uint32_t visit; /* + 1; 0: none */
    int64_t item;   /* as of a visit */
    bool exits, caught, fails;
};

struct tracing {
    struct pav_query *q;
    const struct pav_graph *graph;
    struct trace *trace;
    struct event_note *notes; /* by event id */
    int64_t limit;
    uint32_t *counts; /* stays so far, by state of the graph */
    bool *open;       /* a stay has not ended, by state of the graph */
    const char *error;
};

static struct visit *
visit_add(struct tracing *t)
{
    struct trace *tr = t->trace;

    tr->visits = pav_arena_append(t->q->arena, tr->visits, tr->count,
                                  sizeof(*tr->visits));
    memset(&tr->visits[tr->count], 0, sizeof(*tr->visits));
    return &tr->visits[tr->count++];
}

static void
passage_add(struct tracing *t, uint32_t edge, int64_t ms)
{
    struct trace *tr = t->trace;

    tr->passages = pav_arena_append(t->q->arena, tr->passages,
                                    tr->passage_count, sizeof(*tr->passages));
    tr->passages[tr->passage_count++] = (struct passage){edge, ms};
}

/* `from` NULL: a start; `to` NULL: the end of a scope. */
static void
edge_taken(struct tracing *t, const struct visit *from, const char *to,
           bool caught)
{
    uint32_t e = pav_graph_edge_find(t->graph, from == NULL ? NULL : from->name,
                                     to, caught);

    if (e == PAV_GRAPH_NONE)
        return;
    t->trace->edges[e]++;
    passage_add(t, e, from == NULL ? -1 : from->exited_at - from->entered_at);
}

static void
on_entered(struct tracing *t, const struct pav_history_event *e,
           const struct pav_step_row *step)
{
    const struct event_note *before = &t->notes[e->previous_id];
    struct visit *v = visit_add(t);

    v->state = pav_graph_find(t->graph, e->state);
    v->name = v->state == PAV_GRAPH_NONE
                  ? pav_arena_strdup(t->q->arena, e->state)
                  : pav_graph_state(t->graph, v->state);
    v->type = e->state_type;
    v->entered_id = e->id;
    v->entered_at = step->at;
    v->entered_by = step->event_id;
    v->status = PAV_MARK_RUNNING;
    v->number = v->state == PAV_GRAPH_NONE ? 1 : ++t->counts[v->state];
    v->item = before->item;
    t->notes[e->id].visit = t->trace->count;
    t->notes[e->id].item = v->item;
    edge_taken(t, before->exits ? &t->trace->visits[before->visit - 1] : NULL,
               v->name, before->exits && before->caught);
}

static bool
stands_inside(const struct pav_graph *g, uint32_t state, uint32_t holder)
{
    while (state != PAV_GRAPH_NONE && state != holder)
        state = pav_graph_holder(g, state);
    return state == holder;
}

/* What is still open inside a container when it is left goes with it. */
static void
close_inside(struct tracing *t, const struct visit *holder,
             const struct pav_history_event *e, int64_t at)
{
    uint32_t i;

    for (i = t->trace->count; i-- > 0 && &t->trace->visits[i] != holder;) {
        struct visit *v = &t->trace->visits[i];

        if (v->exited_id != 0 || v->state == PAV_GRAPH_NONE ||
            v->state == holder->state || v->entered_id < holder->entered_id ||
            !stands_inside(t->graph, v->state, holder->state))
            continue;
        v->exited_id = e->id;
        v->exited_at = at;
        v->cut = true;
        v->status =
            strcmp(v->type, "Fail") == 0 ? PAV_MARK_FAILED : PAV_MARK_ABORTED;
    }
}

static void
on_exited(struct tracing *t, const struct pav_history_event *e,
          const struct pav_step_row *step)
{
    struct event_note *note = &t->notes[e->id];
    const struct event_note *before = &t->notes[e->previous_id];
    struct visit *v =
        before->visit == 0 ? NULL : &t->trace->visits[before->visit - 1];
    uint32_t i;

    /* A container is left behind the last that was done inside. */
    if (v != NULL && (v->exited_id != 0 || strcmp(v->name, e->state) != 0))
        v = NULL;
    for (i = t->trace->count; i-- > 0 && v == NULL;)
        if (t->trace->visits[i].exited_id == 0 &&
            strcmp(t->trace->visits[i].name, e->state) == 0)
            v = &t->trace->visits[i];
    if (v == NULL)
        return;
    v->exited_id = e->id;
    v->exited_at = step->at;
    v->exited_by = step->event_id;
    v->status = before->fails ? PAV_MARK_CAUGHT : PAV_MARK_SUCCEEDED;
    note->visit = (uint32_t)(v - t->trace->visits) + 1;
    note->item = v->item;
    note->exits = true;
    note->caught = before->fails;
    if (v->state != PAV_GRAPH_NONE)
        close_inside(t, v, e, step->at);
    if (note->caught) {
        v->error = t->error;
    } else {
        edge_taken(t, v, NULL, false);
    }
}

/* What was open when the execution ended took so long, whatever a redrive made
 * of it later. */
static void
stop_open(struct tracing *t, int64_t at)
{
    uint32_t i;

    for (i = 0; i < t->trace->count; i++)
        if (t->trace->visits[i].exited_at == 0)
            t->trace->visits[i].exited_at = at;
}

/* The open stay in a Map. */
static const struct visit *
open_map(const struct tracing *t, const char *state)
{
    uint32_t i;

    for (i = t->trace->count; i-- > 0;)
        if (t->trace->visits[i].exited_id == 0 &&
            strcmp(t->trace->visits[i].name, state) == 0)
            return &t->trace->visits[i];
    return NULL;
}

/* What an item still stood in goes with it: by what failed beside it. */
static void
abort_item(struct tracing *t, uint32_t map, int64_t item)
{
    uint32_t i;

    for (i = t->trace->count; i-- > 0;) {
        struct visit *v = &t->trace->visits[i];

        if (v->exited_id == 0 && v->item == item &&
            v->state != PAV_GRAPH_NONE &&
            pav_graph_holder(t->graph, v->state) == map)
            v->status = PAV_MARK_ABORTED;
    }
}

/* Items of a Map: which one an event is about, and how many stand how. */
static void
on_items(struct tracing *t, const struct pav_history_event *e,
         struct event_note *note)
{
    const struct visit *map;
    struct map_items *items;
    uint32_t state;

    if (e->kind == EV_MAP_STARTED && note->visit > 0) {
        state = t->trace->visits[note->visit - 1].state;
        if (state != PAV_GRAPH_NONE)
            t->trace->maps[state] = (struct map_items){.total = e->number};
        return;
    }
    if (e->kind < EV_ITERATION_STARTED || e->kind > EV_ITERATION_ABORTED ||
        e->state == NULL)
        return;
    map = open_map(t, e->state);
    note->item = e->kind == EV_ITERATION_STARTED ? e->number + 1
                 : map == NULL                   ? 0
                                                 : map->item;
    state = pav_graph_find(t->graph, e->state);
    if (state == PAV_GRAPH_NONE)
        return;
    items = &t->trace->maps[state];
    items->started += e->kind == EV_ITERATION_STARTED;
    items->done += e->kind == EV_ITERATION_SUCCEEDED;
    items->failed += e->kind == EV_ITERATION_FAILED;
    items->aborted += e->kind == EV_ITERATION_ABORTED;
    if (e->kind == EV_ITERATION_ABORTED)
        abort_item(t, state, e->number + 1);
}

static void
on_attempt(struct tracing *t, struct visit *v, int64_t at)
{
    struct attempt *attempt = pav_arena_zalloc(t->q->arena, sizeof(*attempt));

    attempt->from = at;
    if (v->last == NULL)
        v->first = attempt;
    else
        v->last->next = attempt;
    v->last = attempt;
    v->attempts++;
}

static void
on_other(struct tracing *t, const struct pav_history_event *e, int64_t at)
{
    struct event_note *note = &t->notes[e->id];
    struct visit *v;

    note->visit = t->notes[e->previous_id].visit;
    note->item = t->notes[e->previous_id].item;
    on_items(t, e, note);
    note->fails = e->flags & PAV_EVENT_FAILS;
    v = note->visit == 0 ? NULL : &t->trace->visits[note->visit - 1];
    if (v != NULL && (e->flags & PAV_EVENT_SCHEDULES))
        on_attempt(t, v, at);
    if (v != NULL && note->fails && v->last != NULL && v->last->until == 0)
        v->last->until = at;
    if (e->error == NULL)
        return;
    t->error = pav_doc_str(t->q->arena, e->error);
    if (v != NULL)
        v->error = t->error;
    if (e->flags & PAV_EVENT_OF_EXECUTION) {
        stop_open(t, at);
        t->trace->error = t->error;
        t->trace->cause =
            e->cause == NULL ? NULL : pav_doc_str(t->q->arena, e->cause);
    }
}

static void
on_step(void *arg, const struct pav_step_row *step)
{
    struct tracing *t = arg;
    struct pav_arena scratch;
    struct pav_record *record;
    uint32_t i;

    pav_arena_init(&scratch, 1 << 14);
    record = pav_reader_record(t->q->reader, step, &scratch);
    for (i = 0; i < step->event_count; i++) {
        struct pav_history_event e;

        pav_history_way(record, i, step->first_event, &scratch, &e);
        if (e.id >= t->limit || e.previous_id >= t->limit)
            break;
        t->trace->events = e.id;
        if (e.flags & PAV_EVENT_ENTERS)
            on_entered(t, &e, step);
        else if (e.flags & PAV_EVENT_EXITS)
            on_exited(t, &e, step);
        else
            on_other(t, &e, step->at);
    }
    pav_arena_fini(&scratch);
}

bool
trace_event(struct pav_query *q, const struct pav_execution_view *x, int64_t id,
            struct pav_history_event *out)
{
    struct pav_step_row *steps;
    struct pav_record *record;

    if (id == 0 || pav_reader_steps(q->reader, x->row.last_step, id, 1,
                                    q->arena, &steps) == 0)
        return false;
    record = pav_reader_record(q->reader, steps, q->arena);
    if (id < steps->first_event ||
        id - steps->first_event >= pav_history_count(record))
        return false;
    pav_history_event(record, (uint32_t)(id - steps->first_event),
                      steps->first_event, q->arena, out);
    return true;
}

enum pav_mark_status
trace_mark(enum pav_status s)
{
    switch (s) {
    case PAV_RUNNING:
        return PAV_MARK_RUNNING;
    case PAV_SUCCEEDED:
        return PAV_MARK_SUCCEEDED;
    case PAV_FAILED:
        return PAV_MARK_FAILED;
    case PAV_TIMED_OUT:
        return PAV_MARK_TIMED_OUT;
    case PAV_ABORTED:
        return PAV_MARK_ABORTED;
    }
    return PAV_MARK_NONE;
}

/* One that ends by itself, at a limit, fails where it was last. */
static void
mark_end(struct trace *t)
{
    struct visit *last;
    uint32_t i;

    for (i = 0; i < t->count; i++)
        if (t->visits[i].exited_id == 0)
            return;
    if (t->count == 0 || t->error == NULL)
        return;
    last = &t->visits[t->count - 1];
    last->status = PAV_MARK_FAILED;
    last->error = t->error;
    if (last->state != PAV_GRAPH_NONE)
        t->marks[last->state].status = PAV_MARK_FAILED;
}

void
trace_read(struct pav_query *q, const struct pav_execution_view *x,
           const struct pav_graph *g, struct trace *out)
{
    int64_t limit =
        x->row.next_event > EVENTS_MAX ? EVENTS_MAX : x->row.next_event;
    size_t states = pav_graph_states(g), edges = pav_graph_edges(g);
    struct tracing t = {.q = q, .graph = g, .trace = out, .limit = limit};
    uint32_t i;

    memset(out, 0, sizeof(*out));
    out->marks = pav_arena_zalloc(q->arena, (states + 1) * sizeof(*out->marks));
    out->maps = pav_arena_zalloc(q->arena, (states + 1) * sizeof(*out->maps));
    out->edges = pav_arena_zalloc(q->arena, (edges + 1) * sizeof(*out->edges));
    t.counts = pav_arena_zalloc(q->arena, (states + 1) * sizeof(*t.counts));
    t.open = pav_arena_zalloc(q->arena, (states + 1) * sizeof(*t.open));
    t.notes =
        pav_arena_zalloc(q->arena, ((size_t)limit + 1) * sizeof(*t.notes));
    pav_reader_walk(q->reader, x->row.last_step, on_step, &t);
    for (i = 0; i < out->count; i++) {
        struct visit *v = &out->visits[i];

        if (v->exited_id == 0 && v->status != PAV_MARK_ABORTED)
            v->status = trace_mark((enum pav_status)x->row.status);
        if (v->state == PAV_GRAPH_NONE)
            continue;
        /* One that is still open says how the state stands. */
        if (v->exited_id == 0 || !t.open[v->state])
            out->marks[v->state].status = v->status;
        t.open[v->state] |= v->exited_id == 0;
        out->marks[v->state].visits++;
    }
    if (x->row.status == PAV_FAILED)
        mark_end(out);
}

const struct visit *
trace_focus(const struct trace *t)
{
    const struct visit *last = NULL;
    uint32_t i;

    for (i = t->count; i-- > 0;) {
        const struct visit *v = &t->visits[i];

        if (v->exited_id == 0 && strcmp(v->type, "Parallel") != 0 &&
            strcmp(v->type, "Map") != 0)
            return v;
        if (last == NULL)
            last = v;
    }
    return last;
}

const struct visit *
trace_visit(const struct trace *t, const char *state, uint32_t number)
{
    uint32_t i;

    for (i = t->count; i-- > 0;)
        if (strcmp(t->visits[i].name, state) == 0 &&
            (number == 0 || t->visits[i].number == number))
            return &t->visits[i];
    return NULL;
}

const struct visit *
trace_item(const struct trace *t, int64_t item)
{
    uint32_t i;

    for (i = t->count; i-- > 0;)
        if (t->visits[i].item == item)
            return &t->visits[i];
    return NULL;
}

#define WAY_MAX 1000

const char *
trace_way(const struct trace *t, struct pav_arena *a)
{
    struct pav_buf b;
    const char *text;
    uint32_t i;

    pav_buf_init(&b, WAY_MAX * 4);
    pav_buf_puts(&b, "");
    for (i = 0; i < t->count && b.len < WAY_MAX; i++)
        if (i == 0 || strcmp(t->visits[i].name, t->visits[i - 1].name) != 0)
            pav_buf_printf(&b, "%s%s", i == 0 ? "" : PAV_FLOW_THEN,
                           t->visits[i].name);
    if (i < t->count)
        pav_buf_puts(&b, PAV_FLOW_THEN "...");
    text = b.over ? PAV_FLOW_OTHERS : pav_arena_strndup(a, b.p, b.len);
    pav_buf_fini(&b);
    return text;
}

const uint32_t *
pav_flow_taken(struct pav_reader *r, const struct pav_execution_view *x,
               const struct pav_graph *g, struct pav_arena *a)
{
    struct pav_query q = {.reader = r, .arena = a};
    struct trace t;

    trace_read(&q, x, g, &t);
    return t.edges;
}
