/*
 * The queue of work: what executions need of others, behind the jobs and timers
 * of a turn.  It only remembers what to look at; run/work.c does it.
 */
#include <stdlib.h>
#include <string.h>
#include "turn.h"

void
work_add(struct pav_engine *e, enum work_kind kind, int64_t id, uint32_t no)
{
    struct works *q = &e->works;
    struct work *w;

    if (q->first > 0 && q->first == q->count)
        q->first = q->count = 0;
    if (q->count == q->cap) {
        q->cap = q->cap == 0 ? 64 : q->cap * 2;
        q->v = pav_xrealloc(q->v, q->cap * sizeof(*q->v));
    }
    w = &q->v[q->count++];
    w->kind = kind;
    w->id = id;
    w->no = no;
}

bool
work_next(struct pav_engine *e, struct work *out)
{
    struct works *q = &e->works;

    if (q->first == q->count)
        return false;
    *out = q->v[q->first++];
    return true;
}

size_t
work_waiting(const struct pav_engine *e)
{
    return e->works.count - e->works.first;
}

void
work_forget(struct pav_engine *e)
{
    e->works.first = e->works.count = 0;
}

void
work_free(struct pav_engine *e)
{
    free(e->works.v);
    memset(&e->works, 0, sizeof(e->works));
}
