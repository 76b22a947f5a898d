/*
 * Pace: how fast executions of one machine start others.
 *
 * A machine that starts itself twice doubles for ever, and would fill the disk
 * before anybody looks.  So what its executions start, and the events that
 * they make behind other machines' events, keep to a rate; the service's
 * quotas do the same to StartExecution.  What comes from outside is never
 * slowed down.
 *
 * P1  A machine has one bucket, kept as a time: `paced_us` is when its next
 *     start would be due, had all come evenly.  A burst may run ahead of that.
 * P2  A task that comes too early waits in a heap by its time, which is its
 *     own from then on: nobody that comes later is before it.  The heap is
 *     memory; behind a rollback and at the start it is filled from the rows.
 */
#include <stdlib.h>

#include "pavane/log.h"
#include "local.h"
#include "pace.h"
#include "registry.h"

/* A task that waits for its time. */
struct paced {
    int64_t at, id; /* ms; its execution */
    uint32_t no;
    uint64_t order; /* of equal times the first goes first */
};

struct pace {
    struct paced *v; /* a heap, the next first */
    size_t count, cap;
    uint64_t order;
};

#define BURST(rate) ((rate)*4 + 100)
#define TOLD_MS     60000

static int64_t
due_at(struct pav_engine *e, struct machine *m, uint32_t count)
{
    int64_t rate = e->config.start_rate, each = 1000000 / rate;
    int64_t now = pav_clock_ms(e->clock) * 1000;
    int64_t next = m->paced_us > now ? m->paced_us : now;
    int64_t at = next - BURST(rate) * each;

    m->paced_us = next + each * count;
    return at <= now ? 0 : at / 1000 + 1;
}

static void
tell(struct pav_engine *e, struct machine *m)
{
    struct pav_log_ctx ctx = {.machine = m->name};
    int64_t now = pav_clock_ms(e->clock);

    if (m->paced_told_at != 0 && now < m->paced_told_at + TOLD_MS)
        return;
    m->paced_told_at = now;
    pav_log(PAV_LOG_WARN, &ctx,
            "its executions start others faster than %lld a second: the rest "
            "waits; does it start itself? --start-rate is how many may be "
            "started",
            (long long)e->config.start_rate);
}

/* ---- P2 ---- */

static bool
is_before(const struct paced *x, const struct paced *y)
{
    return x->at < y->at || (x->at == y->at && x->order < y->order);
}

static void
swap(struct paced *x, struct paced *y)
{
    struct paced t = *x;

    *x = *y;
    *y = t;
}

static void
push(struct pav_engine *e, struct paced p)
{
    size_t i = e->pace->count++;

    if (e->pace->count > e->pace->cap) {
        e->pace->cap = e->pace->cap == 0 ? 64 : e->pace->cap * 2;
        e->pace->v =
            pav_xrealloc(e->pace->v, e->pace->cap * sizeof(*e->pace->v));
    }
    p.order = e->pace->order++;
    e->pace->v[i] = p;
    for (; i > 0 && is_before(&e->pace->v[i], &e->pace->v[(i - 1) / 2]);
         i = (i - 1) / 2)
        swap(&e->pace->v[i], &e->pace->v[(i - 1) / 2]);
}

static struct paced
pop(struct pav_engine *e)
{
    struct paced first = e->pace->v[0];
    size_t i = 0, min;

    e->pace->v[0] = e->pace->v[--e->pace->count];
    for (;; i = min) {
        size_t l = 2 * i + 1, r = l + 1;

        min = i;
        if (l < e->pace->count && is_before(&e->pace->v[l], &e->pace->v[min]))
            min = l;
        if (r < e->pace->count && is_before(&e->pace->v[r], &e->pace->v[min]))
            min = r;
        if (min == i)
            return first;
        swap(&e->pace->v[i], &e->pace->v[min]);
    }
}

/* ---- the work's side ---- */

bool
pace_holds(struct pav_engine *e, const struct pav_task_row *task)
{
    struct paced p = {.id = task->execution_id, .no = task->no};
    struct pav_execution_row row;
    struct version *v;
    uint32_t count;

    if (e->config.start_rate == 0 || !local_starts(task) ||
        !pav_store_execution(e->store, task->execution_id, &e->arena, &row) ||
        (v = version_get(e, row.version_id)) == NULL)
        return false;
    count = local_start_count(e, task, row.depth);
    p.at = count == 0 ? 0 : due_at(e, v->machine, count);
    if (p.at == 0)
        return false;
    tell(e, v->machine);
    push(e, p);
    return true;
}

bool
pace_due(struct pav_engine *e, int64_t *execution_id, uint32_t *no)
{
    struct paced p;

    if (e->pace->count == 0 || e->pace->v[0].at > pav_clock_ms(e->clock))
        return false;
    p = pop(e);
    *execution_id = p.id;
    *no = p.no;
    return true;
}

int64_t
pace_next(const struct pav_engine *e)
{
    return e->pace->count == 0 ? INT64_MAX : e->pace->v[0].at;
}

size_t
pace_waiting(const struct pav_engine *e)
{
    return e->pace->count;
}

void
pace_forget(struct pav_engine *e)
{
    struct machine *m;

    if (e->pace == NULL)
        e->pace = pav_xcalloc(1, sizeof(*e->pace));
    e->pace->count = 0;
    for (m = e->machines; m != NULL; m = m->next)
        m->paced_us = 0;
}

void
pace_fini(struct pav_engine *e)
{
    if (e->pace != NULL)
        free(e->pace->v);
    free(e->pace);
    e->pace = NULL;
}
