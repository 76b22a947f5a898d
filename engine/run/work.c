/*
 * Work: what executions need of others, done behind the jobs and timers of a
 * turn and within its transaction.
 *
 * The rows are the truth (tasks, notes, map runs): this queue only remembers
 * what to look at, in memory, and is filled from the rows at the start and
 * behind a turn that was rolled back.  Each piece looks the rows up again, and
 * does nothing when they are gone.  What goes outside is handed out as a job
 * of the engine's own, behind the commit; its row stays until an answer has
 * come, so that it is asked again after a crash, with the same key.
 */
#include <string.h>
#include "pavane/arn.h"
#include "bus/bus.h"
#include "due.h"
#include "intake.h"
#include "local.h"
#include "map_runs.h"
#include "pace.h"
#include "registry.h"
#include "tasks.h"
#include "wake.h"
#include "runner.h"

#define TURN_WORKS 2000
/* An execution has two changes at least: a rule that starts one for each of
 * them doubles at every depth. */
#define STATUS_DEPTH 2

/* ---- tasks ---- */

/* Its ARN, or that without the id at the end, which a definition cannot know
 * of a connection that a folder makes. */
static bool
is_named(struct pav_engine *e, const struct pav_doc *connection,
         const char *arn)
{
    const char *own =
        pav_doc_member_str(&e->arena, connection, "ConnectionArn");
    size_t len = strlen(arn);

    return own != NULL && strncmp(own, arn, len) == 0 &&
           (own[len] == '\0' ||
            (own[len] == '/' && strchr(own + len + 1, '/') == NULL));
}

/* Of CreateConnection, that an http:invoke names; NULL: none. */
static const struct pav_doc *
connection_for(struct pav_engine *e, struct pav_arena *a,
               const struct pav_task_row *task)
{
    const struct pav_doc *with, *connection;
    const char *text, *arn;

    if (pav_arn_name(task->resource, "states", "http") == NULL)
        return NULL;
    with = pav_doc_own(&e->arena, task->with.p, task->with.len);
    arn = pav_doc_member_str(&e->arena, pav_doc_get(with, "Authentication"),
                             "ConnectionArn");
    connection = connection_of(e, arn);
    if (connection == NULL || !is_named(e, connection, arn))
        return NULL;
    text = pav_doc_text(a, connection);
    return pav_doc_own(a, text, strlen(text));
}

const struct pav_job_kind pav_call_kind = {.size = sizeof(struct pav_call_job)};

static void
call_outside(struct pav_engine *e, const struct pav_task_row *task)
{
    struct pav_call_job *j = job_hand_out(e, &pav_call_kind);
    struct pav_arena *a = &j->job.arena;

    j->execution_id = task->execution_id;
    j->no = task->no;
    j->resource = pav_arena_strdup(a, task->resource);
    j->with.p = pav_arena_strndup(a, task->with.p, task->with.len);
    j->with.len = task->with.len;
    j->connection = connection_for(e, a, task);
    j->key =
        pav_arena_printf(a, "%lld-%u", (long long)task->execution_id, task->no);
    pav_store_task_taken(e->store, task->execution_id, task->no, e->lifetime);
}

static void
do_task(struct pav_engine *e, int64_t execution_id, uint32_t no, bool paced)
{
    struct pav_task_row task;

    if (!pav_store_task(e->store, execution_id, no, &e->arena, &task))
        return;
    if (task.call == PAV_CALL_MAP_RUN)
        map_run_begin(e, &task);
    else if (e->config.manual || (!paced && pace_holds(e, &task)))
        return;
    else if (!local_call(e, &task) && task.lease != e->lifetime)
        call_outside(e, &task); /* again, when a daemon before us has asked */
}

/* ---- children ---- */

static void
abandon(struct pav_engine *e, int64_t execution_id, uint32_t no)
{
    int64_t ids[16];
    uint32_t i, n = pav_store_children(e->store, execution_id, no, ids, 16);

    for (i = 0; i < n; i++)
        execution_stop(e, ids[i],
                       "The task that started this execution has ended.");
    if (n == 16)
        work_add(e, WORK_ABANDON, execution_id, no);
}

