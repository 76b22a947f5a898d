/*
 * Executions: loading one, stepping it, and staging what the step gave.
 *
 * An execution lives in the store; it is in memory only for the length of a
 * turn.  exec_move() is the one place where a status changes.
 */
#include <string.h>

#include "pavane/arn.h"
#include "pavane/digest.h"
#include "pavane/log.h"
#include "cause.h"
#include "correlate.h"
#include "hot.h"
#include "polls.h"
#include "registry.h"
#include "log_history.h"
#include "runner.h"
#include "standing.h"
#include "wait_times.h"

#define ERROR_MAX 256 /* bytes, as the language has it */

/* ---- what records refer to ---- */

/* The sources of one execution. */
struct known {
    struct pav_engine *e;
    const struct version *version;
    struct pav_sources sources;
};

static bool
event_body(void *arg, int64_t id, struct pav_arena *a, struct pav_bytes *body)
{
    const struct known *k = arg;
    struct pav_event_row row;

    if (!pav_store_event(k->e->store, id, a, &row))
        return false;
    *body = row.body;
    return true;
}

static bool
earlier_step(void *arg, int64_t id, struct pav_arena *a, struct pav_stored *out)
{
    const struct known *k = arg;
    struct pav_step_row row;

    if (!pav_store_step(k->e->store, id, a, &row))
        return false;
    *out = pav_step_stored(&row);
    return true;
}

static bool
definition_text(void *arg, int64_t execution_id, struct pav_arena *a,
                struct pav_bytes *text)
{
    const struct known *k = arg;

    return pav_record_definition(k->version->compiled, execution_id, a, text);
}

static struct pav_record *
record_of(struct pav_engine *e, const struct version *v,
          const struct pav_stored *stored)
{
    struct known *k = pav_arena_alloc(&e->arena, sizeof(*k));

    k->e = e;
    k->version = v;
    k->sources = (struct pav_sources){.arg = k,
                                      .event = event_body,
                                      .step = earlier_step,
                                      .definition = definition_text};
    return pav_record_open(stored, &k->sources, &e->arena);
}

struct pav_record *
execution_record_of(struct pav_engine *e, struct version *v,
                    const struct pav_step_row *step)
{
    struct pav_stored stored = pav_step_stored(step);

    return record_of(e, v, &stored);
}

struct pav_record *
execution_record(struct pav_engine *e, struct execution *x)
{
    if (x->record == NULL && x->stored.bytes.p != NULL)
        x->record = record_of(e, x->version, &x->stored);
    return x->record;
}

/* The input is in the first record, with its events. */
const struct pav_doc *
execution_input(struct pav_engine *e, const struct pav_execution_row *row)
{
    struct pav_step_row first;

    if (!pav_store_step(e->store, row->first_step, &e->arena, &first))
        return NULL;
    return pav_history_input(
        execution_record_of(e, version_get(e, row->version_id), &first),
        &e->arena);
}

/* A redrive begins the machine's TimeoutSeconds anew. */
static int64_t
execution_began(const struct execution *x)
{
    return x->meta.redriven_at > x->row.started_at ? x->meta.redriven_at
                                                   : x->row.started_at;
}

bool
execution_load(struct pav_engine *e, const struct pav_execution_row *row,
               struct execution *out)
{
    struct pav_step_row step;

