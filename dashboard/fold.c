/*
 * Histories of executions that ended, folded into sums by version and day: how
 * often each transition was taken, how long stays in a state took, which ways
 * there were.  engine/api/fold.c asks for it, engine/run/fold.c keeps it.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pavane/clock.h"
#include "pavane/jobs.h"
#include "pavane/pages.h"
#include "pavane/wait_stats.h"
#include "graph/graphs.h"
#include "graph/trace.h"
#include "kept.h"

#define STEPS    200 /* that are looked at at once */
#define BUCKETS  1024
#define WAYS_MAX 200 /* of a version and day; the others are one */
#define HOUR_MS  INT64_C(3600000)
#define DAY_MS   INT64_C(86400000)

struct sum {
    struct sum *next;
    struct pav_flow_row row;
    struct pav_wait_stats times;
    /* who they were; the last one may pass again */
    struct pav_buf passed;
    int64_t last, execution_id, passes;
    int class_;
};

struct folding {
    struct pav_query *q;
    struct pav_fold_job *job;
    struct pav_arena *a;      /* the job's */
    struct pav_arena scratch; /* of the execution in hand */
    struct sum *buckets[BUCKETS];
    uint32_t count;
    /* the version in hand */
    struct pav_machine_row version;
    int64_t execution_id; /* in hand */
    const struct pav_graph *graph;
    struct pav_transition *transitions;
    int64_t ways_day;
    uint32_t ways; /* that day's, as far as they are rows */
    int64_t worked_us, since_us;
};

/* ---- sums ---- */

static uint32_t
bucket_of(const struct pav_flow_row *r)
{
    const char *texts[] = {r->a, r->b}, *p;
    uint64_t hash = (uint64_t)r->version_id * 31 + (uint64_t)r->day;
    int i;

    hash = hash * 31 + (uint64_t)r->kind;
    for (i = 0; i < 2; i++)
        for (p = texts[i]; *p != '\0'; p++)
            hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
    return (uint32_t)(hash % BUCKETS);
}

static struct sum *
sum_of(struct folding *f, const struct pav_flow_row *r)
{
    struct sum **at = &f->buckets[bucket_of(r)], *s;

    for (s = *at; s != NULL; s = s->next)
        if (s->row.version_id == r->version_id && s->row.day == r->day &&
            s->row.kind == r->kind && strcmp(s->row.a, r->a) == 0 &&
            strcmp(s->row.b, r->b) == 0)
            return s;
    s = pav_arena_zalloc(f->a, sizeof(*s));
    s->row = *r;
    s->row.a = pav_arena_strdup(f->a, r->a);
    s->row.b = pav_arena_strdup(f->a, r->b);
    s->row.histogram = pav_wait_stats_bytes(&s->times);
    pav_buf_init(&s->passed, SIZE_MAX / 2);
    s->next = *at;
    *at = s;
    f->count++;
    return s;
}

static void
put_last(struct sum *s)
{
    if (s->passes > 0)
        pav_passed_put(&s->passed, &s->last, s->execution_id, s->class_,
                       s->passes);
    s->passes = 0;
}

static void
note_who(struct folding *f, struct sum *s, int64_t count, int class_)
{
    if (s->execution_id != f->execution_id || s->class_ != class_)
        put_last(s);
    s->execution_id = f->execution_id;
    s->class_ = class_;
    s->passes += count;
}

static void
add(struct folding *f, int64_t day, enum pav_flow_kind kind, const char *a,
    const char *b, int64_t count, int64_t ms)
{
    struct pav_flow_row r = {.version_id = f->version.version_id,
                             .day = day,
                             .kind = kind,
                             .a = a == NULL ? "" : a,
                             .b = b == NULL ? "" : b};
    struct sum *s = sum_of(f, &r);

    s->row.count += count;
    if (kind != PAV_FLOW_HOUR) /* the day's row has who they were */
        note_who(f, s, count, ms < 0 ? 0 : pav_wait_stats_class(ms));
    if (ms >= 0) {
        s->row.sum_ms += ms;
        pav_wait_stats_add(&s->times, ms);
    }
}

static void
put_passed(struct folding *f, struct sum *s)
{
    put_last(s);
    pav_passed_end(&s->passed);
    s->row.passed = (struct pav_bytes){
        pav_arena_strndup(f->a, s->passed.p, s->passed.len), s->passed.len};
}

static void
put_rows(struct folding *f)
{
    struct sum *s;
    int i;

    f->job->rows =
        pav_arena_alloc(f->a, ((size_t)f->count + 1) * sizeof(*f->job->rows));
    for (i = 0; i < BUCKETS; i++)
        for (s = f->buckets[i]; s != NULL; s = s->next) {
            if (s->row.kind != PAV_FLOW_HOUR)
                put_passed(f, s);
            pav_buf_fini(&s->passed);
            f->job->rows[f->job->count++] = s->row;
        }
}

/* ---- one execution ---- */

