/* The engine's innards, shared by the files of the engine thread. */
#ifndef PAVANE_RUN_INT_H
#define PAVANE_RUN_INT_H

#include <pthread.h>

#include "pavane/engine.h"
#include "pavane/history.h"
#include "pavane/store_work.h"

/*
 * Which semantics wrote a step.  To be raised when the same machine, record,
 * wake, time and seed would give other bytes.
 */
#define SEMANTICS 3
#define PAV_LANES 8192 /* from PAV_LANE_IN_ORDER on one at a time */

/* A version of a machine that is loaded; freed with the engine. */
struct version {
    struct version *next;
    int64_t id;
    struct machine *machine;
    struct pav_machine *compiled;
};

/* A machine by name; `current` decides about new starts and about rules. */
struct machine {
    struct machine *next;
    int64_t id;
    const char *name, *arn;    /* owned */
    const char *execution_arn; /* of its executions, without their names */
    bool by_folder, active;
    enum pav_machine_type type;
    int64_t version_no, created_at, first_at;
    struct version *current;
    struct pav_rules *rules;
    struct machine_rule *bus_rules; /* those in the index of its bus */
    uint32_t bus_rule_count;
    const char *role_arn;            /* owned */
    uint64_t concerned_by;           /* the last arrival that did */
    int64_t paced_us, paced_told_at; /* pace.c; 0: never */
};

/* Does the turn under way tell what it changes? */
enum telling {
    TELLING_BETWEEN, /* none is under way */
    TELLING_UNKNOWN, /* it has just begun */
    TELLING_ALL,
    TELLING_NOTHING
};

/* A task that waits for its time: pace.c. */
struct paced {
    int64_t at, id; /* ms; its execution */
    uint32_t no;
    uint64_t order; /* of equal times the first goes first */
};

struct pav_engine {
    struct pav_engine_config config;
    struct pav_store *store;
    struct pav_clock *clock;
    struct pav_queue *queue;
    pthread_t thread;
    struct flusher *flusher; /* NULL when the engine is turned by hand */
    bool threaded;
    atomic_bool ready, watched;
    atomic_int telling; /* enum telling, of the turn under way */

    struct machine *machines;
    struct version *versions;
    struct bus *buses; /* the default one first */
    struct archive *archives;
    struct schemas *schemas; /* NULL: none */
    struct learned *learned;
    int64_t learned_written_at;
    bool learned_changed;

    /* of the turn */
    struct pav_arena arena;
    struct pav_job *jobs, **jobs_last; /* to be released */
    struct pav_node *rest; /* jobs that this turn has no time for any more */
    int64_t began_us;      /* the turn, or what was settled last in it */
    uint64_t arrivals;     /* never counted back, unlike ids */
    uint64_t committed_events; /* as of the last commit */
    bool damaged;              /* a page is: each thing is committed alone */
    int64_t rest_until_us;     /* damaged: what is due waits so long */
    bool full;                 /* the last commit found no space */
    int64_t jump_told_us; /* when a clock that is behind was told; 0: never */
    int64_t next_probe_at;

    struct pav_feed *feed; /* of the turn; NULL when nobody watches */

    /* What is to be done for executions: work.c */
    int64_t lifetime;        /* of this engine: above 1, and unlike others */
    struct results *results; /* of map runs, that are put together */
    struct pav_object_job *made; /* inputs of map runs, not yet rows */
    struct paced *paced;         /* a heap, the next first */
    size_t paced_count, paced_cap;
    uint64_t paced_order;
    struct work *works;
    size_t work_first, work_count, work_cap;
    struct pav_poll_job *pollers, **pollers_last; /* activities.c */
    struct pav_start_job *syncs;                  /* StartSyncExecution, open */
    struct pav_job *again; /* answers whose turn was rolled back */
    bool replaying;        /* perhaps; some replay runs */
    uint32_t replays;      /* how many did when it was looked at last */
    struct pav_lane {
        int64_t next_us; /* when the next request may go, by its rate */
        int64_t holder;  /* IN_ORDER: the delivery that the others wait for */
        uint32_t under_way, blocked;
    } lanes[PAV_LANES];    /* deliveries.c */
    bool lanes_to_look;    /* one may have a place for what is blocked */
    int64_t depth;         /* of what is acted for: an event, an execution */
    uint32_t status_rules; /* rules and archives that may ask for those */
    const char **served;   /* services: those inside and those outside */
    uint32_t served_count;

    struct pav_status_view counts;     /* the engine's thread's */
    struct pav_status_view published;  /* as it was a turn ago */
    pthread_mutex_t publishing;        /* of that alone */
    atomic_int_fast64_t turn_began_us; /* 0: between turns */
};