    memset(out, 0, sizeof(*out));
    out->row = *row;
    out->has_meta = pav_store_meta(e->store, row->id, &e->arena, &out->meta);
    out->version = version_get(e, row->version_id);
    if (out->version == NULL)
        return false;
    if (!hot_record(e, row, &out->stored)) {
        if (!pav_store_step(e->store, row->last_step, &e->arena, &step))
            return false;
        out->stored = pav_step_stored(&step);
    }
    if (pav_machine_needs_input(out->version->compiled)) {
        out->input = hot_input(e, row->id);
        if (out->input == NULL)
            out->input = execution_input(e, row);
        if (out->input == NULL)
            return false;
    }
    pav_step_view(out->version->compiled, execution_record(e, out),
                  execution_began(out), &e->arena, &out->before);
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

/* A map run's child has its label in the ARN; an express one is none. */
const char *
execution_arn(struct pav_engine *e, const struct execution *x)
{
    const struct machine *m = x->version->machine;

    if (x->meta.label != NULL)
        return pav_arn_put(&e->arena, "states", e->config.region,
                           e->config.account, "execution:%s/%s:%s", m->name,
                           x->meta.label, x->row.name);
    if (m->type == PAV_EXPRESS)
        return pav_arn_put(&e->arena, "states", e->config.region,
                           e->config.account, "express:%s:%s", m->name,
                           x->row.name);
    return joined(&e->arena, m->execution_arn, x->row.name);
}

static enum pav_unmapped
unmapped_policy(const struct machine *m)
{
    return m->rules == NULL ? PAV_UNMAPPED_DEFAULT : m->rules->unmapped;
}

void
execution_step(struct pav_engine *e, struct execution *x,
               const struct pav_wake *wake, const struct cause *event,
               int64_t now_ms, uint8_t seed[PAV_SEED_LEN],
               struct pav_step_out *out)
{
    const struct machine *m = x->version->machine;
    struct pav_services services = {e->served, e->served_count,
                                    unmapped_policy(m)};
    struct pav_identity id = {
        .execution_no = x->row.id,
        .execution_arn = execution_arn(e, x),
        .execution_name = x->row.name,
        .machine_arn = m->arn,
        .machine_name = m->name,
        .role_arn = m->role_arn,
        .region = e->config.region,
        .account = e->config.account,
        .started_at = x->row.started_at,
        .redrive_count = x->meta.redrive_count,
        .redriven_at = x->meta.redriven_at,
        .correlation_id =
            m->rules == NULL || m->rules->count == 0 ? NULL : x->row.key};
    struct pav_step_in in = {
        .machine = x->version->compiled,
        .identity = &id,
        .record = execution_record(e, x),
        .execution_input = x->input,
        .event = event != NULL && event->given ? &event->text : NULL,
        .first_event_id = x->row.next_event,
        .wake = *wake,
        .now_ms = now_ms,
        .history_max = (uint32_t)e->config.history_max,
        .services = &services,
        .map_state = x->meta.map_state};

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
    /* An end is an end, but for a redrive. */
    PAV_ASSERT(x->row.status == PAV_RUNNING || to == PAV_RUNNING);
    x->row.status = to;
    x->row.moved = true;
    if (e->status_rules > 0)
        work_add(e, WORK_STATUS, x->row.id, (uint32_t)to);
    if (to == PAV_RUNNING) {
        x->row.stopped_at = 0;
        return;
    }
    x->row.stopped_at = pav_clock_ms(e->clock);
    e->place_is_free =
        e->place_is_free || (x->version->machine->rules != NULL &&
                             x->version->machine->rules->max_open > 0);
    if (x->meta.parent_id != 0 || x->meta.run_id != 0 ||
        x->version->machine->type == PAV_EXPRESS)
        work_add(e, WORK_ENDED, x->row.id, 0);
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

/* A task that this step has opened, and that somebody is asked for. */
static void
task_add(struct pav_engine *e, const struct execution *x,
         const struct pav_wait_view *w)
{
    struct pav_task_row row = {.execution_id = x->row.id,
                               .no = w->no,
                               .call = w->call,
                               .resource = "",
                               .state = w->state,
                               .token =
                                   w->map_run != NULL ? w->map_run : w->token,
                               .at = pav_clock_ms(e->clock)};
    struct pav_buf with;

    if (w->arn != NULL)
        row.resource = pav_doc_str(&e->arena, w->arn);
    pav_buf_init(&with, SIZE_MAX / 2);
    pav_doc_print_own(w->called_with, &with);
    PAV_ASSERT(!with.over);
    row.with.p = with.p;
    row.with.len = with.len;
    pav_store_task_add(e->store, &row);
    pav_buf_fini(&with);
    if (w->call == PAV_CALL_ACTIVITY)
        polls_wake(e, row.resource);
    else
        work_add(e, WORK_TASK, x->row.id, w->no);
}

/* The state that waited for a map run has gone: so does the run. */
static void
run_abandon(struct pav_engine *e, int64_t execution_id, uint32_t no)
{
    struct pav_run_row run;

    if (!pav_store_run_of(e->store, execution_id, no, &e->arena, &run))
        return;
    if (run.status == PAV_RUNNING) {
        run.status = PAV_ABORTED;
        run.stopped_at = pav_clock_ms(e->clock);
        pav_store_run_update(e->store, &run);
    }
    work_add(e, WORK_STOP_ITEMS, run.id, 0);
}

/* However it ended: nobody is asked any more, and nobody works for it. */
static void
task_gone(struct pav_engine *e, int64_t execution_id,
          const struct pav_wait_view *w)
{
    int64_t child;

    pav_store_task_delete(e->store, execution_id, w->no);
    if (pav_store_children(e->store, execution_id, w->no, &child, 1) > 0)
        work_add(e, WORK_ABANDON, execution_id, w->no);
    if (w->map_run != NULL)
        run_abandon(e, execution_id, w->no);
}

/* Rows of tasks and timers follow the difference of two views. */
static void
stage_differences(struct pav_engine *e, const struct execution *x,
                  const struct pav_step_out *after)
{
    const struct pav_step_out *before = &x->before;
    uint32_t i;

    for (i = 0; i < before->wait_count; i++)
        if (!wait_in(after, before->waits[i].no)) {
            wait_closed(e, x->version->machine, x->row.id, &before->waits[i]);
            task_gone(e, x->row.id, &before->waits[i]);
        }
    for (i = 0; i < before->timer_count; i++)
        if (before->timers[i].no != PAV_TIMER_GO_ON &&
            !timer_in(after, &before->timers[i]))
            pav_store_timer_delete(e->store, before->timers[i].due_at,
                                   x->row.id, before->timers[i].no);
    for (i = 0; i < after->wait_count; i++) {
        const struct pav_wait_view *w = &after->waits[i];

        if (wait_in(before, w->no))
            continue;
        wait_opened(e, x->version->machine, x->row.id, w);
        if (w->call != PAV_CALL_NONE)
            task_add(e, x, w);
    }
    for (i = 0; i < after->timer_count; i++)
        if (after->timers[i].no == PAV_TIMER_GO_ON ||
            !timer_in(before, &after->timers[i]))
            pav_store_timer_add(e->store, after->timers[i].due_at, x->row.id,
                                after->timers[i].no);
}

/* What it waits for now, for its row. */
static void
put_waits(struct pav_engine *e, struct execution *x,
          const struct pav_step_out *out)
{
    struct pav_wait_row *rows =
        pav_arena_alloc(&e->arena, (out->wait_count + 1) * sizeof(*rows));
    uint32_t i;

    for (i = 0; i < out->wait_count; i++) {
        const struct pav_wait_view *w = &out->waits[i];

        rows[i] = (struct pav_wait_row){.execution_id = x->row.id,
                                        .no = w->no,
                                        .state = w->state,
                                        .event_name = w->event_name,
                                        .pattern = w->pattern_text,
                                        .awaits = w->awaits,
                                        .since_at = w->since_at,
                                        .due_at = w->due_at};
    }
    x->row.waits = rows;
    x->row.wait_count = out->wait_count;
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

/* By its error it is found, and counted; a redrive begins without. */
static void
index_error(struct pav_engine *e, const struct execution *x,
            const struct pav_wake *wake)
{
    struct pav_history_event end;

    if (wake->kind == PAV_WAKE_REDRIVE)
        pav_store_attribute_drop(e->store, PAV_ATTRIBUTE_ERROR, x->row.id);
    if (x->row.status == PAV_RUNNING || x->row.status == PAV_SUCCEEDED)
        return;
    execution_end(e, &x->row, &end);
    if (end.error != NULL && end.error->len > 0 && end.error->len <= ERROR_MAX)
        pav_store_attribute_add(e->store, PAV_ATTRIBUTE_ERROR,
                                pav_doc_str(&e->arena, end.error), x->row.id);
}

void
execution_keep(struct pav_engine *e, struct execution *x,
               const struct pav_wake *wake, const struct cause *event,
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
        .event_id = event == NULL ? 0 : event->event_id,
        .seed = {(const char *)seed, PAV_SEED_LEN},
        .record = {out->record.p, out->record.len},
    };

    pav_store_step_add(e->store, &step);
    stage_differences(e, x, out);
    if (!is_new)
        standing_count(e, x, -1);
    if (wake->kind == PAV_WAKE_REDRIVE) /* it may have ended again at once */
        exec_move(e, x, PAV_RUNNING);
    exec_move(e, x, out->status);
    x->row.last_step = step.id;
    x->row.next_event += out->event_count;
    x->row.states = states_json(e, out);
    put_waits(e, x, out);
    standing_count(e, x, 1);
    if (is_new) {
        x->row.first_step = step.id;
        pav_store_execution_add(e->store, &x->row);
    } else {
        pav_store_execution_update(e->store, &x->row);
    }
    x->record = NULL;
    x->stored = pav_step_stored(&step);
    x->stored.bytes.p =
        pav_arena_strndup(&e->arena, out->record.p, out->record.len);
    if (is_new && pav_machine_needs_input(x->version->compiled))
        x->input = wake->output;
    e->counts.waits += (int64_t)out->wait_count - x->before.wait_count;
    x->before = *out;
    if (x->version->machine->logging.level != LOGGING_OFF)
        history_log(e, x, execution_arn(e, x), execution_record(e, x),
                    step.first_event, step.event_count);
    hot_keep(e, &x->row, &x->stored, x->has_meta,
             is_new && pav_machine_needs_input(x->version->compiled) ? x->input
                                                                     : NULL);
    index_error(e, x, wake);
    feed_execution(e, x->version->machine->name, &x->row, is_new);
    pav_buf_fini(&out->record);
}

void
execution_wake(struct pav_engine *e, struct execution *x,
               const struct pav_wake *wake, const struct cause *event)
{
    struct pav_step_out out;
    uint8_t seed[PAV_SEED_LEN];

    pav_random(seed, sizeof(seed));
    execution_step(e, x, wake, event, pav_clock_ms(e->clock), seed, &out);
    execution_keep(e, x, wake, event, seed, &out);
}

void
execution_start(struct pav_engine *e, struct machine *m, const char *name,
                const char *key, const struct pav_doc *input,
                const struct cause *event, struct execution *out)
{
    execution_start_as(e, m->current, name, key, input, event, NULL, out);
}

void
execution_end(struct pav_engine *e, const struct pav_execution_row *row,
              struct pav_history_event *out)
{
    struct pav_step_row step;
    struct pav_record *r;
    uint32_t count;