/* Ways that nobody repeats must not fill the disk. */
static const char *
bounded_way(struct folding *f, int64_t day, const char *way, const char *end)
{
    struct pav_flow_row r = {.version_id = f->version.version_id,
                             .day = day,
                             .kind = PAV_FLOW_WAY,
                             .a = way,
                             .b = end};
    struct sum *s;

    for (s = f->buckets[bucket_of(&r)]; s != NULL; s = s->next)
        if (s->row.kind == PAV_FLOW_WAY && s->row.day == day &&
            s->row.version_id == r.version_id && strcmp(s->row.a, way) == 0 &&
            strcmp(s->row.b, end) == 0)
            return way;
    if (f->ways_day != day) {
        f->ways_day = day;
        f->ways = pav_reader_ways(f->q->reader, r.version_id, day);
    }
    if (pav_reader_has_way(f->q->reader, r.version_id, day, way, end))
        return way;
    return f->ways++ < WAYS_MAX ? way : PAV_FLOW_OTHERS;
}

static void
fold_one(struct folding *f, const struct pav_execution_view *x)
{
    int64_t day = x->row.stopped_at / DAY_MS;
    const char *end = pav_status_name((enum pav_status)x->row.status);
    uint32_t i;
    int64_t took = x->row.stopped_at - x->row.started_at;
    struct trace t;

    f->execution_id = x->row.id;
    trace_read(f->q, x, f->graph, &t);
    for (i = 0; i < t.count; i++) {
        const struct visit *v = &t.visits[i];
        int64_t until = v->exited_at == 0 ? x->row.stopped_at : v->exited_at;

        if (v->state != PAV_GRAPH_NONE)
            add(f, day, PAV_FLOW_STATE, v->name, NULL, 1,
                until - v->entered_at);
    }
    for (i = 0; i < t.passage_count; i++) {
        const struct pav_transition *e = &f->transitions[t.passages[i].edge];

        add(f, day, e->caught ? PAV_FLOW_CATCH : PAV_FLOW_EDGE, e->from, e->to,
            1, t.passages[i].ms);
    }
    add(f, day, PAV_FLOW_WAY,
        bounded_way(f, day, trace_way(&t, f->q->arena), end), end, 1, took);
    add(f, day, PAV_FLOW_END, NULL, end, 1, took);
    add(f, day, PAV_FLOW_HOUR,
        pav_arena_printf(f->q->arena, "%02d",
                         (int)(x->row.stopped_at / HOUR_MS % 24)),
        end, 1, took);
}

/* ---- the whole ---- */

static bool
take_version(struct folding *f, int64_t version_id)
{
    if (f->graph != NULL && f->version.version_id == version_id)
        return true;
    f->graph = NULL;
    if (!pav_reader_version(f->q->reader, version_id, f->a, &f->version))
        return false;
    f->graph = graphs_get(kept_of(f->q)->graphs, &f->version);
    f->transitions = pav_arena_zalloc(f->a, (pav_graph_edges(f->graph) + 1) *
                                                sizeof(*f->transitions));
    pav_graph_transitions(f->graph, f->transitions);
    f->ways_day = -1;
    return true;
}

#define STRETCH_US 250

/* Has it worked for as long as it may?  It rests in between. */
static bool
is_over(struct folding *f)
{
    int64_t now_us = pav_clock_mono_us(), rest;

    if (now_us - f->since_us < STRETCH_US)
        return false;
    f->worked_us += now_us - f->since_us;
    rest = (now_us - f->since_us) * f->job->rests;
    if (rest > 0 && f->worked_us < f->job->work_us) {
        nanosleep(&(struct timespec){.tv_sec = rest / 1000000,
                                     .tv_nsec = rest % 1000000 * 1000},
                  NULL);
        now_us = pav_clock_mono_us();
    }
    f->since_us = now_us;
    return f->worked_us >= f->job->work_us;
}

/* Those that ended within the next steps, while there is time: false when that
 * is over. */
static bool
fold_some(struct folding *f)
{
    struct pav_fold_job *job = f->job;
    int64_t after = job->upto;
    struct pav_execution_view *v;
    bool over = false;
    uint32_t n, i;

    n = pav_reader_ended(f->q->reader, after, STEPS, f->a, &v, &job->upto);
    job->more = job->upto >= after + STEPS;
    for (i = 0; i < n && !over; i++) {
        if (take_version(f, v[i].row.version_id))
            fold_one(f, &v[i]);
        pav_arena_reset(&f->scratch);
        over = is_over(f);
        if (over && i + 1 < n) {
            job->upto = v[i].row.last_step;
            job->more = true;
        }
    }
    return !over;
}

void
pav_fold(struct pav_query *q, struct pav_fold_job *job)
{
    struct folding *f = pav_xcalloc(1, sizeof(*f));
    struct pav_arena *whole = q->arena;

    f->q = q;
    f->job = job;
    f->a = &job->job.arena;
    f->since_us = pav_clock_mono_us();
    pav_arena_init(&f->scratch, 1 << 16);
    q->arena = &f->scratch;
    job->upto = job->after;
    while (fold_some(f) && job->more && !is_over(f))
        ;
    q->arena = whole;
    pav_arena_fini(&f->scratch);
    put_rows(f);
    free(f);
}
