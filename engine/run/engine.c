/*
 * The engine thread: the turn.
 *
 * Laws of the turn:
 * T1  Nobody outside sees what is not durable: a job goes back to its sender
 *     only behind the commit of what it caused.
 * T2  No SQL write outside the turn's transaction; no state changes in
 *     release except by handing jobs back.
 * T3  One clock reading a turn.  Each phase is timed and shown.
 * T4  A commit that fails for want of space rolls the turn back and fails its
 *     jobs; any other failure ends the process.  Start-up is recovery.
 * T5  Threads share queues and nothing else: jobs, owned by one at a time.
 */
#include "pavane/engine.h"

#include <stdlib.h>

#include "pavane/digest.h"
#include "pavane/log.h"
#include "pavane/thread.h"
#include "bus/bus.h"
#include "due.h"
#include "flusher.h"
#include "hot.h"
#include "ledger.h"
#include "local.h"
#include "pace.h"
#include "polls.h"
#include "registry.h"
#include "standing.h"
#include "wait_times.h"

#ifdef PAV_HARD
#define TURN_JOBS   1
#define TURN_EVENTS 1
#else
#define TURN_JOBS   512
#define TURN_EVENTS 1000 /* then what is staged is committed and released */
#endif
#define REST_US    1000000     /* a damaged page is tried again so often */
#define IDLE_MS    1000        /* the clock may have jumped meanwhile */
#define TURN_BYTES (16u << 20) /* the same, by size of the events */
#define PROBE_MS   1000
#define SETTLE_MS  50 /* quiet before a checkpoint of a short log */

/* ---- the phases ---- */

static void
status_fill(struct pav_engine *e, struct pav_status_view *out)
{
    *out = e->counts;
    flusher_counts(e, &out->sync);
}

static void
publish_timer(struct pav_engine *e, int64_t due)
{
    int64_t at = due == INT64_MAX ? 0 : due;

    if (at == e->counts.next_timer_at)
        return;
    e->counts.next_timer_at = at;
    pthread_mutex_lock(&e->publishing);
    e->published.next_timer_at = at;
    pthread_mutex_unlock(&e->publishing);
}

/* Before its answers go out: who has one finds it counted. */
static void
publish(struct pav_engine *e)
{
    struct pav_status_view v;

    status_fill(e, &v);
    pthread_mutex_lock(&e->publishing);
    e->published = v;
    pthread_mutex_unlock(&e->publishing);
}

const struct pav_engine_config *
pav_engine_settings(const struct pav_engine *e)
{
    return &e->config;
}

const struct pav_tally *
pav_engine_tally(const struct pav_engine *e)
{
    return e->tally;
}

void
pav_engine_status(struct pav_engine *e, struct pav_status_view *out)
{
    if (e->config.manual) {
        publish_timer(e, timers_next(e));
        status_fill(e, out);
    } else {
        pthread_mutex_lock(&e->publishing);
        *out = e->published;
        pthread_mutex_unlock(&e->publishing);
    }
    out->queue = pav_queue_count(e->queue);
}

int64_t
pav_engine_stuck_us(struct pav_engine *e)
{
    int64_t began = atomic_load(&e->turn_began_us);

    return began == 0 ? 0 : pav_clock_mono_us() - began;
}

/* Those inside, then those that the settings map. */
static void
serve_services(struct pav_engine *e)
{
    uint32_t n = 0, i;

    while (local_services[n] != NULL)
        n++;
    free(e->served);
    e->served_count = 0;
    e->served = pav_xcalloc(n + e->config.service_count + 1, sizeof(char *));
    for (i = 0; i < n; i++)
        e->served[e->served_count++] = local_services[i];
    for (i = 0; i < e->config.service_count; i++)
        e->served[e->served_count++] = e->config.services[i];
}

static void
services_change(struct pav_engine *e, struct pav_job *job)
{
    struct pav_services_job *j = (struct pav_services_job *)job;

    e->config.services = j->services;
    e->config.service_count = j->service_count;
    e->config.tables = j->tables;
    e->config.concurrency = j->concurrency;
    e->config.sources = j->sources;
    sources_change(e);
    serve_services(e);
    deliveries_look(e);
}

const struct pav_job_kind pav_services_kind = {
    .size = sizeof(struct pav_services_job), .advance = services_change};

/* What the turn had in hand, behind a rollback: answers from outside come again
 * (but for those that `give_up` blames), what was handed out goes, and the rest
 * is told why. */
