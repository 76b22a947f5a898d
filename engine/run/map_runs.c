/*
 * Map runs: the executions of a distributed Map.
 *
 * A run's items are rows.  Its inputs come out of the state's input at once, or
 * out of an object that is read on another thread.  As many executions as its
 * MaxConcurrency allows are open; each end starts the next.  More failures than
 * the run tolerates end it and its executions.  Results are put together from
 * the rows, or written as objects beside the data that is read.
 */
#include <string.h>

#include "pavane/errors.h"
#include "pavane/digest.h"
#include "pavane/map_run.h"
#include "map_runs.h"
#include "registry.h"
#include "runner.h"
#include "tasks.h"
#include "wake.h"

#define CONCURRENCY 1000 /* when the state says 0 */
#define STARTS      100  /* executions started at a time */
#define OUTPUTS_MAX                                                            \
    (16u << 20) /* before a ResultSelector makes less of them                  \
                 */

/* ---- ends ---- */

static void
end_run(struct pav_engine *e, struct pav_run_row *run, enum pav_status status,
        struct pav_wake *w)
{
    run->status = status;
    run->stopped_at = pav_clock_ms(e->clock);
    pav_store_run_update(e->store, run);
    w->no = run->no;
    (void)task_wake(e, run->execution_id, w);
}

static void
fail_run(struct pav_engine *e, struct pav_run_row *run, const char *error,
         const char *cause)
{
    struct pav_wake w = {
        .kind = PAV_WAKE_FAILURE, .error = error, .cause = cause};

    end_run(e, run, PAV_FAILED, &w);
}

/* What each execution gave, in the order of the items; NULL: more than a state
 * could pass on. */
static const struct pav_doc *
outputs_of(struct pav_engine *e, const struct pav_run_row *run, bool flatten)
{
    struct pav_arena *a = &e->arena;
    struct pav_items items;
    struct pav_item_row item;
    int64_t after = -1;
    size_t bytes = 0;
    uint32_t i;

    pav_items_init(&items, a);
    while (pav_store_item_with(e->store, run->id, PAV_ITEM_SUCCEEDED, after, a,
                               &item)) {
        const struct pav_doc *d;

        bytes += item.output.len;
        if (bytes > OUTPUTS_MAX)
            return NULL;
        d = pav_doc_own(a, item.output.p, item.output.len);
        after = item.item;
        if (!flatten || d->kind != PAV_ARRAY) {
            pav_items_add(&items, d);
            continue;
        }
        for (i = 0; i < d->len; i++)
            pav_items_add(&items, &d->items[i]);
    }
    return pav_items_array(&items);
}

static struct version *
version_of_run(struct pav_engine *e, const struct pav_run_row *run)
{
    struct pav_execution_row row;

    if (!pav_store_execution(e->store, run->execution_id, &e->arena, &row))
        return NULL;
    return version_get(e, row.version_id);
}

/* {Bucket, Key of the manifest} */
static const struct pav_doc *
writer_result(struct pav_engine *e, const struct pav_run_row *run,
              const struct pav_doc *writer)
{
    struct pav_arena *a = &e->arena;
    const struct pav_doc *bucket = pav_doc_get(writer, "Bucket");
    const struct pav_doc *prefix = pav_doc_get(writer, "Prefix");
    struct pav_members m, details;

    pav_members_init(&details, a);
    pav_members_puts(&details, "Bucket",
                     bucket == NULL ? &pav_doc_null : bucket);
    pav_members_puts(
        &details, "Key",
        pav_doc_new_cstr(
            a, pav_arena_printf(a, "%s%s%s/manifest.json",
                                prefix == NULL ? "" : pav_doc_str(a, prefix),
                                prefix == NULL ? "" : "/",
                                strrchr(run->arn, ':') + 1)));
    pav_members_init(&m, a);
    pav_members_puts(&m, "MapRunArn", pav_doc_new_cstr(a, run->arn));
    pav_members_puts(&m, "ResultWriterDetails", pav_members_object(&details));
    return pav_members_object(&m);
}

