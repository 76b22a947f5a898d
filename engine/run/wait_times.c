/*
 * How long waits take, and how long they may.
 *
 * A deadline (rules.json, "overdue") is a timer beside those of the step, told
 * apart by a bit of its number.  How long waits of a state took is learned as
 * they end, in classes that grow by a quarter of a power of two; "p95" and
 * "p99" as a deadline are read from it, once LEARNED_FROM have ended.  What was
 * learned is written every few seconds.
 */
#include <stdlib.h>
#include <string.h>

#include "pavane/wait_stats.h"
#include "pavane/store_bus.h"
#include "wait_times.h"

#define LEARNED_FROM 20
#define WRITE_MS     5000

struct wait_times {
    struct learned {
        struct learned *next;
        int64_t machine_id;
        char *state;
        struct pav_wait_stats times;
        bool changed;
    } * first;
    int64_t written_at;
    bool changed;
};

static struct wait_times *
times_of(struct pav_engine *e)
{
    if (e->wait_times == NULL)
        e->wait_times = pav_xcalloc(1, sizeof(*e->wait_times));
    return e->wait_times;
}

static struct learned *
learned_of(struct pav_engine *e, int64_t machine_id, const char *state)
{
    struct wait_times *w = times_of(e);
    struct learned *l;
    struct pav_bytes bytes;

    for (l = w->first; l != NULL; l = l->next)
        if (l->machine_id == machine_id && strcmp(l->state, state) == 0)
            return l;
    l = pav_xcalloc(1, sizeof(*l));
    l->machine_id = machine_id;
    l->state = pav_xstrdup(state);
    l->next = w->first;
    w->first = l;
    if (pav_store_wait_stat(e->store, machine_id, state, &e->arena, &bytes))
        pav_wait_stats_read(&l->times, bytes);
    return l;
}

void
wait_times_write(struct pav_engine *e, bool all)
{
    struct wait_times *w = times_of(e);
    int64_t now = pav_clock_ms(e->clock);
    struct learned *l;

    if (!all && now < w->written_at + WRITE_MS && now >= w->written_at)
        return;
    w->written_at = now;
    w->changed = false;
    for (l = w->first; l != NULL; l = l->next) {
        if (!l->changed)
            continue;
        pav_store_wait_stat_put(e->store, l->machine_id, l->state,
                                pav_wait_stats_bytes(&l->times));
        l->changed = false;
    }
}

int64_t
wait_times_next(const struct pav_engine *e)
{
    const struct wait_times *w = e->wait_times;

    return w != NULL && w->changed ? w->written_at + WRITE_MS : INT64_MAX;
}

void
wait_times_fini(struct pav_engine *e)
{
    struct wait_times *w = e->wait_times;
    struct learned *l;

    if (w == NULL)
        return;
    e->wait_times = NULL;
    while ((l = w->first) != NULL) {
        w->first = l->next;
        free(l->state);
        free(l);
    }
    free(w);
}

/* 0: none. */
static int64_t
deadline_ms(struct pav_engine *e, const struct machine *m, const char *state)
{
    uint32_t i;

    for (i = 0; m->rules != NULL && i < m->rules->deadline_count; i++) {
        const struct pav_deadline *d = &m->rules->deadlines[i];
        const struct pav_wait_stats *times;

        if (strcmp(d->state, state) != 0)
            continue;
        if (d->ms > 0)
            return d->ms;
        times = &learned_of(e, m->id, state)->times;
        return pav_wait_stats_count(times) < LEARNED_FROM
                   ? 0
                   : pav_wait_stats_quantile(times, d->quantile / 100.0);
    }
    return 0;
}

void
wait_opened(struct pav_engine *e, const struct machine *m, int64_t execution_id,
            const struct pav_wait_view *w)
{
    int64_t ms = deadline_ms(e, m, w->state);

    if (ms > 0)
        pav_store_timer_add(e->store, w->since_at + ms, execution_id,
                            w->no | OVERDUE_BIT);
}

/* The timer of a deadline that has changed meanwhile fires for nothing. */
void
wait_closed(struct pav_engine *e, const struct machine *m, int64_t execution_id,
            const struct pav_wait_view *w)
{
    int64_t ms = deadline_ms(e, m, w->state);
    struct learned *l;

    if (ms > 0)
        pav_store_timer_delete(e->store, w->since_at + ms, execution_id,
                               w->no | OVERDUE_BIT);
    (void)pav_store_overdue_delete(e->store, execution_id, w->no);
    if (!w->takes_events)
        return;
    l = learned_of(e, m->id, w->state);
    pav_wait_stats_add(&l->times, pav_clock_ms(e->clock) - w->since_at);
    l->changed = times_of(e)->changed = true;
}
