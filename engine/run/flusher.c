/*
 * The flusher: makes a turn's commit durable and then lets its jobs go, while
 * the engine advances the next turn.
 *
 * F1  At most one commit is in progress here; the engine's next one waits for
 *     it.  So a sync covers exactly what it answers for, and turns stay large.
 * F2  A lone job with nothing behind it is synced by the engine itself: it does
 *     not pay for two changes of thread.  Where several came in one turn more
 *     are on their way, and would wait for that sync.
 * F3  The end of a checkpoint, which syncs all pages that it copied, has a
 *     thread of its own: no commit waits for it.
 */
#include <stdlib.h>

#include "pavane/thread.h"
#include "flusher.h"

struct flusher {
    pthread_t thread, copier;
    pthread_mutex_t lock;
    pthread_cond_t changed, copy_due;
    bool full, ending;
    bool copied; /* a checkpoint must be finished */
    struct pav_job *jobs;
    struct pav_feed *feed;
    struct pav_engine *engine;
    struct pav_histogram syncs;
};

static double
timed_sync(struct pav_engine *e)
{
    int64_t before = pav_clock_mono_us();

    pav_store_sync(e->store);
    return (double)(pav_clock_mono_us() - before) / 1e6;
}

/* T1: nothing leaves before this. */
static void
release(struct pav_engine *e, struct pav_feed *feed, struct pav_job *jobs)
{
    if (feed != NULL)
        e->config.feed(e->config.feed_arg, feed);
    jobs_return(jobs);
}

static void *
flush(void *arg)
{
    struct flusher *f = arg;
    double took;

    pav_thread_is("flusher");
    pthread_mutex_lock(&f->lock);
    for (;;) {
        while (!f->full && !f->ending)
            pthread_cond_wait(&f->changed, &f->lock);
        if (!f->full)
            break;
        pthread_mutex_unlock(&f->lock);
        took = timed_sync(f->engine);
        release(f->engine, f->feed, f->jobs);
        pthread_mutex_lock(&f->lock);
        pav_histogram_add(&f->syncs, pav_bounds_seconds, took);
        f->full = false;
        pthread_cond_broadcast(&f->changed);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

/* F3. */
static void *
finish_copies(void *arg)
{
    struct flusher *f = arg;

    pav_thread_is("copier");
    pthread_mutex_lock(&f->lock);
    for (;;) {
        while (!f->copied && !f->ending)
            pthread_cond_wait(&f->copy_due, &f->lock);
        if (!f->copied)
            break;
        f->copied = false;
        pthread_mutex_unlock(&f->lock);
        pav_store_finish_checkpoint(f->engine->store);
        pthread_mutex_lock(&f->lock);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

void
flusher_start(struct pav_engine *e)
{
    struct flusher *f = pav_xcalloc(1, sizeof(*f));

    f->engine = e;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    pthread_cond_init(&f->copy_due, NULL);
    if (pthread_create(&f->thread, NULL, flush, f) != 0 ||
        pthread_create(&f->copier, NULL, finish_copies, f) != 0)
        PAV_BUG("the flusher's thread cannot be started");
    e->flusher = f;
}

void
flusher_wait(struct pav_engine *e)
{
    struct flusher *f = e->flusher;

    if (f == NULL)
        return;
    pthread_mutex_lock(&f->lock);
    while (f->full)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

void
flusher_finish_checkpoint(struct pav_engine *e)
{
    struct flusher *f = e->flusher;

    if (f == NULL) {
        pav_store_finish_checkpoint(e->store);
        return;
    }
    pthread_mutex_lock(&f->lock);
    f->copied = true;
    pthread_cond_signal(&f->copy_due);
    pthread_mutex_unlock(&f->lock);
}

void
flusher_release(struct pav_engine *e, struct pav_feed *feed,
                struct pav_job *jobs)
{
    struct flusher *f = e->flusher;
    bool lone = (jobs == NULL || pav_job_next(jobs) == NULL) &&
                pav_queue_count(e->queue) == 0;

    if (f == NULL || !pav_store_sync_pending(e->store) || lone) { /* F2 */
        if (pav_store_sync_pending(e->store))
            pav_histogram_add(&e->counts.sync, pav_bounds_seconds,
                              timed_sync(e));
        else
            pav_store_sync(e->store); /* it is told behind that too */
        release(e, feed, jobs);
        return;
    }
    pthread_mutex_lock(&f->lock);
    PAV_ASSERT(!f->full); /* F1 */
    f->jobs = jobs;
    f->feed = feed;
    f->full = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

void
flusher_counts(struct pav_engine *e, struct pav_histogram *sum)
{
    int i;

    *sum = e->counts.sync;
    if (e->flusher == NULL)
        return;
    pthread_mutex_lock(&e->flusher->lock); /* never held over a sync */
    for (i = 0; i <= PAV_CLASSES; i++)
        sum->in[i] += e->flusher->syncs.in[i];
    sum->sum += e->flusher->syncs.sum;
    pthread_mutex_unlock(&e->flusher->lock);
}

void
flusher_stop(struct pav_engine *e)
{
    struct flusher *f = e->flusher;

    if (f == NULL)
        return;
    pthread_mutex_lock(&f->lock);
    f->ending = true;
    pthread_cond_broadcast(&f->changed);
    pthread_cond_signal(&f->copy_due);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    pthread_join(f->copier, NULL);
    pthread_cond_destroy(&f->changed);
    pthread_cond_destroy(&f->copy_due);
    pthread_mutex_destroy(&f->lock);
    free(f);
    e->flusher = NULL;
}