static bool
is_text(const struct pav_doc *d)
{
    return d == NULL ||
           (d->kind == PAV_STRING && memchr(d->text, 0, d->len) == NULL);
}

static void
succeed_run(struct pav_engine *e, struct pav_run_row *run)
{
    const struct pav_doc *spec =
        pav_doc_own(&e->arena, run->spec.p, run->spec.len);
    const struct pav_doc *writer = pav_doc_get(spec, "writer");
    struct version *v = version_of_run(e, run);
    struct pav_wake w = {.kind = PAV_WAKE_SUCCESS};

    if (!is_text(pav_doc_get(writer, "Bucket")) ||
        !is_text(pav_doc_get(writer, "Prefix")) ||
        (writer != NULL && pav_doc_holds_nul(writer))) {
        fail_run(e, run, pav_states_error(PAV_STATES_RESULT_WRITER_FAILED),
                 "The Bucket and the Prefix of a ResultWriter are strings");
        return;
    }
    if (writer != NULL && v != NULL) {
        map_results_begin(e, run, v);
        return;
    }
    w.output = outputs_of(
        e, run, v != NULL && pav_map_writing(v->compiled, run->state).flatten);
    if (w.output == NULL) {
        fail_run(e, run, pav_states_error(PAV_STATES_DATA_LIMIT_EXCEEDED),
                 pav_arena_printf(&e->arena,
                                  "The state/task '%s' returned a result with "
                                  "a size exceeding the maximum number of "
                                  "bytes service limit.",
                                  run->state));
        return;
    }
    end_run(e, run, PAV_SUCCEEDED, &w);
}

/* ---- going on ---- */

static bool
exceeded(const struct pav_run_row *run)
{
    int64_t failed = run->counts[PAV_ITEM_FAILED] +
                     run->counts[PAV_ITEM_TIMED_OUT] +
                     run->counts[PAV_ITEM_ABORTED];

    return pav_map_exceeded(run->tolerated_count, run->tolerated_percentage,
                            failed, run->total);
}

static void
count_item(struct pav_run_row *run, struct pav_item_row *item,
           enum pav_item_status to)
{
    run->counts[item->status]--;
    run->counts[to]++;
    item->status = to;
}

/* An item of a redriven run: its execution goes on where it failed. */
static bool
redrive_item(struct pav_engine *e, struct pav_item_row *item)
{
    struct pav_execution_row row;
    struct execution x;

    if (!pav_store_execution(e->store, item->execution_id, &e->arena, &row) ||
        !execution_load(e, &row, &x) ||
        pav_redrive_refusal(&row, x.version->machine->type,
                            pav_clock_ms(e->clock)) != NULL ||
        !pav_record_has_frames(execution_record(e, &x)))
        return false;
    pav_store_item_update(e->store, item);
    execution_redrive(e, &x, NULL);
    return true;
}

static void
start_item(struct pav_engine *e, struct pav_run_row *run, struct version *v,
           struct pav_item_row *item)
{
    const char *slash = strchr(run->arn, '/');
    struct pav_meta_row meta = {
        .run_id = run->id, .item = item->item, .map_state = run->state};
    struct execution x;
    char name[37];

    meta.label =
        pav_arena_strndup(&e->arena, slash + 1, strcspn(slash + 1, ":"));
    pav_uuid4(name);
    count_item(run, item, PAV_ITEM_RUNNING);
    if (item->execution_id != 0 && redrive_item(e, item))
        return;
    execution_start_as(e, v, pav_arena_strdup(&e->arena, name), NULL,
                       pav_doc_own(&e->arena, item->input.p, item->input.len),
                       0, &meta, &x);
    item->execution_id = x.row.id;
    pav_store_item_update(e->store, item);
}

