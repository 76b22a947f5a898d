/*
 * The results of a map run as objects: what a ResultWriter asks for.
 *
 * They are put together a slice of items a turn, in memory, and then go to
 * another thread, which writes them.  The run ends when they are there.  A
 * restart begins anew: until then the run is open, with nothing left to do.
 */
#include <stdlib.h>
#include <string.h>

#include "pavane/map_run.h"
#include "local.h"
#include "map_runs.h"

#define SLICE       200
#define RESULTS_MAX (256u << 20) /* one file */

static const struct {
    enum pav_item_status status;
    const char *name;
} parts[] = {{PAV_ITEM_SUCCEEDED, "SUCCEEDED"},
             {PAV_ITEM_FAILED, "FAILED"},
             {PAV_ITEM_PENDING, "PENDING"}};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

struct results {
    struct results *next;
    int64_t run_id, after; /* the last item that is in it */
    struct pav_map_writing how;
    size_t part; /* that is being put together */
    struct pav_buf texts[PARTS];
};

/* What a file of results says of an item. */
static const struct pav_doc *
result_of(struct pav_engine *e, const struct pav_item_row *item, bool bare)
{
    struct pav_arena *a = &e->arena;
    struct pav_execution_row row;
    struct pav_members m;

    if (bare)
        return pav_doc_own(a, item->output.p, item->output.len);
    if (pav_store_execution(e->store, item->execution_id, a, &row))
        return local_description(e, &row, false);
    pav_members_init(&m, a); /* it was never started */
    pav_members_puts(&m, "Input",
                     pav_doc_new_str(a, item->input.p, item->input.len));
    return pav_members_object(&m);
}

static void
print_result(struct pav_buf *b, const struct pav_doc *d, bool lines)
{
    if (!lines && b->len > 1)
        pav_buf_putc(b, ',');
    pav_doc_print(d, b);
    if (lines)
        pav_buf_putc(b, '\n');
}

static struct results **
results_for(struct pav_engine *e, int64_t run_id)
{
    struct results **p = &e->results;

    while (*p != NULL && (*p)->run_id != run_id)
        p = &(*p)->next;
    return p;
}

void
map_results_forget(struct pav_engine *e, int64_t run_id)
{
    struct results **p = results_for(e, run_id), *r = *p;
    size_t i;

    if (r == NULL)
        return;
    *p = r->next;
    for (i = 0; i < PARTS; i++)
        pav_buf_fini(&r->texts[i]);
    free(r);
}

void
map_results_fini(struct pav_engine *e)
{
    while (e->results != NULL)
        map_results_forget(e, e->results->run_id);
}

void
map_results_begin(struct pav_engine *e, const struct pav_run_row *run,
                  const struct version *v)
{
    struct results *r;
    size_t i;

    map_results_forget(e, run->id);
    r = pav_xcalloc(1, sizeof(*r));
    r->run_id = run->id;
    r->after = -1;
    r->how = pav_map_writing(v->compiled, run->state);
    for (i = 0; i < PARTS; i++)
        pav_buf_init(&r->texts[i], RESULTS_MAX);
    r->next = e->results;
    e->results = r;
    work_add(e, WORK_RESULTS, run->id, 0);
}

/* The next items of the part; true: those were the last. */
static bool
add_slice(struct pav_engine *e, struct results *r)
{
    enum pav_item_status status = parts[r->part].status;
    struct pav_buf *b = &r->texts[r->part];
    bool bare =
        (r->how.compact || r->how.flatten) && status == PAV_ITEM_SUCCEEDED;
    struct pav_item_row item;
    uint32_t i, n;

    if (!r->how.json_lines && b->len == 0)
        pav_buf_putc(b, '[');
    for (n = 0; n < SLICE && !b->over && !turn_is_long(e); n++) {
        const struct pav_doc *d;

        if (!pav_store_item_with(e->store, r->run_id, status, r->after,
                                 &e->arena, &item)) {
            if (!r->how.json_lines)
                pav_buf_putc(b, ']');
            return true;
        }
        d = result_of(e, &item, bare);
        r->after = item.item;
        if (bare && r->how.flatten && d->kind == PAV_ARRAY)
            for (i = 0; i < d->len; i++)
                print_result(b, &d->items[i], r->how.json_lines);
        else
            print_result(b, d, r->how.json_lines);
        turn_trim_arena(e);
    }
    return b->over;
}

const struct pav_job_kind pav_write_kind = {.size =
                                                sizeof(struct pav_write_job)};

/* All of them are there: to the thread that writes. */
static void
hand_over(struct pav_engine *e, const struct pav_run_row *run,
          const struct results *r)
{
    struct pav_write_job *j = job_hand_out(e, &pav_write_kind);
    struct pav_arena *a = &j->job.arena;
    const struct pav_doc *writer = pav_doc_get(
        pav_doc_own(&e->arena, run->spec.p, run->spec.len), "writer");
    const struct pav_doc *prefix = pav_doc_get(writer, "Prefix");
    const struct pav_doc *bucket = pav_doc_get(writer, "Bucket");
    size_t i;

    j->run_id = run->id;
    j->bucket = pav_arena_strdup(
        a, bucket == NULL ? "" : pav_doc_str(&e->arena, bucket));
    j->prefix = pav_arena_printf(
        a, "%s%s%s", prefix == NULL ? "" : pav_doc_str(&e->arena, prefix),
        prefix == NULL ? "" : "/", strrchr(run->arn, ':') + 1);
    j->run_arn = pav_arena_strdup(a, run->arn);
    j->files = pav_arena_zalloc(a, PARTS * sizeof(*j->files));
    for (i = 0; i < PARTS; i++) {
        const struct pav_buf *b = &r->texts[i];
        struct pav_result_file *file = &j->files[j->file_count];

        if (run->counts[parts[i].status] == 0)
            continue;
        if (b->over) {
            j->refusal = "The results of one status have more than 256 MiB.";
            return;
        }
        file->name = pav_arena_printf(a, "%s_0.%s", parts[i].name,
                                      r->how.json_lines ? "jsonl" : "json");
        file->status = parts[i].name;
        file->body.len = b->len;
        file->body.p = pav_arena_strndup(a, b->p == NULL ? "" : b->p, b->len);
        j->file_count++;
    }
}

void
map_results_go_on(struct pav_engine *e, int64_t run_id)
{
    struct results *r = *results_for(e, run_id);
    struct pav_run_row run;

    if (r == NULL)
        return;
    if (add_slice(e, r)) {
        r->part++;
        r->after = -1;
    }
    if (r->part < PARTS) {
        work_add(e, WORK_RESULTS, run_id, 0);
        return;
    }
    if (pav_store_run(e->store, run_id, &e->arena, &run) &&
        run.status == PAV_RUNNING)
        hand_over(e, &run, r);
    map_results_forget(e, run_id);
}
