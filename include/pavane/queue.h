/*
 * The only thing threads share: a bounded queue of nodes.  The sender forgets
 * what it sends.  Any number of senders, one receiver.
 *
 * The receiver either sleeps in pav_queue_take() or watches
 * pav_queue_fd(), which becomes readable when the queue stops being empty.
 */
#ifndef PAVANE_QUEUE_H
#define PAVANE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first member of whatever travels. */
struct pav_node {
    struct pav_node *next;
};

/* `max` nodes at most; with an fd when `with_fd`. */
struct pav_queue *pav_queue_new(size_t max, bool with_fd);
/* The queue is empty by then, or its nodes are leaked: drain it first. */
void pav_queue_free(struct pav_queue *q);
int pav_queue_fd(const struct pav_queue *q);

/* False when the queue is full or closed: the node stays the sender's. */
bool pav_queue_push(struct pav_queue *q, struct pav_node *node);
/* As many of a chain as there is room for, at once; the rest of it, NULL when
 * all were taken. */
struct pav_node *
pav_queue_push_some(struct pav_queue *q, struct pav_node *first);
/* A chain of nodes at once; never refused for room (replies). */
void pav_queue_push_all(struct pav_queue *q, struct pav_node *first);
/*
 * Take up to `max` nodes as a chain, in order, waiting up to `wait_ms` for the
 * first (0: not at all, < 0: for ever).  NULL when there is none.
 */
struct pav_node *
pav_queue_take(struct pav_queue *q, size_t max, int64_t wait_ms);
/* Wake the receiver; pushes are refused from now on. */
void pav_queue_close(struct pav_queue *q);
bool pav_queue_closed(struct pav_queue *q);
size_t pav_queue_count(struct pav_queue *q);

#endif