void
map_run_goes_on(struct pav_engine *e, int64_t run_id)
{
    struct pav_run_row run;
    struct pav_item_row item;
    struct version *v;
    int64_t max;
    int started = 0;

    if (!pav_store_run(e->store, run_id, &e->arena, &run) ||
        run.status != PAV_RUNNING || run.total < 0)
        return;
    v = version_of_run(e, &run);
    if (exceeded(&run)) {
        fail_run(
            e, &run,
            pav_states_error(PAV_STATES_EXCEED_TOLERATED_FAILURE_THRESHOLD),
            "The specified tolerated failure threshold was exceeded");
        return;
    }
    max = run.max_concurrency == 0 ? CONCURRENCY : run.max_concurrency;
    while (v != NULL && run.counts[PAV_ITEM_RUNNING] < max &&
           started++ < STARTS &&
           pav_store_item_with(e->store, run.id, PAV_ITEM_PENDING, -1,
                               &e->arena, &item))
        start_item(e, &run, v, &item);
    pav_store_run_update(e->store, &run);
    if (run.counts[PAV_ITEM_PENDING] > 0 && run.counts[PAV_ITEM_RUNNING] < max)
        work_add(e, WORK_RUN, run.id, 0);
    else if (run.counts[PAV_ITEM_PENDING] == 0 &&
             run.counts[PAV_ITEM_RUNNING] == 0)
        succeed_run(e, &run);
}

void
map_run_child_ended(struct pav_engine *e, const struct execution *x)
{
    static const enum pav_item_status by_status[] = {
        [PAV_SUCCEEDED] = PAV_ITEM_SUCCEEDED,
        [PAV_FAILED] = PAV_ITEM_FAILED,
        [PAV_TIMED_OUT] = PAV_ITEM_TIMED_OUT,
        [PAV_ABORTED] = PAV_ITEM_ABORTED};
    struct pav_history_event end;
    struct pav_item_row item;
    struct pav_run_row run;
    struct pav_buf b;

    if (!pav_store_run(e->store, x->meta.run_id, &e->arena, &run) ||
        !pav_store_item(e->store, run.id, x->meta.item, &e->arena, &item) ||
        item.status != PAV_ITEM_RUNNING || item.execution_id != x->row.id)
        return;
    execution_end(e, &x->row, &end);
    count_item(&run, &item, by_status[x->row.status]);
    pav_buf_init(&b, SIZE_MAX / 2);
    if (x->row.status == PAV_SUCCEEDED && end.payload != NULL) {
        pav_doc_print(end.payload, &b);
        item.output.p = b.p;
        item.output.len = b.len;
    }
    if (end.error != NULL)
        item.error = pav_doc_str(&e->arena, end.error);
    if (end.cause != NULL)
        item.cause = pav_doc_str(&e->arena, end.cause);
    pav_store_item_update(e->store, &item);
    pav_buf_fini(&b);
    pav_store_run_update(e->store, &run);
    map_run_goes_on(e, run.id);
}

/* ---- beginning ---- */

/* What had not succeeded must be done; what had stays as it is. */
static void
redrive_run(struct pav_engine *e, struct pav_run_row *run)
{
    static const enum pav_item_status undone[] = {
        PAV_ITEM_FAILED, PAV_ITEM_TIMED_OUT, PAV_ITEM_ABORTED};
    struct pav_item_row item;
    size_t i;

    run->status = PAV_RUNNING;
    run->stopped_at = 0;
    run->redrive_count++;
    run->redriven_at = pav_clock_ms(e->clock);
    for (i = 0; i < sizeof(undone) / sizeof(undone[0]); i++)
        while (pav_store_item_with(e->store, run->id, undone[i], -1, &e->arena,
                                   &item)) {
            count_item(run, &item, PAV_ITEM_PENDING);
            item.error = item.cause = NULL;
            pav_store_item_update(e->store, &item);
        }
    pav_store_run_update(e->store, run);
}