/* An execution in hand, for the length of a turn. */
struct execution {
    struct pav_execution_row row;
    struct version *version;
    /* Of the last step; parsed when it is needed: execution_record(). */
    struct pav_bytes record_text;
    const struct pav_doc *record, *input;
    struct pav_step_out before; /* its waits and timers */
    bool noted;
    struct pav_note_row note; /* zeroes when it has none */
};

/* Work that waits for its turn. */
enum work_kind {
    WORK_TASK,       /* a task is to be called, or a map run to go on */
    WORK_ABANDON,    /* a task has gone: so do its children */
    WORK_ENDED,      /* a child has ended */
    WORK_STATUS,     /* an execution's status changed: an event */
    WORK_DELETE,     /* executions of a deleted machine end */
    WORK_RUN,        /* a map run goes on */
    WORK_FILL,       /* a map run gets more of its items */
    WORK_RESULTS,    /* results of a map run are put together */
    WORK_STOP_ITEMS, /* a map run has ended: so do its executions */
};
struct work {
    enum work_kind kind;
    int64_t id; /* execution or machine */
    uint32_t no;
};

/* overdue.c: deadlines of waits, and how long they take. */
#define OVERDUE_BIT 0x40000000u /* of a timer's number */
void overdue_wait_opened(struct pav_engine *e, const struct execution *x,
                         const struct pav_wait_view *w);
void overdue_wait_closed(struct pav_engine *e, const struct execution *x,
                         const struct pav_wait_view *w);
void overdue_fire(struct pav_engine *e, int64_t due_at, int64_t execution_id,
                  uint32_t no);
/* What was learned since; `all`: now, else now and then. */
void overdue_write(struct pav_engine *e, bool all);
int64_t overdue_next(const struct pav_engine *e); /* when it is to be written */
void overdue_fini(struct pav_engine *e);

/* Has the turn taken so long that what can wait does? */
bool turn_is_long(const struct pav_engine *e);

/* registry.c */
void registry_load(struct pav_engine *e);
void registry_free(struct pav_engine *e);
struct machine *machine_by_name(struct pav_engine *e, const char *name);
struct machine *machine_by_id(struct pav_engine *e, int64_t id);
/* Loads and compiles it when needed; NULL when it cannot be. */
struct version *version_get(struct pav_engine *e, int64_t id);
/* A machine that was deleted: it has no name any more. */
void registry_forget(struct pav_engine *e, int64_t machine_id);

/* intake.c */
/* An event that comes from within: as a document, as text.  `item` may have a
 * bus, a replay and a body. */
/* The engine's own event: dropped when nobody asks for it. */
void
intake_own(struct pav_engine *e, const struct pav_doc *envelope, int64_t depth);
/* One that an archive has, as it was then. */
void intake_replayed(struct pav_engine *e, const struct pav_event_row *row,
                     struct pav_event_item *item);
void intake_text(struct pav_engine *e, struct pav_bytes text, bool known_id,
                 struct pav_event_item *item);
/* A batch that is full, or whose time is up, starts its execution. */
struct pav_batch_row;
void batch_start(struct pav_engine *e, const struct pav_batch_row *row);

/* bus.c: see bus_int.h */
void bus_load(struct pav_engine *e); /* behind registry_load() */
void bus_fini(struct pav_engine *e);
/* A machine's rules, into the index of their bus and out of it. */
void bus_attach(struct pav_engine *e, struct machine *m);
void bus_detach(struct pav_engine *e, struct machine *m);

/* deliveries.c */
struct pav_delivery_row;
void deliveries_load(struct pav_engine *e);
/* Behind a turn that was rolled back. */
void deliveries_lost(struct pav_engine *e);
/* Writes a delivery that is due now, in its target's lane. */
void deliveries_add(struct pav_engine *e, struct pav_delivery_row *row);
/* Writes one that cannot be delivered. */
void deliveries_dead(struct pav_engine *e, struct pav_delivery_row *row);
/* The row of CreateConnection by its ARN; NULL: there is none. */
const struct pav_doc *connection_of(struct pav_engine *e, const char *arn);
void deliveries_run(struct pav_engine *e);
int64_t deliveries_next(struct pav_engine *e);

/* schedules.c, archives.c: what is due. */
int64_t schedules_next(struct pav_engine *e);
/* The next time of a schedule's body behind `after_ms`; 0: never again. */
int64_t schedule_after(struct pav_engine *e, const struct pav_doc *body,
                       int64_t after_ms);
void schedules_run(struct pav_engine *e);
int64_t replays_next(struct pav_engine *e);
void replays_run(struct pav_engine *e);
void archives_forget(struct pav_engine *e);

/* schemas.c: why an event does not fit its schema; NULL: it does, or has none.
 */
struct pav_envelope;
void schemas_load(struct pav_engine *e);
void schemas_free(struct pav_engine *e);
const char *schema_refuses(struct pav_engine *e,
                           const struct pav_envelope *envelope, bool *rejects);

