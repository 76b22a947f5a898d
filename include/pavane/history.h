/*
 * Records read again as Step Functions history events.
 * Names, ids and details: Step Functions API, HistoryEvent.
 */
#ifndef PAVANE_HISTORY_H
#define PAVANE_HISTORY_H

#include "pavane/doc.h"
#include "pavane/record.h"

/* The types of events; records hold these numbers, so none ever changes. */
enum pav_event_type {
    EV_NONE,
    EV_EXECUTION_STARTED,
    EV_EXECUTION_SUCCEEDED,
    EV_EXECUTION_FAILED,
    EV_EXECUTION_TIMED_OUT,
    EV_EXECUTION_ABORTED,
    EV_PASS_ENTERED,
    EV_PASS_EXITED,
    EV_TASK_ENTERED,
    EV_TASK_EXITED,
    EV_CHOICE_ENTERED,
    EV_CHOICE_EXITED,
    EV_WAIT_ENTERED,
    EV_WAIT_EXITED,
    EV_SUCCEED_ENTERED,
    EV_SUCCEED_EXITED,
    EV_FAIL_ENTERED,
    EV_PARALLEL_ENTERED,
    EV_PARALLEL_EXITED,
    EV_PARALLEL_STARTED,
    EV_PARALLEL_SUCCEEDED,
    EV_PARALLEL_FAILED,
    EV_PARALLEL_ABORTED,
    EV_TASK_SCHEDULED,
    EV_TASK_STARTED,
    EV_TASK_SUBMITTED,
    EV_TASK_SUCCEEDED,
    EV_TASK_FAILED,
    EV_TASK_TIMED_OUT,
    EV_TASK_ABORTED,
    EV_WAIT_ABORTED,
    EV_MAP_ENTERED,
    EV_MAP_EXITED,
    EV_MAP_STARTED,
    EV_MAP_SUCCEEDED,
    EV_MAP_FAILED,
    EV_MAP_ABORTED,
    EV_ITERATION_STARTED,
    EV_ITERATION_SUCCEEDED,
    EV_ITERATION_FAILED,
    EV_ITERATION_ABORTED,
    EV_RUN_STARTED,
    EV_RUN_SUCCEEDED,
    EV_RUN_FAILED,
    EV_RUN_ABORTED,
    EV_RUN_REDRIVEN,
    EV_LAMBDA_SCHEDULED,
    EV_LAMBDA_STARTED,
    EV_LAMBDA_SUCCEEDED,
    EV_LAMBDA_FAILED,
    EV_LAMBDA_TIMED_OUT,
    EV_ACTIVITY_SCHEDULED,
    EV_ACTIVITY_STARTED,
    EV_ACTIVITY_SUCCEEDED,
    EV_ACTIVITY_FAILED,
    EV_ACTIVITY_TIMED_OUT,
    EV_EXECUTION_REDRIVEN,
    EV_EVALUATION_FAILED,
    EV_COUNT,
};

/* What an event means for the way through the graph. */
enum pav_event_flag {
    PAV_EVENT_ENTERS = 1,    /* a state, by name */
    PAV_EVENT_EXITS = 2,     /* the same */
    PAV_EVENT_FAILS = 4,     /* work, an iteration, a run, an execution */
    PAV_EVENT_SCHEDULES = 8, /* an attempt of a task */
    PAV_EVENT_OF_EXECUTION = 16,
};

struct pav_history_event {
    int64_t id, previous_id;
    enum pav_event_type kind;
    unsigned flags;         /* enum pav_event_flag */
    const char *state_type; /* "Task", of one that enters or exits; or NULL */
    const char *type;       /* "TaskStateEntered" */
    const char *details_field; /* "stateEnteredEventDetails", or NULL */
    const char *state; /* entered, exited or iterated over; NULL otherwise */
    /* Payloads are documents of the record; NULL when the type has none. */
    const struct pav_doc *payload;
    /* "input", "output", "parameters"; of a number or text: its field */
    const char *payload_field;
    const struct pav_doc *resource, *resource_type;
    const struct pav_doc *error, *cause;          /* NULL when absent */
    int64_t timeout_s, heartbeat_s;               /* 0: none */
    const struct pav_doc *assigned, *credentials; /* objects, or NULL */
    /* a map run's ARN, a worker's name, the field of an expression; or NULL */
    const struct pav_doc *text;
    int64_t number; /* an index, a length, a count */
};

uint32_t pav_history_count(const struct pav_record *record);
/* The i-th event; the record's first one has the id `first_id`. */
void pav_history_event(struct pav_record *record, uint32_t i, int64_t first_id,
                       struct pav_arena *a, struct pav_history_event *out);
/* The same, of what tells the way through the states alone: kind, state,
 * number, error and cause. */
void pav_history_way(struct pav_record *record, uint32_t i, int64_t first_id,
                     struct pav_arena *a, struct pav_history_event *out);
/*
 * The event as JSON text.  `at` is the time text, printed as it is (a number
 * for AWS, a quoted string for /api/v1).  `with_data` false leaves payloads
 * out.
 */
void pav_history_print(const struct pav_history_event *e, const char *at,
                       const char *role_arn, const char *region, bool with_data,
                       struct pav_buf *out);
/* The execution's input, out of its first record. */
const struct pav_doc *
pav_history_input(struct pav_record *first, struct pav_arena *a);

#endif
