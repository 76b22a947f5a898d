/*
 * The kinds of jobs.  Strings end with a NUL, in the job's arena, unless it
 * says otherwise; what is filled in is so behind the turn that did it.
 */
#ifndef PAVANE_JOBS_H
#define PAVANE_JOBS_H

#include "pavane/doc.h"
#include "pavane/envelope.h"
#include "pavane/flow.h"
#include "pavane/job.h"
#include "pavane/map_run.h"
#include "pavane/rules.h"
#include "pavane/store.h"

/* ---- events: intake.c ---- */

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
    const struct pav_doc *tree; /* of event.text; NULL: made when needed */
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

/* POST /events, PutEvents */
extern const struct pav_job_kind pav_events_kind;
struct pav_events_job {
    struct pav_job job;
    const char *bus;     /* of all of them; NULL: the default one */
    const char *account; /* of another's: the bus's policy decides; or NULL */
    const char *speaks_for; /* envelope.h; or NULL */
    struct pav_event_item *items;
    uint32_t item_count;
};

/* ---- what histories add up to, folded outside: fold.c ---- */

extern const struct pav_job_kind pav_fold_kind;
struct pav_fold_job {
    struct pav_job job;
    int64_t after, upto; /* the steps that were looked at */
    int64_t work_us;     /* how long it may work, about */
    int rests;           /* so many times as long as it works at a stretch */
    bool more;           /* there are more behind them */
    struct pav_flow_row *rows;
    uint32_t count;
    struct pav_search_text names; /* last_id 0: too few are new */
};

/* ---- what alert rules found, on a query thread: alerts.c ---- */

struct pav_alert;
extern const struct pav_job_kind pav_alerts_kind;
struct pav_alerts_job {
    struct pav_job job;
    struct pav_alert *found;
    uint32_t count;
    const char **partial; /* rules of which not all was looked at */
    const char *pages;    /* where the dashboard is: "http://HOST:PORT/" */
};

/* ---- executions and tasks from outside: tasks.c ---- */

extern const struct pav_job_kind pav_start_kind; /* StartExecution */
struct pav_start_job {
    struct pav_job job;
    const char *machine, *name; /* name NULL: made up */
    const char *qualifier;      /* a version's number or an alias, or NULL */
    const char *trace;          /* traceHeader, or NULL */
    const struct pav_doc *input;
    bool sync; /* it comes back at the execution's end (express) */
    /* filled in */
    const char *execution; /* its name */
    int64_t execution_id, started_at;
    bool express;
    bool durable; /* with `sync`: the start is committed */
    /* with `sync`, the end */
    const char *status;
    int64_t stopped_at;
    struct pav_bytes output; /* JSON; p NULL: none */
    const char *error, *cause;
};

extern const struct pav_job_kind pav_stop_kind; /* StopExecution */
struct pav_stop_job {
    struct pav_job job;
    const char *machine, *name, *error, *cause;
    int64_t stopped_at; /* filled in */
};

extern const struct pav_job_kind pav_redrive_kind; /* RedriveExecution */
struct pav_redrive_job {
    struct pav_job job;
    const char *machine, *name;
    const char *client_token; /* or NULL */
    int64_t redriven_at;      /* filled in */
};

/* SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat */
extern const struct pav_job_kind pav_task_kind;
struct pav_task_job {
    struct pav_job job;
    const char *token;
    bool failure, heartbeat;
    const struct pav_doc *output;
    const char *error, *cause;
};

/* ---- activities.c ---- */

/* GetActivityTask: comes back when there is a task, or a minute later. */
extern const struct pav_job_kind pav_poll_kind;
struct pav_poll_job {
    struct pav_job job;
    const char *activity, *worker; /* the activity's ARN */
    int64_t until;                 /* the engine's */
    /* filled in */
    const char *token; /* NULL: there is none */
    struct pav_bytes input;
};

/* What a poll gave did not reach its worker. */
extern const struct pav_job_kind pav_return_kind;
struct pav_return_job {
    struct pav_job job;
    const char *token;
};

