/*
 * The inputs of a map run's executions: made, and put into rows.
 *
 * I1  Of an object they are made on another thread, in pav_map_run_inputs():
 *     reading a large table, and a selector over each of its rows, take longer
 *     than a turn may.  The thread has copies of what it needs, and the
 *     compiled machine, which never changes and lives as long as the engine.
 * I2  Rows are added a slice at a time.  Until the last one `total` is -1, and
 *     the count of pending items says how far it is; both are one transaction
 *     with the rows.
 * I3  What was made stays in memory until it is in rows.  After a restart the
 *     object is read again, and the rows begin anew; it may be shorter then.
 */
#include <string.h>

#include "pavane/errors.h"
#include "pavane/map_run.h"
#include "correlate.h"
#include "map_runs.h"
#include "runner.h"

#define SLICE       500
#define SLICE_BYTES (1u << 20)

struct pav_map_reading {
    const struct pav_machine *machine;
    struct pav_identity identity;
    struct pav_bytes record, input; /* input.p NULL: it is not needed */
    const char *state;
    uint32_t no;
    int64_t first_event_id, now_ms, max_items;
};

/* ---- I1: asking ---- */

static const char *
copied(struct pav_arena *a, const struct pav_doc *text)
{
    return text == NULL || pav_doc_holds_nul(text) ? "" : pav_doc_str(a, text);
}

static struct pav_map_reading *
reading_of(struct pav_engine *e, struct pav_arena *a, struct execution *x,
           const struct pav_run_row *run, const struct pav_doc *spec)
{
    struct pav_map_reading *r = pav_arena_zalloc(a, sizeof(*r));

    r->machine = x->version->compiled;
    r->identity.region = e->config.region;
    r->identity.account = e->config.account;
    r->identity.role_arn = "";
    r->identity.execution_arn = pav_arena_strdup(a, execution_arn(e, x));
    r->identity.execution_name = pav_arena_strdup(a, x->row.name);
    r->identity.machine_arn = pav_arena_strdup(a, x->version->machine->arn);
    r->identity.machine_name = pav_arena_strdup(a, x->version->machine->name);
    r->identity.started_at = x->row.started_at;
    r->record =
        pav_record_whole(x->version->compiled, execution_record(e, x), a);
    if (x->input != NULL) {
        r->input.p = pav_doc_text(a, x->input);
        r->input.len = strlen(r->input.p);
    }
    r->state = pav_arena_strdup(a, run->state);
    r->no = run->no;
    r->first_event_id = x->row.next_event;
    r->now_ms = pav_clock_ms(e->clock);
    (void)pav_doc_int(pav_doc_get(spec, "maxItems"), &r->max_items);
    return r;
}

const struct pav_job_kind pav_read_kind = {.size = sizeof(struct pav_read_job)};

void
map_items_ask(struct pav_engine *e, struct execution *x,
              const struct pav_run_row *run, const struct pav_doc *spec)
{
    struct pav_read_job *j = job_hand_out(e, &pav_read_kind);
    struct pav_arena *a = &j->job.arena;
    const struct pav_doc *reader = pav_doc_get(spec, "reader");
    const struct pav_machine *m = x->version->compiled;

    j->run_id = run->id;
    j->lists = pav_map_lists(m, run->state);
    j->flatten = pav_map_flattens(m, run->state);
    /* A NUL would cut a name there: no bucket is named so. */
    j->bucket = pav_arena_strdup(
        a, reader != NULL && pav_doc_holds_nul(reader)
               ? ""
               : copied(&e->arena, pav_doc_get(reader, "Bucket")));
    j->key = pav_arena_strdup(
        a, copied(&e->arena, pav_doc_get(reader, j->lists ? "Prefix" : "Key")));
    j->reading = reading_of(e, a, x, run, spec);
}

/* ---- I1: making ---- */

static bool
make(const struct pav_map_reading *r, struct pav_object_job *reply,
     struct pav_arena *a, const struct pav_doc **inputs)
{
    struct pav_map_origin listed = {.source = reply->source,
                                    .until = UINT32_MAX};
    struct pav_map_items items = {
        .items = reply->listed, .origins = &listed, .origin_count = 1};
    struct pav_stored stored = {.bytes = r->record};
    struct pav_sources sources = {
        .arg = (void *)(uintptr_t)r->machine,
        .definition = pav_record_definition,
    };
    struct pav_step_in in = {.machine = r->machine,
                             .identity = &r->identity,
                             .first_event_id = r->first_event_id,
                             .now_ms = r->now_ms};

    in.record = pav_record_open(&stored, &sources, a);
    if (r->input.p != NULL)
        in.execution_input = pav_doc_own(a, r->input.p, r->input.len);
    return (items.items != NULL || /* a list of objects */
            pav_map_items(r->machine, r->state, reply->objects,
                          reply->object_count, r->max_items, a, &items,
                          &reply->cause)) &&
           pav_map_inputs(&in, r->no, &items, a, inputs, &reply->error,
                          &reply->cause);
}