static void
fail_jobs(struct pav_engine *e, enum pav_rc rc, const struct pav_err *err,
          bool give_up)
{
    struct pav_job *j, *next = e->jobs;

    hot_forget(e);
    e->counts.waits = e->committed_waits;
    e->counts.rollbacks++;
    e->committed_events = e->counts.events;
    e->jobs = NULL;
    e->jobs_last = &e->jobs;
    while ((j = next) != NULL) {
        next = pav_job_next(j);
        if (j->kind->lost != NULL)
            j->kind->lost(e, j);
        if (j->kind->advance == NULL) {
            e->counts.calls--;
            pav_job_free(j); /* its row is there: it is handed out again */
        } else if (j->kind->is_answer && !give_up) {
            j->node.next = (struct pav_node *)e->again;
            e->again = j;
            e->counts.answers--;
        } else {
            job_fail(j, rc, "InternalFailure", err->at, "%s", err->message);
            job_release(e, j);
        }
    }
    deliveries_lost(e);
    e->place_is_free = true;
}

static void
turn_lost(struct pav_engine *e, const struct pav_err *err)
{
    struct pav_start_job *j, **p;

    for (p = &e->syncs; (j = *p) != NULL;)
        if (j->durable) {
            p = (struct pav_start_job **)(void *)&j->job.node.next;
        } else { /* its execution was never there */
            *p = (struct pav_start_job *)pav_job_next(&j->job);
            job_release(e, &j->job);
        }
    fail_jobs(e, PAV_FULL, err, false);
    if (!e->full)
        pav_log(PAV_LOG_ERROR, NULL,
                "%s: %s; nothing is accepted until there "
                "is space",
                err->at, err->message);
    e->full = true;
    work_load(e);
    atomic_store(&e->ready, false);
    e->next_probe_at = pav_clock_mono_us() / 1000 + PROBE_MS;
}

/*
 * What met a damaged page is answered so, and goes.  From then on each job, and
 * each kind of what is due, is a transaction of its own: the others go on.
 */
static void
turn_damaged(struct pav_engine *e, const struct pav_err *err)
{
    struct pav_err again;

    pav_log(PAV_LOG_ERROR, NULL, "%s: %s", err->at, err->message);
    fail_jobs(e, PAV_DAMAGED, err, e->damaged);
    e->damaged = true;
    e->rest_until_us = pav_clock_mono_us() + REST_US;
    work_load(e);
    (void)pav_doc_was_damaged();
    if (pav_store_commit(e->store, &again) != PAV_OK)
        pav_log(PAV_LOG_ERROR, NULL,
                "some of what was in flight cannot be found again: %s: %s",
                again.at, again.message);
}

/* It changes what the engine knows: alone, and behind its commit. */
static bool
is_alone(const struct pav_job *j)
{
    return j->kind->committed != NULL &&
           (j->kind->shares == NULL || !j->kind->shares(j));
}

static void
count_commit(struct pav_engine *e, int64_t us)
{
    uint64_t events = e->counts.events - e->committed_events;

    if (events == 0)
        return;
    e->committed_events = e->counts.events;
    pav_histogram_add(&e->counts.commit, pav_bounds_seconds, (double)us / 1e6);
    pav_histogram_add(&e->counts.batch, pav_bounds_items, (double)events);
}

/* Commit what was staged, then release: T1.  `alone` takes effect between. */
static void
commit_and_release(struct pav_engine *e, struct pav_job *alone)
{
    struct pav_job *first;
    struct pav_start_job *j;
    int64_t began = pav_clock_mono_us(), before, behind;
    bool committed = false, staged = pav_store_staged(e->store);
    struct pav_err err;

    flusher_wait(e); /* F1; also for answers that rest on what it flushes */
    before = pav_clock_mono_us();
    e->counts.flush_us += (uint64_t)(before - began);

    if (pav_doc_was_damaged())
        pav_store_spoilt(e->store, PAV_DOC_DAMAGED);
    standing_write(e);
    switch (pav_store_commit(e->store, &err)) {
    case PAV_OK:
        committed = true;
        e->committed_waits = e->counts.waits;
        for (j = e->syncs; j != NULL;
             j = (struct pav_start_job *)pav_job_next(&j->job))
            j->durable = true;
        e->counts.commits += staged;
        count_commit(e, pav_clock_mono_us() - before);
        if (alone != NULL) {
            alone->kind->committed(e, alone);
            feed_machines(e);
        }
        break;
    case PAV_FULL:
        turn_lost(e, &err);
        break;
    case PAV_DAMAGED:
        turn_damaged(e, &err);
        break;
    default:
        pav_log(PAV_LOG_ERROR, NULL, "%s: %s", err.at, err.message);
        PAV_BUG("a commit failed");
    }
    behind = pav_clock_mono_us();
    e->counts.commit_us += (uint64_t)(behind - before);
    ledger_settle(e, committed);
    standing_settle(e);
    first = e->jobs;
    e->jobs = NULL;
    e->jobs_last = &e->jobs;
    publish(e);
    flusher_release(e, feed_take(e, committed), first);
    e->counts.release_us += (uint64_t)(pav_clock_mono_us() - behind);
}