    memset(out, 0, sizeof(*out));
    if (!pav_store_step(e->store, row->last_step, &e->arena, &step))
        return;
    r = execution_record_of(e, version_get(e, row->version_id), &step);
    count = pav_history_count(r);
    if (count > 0)
        pav_history_event(r, count - 1, 1, &e->arena, out);
}

void
execution_start_as(struct pav_engine *e, struct version *v, const char *name,
                   const char *key, const struct pav_doc *input,
                   const struct cause *event, const struct pav_meta_row *meta,
                   struct execution *out)
{
    struct pav_wake wake = {.kind = PAV_WAKE_START, .output = input};

    memset(out, 0, sizeof(*out));
    out->version = v;
    out->input = input;
    out->row.id = pav_store_next_execution(e->store);
    if (meta != NULL) {
        out->has_meta = true;
        out->meta = *meta;
        out->meta.execution_id = out->row.id;
        pav_store_meta_put(e->store, &out->meta);
    }
    if (e->status_rules > 0)
        work_add(e, WORK_STATUS, out->row.id, PAV_RUNNING);
    out->row.machine_id = v->machine->id;
    out->row.version_id = v->id;
    out->row.name = name;
    out->row.key = key;
    out->row.status = PAV_RUNNING;
    out->row.started_at = pav_clock_ms(e->clock);
    out->row.next_event = 1;
    out->row.depth = e->depth;
    execution_wake(e, out, &wake, event);
}

/* The execution that a job names, loaded. */
bool
execution_find(struct pav_engine *e, struct pav_job *j, const char *machine,
               const char *name, struct execution *x)
{
    struct machine *m = machine_by_name(e, machine);
    struct pav_execution_row row;

    if (m == NULL ||
        !pav_store_execution_named(e->store, m->id, name, &e->arena, &row) ||
        !execution_load(e, &row, x)) {
        job_fail(j, PAV_MISSING, "ExecutionDoesNotExist", name,
                 "Execution Does Not Exist: '%s:%s'", machine, name);
        return false;
    }
    return true;
}
