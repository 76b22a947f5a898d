/*
 * Executions: loading one, stepping it, and staging what the step gave.
 *
 * An execution lives in the store; it is in memory only for the length of a
 * turn.  exec_move() is the one place where a status changes.
 */
#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/history.h"
#include "pavane/log.h"
#include "run_int.h"

static struct pav_bytes
load_record(struct pav_engine *e, int64_t step_id)
{
    struct pav_step_row step;

    if (!pav_store_step(e->store, step_id, &e->arena, &step))
        PAV_BUG("an execution without its step");
    return step.record;
}

/* The input stands in the first record, with its events. */
static const struct pav_doc *
input_of(struct pav_engine *e, struct pav_bytes first)
{
    return pav_history_input(pav_doc_own(&e->arena, first.p, first.len));
}

const struct pav_doc *
execution_record(struct pav_engine *e, struct execution *x)
{
    if (x->record == NULL && x->record_text.p != NULL)
        x->record =
            pav_step_record(&e->arena, x->record_text.p, x->record_text.len);
    return x->record;
}

bool
execution_load(struct pav_engine *e, const struct pav_execution_row *row,
               struct execution *out)
{
    memset(out, 0, sizeof(*out));
    out->row = *row;
    out->version = version_get(e, row->version_id);
    if (out->version == NULL)
        return false;
    out->record_text = load_record(e, row->last_step);
    if (pav_machine_needs_input(out->version->compiled))
        out->input = input_of(e, row->first_step == row->last_step
                                     ? out->record_text
                                     : load_record(e, row->first_step));
    pav_step_view(out->version->compiled, execution_record(e, out),
                  row->started_at, &e->arena, &out->before);
    return true;
}

static const char *
joined(struct pav_arena *a, const char *x, const char *y)
{
    size_t x_len = strlen(x), y_len = strlen(y);
    char *text = pav_arena_alloc(a, x_len + y_len + 1);

    memcpy(text, x, x_len);
    memcpy(text + x_len, y, y_len + 1);
    return text;
}

void
execution_step(struct pav_engine *e, struct execution *x,
               const struct pav_wake *wake, int64_t now_ms,
               uint8_t seed[PAV_SEED_LEN], struct pav_step_out *out)
{
    const struct machine *m = x->version->machine;
    struct pav_identity id = {.execution_no = x->row.id,
                              .execution_name = x->row.name,
                              .machine_arn = m->arn,
                              .machine_name = m->name,
                              .role_arn = m->role_arn,
                              .region = e->config.region,
                              .started_at = x->row.started_at};
    struct pav_step_in in = {.machine = x->version->compiled,
                             .identity = &id,
                             .record = execution_record(e, x),
                             .execution_input = x->input,
                             .first_event_id = x->row.next_event,
                             .wake = *wake,
                             .now_ms = now_ms};

    id.execution_arn = joined(&e->arena, m->execution_arn, x->row.name);
    memcpy(in.seed, seed, PAV_SEED_LEN);
    pav_step(&in, &e->arena, out);
    e->counts.steps++;
}

/* ---- staging ---- */

static void
exec_move(struct pav_engine *e, struct execution *x, enum pav_status to)
{
    struct pav_log_ctx ctx = {.machine = x->version->machine->name,
                              .execution = x->row.name};

    if (x->row.status == (int)to)
        return;
    PAV_ASSERT(x->row.status == PAV_RUNNING); /* an end is an end */
    x->row.status = to;
    x->row.stopped_at = pav_clock_ms(e->clock);
    pav_log(PAV_LOG_DEBUG, &ctx, "ended %s", pav_status_name(to));
}

static bool
wait_in(const struct pav_step_out *v, uint32_t no)
{
    uint32_t i;

    for (i = 0; i < v->wait_count; i++)
        if (v->waits[i].no == no)
            return true;
    return false;
}

static bool
timer_in(const struct pav_step_out *v, const struct pav_timer *t)
{
    uint32_t i;

    for (i = 0; i < v->timer_count; i++)
        if (v->timers[i].no == t->no && v->timers[i].due_at == t->due_at)
            return true;
    return false;
}