/* runner.c */
bool execution_load(struct pav_engine *e, const struct pav_execution_row *row,
                    struct execution *out);
const struct pav_doc *
execution_record(struct pav_engine *e, struct execution *x);
/* The pure step; nothing is staged. */
void execution_step(struct pav_engine *e, struct execution *x,
                    const struct pav_wake *wake, int64_t now_ms,
                    uint8_t seed[PAV_SEED_LEN], struct pav_step_out *out);
/* Stage what a step gave, and go on from it. */
void execution_keep(struct pav_engine *e, struct execution *x,
                    const struct pav_wake *wake, int64_t event_id,
                    const uint8_t seed[PAV_SEED_LEN], struct pav_step_out *out);
/* Step and keep. */
void execution_wake(struct pav_engine *e, struct execution *x,
                    const struct pav_wake *wake, int64_t event_id);
/* A new execution of the current version; started at once. */
void execution_start(struct pav_engine *e, struct machine *m, const char *name,
                     const char *key, const struct pav_doc *input,
                     int64_t event_id, struct execution *out);
/* The same of a given version, with a note (NULL: none). */
void execution_start_as(struct pav_engine *e, struct version *v,
                        const char *name, const char *key,
                        const struct pav_doc *input, int64_t event_id,
                        const struct pav_note_row *note, struct execution *out);
const char *execution_arn(struct pav_engine *e, const struct execution *x);
/* Its end: the payload and texts of the last event. */
void execution_end(struct pav_engine *e, const struct pav_execution_row *row,
                   struct pav_history_event *out);

/* fit.c: does an event fit an execution, and what if not */
enum fit {
    FIT_TAKEN,      /* applied */
    FIT_EARLY,      /* may fit later */
    FIT_UNEXPECTED, /* does not belong here */
};
/* Apply when it fits; otherwise nothing is staged. */
enum fit
fit_event(struct pav_engine *e, struct execution *x, struct pav_event *event,
          const struct pav_doc *input, int64_t event_id);
/* The end that policy "fail" prescribes. */
void
fit_fail(struct pav_engine *e, struct execution *x, struct pav_event *event,
         const struct pav_doc *input, int64_t event_id);
/* A stored event in its envelope. */
bool event_load(struct pav_engine *e, int64_t id, struct pav_event *out);
/* What an event says at the paths of "index", its execution is found by. */
void event_index(struct pav_engine *e, const struct pav_rules *rules,
                 const struct pav_doc *event, int64_t execution_id);
/* Two machines whose callbacks keep their tokens in one table. */
bool table_shared(const struct machine *x, const struct machine *y);
/* The single other machine of the owner's token table with an execution open
 * for the key; NULL: none, or several. */
struct machine *handed_over(struct pav_engine *e, const struct machine *owner,
                            const char *key, struct pav_execution_row *row);
/* Parked events of the key, in order of arrival, as long as one fits. */
void fit_parked(struct pav_engine *e, struct execution *x);

/* tasks.c */
/* The work of pav_task_kind, for a task that sends. */
void tasks_send(struct pav_engine *e, struct pav_job *j);
/* One that may be: pav_redrive_refusal(). `token`: the caller's, or NULL. */
void
execution_redrive(struct pav_engine *e, struct execution *x, const char *token);
const char *redrive_refusal(const struct pav_execution_row *row,
                            enum pav_machine_type type, int64_t now_ms);
/* Wake the task `no`; false when it is not there any more. */
bool task_wake(struct pav_engine *e, int64_t execution_id, struct pav_wake *w);

/* The answer of StartSyncExecution; the job goes back. */
void sync_answer(struct pav_engine *e, struct pav_start_job *j,
                 const struct execution *x);

/* control.c: [{key, value}] beside those that are there; false: too many. */
bool
tags_add(struct pav_engine *e, const char *arn, const struct pav_doc *tags);

/* work.c */
void
work_add(struct pav_engine *e, enum work_kind kind, int64_t id, uint32_t no);
void work_load(struct pav_engine *e); /* at the start, and behind a rollback */
void work_run(struct pav_engine *e);
void work_fini(struct pav_engine *e);
/* Ends it ABORTED when it runs. */
void execution_stop(struct pav_engine *e, int64_t id, const char *cause);

/* pace.c: how fast executions of one machine start others. */
/* Does it come too fast?  Then it waits and pace_due() gives it. */
bool pace_holds(struct pav_engine *e, const struct pav_task_row *task);
bool pace_due(struct pav_engine *e, int64_t *execution_id, uint32_t *no);
int64_t pace_next(const struct pav_engine *e); /* INT64_MAX: none waits */
void pace_forget(struct pav_engine *e);
void pace_fini(struct pav_engine *e);