/* What settling took so far: is no advancing. */
static uint64_t
settled_us(const struct pav_engine *e)
{
    return e->counts.flush_us + e->counts.commit_us + e->counts.release_us;
}

/* While the disk is full: is there space again? */
static void
probe(struct pav_engine *e)
{
    if (pav_clock_mono_us() / 1000 < e->next_probe_at)
        return;
    e->next_probe_at = pav_clock_mono_us() / 1000 + PROBE_MS;
    if (pav_store_probe(e->store, NULL) != PAV_OK)
        return;
    e->full = false;
    atomic_store(&e->ready, true);
    pav_log(PAV_LOG_INFO, NULL, "there is space again");
}

static void
advance(struct pav_engine *e, struct pav_job *j)
{
    e->counts.answers += j->kind->is_answer;
    j->kind->advance(e, j);
    if (!j->kept) /* else whoever keeps it lets it go */
        job_release(e, j);
}

/* Answers whose turn was rolled back. */
static void
advance_again(struct pav_engine *e)
{
    struct pav_job *j;

    while ((j = e->again) != NULL) {
        e->again = pav_job_next(j);
        advance(e, j);
    }
}

/* How long a turn may sleep. */
static int64_t
sleep_ms(struct pav_engine *e)
{
    int64_t timer = timers_next(e), due = timers_due(e, timer), now;

    publish_timer(e, timer);
    if (e->full)
        return PROBE_MS;
    if (e->damaged && pav_clock_mono_us() < e->rest_until_us)
        return 1 + (e->rest_until_us - pav_clock_mono_us()) / 1000;
    if (work_waiting(e) > 0 || e->rest != NULL)
        return 0;
    if (polls_due_at(e) < due)
        due = polls_due_at(e);
    if (pace_next(e) < due)
        due = pace_next(e);
    if (pav_store_wants_checkpoint(e->store, true))
        return SETTLE_MS;
    now = pav_clock_ms(e->clock);
    if (due <= now)
        return 0;
    return due - now < IDLE_MS ? due - now : IDLE_MS;
}

static void
count_turn(struct pav_engine *e, uint64_t took_us, uint64_t cpu_us)
{
    pav_histogram_add(&e->counts.turn, pav_bounds_seconds,
                      (double)took_us / 1e6);
    if (cpu_us > e->counts.turn_max_us)
        e->counts.turn_max_us = cpu_us;
}

/* What the last turn had no time for goes first. */
static struct pav_node *
take_jobs(struct pav_engine *e, int64_t wait_ms)
{
    struct pav_node *rest = e->rest;

    e->rest = NULL;
    return rest != NULL ? rest : pav_queue_take(e->queue, TURN_JOBS, wait_ms);
}

static void
counts_due(struct pav_engine *e)
{
    wait_times_write(e, false);
    ledger_write(e, false);
}

static void
activities_now(struct pav_engine *e)
{
    activities_due(e, false);
}

static void
do_what_is_due(struct pav_engine *e)
{
    static void (*const kinds[])(struct pav_engine * e) = {
        advance_again, timers_run,      held_run,       schedules_run,
        replays_run,   archives_forget, work_run,       deliveries_run,
        sources_run,   counts_due,      activities_now, retention_run};
    size_t i;

    if (e->damaged && pav_clock_mono_us() < e->rest_until_us)
        return;
    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        kinds[i](e);
        if (e->damaged)
            commit_and_release(e, NULL);
    }
}