/* ---- calls of services outside: work.c, tasks.c ---- */

extern const struct pav_job_kind pav_call_kind; /* handed out */
struct pav_call_job {
    struct pav_job job;
    int64_t execution_id; /* which task it is */
    uint32_t no;
    const char *resource, *key; /* key: for idempotency */
    struct pav_bytes with;
    const struct pav_doc *connection; /* as CreateConnection has it; or NULL */
};

extern const struct pav_job_kind pav_reply_kind;
struct pav_reply_job {
    struct pav_job job;
    int64_t execution_id;
    uint32_t no;
    bool manual; /* the end of any task, whoever was to give it */
    bool failure;
    const struct pav_doc *output;
    const char *error, *cause;
};

/* ---- objects of map runs: map_items.c, map_results.c, map_runs.c ---- */

struct pav_map_reading; /* map_items.c's: what makes inputs out of an object */

extern const struct pav_job_kind pav_read_kind; /* handed out */
struct pav_read_job {
    struct pav_job job;
    int64_t run_id;
    const char *bucket, *key; /* with `lists` a prefix */
    bool lists;               /* the objects are the items, or: */
    bool flatten;             /* what they hold is */
    const struct pav_map_reading *reading;
};

extern const struct pav_job_kind pav_write_kind; /* handed out */
struct pav_write_job {
    struct pav_job job;
    int64_t run_id;
    const char *run_arn, *bucket, *prefix;
    struct pav_result_file {
        const char *name, *status; /* "SUCCEEDED_0.json", "SUCCEEDED" */
        struct pav_bytes body;
    } * files;
    uint32_t file_count;
    const char *refusal; /* nothing is written, for this reason; or NULL */
};

/* What was read, or that it was written. */
extern const struct pav_job_kind pav_object_kind;
struct pav_object_job {
    struct pav_job job;
    int64_t run_id;
    bool written, failure;
    const char *error, *cause;
    struct pav_map_part *objects;
    uint32_t object_count;
    const struct pav_doc *listed; /* the objects of a bucket; or NULL */
    const char *source;           /* of `listed`: "S3://BUCKET" */
    struct pav_bytes *inputs;     /* of the run's executions, JSON */
    uint32_t input_count;
};

/* ---- deliveries.c ---- */

struct pav_delivery_part {
    int64_t id;
    struct pav_bytes body;
};

extern const struct pav_job_kind pav_deliver_kind; /* handed out */
struct pav_deliver_job {
    struct pav_job job;
    const char *target_arn, *key;   /* key: for idempotency, of the first */
    const struct pav_doc *settings; /* {Target, Destination, Connection} */
    uint32_t lane;
    struct pav_delivery_part *parts;
    uint32_t part_count;
};

extern const struct pav_job_kind pav_delivered_kind;
struct pav_delivered_job {
    struct pav_job job;
    uint32_t lane;
    struct pav_delivery_part *parts;
    uint32_t part_count;
    bool failure;
    const char *error, *cause; /* error: a code */
    /* It may be tried again, at the earliest after retry_ms (negative: never),
     * at most `retries` times when that is not 0. */
    bool retryable;
    int64_t retry_ms, retries;
    bool counted; /* the engine's */
};

/* ---- sources.c: queues that are read into buses ---- */

extern const struct pav_job_kind pav_receive_kind; /* handed out */
struct pav_receive_job {
    struct pav_job job;
    const char *source; /* as the services files name it */
    const struct pav_doc *settings;
    /* Of messages whose events are durable: they are deleted first. */
    const char **receipts;
    uint32_t receipt_count;
    bool asks; /* for more; else it only deletes */
    uint64_t serial;
};

extern const struct pav_job_kind pav_received_kind;
struct pav_received_job {
    struct pav_events_job events; /* a message each */
    const char *source;
    const struct pav_doc *settings; /* that it was asked with */
    const char **receipts;          /* of each item */
    bool waited;            /* the queue kept the question until it had some */
    const char *failure;    /* why nothing was received or deleted; or NULL */
    const char **undeleted; /* receipts to try again */
    uint32_t undeleted_count;
    uint64_t serial;
};