/* Rows of waits and timers follow the difference of two views. */
static void
stage_differences(struct pav_engine *e, const struct execution *x,
                  const struct pav_step_out *after)
{
    const struct pav_step_out *before = &x->before;
    uint32_t i;

    for (i = 0; i < before->wait_count; i++)
        if (!wait_in(after, before->waits[i].no))
            pav_store_wait_delete(e->store, x->row.id, before->waits[i].no);
    for (i = 0; i < before->timer_count; i++)
        if (before->timers[i].no != PAV_TIMER_GO_ON &&
            !timer_in(after, &before->timers[i]))
            pav_store_timer_delete(e->store, before->timers[i].due_at,
                                   x->row.id, before->timers[i].no);
    for (i = 0; i < after->wait_count; i++) {
        const struct pav_wait_view *w = &after->waits[i];
        struct pav_wait_row row = {.execution_id = x->row.id,
                                   .no = w->no,
                                   .state = w->state,
                                   .event_name = w->event_name,
                                   .pattern = w->pattern_text,
                                   .awaits = w->awaits,
                                   .since_at = w->since_at,
                                   .due_at = w->due_at};

        if (!wait_in(before, w->no))
            pav_store_wait_add(e->store, &row);
    }
    for (i = 0; i < after->timer_count; i++)
        if (after->timers[i].no == PAV_TIMER_GO_ON ||
            !timer_in(before, &after->timers[i]))
            pav_store_timer_add(e->store, after->timers[i].due_at, x->row.id,
                                after->timers[i].no);
}

static const char *
states_json(struct pav_engine *e, const struct pav_step_out *out)
{
    struct pav_buf b;
    const char *text;
    uint32_t i;

    pav_buf_init(&b, SIZE_MAX / 2);
    pav_buf_putc(&b, '[');
    for (i = 0; i < out->state_count; i++) {
        if (i > 0)
            pav_buf_putc(&b, ',');
        pav_buf_jsons(&b, out->states[i]);
    }
    pav_buf_putc(&b, ']');
    text = pav_arena_strndup(&e->arena, b.p, b.len);
    pav_buf_fini(&b);
    return text;
}

void
execution_keep(struct pav_engine *e, struct execution *x,
               const struct pav_wake *wake, int64_t event_id,
               const uint8_t seed[PAV_SEED_LEN], struct pav_step_out *out)
{
    bool is_new = x->row.last_step == 0;
    struct pav_step_row step = {
        .id = pav_store_next_step(e->store),
        .execution_id = x->row.id,
        .previous = x->row.last_step,
        .at = pav_clock_ms(e->clock),
        .first_event = x->row.next_event,
        .event_count = out->event_count,
        .semantics = SEMANTICS,
        .wake = wake->kind,
        .event_id = event_id,
        .seed = {(const char *)seed, PAV_SEED_LEN},
        .record = {out->record.p, out->record.len},
    };

    pav_store_step_add(e->store, &step);
    stage_differences(e, x, out);
    exec_move(e, x, out->status);
    x->row.last_step = step.id;
    x->row.next_event += out->event_count;
    x->row.states = states_json(e, out);
    if (is_new) {
        x->row.first_step = step.id;
        pav_store_execution_add(e->store, &x->row);
    } else {
        pav_store_execution_update(e->store, &x->row);
    }
    x->record = NULL;
    x->record_text.p =
        pav_arena_strndup(&e->arena, out->record.p, out->record.len);
    x->record_text.len = out->record.len;
    if (is_new && pav_machine_needs_input(x->version->compiled))
        x->input = input_of(e, x->record_text);
    x->before = *out;
    feed_execution(e, x, is_new);
    pav_buf_fini(&out->record);
}

void
execution_wake(struct pav_engine *e, struct execution *x,
               const struct pav_wake *wake, int64_t event_id)
{
    struct pav_step_out out;
    uint8_t seed[PAV_SEED_LEN];

    pav_random(seed, sizeof(seed));
    execution_step(e, x, wake, pav_clock_ms(e->clock), seed, &out);
    execution_keep(e, x, wake, event_id, seed, &out);
}

void
execution_start(struct pav_engine *e, struct machine *m, const char *name,
                const char *key, const struct pav_doc *input, int64_t event_id,
                struct execution *out)
{
    struct pav_wake wake = {.kind = PAV_WAKE_START, .output = input};

    memset(out, 0, sizeof(*out));
    out->version = m->current;
    out->input = input;
    out->row.id = pav_store_next_execution(e->store);
    out->row.machine_id = m->id;
    out->row.version_id = m->current->id;
    out->row.name = name;
    out->row.key = key;
    out->row.status = PAV_RUNNING;
    out->row.started_at = pav_clock_ms(e->clock);
    out->row.next_event = 1;
    execution_wake(e, out, &wake, event_id);
}
