/*
 * Jobs: what other threads ask of the engine's, and what it asks of them.
 *
 * A job is one allocation with an arena of its own; everything in it lies there
 * (or is one of the frozen objects that it hands over).  Whoever holds the job
 * owns it: the sender before submitting, the engine until the sender's `done`,
 * the sender again after that.
 *
 * Each kind is a struct that begins with `struct pav_job`, and a `struct
 * pav_job_kind` beside the code that does its work: jobs.h has them all.  The
 * turn knows kinds by that alone.
 */
#ifndef PAVANE_JOB_H
#define PAVANE_JOB_H

#include "pavane/err.h"
#include "pavane/mem.h"
#include "pavane/queue.h"

struct pav_engine;
struct pav_job;

struct pav_job_kind {
    size_t size; /* of its struct */
    /* Does the work within a turn's transaction; NULL: a job that the engine
     * hands out, behind the commit of what caused it. */
    void (*advance)(struct pav_engine *e, struct pav_job *j);
    /* Takes effect in memory, behind its commit; such a job has a transaction
     * of its own, unless `shares` says of this one that it needs none. */
    void (*committed)(struct pav_engine *e, struct pav_job *j);
    bool (*shares)(const struct pav_job *j);
    /* Its turn was rolled back: what was counted for it is not. */
    void (*lost)(struct pav_engine *e, struct pav_job *j);
    /* What it holds beyond its arena. */
    void (*fini)(struct pav_job *j);
    /* Events in it, and their bytes; NULL: none. */
    uint32_t (*events)(const struct pav_job *j, size_t *bytes);
    /* An answer from outside, which cannot be had twice: it is advanced again
     * when its turn was rolled back. */
    bool is_answer;
};

/* Who sent a job.  `done` gets a chain of jobs of this sender's, behind their
 * durable commit and on a thread of the engine's. */
struct pav_sender {
    void (*done)(struct pav_sender *s, struct pav_job *first);
};

struct pav_job {
    struct pav_node node;
    const struct pav_job_kind *kind;
    struct pav_arena arena;
    struct pav_sender *sender; /* NULL: nobody waits, the engine frees it */
    void *owner;               /* the sender's */
    bool kept; /* the engine's: it goes back in a later turn, or never */

    /* filled in */
    enum pav_rc rc;
    struct pav_err err;
    const char *aws_error; /* "TaskTimedOut"; NULL when fine */
};

/* One of this kind, zeroed. */
void *pav_job_new(const struct pav_job_kind *kind);
void pav_job_free(struct pav_job *j); /* NULL is fine */
struct pav_job *pav_job_next(const struct pav_job *j);

#endif
