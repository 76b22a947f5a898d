/*
 * The engine thread: the single writer and single owner of every execution.
 *
 * Other threads submit jobs and get them back, filled in, once what they
 * caused is durable.  A job owns an arena; everything in a job lies there (or
 * is one of the frozen objects that it hands over).  Whoever holds the job owns
 * it: the sender before submitting, the engine until `done`, the sender again
 * after that.
 */
#ifndef PAVANE_ENGINE_H
#define PAVANE_ENGINE_H

#include <stdatomic.h>

#include "pavane/clock.h"
#include "pavane/envelope.h"
#include "pavane/histogram.h"
#include "pavane/map_run.h"
#include "pavane/queue.h"
#include "pavane/rules.h"
#include "pavane/step.h"
#include "pavane/store.h"

struct pav_engine;

enum pav_job_kind {
    PAV_JOB_EVENTS,  /* POST /events */
    PAV_JOB_START,   /* StartExecution */
    PAV_JOB_STOP,    /* StopExecution */
    PAV_JOB_TASK,    /* SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat */
    PAV_JOB_REDRIVE, /* RedriveExecution */
    PAV_JOB_POLL,    /* GetActivityTask: comes back when there is a task */
    PAV_JOB_RETURN,  /* what a poll gave did not reach its worker */
    PAV_JOB_CALL,    /* the engine's own: a service is to be called */
    PAV_JOB_REPLY,   /* what the service answered */
    PAV_JOB_READ_OBJECT,  /* the engine's own: a map run reads its items */
    PAV_JOB_OBJECT,       /* what was read */
    PAV_JOB_WRITE_OBJECT, /* the engine's own: a map run's results */
    PAV_JOB_DELIVER,      /* the engine's own: a target is to be sent */
    PAV_JOB_DELIVERED,    /* what came of it */
    PAV_JOB_CONTROL,      /* an action that is about names: see control.c */
    PAV_JOB_DEFINE,       /* CreateStateMachine, or a folder's machine */
    PAV_JOB_FAULT,        /* a folder that cannot be loaded */
    PAV_JOB_FOLDERS,      /* which folders are there */
    PAV_JOB_SERVICES,     /* what is served outside, and which tables */
};

/* What became of an event for one machine. */
struct pav_outcome {
    const char *machine, *execution; /* NULL: none */
    enum pav_disposition disposition;
    const char *detail; /* NULL: none */
};

struct pav_event_item {
    /* given */
    struct pav_envelope event;
    struct pav_bytes body;      /* as its producer wrote it */
    const char *bus;            /* name or ARN; NULL: the default one */
    int64_t bus_id;             /* the same, by its number; 0: by name */
    const char *error;          /* why it was rejected already, or NULL */
    const char *code, *message; /* the same in PutEvents' words, or NULL */
    const char *replay;         /* the replay that brings it again; NULL */
    const struct pav_doc *only; /* ARNs that a replay is for; NULL: all */
    int64_t depth; /* machines that it comes through, one behind another */
    const char *account; /* what is stamped, event.stamped; or NULL */
    bool own;            /* the engine's: kept only when somebody asks for it */
    /* filled in */
    struct pav_outcome *outcomes;
    uint32_t outcome_count;
};

struct pav_status_view {
    uint64_t turns, events, steps, commits, rollbacks;
    /* The engine thread's time: collect waits for jobs, flush for the sync of
     * the commit before. */
    uint64_t collect_us, advance_us, flush_us, commit_us, release_us,
        checkpoint_us;
    uint64_t queue, queue_most, machines, rules;
    uint64_t dispositions[PAV_DISPOSITIONS];
    struct pav_histogram turn, commit, sync, checkpoint, timer_lag; /* s */
    uint64_t turn_most_us; /* the longest turn, by the processor that it used */
    uint64_t calls, works; /* handed out; waiting to be done */
    uint64_t delivered, retried, dead_letters, overdue_waits;
    uint64_t loops_cut;         /* events deeper than depth_max */
    uint64_t paced;             /* starts that wait: start_rate */
    uint32_t delivering;        /* under way outside */
    struct pav_histogram batch; /* events a commit */
    int64_t next_timer_at;      /* 0: none */
};

struct pav_job {
    struct pav_node node;
    enum pav_job_kind kind;
    struct pav_arena arena;
    void *owner; /* the sender's */

    /* PAV_JOB_EVENTS */
    const char *bus;     /* of all of them; NULL: the default one */
    const char *account; /* of another's: the bus's policy decides; or NULL */
    const char *speaks_for; /* envelope.h; or NULL */
    struct pav_event_item *items;
    uint32_t item_count;

    /* PAV_JOB_START, _STOP, _TASK; strings NUL-terminated */
    const char *machine, *name; /* name NULL: made up */
    const struct pav_doc *input, *output;
    const char *token;
    bool failure, heartbeat;
    const char *error, *cause;
    const char *qualifier; /* START: a version's number or an alias */
    const char *trace;     /* START: traceHeader, or NULL */
    bool sync;             /* START: comes back at the end (express) */

    /* PAV_JOB_SERVICES; they outlive the engine */
    const char *const *services;
    uint32_t service_count;
    const struct pav_doc *tables; /* or NULL */

    /* PAV_JOB_POLL: an activity's ARN; gives token and input */
    const char *activity, *worker;