/* local.c: services inside.  False: it is none of them. */
bool local_serves(const char *name);
extern const char *const local_services[];
bool local_call(struct pav_engine *e, const struct pav_task_row *task);
/* May it start executions, by itself or by events? */
bool local_starts(const struct pav_task_row *task);
/* How many it would start that count: see pace.c.  `depth`: its execution's. */
uint32_t local_start_count(struct pav_engine *e,
                           const struct pav_task_row *task, int64_t depth);
/* The description of an execution, as a task's result has it. */
const struct pav_doc *
local_description(struct pav_engine *e, const struct pav_execution_row *row,
                  bool parsed);

/* tables.c: DynamoDB's four actions.  NULL: error and cause are set. */
const struct pav_doc *
table_call(struct pav_engine *e, const char *method, const struct pav_doc *with,
           bool sdk, const char **error, const char **cause);

/* map_runs.c */
void map_run_begin(struct pav_engine *e, const struct pav_task_row *task);
void map_run_child_ended(struct pav_engine *e, const struct execution *x);
void map_run_abandon(struct pav_engine *e, int64_t execution_id, uint32_t no);
void map_run_goes_on(struct pav_engine *e, int64_t run_id);
void map_run_stop_items(struct pav_engine *e, int64_t run_id);

struct version *
version_of_run(struct pav_engine *e, const struct pav_run_row *run);

/* map_results.c: a run's results as objects. */
void map_results_begin(struct pav_engine *e, const struct pav_run_row *run);
void map_results_go_on(struct pav_engine *e, int64_t run_id); /* WORK_RESULTS */
void map_results_forget(struct pav_engine *e, int64_t run_id);
void map_results_fini(struct pav_engine *e);

/* map_items.c: the inputs of a run's executions.  Ask for an object of the
 * execution's state to be read. */
void map_items_ask(struct pav_engine *e, struct execution *x,
                   const struct pav_run_row *run, const struct pav_doc *spec);
/* What was made of it; the job is kept. */
void map_items_take(struct pav_engine *e, struct pav_object_job *j,
                    struct pav_run_row *run);
bool map_items_made(struct pav_engine *e, int64_t run_id);
void map_items_restart(struct pav_engine *e, struct pav_run_row *run);
void map_items_forget(struct pav_engine *e, int64_t run_id);
void map_items_fini(struct pav_engine *e);
/* WORK_FILL: some rows more. */
void map_run_fill(struct pav_engine *e, int64_t run_id);

/* activities.c */
/* Something waits for a worker, or time has passed. */
void activity_serve(struct pav_engine *e, const char *resource);
int64_t activity_next(const struct pav_engine *e);
void activity_expire(struct pav_engine *e, bool all);

/* The published number of a version, new unless it is the last one already
 * and `again` is false. */
int64_t
version_publish(struct pav_engine *e, struct machine *m, int64_t version_id,
                int64_t revision, const char *description, int64_t *created_at,
                bool again);
struct version *version_of(struct pav_engine *e, struct machine *m,
                           const char *qualifier, struct pav_note_row *note);

/* feed.c: what those who watch are told after the commit. */
void
feed_execution(struct pav_engine *e, const struct execution *x, bool started);
void feed_disposition(struct pav_engine *e, enum pav_disposition kind);
void feed_machines(struct pav_engine *e);
/* Around the turn's work and its commits. */
void feed_turn_begins(struct pav_engine *e);
void feed_turn_ends(struct pav_engine *e);
/* What was gathered, behind a commit; NULL, and nothing is kept, behind a
 * rollback. */
struct pav_feed *feed_take(struct pav_engine *e, bool committed);

/* flusher.c: durable first, then the jobs go. */
void flusher_start(struct pav_engine *e);
/* Until the commit before is durable and its jobs have gone. */
void flusher_wait(struct pav_engine *e);
void flusher_release(struct pav_engine *e, struct pav_feed *feed,
                     struct pav_job *jobs);
void flusher_counts(struct pav_engine *e, struct pav_histogram *sum);
void flusher_stop(struct pav_engine *e);

/* timers.c */
/* When something is due next; INT64_MAX: nothing. */
int64_t timers_next(struct pav_engine *e);
int64_t
timers_due(struct pav_engine *e, int64_t timer); /* and all else that is due */
void timers_run(struct pav_engine *e);

/* Between two units of work: frees what they used when it is much. */
void turn_breathe(struct pav_engine *e);

/* job.c */
void job_fail(struct pav_job *j, enum pav_rc rc, const char *aws_error,
              const char *at, const char *fmt, ...) PAV_PRINTF(5, 6);
/* It goes back behind the commit of this turn. */
void job_release(struct pav_engine *e, struct pav_job *j);
/* One of the engine's own, handed out behind the commit. */
void *job_hand_out(struct pav_engine *e, const struct pav_job_kind *kind);
/* Each to its sender: behind a durable commit. */
void jobs_return(struct pav_job *first);

#endif
