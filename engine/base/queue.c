/* Queues between threads: see pavane/queue.h. */
#include "pavane/queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "pavane/err.h"
#include "pavane/mem.h"

struct pav_queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct pav_node *first, **last;
    size_t count, max;
    int fd;
    bool closed;
};

struct pav_queue *
pav_queue_new(size_t max, bool with_fd)
{
    struct pav_queue *q = pav_xcalloc(1, sizeof(*q));
    pthread_condattr_t attr;

    pthread_mutex_init(&q->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&q->filled, &attr);
    pthread_condattr_destroy(&attr);
    q->last = &q->first;
    q->max = max;
    q->fd = with_fd ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1;
    PAV_ASSERT(!with_fd || q->fd >= 0);
    return q;
}

void
pav_queue_free(struct pav_queue *q)
{
    if (q == NULL)
        return;
    if (q->fd >= 0)
        close(q->fd);
    pthread_cond_destroy(&q->filled);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

int
pav_queue_fd(const struct pav_queue *q)
{
    return q->fd;
}

static void
wake(struct pav_queue *q)
{
    uint64_t one = 1;

    if (q->fd >= 0) {
        if (write(q->fd, &one, sizeof(one)) < 0)
            return; /* the counter is at its top: readable all the same */
    } else {
        pthread_cond_signal(&q->filled);
    }
}

bool
pav_queue_push(struct pav_queue *q, struct pav_node *node)
{
    bool was_empty, taken;

    node->next = NULL;
    pthread_mutex_lock(&q->lock);
    taken = !q->closed && q->count < q->max;
    was_empty = q->first == NULL;
    if (taken) {
        *q->last = node;
        q->last = &node->next;
        q->count++;
        if (was_empty || q->fd < 0) /* there may be several takers */
            wake(q);
    }
    pthread_mutex_unlock(&q->lock);
    return taken;
}

struct pav_node *
pav_queue_push_some(struct pav_queue *q, struct pav_node *first)
{
    bool was_empty, filled;

    pthread_mutex_lock(&q->lock);
    was_empty = q->first == NULL;
    while (first != NULL && !q->closed && q->count < q->max) {
        *q->last = first;
        q->last = &first->next;
        first = first->next;
        q->count++;
    }
    *q->last = NULL;
    filled = was_empty && q->first != NULL;
    if (filled && q->fd >= 0)
        wake(q);
    pthread_mutex_unlock(&q->lock);
    if (filled && q->fd < 0) /* whoever wakes finds the lock free */
        pthread_cond_signal(&q->filled);
    return first;
}

void
pav_queue_push_all(struct pav_queue *q, struct pav_node *first)
{
    bool was_empty;

    if (first == NULL)
        return;
    pthread_mutex_lock(&q->lock);
    was_empty = q->first == NULL;
    *q->last = first;
    for (; first != NULL; first = first->next) {
        q->count++;
        q->last = &first->next;
    }
    if (was_empty)
        wake(q);
    pthread_mutex_unlock(&q->lock);
}

static void
wait_filled(struct pav_queue *q, int64_t wait_ms)
{
    struct timespec until;

    if (wait_ms < 0) {
        while (q->first == NULL && !q->closed)
            pthread_cond_wait(&q->filled, &q->lock);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (q->first == NULL && !q->closed)
        if (pthread_cond_timedwait(&q->filled, &q->lock, &until) != 0)
            return;
}

struct pav_node *
pav_queue_take(struct pav_queue *q, size_t max, int64_t wait_ms)
{
    struct pav_node *first, *n;
    uint64_t drained;
    size_t taken = 0;

    pthread_mutex_lock(&q->lock);
    if (q->first == NULL && !q->closed && wait_ms != 0)
        wait_filled(q, wait_ms);
    first = n = q->first;
    if (n != NULL) {
        for (taken = 1; taken < max && n->next != NULL; taken++)
            n = n->next;
        q->first = n->next;
        if (q->first == NULL)
            q->last = &q->first;
        n->next = NULL;
        q->count -= taken;
    }
    if (q->fd >= 0 && read(q->fd, &drained, sizeof(drained)) > 0 &&
        q->first != NULL)
        wake(q); /* more than `max` were there */
    pthread_mutex_unlock(&q->lock);
    return first;
}

void
pav_queue_close(struct pav_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    if (q->fd >= 0)
        wake(q);
    else
        pthread_cond_broadcast(&q->filled);
    pthread_mutex_unlock(&q->lock);
}

bool
pav_queue_closed(struct pav_queue *q)
{
    bool closed;

    pthread_mutex_lock(&q->lock);
    closed = q->closed;
    pthread_mutex_unlock(&q->lock);
    return closed;
}

size_t
pav_queue_count(struct pav_queue *q)
{
    size_t count;

    pthread_mutex_lock(&q->lock);
    count = q->count;
    pthread_mutex_unlock(&q->lock);
    return count;
}