static void
delete_executions(struct pav_engine *e, int64_t machine_id)
{
    int64_t ids[100];
    uint32_t i, n = pav_store_open_of_machine(e->store, machine_id, ids, 100);

    for (i = 0; i < n; i++)
        execution_stop(e, ids[i], "The state machine was deleted.");
    if (n == 100)
        work_add(e, WORK_DELETE, machine_id, 0);
}

static void
tell_parent(struct pav_engine *e, const struct execution *x)
{
    struct pav_task_row task;

    if (x->meta.run_id != 0)
        map_run_child_ended(e, x);
    else if (pav_store_task(e->store, x->meta.parent_id, x->meta.parent_no,
                            &e->arena, &task))
        (void)local_call(e, &task);
}

/* StartSyncExecution waits in `syncs`. */
static void
tell_caller(struct pav_engine *e, const struct execution *x)
{
    struct pav_start_job **p, *j;

    for (p = &e->syncs; (j = *p) != NULL;
         p = (struct pav_start_job **)(void *)&j->job.node.next) {
        if (j->execution_id != x->row.id)
            continue;
        *p = (struct pav_start_job *)pav_job_next(&j->job);
        sync_answer(e, j, x);
        return;
    }
}

static void
ended(struct pav_engine *e, int64_t id)
{
    struct execution x = {0};

    if (!pav_store_execution(e->store, id, &e->arena, &x.row) ||
        x.row.status == PAV_RUNNING)
        return;
    (void)pav_store_meta(e->store, id, &e->arena, &x.meta);
    if (x.meta.run_id != 0 || x.meta.parent_id != 0)
        tell_parent(e, &x);
    x.version = version_get(e, x.row.version_id);
    if (e->syncs != NULL && x.version != NULL)
        tell_caller(e, &x);
}

/* ---- status changes as events ---- */

static void
put_payload(struct pav_engine *e, struct pav_members *m, const char *key,
            const struct pav_doc *d)
{
    struct pav_members details;
    struct pav_buf b;
    bool fits;

    if (d == NULL)
        return;
    pav_buf_init(&b, 248 * 1024); /* the service's limit */
    pav_doc_print(d, &b);
    fits = !b.over;
    pav_members_puts(
        m, key,
        fits ? pav_doc_new_cstr(&e->arena, pav_arena_strdup(&e->arena, b.p))
             : &pav_doc_null);
    pav_buf_fini(&b);
    pav_members_init(&details, &e->arena);
    pav_members_puts(&details, "included", pav_doc_new_bool(fits));
    pav_members_puts(m, pav_arena_printf(&e->arena, "%sDetails", key),
                     pav_members_object(&details));
}

static const struct pav_doc *
status_detail(struct pav_engine *e, struct execution *x, enum pav_status status)
{
    struct pav_arena *a = &e->arena;
    struct pav_members m;
    const struct pav_doc *input = execution_input(e, &x->row);
    struct pav_history_event end = {0};

    pav_members_init(&m, a);
    pav_members_str(&m, "executionArn", execution_arn(e, x));
    pav_members_str(&m, "stateMachineArn", x->version->machine->arn);
    pav_members_str(&m, "name", x->row.name);
    pav_members_str(&m, "status", pav_status_name(status));
    pav_members_puts(&m, "startDate", pav_doc_new_int(a, x->row.started_at));
    pav_members_puts(&m, "stopDate",
                     status == PAV_RUNNING
                         ? &pav_doc_null
                         : pav_doc_new_int(a, x->row.stopped_at));
    if (input != NULL)
        put_payload(e, &m, "input", input);
    if (status != PAV_RUNNING)
        execution_end(e, &x->row, &end);
    if (status == PAV_SUCCEEDED)
        put_payload(e, &m, "output", end.payload);
    else
        pav_members_puts(&m, "output", &pav_doc_null);
    if (end.error != NULL)
        pav_members_puts(&m, "error", end.error);
    if (end.cause != NULL)
        pav_members_puts(&m, "cause", end.cause);
    pav_members_puts(&m, "redriveCount",
                     pav_doc_new_int(a, x->meta.redrive_count));
    return pav_members_object(&m);
}