/* ---- actions that are about names: control.c ---- */

/* What the engine reads again behind the commit. */
enum pav_touched {
    PAV_TOUCHED_NOTHING,
    PAV_TOUCHED_BUS,
    PAV_TOUCHED_RULE,
    PAV_TOUCHED_ARCHIVE,
    PAV_TOUCHED_SCHEMAS,
    PAV_TOUCHED_MACHINE /* it was deleted */
};

extern const struct pav_job_kind pav_control_kind;
struct pav_control_job {
    struct pav_job job;
    const char *action; /* "CreateActivity", "events:PutRule" */
    const struct pav_doc *request;
    struct pav_buf answer; /* filled in: JSON; owned by the job */
    enum pav_touched touched;
    const char *touched_bus, *touched_name;
    int64_t touched_machine;
};

/* ---- machines: registry.c ---- */

/* CreateStateMachine, UpdateStateMachine, or a folder's machine. */
extern const struct pav_job_kind pav_define_kind;
struct pav_define_job {
    struct pav_job job;
    struct pav_machine *compiled; /* these two change hands */
    struct pav_rules *rules;
    struct pav_machine_row row;
    bool update;
    bool publish;               /* and a version of it */
    const char *description;    /* of that version, or NULL */
    const struct pav_doc *tags; /* [{key,value}], or NULL */
    const char *report;         /* fault lines of its files, or NULL */
    /* filled in */
    int64_t at;        /* creationDate, updateDate */
    int64_t published; /* the version's number; 0: none */
};

/* A folder that cannot be loaded. */
extern const struct pav_job_kind pav_fault_kind;
struct pav_fault_job {
    struct pav_job job;
    const char *name, *report;
};

/* Which folders are there. */
extern const struct pav_job_kind pav_folders_kind;
struct pav_folders_job {
    struct pav_job job;
    const char *const *names; /* of machines, then of folders without one */
    uint32_t machine_count, name_count;
};

/* ---- what folders declare: aws/apply.c ---- */

/* A thing of a bus.json: {Name, ...} as its API has it, but that patterns and
 * inputs are JSON, and targets may be named: {"machine": "order"}. */
struct pav_declared {
    const char *kind; /* "rule" */
    const struct pav_doc *fields;
};

/* All of a folder becomes so within one turn, or nothing does. */
extern const struct pav_job_kind pav_apply_kind;
struct pav_apply_job {
    struct pav_job job;
    const char *system; /* the folder's name; NULL: see below */
    const char *file;   /* and the file: faults name it */
    struct pav_bytes text;
    const struct pav_declared *things;
    uint32_t thing_count;
    const char *report; /* fault lines of reading it, or NULL */
    const char *known;  /* why it failed the last time, which was told; NULL */
    /* In place of that: the folders that there are.  What others made goes. */
    const char *const *systems;
    uint32_t system_count;
    /* filled in */
    const char *failure;         /* why nothing was applied; NULL: all was */
    struct pav_applied *applied; /* the engine's */
};

/* ---- a table's first items: seed.c ---- */

/* Those that are not there are put; each that is stays as it is. */
extern const struct pav_job_kind pav_seed_kind;
struct pav_seed_job {
    struct pav_job job;
    const char *table;
    const char *name; /* of the fault, when there is one */
    const char *file; /* and the file: the fault names it */
    struct pav_bytes text;
    const struct pav_doc *items; /* attribute values, as the API has them */
};

/* ---- engine.c ---- */

/* What is served outside, and which tables; they outlive the engine. */
extern const struct pav_job_kind pav_services_kind;
struct pav_services_job {
    struct pav_job job;
    const char *const *services;
    uint32_t service_count;
    const struct pav_doc *tables, *concurrency, *sources; /* or NULL */
};

#endif
