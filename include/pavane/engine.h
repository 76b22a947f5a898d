/*
 * The engine thread: the single writer and single owner of every execution.
 *
 * Other threads submit jobs (job.h, jobs.h) and get them back, filled in, once
 * what they caused is durable.
 */
#ifndef PAVANE_ENGINE_H
#define PAVANE_ENGINE_H

#include <stdatomic.h>

#include "pavane/tally.h"
#include "pavane/clock.h"
#include "pavane/histogram.h"
#include "pavane/jobs.h"
#include "pavane/step.h"
#include "pavane/store.h"

#define PAV_DELIVERIES_MAX 256 /* that are in flight at once */

struct pav_status_view {
    uint64_t turns, events, steps, commits, rollbacks;
    /* The engine thread's time: collect waits for jobs, flush for the sync of
     * the commit before. */
    uint64_t collect_us, advance_us, flush_us, commit_us, release_us,
        checkpoint_us;
    uint64_t queue, queue_max, machines, rules;
    uint64_t dispositions[PAV_DISPOSITIONS];
    struct pav_histogram turn, commit, sync, checkpoint, timer_lag; /* s */
    uint64_t turn_max_us; /* the longest turn, by the processor that it used */
    /* Handed out, and those of them that came back; waiting to be done. */
    uint64_t calls, answers, works;
    uint64_t delivered, retried, dead_letters, overdue_waits;
    uint64_t loops_cut;         /* events deeper than depth_max */
    uint64_t paced;             /* starts that wait: start_rate */
    uint32_t delivering;        /* in flight outside */
    struct pav_histogram batch; /* events a commit */
    int64_t next_timer_at;      /* 0: none */
    int64_t waits;              /* open ones */
    /* Retention, since the start; pages of the file as of its last pass. */
    uint64_t forgotten_executions, forgotten_events;
    int64_t file_pages, free_pages;
    /* Executions that are kept in memory: how many, their bytes, and how often
     * an event's was there. */
    uint64_t hot, hot_bytes, hot_hits, hot_misses;
};

/*
 * What a turn changed, for those who watch: made when somebody asked for it
 * (pav_engine_watch()), handed on after the commit, owned by the receiver.
 */
struct pav_change {
    const char *machine, *name, *key; /* key NULL: none */
    const char *states;               /* a JSON list */
    enum pav_status status;
    bool started;
    int64_t events; /* history events so far */
};

struct pav_feed {
    struct pav_node node;
    struct pav_arena arena;
    struct pav_change *changes; /* in order; an execution may come again */
    uint32_t count, cap;
    uint32_t dispositions[PAV_DISPOSITIONS];
    bool machines; /* one was defined, or its folder came or went */
};
void pav_feed_free(struct pav_feed *f);

/* Machines that may follow each other through events; a loop is cut there. */
#define PAV_DEPTH 16

struct pav_engine_config {
    struct pav_store *store; /* changes hands */
    struct pav_clock clock;
    const char *region, *account, *role_arn; /* outlive the engine */
    int64_t queue_max;
    int64_t retention_days; /* after an execution's end; 0: for ever */
    int64_t hot_bytes;      /* executions are kept in memory up to that many */
    /* What is served outside, "lambda:invoke"; outlive the engine. */
    const char *const *services;
    uint32_t service_count;
    bool manual;         /* nobody is called: see pav_reply_job */
    int64_t history_max; /* 0: PAV_HISTORY_MAX */
    int64_t depth_max;   /* of events that machines make; 0: PAV_DEPTH */
    int64_t start_rate;  /* that executions of one machine may start a second;
                          * 0: any number */
    const struct pav_doc *tables;      /* {"NAME": {"key": [...]}}, or NULL */
    const struct pav_doc *concurrency; /* {"TARGET": 4}, or NULL */
    const struct pav_doc *sources; /* {"NAME": {"queue": URL, ...}}, or NULL */
    struct pav_sender *outside;    /* gets what is handed out; NULL: nobody */
    /* Behind a durable commit and before its jobs go, on a thread of the
     * engine's: what changed.  NULL: nobody watches. */
    void (*feed)(void *arg, struct pav_feed *feed);
    void *feed_arg;
};

/*
 * Load machines from the store.  The engine does not run yet.  A stored
 * definition that does not compile any more is logged and left inactive.
 */
struct pav_engine *pav_engine_new(const struct pav_engine_config *config);
void pav_engine_start(struct pav_engine *e);
/* Take what is queued, end the thread, close the store. */
void pav_engine_stop(struct pav_engine *e);
void pav_engine_free(struct pav_engine *e);

/* False when the queue is full or closed: the job stays the sender's. */
bool pav_engine_submit(struct pav_engine *e, struct pav_job *j);
/* The same of a chain; those that it would not take, NULL: none. */
struct pav_job *pav_engine_submit_all(struct pav_engine *e, struct pav_job *j);
/* From any thread: how many jobs wait for their turn. */
size_t pav_engine_waiting(struct pav_engine *e);
/* From any thread: the time of a virtual clock; 0: it is the system's. */
int64_t pav_engine_virtual_ms(struct pav_engine *e);
/* False while the disk is full or the engine ends. */
bool pav_engine_ready(struct pav_engine *e);

/* Why an execution cannot be redriven; NULL: it can. */
const char *pav_redrive_refusal(const struct pav_execution_row *row,
                                enum pav_machine_type type, int64_t now_ms);

/* On any thread: what was read for `asked` becomes the inputs of its run's
 * executions, or `failure` with error and cause. */
void pav_map_run_inputs(const struct pav_read_job *asked,
                        struct pav_object_job *reply);

/* From any thread, and never waiting for the disk: what was counted, including
 * all that was answered. */
void pav_engine_status(struct pav_engine *e, struct pav_status_view *out);
/* From any thread: what rules matched and targets got, since the start; the
 * numbers of a row are enum pav_target_count's. */
const struct pav_tally *pav_engine_tally(const struct pav_engine *e);
/* As it was configured; what the services file says of it may be another now.
 */
const struct pav_engine_config *pav_engine_settings(const struct pav_engine *e);
/* From any thread: for how long the turn in flight has been; 0: none is. */
int64_t pav_engine_stuck_us(struct pav_engine *e);

/* From any thread: are changes wanted from the next turn on?  True when all of
 * them will be told; false when a turn is in progress that tells nothing. */
bool pav_engine_watch(struct pav_engine *e, bool wanted);

/* One turn on the calling thread, for tests on a virtual clock. */
void pav_engine_turn(struct pav_engine *e, int64_t wait_ms);
struct pav_clock *pav_engine_clock(struct pav_engine *e);

#endif