static void
collect_and_advance(struct pav_engine *e, int64_t wait_ms)
{
    int64_t t0 = pav_clock_mono_us(), t1, began;
    struct pav_node *n = take_jobs(e, wait_ms), *next;
    uint64_t settled, flushed = e->counts.flush_us;
    int64_t cpu_began = pav_clock_thread_us();
    uint32_t events = 0;
    size_t bytes = 0;
    bool idle = n == NULL, alone;

    if (pav_queue_count(e->queue) > e->counts.queue_max)
        e->counts.queue_max = pav_queue_count(e->queue);
    t1 = began = e->began_us = pav_clock_mono_us();
    e->counts.collect_us += (uint64_t)(t1 - t0);
    settled = settled_us(e);
    atomic_store(&e->turn_began_us, began);
    feed_turn_begins(e);
    pav_clock_forget(e->clock); /* T3: the first reader freezes it */
    for (; n != NULL; n = next) {
        struct pav_job *j = (struct pav_job *)n;

        next = n->next;
        if (is_alone(j) || e->damaged)
            commit_and_release(e, NULL);
        events += 1;
        if (j->kind->events != NULL)
            events += j->kind->events(j, &bytes);
        alone = is_alone(j);
        advance(e, j);
        if (alone) {
            commit_and_release(e, j);
        } else if (events >= TURN_EVENTS || bytes >= TURN_BYTES || e->damaged) {
            commit_and_release(e, NULL);
            events = 0;
            bytes = 0;
        }
        turn_trim_arena(e);
        if (next != NULL && turn_is_long(e)) {
            e->rest = next;
            break;
        }
    }
    if (!e->full)
        do_what_is_due(e);
    settled = settled_us(e) - settled;
    e->counts.advance_us += (uint64_t)(pav_clock_mono_us() - t1) - settled;
    commit_and_release(e, NULL);
    feed_turn_ends(e);
    t1 = pav_clock_mono_us();
    if (pav_store_wants_checkpoint(e->store, idle)) {
        pav_store_checkpoint(e->store);
        flusher_finish_checkpoint(e);
        t0 = pav_clock_mono_us() - t1;
        e->counts.checkpoint_us += (uint64_t)t0;
        pav_histogram_add(&e->counts.checkpoint, pav_bounds_seconds,
                          (double)t0 / 1e6);
    }
    if (!idle) {
        count_turn(e,
                   (uint64_t)(pav_clock_mono_us() - began) -
                       (e->counts.flush_us - flushed),
                   (uint64_t)(pav_clock_thread_us() - cpu_began));
        publish(e);
    }
    atomic_store(&e->turn_began_us, 0);
}

#define TOLD_US 60000000 /* a clock that is behind is told so often */

static void
tell_of_jumps(struct pav_engine *e)
{
    int64_t jump = pav_clock_jumped_ms(), now = pav_clock_mono_us();

    if (jump > 0)
        pav_log(PAV_LOG_WARN, NULL,
                "the system's clock jumped forward by %lld s: what is due by "
                "it is done now",
                (long long)(jump / 1000));
    if (jump >= 0 || (e->jump_told_us != 0 && now - e->jump_told_us < TOLD_US))
        return;
    e->jump_told_us = now;
    pav_log(
        PAV_LOG_WARN, NULL,
        "the system's clock is %lld s behind what it was: time goes on here "
        "as it went, until the clock has caught up or the daemon is started "
        "again",
        (long long)(-jump / 1000));
}

void
pav_engine_turn(struct pav_engine *e, int64_t wait_ms)
{
    e->counts.turns++;
    tell_of_jumps(e);
    if (e->full)
        probe(e);
    collect_and_advance(e, wait_ms);
    pav_arena_reset(&e->arena);
    hot_end_turn(e);
}

/* ---- life ---- */

/* What the engine keeps for longer than a turn goes back unanswered. */
static void
let_held_go(struct pav_engine *e)
{
    struct pav_start_job *sync;
    struct pav_job *j;

    activities_due(e, true);
    if (!e->full)
        wait_times_write(e, true);
    while ((sync = e->syncs) != NULL) {
        e->syncs = (struct pav_start_job *)pav_job_next(&sync->job);
        job_fail(&sync->job, PAV_IO, "ServiceUnavailable", "",
                 "the daemon ends");
        job_release(e, &sync->job);
    }
    while ((j = e->again) != NULL) { /* the disk is full to the end */
        e->again = pav_job_next(j);
        pav_job_free(j);
    }
    commit_and_release(e, NULL);
    if (!e->full) {
        ledger_write(e, true);
        commit_and_release(e, NULL);
    }
    pav_arena_reset(&e->arena);
}