void
map_run_begin(struct pav_engine *e, const struct pav_task_row *task)
{
    struct pav_run_row run;
    const struct pav_doc *spec, *d;
    struct execution x;
    struct pav_execution_row row;
    int64_t n = 0;

    if (!pav_store_execution(e->store, task->execution_id, &e->arena, &row) ||
        !execution_load(e, &row, &x))
        return;
    spec = pav_doc_own(&e->arena, task->with.p, task->with.len);
    if (!pav_store_run_of(e->store, task->execution_id, task->no, &e->arena,
                          &run)) {
        memset(&run, 0, sizeof(run));
        run.execution_id = task->execution_id;
        run.no = task->no;
        run.arn = task->token;
        run.state = task->state;
        run.spec = task->with;
        run.tolerated_count = -1;
        run.tolerated_percentage = -1;
        run.total = -1; /* not known yet */
        run.started_at = pav_clock_ms(e->clock);
        (void)pav_doc_int(pav_doc_get(spec, "maxConcurrency"),
                          &run.max_concurrency);
        d = pav_doc_get(spec, "toleratedFailureCount");
        if (d != NULL && pav_doc_int(d, &n))
            run.tolerated_count = n;
        d = pav_doc_get(spec, "toleratedFailurePercentage");
        if (d != NULL)
            run.tolerated_percentage = pav_doc_double(d);
        pav_store_run_add(e->store, &run);
    } else if (run.status != PAV_RUNNING) {
        redrive_run(e, &run);
        if (run.total >= 0) {
            map_run_goes_on(e, run.id);
            return;
        }
        spec = pav_doc_own(&e->arena, run.spec.p, run.spec.len);
    } else if (run.total >= 0) {
        return; /* in flight: map_run_goes_on() */
    } else {    /* asked for once more */
        spec = pav_doc_own(&e->arena, run.spec.p, run.spec.len);
    }
    if (pav_doc_get(spec, "inputs") != NULL || map_items_made(e, run.id)) {
        work_add(e, WORK_FILL, run.id, 0);
        return;
    }
    map_items_restart(e, &run);
    map_items_ask(e, &x, &run, spec);
}

/* ---- what was read or written outside ---- */

static void
map_run_object(struct pav_engine *e, struct pav_job *job)
{
    struct pav_object_job *j = (struct pav_object_job *)job;
    struct pav_run_row run;
    struct pav_wake w = {.kind = PAV_WAKE_SUCCESS};

    if (!pav_store_run(e->store, j->run_id, &e->arena, &run) ||
        run.status != PAV_RUNNING)
        return;
    if (!j->written) {
        if (run.total >= 0) /* it was asked twice */
            return;
        if (j->failure)
            fail_run(e, &run, j->error, j->cause);
        else
            map_items_take(e, j, &run);
    } else if (j->failure) {
        fail_run(e, &run, pav_states_error(PAV_STATES_RESULT_WRITER_FAILED),
                 j->cause);
    } else {
        w.output = writer_result(
            e, &run,
            pav_doc_get(pav_doc_own(&e->arena, run.spec.p, run.spec.len),
                        "writer"));
        end_run(e, &run, PAV_SUCCEEDED, &w);
    }
}

const struct pav_job_kind pav_object_kind = {.size =
                                                 sizeof(struct pav_object_job),
                                             .advance = map_run_object,
                                             .is_answer = true};

/* ---- cut off ---- */

/* The state that waited has gone (runner.c): so do the executions that still
 * run, and what was made for more. */
void
map_run_stop_items(struct pav_engine *e, int64_t run_id)
{
    struct pav_run_row run;
    struct pav_item_row item;
    int n = 0;

    map_items_forget(e, run_id);
    map_results_forget(e, run_id);
    while (pav_store_run(e->store, run_id, &e->arena, &run) &&
           run.status != PAV_RUNNING && n++ < STARTS &&
           pav_store_item_with(e->store, run_id, PAV_ITEM_RUNNING, -1,
                               &e->arena, &item)) {
        count_item(&run, &item, PAV_ITEM_ABORTED);
        pav_store_item_update(e->store, &item);
        pav_store_run_update(e->store, &run);
        execution_stop(e, item.execution_id,
                       "The map run of this execution has ended.");
    }
    if (n > STARTS)
        work_add(e, WORK_STOP_ITEMS, run_id, 0);
}