    /* PAV_JOB_CALL and _REPLY, _OBJECT: which task it is */
    int64_t execution_id, run_id;
    uint32_t no;
    const char *resource, *key; /* key: for idempotency */
    struct pav_bytes with;
    bool lists;   /* READ_OBJECT: the objects are the items, or: */
    bool flatten; /* what they hold is */
    struct pav_map_part *objects; /* OBJECT: what was read */
    uint32_t object_count;
    const struct pav_map_reading *reading; /* READ_OBJECT: map_items.c's */
    struct pav_bytes *inputs; /* OBJECT: of the run's executions, JSON */
    uint32_t input_count;
    bool kept;    /* by the engine: it does not come back */
    bool written; /* OBJECT: the answer of a WRITE_OBJECT */
    bool by_hand; /* REPLY: the end of any task, whoever was to give it */

    /* PAV_JOB_DELIVER and _DELIVERED: `resource` the target's ARN, `parts` what
     * is sent, `key` for idempotency (of the first), `request` {Target,
     * Destination, Connection}.  Back: failure, error (a code), cause; `again`:
     * it may be tried again, at the earliest after retry_ms (negative: never),
     * at most `retries` times when that is not 0. */
    struct pav_delivery_part {
        int64_t id;
        struct pav_bytes body;
    } * parts;
    uint32_t part_count, lane;
    int64_t retry_ms, retries;
    bool again;

    /* PAV_JOB_CONTROL: an action of the API and its request */
    const char *action;
    const struct pav_doc *request;
    struct pav_buf answer; /* JSON; owned by the job */
    /* what is to be read again behind the commit */
    enum pav_touched {
        PAV_TOUCHED_NOTHING,
        PAV_TOUCHED_BUS,
        PAV_TOUCHED_RULE,
        PAV_TOUCHED_ARCHIVE,
        PAV_TOUCHED_SCHEMAS
    } touched;
    const char *touched_bus, *touched_name;

    /* PAV_JOB_DEFINE, PAV_JOB_FAULT; compiled objects change hands */
    struct pav_machine *compiled;
    struct pav_rules *rules;
    struct pav_machine_row row;
    bool update;                /* UpdateStateMachine */
    bool publish;               /* and a version of it */
    const char *description;    /* of that version, or NULL */
    const struct pav_doc *tags; /* [{key,value}], or NULL */
    int64_t published;          /* filled in: its number; 0: none */
    const char *report;         /* fault lines of its files, or NULL */

    /* PAV_JOB_FOLDERS */
    const char *const *names; /* of machines, then of folders without one */
    uint32_t name_count, reported_count; /* of machines; of all */

    /* filled in */
    enum pav_rc rc;
    struct pav_err err;
    const char *aws_error;   /* "TaskTimedOut"; NULL when fine */
    const char *execution;   /* name */
    int64_t at;              /* startDate, stopDate, creationDate */
    bool express;            /* START: the execution is an express one */
    bool held;               /* the engine keeps it for longer than a turn */
    bool durable;            /* and what it caused is committed */
    const char *status_word; /* START with `sync`: how it ended */
    int64_t stopped_at;
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

struct pav_job *pav_job_new(enum pav_job_kind kind);
void pav_job_free(struct pav_job *j);

/* Machines that may follow each other through events; a loop is cut there. */
#define PAV_DEPTH 16

struct pav_engine_config {
    struct pav_store *store; /* changes hands */
    struct pav_clock clock;
    const char *region, *account, *role_arn; /* outlive the engine */
    int64_t queue_max;
    /* What is served outside, "lambda:invoke"; outlive the engine. */
    const char *const *services;
    uint32_t service_count;
    bool by_hand;        /* nobody is called: see PAV_JOB_REPLY */
    int64_t history_max; /* 0: PAV_HISTORY_MAX */
    int64_t depth_max;   /* of events that machines make; 0: PAV_DEPTH */
    int64_t start_rate;  /* that executions of one machine may start a second;
                          * 0: any number */
    const struct pav_doc *tables; /* {"NAME": {"key": [...]}}, or NULL */
    /* Behind a durable commit, on a thread of the engine's: jobs that are
     * done, as a chain. */
    void (*done)(void *arg, struct pav_job *first);
    /* The same, just before `done`: what changed.  NULL: nobody watches. */
    void (*feed)(void *arg, struct pav_feed *feed);
    void *done_arg;
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
/* False while the disk is full or the engine ends. */
bool pav_engine_ready(struct pav_engine *e);

/* Why an execution cannot be redriven; NULL: it can. */
const char *pav_redrive_refusal(const struct pav_execution_row *row,
                                enum pav_machine_type type, int64_t now_ms);

/* On any thread: what was read for `asked` becomes the inputs of its run's
 * executions, or `failure` with error and cause. */
void pav_map_run_inputs(const struct pav_job *asked, struct pav_job *reply);

/* From any thread, and never waiting for the disk: what was counted, including
 * all that was answered. */
void pav_engine_status(struct pav_engine *e, struct pav_status_view *out);
/* From any thread: for how long the turn under way has been; 0: none is. */
int64_t pav_engine_stuck_us(struct pav_engine *e);

/* From any thread: are changes wanted from the next turn on?  True when all of
 * them will be told; false when a turn is under way that tells nothing. */
bool pav_engine_watch(struct pav_engine *e, bool wanted);

/* One turn on the calling thread, for tests on a virtual clock. */
void pav_engine_turn(struct pav_engine *e, int64_t wait_ms);
struct pav_clock *pav_engine_clock(struct pav_engine *e);

#endif