static void
status_event(struct pav_engine *e, int64_t id, enum pav_status status)
{
    struct pav_arena *a = &e->arena;
    struct pav_execution_row row;
    struct execution x = {0};
    struct pav_members m;
    struct pav_items resources;

    if (!pav_store_execution(e->store, id, a, &row))
        return;
    x.row = row;
    x.version = version_get(e, row.version_id);
    (void)pav_store_meta(e->store, id, a, &x.meta);
    if (x.version == NULL || x.version->machine->type == PAV_EXPRESS)
        return;
    pav_items_init(&resources, a);
    pav_items_add(&resources, pav_doc_new_cstr(a, execution_arn(e, &x)));
    pav_members_init(&m, a);
    pav_members_str(&m, "source", PAV_STATUS_SOURCE);
    pav_members_str(&m, "detail-type", PAV_STATUS_TYPE);
    pav_members_puts(&m, "resources", pav_items_array(&resources));
    pav_members_puts(&m, "detail", status_detail(e, &x, status));
    intake_own(e, pav_members_object(&m), row.depth + STATUS_DEPTH);
}

/* ---- the queue ---- */

static void
do_work(struct pav_engine *e, const struct work *w)
{
    switch (w->kind) {
    case WORK_TASK:
        do_task(e, w->id, w->no, false);
        break;
    case WORK_ABANDON:
        abandon(e, w->id, w->no);
        break;
    case WORK_ENDED:
        ended(e, w->id);
        break;
    case WORK_STATUS:
        status_event(e, w->id, (enum pav_status)w->no);
        break;
    case WORK_DELETE:
        delete_executions(e, w->id);
        break;
    case WORK_RUN:
        map_run_goes_on(e, w->id);
        break;
    case WORK_FILL:
        map_run_fill(e, w->id);
        break;
    case WORK_RESULTS:
        map_results_go_on(e, w->id);
        break;
    case WORK_STOP_ITEMS:
        map_run_stop_items(e, w->id);
        break;
    }
}

void
work_run(struct pav_engine *e)
{
    struct work w;
    int64_t id;
    uint32_t no;
    int n = 0;

    while (n < TURN_WORKS && !turn_is_long(e) && pace_due(e, &id, &no)) {
        do_task(e, id, no, true);
        turn_trim_arena(e);
        n++;
    }
    while (n++ < TURN_WORKS && !turn_is_long(e) && work_next(e, &w)) {
        do_work(e, &w);
        turn_trim_arena(e);
    }
    e->counts.works = work_waiting(e);
    e->counts.paced = pace_waiting(e);
}

static void
load_task(void *arg, int64_t execution_id, uint32_t no)
{
    work_add(arg, WORK_TASK, execution_id, no);
}

static void
load_left(void *arg, enum pav_left left, int64_t id, uint32_t no)
{
    static const enum work_kind kinds[] = {[PAV_LEFT_RUN] = WORK_RUN,
                                           [PAV_LEFT_ENDED] = WORK_ENDED,
                                           [PAV_LEFT_ITEMS] = WORK_STOP_ITEMS,
                                           [PAV_LEFT_CHILD] = WORK_ABANDON,
                                           [PAV_LEFT_MACHINE] = WORK_DELETE};

    work_add(arg, kinds[left], id, no);
}

/* Status events alone are not made up for: the service's too are best effort.
 */
void
work_load(struct pav_engine *e)
{
    struct pav_start_job *j;

    work_forget(e);
    pace_forget(e);
    pav_store_tasks(e->store, load_task, e);
    pav_store_left(e->store, load_left, e);
    for (j = e->syncs; j != NULL;
         j = (struct pav_start_job *)pav_job_next(&j->job))
        work_add(e, WORK_ENDED, j->execution_id, 0);
}

void
work_fini(struct pav_engine *e)
{
    pace_fini(e);
    map_items_fini(e);
    map_results_fini(e);
    work_free(e);
}