void
pav_map_run_inputs(const struct pav_read_job *asked,
                   struct pav_object_job *reply)
{
    const struct pav_doc *inputs;
    struct pav_arena scratch, *a = &reply->job.arena;
    uint32_t i;

    reply->error = pav_states_error(PAV_STATES_ITEM_READER_FAILED);
    if (reply->failure)
        return;
    pav_arena_init(&scratch, 1 << 16);
    reply->failure = !make(asked->reading, reply, &scratch, &inputs);
    if (reply->failure) { /* the words live in the scratch */
        reply->error = pav_arena_strdup(a, reply->error);
        reply->cause =
            pav_arena_strdup(a, reply->cause == NULL ? "" : reply->cause);
    } else {
        reply->inputs =
            pav_arena_alloc(a, (inputs->len + 1) * sizeof(*reply->inputs));
        reply->input_count = inputs->len;
        for (i = 0; i < inputs->len; i++) {
            reply->inputs[i].p = pav_doc_text(a, &inputs->items[i]);
            reply->inputs[i].len = strlen(reply->inputs[i].p);
        }
    }
    pav_arena_fini(&scratch);
}

/* ---- I3 ---- */

static struct pav_object_job **
kept_for(struct pav_engine *e, int64_t run_id)
{
    struct pav_object_job **p = &e->made;

    while (*p != NULL && (*p)->run_id != run_id)
        p = (struct pav_object_job **)(void *)&(*p)->job.node.next;
    return p;
}

void
map_items_forget(struct pav_engine *e, int64_t run_id)
{
    struct pav_object_job **p = kept_for(e, run_id), *j = *p;

    if (j == NULL)
        return;
    *p = (struct pav_object_job *)pav_job_next(&j->job);
    pav_job_free(&j->job);
}

bool
map_items_made(struct pav_engine *e, int64_t run_id)
{
    return *kept_for(e, run_id) != NULL;
}

void
map_items_restart(struct pav_engine *e, struct pav_run_row *run)
{
    if (run->counts[PAV_ITEM_PENDING] == 0)
        return;
    run->counts[PAV_ITEM_PENDING] = 0;
    pav_store_run_update(e->store, run);
}

void
map_items_take(struct pav_engine *e, struct pav_object_job *j,
               struct pav_run_row *run)
{
    map_items_forget(e, run->id);
    j->job.kept = true;
    j->job.node.next = (struct pav_node *)e->made;
    e->made = j;
    map_items_restart(e, run);
    work_add(e, WORK_FILL, run->id, 0);
}

void
map_items_fini(struct pav_engine *e)
{
    while (e->made != NULL)
        map_items_forget(e, e->made->run_id);
}

/* ---- I2 ---- */

static struct pav_bytes
input_at(struct pav_engine *e, const struct pav_object_job *made,
         const struct pav_doc *list, uint32_t i)
{
    struct pav_bytes text;

    if (made != NULL)
        return made->inputs[i];
    text.p = pav_doc_text(&e->arena, &list->items[i]);
    text.len = strlen(text.p);
    return text;
}

/* The next rows of a run; true: those were the last. */
static bool
add_slice(struct pav_engine *e, struct pav_run_row *run,
          const struct pav_object_job *made, const struct pav_doc *list)
{
    uint32_t count = made != NULL ? made->input_count : list->len, n = 0;
    uint32_t i = (uint32_t)run->counts[PAV_ITEM_PENDING];
    size_t bytes = 0;

    for (; i < count && n < SLICE && bytes < SLICE_BYTES; i++, n++) {
        struct pav_item_row item = {
            .run_id = run->id, .item = i, .input = input_at(e, made, list, i)};

        pav_store_item_add(e->store, &item);
        bytes += item.input.len;
    }
    run->counts[PAV_ITEM_PENDING] = i;
    if (i == count) {
        run->total = count;
        pav_store_items_cut(e->store, run->id, count); /* I3 */
    }
    pav_store_run_update(e->store, run);
    return i == count;
}

void
map_run_fill(struct pav_engine *e, int64_t run_id)
{
    const struct pav_object_job *made = *kept_for(e, run_id);
    const struct pav_doc *list = NULL;
    struct pav_run_row run;

    if (!pav_store_run(e->store, run_id, &e->arena, &run) ||
        run.status != PAV_RUNNING || run.total >= 0) {
        map_items_forget(e, run_id);
        return;
    }
    if (made == NULL)
        list = pav_doc_get(pav_doc_own(&e->arena, run.spec.p, run.spec.len),
                           "inputs");
    if (made == NULL && list == NULL)
        return; /* it is being read */
    if (!add_slice(e, &run, made, list)) {
        work_add(e, WORK_FILL, run_id, 0);
        return;
    }
    map_items_forget(e, run_id);
    work_add(e, WORK_RUN, run_id, 0);
}