#define TALLY_MAX 20000 /* rules and targets that are told apart */

struct pav_engine *
pav_engine_new(const struct pav_engine_config *config)
{
    struct pav_engine *e = pav_xcalloc(1, sizeof(*e));

    e->config = *config;
    e->store = config->store;
    e->clock = &e->config.clock;
    e->tally = pav_tally_new(TALLY_MAX);
    e->queue = pav_queue_new((size_t)config->queue_max, false);
    e->jobs_last = &e->jobs;
    e->polls_last = &e->polls;
    serve_services(e);
    atomic_init(&e->ready, true);
    atomic_init(&e->watched, false);
    atomic_init(&e->virtual_now_ms,
                config->clock.is_virtual ? config->clock.now_ms : 0);
    atomic_init(&e->turn_began_us, 0);
    pthread_mutex_init(&e->publishing, NULL);
    atomic_init(&e->telling, TELLING_BETWEEN);
    pav_arena_init(&e->arena, 1 << 20);
    bus_load(e);
    schemas_load(e);
    e->replaying = true;
    registry_load(e);
    e->counts.waits = e->committed_waits = pav_store_count_waits(e->store);
    pav_random(&e->lifetime, sizeof(e->lifetime));
    e->lifetime = 2 + (int64_t)((uint64_t)e->lifetime >> 2);
    pav_store_ledger_catch_up(e->store);
    work_load(e);
    deliveries_load(e);
    sources_change(e);
    pav_arena_reset(&e->arena);
    return e;
}

static void *
engine_main(void *arg)
{
    struct pav_engine *e = arg;

    pav_thread_is("engine");
    pav_store_adopt(e->store);
    flusher_start(e);
    while (!pav_queue_closed(e->queue) || pav_queue_count(e->queue) > 0 ||
           e->rest != NULL)
        pav_engine_turn(e, sleep_ms(e));
    let_held_go(e);
    flusher_stop(e);
    pav_log(PAV_LOG_INFO, NULL, "longest_turn_us=%llu",
            (unsigned long long)e->counts.turn_max_us);
    return NULL;
}

void
pav_engine_start(struct pav_engine *e)
{
    e->threaded = true;
    if (pthread_create(&e->thread, NULL, engine_main, e) != 0)
        PAV_BUG("the engine thread cannot be started");
}

void
pav_engine_stop(struct pav_engine *e)
{
    atomic_store(&e->ready, false);
    pav_queue_close(e->queue);
    if (e->threaded)
        pthread_join(e->thread, NULL);
    else
        while (pav_queue_count(e->queue) > 0 || e->rest != NULL)
            pav_engine_turn(e, 0);
    e->threaded = false;
    pav_store_adopt(e->store);
}

void
pav_engine_free(struct pav_engine *e)
{
    if (e == NULL)
        return;
    pav_feed_free(e->feed);
    hot_free(e);
    free(e->retention.key);
    pav_tally_free(e->tally);
    work_fini(e);
    free(e->served);
    deliveries_fini(e);
    sources_fini(e);
    bus_fini(e);
    wait_times_fini(e);
    ledger_fini(e);
    standing_fini(e);
    schemas_free(e);
    registry_free(e);
    pav_store_close(e->store);
    pav_queue_free(e->queue);
    pav_arena_fini(&e->arena);
    free(e);
}

int64_t
pav_engine_virtual_ms(struct pav_engine *e)
{
    return atomic_load(&e->virtual_now_ms);
}

size_t
pav_engine_waiting(struct pav_engine *e)
{
    return pav_queue_count(e->queue);
}

bool
pav_engine_submit(struct pav_engine *e, struct pav_job *j)
{
    return pav_queue_push(e->queue, &j->node);
}

struct pav_job *
pav_engine_submit_all(struct pav_engine *e, struct pav_job *j)
{
    struct pav_node *rest = pav_queue_push_some(e->queue, &j->node);

    return (struct pav_job *)(void *)rest; /* its first member */
}

bool
pav_engine_ready(struct pav_engine *e)
{
    return atomic_load(&e->ready);
}

struct pav_clock *
pav_engine_clock(struct pav_engine *e)
{
    return e->clock;
}
